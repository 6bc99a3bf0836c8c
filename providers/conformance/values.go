package conformance

import (
	"maps"

	"github.com/zclconf/go-cty/cty"
)

// The functions here take sets and maps; null is empty.

func empty(typ cty.Type) cty.Value {
	if typ.IsMapType() {
		return cty.MapValEmpty(typ.ElementType())
	}
	return cty.SetValEmpty(typ.ElementType())
}

func size(v cty.Value) int {
	if v.IsNull() {
		return 0
	}
	return v.LengthInt()
}

// without is what is in a and not, by element or key, in b.
func without(a, b cty.Value) cty.Value {
	typ := a.Type()
	if size(a) == 0 || size(b) == 0 {
		return a
	}
	if typ.IsMapType() {
		m := maps.Clone(a.AsValueMap())
		for k := range b.AsValueMap() {
			delete(m, k)
		}
		if len(m) == 0 {
			return empty(typ)
		}
		return cty.MapVal(m)
	}
	var out []cty.Value
	for _, v := range a.AsValueSlice() {
		if b.HasElement(v).False() {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return empty(typ)
	}
	return cty.SetVal(out)
}

// union is what is in a or b; for a key in both, b's value.
func union(a, b cty.Value) cty.Value {
	switch {
	case size(a) == 0:
		return b
	case size(b) == 0:
		return a
	case a.Type().IsMapType():
		m := maps.Clone(a.AsValueMap())
		maps.Copy(m, b.AsValueMap())
		return cty.MapVal(m)
	}
	return cty.SetVal(append(a.AsValueSlice(), b.AsValueSlice()...))
}

// mapEach is a map with every value replaced.
func mapEach(v cty.Value, f func(cty.Value) cty.Value) cty.Value {
	m := map[string]cty.Value{}
	for k, e := range v.AsValueMap() {
		m[k] = f(e)
	}
	return cty.MapVal(m)
}

// replaced is an object with one attribute replaced.
func replaced(o cty.Value, name string, v cty.Value) cty.Value {
	m := o.AsValueMap()
	m[name] = v
	return cty.ObjectVal(m)
}
