package config

import (
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/idpctl/idpctl/resource"
)

// The elements of toset(…) that are found without it are those of the set, in
// its order.
func TestElementsOfToset(t *testing.T) {
	ctx := &hcl.EvalContext{
		Variables: map[string]cty.Value{
			"unknown": cty.UnknownVal(cty.String),
			"secret":  cty.StringVal("s").Mark(resource.Sensitive),
			"list":    cty.ListVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a"), cty.StringVal("b")}),
		},
		Functions: map[string]function.Function{"toset": toCollection(cty.Set(cty.DynamicPseudoType))},
	}
	tests := []struct {
		src    string
		direct bool
	}{
		{`toset(["b", "a", "b", "é", "e\u0301", "Z", ""])`, true},
		{`toset(list)`, true},
		{`toset(list...)`, false},
		{`toset([])`, false},
		{`toset(["a", 1])`, false},
		{`toset([1, 2])`, false},
		{`toset(["a", null])`, false},
		{`toset(["a", unknown])`, false},
		{`toset(["a", secret])`, false},
		{`toset({a = "x"})`, false},
		{`toset(null)`, false},
		{`toset(missing)`, false},
		{`(toset(list))`, false},
		{`list`, false},
	}
	for _, test := range tests {
		parsed, ds := hclsyntax.ParseExpression([]byte(test.src), "x", hcl.InitialPos)
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		elements, ok := elementsOfToset(newExpr(parsed), ctx)
		if ok != test.direct {
			t.Errorf("%s: found directly: %v, want %v", test.src, ok, test.direct)
		}
		if !ok {
			continue
		}
		set, ds := parsed.Value(ctx)
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		same := slices.EqualFunc(elements, set.AsValueSlice(), func(e element, v cty.Value) bool {
			return e.key == v.AsString() && e.value.RawEquals(v)
		})
		if !same {
			t.Errorf("%s: %v, and the set has %#v", test.src, elements, set)
		}
	}
}
