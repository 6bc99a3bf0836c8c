package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// people is what data "users" finds in the tests.
func people() []resource.Object {
	kind, _ := fakeKeycloak().Kind("user")
	var out []resource.Object
	for _, name := range []string{"ada", "bob"} {
		vals := map[string]cty.Value{}
		for _, a := range kind.All() {
			vals[a.Name] = cty.NullVal(a.Type)
		}
		vals["id"], vals["username"] = cty.StringVal("id-"+name), cty.StringVal(name)
		vals["email"], vals["enabled"] = cty.StringVal(name+"@example.com"), cty.BoolVal(name == "ada")
		out = append(out, resource.Object{Kind: "user", ID: "id-" + name, Attrs: cty.ObjectVal(vals)})
	}
	return out
}

// applied answers as a provider would: everything exists.
func applied(d resource.Desired) cty.Value {
	kind, ok := fakeKeycloak().KindOfPlural(d.Address.Kind)
	if ok {
		return PluralValue(kind, people())
	}
	vals := d.Attrs.AsValueMap()
	for name, v := range vals {
		if !v.IsKnown() {
			vals[name] = cty.NullVal(v.Type())
		}
	}
	vals["id"] = cty.StringVal("id:" + d.Address.String())
	if _, ok := vals["secret_note"]; ok {
		vals["secret_note"] = cty.StringVal("hunter2")
	}
	if _, ok := vals["jwks_uri"]; ok {
		vals["jwks_uri"] = cty.StringVal("https://sso.example.com/jwks")
	}
	return cty.ObjectVal(vals)
}

const team = `
locals {
  people = {
    ada = "Lovelace"
    bob = "Builder"
  }
}

user "team" {
  for_each   = local.people
  realm      = realm.main
  email      = "${each.key}@example.com"
  first_name = title(each.key)
  last_name  = each.value
}
`

