package config

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// The mark of a sensitive value follows it through every kind of expression.
func TestSensitivityFollows(t *testing.T) {
	expressions := map[string]string{
		"itself":              `var.pw`,
		"local":               `local.pw`,
		"template":            `"x-${var.pw}"`,
		"heredoc":             "<<-EOT\n  ${var.pw}\n  EOT\n",
		"directive":           `"%{ if var.pw == "" }a%{ else }b%{ endif }"`,
		"directive for":       `"%{ for c in [var.pw] }${c}%{ endfor }"`,
		"conditional":         `true ? var.pw : "x"`,
		"condition":           `var.pw == "x" ? "a" : "b"`,
		"for":                 `[for x in [var.pw] : upper(x)]`,
		"for condition":       `[for x in ["a"] : x if x == var.pw]`,
		"for object":          `{ for x in [var.pw] : "k" => x }`,
		"for key":             `{ for x in [var.pw] : x => 1 }`,
		"object value":        `{ a = var.pw }`,
		"object key":          `{ (var.pw) = 1 }`,
		"tuple":               `[var.pw]`,
		"splat":               `var.objects[*].secret`,
		"splat of a map":      `user.team[*].last_name`,
		"index":               `{ a = var.pw }["a"]`,
		"index by it":         `{ hunter2 = "x" }[var.pw]`,
		"attribute":           `var.object.secret`,
		"operator":            `length(var.pw) + 1`,
		"comparison":          `var.pw != "x"`,
		"logic":               `!(var.pw == "x") && true`,
		"function":            `upper(var.pw)`,
		"own function":        `replace(var.pw, "h", "H")`,
		"length":              `length(var.pw)`,
		"lookup":              `lookup({ a = var.pw }, "a")`,
		"lookup by it":        `lookup({ hunter2 = 1 }, var.pw, 2)`,
		"lookup default":      `lookup({}, "b", var.pw)`,
		"index function":      `index(["hunter2"], var.pw)`,
		"one":                 `one([var.pw])`,
		"alltrue":             `alltrue([var.pw == "x"])`,
		"sum":                 `sum([length(var.pw)])`,
		"startswith":          `startswith(var.pw, "h")`,
		"base64":              `base64decode(base64encode(var.pw))`,
		"json":                `jsondecode(jsonencode({ a = var.pw })).a`,
		"yaml":                `yamldecode(yamlencode({ a = var.pw }))`,
		"hash":                `sha256(var.pw)`,
		"try":                 `try(var.pw, "x")`,
		"try second":          `try(tonumber("x"), var.pw)`,
		"coalesce":            `coalesce(var.pw, "x")`,
		"merge":               `merge({ a = 1 }, { b = var.pw })`,
		"concat":              `concat(["a"], [var.pw])`,
		"flatten":             `flatten([[var.pw]])`,
		"values":              `values({ a = var.pw })`,
		"toset":               `toset([var.pw])`,
		"join":                `join(",", [var.pw])`,
		"format":              `format("%s", var.pw)`,
		"sensitive":           `sensitive("x")`,
		"deep":                `{ a = [{ b = "c-${var.pw}" }] }`,
		"sensitive attribute": `realm.smtp.secret_note`,
		"file":                `try(file(var.pw), var.pw)`,
	}
	plain := map[string]string{
		"nonsensitive":     `nonsensitive(var.pw)`,
		"write-only":       `user.plain.initial_password`,
		"other attribute":  `var.object.open`,
		"whole reference":  `user.plain`,
		"issensitive":      `issensitive(var.pw)`,
		"can":              `realm.smtp.name`,
		"unset sensitive":  `user.plain.initial_password == null`,
		"keys of a map":    `keys({ a = 1 })`,
		"parts of a tuple": `[var.pw, "open"][1]`,
	}
	var b strings.Builder
	b.WriteString(preamble + `
variable "pw" {
  default   = "hunter2"
  sensitive = true
}
variable "objects" {
  default   = [{ secret = "hunter2" }]
  sensitive = true
}
locals {
  pw = var.pw
}
variable "object" {
  default = { open = "x" }
}
locals {
  object = { secret = var.pw, open = "x" }
}
realm "smtp" {
}
user "plain" {
  realm            = realm.main
  email            = "p@example.com"
  first_name       = "F"
  last_name        = "L"
  initial_password = var.pw
}
user "team" {
  for_each   = toset(["a"])
  realm      = realm.main
  email      = "t@example.com"
  first_name = "F"
  last_name  = var.pw
}
`)
	text := strings.NewReplacer("var.object.", "local.object.")
	name := func(s string) string { return strings.NewReplacer(" ", "_", "-", "_").Replace(s) }
	for n, e := range expressions {
		b.WriteString("output \"s_" + name(n) + "\" {\n  sensitive = true\n  value = " + text.Replace(e) + "\n}\n")
	}
	for n, e := range plain {
		b.WriteString("output \"p_" + name(n) + "\" {\n  value = " + text.Replace(e) + "\n}\n")
	}
	m := mustLoad(t, b.String(), func(o *Options) {
		info := fakeKeycloak()
		info.Kinds[0].Attributes = append(info.Kinds[0].Attributes, resource.Attribute{Name: "secret_note", Type: cty.String, Computed: true, Sensitive: true})
		o.Providers["keycloak"] = info
	})
	// The declaration of an output marks its value, so it is taken away here.
	for _, o := range m.outputs {
		o.sensitive = false
	}
	w := evaluate(t, m, applied)
	end := w.e.begin()
	for n := range expressions {
		o := m.outputs["s_"+name(n)]
		v, ok := w.e.eval(o.value, w.e.scope(o, o.value.refs), resource.Address{})
		if !ok || !resource.IsSensitive(v) {
			t.Errorf("%s: %s is not sensitive (%v)", n, show(v), w.e.report.list)
		}
	}
	for n := range plain {
		o := m.outputs["p_"+name(n)]
		v, ok := w.e.eval(o.value, w.e.scope(o, o.value.refs), resource.Address{})
		if !ok || resource.IsSensitive(v) {
			t.Errorf("%s: %s is sensitive", n, show(v))
		}
	}
	end()
	d := w.desired["user.plain"]
	if got := show(d.Attrs.GetAttr("initial_password")); got != `«"hunter2"»` {
		t.Errorf("initial_password %s", got)
	}
}

