package resource

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestIsMarkedTellsWhatContainsMarkedTells(t *testing.T) {
	secret := cty.StringVal("x").Mark(Sensitive)
	for name, v := range map[string]cty.Value{
		"plain":              cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x"), "b": cty.NullVal(cty.String), "c": cty.UnknownVal(cty.Bool)}),
		"attribute":          cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x"), "b": secret}),
		"null attribute":     cty.ObjectVal(map[string]cty.Value{"a": cty.NullVal(cty.String).Mark(Sensitive)}),
		"unknown attribute":  cty.ObjectVal(map[string]cty.Value{"a": cty.UnknownVal(cty.String).Mark(Sensitive)}),
		"nested":             cty.ObjectVal(map[string]cty.Value{"a": cty.ObjectVal(map[string]cty.Value{"b": secret})}),
		"in a list":          cty.ObjectVal(map[string]cty.Value{"a": cty.ListVal([]cty.Value{secret})}),
		"in a map":           cty.MapVal(map[string]cty.Value{"a": secret}),
		"of a set":           cty.SetVal([]cty.Value{secret}),
		"plain list":         cty.ListVal([]cty.Value{cty.StringVal("x")}),
		"tuple of an object": cty.TupleVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{"a": secret})}),
		"whole":              cty.EmptyObjectVal.Mark(Sensitive),
		"null":               cty.NullVal(cty.DynamicPseudoType),
		"null object":        cty.NullVal(cty.Object(map[string]cty.Type{"a": cty.String})),
		"unknown object":     cty.UnknownVal(cty.Object(map[string]cty.Type{"a": cty.String})).Mark(Sensitive),
	} {
		if got, want := IsMarked(v), v.ContainsMarked(); got != want {
			t.Errorf("%s: %t, cty says %t", name, got, want)
		}
	}
	if IsMarked(cty.NilVal) {
		t.Error("no value at all")
	}
}
