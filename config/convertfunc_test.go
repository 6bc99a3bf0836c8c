package config

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/idpctl/idpctl/resource"
)

// The shorter way leads to the same place as the library's.
func TestConversionsAreTheLibrarys(t *testing.T) {
	a, b, n := cty.StringVal("a"), cty.StringVal("b"), cty.NumberIntVal(1)
	obj := func(v cty.Value) cty.Value { return cty.ObjectVal(map[string]cty.Value{"x": v}) }
	for title, v := range map[string]cty.Value{
		"strings":             cty.TupleVal([]cty.Value{b, a, b}),
		"nothing":             cty.EmptyTupleVal,
		"mixed":               cty.TupleVal([]cty.Value{a, n}),
		"objects":             cty.TupleVal([]cty.Value{obj(a), obj(b)}),
		"objects that differ": cty.TupleVal([]cty.Value{obj(a), obj(n)}),
		"a null":              cty.TupleVal([]cty.Value{a, cty.NullVal(cty.DynamicPseudoType)}),
		"nulls":               cty.TupleVal([]cty.Value{cty.NullVal(cty.DynamicPseudoType)}),
		"a null string":       cty.TupleVal([]cty.Value{a, cty.NullVal(cty.String)}),
		"an unknown string":   cty.TupleVal([]cty.Value{a, cty.UnknownVal(cty.String)}),
		"something unknown":   cty.TupleVal([]cty.Value{a, cty.DynamicVal}),
		"an unknown tuple":    cty.UnknownVal(cty.Tuple([]cty.Type{cty.String, cty.String})),
		"a null tuple":        cty.NullVal(cty.Tuple([]cty.Type{cty.String})),
		"unknown":             cty.DynamicVal,
		"a secret tuple":      cty.TupleVal([]cty.Value{a, b}).Mark(resource.Sensitive),
		"a secret in it":      cty.TupleVal([]cty.Value{a, b.Mark(resource.Sensitive)}),
		"tuples":              cty.TupleVal([]cty.Value{cty.TupleVal([]cty.Value{a}), cty.TupleVal([]cty.Value{n})}),
		"a list":              cty.ListVal([]cty.Value{b, a, b}),
		"a set":               cty.SetVal([]cty.Value{b, a}),
		"a string":            a,
	} {
		for _, want := range []cty.Type{cty.List(cty.DynamicPseudoType), cty.Set(cty.DynamicPseudoType)} {
			theirs, theirErr := stdlib.MakeToFunc(want).Call([]cty.Value{v})
			ours, err := toCollection(want).Call([]cty.Value{v})
			if (err == nil) != (theirErr == nil) || err != nil && err.Error() != theirErr.Error() {
				t.Errorf("%s to %s: error %v, want %v", title, want.FriendlyName(), err, theirErr)
			}
			if err == nil && theirErr == nil && !ours.RawEquals(theirs) {
				t.Errorf("%s to %s: %#v, want %#v", title, want.FriendlyName(), ours, theirs)
			}
		}
	}
}
