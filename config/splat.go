package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// The names of two functions that no configuration can call: they are no
// identifiers.
const (
	splatFunction = "splat source"
	indexFunction = "index source"
)

// internalFunction reports whether a call was put in by rewrite.
func internalFunction(name string) bool { return name == splatFunction || name == indexFunction }

// rewrite changes two things that HCL does differently.
//
// user.team[*] works where user.team has for_each: HCL applies a splat to lists
// only and takes a map for a single element. Each splat's source goes through a
// function that makes a list of a map of references.
//
// And object[key] is sensitive if the key is: hcl/v2 v2.25.0 drops the key's
// marks there. Each index's collection goes through a function that gives an
// object the marks of the key.
func rewrite(node hclsyntax.Node) {
	wrap := func(source hclsyntax.Expression, name string, more ...hclsyntax.Expression) hclsyntax.Expression {
		if call, done := source.(*hclsyntax.FunctionCallExpr); done && call.Name == name {
			return source
		}
		rng := source.Range()
		return &hclsyntax.FunctionCallExpr{
			Name: name, Args: append([]hclsyntax.Expression{source}, more...),
			NameRange: rng, OpenParenRange: rng, CloseParenRange: rng,
		}
	}
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		switch e := n.(type) {
		case *hclsyntax.SplatExpr:
			e.Source = wrap(e.Source, splatFunction)
		case *hclsyntax.IndexExpr:
			if len(e.Key.Variables()) > 0 || callsSensitive(e.Key) {
				e.Collection = wrap(e.Collection, indexFunction, e.Key)
			}
		}
		return nil
	})
}

// callsSensitive reports whether an expression makes a value sensitive itself.
func callsSensitive(node hclsyntax.Node) bool {
	found := false
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		found = found || ok && call.Name == "sensitive"
		return nil
	})
	return found
}

// indexSource is the function behind [indexFunction].
func indexSource() function.Function {
	param := function.Parameter{Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true}
	collection, key := param, param
	collection.Name, key.Name = "collection", "key"
	return function.New(&function.Spec{
		Params: []function.Parameter{collection, key},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[0].Type().IsObjectType() {
				return args[0].WithSameMarks(args[1]), nil
			}
			return args[0], nil
		},
	})
}

// splatSource is the function behind [splatFunction].
func splatSource() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{
			Name: "source", Type: cty.DynamicPseudoType,
			AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true,
		}},
		Type: func(args []cty.Value) (cty.Type, error) {
			switch t := args[0].Type(); {
			case t.IsMapType() && isReferenceType(t.ElementType()):
				return cty.List(t.ElementType()), nil
			case isReferenceObjectMap(t):
				return cty.DynamicPseudoType, nil
			default:
				return t, nil
			}
		},
		Impl: func(args []cty.Value, want cty.Type) (cty.Value, error) {
			v, marks := args[0].Unmark()
			t := v.Type()
			fromMap := t.IsMapType() && isReferenceType(t.ElementType())
			if !fromMap && !isReferenceObjectMap(t) {
				return args[0], nil
			}
			if v.IsNull() {
				return cty.NullVal(want).WithMarks(marks), nil
			}
			if !v.IsKnown() {
				return cty.UnknownVal(want).WithMarks(marks), nil
			}
			var items []cty.Value
			for it := v.ElementIterator(); it.Next(); {
				_, item := it.Element()
				items = append(items, item)
			}
			switch {
			case !fromMap:
				return cty.TupleVal(items).WithMarks(marks), nil
			case len(items) == 0:
				return cty.ListValEmpty(t.ElementType()).WithMarks(marks), nil
			default:
				return cty.ListVal(items).WithMarks(marks), nil
			}
		},
	})
}

// isReferenceType reports whether t is the type of what a reference yields.
func isReferenceType(t cty.Type) bool {
	return t.IsObjectType() && t.HasAttribute(addressAttr) && t.HasAttribute(providerAttr) &&
		t.AttributeType(addressAttr) == cty.String && t.AttributeType(providerAttr) == cty.String
}

// isReferenceObjectMap reports whether t is an object whose attributes are all
// references: a block with for_each whose instances differ in type.
func isReferenceObjectMap(t cty.Type) bool {
	if !t.IsObjectType() || len(t.AttributeTypes()) == 0 {
		return false
	}
	for _, at := range t.AttributeTypes() {
		if !isReferenceType(at) {
			return false
		}
	}
	return true
}
