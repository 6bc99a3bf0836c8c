package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// Both syntaxes mean the same.
func TestJSONSyntax(t *testing.T) {
	native := `
variable "mail" {
  type    = list(string)
  default = ["mx"]
}
locals {
  people = { ada = "Lovelace", bob = "Builder" }
}
provider "keycloak" {
  url = "https://sso.example.com"
}
provider "keycloak" {
  alias = "eu"
  url   = "https://eu.example.com"
}
realm "main" {
  provider = keycloak.eu
  dynamic "smtp" {
    for_each = var.mail
    content {
      host = "${smtp.value}.example.com"
    }
  }
  lifecycle {
    ignore_changes = [display_name]
  }
}
user "team" {
  for_each   = local.people
  realm      = realm.main
  email      = "${each.key}@example.com"
  first_name = "F"
  last_name  = each.value
  attributes = { "${each.key}" = "x", n = 1 }
  depends_on = [realm.main]
}
group "g" {
  realm   = realm.main
  members = user.team[*]
}
`
	json := `{
  "variable": {"mail": {"type": "list(string)", "default": ["mx"]}},
  "locals": {"people": {"ada": "Lovelace", "bob": "Builder"}},
  "provider": {"keycloak": [{"url": "https://sso.example.com"}, {"alias": "eu", "url": "https://eu.example.com"}]},
  "realm": {"main": {
    "provider": "keycloak.eu",
    "dynamic": {"smtp": {"for_each": "${var.mail}", "content": {"host": "${smtp.value}.example.com"}}},
    "lifecycle": {"ignore_changes": ["display_name"]}
  }},
  "user": {"team": {
    "for_each": "${local.people}",
    "realm": "${realm.main}",
    "email": "${each.key}@example.com",
    "first_name": "F",
    "last_name": "${each.value}",
    "attributes": {"${each.key}": "x", "n": 1},
    "depends_on": ["realm.main"]
  }},
  "group": {"g": {"realm": "${realm.main}", "members": "${user.team[*]}"}}
}`
	all := func(files map[string]string) string {
		m, ds := loadFiles(t, files)
		if len(ds) > 0 {
			t.Fatal(ds.Error())
		}
		w := evaluate(t, m, applied)
		var b strings.Builder
		for _, addr := range w.order {
			d := w.desired[addr]
			b.WriteString(addr + " " + d.Provider + " " + show(d.Attrs) + " " + show2(d.DependsOn) + strings.Join(d.IgnoreChanges, ",") + "\n")
		}
		return b.String()
	}
	want := all(map[string]string{"main.idp.hcl": native})
	got := all(map[string]string{"main.idp.hcl.json": json})
	if got != want {
		t.Errorf("JSON:\n%s\nnative:\n%s", got, want)
	}
	if !strings.Contains(want, `"id:user.team[\"ada\"]"`) || !strings.Contains(want, "mx.example.com") {
		t.Errorf("not what was meant:\n%s", want)
	}
}

func TestVariablePrecedence(t *testing.T) {
	files := map[string]string{
		"main.idp.hcl": `
provider "keycloak" {
  url = "https://sso.example.com"
}
variable "a" { default = "default" }
variable "b" { default = "default" }
variable "c" { default = "default" }
variable "d" { default = "default" }
variable "e" { default = "default" }
variable "f" { default = "default" }
variable "g" { default = "default" }
variable "object" {
  type = object({ name = string, port = optional(number, 8086), tags = optional(list(string), ["x"]) })
}
variable "any" { type = any }
variable "number" { type = number }
variable "null" {
  nullable = false
  default  = "kept"
}
variable "untyped" {}
output "all" { value = "${var.a} ${var.b} ${var.c} ${var.d} ${var.e} ${var.f} ${var.g}" }
output "object" { value = var.object }
output "rest" { value = [var.any, var.number, var.null, var.untyped] }
`,
		"idpctl.idpvars":       "b = \"file\"\nc = \"file\"\nd = \"file\"\ne = \"file\"\nf = \"file\"\ng = \"file\"\nnull = null",
		"idpctl.idpvars.json":  `{"c": "json", "d": "json", "e": "json", "f": "json", "g": "json"}`,
		"a.auto.idpvars":       "d = \"auto-a\"\ne = \"auto-a\"\nf = \"auto-a\"\ng = \"auto-a\"",
		"b.auto.idpvars.json":  `{"e": "auto-b", "f": "auto-b", "g": "auto-b"}`,
		"named.vars":           `f = "named"` + "\n" + `g = "named"`,
		".hidden.auto.idpvars": `a = "hidden"`,
		".hidden.idp.hcl":      `nonsense`,
	}
	m, ds := loadFiles(t, files, func(o *Options) {
		o.Env = []string{
			"IDPCTL_VAR_a=first", "IDPCTL_VAR_a=env", "IDPCTL_VAR_b=env", "IDPCTL_VAR_nobody=x", "PATH=/",
			`IDPCTL_VAR_object={ name = "n" }`, "IDPCTL_VAR_any=[1, true]", "IDPCTL_VAR_number=07", "IDPCTL_VAR_untyped=[not an expression",
		}
		o.Vars = []VarSource{{Assignment: "g=line-1"}, {File: "named.vars"}, {Assignment: "g=line-2"}}
	})
	if len(ds) > 0 {
		t.Fatal(ds.Error())
	}
	outs, ds := m.Evaluator().Outputs()
	if len(ds) > 0 {
		t.Fatal(ds.Error())
	}
	for i, want := range []string{
		`"env file json auto-a auto-b named line-2"`,
		`{name="n" port=8086 tags=["x"]}`,
		`[[1 true] 7 "kept" "[not an expression"]`,
	} {
		if got := show(outs[i].Value); got != want {
			t.Errorf("output %s = %s, want %s", outs[i].Name, got, want)
		}
	}
}

