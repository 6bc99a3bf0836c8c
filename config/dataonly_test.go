package config

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// fakeOutside is a provider that manages nothing: its only realm is looked up, and
// users and clients say themselves what they are.
func fakeOutside() providers.Info {
	computed := func(name string) resource.Attribute {
		return resource.Attribute{Name: name, Type: cty.String, Computed: true}
	}
	realmID, clientID := computed("id"), computed("id")
	home := realmRef()
	home.Ref = &resource.Ref{Kinds: []string{"realm"}, Attr: "id"}
	userID := resource.Attribute{Name: "id", Type: cty.String, Required: true, Check: resource.Check{MinLen: 1}}
	return providers.Info{
		Type: "outside", Name: "Outside", IdentityProvider: "outside", SubjectClaim: "sub",
		Config: []resource.Attribute{
			{Name: "issuer", Type: cty.String, Required: true, Check: resource.Check{URL: true}},
			{Name: "called", Type: cty.String},
		},
		FromBlock:    providers.FromBlock{IdentityProvider: "called"},
		ForeignKinds: map[string]resource.Foreign{"group": {Of: "others", Instead: `Write data "user" for each`}},
		Kinds: []resource.Kind{
			{
				Name: "realm", Key: []string{"issuer"}, Lookup: [][]string{{}}, DataOnly: true, ID: &realmID,
				Attributes: []resource.Attribute{computed("issuer"), computed("jwks_uri")},
			},
			{
				Name: "client", Parent: "realm", Key: []string{"client_id"}, Lookup: [][]string{{"client_id"}}, DataOnly: true, Given: true, ID: &clientID,
				Attributes: []resource.Attribute{home, {Name: "client_id", Type: cty.String, Required: true}},
			},
			{
				Name: "user", Parent: "realm", Key: []string{"id"}, Lookup: [][]string{{"id"}}, DataOnly: true, Given: true, ID: &userID,
				Attributes: []resource.Attribute{
					home,
					{Name: "email", Type: cty.String, Required: true, Normalize: resource.Lower, Check: resource.Check{Email: true}},
					{Name: "first_name", Type: cty.String, Required: true},
					{Name: "last_name", Type: cty.String, Required: true},
				},
			},
		},
	}
}

func withOutside(o *Options) { o.Providers["outside"] = fakeOutside() }

const outside = `provider "outside" {
  issuer = "https://sso.example.com"
}

data "realm" "it" {}

`

