package config

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// The providers of the tests: one modelled after Keycloak, and one whose users
// live in a tenant and have other attributes.

func realmRef() resource.Attribute {
	return resource.Attribute{Name: "realm", Type: cty.String, Required: true, ForceNew: true,
		Ref: &resource.Ref{Kinds: []string{"realm"}, Attr: "name"}, Elsewhere: "Write tenant = tenant.NAME"}
}

func userAttributes(home resource.Attribute) []resource.Attribute {
	return []resource.Attribute{
		home,
		{Name: "username", Type: cty.String, Required: true, DefaultFrom: "email", Normalize: resource.Lower, Check: resource.Check{MinLen: 3, MaxLen: 255}},
		{Name: "email", Type: cty.String, Required: true, Normalize: resource.Lower, Check: resource.Check{Email: true}},
		{Name: "first_name", Type: cty.String, Required: true, Check: resource.Check{MinLen: 1}},
		{Name: "last_name", Type: cty.String, Required: true, Check: resource.Check{MinLen: 1}},
		{Name: "enabled", Type: cty.Bool, Default: cty.True},
		{Name: "initial_password", Type: cty.String, WriteOnly: true, Sensitive: true, OnCreate: true},
		{Name: "generate_password", Type: cty.Bool, OnCreate: true},
		{Name: "invite", Type: cty.Bool, OnCreate: true},
	}
}

func fakeKeycloak() providers.Info {
	smtp := []resource.Attribute{
		{Name: "host", Type: cty.String, Required: true},
		{Name: "port", Type: cty.Number, Default: cty.NumberIntVal(25), Check: resource.Check{HasRange: true, Min: 1, Max: 65535}},
		{Name: "password", Type: cty.String, Sensitive: true, WriteOnly: true},
	}
	user := resource.Kind{
		Name: "user", Parent: "realm", Key: []string{"username"}, Unique: [][]string{{"email"}},
		Attributes: append(userAttributes(realmRef()),
			resource.Attribute{Name: "required_actions", Type: cty.Set(cty.String), Check: resource.Check{OneOf: []string{"UPDATE_PASSWORD", "VERIFY_EMAIL"}}, Elsewhere: "Set invite = true instead"},
			resource.Attribute{Name: "attributes", Type: cty.Map(cty.String), Partial: true},
		),
		Lookup: [][]string{{"id"}, {"email"}, {"username"}},
		Plural: "users",
		Filters: []resource.Attribute{
			{Name: "emails", Type: cty.Set(cty.String), Normalize: resource.Lower, Check: resource.Check{Email: true}},
			{Name: "search", Type: cty.String},
			{Name: "group", Type: cty.String, Ref: &resource.Ref{Kinds: []string{"group"}, Attr: "id"}},
		},
	}
	return providers.Info{
		Type: "keycloak", Name: "Keycloak", IdentityProvider: "keycloak", SubjectClaim: "sub",
		Config: []resource.Attribute{
			{Name: "url", Type: cty.String, Required: true, Check: resource.Check{URL: true}},
			{Name: "username", Type: cty.String},
			{Name: "password", Type: cty.String, Sensitive: true},
			{Name: "scopes", Type: cty.List(cty.String)},
			{Name: "realm", Type: cty.String, Default: cty.StringVal("master")},
		},
		Env: map[string][]string{
			"url": {"KEYCLOAK_URL", "KC_URL"}, "password": {"KEYCLOAK_PASSWORD"}, "scopes": {"KEYCLOAK_SCOPES"},
		},
		Kinds: []resource.Kind{
			{
				Name: "realm", Key: []string{"name"}, Contains: []string{"client", "user", "group"}, Lookup: [][]string{{"name"}},
				Attributes: []resource.Attribute{
					{Name: "name", Type: cty.String, DefaultFrom: "label", ForceNew: true, Check: resource.Check{Pattern: `[a-zA-Z0-9_-]+`, PatternDoc: "letters, digits, underscores and dashes"}},
					{Name: "display_name", Type: cty.String},
					{Name: "ssl_required", Type: cty.String, Optional: true, Computed: true, Check: resource.Check{OneOf: []string{"none", "external", "all"}}},
					{Name: "smtp", Block: smtp, Type: resource.BlockType(smtp)},
					{Name: "issuer", Type: cty.String, Computed: true},
					{Name: "jwks_uri", Type: cty.String, Computed: true},
				},
			},
			{
				Name: "client", Parent: "realm", Key: []string{"client_id"}, Lookup: [][]string{{"client_id"}},
				Attributes: []resource.Attribute{
					realmRef(),
					{Name: "client_id", Type: cty.String, DefaultFrom: "label"},
					{Name: "name", Type: cty.String},
					{Name: "polling_interval", Type: cty.Number, Optional: true, Computed: true, Check: resource.Check{HasRange: true, Min: 1, Max: 60}},
				},
			},
			user,
			{
				Name: "group", Parent: "realm", Key: []string{"name"}, Lookup: [][]string{{"name"}},
				Attributes: []resource.Attribute{
					realmRef(),
					{Name: "name", Type: cty.String, DefaultFrom: "label"},
					{Name: "parent", Type: cty.String, Ref: &resource.Ref{Kinds: []string{"group"}, Attr: "id"}},
					{Name: "members", Type: cty.Set(cty.String), Ref: &resource.Ref{Kinds: []string{"user"}, Attr: "id"}, Partial: true, Exclusive: "exclusive"},
					{Name: "exclusive", Type: cty.Bool},
				},
			},
		},
	}
}