func TestPrompt(t *testing.T) {
	const text = `
variable "password" {
  description = "The admin's password"
  type        = string
  sensitive   = true
}
variable "names" {
  type = list(string)
}
output "names" {
  value = var.names
}
output "password" {
  value     = var.password
  sensitive = true
}
`
	var asked []PromptRequest
	m := mustLoad(t, text, func(o *Options) {
		o.Prompt = func(r PromptRequest) (string, error) {
			asked = append(asked, r)
			if r.Sensitive {
				return "hunter2", nil
			}
			return `["a"]`, nil
		}
	})
	if len(asked) != 2 || asked[0] != (PromptRequest{Name: "names", Type: "list(string)"}) ||
		asked[1] != (PromptRequest{Name: "password", Description: "The admin's password", Type: "string", Sensitive: true}) {
		t.Errorf("asked for %+v", asked)
	}
	outs, _ := m.Evaluator().Outputs()
	if show(outs[0].Value) != `["a"]` || show(outs[1].Value) != `«"hunter2"»` || !outs[1].Sensitive {
		t.Errorf("outputs %+v", outs)
	}
	_, ds := load(t, text, func(o *Options) {
		o.Prompt = func(PromptRequest) (string, error) { return "", errors.New("interrupted") }
	})
	if len(ds) != 2 || !strings.Contains(ds.Error(), "interrupted") {
		t.Errorf("after a failed prompt: %v", ds)
	}
}

func TestEnvironmentOfProviders(t *testing.T) {
	m := mustLoad(t, `
provider "keycloak" {
  username = "x"
}
`, func(o *Options) {
		o.Env = []string{"KEYCLOAK_URL=", "KC_URL=https://kc.example.com", "KEYCLOAK_PASSWORD=hunter2", `KEYCLOAK_SCOPES=["a"]`}
	})
	cfg, ds := m.Evaluator().ProviderConfig("keycloak")
	if got, want := show(cfg), `{password=«"hunter2"» realm="master" scopes=["a"] url="https://kc.example.com" username="x"}`; got != want || len(ds) > 0 {
		t.Errorf("%s %v, want %s", got, ds, want)
	}
	info := fakeKeycloak()
	if !cfg.Type().Equals(resource.BlockType(info.Config)) {
		t.Error("the type is not that of Info.Config")
	}
	if _, ds := m.Evaluator().ProviderConfig("keycloak.eu"); !ds.HasErrors() {
		t.Error("a provider that is not there is not reported")
	}
}

func TestFolder(t *testing.T) {
	if _, ds := Load(filepath.Join(t.TempDir(), "missing"), fakeOptions()); !strings.Contains(ds.Error(), "no such file") {
		t.Errorf("missing folder: %v", ds)
	}
	_, ds := loadFiles(t, map[string]string{"x.txt": ""})
	if !strings.Contains(ds.Error(), "No configuration files") {
		t.Errorf("empty folder: %v", ds)
	}
	_, ds = loadFiles(t, map[string]string{"main.tf": ""})
	if said := ds.Error(); !strings.Contains(said, "No configuration files") || !strings.Contains(said, "main.tf is not read") || !strings.Contains(said, "rename it to main.idp.hcl") {
		t.Errorf("folder of Terraform: %v", ds)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "big.idp.hcl"), make([]byte, maxFileSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, ds := Load(dir, fakeOptions()); !strings.Contains(ds.Error(), "larger than 8 MiB") {
		t.Errorf("big file: %v", ds)
	}
	dir = t.TempDir()
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "zero.idp.hcl")); err != nil {
		t.Fatal(err)
	}
	if _, ds := Load(dir, fakeOptions()); !strings.Contains(ds.Error(), "not a regular file") {
		t.Errorf("device: %v", ds)
	}
	// A file behind a symbolic link, as Kubernetes mounts them, is read.
	target := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(target, []byte(preamble), 0o600); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.Symlink(target, filepath.Join(dir, "main.idp.hcl")); err != nil {
		t.Fatal(err)
	}
	m, ds := Load(dir, fakeOptions())
	if len(ds) > 0 || len(m.Layers()) != 2 {
		t.Errorf("symbolic link: %v", ds)
	}
}

