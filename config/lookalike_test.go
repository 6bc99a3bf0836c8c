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