func fakeAcme() providers.Info {
	tenant := resource.Attribute{Name: "tenant", Type: cty.String, Required: true, Ref: &resource.Ref{Kinds: []string{"tenant"}, Attr: "name"}}
	return providers.Info{
		Type: "acme", Name: "Acme ID", IdentityProvider: "acme",
		Config: []resource.Attribute{{Name: "token", Type: cty.String, Sensitive: true, Required: true}},
		Env:    map[string][]string{"token": {"ACME_TOKEN"}},
		Kinds: []resource.Kind{
			{Name: "tenant", Key: []string{"name"}, AdoptOnly: true, Lookup: [][]string{{"name"}}, Attributes: []resource.Attribute{
				{Name: "name", Type: cty.String, DefaultFrom: "label"},
				{Name: "jwks_uri", Type: cty.String, Computed: true},
			}},
			{Name: "user", Parent: "tenant", Key: []string{"email"}, Lookup: [][]string{{"email"}},
				Attributes: append(userAttributes(tenant), resource.Attribute{
					Name: "department", Type: cty.String, Elsewhere: "Use attributes = { department = [\"…\"] }",
				}),
			},
		},
	}
}

func fakeCluster() resource.Kind {
	app := []resource.Attribute{
		{Name: "path", Type: cty.String, Required: true},
		{Name: "name", Type: cty.String},
	}
	return resource.Kind{Name: "cluster", Attributes: []resource.Attribute{
		{Name: "client", Type: cty.String, Ref: &resource.Ref{Kinds: []string{"client"}, Attr: "client_id"}},
		{Name: "admins", Type: cty.Set(cty.String), Required: true, Ref: &resource.Ref{Kinds: []string{"user"}, Attr: "id"}},
		{Name: "exclusive", Type: cty.Bool, Default: cty.False},
		{Name: "identity_provider", Type: cty.String},
		{Name: "jwks_endpoint", Type: cty.String, Check: resource.Check{URL: true}},
		{Name: "appinstance", Type: resource.BlockType(app), Block: app},
	}}
}

func fakeOptions() Options {
	return Options{
		Providers: map[string]providers.Info{"keycloak": fakeKeycloak(), "acme": fakeAcme()},
		Cluster:   fakeCluster(), Version: "1.4.0",
	}
}

// preamble is what most tests begin with; it has ten lines.
const preamble = `provider "keycloak" {
  url = "https://sso.example.com"
}

realm "main" {
}

client "influxctl" {
  realm = realm.main
}
`

// folder writes files into a new folder, makes it the current one and returns
// its path, ".". A single file may be given by its text alone.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return "."
}

func loadFiles(t testing.TB, files map[string]string, change ...func(*Options)) (*Module, diag.Diagnostics) {
	t.Helper()
	opts := fakeOptions()
	for _, f := range change {
		f(&opts)
	}
	return Load(folder(t, files), opts)
}

