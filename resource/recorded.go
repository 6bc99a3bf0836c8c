package resource

import (
	"encoding/json"
	"sync"

	"github.com/tidwall/gjson"
	"github.com/zclconf/go-cty/cty"
)

// Recorded are an object's attributes as a state has them: checked, but decoded
// only when they are asked for. In most plans they are not, for most objects.
// It is safe for concurrent use; nil has no attributes.
type Recorded struct {
	once  sync.Once
	attrs []Attribute
	raw   json.RawMessage
	value cty.Value
}

// Record is a value at hand; nil for [cty.NilVal].
func Record(v cty.Value) *Recorded {
	if v == cty.NilVal {
		return nil
	}
	r := &Recorded{value: v}
	r.once.Do(func() {})
	return r
}

// ReadRecorded takes what [EncodeAttrs] wrote, as [DecodeAttrs] does, and
// returns the same errors. raw must be valid JSON, as a json.RawMessage is that
// encoding/json decoded.
func ReadRecorded(attrs []Attribute, raw json.RawMessage) (*Recorded, error) {
	if plainAttrs(attrs, raw) {
		return &Recorded{attrs: attrs, raw: raw}, nil
	}
	v, err := DecodeAttrs(attrs, raw)
	if err != nil {
		return nil, err
	}
	return Record(v), nil
}

// plainAttrs reports whether raw is an object in which every attribute is a text
// or a truth value, as its type wants it: nothing can fail in decoding it.
func plainAttrs(attrs []Attribute, raw json.RawMessage) bool {
	parsed := gjson.ParseBytes(raw)
	if !parsed.IsObject() {
		return false
	}
	plain := true
	parsed.ForEach(func(key, value gjson.Result) bool {
		name := key.String()
		for i := range attrs {
			if a := &attrs[i]; a.Name == name {
				plain = a.Block == nil && (a.Type == cty.String && value.Type == gjson.String || a.Type == cty.Bool && value.IsBool())
				break
			}
		}
		return plain
	})
	return plain
}

// Value is the object, of the kind's type; [cty.NilVal] if r is nil.
func (r *Recorded) Value() cty.Value {
	if r == nil {
		return cty.NilVal
	}
	r.once.Do(func() { r.value, _ = DecodeAttrs(r.attrs, r.raw) }) // plainAttrs saw that it can
	return r.value
}
