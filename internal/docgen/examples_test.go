package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	auth0emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/entra"
	emulator "github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/emulator/localca"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// reference is where the pages are.
const reference = "../../docs/reference"

func generatedPages() map[string]string {
	return pages(infos(), cluster.Spec(), config.FunctionReference())
}

// allPages are the generated pages as the code makes them, and those that are
// written by hand.
func allPages(t *testing.T) map[string]string {
	t.Helper()
	all := generatedPages()
	for _, dir := range []string{"", "../providers"} {
		paths, err := filepath.Glob(filepath.Join(reference, dir, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(text), generated) {
				all[filepath.Join(dir, filepath.Base(path))] = string(text)
			}
		}
	}
	for _, page := range []string{"language.md", "../providers/entra.md", "../providers/auth0.md"} {
		if all[page] == "" {
			t.Fatal("there is no page written by hand: " + page)
		}
	}
	return all
}

// fence is a piece of code on a page: its language, the file that it is meant to
// be if it says so, and its text.
var fence = regexp.MustCompile("(?ms)^```(\\w+)(?: ([\\w.-]+))?\n(.*?)^```$")

// Every example of every page works as it stands: it is applied, and then there
// is nothing left to do. Only the address of the server is another one. Where a
// page has several, they stand beside its first one, except those that begin with
// a provider block.
func TestExamplesApply(t *testing.T) {
	address := regexp.MustCompile(`https://sso[-a-z]*\.example\.com`)
	for name, page := range allPages(t) {
		files, examples := map[string]string{}, []string(nil)
		for _, found := range fence.FindAllStringSubmatch(page, -1) {
			switch language, file, text := found[1], found[2], found[3]; {
			case language == "hcl":
				examples = append(examples, text)
			case file != "":
				files[file] = text
			}
		}
		for i, example := range examples {
			first := ""
			if !strings.HasPrefix(example, "provider ") && i > 0 {
				first = examples[0]
			}
			t.Run(fmt.Sprintf("%s %d", name, i+1), func(t *testing.T) {
				if formatted, ds := config.Format([]byte(example), name); ds.HasErrors() || string(formatted) != example {
					t.Errorf("the example is not formatted: %v\n%s", ds, formatted)
				}
				server := httptest.NewServer(emulator.New(emulator.Options{AdminUser: "admin", AdminPassword: "admin"}))
				t.Cleanup(server.Close)
				env := []string{"IDPCTL_VAR_keycloak_password=admin", "IDPCTL_VAR_smtp_password=mail"}
				if strings.Contains(first+example, "provider \"entra\"") {
					env = append(env, entraServer(t)...)
				}
				var names []string
				if strings.Contains(first+example, "provider \"auth0\"") {
					var more []string
					names, more = auth0Server(t)
					env = append(env, more...)
				}
				dir := t.TempDir()
				files := maps.Clone(files)
				// Any issuer will do for the provider that knows no more of it.
				names = append(names, "https://dex.example.com", server.URL+"/realms/master")
				there := func(text string) string {
					return strings.NewReplacer(names...).Replace(address.ReplaceAllString(text, server.URL))
				}
				files["first.idp.hcl"], files["example.idp.hcl"] = there(first), there(example)
				for file, text := range files {
					if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				opts := run.Options{
					Dir: dir, Providers: registry(), Parallelism: 4, Version: "1.0.0", Env: env,
				}
				if p := planAndApply(t, opts, true); p.Empty() {
					t.Error("the example does nothing")
				}
				if p := planAndApply(t, opts, false); !p.Empty() {
					t.Errorf("the plan after the apply is not empty: %+v", p.Counts())
				}
			})
		}
	}
}

// entraServer starts a tenant as the examples have it, and returns the
// environment that leads to it. Who is looked up is there.
func entraServer(t *testing.T) []string {
	t.Helper()
	certificate, err := localca.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	const tenant, client = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
	directory := entra.New(entra.Options{
		TenantID: tenant, InitialDomain: "example.onmicrosoft.com", VerifiedDomains: []string{"example.com"},
		App: entra.App{ClientID: client, Secret: "secret"},
	})
	var team []string
	for _, name := range []string{"Brown", "Parker", "Clayton"} {
		mail := strings.ToLower(name) + "@example.com"
		team = append(team, directory.AddUser(map[string]any{"userPrincipalName": mail, "mail": mail, "givenName": "Somebody", "surname": name, "displayName": name}))
	}
	directory.AddGroup(map[string]any{"displayName": "InfluxDB admins"}, team[:2]...)
	directory.Settle()
	server, ca := overTLS(t, certificate)
	server.Config.Handler = directory
	return []string{
		"AZURE_TENANT_ID=" + tenant, "AZURE_CLIENT_ID=" + client, "AZURE_CLIENT_SECRET=secret",
		"ENTRA_AUTHORITY_ENDPOINT=" + server.URL, "ENTRA_GRAPH_ENDPOINT=" + server.URL, "ENTRA_CA_FILE=" + ca,
	}
}

// overTLS starts a server with a certificate, and returns the file with its
// authority.
func overTLS(t *testing.T, certificate *localca.Certificate) (*httptest.Server, string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.Server}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, certificate.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	return server, ca
}

