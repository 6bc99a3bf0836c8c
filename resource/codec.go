package resource

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// EncodeAttrs writes what may be kept of an object at rest, as a JSON object:
// neither unset nor unknown attributes, nor any that is sensitive, write-only
// or meant for creation only. v conforms to the object type of attrs.
func EncodeAttrs(attrs []Attribute, v cty.Value) (json.RawMessage, error) {
	type member struct {
		name string
		raw  json.RawMessage
	}
	members := make([]member, 0, len(attrs))
	size := len("{}")
	for i := range attrs {
		a := &attrs[i]
		val := Attr(v, a.Name)
		if a.Sensitive || a.WriteOnly || a.OnCreate || val.IsNull() {
			continue
		}
		var raw json.RawMessage
		var err error
		if a.Block != nil {
			inner, _ := val.Unmark()
			if !inner.IsKnown() || inner.IsNull() {
				continue
			}
			if raw, err = EncodeAttrs(a.Block, inner); err != nil {
				return nil, err
			}
		} else {
			if IsSensitive(val) || !val.IsWhollyKnown() {
				continue
			}
			if raw, err = EncodeValue(val, a.Type); err != nil {
				return nil, fmt.Errorf("attribute %q: %w", a.Name, err)
			}
		}
		members = append(members, member{a.Name, raw})
		size += len(a.Name) + len(raw) + len(`"":,`)
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	// The names are those of kinds: letters, digits and underscores.
	out := append(make(json.RawMessage, 0, size), '{')
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), m.name...), `":`...)
		out = append(out, m.raw...)
	}
	return append(out, '}'), nil
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
	switch { // the most common by far
	case v.IsMarked() || !v.IsKnown() || v.IsNull() || v.Type() != typ:
	case typ == cty.String:
		return json.Marshal(v.AsString())
	case typ == cty.Bool:
		return strconv.AppendBool(nil, v.True()), nil
	}
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