func TestEvaluation(t *testing.T) {
	tests := []struct {
		name, config string
		// want maps "address attribute" to the value as show writes it.
		want map[string]string
	}{
		{"for_each over a map", team, map[string]string{
			`user.team["ada"] username`:   `"ada@example.com"`,
			`user.team["bob"] last_name`:  `"Builder"`,
			`user.team["bob"] first_name`: `"Bob"`,
		}},
		{"for_each over a set", `
user "x" {
  for_each   = toset(["ada", "bob"])
  realm      = realm.main
  email      = "${each.value}@example.com"
  first_name = each.key
  last_name  = "L"
}`, map[string]string{`user.x["ada"] email`: `"ada@example.com"`}},
		{"count", `
user "x" {
  count      = 2
  realm      = realm.main
  email      = "u${count.index}@example.com"
  first_name = "F"
  last_name  = "L"
}
group "g" {
  realm   = realm.main
  members = user.x[*]
}
group "h" {
  realm   = realm.main
  members = [user.x[1]]
}
output "emails" {
  value = user.x[*].email
}`, map[string]string{
			"user.x[1] email": `"u1@example.com"`, "group.g members": `["id:user.x[0]" "id:user.x[1]"]`,
			"group.h members": `["id:user.x[1]"]`, "output emails": `["u0@example.com" "u1@example.com"]`,
		}},
		{"splat over for_each", team + `
locals {
  all = user.team
}
group "g" {
  realm   = realm.main
  members = user.team[*]
}
output "emails" {
  value = user.team[*].email
}
output "through_local" {
  value = local.all[*].email
}
output "values" {
  value = values(user.team)[*].first_name
}
output "single" {
  value = realm.main[*].name
}`, map[string]string{
			"group.g members":      `["id:user.team[\"ada\"]" "id:user.team[\"bob\"]"]`,
			"output emails":        `["ada@example.com" "bob@example.com"]`,
			"output through_local": `["ada@example.com" "bob@example.com"]`,
			"output values":        `["Ada" "Bob"]`,
			"output single":        `["main"]`,
		}},
		{"for_each over another block", team + `
group "each" {
  for_each = user.team
  realm    = realm.main
  name     = each.value.first_name
  members  = [each.value]
}`, map[string]string{`group.each["ada"] name`: `"Ada"`, `group.each["ada"] members`: `["id:user.team[\"ada\"]"]`}},
		{"references in every form", team + `
group "g" {
  realm = true ? realm.main : null
  members = flatten([
    [for u in user.team : u if u.last_name == "Lovelace"],
    [[user.team["bob"]], user.team],
    merge({ x = user.team["ada"] }, {}),
  ])
}
group "sets" {
  realm   = local.home
  members = toset([user.team["ada"], user.team["ada"]])
}
locals {
  home = realm.main
}`, map[string]string{
			"group.g members": `["id:user.team[\"ada\"]" "id:user.team[\"bob\"]"]`, "group.g realm": `"main"`,
			"group.sets members": `["id:user.team[\"ada\"]"]`, "group.sets realm": `"main"`,
		}},
		{"plural data", `
data "users" "team" {
  realm  = realm.main
  search = "ada"
}
group "g" {
  realm   = realm.main
  members = [for u in data.users.team.users : u if u.enabled]
}
group "whole" {
  realm   = realm.main
  members = data.users.team
}
group "each" {
  for_each = data.users.team.users
  realm    = realm.main
  name     = each.value.email
  members  = [each.value]
}
output "emails" {
  value = data.users.team.users[*].email
}
output "one" {
  value = data.users.team.users["bob"].address
}
output "args" {
  value = data.users.team.search
}`, map[string]string{
			"group.g members":           `["id-ada"]`,
			"group.whole members":       `["id-ada" "id-bob"]`,
			`group.each["bob"] name`:    `"bob@example.com"`,
			`data.users.team search`:    `"ada"`,
			"output emails":             `["ada@example.com" "bob@example.com"]`,
			"output one":                `"data.users.team[\"bob\"]"`,
			"output args":               `"ada"`,
			`group.each["bob"] members`: `["id-bob"]`,
		}},
		{"data with a looked-up parent", `
data "realm" "old" {
  name = "legacy"
}
data "user" "u" {
  realm    = data.realm.old
  username = "Root-User"
}
user "v" {
  realm      = data.realm.old
  email      = "v@example.com"
  first_name = data.user.u.id
  last_name  = "L"
}`, map[string]string{
			"data.user.u username": `"root-user"`, "data.user.u realm": `"legacy"`, "user.v first_name": `"id:data.user.u"`,
		}},
		{"data by its label", `
data "realm" "legacy" {
}
output "name" {
  value = data.realm.legacy.name
}`, map[string]string{"output name": `"legacy"`}},
		{"nested and dynamic blocks", `
variable "mail" {
  type    = list(object({ host = string, port = optional(number, 465) }))
  default = [{ host = "mx.example.com" }]
}
realm "a" {
  smtp {
    host = "mail"
  }
}
realm "b" {
  dynamic "smtp" {
    for_each = var.mail
    content {
      host = smtp.value.host
      port = smtp.value.port
    }
  }
}
realm "c" {
  for_each = toset(["x", "y"])
  name     = each.key
  dynamic "smtp" {
    for_each = each.key == "x" ? [each.key] : []
    iterator = it
    content {
      host = "${it.value}.example.com"
    }
  }
}`, map[string]string{
			"realm.a smtp":      `{host="mail" password=null port=25}`,
			"realm.b smtp":      `{host="mx.example.com" password=null port=465}`,
			`realm.c["x"] smtp`: `{host="x.example.com" password=null port=25}`,
			`realm.c["y"] smtp`: `null`,
		}},
		{"defaults and nulls", `
user "x" {
  realm      = realm.main
  email      = " X@Example.COM "
  username   = null
  first_name = "F"
  last_name  = "L"
  enabled    = null
  attributes = { a = 1, b = true }
  required_actions = ["VERIFY_EMAIL", "VERIFY_EMAIL"]
}`, map[string]string{
			"user.x username": `"x@example.com"`, "user.x enabled": "true",
			"user.x attributes": `{a="1" b="true"}`, "user.x required_actions": `["VERIFY_EMAIL"]`,
		}},
		{"functions", `
output "x" {
  value = [
    join("-", sort(tolist(toset(["b", "a"])))), lookup({ a = 1 }, "b", 2), lookup({ a = 1 }, "a"), length("äö"), length({ a = 1 }),
    index(["a", "b"], "b"), sum([1, 2]), one([]), one(["x"]), alltrue([true, false]), anytrue([true, false]),
    replace("a1b2", "/[0-9]/", ""), replace("a.b", ".", "-"), startswith("abc", "ab"), endswith("abc", "ab"), strcontains("abc", "b"),
    try(tonumber("x"), 5), can(tonumber("x")), coalesce("", "y"), upper(trimspace(" a ")), formatlist("%s!", ["a"]),
    jsondecode(jsonencode({ a = [1] })).a[0], yamldecode("a: [1, 2]").a[1], csvdecode("h\nv")[0].h, base64decode(base64encode("hi")),
    cidrhost("10.0.0.0/8", 5), cidrsubnet("10.0.0.0/8", 8, 1), uuidv5("dns", "example.com"), substr(sha256("x"), 0, 4),
    formatdate("YYYY", timeadd("2026-01-01T00:00:00Z", "24h")), setproduct(["a"], ["b"])[0][1], path.module,
  ]
}`, map[string]string{"output x": `["a-b" 2 1 2 1 1 3 null "x" false true "ab" "a-b" true false true 5 false "y" "A" ["a!"] 1 2 "v" "hi"` +
			` "10.0.0.5" "10.1.0.0/16" "cfbff0d1-9375-5685-968c-48ce8b15ae17" "2d71" "2026" "b" "."]`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := mustLoad(t, preamble+tt.config)
			w := evaluate(t, m, applied)
			outputs, ds := w.e.Outputs()
			if len(ds) > 0 {
				t.Fatal(ds)
			}
			for key, want := range tt.want {
				i := strings.LastIndexByte(key, ' ')
				addr, name := key[:i], key[i+1:]
				if addr == "output" {
					i := slices.IndexFunc(outputs, func(o Output) bool { return o.Name == name })
					if i < 0 {
						t.Errorf("no output %s", name)
					} else if got := show(outputs[i].Value); got != want {
						t.Errorf("output %s = %s, want %s", name, got, want)
					}
					continue
				}
				if got := attr(t, w, addr, name); got != want {
					t.Errorf("%s = %s, want %s", key, got, want)
				}
			}
		})
	}
}