// What the examples have of a tenant of Auth0: its domain, a custom one, and an
// application that is adopted.
const (
	auth0Domain, auth0Custom = "example.eu.auth0.com", "login.example.com"
	auth0Client              = "Vb3kQ9sTn1LxWcYp7RzE5mHd2uJgFa8T"
)

// auth0Server starts a tenant as the examples have it, and returns what of them is
// called otherwise there, and the environment that leads to it. Who is looked up is
// there.
func auth0Server(t *testing.T) (names, env []string) {
	t.Helper()
	certificate, err := localca.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server, ca := overTLS(t, certificate)
	domain := strings.TrimPrefix(server.URL, "https://")
	custom := strings.Replace(domain, "127.0.0.1", "localhost", 1)
	tenant := auth0emulator.New(auth0emulator.Options{Domain: domain, CustomDomains: []string{custom}})
	var team []string
	for _, name := range []string{"Brown", "Parker", "Clayton"} {
		team = append(team, tenant.AddUser(map[string]any{
			"email": strings.ToLower(name) + "@example.com", "given_name": "Somebody", "family_name": name, "email_verified": true,
		}))
	}
	tenant.AddRole("InfluxDB admins", "", team[:2]...)
	client := tenant.AddClient(map[string]any{"name": "influxctl, by hand"})
	tenant.Settle()
	server.Config.Handler = tenant
	return []string{auth0Domain, domain, auth0Custom, custom, auth0Client, client}, []string{
		"AUTH0_CLIENT_ID=" + auth0emulator.DefaultClientID, "AUTH0_CLIENT_SECRET=" + auth0emulator.DefaultClientSecret, "AUTH0_CA_FILE=" + ca,
	}
}

// The page of a provider names every permission that it may need.
func TestPagesNamePermissions(t *testing.T) {
	all := allPages(t)
	for _, info := range infos() {
		page, by := all["../providers/"+info.Type+".md"]
		if !by {
			continue // Keycloak has none
		}
		for _, p := range info.Permissions {
			if !strings.Contains(page, "`"+p.Name+"`") {
				t.Errorf("docs/providers/%s.md does not name %s", info.Type, p.Name)
			}
		}
	}
}

// The page of a block shows the block.
func TestPagesShowTheirBlock(t *testing.T) {
	all := generatedPages()
	shows := map[string]string{"cluster.md": "cluster \""}
	for _, info := range infos() {
		shows[info.Type+"/provider.md"] = "provider \"" + info.Type + "\""
		for _, k := range info.Kinds {
			shows[info.Type+"/"+k.Name+".md"] = k.Name + " \""
			if k.DataOnly {
				shows[info.Type+"/"+k.Name+".md"] = "data \"" + k.Name + "\" \""
			}
		}
	}
	for name, block := range shows {
		found := fence.FindAllStringSubmatch(all[name], -1)
		if len(found) != 1 || found[0][1] != "hcl" || !strings.Contains("\n"+found[0][3], "\n"+block) {
			t.Errorf("%s has no example of %s: %q", name, block, found)
		}
	}
}

// What is written by hand stays when the pages are generated, what is out of
// date goes.
func TestWriteKeepsWhatIsWrittenByHand(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"hand.md": "# By hand\n", "old.md": generated + "# Old\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(dir, map[string]string{"a/new.md": generated}); err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, name := range []string{"hand.md", "old.md", "a/new.md"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			have = append(have, name)
		}
	}
	if !slices.Equal(have, []string{"hand.md", "a/new.md"}) {
		t.Errorf("there are %v", have)
	}
}

