package resource

import (
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// EncodeAttrs writes what may be kept of an object at rest, as a JSON object:
// neither unset nor unknown attributes, nor any that is sensitive, write-only
// or meant for creation only. v conforms to the object type of attrs.
func EncodeAttrs(attrs []Attribute, v cty.Value) (json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	for _, a := range attrs {
		val := Attr(v, a.Name)
		if a.Sensitive || a.WriteOnly || a.OnCreate || val.IsNull() {
			continue
		}
		if a.Block != nil {
			inner, _ := val.Unmark()
			if !inner.IsKnown() || inner.IsNull() {
				continue
			}
			raw, err := EncodeAttrs(a.Block, inner)
			if err != nil {
				return nil, err
			}
			out[a.Name] = raw
			continue
		}
		if IsSensitive(val) || !val.IsWhollyKnown() {
			continue
		}
		raw, err := EncodeValue(val, a.Type)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
		out[a.Name] = raw
	}
	return json.Marshal(out)
}

// DecodeAttrs reads what [EncodeAttrs] wrote. Attributes that are not there
// are null; those that the kind no longer has are left out.
func DecodeAttrs(attrs []Attribute, raw json.RawMessage) (cty.Value, error) {
	var in map[string]json.RawMessage
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &in); err != nil {
			return cty.NilVal, fmt.Errorf("attributes: %w", err)
		}
	}
	vals := make(map[string]cty.Value, len(attrs))
	for _, a := range attrs {
		typ := a.Type
		if a.Block != nil {
			typ = BlockType(a.Block)
		}
		vals[a.Name] = cty.NullVal(typ)
		r, ok := in[a.Name]
		if !ok {
			continue
		}
		var err error
		if a.Block != nil {
			vals[a.Name], err = DecodeAttrs(a.Block, r)
		} else {
			vals[a.Name], err = DecodeValue(r, typ)
		}
		if err != nil {
			return cty.NilVal, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
	}
	return cty.ObjectVal(vals), nil
}

// EncodeValue writes a known value without marks as JSON.
func EncodeValue(v cty.Value, typ cty.Type) (json.RawMessage, error) {
	return ctyjson.Marshal(v, typ)
}

// DecodeValue reads what [EncodeValue] wrote.
func DecodeValue(raw json.RawMessage, typ cty.Type) (cty.Value, error) {
	// The most common by far, for which the library makes a decoder each.
	switch {
	case typ == cty.String:
		var s *string
		if err := json.Unmarshal(raw, &s); err == nil && s != nil {
			return cty.StringVal(*s), nil
		}
	case typ == cty.Bool && string(raw) == "true":
		return cty.True, nil
	case typ == cty.Bool && string(raw) == "false":
		return cty.False, nil
	}
	return ctyjson.Unmarshal(raw, typ)
}
