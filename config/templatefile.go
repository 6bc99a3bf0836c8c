package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

const templateFunction = "templatefile"

// templateError is a mistake in a template. Where it is may be said even if
// what it is may not.
type templateError struct{ place, text string }

func (e *templateError) Error() string { return e.place + ": " + e.text }

// templateFile renders a file as a template, with the functions that are given:
// all but itself, as a template that renders itself would never end.
func templateFile(dir string, funcs map[string]function.Function) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{
			{Name: "path", Type: cty.String, AllowMarked: true, AllowUnknown: true},
			{Name: "vars", Type: cty.DynamicPseudoType, AllowMarked: true, AllowUnknown: true, AllowDynamicType: true},
		},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			path, marks := args[0].Unmark()
			vars, varMarks := args[1].Unmark()
			if !path.IsKnown() {
				return cty.UnknownVal(cty.String).WithMarks(marks, varMarks), nil
			}
			name, src, err := readText(dir, path.AsString())
			if err != nil {
				return cty.NilVal, err
			}
			if len(marks) > 0 {
				name = "the template" // its path is a secret
			}
			out, err := render(name, src, vars, funcs)
			if err != nil {
				return cty.NilVal, err
			}
			return out.WithMarks(marks, varMarks), nil
		},
	})
}

// render evaluates a template. Values keep their marks, so that the result is
// sensitive only if something in it is.
func render(name string, src []byte, vars cty.Value, funcs map[string]function.Function) (cty.Value, error) {
	tmpl, err := parseTemplate(name, src, funcs)
	if err != nil {
		return cty.NilVal, err
	}
	if t := vars.Type(); t != cty.DynamicPseudoType && !t.IsObjectType() && !t.IsMapType() {
		return cty.NilVal, function.NewArgErrorf(1, "it must be a map or an object: the names that the template uses, with their values")
	}
	if !vars.IsKnown() {
		return cty.UnknownVal(cty.String), nil
	}
	ctx := &hcl.EvalContext{Functions: funcs, Variables: vars.AsValueMap()}
	for _, key := range keysOf(ctx.Variables) {
		if !hclsyntax.ValidIdentifier(key) {
			return cty.NilVal, function.NewArgErrorf(1, "%q cannot be the name of a variable: it takes a letter, then letters, digits and underscores", key)
		}
	}
	for _, t := range tmpl.Variables() {
		if _, ok := ctx.Variables[t.RootName()]; !ok {
			return cty.NilVal, wrongAt(t.SourceRange(), fmt.Sprintf("vars has no %q.%s", t.RootName(), didYouMean(t.RootName(), keysOf(ctx.Variables))))
		}
	}
	v, ds := tmpl.Value(ctx)
	if ds.HasErrors() {
		return cty.NilVal, templateProblem(ds, touchesSensitive(tmpl, ctx))
	}
	out, err := convert.Convert(v, cty.String)
	switch {
	case err != nil:
		return cty.NilVal, wrongAt(tmpl.Range(), "the template is a single value that is no text; jsonencode makes one of it")
	case out.IsNull():
		return cty.NilVal, wrongAt(tmpl.Range(), "the template is a single value that is null")
	}
	return out, nil
}

// parseTemplate makes the same checks and changes as are made with the
// expressions of a configuration.
func parseTemplate(name string, src []byte, funcs map[string]function.Function) (hclsyntax.Expression, error) {
	if problem := checkNesting(src, name, hcl.InitialPos, templateSyntax); problem != nil {
		return nil, templateProblem(hcl.Diagnostics{problem}, false)
	}
	tmpl, ds := hclsyntax.ParseTemplate(src, name, hcl.InitialPos)
	if ds.HasErrors() {
		return nil, templateProblem(ds, false)
	}
	var unknown error
	_ = hclsyntax.VisitAll(tmpl, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok || unknown != nil {
			return nil
		}
		if _, exists := funcs[call.Name]; call.Name == templateFunction {
			unknown = wrongAt(call.NameRange, "a template cannot call templatefile; render the other template first and pass its text in vars")
		} else if !exists {
			unknown = wrongAt(call.NameRange, unknownFunction(call.Name, funcs))
		}
		return nil
	})
	if unknown != nil {
		return nil, unknown
	}
	rewrite(tmpl)
	return tmpl, nil
}

// templateProblem tells the first mistake, without its details if they may hold
// a part of a secret.
func templateProblem(ds hcl.Diagnostics, hide bool) error {
	i := slices.IndexFunc(ds, func(d *hcl.Diagnostic) bool { return d.Severity == hcl.DiagError })
	d := ds[max(i, 0)]
	text := d.Summary + ": " + d.Detail
	if hide && !plainSummary(d.Summary) {
		text = hiddenDetail
	}
	if d.Subject == nil {
		return &templateError{"the template", text}
	}
	return wrongAt(*d.Subject, text)
}

func wrongAt(rng hcl.Range, text string) error {
	return &templateError{fmt.Sprintf("%s:%d", rng.Filename, rng.Start.Line), strings.TrimSuffix(text, ".")}
}

// templatePlace says in which template a mistake is, if it is in one.
func templatePlace(d *hcl.Diagnostic) string {
	var at *templateError
	if extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok && errors.As(extra.FunctionCallError(), &at) {
		return fmt.Sprintf(" It is at %s.", at.place)
	}
	return ""
}

// withTemplates adds templatefile to the functions.
func withTemplates(dir string, funcs map[string]function.Function) map[string]function.Function {
	all := maps.Clone(funcs)
	all[templateFunction] = templateFile(dir, funcs)
	return all
}
