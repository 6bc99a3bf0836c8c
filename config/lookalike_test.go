package config

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// Lower case must not make one person's address another's: a capital I with a
// dot would become i. The Kelvin sign is a K by Unicode's canonical form.
func TestLookalikesAreRefused(t *testing.T) {
	a := resource.Attribute{Name: "email", Type: cty.String, Normalize: resource.Lower, Check: resource.Check{Email: true}}
	for in, want := range map[string]string{
		"\u0130@example.com": "U+0130", "\u212Aelvin@example.com": "",
		"Ö@Example.com": "", "MARTY@example.com": "",
	} {
		v := normalize(a, cty.StringVal(in))
		problem := patterns{}.check(a, v)
		if want == "" && (problem != "" || v.AsString() != strings.ToLower(in)) {
			t.Errorf("%q became %q: %s", in, v.AsString(), problem)
		}
		if want != "" && !strings.Contains(problem, want) {
			t.Errorf("%q became %q and was accepted: %q", in, v.AsString(), problem)
		}
	}
}

// What is always in a set is in it however it is written.
func TestAlways(t *testing.T) {
	a := resource.Attribute{Name: "scopes", Type: cty.Set(cty.String), Always: []string{"basic"}}
	text := func(s ...string) cty.Value {
		out := make([]cty.Value, len(s))
		for i := range s {
			out[i] = cty.StringVal(s[i])
		}
		return cty.SetVal(out)
	}
	for _, tt := range []struct{ in, want cty.Value }{
		{text("email"), text("basic", "email")},
		{text("basic"), text("basic")},
		{cty.SetValEmpty(cty.String), text("basic")},
		{cty.NullVal(a.Type), cty.NullVal(a.Type)},
		{cty.UnknownVal(a.Type), cty.UnknownVal(a.Type)},
		{text("email").Mark(resource.Sensitive), text("basic", "email").Mark(resource.Sensitive)},
	} {
		if got := normalize(a, tt.in); !got.RawEquals(tt.want) {
			t.Errorf("%#v became %#v, not %#v", tt.in, got, tt.want)
		}
	}
}
