package config

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// transposeFunc makes of "who is in which lists" "which list holds whom".
func transposeFunc() function.Function {
	want := cty.Map(cty.List(cty.String))
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "values", Type: want}},
		Type:         function.StaticReturnType(want),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(want), nil
			}
			lists := map[string][]cty.Value{}
			for it := args[0].ElementIterator(); it.Next(); {
				key, list := it.Element()
				if list.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "the map holds a null value")
				}
				for el := list.ElementIterator(); el.Next(); {
					_, name := el.Element()
					if name.IsNull() {
						return cty.NilVal, function.NewArgErrorf(0, "a list holds a null value")
					}
					lists[name.AsString()] = append(lists[name.AsString()], key)
				}
			}
			if len(lists) == 0 {
				return cty.MapValEmpty(cty.List(cty.String)), nil
			}
			out := make(map[string]cty.Value, len(lists))
			for name, keys := range lists {
				out[name] = cty.ListVal(keys)
			}
			return cty.MapVal(out), nil
		},
	})
}

// matchKeysFunc takes the values at whose places the keys are in a set.
func matchKeysFunc() function.Function {
	list := func(name string) function.Parameter {
		return function.Parameter{Name: name, Type: cty.List(cty.DynamicPseudoType)}
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{list("values"), list("keys"), list("searchset")},
		Type: func(args []cty.Value) (cty.Type, error) {
			if t, _ := convert.UnifyUnsafe([]cty.Type{args[1].Type(), args[2].Type()}); t == cty.NilType {
				return cty.NilType, function.NewArgErrorf(2, "keys and searchset must be of the same type")
			}
			return args[0].Type(), nil
		},
		RefineResult: notNull,
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			values := args[0].AsValueSlice()
			if len(values) != args[1].LengthInt() {
				return cty.NilVal, function.NewArgErrorf(1, "there must be as many keys as values")
			}
			if !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
				return cty.UnknownVal(want), nil
			}
			t, _ := convert.UnifyUnsafe([]cty.Type{args[1].Type(), args[2].Type()})
			keys, err := convert.Convert(args[1], t)
			if err != nil {
				return cty.NilVal, function.NewArgError(1, err)
			}
			search, err := convert.Convert(args[2], cty.Set(t.ElementType()))
			if err != nil {
				return cty.NilVal, function.NewArgError(2, err)
			}
			var out []cty.Value
			for i, key := range keys.AsValueSlice() {
				if search.HasElement(key).True() {
					out = append(out, values[i])
				}
			}
			if len(out) == 0 {
				return cty.ListValEmpty(want.ElementType()), nil
			}
			return cty.ListVal(out), nil
		},
	})
}