func TestLayersAndDependencies(t *testing.T) {
	m := mustLoad(t, preamble+team+`
data "users" "all" {
  realm = local.home
}
locals {
  home = realm.main
  deep = [for u in data.users.all.users : u]
}
group "g" {
  realm      = realm.main
  members    = local.deep
  depends_on = [client.influxctl]
}
user "copy" {
  for_each   = local.people
  realm      = realm.main
  email      = "copy-${each.key}@example.com"
  first_name = user.team[each.key].first_name
  last_name  = user.team["ada"].last_name
}
cluster "c" {
  admins = [user.team["bob"]]
  appinstance {
    path = "x"
  }
}`)
	var got []string
	for _, layer := range m.Layers() {
		var names []string
		for _, b := range layer {
			names = append(names, b.Address.String())
		}
		got = append(got, strings.Join(names, " "))
	}
	want := []string{"realm.main", "client.influxctl user.team data.users.all", "cluster.c group.g user.copy"}
	if !slices.Equal(got, want) {
		t.Errorf("layers %q, want %q", got, want)
	}
	w := evaluate(t, m, applied)
	deps := func(addr string) string { return show2(w.desired[addr].DependsOn) }
	for addr, want := range map[string]string{
		"group.g":          "client.influxctl realm.main data.users.all",
		`user.copy["ada"]`: `realm.main user.team["ada"]`,
		`user.copy["bob"]`: `realm.main user.team["ada"] user.team["bob"]`,
	} {
		if got := deps(addr); got != want {
			t.Errorf("%s depends on %s, want %s", addr, got, want)
		}
	}
	if got := show2(w.clusters["cluster.c"].DependsOn); got != `user.team["bob"]` {
		t.Errorf("cluster depends on %s", got)
	}
}

func show2(addrs []resource.Address) string {
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return strings.Join(out, " ")
}

