package config

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// What the check of the configuration evaluated is evaluated again only if
// something may be different.
func TestReuse(t *testing.T) {
	at := func(name string) resource.Address { return resource.Address{Kind: "user", Name: name} }
	tests := []struct {
		name, config string
		// react answers for the realm; the others are as configured.
		react func(resource.Desired) cty.Value
		block string
		want  bool
	}{
		{"nothing but constants", team, applied, "team", true},
		{"known of the realm", `
user "x" {
  realm      = realm.main
  email      = "x@example.com"
  first_name = realm.main.display_name
  last_name  = "X"
}
`, applied, "x", true},
		{"the realm turns out to be otherwise", `
user "x" {
  realm      = realm.main
  email      = "x@example.com"
  first_name = realm.main.display_name
  last_name  = "X"
}
`, func(d resource.Desired) cty.Value {
			vals := applied(d).AsValueMap()
			vals["display_name"] = cty.StringVal("Something else")
			return cty.ObjectVal(vals)
		}, "x", false},
		{"known after a read only", `
user "x" {
  realm      = realm.main
  email      = "x@example.com"
  first_name = realm.main.jwks_uri
  last_name  = "X"
}
`, applied, "x", false},
		{"a lifecycle that is known after a read only", `
user "x" {
  realm      = realm.main
  email      = "x@example.com"
  first_name = "X"
  last_name  = "X"
  on_destroy = realm.main.jwks_uri == "" ? "release" : "delete"
}
`, applied, "x", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := mustLoad(t, reuseHome+tt.config)
			e := m.Evaluator()
			realms, ds := e.Expand(resource.Address{Kind: "realm", Name: "main"})
			if len(ds) > 0 {
				t.Fatal(ds.Error())
			}
			e.Set(realms[0].Address, tt.react(realms[0]))
			if _, got := e.reuse(m.blocks[at(tt.block)]); got != tt.want {
				t.Errorf("taken over: %t, want %t", got, tt.want)
			}
			evaluate(t, m, func(d resource.Desired) cty.Value {
				if d.Address.Kind == "realm" {
					return tt.react(d)
				}
				return cty.NilVal
			})
		})
	}
}

const reuseHome = `
provider "keycloak" {
  url = "https://sso.example.com"
}

realm "main" {
  display_name = "Main"
}
`