// Source masks the literals that end up in something sensitive, and nothing
// moves.
func TestSourceMasksSecrets(t *testing.T) {
	files := map[string]string{
		"main.idp.hcl": `variable "pw" {
  sensitive = true
  default   = "hunter2-äöü€😀"
}
variable "parts" {
  default = { a = "hunter2" }
}
variable "shown" {
  default = "visible"
}
locals {
  pw    = "hunter2"
  other = sensitive("hunter2")
  open  = "visible"
}
provider "keycloak" {
  url      = "https://visible.example.com"
  password = "hunter2"
}
realm "main" {
  smtp {
    host     = "visible"
    password = join("", [local.pw, "hunter2", var.parts["a"]])
  }
}
realm "dynamic" {
  dynamic "smtp" {
    for_each = ["visible"]
    content {
      host     = "visible"
      password = <<-EOT
        hunter2
        hunter2
      EOT
    }
  }
}
user "u" {
  realm            = realm.main
  email            = "visible@example.com"
  first_name       = "visible"
  last_name        = "visible"
  initial_password = "hunter2 hunter2"
}
output "o" {
  value     = "hunter2"
  sensitive = true
}
`,
		"more.idp.hcl.json": `{"user": {"j": {"realm": "${realm.main}", "email": "visible2@example.com", "first_name": "visible",
  "last_name": "visible", "initial_password": "hun\u0074er2${var.pw}hunter2"}},
 "variable": {"jpw": {"sensitive": true, "default": {"k": "hunter2"}}}}`,
		"x.auto.idpvars":   "pw = \"hunter2\"\nshown = \"visible\"\njpw = {\n  a = \"hunter2\"\n}\n",
		"broken.idp.hcl":   "",
		"nothing-else.txt": "hunter2",
	}
	delete(files, "broken.idp.hcl")
	m, ds := loadFiles(t, files)
	if len(ds) > 0 {
		t.Fatal(ds.Error())
	}
	for _, name := range []string{"main.idp.hcl", "more.idp.hcl.json", "x.auto.idpvars"} {
		got := string(m.Source(name))
		if strings.Contains(got, "hunter2") || strings.Contains(got, "er2") || strings.Contains(got, "äöü") {
			t.Errorf("%s shows a secret:\n%s", name, got)
		}
		if n, want := strings.Count(got, "visible"), strings.Count(files[name], "visible"); n != want {
			t.Errorf("%s shows %d of %d harmless values:\n%s", name, n, want, got)
		}
		if len(got) != len(files[name]) || len([]rune(got)) != len([]rune(files[name])) {
			t.Errorf("%s: the length changed", name)
		}
	}
	if m.Source("nothing-else.txt") != nil || m.Source(commandLine) != nil {
		t.Error("a file that was not read has a source")
	}
}

