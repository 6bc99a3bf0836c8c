package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestTemplates(t *testing.T) {
	m, ds := loadFiles(t, map[string]string{
		"main.idp.hcl": `
variable "people" {
  default = [{ name = "ada", admin = true }, { name = "bob", admin = false }]
}
output "a" { value = templatefile("list.tpl", { people = var.people, realm = "main" }) }
output "b" { value = templatefile("${path.module}/number.tpl", { n = 1 }) }
output "c" { value = templatefile("plain.tpl", {}) }
output "d" { value = templatefile("plain.tpl", tomap({ a = "x" })) }
output "e" { value = templatefile("functions.tpl", { people = var.people }) }
output "f" { value = try(templatefile("gone.tpl", {}), "none") }
`,
		"list.tpl":   "%{ for p in people ~}\n- ${p.name}%{ if p.admin } (admin of ${realm})%{ endif }\n%{ endfor ~}\n",
		"number.tpl": "${n}", "plain.tpl": "as it is $${here}", "more.txt": "more",
		"functions.tpl": `${jsonencode(people[*].name)} ${file("more.txt")} ${people[length("x")].name}`,
	})
	if len(ds) > 0 {
		t.Fatal(ds.Error())
	}
	outs, _ := m.Evaluator().Outputs()
	for i, want := range []string{`"- ada (admin of main)\n- bob\n"`, `"1"`, `"as it is ${here}"`, `"as it is ${here}"`, `"[\"ada\",\"bob\"] more bob"`, `"none"`} {
		if got := show(outs[i].Value); got != want {
			t.Errorf("output %s = %s, want %s", outs[i].Name, got, want)
		}
	}
}

// A mistake in a template is told with its file and line; with what is wrong,
// unless that could hold a secret.
func TestMistakesInTemplates(t *testing.T) {
	for _, c := range []struct{ name, template, vars, want string }{
		{"missing variable", "a\n${nam}", `{ name = "x" }`, `sub/t.tpl:2: vars has no "nam". Did you mean "name"?`},
		{"syntax", "a\n\n${name name}", `{ name = "x" }`, `sub/t.tpl:3: Extra characters after interpolation expression`},
		{"recursion", "\n${templatefile(\"t.tpl\", {})}", `{}`, `sub/t.tpl:2: a template cannot call templatefile`},
		{"unknown function", "${uper(name)}", `{ name = "x" }`, `sub/t.tpl:1: There is no function named "uper". Did you mean "upper"?`},
		{"no time", "${timestamp()}", `{}`, `a plan must be reproducible`},
		{"wrong type", "\n${tonumber(name)}", `{ name = "x" }`, `sub/t.tpl:2: Invalid function argument`},
		{"a list", "${names}", `{ names = ["x"] }`, `sub/t.tpl:1: the template is a single value that is no text`},
		{"null", "${name}", `{ name = null }`, `sub/t.tpl:1: the template is a single value that is null`},
		{"null within", "a ${name}", `{ name = null }`, `sub/t.tpl:1: Invalid template interpolation value`},
		{"vars", "a", `["x"]`, `it must be a map or an object`},
		{"name of a variable", "a", `{ "a b" = "x" }`, `"a b" cannot be the name of a variable`},
		{"depth", strings.Repeat("${[", 300), `{}`, `sub/t.tpl:1: Expression nested too deeply`},
		{"not known", "${nowhere(x)}", `{ x = realm.main.id }`, `sub/t.tpl:1: There is no function named "nowhere"`},
		{"secret", "\n${tonumber(name)}", `{ name = sensitive("hunter2") }`, `It is at sub/t.tpl:2.`},
		{"secret of the template", "\n${tonumber(sensitive(name))}", `{ name = "hunter2" }`, `sub/t.tpl:2: ` + strings.TrimSuffix(hiddenDetail, ".")},
		{"secret variable", "\n${name[\"hunter2\"]}", `{ name = var.pw }`, `It is at sub/t.tpl:2.`},
	} {
		config := preamble + "variable \"pw\" {\n  sensitive = true\n  default = \"hunter2\"\n}\n" + fmt.Sprintf("locals {\n  x = templatefile(\"sub/t.tpl\", %s)\n}\n", c.vars)
		dir := folder(t, map[string]string{"main.idp.hcl": config})
		writeTemplate(t, c.template)
		_, ds := Load(dir, fakeOptions())
		if len(ds) != 1 || !strings.Contains(ds.Error(), c.want) || ds[0].Subject.Filename != "main.idp.hcl" {
			t.Errorf("%s: %v", c.name, ds.Error())
		}
		if strings.Contains(ds.Error(), "hunter2") {
			t.Errorf("%s shows a secret: %v", c.name, ds)
		}
	}
}

func writeTemplate(t *testing.T, text string) {
	t.Helper()
	if err := os.Mkdir("sub", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("sub/t.tpl", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
