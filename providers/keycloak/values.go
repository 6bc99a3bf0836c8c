package keycloak

import (
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers/attr"
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

// multiMapAttr is a map of sets of strings; nil for null.
func multiMapAttr(obj cty.Value, name string) map[string][]string { //nolint:unparam // as its neighbours
	v := resource.Attr(obj, name)
	if v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	out := make(map[string][]string, v.LengthInt())
	for k, e := range v.Elements() {
		out[k.AsString()] = attr.StringsOf(e)
	}
	return out
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
		vals[k] = attr.OfStrings(list)
	}
	return cty.MapVal(vals)
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

// safeSegment reports whether s can stand in the path of a request without
// meaning another path. Escaping does not do for "..": servers and proxies
// resolve it all the same.
func safeSegment(s string) bool {
	return s != "" && s != "." && s != ".." && len(s) <= 512 &&
		!strings.ContainsAny(s, "/\\?#%;") && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func lower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
