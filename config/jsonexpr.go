package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// jsonBody makes native expressions of those of a JSON body, so that both
// syntaxes are analysed and evaluated by the same code. hcl/json parses each
// string anew at every evaluation, and panics on an object key that is marked.
type jsonBody struct{ hcl.Body }

// Content implements [hcl.Body].
func (b jsonBody) Content(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Diagnostics) {
	content, diags := b.Body.Content(schema)
	return convertContent(content, &diags), diags
}

// PartialContent implements [hcl.Body].
func (b jsonBody) PartialContent(schema *hcl.BodySchema) (*hcl.BodyContent, hcl.Body, hcl.Diagnostics) {
	content, remain, diags := b.Body.PartialContent(schema)
	return convertContent(content, &diags), jsonBody{remain}, diags
}

// JustAttributes implements [hcl.Body].
func (b jsonBody) JustAttributes() (hcl.Attributes, hcl.Diagnostics) {
	attrs, diags := b.Body.JustAttributes()
	for _, attr := range attrs {
		attr.Expr = convertJSON(attr.Expr, &diags)
	}
	return attrs, diags
}

func convertContent(content *hcl.BodyContent, diags *hcl.Diagnostics) *hcl.BodyContent {
	for _, attr := range content.Attributes {
		attr.Expr = convertJSON(attr.Expr, diags)
	}
	for _, block := range content.Blocks {
		block.Body = jsonBody{block.Body}
	}
	return content
}

// jsonExpr is the native form of a JSON expression. Where the text itself is
// wanted (type constraints, names in depends_on) it answers as the JSON one.
type jsonExpr struct {
	hclsyntax.Expression
	orig hcl.Expression
}

// convertJSON converts one expression and all in it.
func convertJSON(expr hcl.Expression, diags *hcl.Diagnostics) hcl.Expression {
	native := nativeOf(expr, diags)
	rewrite(native)
	return &jsonExpr{native, expr}
}

func nativeOf(expr hcl.Expression, diags *hcl.Diagnostics) hclsyntax.Expression {
	rng := expr.Range()
	if items, ds := hcl.ExprList(expr); !ds.HasErrors() {
		out := &hclsyntax.TupleConsExpr{SrcRange: rng, OpenRange: rng}
		for _, item := range items {
			out.Exprs = append(out.Exprs, nativeOf(item, diags))
		}
		return out
	}
	if pairs, ds := hcl.ExprMap(expr); !ds.HasErrors() {
		out := &hclsyntax.ObjectConsExpr{SrcRange: rng, OpenRange: rng}
		for _, pair := range pairs {
			out.Items = append(out.Items, hclsyntax.ObjectConsItem{
				KeyExpr:   &hclsyntax.ObjectConsKeyExpr{Wrapped: nativeOf(pair.Key, diags), ForceNonLiteral: true},
				ValueExpr: nativeOf(pair.Value, diags),
			})
		}
		return out
	}
	v, _ := expr.Value(nil)
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: rng}
	}
	start := rng.Start
	start.Byte, start.Column = start.Byte+1, start.Column+1 // behind the quote
	template, ds := hclsyntax.ParseTemplate([]byte(v.AsString()), rng.Filename, start)
	if ds.HasErrors() {
		*diags = append(*diags, ds...)
		return &hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: rng}
	}
	return template
}

// Value evaluates; without a context a string is taken literally, as HCL does.
func (e *jsonExpr) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if ctx == nil {
		return e.orig.Value(nil)
	}
	return e.Expression.Value(ctx)
}

// Range is the place in the file. That of the native form is inexact where the
// JSON string has escapes.
func (e *jsonExpr) Range() hcl.Range { return e.orig.Range() }

// StartRange is [jsonExpr.Range].
func (e *jsonExpr) StartRange() hcl.Range { return e.orig.StartRange() }

// shallow reports whether the string that e holds may be parsed as an
// expression.
func (e *jsonExpr) shallow() bool {
	v, _ := e.orig.Value(nil)
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return true
	}
	return checkNesting([]byte(v.AsString()), "", hcl.InitialPos, expressionSyntax) == nil
}

// AsTraversal serves [hcl.AbsTraversalForExpr].
func (e *jsonExpr) AsTraversal() hcl.Traversal {
	if !e.shallow() {
		return nil
	}
	t, _ := hcl.AbsTraversalForExpr(e.orig)
	return t
}

// ExprCall serves [hcl.ExprCall].
func (e *jsonExpr) ExprCall() *hcl.StaticCall {
	if !e.shallow() {
		return nil
	}
	call, ds := hcl.ExprCall(e.orig)
	if ds.HasErrors() {
		return nil
	}
	return call
}

// ExprList serves [hcl.ExprList].
func (e *jsonExpr) ExprList() []hcl.Expression {
	items, ds := hcl.ExprList(e.orig)
	if ds.HasErrors() {
		return nil
	}
	out := make([]hcl.Expression, len(items))
	for i, item := range items {
		var ignored hcl.Diagnostics
		out[i] = convertJSON(item, &ignored)
	}
	return out
}

// nativeExpr is the syntax tree of an expression of either syntax, nil for one
// that dynamic blocks made.
func nativeExpr(expr hcl.Expression) hclsyntax.Expression {
	switch e := expr.(type) {
	case *jsonExpr:
		return e.Expression
	case hclsyntax.Expression:
		return e
	}
	return nil
}

// directTraversal returns the traversal if the expression is nothing else:
// realm.influxdb, or "${realm.influxdb}" in JSON.
func directTraversal(expr hcl.Expression) hcl.Traversal {
	native := nativeExpr(expr)
	for {
		switch e := native.(type) {
		case *hclsyntax.TemplateWrapExpr:
			native = e.Wrapped
		case *hclsyntax.ParenthesesExpr:
			native = e.Expression
		case *hclsyntax.ScopeTraversalExpr:
			return e.Traversal
		default:
			return nil
		}
	}
}
