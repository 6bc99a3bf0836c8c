package keycloak

import (
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"

	"github.com/idpctl/idpctl/resource"
)

// The attribute types that go-cty has no short name for.
var (
	stringSet  = cty.Set(cty.String)
	stringMap  = cty.Map(cty.String)
	multiMap   = cty.Map(cty.Set(cty.String)) // several values a name, without order
	noStrings  = cty.SetValEmpty(cty.String)
	nullString = cty.NullVal(cty.String)
	nullNumber = cty.NullVal(cty.Number)
)

// stringAttr is an attribute's string, "" if it is null or absent.
func stringAttr(obj cty.Value, name string) string {
	if v := resource.Attr(obj, name); !v.IsNull() && v.Type() == cty.String {
		return v.AsString()
	}
	return ""
}

// boolAttr is an attribute's bool, or what stands for null.
func boolAttr(obj cty.Value, name string, null bool) bool {
	if v := resource.Attr(obj, name); !v.IsNull() && v.Type() == cty.Bool {
		return v.True()
	}
	return null
}

// intAttr is an attribute's whole number, or what stands for null.
func intAttr(obj cty.Value, name string, null int64) int64 {
	var n int64
	if v := resource.Attr(obj, name); !v.IsNull() && v.Type() == cty.Number && gocty.FromCtyValue(v, &n) == nil {
		return n
	}
	return null
}

// isSet reports whether an attribute is there and not null.
func isSet(obj cty.Value, name string) bool { return !resource.Attr(obj, name).IsNull() }

// stringsAttr are the elements of a set of strings, sorted; nil for null.
func stringsAttr(obj cty.Value, name string) []string { return stringsOf(resource.Attr(obj, name)) }

func stringsOf(v cty.Value) []string {
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

// mapAttr is a map of strings; nil for null.
func mapAttr(obj cty.Value, name string) map[string]string { //nolint:unparam // as its neighbours
	v := resource.Attr(obj, name)
	if v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	out := make(map[string]string, v.LengthInt())
	for k, e := range v.Elements() {
		if !e.IsNull() {
			out[k.AsString()] = e.AsString()
		}
	}
	return out
}

// multiMapAttr is a map of sets of strings; nil for null.
func multiMapAttr(obj cty.Value, name string) map[string][]string { //nolint:unparam // as its neighbours
	v := resource.Attr(obj, name)
	if v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	out := make(map[string][]string, v.LengthInt())
	for k, e := range v.Elements() {
		out[k.AsString()] = stringsOf(e)
	}
	return out
}

// stringVal is s, and null for "".
func stringVal(s string) cty.Value {
	if s == "" {
		return nullString
	}
	return cty.StringVal(s)
}

func stringsVal(list []string) cty.Value {
	if len(list) == 0 {
		return noStrings
	}
	vals := make([]cty.Value, len(list))
	for i, s := range list {
		vals[i] = cty.StringVal(s)
	}
	return cty.SetVal(vals)
}

func mapVal(m map[string]string) cty.Value {
	if len(m) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	vals := make(map[string]cty.Value, len(m))
	for k, s := range m {
		vals[k] = cty.StringVal(s)
	}
	return cty.MapVal(vals)
}

func multiMapVal(m map[string][]string) cty.Value {
	if len(m) == 0 {
		return cty.MapValEmpty(stringSet)
	}
	vals := make(map[string]cty.Value, len(m))
	for k, list := range m {
		vals[k] = stringsVal(list)
	}
	return cty.MapVal(vals)
}

// nulls are the attributes of a kind, all null, to be filled.
func nulls(kind resource.Kind) map[string]cty.Value {
	types := kind.Type().AttributeTypes()
	vals := make(map[string]cty.Value, len(types))
	for name, ty := range types {
		vals[name] = cty.NullVal(ty)
	}
	return vals
}

// merged is what a map becomes when the managed part of it changes from before
// to after; what neither names stays. It reports whether anything changed.
func merged[V any](live, before, after map[string]V, equal func(a, b V) bool) (map[string]V, bool) {
	out := maps.Clone(live)
	if out == nil {
		out = map[string]V{}
	}
	changed := false
	for k := range before {
		if _, keep := after[k]; keep {
			continue
		}
		if _, there := out[k]; there {
			delete(out, k)
			changed = true
		}
	}
	for k, v := range after {
		if old, there := out[k]; !there || !equal(old, v) {
			out[k] = v
			changed = true
		}
	}
	return out, changed
}

func sameString(a, b string) bool { return a == b }

// sameSet compares values that have no order.
func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// without are the elements of list that are not in others.
func without(list, others []string) []string {
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

// safeSegment reports whether s can stand in the path of a request without
// meaning another path. Escaping does not do for "..": servers and proxies
// resolve it all the same.
func safeSegment(s string) bool {
	return s != "" && s != "." && s != ".." && len(s) <= 512 &&
		!strings.ContainsAny(s, "/\\?#%;") && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func lower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
