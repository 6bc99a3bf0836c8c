package config

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// toCollection is tolist or toset. It yields what the library's function
// does, but gives it a list where all elements of a tuple have one type: to
// find a common type the library compares each element with each other, which
// takes seconds for the users of a large realm.
func toCollection(want cty.Type) function.Function {
	library := stdlib.MakeToFunc(want)
	return function.New(&function.Spec{
		Description: library.Description(),
		Params:      library.Params(),
		Type: func(args []cty.Value) (cty.Type, error) {
			return library.ReturnTypeForValues([]cty.Value{uniformList(args[0])})
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return library.Call([]cty.Value{uniformList(args[0])})
		},
	})
}

// uniformList is a list with the elements of a tuple if they are all of one
// type, and the value itself if not.
func uniformList(v cty.Value) cty.Value {
	ty := v.Type()
	if !ty.IsTupleType() || !v.IsKnown() || v.IsNull() || ty.Length() == 0 {
		return v
	}
	types := ty.TupleElementTypes()
	if types[0].HasDynamicTypes() {
		return v
	}
	for _, t := range types[1:] {
		if !t.Equals(types[0]) {
			return v
		}
	}
	v, marks := v.Unmark()
	return cty.ListVal(v.AsValueSlice()).WithMarks(marks)
}
