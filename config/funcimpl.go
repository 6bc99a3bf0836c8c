package config

import (
	"errors"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/idpctl/idpctl/resource"
)

// Functions that Terraform has and the libraries lack, or that they have in a
// form that a user of Terraform does not expect.

func hasPrefix(s, t string) bool      { return strings.HasPrefix(s, t) }
func hasSuffix(s, t string) bool      { return strings.HasSuffix(s, t) }
func containsString(s, t string) bool { return strings.Contains(s, t) }

func stringTest(param string, test func(s, t string) bool) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "str", Type: cty.String}, {Name: param, Type: cty.String}},
		Type:         function.StaticReturnType(cty.Bool),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

func notNull(b *cty.RefinementBuilder) *cty.RefinementBuilder { return b.NotNull() }

// boolTest is alltrue or anytrue: null elements count as false.
func boolTest(all bool) function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:         function.StaticReturnType(cty.Bool),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			unknown := false
			for it := args[0].ElementIterator(); it.Next(); {
				switch _, v := it.Element(); {
				case !v.IsKnown():
					unknown = true
				case (!v.IsNull() && v.True()) != all:
					return cty.BoolVal(!all), nil
				}
			}
			if unknown {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal(all), nil
		},
	})
}

func sumFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Number)}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].LengthInt() == 0 {
				return cty.NilVal, function.NewArgErrorf(0, "cannot sum an empty list")
			}
			sum := cty.Zero
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if v.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "the list holds a null value")
				}
				sum = sum.Add(v)
			}
			return sum, nil
		},
	})
}

// replaceFunc takes a pattern between slashes for a regular expression.
func replaceFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}, {Name: "substr", Type: cty.String}, {Name: "replace", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			str, substr, with := args[0].AsString(), args[1].AsString(), args[2].AsString()
			if len(substr) > 1 && strings.HasPrefix(substr, "/") && strings.HasSuffix(substr, "/") {
				re, err := regexp.Compile(substr[1 : len(substr)-1])
				if err != nil {
					return cty.NilVal, function.NewArgError(1, err)
				}
				return cty.StringVal(re.ReplaceAllString(str, with)), nil
			}
			return cty.StringVal(strings.ReplaceAll(str, substr, with)), nil
		},
	})
}

// lengthFunc counts the characters of strings too.
func lengthFunc() function.Function {
	return function.New(&function.Spec{
		Params:       []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowDynamicType: true, AllowUnknown: true, AllowMarked: true}},
		Type:         function.StaticReturnType(cty.Number),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v := args[0]
			switch {
			case v.Type() == cty.String:
				return stdlib.Strlen(v)
			case v.Type() == cty.DynamicPseudoType:
				return cty.UnknownVal(cty.Number).WithSameMarks(v), nil
			case v.Type().IsObjectType():
				bare, marks := v.Unmark()
				return cty.NumberIntVal(int64(len(bare.Type().AttributeTypes()))).WithMarks(marks), nil
			}
			return stdlib.Length(v)
		},
	})
}

// lookupFunc takes its default as an option.
func lookupFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "inputMap", Type: cty.DynamicPseudoType, AllowMarked: true},
			{Name: "key", Type: cty.String, AllowMarked: true},
		},
		VarParam: &function.Parameter{Name: "default", Type: cty.DynamicPseudoType, AllowMarked: true, AllowUnknown: true, AllowNull: true, AllowDynamicType: true},
		Type: func(args []cty.Value) (cty.Type, error) {
			switch len(args) {
			case 2:
				t := args[0].Type()
				if t.IsMapType() {
					return t.ElementType(), nil
				}
				if !t.IsObjectType() {
					return cty.NilType, function.NewArgErrorf(0, "lookup() requires a map as the first argument")
				}
				return cty.DynamicPseudoType, nil
			case 3:
				return stdlib.LookupFunc.ReturnTypeForValues(args)
			}
			return cty.NilType, errors.New("lookup() takes two or three arguments")
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) == 3 {
				return stdlib.LookupFunc.Call(args)
			}
			m, marks := args[0].Unmark()
			key, keyMarks := args[1].Unmark()
			name := key.AsString()
			switch t := m.Type(); {
			case t.IsObjectType() && t.HasAttribute(name):
				return m.GetAttr(name).WithMarks(marks, keyMarks), nil
			case t.IsMapType() && m.HasIndex(key).True():
				return m.Index(key).WithMarks(marks, keyMarks), nil
			}
			return cty.NilVal, errors.New("the given map has no element of that key, and there is no default")
		},
	})
}

