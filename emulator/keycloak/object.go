package keycloak

import (
	"maps"
	"slices"
)

// Access to decoded objects. The second result tells whether the field was
// there: Keycloak leaves alone what a representation does not mention.

func text(o object, field string) (string, bool) {
	v, ok := o[field].(string)
	return v, ok
}

func flag(o object, field string) (bool, bool) {
	v, ok := o[field].(bool)
	return v, ok
}

func number(o object, field string) (int64, bool) {
	v, ok := o[field].(int64)
	return v, ok
}

// is reports whether a field is there and true.
func is(o object, field string) bool {
	v, _ := o[field].(bool)
	return v
}

// str is a field's text, "" without one.
func str(o object, field string) string {
	v, _ := o[field].(string)
	return v
}

// stringList is a list of texts; nulls are dropped.
func stringList(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func listOf(o object, field string) ([]string, bool) {
	if _, ok := o[field].([]any); !ok {
		return nil, false
	}
	return stringList(o[field]), true
}

// objects is a list of objects; what is none is dropped.
func objects(v any) []object {
	list, _ := v.([]any)
	out := make([]object, 0, len(list))
	for _, e := range list {
		if o, ok := e.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

// attributeLists reads attributes with several values each. Empty lists and,
// as the database keeps none, null values are dropped.
func attributeLists(v any) map[string][]string {
	o, ok := v.(object)
	if !ok {
		return nil
	}
	out := map[string][]string{}
	for k, v := range o {
		if list := stringList(v); len(list) > 0 {
			out[k] = list
		}
	}
	return out
}

// sorted are the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