// TestDataOnly: what a provider does not manage is refused with what to write instead.
func TestDataOnly(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"a user": {`user "jane" {}`, 7,
			`Outside has no block user; it is one of Acme ID and Keycloak. idpctl changes nothing there, and refers to what exists already: write data "user" "jane" { … } with realm and id.`},
		"a realm": {`realm "main" {}`, 7,
			`Outside has no block realm; it is one of Keycloak. idpctl changes nothing there, and refers to what exists already: write data "realm" "main" { … }.`},
		"a user of the realm": {"user \"jane\" {\n  realm = data.realm.it\n}", 7, `write data "user" "jane" { … } with realm and id.`},
		"a group":             {`group "team" {}`, 7, `Outside has no block group; it is one of Keycloak. Write data "user" for each.`},
		"many users":          {`data "users" "all" {}`, 7, `Nobody can be searched for there: write data "user" "all" { … } with realm and id, with for_each for several.`},
		"an argument of the only one": {"data \"realm\" \"x\" {\n  provider = outside\n  issuer = \"https://sso.example.com\"\n}", 9,
			`"issuer" is looked up and never changed by a data block, so it cannot be set. A data "realm" block takes no arguments of its own.`},
		"no id":    {"data \"user\" \"jane\" {\n  realm = data.realm.it\n  email = \"a@example.com\"\n  first_name = \"A\"\n  last_name = \"B\"\n}", 7, `The argument "id" is required, but no definition was found.`},
		"empty id": {"data \"user\" \"jane\" {\n  realm = data.realm.it\n  id = \"\"\n  email = \"a@example.com\"\n  first_name = \"A\"\n  last_name = \"B\"\n}", 9, ""},
		"a secret id": {"data \"user\" \"jane\" {\n  realm = data.realm.it\n  id = sensitive(\"x\")\n  email = \"a@example.com\"\n  first_name = \"A\"\n  last_name = \"B\"\n}", 9,
			`"id" cannot be sensitive`},
		"the id of a client": {"data \"client\" \"c\" {\n  realm = data.realm.it\n  client_id = \"c\"\n  id = \"d\"\n}", 10, `"id"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, ds := load(t, outside+c.text+"\n", withOutside)
			var found *diag.Diagnostic
			for i := range ds {
				if ds[i].Subject.Start.Line == c.line && strings.Contains(ds[i].Detail, c.want) {
					found = &ds[i]
				}
			}
			if found == nil {
				t.Errorf("line %d does not say %q:\n%s", c.line, c.want, ds.Error())
			}
		})
	}
}

// TestMixedHomes: where two providers have realms, a block of one that cannot have it is
// told so once its home is known.
func TestMixedHomes(t *testing.T) {
	_, ds := load(t, outside[:strings.Index(outside, "data")]+preamble+`
data "realm" "it" {
  provider = outside
}

locals {
  home = [data.realm.it]
}

user "jane" {
  realm = local.home[0]
  email = "jane@example.com"
  first_name = "Jane"
  last_name = "Doe"
}
`, withOutside)
	if !strings.Contains(ds.Error(), `write data "user" "jane" { … } with realm and id`) {
		t.Errorf("not told what to write:\n%s", ds.Error())
	}
}

// TestHomeUnclear: which provider a realm is of is asked, and nothing else is told of what
// is in it.
func TestHomeUnclear(t *testing.T) {
	_, ds := load(t, outside+preamble+`
data "user" "jane" {
  realm      = data.realm.it
  id         = "x"
  email      = "jane@example.com"
  first_name = "Jane"
  last_name  = "Doe"
}
`, withOutside)
	if len(ds) != 1 || ds[0].Summary != "Ambiguous provider" || !strings.Contains(ds[0].Detail, "data.realm.it") {
		t.Errorf("told:\n%s", ds.Error())
	}
}

// TestGiven: what a block says is what it is, with nothing to wait for.
func TestGiven(t *testing.T) {
	m := mustLoad(t, outside+`
data "client" "influxctl" {
  realm     = data.realm.it
  client_id = "cli"
}

data "user" "admin" {
  for_each   = { jane = "Sub-1", joe = "Sub-2" }
  realm      = data.realm.it
  id         = each.value
  email      = "${each.key}@Example.com"
  first_name = sensitive(each.key)
  last_name  = "Doe"
}

cluster "one" {
  client = data.client.influxctl
  admins = values(data.user.admin)
}
`, withOutside)
	w := evaluate(t, m, func(d resource.Desired) cty.Value {
		if d.Address.Kind == "realm" {
			return cty.ObjectVal(map[string]cty.Value{
				"id": cty.StringVal("https://sso.example.com"), "issuer": cty.StringVal("https://sso.example.com"), "jwks_uri": cty.StringVal("https://sso.example.com/keys"),
			})
		}
		return cty.NilVal
	})
	for addr, want := range map[string]map[string]string{
		"data.client.influxctl":   {"id": `"cli"`, "client_id": `"cli"`, "realm": `"https://sso.example.com"`},
		`data.user.admin["jane"]`: {"id": `"Sub-1"`, "email": `"jane@example.com"`, "first_name": `«"jane"»`},
	} {
		for name, value := range want {
			if got := attr(t, w, addr, name); got != value {
				t.Errorf("%s.%s is %s, not %s", addr, name, got, value)
			}
		}
	}
	c := w.clusters["cluster.one"]
	if len(c.Admins) != 2 || show(c.Admins[0].ID) != `"Sub-1"` || show(c.IdentityProvider) != `"outside"` || show(c.JWKSEndpoint) != `"https://sso.example.com/keys"` {
		t.Errorf("the cluster is %+v", c)
	}
}

// TestIdentityProviderOfTheBlock: the cluster's own name comes first, then that of the
// provider block, then that of the provider.
func TestIdentityProviderOfTheBlock(t *testing.T) {
	const cluster = "cluster \"one\" {\n  client = data.client.c\n  admins = []\n%}\n\ndata \"client\" \"c\" {\n  realm = data.realm.it\n  client_id = \"cli\"\n}\n"
	for _, c := range []struct{ block, cluster, want string }{
		{"", "", `"outside"`},
		{"  called = \"dex\"\n", "", `"dex"`},
		{"  called = lower(\"DEX\")\n", "  identity_provider = \"mine\"\n", `"mine"`},
		{"  called = null\n", "", `"outside"`},
	} {
		text := strings.Replace(outside, "}", c.block+"}", 1) + strings.Replace(cluster, "%", c.cluster, 1)
		w := evaluate(t, mustLoad(t, text, withOutside), nil)
		if got := show(w.clusters["cluster.one"].IdentityProvider); got != c.want {
			t.Errorf("%+v: it is %s", c, got)
		}
	}
	_, ds := load(t, strings.Replace(outside, "}", "  called = sensitive(\"dex\")\n}", 1)+strings.Replace(cluster, "%", "", 1), withOutside)
	if !strings.Contains(ds.Error(), `"identity_provider" cannot be sensitive`) {
		t.Errorf("a secret name would be written to files:\n%s", ds.Error())
	}
}