func TestBrokenSourceMasksSecrets(t *testing.T) {
	for name, text := range map[string]string{
		"main.idp.hcl":      "provider \"keycloak\" {\n  password = \"hunter2\n}\nvariable \"x\" {\n  default = {\n    a = \"hunter2\"\n  }\n}\nlocals {\n  h = <<EOT\nhunter2\nEOT\n  n = 1 +\n}\n",
		"main.idp.hcl.json": "{\"provider\": {\"keycloak\": {\"password\": \"hunter2\", \"x\": \"a\\\"hunter2\"}},\n \"password\": hunter2,\n \"list\": [\"hunter2\",, \"hunter2\"]",
		"one.idp.hcl":       "provider \"keycloak\" { password = hunter2 \"hunter2\" }",
		"cut.idp.hcl":       "user \"x\" {\n  initial_password = \"hunter2",
	} {
		m, ds := loadFiles(t, map[string]string{name: text})
		if !ds.HasErrors() {
			t.Errorf("%s: no error", name)
		}
		if got := tell(m, ds) + string(m.Source(name)); strings.Contains(got, "hunter2") {
			t.Errorf("%s shows a secret:\n%s", name, got)
		}
	}
	m, ds := loadFiles(t, map[string]string{"main.idp.hcl": "variable \"x\" {}\n", "a.auto.idpvars": "x = {\n  y = hunter2 \"hunter2\"\n  z = 12345\n"})
	if got := tell(m, ds) + string(m.Source("a.auto.idpvars")); strings.Contains(got, "hunter2") || strings.Contains(got, "12345") {
		t.Errorf("a variable file shows a secret:\n%s", got)
	}
}

// A password under a misspelt name, and one without quotes, is shown neither in
// the source nor in what is said of it.
func TestMistypedSecrets(t *testing.T) {
	for name, text := range map[string]string{
		"misspelt":         "  passwrd = \"CANARY\"\n",
		"another name":     "  pw = \"CANARY\"\n",
		"without quotes":   "  password = CANARY\n",
		"with a dash":      "  password = CANARY-1985\n",
		"in a template":    "  password = \"x-${CANARY}\"\n",
		"misspelt, bare":   "  passwrd = CANARY\n",
		"misspelt, nested": "  passwrd = { a = [\"CANARY\"] }\n",
	} {
		src := "provider \"keycloak\" {\n  url = \"https://sso.example.com\"\n" + text + "}\n"
		m, ds := load(t, src)
		if !ds.HasErrors() || strings.Contains(ds.Error(), "CANARY") {
			t.Errorf("%s: %v", name, ds)
		}
		if shown := string(m.Source("main.idp.hcl")); shown == "" || strings.Contains(shown, "CANARY") {
			t.Errorf("%s: the source shows %q", name, shown)
		}
	}
}
