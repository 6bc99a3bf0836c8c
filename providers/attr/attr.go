// Package attr reads and makes the values of attributes, as every provider does
// between its wire and package resource.
package attr

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"

	"github.com/idpctl/idpctl/resource"
)

// String is an attribute's string, "" if it is null or absent.
func String(obj cty.Value, name string) string {
	if v := resource.Attr(obj, name); !v.IsNull() && v.Type() == cty.String {
		return v.AsString()
	}
	return ""
}

// Bool is an attribute's bool, or what stands for null.
func Bool(obj cty.Value, name string, null bool) bool {
	if v := resource.Attr(obj, name); !v.IsNull() && v.Type() == cty.Bool {
		return v.True()
	}
	return null
}

// Int is an attribute's whole number, or what stands for null.
func Int(obj cty.Value, name string, null int64) int64 {
	var n int64
	if v := resource.Attr(obj, name); !v.IsNull() && v.Type() == cty.Number && gocty.FromCtyValue(v, &n) == nil {
		return n
	}
	return null
}

// IsSet reports whether an attribute is there and not null.
func IsSet(obj cty.Value, name string) bool { return !resource.Attr(obj, name).IsNull() }

// Strings are the elements of a set or list of strings, sorted; nil for null.
func Strings(obj cty.Value, name string) []string { return StringsOf(resource.Attr(obj, name)) }

// StringsOf are the elements of a set or list of strings, sorted; nil for null.
func StringsOf(v cty.Value) []string {
	if v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	out := make([]string, 0, v.LengthInt())
	for _, e := range v.Elements() {
		if !e.IsNull() && e.Type() == cty.String {
			out = append(out, e.AsString())
		}
	}
	slices.Sort(out)
	return out
}

// OfString is s, and null for "".
func OfString(s string) cty.Value {
	if s == "" {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(s)
}

// OfStrings is a set of strings.
func OfStrings(list []string) cty.Value {
	if len(list) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	vals := make([]cty.Value, len(list))
	for i, s := range list {
		vals[i] = cty.StringVal(s)
	}
	return cty.SetVal(vals)
}

// Nulls are the attributes of a kind, all null, to be filled.
func Nulls(kind resource.Kind) map[string]cty.Value {
	types := kind.Type().AttributeTypes()
	vals := make(map[string]cty.Value, len(types))
	for name, ty := range types {
		vals[name] = cty.NullVal(ty)
	}
	return vals
}

// Without are the elements of list that are not in others.
func Without(list, others []string) []string {
	in := make(map[string]bool, len(others))
	for _, s := range others {
		in[s] = true
	}
	var out []string
	for _, s := range list {
		if !in[s] {
			out = append(out, s)
		}
	}
	return out
}

// Map is an attribute's map of strings; nil for null.
func Map(obj cty.Value, name string) map[string]string {
	v := resource.Attr(obj, name)
	if v.IsNull() || !v.Type().IsMapType() {
		return nil
	}
	out := make(map[string]string, v.LengthInt())
	for k, e := range v.AsValueMap() {
		if !e.IsNull() && e.Type() == cty.String {
			out[k] = e.AsString()
		}
	}
	return out
}
