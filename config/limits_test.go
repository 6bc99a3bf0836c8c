package config

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/idpctl/idpctl/resource"
)

// What nests too deeply is refused with its place before a parser sees it: a
// stack that overflows ends the process.
func TestNestingIsLimited(t *testing.T) {
	const n = 5_000
	wide := "locals {\n  x = [" + strings.Repeat("{ a = [1, 2 + 3, \"${4}\"] },\n", 20_000) + "]\n}\n"
	if _, ds := load(t, wide); len(ds) > 0 {
		t.Errorf("a long list is refused: %v", ds)
	}
	deep := map[string]string{
		"parentheses":  "x = " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n),
		"brackets":     "x = " + strings.Repeat("[", n) + strings.Repeat("]", n),
		"braces":       "x = " + strings.Repeat("{a=", n) + "1" + strings.Repeat("}", n),
		"templates":    "x = " + strings.Repeat(`"${`, n) + "1" + strings.Repeat(`}"`, n),
		"calls":        "x = " + strings.Repeat("f(", n) + strings.Repeat(")", n),
		"minuses":      "x = " + strings.Repeat("-", n) + "1",
		"nots":         "x = " + strings.Repeat("!", n) + "true",
		"sums":         "x = 1" + strings.Repeat("+1", n),
		"conditionals": "x = " + strings.Repeat("true ? 1 : ", n) + "1",
		"indexes":      "x = a" + strings.Repeat("[0]", n),
		"splats":       "x = a" + strings.Repeat("[*]", n),
		"old splats":   "x = a" + strings.Repeat(".*.b", n),
		"directives":   "x = \"" + strings.Repeat("%{ if true }", n) + strings.Repeat("%{ endif }", n) + "\"",
		"heredoc":      "x = <<EOT\n" + strings.Repeat("%{~ for a in b }", n) + "\nEOT",
		"fors":         "x = " + strings.Repeat("[for a in ", n) + "b" + strings.Repeat(": a]", n),
		"unclosed":     "x = " + strings.Repeat("(", n),
	}
	refused := func(t *testing.T, name, text string, files map[string]string, change ...func(*Options)) {
		t.Helper()
		m, ds := loadFiles(t, files, change...)
		if len(ds) == 0 || !strings.Contains(ds.Error(), "too deeply") && !strings.Contains(ds.Error(), "More than") {
			t.Errorf("%s is not refused: %.300v", name, ds)
		}
		if m == nil {
			t.Errorf("%s: no module", name)
		}
		_ = text
	}
	for name, text := range deep {
		refused(t, name, text, map[string]string{"main.idp.hcl": "locals {\n" + text + "\n}\n"})
		refused(t, name+" in a variable file", text, map[string]string{"main.idp.hcl": "variable \"x\" {}", "a.auto.idpvars": text})
		expression := strings.TrimPrefix(text, "x = ")
		refused(t, name+" in -var", text, map[string]string{"main.idp.hcl": "variable \"x\" {\n  type = any\n}"}, func(o *Options) {
			o.Vars = []VarSource{{Assignment: "x=" + expression}}
		})
		if _, ds := Format([]byte("locals {\n"+text+"\n}\n"), "x.idp.hcl"); !ds.HasErrors() {
			t.Errorf("Format takes %s", name)
		}
		quoted := strings.NewReplacer(`"`, `\"`, "\n", `\n`).Replace(expression)
		if !strings.Contains(name, "heredoc") && !strings.Contains(name, "directives") {
			refused(t, name+" in a JSON string", text, map[string]string{"main.idp.hcl.json": `{"locals": {"x": "${` + quoted + `}"}}`})
			// Where a name is expected, the string is not taken for a template.
			m, ds := loadFiles(t, map[string]string{"main.idp.hcl.json": `{"variable": {"x": {"type": "` + quoted + `", "default": 1}}}`})
			if m == nil || !ds.HasErrors() {
				t.Errorf("%s as a type is not refused", name)
			}
		}
	}
	refused(t, "JSON brackets", "", map[string]string{"main.idp.hcl.json": strings.Repeat("[", n)})
	refused(t, "JSON braces", "", map[string]string{"main.idp.hcl.json": strings.Repeat(`{"a":`, n)})
	refused(t, "blocks", "", map[string]string{"main.idp.hcl": strings.Repeat("a {\n", n)})

	for name, text := range map[string]string{
		"jsondecode": `jsondecode(join("", [for a in range(1000) : "[[[["]))`,
		"yamldecode": `yamldecode(join("", [for a in range(1000) : "- - "]))`,
	} {
		if _, ds := load(t, "locals {\n  x = "+text+"\n}\n"); !strings.Contains(ds.Error(), "nests deeper") {
			t.Errorf("%s: %v", name, ds)
		}
	}
}

