package main

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/cluster"
	emulator "github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/keycloak"
	"github.com/idpctl/idpctl/resource"
)

// The example of every page works as it stands: it is applied, and then there
// is nothing left to do. Only the address of the server is another one.
func TestExamplesApply(t *testing.T) {
	info := keycloak.New().Info()
	provider := resource.Kind{Name: "provider", Example: info.Example}
	for _, k := range append(info.Kinds, cluster.Spec(), provider) {
		t.Run(k.Name, func(t *testing.T) {
			server := httptest.NewServer(emulator.New(emulator.Options{AdminUser: "admin", AdminPassword: "admin"}))
			t.Cleanup(server.Close)
			dir := t.TempDir()
			text := strings.ReplaceAll(k.Example, "https://sso.example.com", server.URL)
			if text == k.Example || !strings.Contains(text, k.Name+" \"") {
				t.Fatalf("the example of %s has no provider block with the url https://sso.example.com, or does not show the block", k.Name)
			}
			if err := os.WriteFile(filepath.Join(dir, "example.idp.hcl"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			opts := run.Options{
				Dir: dir, Providers: []providers.Provider{keycloak.New()}, Parallelism: 4, Version: "1.0.0",
				Env: []string{"IDPCTL_VAR_keycloak_password=admin", "IDPCTL_VAR_smtp_password=mail"},
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

func planAndApply(t *testing.T, opts run.Options, execute bool) *plan.Plan {
	t.Helper()
	ctx := context.Background()
	r, _, diags := run.Open(ctx, opts)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := r.Plan(ctx, plan.Normal)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if execute {
		s, diags := r.Apply(ctx, p, run.ApplyOptions{Deliver: func([]apply.Credential) error { return nil }})
		if diags.HasErrors() || !s.OK() {
			t.Fatalf("%v %+v", diags, s)
		}
	}
	if diags := r.Close(); diags.HasErrors() {
		t.Fatal(diags)
	}
	return p.Plan
}

// A page says everything that the code knows of an attribute.
func TestPagesAreWhole(t *testing.T) {
	info := keycloak.New().Info()
	all := pages([]providers.Info{info}, cluster.Spec())
	for _, k := range info.Kinds {
		page := all[info.Type+"/"+k.Name+".md"]
		for _, a := range k.All() {
			if !strings.Contains(page, "| `"+a.Name+"` |") {
				t.Errorf("%s: the page lacks %s", k.Name, a.Name)
			}
			if a.Doc == "" || !strings.Contains(page, cell(a.Doc)) {
				t.Errorf("%s: the page lacks the sentence of %s", k.Name, a.Name)
			}
		}
	}
	if !strings.Contains(all["README.md"], "keycloak/user.md") || !strings.Contains(all["cluster.md"], "appinstance") {
		t.Error("the index or the cluster page is not whole")
	}
	if cell("a|b\nc") != `a\|b c` {
		t.Error("a cell of a table could break the table")
	}
}

// The examples of the language page are applied, each with a provider and a
// realm of its own.
func TestLanguagePageApplies(t *testing.T) {
	raw, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	const prelude = `
provider "keycloak" {
  url      = "https://sso.example.com"
  username = "admin"
  password = var.keycloak_password
}
variable "keycloak_password" { sensitive = true }
realm "influxdb" {}
`
	n := 0
	for _, part := range strings.Split(string(raw), "\n```")[1:] {
		name, ok := map[string]string{"hcl": "page.idp.hcl", "json": "page.idp.hcl.json"}[strings.SplitN(part, "\n", 2)[0]]
		if !ok {
			continue
		}
		n++
		_, example, _ := strings.Cut(part, "\n")
		t.Run(strings.TrimSpace(strings.SplitN(example, "\n", 2)[0]), func(t *testing.T) {
			server := httptest.NewServer(emulator.New(emulator.Options{AdminUser: "admin", AdminPassword: "admin"}))
			t.Cleanup(server.Close)
			dir := t.TempDir()
			for file, text := range map[string]string{"prelude.idp.hcl": prelude, name: example} {
				text = strings.ReplaceAll(text, "https://sso.example.com", server.URL)
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			opts := run.Options{
				Dir: dir, Providers: []providers.Provider{keycloak.New()}, Parallelism: 4, Version: "1.0.0",
				Env: []string{"IDPCTL_VAR_keycloak_password=admin"},
			}
			if p := planAndApply(t, opts, true); p.Empty() {
				t.Error("the example does nothing")
			}
			if p := planAndApply(t, opts, false); !p.Empty() {
				t.Errorf("the plan after the apply is not empty: %+v", p.Counts())
			}
		})
	}
	if n < 12 {
		t.Errorf("%d examples", n)
	}
}
