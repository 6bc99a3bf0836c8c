package view

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"
)

// jsonValue turns a value into what encodes as its JSON: sensitive and unknown
// parts are null.
func jsonValue(v cty.Value) any {
	switch {
	case v == cty.NilVal, v.IsMarked(), v.IsNull(), !v.IsKnown():
		return nil
	}
	switch t := v.Type(); {
	case t == cty.String:
		return v.AsString()
	case t == cty.Bool:
		return v.True()
	case t == cty.Number:
		return json.Number(v.AsBigFloat().Text('f', -1))
	case isMapping(t):
		out := map[string]any{}
		for key, e := range v.AsValueMap() {
			out[key] = jsonValue(e)
		}
		return out
	case v.CanIterateElements():
		out := []any{}
		for _, e := range v.AsValueSlice() {
			out = append(out, jsonValue(e))
		}
		return out
	default:
		return nil
	}
}

// jsonTree tells which parts of a value a test holds for: true for a whole
// value, a tree of the same shape for parts of it (in objects only the names
// for which there is something to tell), false for none.
func jsonTree(v cty.Value, holds func(cty.Value) bool) any {
	if v == cty.NilVal {
		return false
	}
	if holds(v) {
		return true
	}
	if v.IsMarked() || v.IsNull() || !v.IsKnown() {
		return false
	}
	switch t := v.Type(); {
	case isMapping(t):
		out := map[string]any{}
		for key, e := range v.AsValueMap() {
			if sub := jsonTree(e, holds); sub != false {
				out[key] = sub
			}
		}
		if len(out) > 0 {
			return out
		}
	case !t.IsPrimitiveType() && v.CanIterateElements():
		var out []any
		some := false
		for _, e := range v.AsValueSlice() {
			sub := jsonTree(e, holds)
			some = some || sub != false
			out = append(out, sub)
		}
		if some {
			return out
		}
	}
	return false
}

// unknownTree tells what is known after apply only.
func unknownTree(v cty.Value) any {
	return jsonTree(v, func(v cty.Value) bool { u, _ := v.Unmark(); return !u.IsKnown() })
}

// sensitiveTree tells what is masked.
func sensitiveTree(v cty.Value) any {
	return jsonTree(v, cty.Value.IsMarked)
}