// indexFunc finds the place of a value in a list.
func indexFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}, {Name: "value", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			t := args[0].Type()
			if !t.IsListType() && !t.IsTupleType() {
				return cty.NilVal, function.NewArgErrorf(0, "a list is required")
			}
			for it := args[0].ElementIterator(); it.Next(); {
				i, v := it.Element()
				eq, err := stdlib.Equal(v, args[1])
				if err != nil {
					return cty.NilVal, err
				}
				if !eq.IsKnown() {
					return cty.UnknownVal(cty.Number), nil
				}
				if eq.True() {
					return i, nil
				}
			}
			return cty.NilVal, errors.New("the value is not in the list")
		},
	})
}

// oneFunc is the only element of a collection, null if it is empty.
func oneFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			switch t := args[0].Type(); {
			case t.IsListType() || t.IsSetType():
				return t.ElementType(), nil
			case t.IsTupleType() && len(t.TupleElementTypes()) == 1:
				return t.TupleElementType(0), nil
			case t.IsTupleType() && len(t.TupleElementTypes()) == 0:
				return cty.DynamicPseudoType, nil
			}
			return cty.NilType, function.NewArgErrorf(0, "must be a list, set, or tuple value with either zero or one elements")
		},
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			switch args[0].LengthInt() {
			case 0:
				return cty.NullVal(want), nil
			case 1:
				for it := args[0].ElementIterator(); it.Next(); {
					_, v := it.Element()
					return v, nil
				}
			}
			return cty.NilVal, function.NewArgErrorf(0, "must be a list, set, or tuple value with either zero or one elements")
		},
	})
}

// markFunc is sensitive or nonsensitive.
func markFunc(set bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowNull: true, AllowMarked: true, AllowDynamicType: true}},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if set {
				return args[0].Mark(resource.Sensitive), nil
			}
			v, marks := args[0].Unmark()
			delete(marks, resource.Sensitive)
			return v.WithMarks(marks), nil
		},
	})
}

func isSensitiveFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowNull: true, AllowMarked: true, AllowDynamicType: true}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(args[0].HasMark(resource.Sensitive)), nil
		},
	})
}

// maxDecodeDepth bounds the nesting of JSON and YAML texts: the libraries
// decode them recursively, without a limit.
const maxDecodeDepth = 1000

// limited refuses texts that nest too deeply before f decodes them, and what
// more it is given to refuse.
func limited(f function.Function, more ...func(text string) error) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "str", Type: cty.String}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if args[0].IsKnown() && deep(args[0].AsString()) {
				return cty.NilType, function.NewArgErrorf(0, "it nests deeper than %d levels", maxDecodeDepth)
			}
			for _, check := range more {
				if args[0].IsKnown() {
					if err := check(args[0].AsString()); err != nil {
						return cty.NilType, function.NewArgError(0, err)
					}
				}
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	})
}

// deep counts brackets, and the dashes and spaces that a line begins with,
// which nest in YAML.
func deep(s string) bool {
	brackets, indent, leading := 0, 0, true
	for i := range len(s) {
		switch s[i] {
		case '\n':
			indent, leading = 0, true
		case '[', '{':
			brackets++
			leading = false
		case ']', '}':
			brackets--
			leading = false
		case ' ', '-', '?', '\t':
			if leading {
				indent++
			}
		default:
			leading = false
		}
		if brackets > maxDecodeDepth || indent > maxDecodeDepth {
			return true
		}
	}
	return false
}
