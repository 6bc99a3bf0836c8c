package providers

import (
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// What a provider block says itself takes the place of what is static; what it leaves
// out, and what is not known, does not.
func TestInfoOfABlock(t *testing.T) {
	info := Info{
		IdentityProvider: "static", SubjectClaim: "sub", Scopes: []string{"a"}, Origins: []string{"https://a.example.com"},
		FromBlock: FromBlock{IdentityProvider: "name", SubjectClaim: "claim", Scopes: "scopes", Origins: "origins"},
	}
	texts := func(list ...string) cty.Value {
		var vals []cty.Value
		for _, s := range list {
			vals = append(vals, cty.StringVal(s))
		}
		return cty.ListVal(vals)
	}
	got := info.Of(cty.ObjectVal(map[string]cty.Value{
		"name": cty.StringVal("dex"), "claim": cty.NullVal(cty.String), "scopes": texts("b", "c"),
		"origins": cty.SetVal([]cty.Value{cty.StringVal("https://b.example.com")}),
	}))
	if got.IdentityProvider != "dex" || got.SubjectClaim != "sub" || !slices.Equal(got.Scopes, []string{"b", "c"}) || !slices.Equal(got.Origins, []string{"https://b.example.com"}) {
		t.Errorf("%+v", got)
	}
	got = info.Of(cty.ObjectVal(map[string]cty.Value{
		"name": cty.UnknownVal(cty.String), "claim": cty.StringVal("oid"), "scopes": cty.ListValEmpty(cty.String), "origins": cty.NullVal(cty.Set(cty.String)),
	}))
	if got.IdentityProvider != "static" || got.SubjectClaim != "oid" || len(got.Scopes) != 0 || !slices.Equal(got.Origins, info.Origins) {
		t.Errorf("%+v", got)
	}
	info.FromBlock = FromBlock{}
	if got = info.Of(cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("dex")})); got.IdentityProvider != "static" {
		t.Error("what is not named is taken from the block")
	}
}
