package config

import (
	"errors"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// transposeFunc turns a map of lists of names around.
func transposeFunc() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "values", Type: cty.Map(cty.List(cty.String))}},
		Type:         function.StaticReturnType(cty.Map(cty.List(cty.String))),
		RefineResult: notNull,
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() {
				return cty.UnknownVal(want), nil
			}
			turned := map[string][]cty.Value{}
			for it := args[0].ElementIterator(); it.Next(); { // by key, in order
				key, names := it.Element()
				if names.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "the list of %q is null", key.AsString())
				}
				for _, name := range names.AsValueSlice() {
					if name.IsNull() {
						return cty.NilVal, function.NewArgErrorf(0, "the list of %q holds a null value", key.AsString())
					}
					turned[name.AsString()] = append(turned[name.AsString()], key)
				}
			}
			if len(turned) == 0 {
				return cty.MapValEmpty(cty.List(cty.String)), nil
			}
			out := make(map[string]cty.Value, len(turned))
			for name, keys := range turned {
				out[name] = cty.ListVal(keys)
			}
			return cty.MapVal(out), nil
		},
	})
}

// matchKeysFunc takes those values whose keys, at the same places, are among
// those searched for.
func matchKeysFunc() function.Function {
	list := cty.List(cty.DynamicPseudoType)
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "values", Type: list}, {Name: "keys", Type: list}, {Name: "searchset", Type: list}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if t := args[0].Type(); t.IsListType() {
				return t, nil
			}
			return list, nil
		},
		RefineResult: notNull,
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			if !args[0].IsWhollyKnown() || !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
				return cty.UnknownVal(want), nil
			}
			if args[0].LengthInt() != args[1].LengthInt() {
				return cty.NilVal, errors.New("values and keys must have the same number of elements")
			}
			keys := args[1].AsValueSlice()
			var out []cty.Value
			for i, v := range args[0].AsValueSlice() {
				for _, wanted := range args[2].AsValueSlice() {
					same, err := stdlib.Equal(keys[i], wanted)
					if err != nil {
						return cty.NilVal, err
					}
					if same.True() {
						out = append(out, v)
						break
					}
				}
			}
			if len(out) == 0 {
				return cty.ListValEmpty(want.ElementType()), nil
			}
			return cty.ListVal(out), nil
		},
	})
}

// timeCompareFunc is -1, 0 or 1 for a time before, at or after another.
func timeCompareFunc() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "timestamp_a", Type: cty.String}, {Name: "timestamp_b", Type: cty.String}},
		Type:         function.StaticReturnType(cty.Number),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			var at [2]time.Time
			for i, arg := range args {
				var err error
				if at[i], err = time.Parse(time.RFC3339, arg.AsString()); err != nil {
					return cty.NilVal, function.NewArgErrorf(i, "%q is no time as of RFC 3339, such as 2026-01-31T12:00:00Z", arg.AsString())
				}
			}
			return cty.NumberIntVal(int64(at[0].Compare(at[1]))), nil
		},
	})
}