func TestLocalChainIsLimited(t *testing.T) {
	chain := func(n int) string {
		var b strings.Builder
		b.WriteString("locals {\n  a0 = 1\n")
		for i := 1; i <= n; i++ {
			fmt.Fprintf(&b, "  a%d = local.a%d\n", i, i-1)
		}
		b.WriteString("}\n")
		return b.String()
	}
	if _, ds := load(t, chain(maxLocalDepth-1)); len(ds) > 0 {
		t.Errorf("a short chain: %v", ds)
	}
	if _, ds := load(t, chain(20_000)); len(ds) != 1 || !strings.Contains(ds.Error(), "nested too deeply") {
		t.Errorf("a long chain: %.300v", ds.Error())
	}
}

// benchmarkFiles are users that a table lists, and a group of all of them.
func benchmarkFiles(n int) map[string]string {
	var csv strings.Builder
	csv.WriteString("email,first_name,last_name\n")
	for i := range n {
		fmt.Fprintf(&csv, "User%d@example.com,F%d,L%d\n", i, i, i)
	}
	return map[string]string{"users.csv": csv.String(), "main.idp.hcl": preamble + `
user "team" {
  for_each   = { for u in csvdecode(file("users.csv")) : u.email => u }
  realm      = realm.main
  email      = each.value.email
  first_name = each.value.first_name
  last_name  = each.value.last_name
}
group "all" {
  realm   = realm.main
  members = user.team[*]
}
`}
}

// BenchmarkEvaluate10000 expands ten thousand users and a group of all.
func BenchmarkEvaluate10000(b *testing.B) {
	m, _ := loadFiles(b, benchmarkFiles(10_000))
	b.ReportAllocs()
	for b.Loop() {
		w := &world{e: m.Evaluator(), desired: map[string]resource.Desired{}}
		if ds := w.run(m, nil); len(ds) > 0 || len(w.order) != 10_003 {
			b.Fatalf("%d instances: %v", len(w.order), ds)
		}
	}
}

// BenchmarkLoad10000 loads them, with all checks.
func BenchmarkLoad10000(b *testing.B) {
	dir := folder(b, benchmarkFiles(10_000))
	b.ReportAllocs()
	for b.Loop() {
		if _, ds := Load(dir, fakeOptions()); len(ds) > 0 {
			b.Fatal(ds)
		}
	}
}

// BenchmarkResolve10000 resolves every user at apply time.
func BenchmarkResolve10000(b *testing.B) {
	m, _ := loadFiles(b, benchmarkFiles(10_000))
	w := &world{e: m.Evaluator(), desired: map[string]resource.Desired{}}
	w.run(m, nil)
	b.ReportAllocs()
	for b.Loop() {
		for _, addr := range w.order {
			d := w.desired[addr]
			got, ds := w.e.Resolve(d.Address)
			if len(ds) > 0 {
				b.Fatal(ds)
			}
			_ = got
			w.e.Set(d.Address, applied(d))
		}
	}
}

// BenchmarkLoadBlocks loads three thousand blocks and a group that names all.
func BenchmarkLoadBlocks(b *testing.B) {
	var text, all strings.Builder
	text.WriteString(preamble)
	for i := range 3000 {
		fmt.Fprintf(&text, "user \"u%d\" {\n  realm      = realm.main\n  email      = \"u%d@example.com\"\n  first_name = \"F\"\n  last_name  = \"L\"\n}\n", i, i)
		fmt.Fprintf(&all, "user.u%d, ", i)
	}
	dir := folder(b, map[string]string{"main.idp.hcl": text.String() + "group \"all\" {\n  realm   = realm.main\n  members = [" + all.String() + "]\n}\n"})
	b.ReportAllocs()
	for b.Loop() {
		if _, ds := Load(dir, fakeOptions()); len(ds) > 0 {
			b.Fatal(ds)
		}
	}
}

// What is taken to be flat without making tokens of it is so for the tokens too.
func TestFlatIsFlat(t *testing.T) {
	parts := []string{
		"a", "1", "1e5", ".", " + ", " - ", " * ", " / ", " == ", " ? ", " : ", " && ", "!", "[", "]", "(", ")", "{", "}", ",", "\n", ",\n", "\"", "\"x\"",
		"${", "%{", "~}", "#", "//", "/*", "*/", "<<EOT\n", "\nEOT\n", "=", "for", "if ", "\\",
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	flat := 0
	for range 4_000 {
		var b strings.Builder
		// A piece that repeats is what nests deeply.
		piece := ""
		for range 1 + rnd.IntN(6) {
			piece += parts[rnd.IntN(len(parts))]
		}
		b.WriteString("x = ")
		for range rnd.IntN(700) {
			b.WriteString(piece)
		}
		src := []byte(b.String())
		if !isFlat(src) {
			continue
		}
		flat++
		for _, s := range []syntax{configSyntax, expressionSyntax, templateSyntax} {
			if problem := countNesting(src, "x", hcl.InitialPos, s); problem != nil {
				t.Fatalf("%q repeated is called flat, but: %s", piece, problem.Detail)
			}
		}
	}
	if flat < 100 {
		t.Errorf("only %d texts were called flat", flat)
	}
}
