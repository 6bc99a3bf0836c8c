package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/providers"
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

// many is a folder with many mistakes at once.
type many struct {
	// environ leads to a server that may be asked nothing.
	environ func(address string) []string
	// providers are those that there are, as mistaken has them.
	providers []providers.Provider
	told      []told
	// kinds of mistakes, at least.
	kinds int
}

// TestManyMistakes: one run tells all of them, each with its place, and sends
// no request and writes no file.
func TestManyMistakes(t *testing.T) {
	forEachSubject(t, func(t *testing.T, s subject) {
		m := newMistaken(t, s.name+"-many", s.many.environ(noRequests(t))...)
		m.providers = s.many.providers
		m.tellsAll(s.name+"-many.txt", s.many, s.secrets)
	})
}

// tellsAll demands that the mistakes of the folder are told, and nothing else, in a
// text that a file has, without a secret.
func (m *mistaken) tellsAll(name string, many many, secrets []string) {
	t := m.t
	t.Helper()
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
	for _, want := range many.told {
		text := before[want.file]
		i := strings.Index(text, want.at)
		if i < 0 {
			t.Fatalf("%s has no %q", want.file, want.at)
		}
		at := want.file + ":" + lineAndColumn(text, i)
		if !places[place{at, want.summary}] {
			t.Errorf("at %s, %q, nothing is told of %q", at, want.at, want.summary)
		}
	}
	if n := len(many.told); len(said.Diagnostics) != n {
		t.Errorf("%d mistakes are told, and there are %d:\n%s", len(said.Diagnostics), n, p.out)
	}
	if len(summaries) < many.kinds {
		t.Errorf("only %d different mistakes", len(summaries))
	}

	first := m.run("plan")
	m.golden(name, first.errOut)
	toldOnce(t, first.errOut)
	nothingHarmful(t, secrets, p.out+first.errOut)
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