func planAndApply(t *testing.T, opts run.Options, execute bool) *plan.Plan {
	t.Helper()
	ctx := context.Background()
	r, _, diags := run.Open(ctx, opts)
	if told(diags) {
		t.Fatal(diags)
	}
	p, diags := r.Plan(ctx, plan.Normal)
	if told(diags) {
		t.Fatal(diags)
	}
	if execute {
		s, diags := r.Apply(ctx, p, run.ApplyOptions{Deliver: func([]apply.Credential) error { return nil }})
		if told(diags) || !s.OK() {
			t.Fatalf("%v %+v", diags, s)
		}
	}
	if diags := r.Close(); diags.HasErrors() {
		t.Fatal(diags)
	}
	return p.Plan
}

// told reports whether there are errors, or warnings that a reader of an example
// should not get. Those on a cluster's new file, which is no AppInstance by
// itself, are meant, and that the cluster does not know the emulator's certificate.
func told(diags diag.Diagnostics) bool {
	return slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error || !slices.ContainsFunc([]string{"AppInstance", "values file", "admin section", "The cluster may not trust"}, func(s string) bool {
			return strings.Contains(d.Summary, s)
		})
	})
}

// A page says everything that the code knows of an attribute.
func TestPagesAreWhole(t *testing.T) {
	all := generatedPages()
	matrix := all["providers.md"]
	for _, info := range infos() {
		for _, k := range info.Kinds {
			page := all[info.Type+"/"+k.Name+".md"]
			for _, a := range k.All() {
				if !strings.Contains(page, "| `"+a.Name+"` |") {
					t.Errorf("%s: the page lacks %s", k.Name, a.Name)
				}
				if a.Doc == "" || !strings.Contains(page, cell(a.Doc)) {
					t.Errorf("%s: the page lacks the sentence of %s", k.Name, a.Name)
				}
				if a.Name != "id" && !strings.Contains(matrix, "| `"+a.Name+"` |") {
					t.Errorf("%s: the page of all providers lacks %s", k.Name, a.Name)
				}
			}
		}
		if !strings.Contains(all["README.md"], info.Type+"/user.md") {
			t.Errorf("the index lacks %s", info.Type)
		}
	}
	if !strings.Contains(all["cluster.md"], "appinstance") {
		t.Error("the cluster page is not whole")
	}
	for _, row := range []string{
		"| `realm` | [yes](keycloak/realm.md) | – (write tenant, with its domain) | – (write tenant, with its domain) | – (write [`data \"realm\"`](oidc/realm.md)) |",
		"| `tenant` | – (write realm) | [yes](entra/tenant.md), adopted only | [yes](auth0/tenant.md), adopted only | – (write data \"realm\") |",
		"| `data \"realm\"` | by `realm`, `id` | – | – | the only one |",
		"| `data \"user\"` | by `email`, `username`, `id` | by `email`, `user_principal_name`, `id` | by `email`, `connection` and `email`, `id` | says itself what it is |",
		"| `username` | yes | – (write user_principal_name) | yes | – (nobody is looked up here: write id, the sub of the user's tokens) |",
		"| `first_name` | required | yes | yes | required |",
		"| `issuer` | set by the server | set by the server | set by the server | set by the server |",
	} {
		if !strings.Contains(matrix, row+"\n") {
			t.Errorf("the page of all providers lacks %s", row)
		}
	}
	if cell("a|b\nc") != `a\|b c` {
		t.Error("a cell of a table could break the table")
	}
}

// The bounds of an attribute are told, whole.
func TestChecks(t *testing.T) {
	for want, c := range map[string]resource.Check{
		"":                                 {},
		" At most 64 long.":                {MaxLen: 64},
		" 1 to 64 long. Allowed: letters.": {MinLen: 1, MaxLen: 64, PatternDoc: "letters"},
		" Allowed: two letters.":           {MinLen: 2, MaxLen: 2, PatternDoc: "two letters"},
		" 2 long.":                         {MinLen: 2, MaxLen: 2},
		" From 0 to 9.":                    {HasRange: true, Max: 9},
		" One of `a`, `b`.":                {OneOf: []string{"a", "b"}},
	} {
		if got := checks(resource.Attribute{Check: c}); got != want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
