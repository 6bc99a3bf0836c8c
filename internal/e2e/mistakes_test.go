package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
)

// mistake is something wrong with a configuration, or with what it is asked about.
type mistake struct {
	name string
	// hcl follows the subject's block, or this one.
	block, hcl string
	// at is where the message points: the beginning of the text that is written
	// there. It is "" where the message is about no place alone.
	at string
	// says are words of the message.
	says string
	// adopts are the addresses of what would be taken over, which an unattended run
	// refuses: says is then a line of the plan.
	adopts []string
	// server is one of its own, in the place of the subject's.
	server func(t testing.TB) emulation
	// late: only the server knows, and says so when it is asked to do it. made are
	// the objects that are there then. Everything else is told before anything is
	// changed.
	late bool
	made []string
}

// TestMistakes: each is told with its place before anything is changed, and no
// secret with it.
func TestMistakes(t *testing.T) {
	forEachSubject(t, func(t *testing.T, s subject) {
		if len(s.mistakes) < 8 {
			t.Errorf("only %d mistakes", len(s.mistakes))
		}
		for _, m := range s.mistakes {
			t.Run(m.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { m.isTold(t, s) })
			})
		}
	})
}

func (m mistake) isTold(t *testing.T, s subject) {
	start := s.mistaken
	if m.server != nil {
		start = m.server
	}
	if m.block != "" {
		s.block = m.block
	}
	server := start(t)
	b := newBubble(t, s, server, m.hcl)
	objects, files := server.objects(t), filesIn(t, b.dir)
	if len(m.adopts) > 0 {
		m.wouldAdopt(b)
		m.leaves(t, b, server, objects, files)
		return
	}

	sum, diags := b.try(plan.Normal)
	if m.late && sum != nil {
		for _, f := range sum.Failed {
			diags = append(diags, f.Diagnostic)
		}
		diags = append(diags, sum.Diagnostics...)
	}
	said, at := diags.Error(), m.place(t, s.block)
	if !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && strings.Contains(d.Error(), m.says) && strings.HasSuffix(d.Subject.String(), at)
	}) {
		t.Errorf("at %s, %q, %q is not told: %s", at, m.at, m.says, said)
	}
	for _, secret := range s.secrets {
		if strings.Contains(said, secret) {
			t.Errorf("%.6s… is told: %s", secret, said)
		}
	}
	m.leaves(t, b, server, objects, files)
}

// wouldAdopt demands that a plan shows what it would take over, and with which
// change.
func (m mistake) wouldAdopt(b *bubble) {
	b.t.Helper()
	var taken []string
	for _, c := range b.plan().Adoptions() {
		taken = append(taken, c.Address.String())
	}
	lines, _ := b.lines(plan.Normal)
	if !slices.Equal(taken, m.adopts) || !slices.Contains(lines, m.says) {
		b.t.Errorf("the plan adopts %v, and not %v; it says %q, and is to say %q", taken, m.adopts, lines, m.says)
	}
}

// leaves demands that nothing is changed but what the server could not foresee.
func (m mistake) leaves(t *testing.T, b *bubble, server emulation, objects []string, files map[string]string) {
	t.Helper()
	if m.late {
		objects = slices.Sorted(slices.Values(append(objects, m.made...)))
	} else if n := b.faults.Mutations(); n > 0 {
		t.Errorf("%d requests changed something", n)
	} else if after := filesIn(t, b.dir); !maps.Equal(files, after) {
		t.Errorf("files were changed: %v", changedFiles(files, after))
	}
	if after := server.objects(t); !slices.Equal(after, objects) {
		t.Errorf("there are %v, and not %v", after, objects)
	}
}

// place is the line and the column of what the message points at.
func (m mistake) place(t *testing.T, block string) string {
	t.Helper()
	if m.at == "" {
		return ""
	}
	text := block + m.hcl
	i := strings.Index(text, m.at)
	if i < 0 {
		t.Fatalf("there is no %q", m.at)
	}
	return "main.idp.hcl:" + lineAndColumn(text, i)
}

// lineAndColumn says where a text is at a byte.
func lineAndColumn(text string, at int) string {
	return fmt.Sprintf("%d:%d", strings.Count(text[:at], "\n")+1, at-strings.LastIndex(text[:at], "\n"))
}