func load(t testing.TB, text string, change ...func(*Options)) (*Module, diag.Diagnostics) {
	t.Helper()
	return loadFiles(t, map[string]string{"main.idp.hcl": text}, change...)
}

// mustLoad loads a configuration without mistakes.
func mustLoad(t testing.TB, text string, change ...func(*Options)) *Module {
	t.Helper()
	m, ds := load(t, text, change...)
	if len(ds) > 0 {
		t.Fatalf("unexpected diagnostics:\n%s", ds.Error())
	}
	return m
}

// world evaluates all layers as a run would; react gives the value of an
// instance by its desired state, or cty.NilVal for what is configured.
type world struct {
	e        *Evaluator
	desired  map[string]resource.Desired
	order    []string
	clusters map[string]ClusterInstance
}

func evaluate(t testing.TB, m *Module, react func(resource.Desired) cty.Value) *world {
	t.Helper()
	w := newWorld(m.Evaluator())
	if ds := w.run(m, react); len(ds) > 0 {
		t.Fatalf("unexpected diagnostics:\n%s", ds.Error())
	}
	// What was taken over from the check of the configuration is what an
	// evaluation finds that takes nothing over.
	anew := newWorld(m.newEvaluator(false))
	if ds := anew.run(m, react); len(ds) > 0 {
		t.Fatalf("unexpected diagnostics when all is evaluated anew:\n%s", ds.Error())
	}
	opts := []cmp.Option{cmpopts.EquateComparable(resource.Address{}, resource.Key{}), cmp.Comparer(func(a, b cty.Value) bool { return show(a) == show(b) })}
	if diff := cmp.Diff(anew.desired, w.desired, opts...); diff != "" {
		t.Errorf("evaluated anew, and with what the check knew:\n%s", diff)
	}
	return w
}

func newWorld(e *Evaluator) *world {
	return &world{e: e, desired: map[string]resource.Desired{}, clusters: map[string]ClusterInstance{}}
}

func (w *world) run(m *Module, react func(resource.Desired) cty.Value) diag.Diagnostics {
	var all diag.Diagnostics
	for _, layer := range m.Layers() {
		for _, b := range layer {
			if b.Type == ClusterBlock {
				cs, ds := w.e.Clusters(b.Address)
				all = append(all, ds...)
				for _, c := range cs {
					w.clusters[c.Address.String()] = c
				}
				continue
			}
			found, ds := w.e.Expand(b.Address)
			all = append(all, ds...)
			for _, d := range found {
				w.desired[d.Address.String()] = d
				w.order = append(w.order, d.Address.String())
				if react != nil {
					if v := react(d); v != cty.NilVal {
						w.e.Set(d.Address, v)
					}
				}
			}
		}
	}
	return all
}

// show writes a value as text: unknown as ?, unset as null, sensitive in «».
func show(v cty.Value) string {
	if v == cty.NilVal {
		return "-"
	}
	bare, marks := v.Unmark()
	var s string
	switch t := bare.Type(); {
	case !bare.IsKnown():
		s = "?"
	case bare.IsNull():
		s = "null"
	case t == cty.String:
		s = fmt.Sprintf("%q", bare.AsString())
	case t == cty.Number:
		s = bare.AsBigFloat().Text('f', -1)
	case t == cty.Bool:
		s = fmt.Sprint(bare.True())
	case t.IsObjectType() || t.IsMapType():
		var parts []string
		for k, el := range bare.AsValueMap() {
			parts = append(parts, k+"="+show(el))
		}
		sort.Strings(parts)
		s = "{" + strings.Join(parts, " ") + "}"
	default:
		var parts []string
		for it := bare.ElementIterator(); it.Next(); {
			_, el := it.Element()
			parts = append(parts, show(el))
		}
		s = "[" + strings.Join(parts, " ") + "]"
	}
	if len(marks) > 0 {
		return "«" + s + "»"
	}
	return s
}

func attr(t testing.TB, w *world, addr, name string) string {
	t.Helper()
	d, ok := w.desired[addr]
	if !ok {
		t.Fatalf("no instance %s; there are %v", addr, w.order)
	}
	return show(resource.Attr(d.Attrs, name))
}
