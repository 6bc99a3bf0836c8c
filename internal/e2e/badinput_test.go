package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// told is one of those in a folder: where it begins and what is said.
type told struct{ file, at, summary string }

// diagnosticsJSON is what validate -json prints.
type diagnosticsJSON struct {
	Diagnostics []struct {
		Severity, Summary, Detail string
		Range                     *struct {
			Filename string
			Start    struct{ Line, Column int }
		}
	}
}

// TestManyMistakes: one run tells all of them, each with its place, and sends
// no request and writes no file.
func TestManyMistakes(t *testing.T) {
	m := newMistaken(t, "many", "KEYCLOAK_URL="+noRequests(t), "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin")
	before := m.files()

	p := m.run("validate", "-json")
	if p.code != 1 {
		t.Errorf("validate -json exits with %d", p.code)
	}
	var said diagnosticsJSON
	if err := json.Unmarshal([]byte(p.out), &said); err != nil {
		t.Fatalf("%v in %s", err, p.out)
	}
	type place struct {
		at, summary string
	}
	places, summaries := map[place]bool{}, map[string]bool{}
	for _, d := range said.Diagnostics {
		if d.Range == nil {
			t.Errorf("no place: %s: %s", d.Summary, d.Detail)
			continue
		}
		if d.Detail == "" {
			t.Errorf("%s does not say what to do", d.Summary)
		}
		places[place{fmt.Sprintf("%s:%d:%d", d.Range.Filename, d.Range.Start.Line, d.Range.Start.Column), d.Summary}] = true
		summaries[d.Summary] = true
	}
	for _, want := range manyMistakes() {
		text := before[want.file]
		i := strings.Index(text, want.at)
		if i < 0 {
			t.Fatalf("%s has no %q", want.file, want.at)
		}
		line := strings.Count(text[:i], "\n") + 1
		column := i - strings.LastIndex(text[:i], "\n")
		at := fmt.Sprintf("%s:%d:%d", want.file, line, column)
		if !places[place{at, want.summary}] {
			t.Errorf("at %s, %q, nothing is told of %q", at, want.at, want.summary)
		}
	}
	if n := len(manyMistakes()); len(said.Diagnostics) != n {
		t.Errorf("%d mistakes are told, and there are %d:\n%s", len(said.Diagnostics), n, p.out)
	}
	if len(summaries) < 20 {
		t.Errorf("only %d different mistakes", len(summaries))
	}

	first := m.run("plan")
	m.golden("many.txt", first.errOut)
	toldOnce(t, first.errOut)
	for _, command := range []string{"plan", "apply -auto-approve", "destroy -auto-approve", "verify", "plan -refresh=false"} {
		p := m.run(strings.Fields(command)...)
		if p.code != 1 || p.out != "" || p.errOut != first.errOut {
			t.Errorf("idpctl %s exits with %d, says to standard output %q, and differs from plan by %t", command, p.code, p.out, p.errOut != first.errOut)
		}
	}
	if after := m.files(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("the folder holds other files now: %v", after)
	}
}

// TestSyntaxMistakes: a mistake of syntax hides what follows in its file, but
// not those in other files. What a broken file quotes is not shown.
func TestSyntaxMistakes(t *testing.T) {
	m := newMistaken(t, "syntax", "KEYCLOAK_URL="+noRequests(t), "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin")
	p := m.run("plan")
	if p.code != 1 || p.out != "" {
		t.Errorf("exit code %d: %s", p.code, p.out)
	}
	for name := range m.files() {
		if !strings.Contains(p.errOut, "on "+name+" line ") {
			t.Errorf("nothing is told of %s", name)
		}
	}
	if strings.Contains(p.errOut, "correct-horse") {
		t.Error("a password is shown")
	}
	m.golden("syntax.txt", p.errOut)
}

// TestForeignNames: who comes from another identity provider is told what to
// write, and who is ahead of this version, that it comes.
func TestForeignNames(t *testing.T) {
	m := newMistaken(t, "foreign", "KEYCLOAK_URL="+noRequests(t), "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin")
	p := m.run("plan")
	if p.code != 1 || p.out != "" {
		t.Errorf("exit code %d: %s", p.code, p.out)
	}
	m.golden("foreign.txt", p.errOut)
	toldOnce(t, p.errOut)
}

func manyMistakes() []told {
	const main, people = "main.idp.hcl", "people.idp.hcl"
	return []told{
		{main, `"sso.example.com"`, "Invalid value for url"},
		{main, "0\n}", "Invalid value for timeout"},
		{main, `"okta"`, "Unknown provider"},
		{main, `"marty"`, "Invalid default value for variable"},
		{main, `variable "first_name"`, "Invalid value for variable"},
		{main, "half  = local.whole", "Cycle"},
		{main, "display_nam ", "Unsupported argument"},
		{main, `"soon"`, "Incorrect attribute value type"},
		{main, `"internal"`, "Invalid value for ssl_required"},
		{main, "70000", "Invalid value for port"},
		{main, "smtp_server {\n    host = \"mail2", "Duplicate smtp_server block"},
		{main, "realm.influxd\n", "Reference to undeclared resource"},
		{main, "grant_types", "Unsupported argument"},
		{main, `usr "marty"`, "Unsupported block type"},
		{main, "var.keycloak_password\n}\n\noutput", "Output refers to sensitive values"},
		{main, ".emial", "Unsupported attribute"},
		{main, "output \"email\" {\n  value = user.marty.email\n", "Duplicate output definition"},
		{main, "var.keycloak_pasword", "Reference to undeclared input variable"},
		{people, `"mcfly.example.com"`, "Invalid value for email"},
		{people, "usage_location", "Unsupported argument"},
		{people, `""`, "Invalid value for username"},
		{people, `"brown@example.com"`, "Duplicate user"},
		{people, `"perhaps"`, "Incorrect attribute value type"},
		{people, `user "doc"`, "Missing required argument"},
		{people, "user \"doc\" {\n  realm      = realm.influxdb\n  email      = \"doc", "Duplicate user configuration"},
		{people, `["a", "b"]`, "Invalid for_each argument"},
		{people, "capitalise", "Call to unknown function"},
		{people, "each.valeu", "Invalid \"each\" attribute"},
		{people, "true\n\n  lifecycle", "Conflicting arguments"},
		{people, "prevent_destory", "Unsupported argument"},
		{people, `group "one"`, "Cycle"},
		{people, "[client.influxctl", "Invalid reference"},
		{people, `[client.influxctl, "marty"]`, "Invalid reference"},
		{people, `data "user" "lorraine"`, "Invalid combination of arguments"},
		{people, "first_name = \"Biff\"", "Unsupported argument"},
		{people, "[user.marty]", "Admins of different realms"},
		{people, "[data.user.lorraine]", "Admins of different realms"},
		{people, `"./myinfluxdb.yml"`, "Two targets write one file"},
	}
}
