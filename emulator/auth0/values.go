package auth0

import (
	"cmp"
	"maps"
	"slices"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// Access to decoded values; what is of another type is the zero value.

func str(o object, name string) string { s, _ := o[name].(string); return s }
func is(o object, name string) bool    { b, _ := o[name].(bool); return b }
func sub(o object, name string) object { s, _ := o[name].(object); return s }

func number(o object, name string) int64 {
	switch n := o[name].(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// normal takes the values that a Go program writes for those of JSON.
func normal(props map[string]any) object {
	v, err := parse(jsonvalue.Encode(props))
	if err != nil {
		panic(err) // encode writes JSON
	}
	o, _ := v.(object)
	return o
}

// defaults fills in what is not there.
func defaults(o, with object) {
	for name, v := range with {
		if _, has := o[name]; !has {
			o[name] = jsonvalue.Clone(v)
		}
	}
}

// merge puts the keys of one object into another; null removes a key.
func merge(into, from object) object {
	out := object{}
	maps.Copy(out, into)
	for k, v := range from {
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = v
	}
	return out
}

func sortedKeys[M ~map[K]V, K cmp.Ordered, V any](m M) []K { return slices.Sorted(maps.Keys(m)) }
