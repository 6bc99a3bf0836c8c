package view_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// canaries are in every sensitive place of the fixtures.
var canaries = []string{"CANARY-live", "CANARY-new", "CANARY-smtp", "CANARY-output", "CANARY-dsn", "CANARY-generated"}

func kinds(_, kind string) (resource.Kind, bool) {
	switch kind {
	case "realm":
		return resource.Kind{
			Name: "realm", Key: []string{"name"},
			Attributes: []resource.Attribute{
				{Name: "name", Type: cty.String, Required: true, ForceNew: true},
				{Name: "display_name", Type: cty.String},
				{Name: "enabled", Type: cty.Bool, Default: cty.True},
				{Name: "session_lifetime", Type: cty.Number},
				{Name: "webhook_secret", Type: cty.String, Sensitive: true},
				{Name: "banner", Type: cty.String},
				{Name: "issuer", Type: cty.String, Computed: true},
				{Name: "locales", Type: cty.List(cty.String)},
				{Name: "smtp", Block: []resource.Attribute{
					{Name: "host", Type: cty.String, Required: true},
					{Name: "port", Type: cty.Number},
					{Name: "from", Type: cty.String},
					{Name: "key", Type: cty.String, Sensitive: true},
					{Name: "password", Type: cty.String, WriteOnly: true, Version: "password_version"},
					{Name: "password_version", Type: cty.Number, Local: true},
				}},
			},
		}, true
	case "user":
		return resource.Kind{
			Name: "user", Parent: "realm", Plural: "users", Key: []string{"username"}, Unique: [][]string{{"email"}},
			Credential: &resource.Credential{Password: "initial_password", Generate: "generate_password", Invite: "invite"},
			Attributes: []resource.Attribute{
				{Name: "realm", Type: cty.String, Required: true, ForceNew: true},
				{Name: "username", Type: cty.String, Required: true, ForceNew: true},
				{Name: "email", Type: cty.String},
				{Name: "first_name", Type: cty.String},
				{Name: "last_name", Type: cty.String},
				{Name: "enabled", Type: cty.Bool, Default: cty.True},
				{Name: "attributes", Type: cty.Map(cty.String), Partial: true},
				{Name: "required_actions", Type: cty.Set(cty.String)},
				{Name: "initial_password", Type: cty.String, WriteOnly: true, OnCreate: true, Sensitive: true},
				{Name: "generate_password", Type: cty.Bool, OnCreate: true},
				{Name: "invite", Type: cty.Bool, OnCreate: true},
			},
		}, true
	case "group":
		return resource.Kind{
			Name: "group", Parent: "realm", Key: []string{"name"},
			Attributes: []resource.Attribute{
				{Name: "realm", Type: cty.String, Required: true, ForceNew: true},
				{Name: "name", Type: cty.String, Required: true},
				{Name: "members", Type: cty.Set(cty.String), Partial: true, Ref: &resource.Ref{Kinds: []string{"user"}, Attr: "id"}},
			},
		}, true
	}
	return resource.Kind{}, false
}

type attrs map[string]cty.Value

func (a attrs) with(more attrs) attrs {
	out := attrs{}
	for k, v := range a {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func str(s string) cty.Value { return cty.StringVal(s) }

func strs(s ...string) []cty.Value {
	vals := make([]cty.Value, len(s))
	for i := range s {
		vals[i] = str(s[i])
	}
	return vals
}

func mapping(kv ...string) cty.Value {
	m := map[string]cty.Value{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = str(kv[i+1])
	}
	return cty.MapVal(m)
}

// of fills an object of a kind's type.
func of(list []resource.Attribute, set attrs) cty.Value {
	vals := map[string]cty.Value{}
	for name, typ := range resource.BlockType(list).AttributeTypes() {
		vals[name] = cty.NullVal(typ)
		if v, ok := set[name]; ok {
			vals[name] = v
		}
	}
	return cty.ObjectVal(vals)
}

func smtp(set attrs) cty.Value {
	k, _ := kinds("", "realm")
	a, _ := k.Attribute("smtp")
	return of(a.Block, set)
}

func at(kind, name string) resource.Address { return resource.Address{Kind: kind, Name: name} }

// world builds plans from what is desired, live and in the state.
type world struct {
	t       testing.TB
	changes []*plan.Change
}

type given struct {
	addr                  resource.Address
	id                    string
	desired, live, prior  attrs
	marker                string
	moved                 resource.Address
	undelivered, released bool
}

func (w *world) add(g given) *plan.Change {
	w.t.Helper()
	k, _ := kinds("", g.addr.Kind)
	rng := diag.Range{Filename: "influxdb.idp.hcl", Start: diag.Pos{Line: 5, Column: 1, Byte: 80}, End: diag.Pos{Line: 5, Column: 13, Byte: 92}}
	var live *resource.Object
	if g.live != nil {
		live = &resource.Object{Kind: k.Name, ID: g.id, Attrs: of(k.All(), g.live), Marker: g.marker}
	}
	var prior *plan.Prior
	if g.prior != nil {
		prior = &plan.Prior{Address: g.addr, Provider: "keycloak", Kind: k.Name, ID: g.id, Origin: resource.Created, Attrs: resource.Record(of(k.All(), g.prior)), Undelivered: g.undelivered}
		if g.released {
			prior.Origin = resource.Adopted
		}
	}
	var c *plan.Change
	var diags diag.Diagnostics
	if g.desired == nil {
		c, diags = plan.Remove(plan.Removal{Kind: k, Prior: prior, Live: live})
	} else {
		in := plan.Input{
			Kind: k, Prior: prior, Marker: "ours", RenamedFrom: g.moved,
			Desired: &resource.Desired{Address: g.addr, Provider: "keycloak", Attrs: of(k.All(), g.desired), Range: rng},
		}
		if prior != nil {
			in.Live = live
		} else if live != nil {
			in.Matches = []resource.Object{*live}
		}
		c, diags = plan.Resource(in)
	}
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	w.changes = append(w.changes, c)
	return c
}

func (w *world) plan(mode plan.Mode, targets []*plan.TargetChange, outputs []plan.OutputChange) *plan.Plan {
	w.t.Helper()
	p, diags := plan.Build(mode, "prod", w.changes, targets, outputs)
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	return p
}

var (
	marty = attrs{
		"realm": str("influxdb"), "username": str("mcfly@influxdata.com"), "email": str("mcfly@influxdata.com"),
		"first_name": str("Marty"), "last_name": str("McFly"), "enabled": cty.True,
	}
	realm = attrs{
		"name": str("influxdb"), "display_name": str("InfluxDB Clustered"), "enabled": cty.True,
		"issuer": str("https://sso.example.com/realms/influxdb"),
	}
)

func user(name string) attrs {
	return attrs{
		"realm": str("influxdb"), "username": str(name + "@influxdata.com"), "email": str(name + "@influxdata.com"),
		"first_name": str(name), "last_name": str("Brown"), "enabled": cty.True,
	}
}
