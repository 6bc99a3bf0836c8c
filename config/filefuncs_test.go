package config

import (
	"strings"
	"testing"
)

func TestFunctionsOfFilesAndCollections(t *testing.T) {
	for expr, want := range map[string]string{
		`templatefile("greet.tftpl", { name = "Marty", all = ["a", "b"] })`: `"Hello Marty: a, b!\n"`,
		`templatefile("greet.tftpl", local.vars)`:                           `"Hello Doc: !\n"`,
		`templatefile("one.tftpl", { n = 5 })`:                              `5`,
		`filemd5("abc")`:                                                    `"900150983cd24fb0d6963f7d28e17f72"`,
		`filesha1("abc")`:                                                   `"a9993e364706816aba3e25717850c26c9cd0d89d"`,
		`filesha256("abc")`:                                                 `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`,
		`filesha512("abc") == sha512("abc")`:                                `true`,
		`filebase64sha256("abc") == base64sha256("abc")`:                    `true`,
		`filebase64sha512("abc") == base64sha512("abc")`:                    `true`,
		`base64sha256("abc")`:                                               `"ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="`,
		`timecmp("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00")`:      `0`,
		`timecmp("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")`:           `-1`,
		`transpose({ ada = ["dev", "ops"], ben = ["ops"] })`:                `{"dev":["ada"],"ops":["ada","ben"]}`,
		`transpose({})`:                                                     `{}`,
		`matchkeys(["a", "b", "c"], ["x", "y", "x"], ["x"])`:                `["a","c"]`,
		`matchkeys(["a"], ["x"], ["z"])`:                                    `[]`,
		`issensitive(templatefile("one.tftpl", { n = sensitive("p") }))`:    `true`,
	} {
		files := map[string]string{
			"main.idp.hcl": "locals {\n  vars = { name = \"Doc\", all = [] }\n}\noutput \"x\" {\n  value = jsonencode(" + expr + ")\n  sensitive = true\n}\n",
			"greet.tftpl":  "Hello ${name}: ${join(\", \", all)}!\n", "one.tftpl": "${n}", "abc": "abc",
		}
		m, ds := loadFiles(t, files)
		if ds.HasErrors() {
			t.Errorf("%s: %v", expr, ds)
			continue
		}
		e := m.Evaluator()
		outputs, ds := e.Outputs()
		if ds.HasErrors() || len(outputs) != 1 {
			t.Errorf("%s: %v", expr, ds)
			continue
		}
		v, _ := outputs[0].Value.Unmark()
		if got := v.AsString(); got != want {
			t.Errorf("%s is %s, not %s", expr, got, want)
		}
	}
}

// What is wrong in a template is told with its own place, and a secret that it
// was given is not.
func TestTemplatesThatFail(t *testing.T) {
	for name, test := range map[string]struct{ expr, template, want string }{
		"no such variable": {`templatefile("t", { name = 1 })`, "a\n${nam}", `vars has no "nam", which`},
		"its place":        {`templatefile("t", { name = 1 })`, "a\n${nam}", "t:2,3"},
		"a function":       {`templatefile("t", {})`, "a\n${nonsense()}", "t:2:3: "},
		"itself":           {`templatefile("t", {})`, `${templatefile("t", {})}`, "templatefile"},
		"syntax":           {`templatefile("t", {})`, "a ${", "t:1:"},
		"a type":           {`templatefile("t", ["x"])`, "a", "a map of variables is required"},
		"a name":           {`templatefile("t", { "1x" = 1 })`, "a", "cannot be the name of a variable"},
		"no file":          {`templatefile("none", {})`, "a", "no such file"},
		"deep":             {`templatefile("t", {})`, strings.Repeat("${[", 5000), "More than 200 levels"},
		"a secret":         {`templatefile("t", { p = sensitive("canary") })`, "${parseint(p, 10)}", "sensitive value"},
		"a time":           {`timecmp("yesterday", "2026-01-01T00:00:00Z")`, "", "is no time as of RFC 3339"},
		"lengths":          {`matchkeys(["a"], [], [])`, "", "the same number of elements"},
	} {
		_, ds := loadFiles(t, map[string]string{"main.idp.hcl": "locals {\n  x = " + test.expr + "\n}\n", "t": test.template})
		if len(ds) != 1 || ds[0].Subject.Start.Line != 2 || !strings.Contains(ds.Error(), test.want) || strings.Contains(ds.Error(), "canary") {
			t.Errorf("%s: %v", name, ds)
		}
	}
}
