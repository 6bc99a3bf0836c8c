package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A short file cannot take all the memory there is: what would make too much is
// refused at its place, before it is made.
func TestLargeValuesAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"width":               `x = format("%2000000000s", "")`,
		"padded number":       `x = format("%099999999999999d", 1)`,
		"precision":           `x = format("%.2000000000f", 1)`,
		"sensitive width":     `x = format(sensitive("%2000000000s"), "")`,
		"formatlist":          `x = formatlist("%900000s", local.a)`,
		"setproduct":          `x = setproduct(local.a, local.a, local.a)`,
		"setproduct overflow": `x = setproduct(local.a, local.a, local.a, local.a, local.a, local.a, local.a, local.a)`,
		"indent":              `x = indent(2000000000, "\n")`,
		"number":              `x = upper(1e999999999)`,
		"small number":        `x = upper(1E-1001)`,
	} {
		_, ds := load(t, "locals {\n  a = range(1000)\n  "+text+"\n}\n")
		if len(ds) != 1 || ds[0].Subject.Start.Line != 3 || !strings.Contains(ds.Error(), "MiB") && !strings.Contains(ds.Error(), "sensitive value") && ds[0].Summary != "Number too long" {
			t.Errorf("%s is not refused at its line: %.300v", name, ds.Error())
		}
	}
	files := map[string]string{"x.idp.hcl.json": `{"locals": {"on": true, "x": [1e3, 1E+999999999]}}`}
	if _, ds := loadFiles(t, files); len(ds) != 1 || ds[0].Summary != "Number too long" {
		t.Errorf("JSON: %v", ds)
	}
}

// Local values that double, and aliases that multiply, are refused at the line
// that makes too much, once.
func TestGrowthIsRefused(t *testing.T) {
	doubling := func(first, format string) string {
		text := "locals {\n  v0 = " + first + "\n"
		for i := range 50 {
			text += fmt.Sprintf("  v%d = "+format+"\n", i+1, i)
		}
		return text + "}\noutput \"n\" {\n  value = local.v50\n}\n"
	}
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 9 {
		alias := fmt.Sprintf("*a%d", i)
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.Join(slices.Repeat([]string{alias}, 10), ","))
	}
	for name, text := range map[string]string{
		"lists":   doubling(`["x"]`, `concat(local.v%[2]d, local.v%[2]d)`),
		"tuples":  doubling(`["x"]`, `[local.v%[2]d, local.v%[2]d]`),
		"texts":   doubling(`"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"`, `"${local.v%[2]d}${local.v%[2]d}"`),
		"aliases": "locals {\n  x = yamldecode(<<-EOT\n" + bomb + "EOT\n)\n}\n",
	} {
		_, ds := load(t, text)
		if len(ds) == 0 || ds[0].Subject.Start.Line < 2 || !strings.Contains(ds.Error(), "more than 64 MiB") {
			t.Errorf("%s are not refused: %.300v", name, ds.Error())
		}
	}
	if _, ds := load(t, "locals {\n  x = yamldecode(\"a: &a {b: 1}\\nc: *a\\nd: {<<: *a}\")\n}\n"); len(ds) > 0 {
		t.Errorf("ordinary aliases are refused: %v", ds)
	}
}

// What is large and meant is taken, and so is what only looks large.
func TestLargeValuesThatAreMeant(t *testing.T) {
	for name, text := range map[string]string{
		"a product":     `x = length(setproduct(range(1000), range(300)))`,
		"a text":        `x = length(format("%1000000s", ""))`,
		"a sequence":    `x = [for i in range(1000) : format("user-%04d", i)]`,
		"exponents":     `x = 1e100 + 1e-100`,
		"unknown":       `x = format("%5s-%%-%[1]d", var.y)`,
		"hexadecimal":   `x = "1e999999999"`,
		"an identifier": "e1 = 5\n  x = local.e1",
	} {
		if _, ds := load(t, "variable \"y\" {\n  default = 1\n}\nlocals {\n  "+text+"\n}\n"); len(ds) > 0 {
			t.Errorf("%s is refused: %v", name, ds)
		}
	}
}