func TestFilesThatFunctionsRead(t *testing.T) {
	m, ds := loadFiles(t, map[string]string{
		"main.idp.hcl": `
output "x" { value = [file("a.txt"), file("${path.module}/a.txt"), fileexists("b"), filebase64("a.txt"), csvdecode(file("a.csv"))[0].name] }
output "y" { value = try(file("nowhere"), "none") }
output "z" { value = try(file("/dev/zero"), "device") }
`,
		"a.txt": "hello", "a.csv": "name\nada\n",
	})
	if len(ds) > 0 {
		t.Fatal(ds.Error())
	}
	outs, _ := m.Evaluator().Outputs()
	for i, want := range []string{`["hello" "hello" false "aGVsbG8=" "ada"]`, `"none"`, `"device"`} {
		if got := show(outs[i].Value); got != want {
			t.Errorf("output %s = %s, want %s", outs[i].Name, got, want)
		}
	}
}

// An evaluator may be used by many goroutines, and by several evaluators of
// one module at once; run with -race.
func TestConcurrentUse(t *testing.T) {
	m := mustLoad(t, preamble+team+`
group "g" {
  realm   = realm.main
  members = user.team[*]
}
cluster "c" {
  client = client.influxctl
  admins = user.team[*]
}
output "emails" {
  value = user.team[*].email
}
`)
	w := evaluate(t, m, nil)
	other := m.Evaluator()
	var wg sync.WaitGroup
	for range 4 {
		for addr, d := range w.desired {
			wg.Go(func() {
				w.e.Set(d.Address, applied(d))
				if _, ds := w.e.Resolve(d.Address); len(ds) > 0 {
					t.Errorf("%s: %v", addr, ds)
				}
			})
		}
		wg.Go(func() {
			for _, layer := range m.Layers() {
				for _, b := range layer {
					if b.Type != ClusterBlock {
						other.Expand(b.Address)
					}
				}
			}
			other.Outputs()
			m.Source("main.idp.hcl")
		})
		wg.Go(func() { w.e.Clusters(resource.Address{Kind: "cluster", Name: "c"}) })
		wg.Go(func() { w.e.Outputs() })
	}
	wg.Wait()
	if d, _ := w.e.Resolve(w.desired["group.g"].Address); show(d.Attrs.GetAttr("members")) != `["id:user.team[\"ada\"]" "id:user.team[\"bob\"]"]` {
		t.Errorf("members %s", show(d.Attrs.GetAttr("members")))
	}
}

// Asking for what is not there is an error, not a panic.
func TestUnknownAddresses(t *testing.T) {
	m := mustLoad(t, preamble+team)
	e := m.Evaluator()
	ghost := resource.Address{Kind: "user", Name: "ghost"}
	e.Set(ghost, cty.EmptyObjectVal)
	for name, f := range map[string]func() bool{
		"Expand":         func() bool { _, ds := e.Expand(ghost); return ds.HasErrors() },
		"Clusters":       func() bool { _, ds := e.Clusters(ghost); return ds.HasErrors() },
		"Resolve":        func() bool { _, ds := e.Resolve(ghost); return ds.HasErrors() },
		"ResolveCluster": func() bool { _, ds := e.ResolveCluster(ghost); return ds.HasErrors() },
		"before Expand": func() bool {
			_, ds := e.Resolve(resource.Address{Kind: "user", Name: "team", Key: resource.StringKey("ada")})
			return ds.HasErrors()
		},
	} {
		if !f() {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFormat(t *testing.T) {
	got, ds := Format([]byte("realm   \"a\" {\nname=\"x\"\n  display_name    =   1\n}\n"), "x.idp.hcl")
	if want := "realm \"a\" {\n  name         = \"x\"\n  display_name = 1\n}\n"; string(got) != want || len(ds) > 0 {
		t.Errorf("%s %v", got, ds)
	}
	if got, ds := Format([]byte("{ }"), "x.idp.hcl.json"); string(got) != "{ }" || len(ds) > 0 {
		t.Errorf("JSON: %s %v", got, ds)
	}
	if got, ds := Format([]byte("realm {"), "x.idp.hcl"); string(got) != "realm {" || !ds.HasErrors() || ds[0].Subject.String() != "x.idp.hcl:1:7" {
		t.Errorf("wrong syntax: %s %v", got, ds)
	}
}