// What is not known at plan time is unknown, and Resolve knows it later.
func TestResolveAtApply(t *testing.T) {
	m := mustLoad(t, preamble+team+`
group "g" {
  realm   = realm.main
  members = user.team[*]
}
group "after" {
  for_each = { x = user.team["ada"].id }
  realm    = realm.main
  name     = "after-${each.key}-${each.value}"
}
cluster "c" {
  client = client.influxctl
  admins = [user.team["ada"]]
}
output "id" {
  value = user.team["ada"].id
}`)
	w := evaluate(t, m, nil)
	if got := attr(t, w, "group.g", "members"); got != "?" && got != "[? ?]" {
		t.Errorf("members %s before apply", got)
	}
	if got := attr(t, w, `group.after["x"]`, "name"); got != "?" {
		t.Errorf("name %s before apply", got)
	}
	if c := w.clusters["cluster.c"]; !c.AdminsKnown || show(c.Admins[0].ID) != "?" || show(c.JWKSEndpoint) != "?" || show(c.Admins[0].Email) != `"ada@example.com"` {
		t.Errorf("cluster before apply: %+v", c)
	}
	for _, addr := range w.order {
		d := w.desired[addr]
		w.e.Set(d.Address, applied(d))
	}
	for addr, want := range map[string]string{
		"group.g":          `["id:user.team[\"ada\"]" "id:user.team[\"bob\"]"]`,
		`group.after["x"]`: `"after-x-id:user.team[\"ada\"]"`,
	} {
		parsed, err := resource.ParseAddress(addr)
		if err != nil {
			t.Fatal(err)
		}
		d, ds := w.e.Resolve(parsed)
		if len(ds) > 0 {
			t.Fatal(ds)
		}
		name := "name"
		if addr == "group.g" {
			name = "members"
		}
		if got := show(resource.Attr(d.Attrs, name)); got != want {
			t.Errorf("%s = %s, want %s", addr, got, want)
		}
	}
	c, ds := w.e.ResolveCluster(w.clusters["cluster.c"].Address)
	if len(ds) > 0 || show(c.Admins[0].ID) != `"id:user.team[\"ada\"]"` || show(c.JWKSEndpoint) != `"https://sso.example.com/jwks"` {
		t.Errorf("cluster after apply: %+v %v", c, ds)
	}
	outs, _ := w.e.Outputs()
	if show(outs[0].Value) != `"id:user.team[\"ada\"]"` {
		t.Errorf("output %s", show(outs[0].Value))
	}
}

// The meta arguments arrive in what is desired.
func TestMetaArguments(t *testing.T) {
	m := mustLoad(t, `
idpctl {
  namespace        = "prod"
  required_version = ">= 1.2, < 2.0"
}
variable "keep" {
  default = true
}
provider "keycloak" {
  url = "https://sso.example.com"
}
provider "keycloak" {
  alias = "eu"
  url   = "https://eu.example.com"
}
provider "acme" {
  token = "t"
}
realm "eu" {
  provider      = keycloak.eu
  force_destroy = var.keep
  on_destroy    = "release"
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [display_name, smtp]
  }
}
realm "other" {
  provider = keycloak
  name     = "eu"
}
tenant "t" {
}
user "u" {
  realm      = realm.eu
  email      = "u@example.com"
  first_name = "F"
  last_name  = "L"
  id         = "adopt-me"
  lifecycle {
    ignore_changes = all
  }
}
user "acme" {
  for_each   = toset(["a"])
  tenant     = { a = tenant.t }[each.key]
  email      = "u@example.com"
  first_name = "F"
  last_name  = "L"
  department = "x"
}
`)
	if m.Namespace() != "prod" {
		t.Errorf("namespace %q", m.Namespace())
	}
	var blocks []string
	for _, p := range m.Providers() {
		blocks = append(blocks, p.Name+" "+p.Type)
	}
	if got := strings.Join(blocks, ", "); got != "keycloak keycloak, keycloak.eu keycloak, acme acme" {
		t.Errorf("providers %s", got)
	}
	w := evaluate(t, m, nil)
	eu, u := w.desired["realm.eu"], w.desired["user.u"]
	if eu.Provider != "keycloak.eu" || !eu.ForceDestroy || !eu.PreventDestroy || eu.OnDestroy != "release" || !slices.Equal(eu.IgnoreChanges, []string{"display_name", "smtp"}) {
		t.Errorf("realm: %+v", eu)
	}
	if u.Provider != "keycloak.eu" || u.PreventDestroy || show(u.Attrs.GetAttr("id")) != `"adopt-me"` || !slices.Contains(u.IgnoreChanges, "email") {
		t.Errorf("user: %+v", u)
	}
	if got := w.desired["realm.other"].Provider; got != "keycloak" {
		t.Errorf("realm.other belongs to %s", got)
	}
	acme := w.desired[`user.acme["a"]`]
	kind, _ := fakeAcme().Kind("user")
	if acme.Provider != "acme" || acme.Parent.String() != "tenant.t" || !acme.Attrs.Type().Equals(kind.Type()) {
		t.Errorf("user.acme: %+v", acme)
	}
}
