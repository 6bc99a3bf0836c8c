package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// splatFunction is the name of a function that no configuration can call: it
// is no identifier.
const splatFunction = "splat source"

// rewriteSplats makes user.team[*] work where user.team has for_each: HCL
// applies a splat to lists only and takes a map for a single element. Each
// splat's source goes through a function that makes a list of a map of
// references and leaves everything else alone.
func rewriteSplats(node hclsyntax.Node) {
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		splat, ok := n.(*hclsyntax.SplatExpr)
		if !ok {
			return nil
		}
		if call, done := splat.Source.(*hclsyntax.FunctionCallExpr); done && call.Name == splatFunction {
			return nil
		}
		rng := splat.Source.Range()
		splat.Source = &hclsyntax.FunctionCallExpr{
			Name: splatFunction, Args: []hclsyntax.Expression{splat.Source},
			NameRange: rng, OpenParenRange: rng, CloseParenRange: rng,
		}
		return nil
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
