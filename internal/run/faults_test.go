package run_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

// once lets the first request go wrong that does something to a kind.
func (w *world) once(fault memory.Fault, kind string, verb providers.Verb) {
	var mu sync.Mutex
	done := false
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		mu.Lock()
		defer mu.Unlock()
		if done || r.Kind != kind || !r.Mutates() || r.Operations[0].Verb != verb {
			return memory.None
		}
		done = true
		return fault
	})
}

// An answer that is lost is looked for within the run, whatever was asked.
func TestLostAnswersOfEveryVerb(t *testing.T) {
	const invited = `
space "lab" { force_destroy = true }
person "marty" {
  space  = space.lab
  email  = "marty@example.com"
  invite = true
}
`
	without := `space "lab" { force_destroy = true }`
	moved := strings.Replace(oneMarty, `email = "marty@example.com"`, `username = "calvin"
  email = "marty@example.com"`, 1)
	for name, test := range map[string]struct {
		before, after string
		verb          providers.Verb
	}{
		"creation":    {without, oneMarty, providers.Create},
		"invitation":  {without, invited, providers.Create},
		"deletion":    {oneMarty, without, providers.Delete},
		"replacement": {oneMarty, moved, providers.Delete},
		"second half": {oneMarty, moved, providers.Create},
	} {
		for fault, what := range map[memory.Fault]string{memory.DropBefore: "before", memory.DropAfter: "after"} {
			w := newWorld(t, test.before)
			w.apply()
			w.config(test.after)
			w.once(fault, "person", test.verb)
			s := w.apply()
			w.idp.SetFault(nil)
			if !s.OK() {
				t.Errorf("%s, %s the server did it: %+v %v", name, what, s.Failed, s.Diagnostics)
			}
			w.empty()
			marty, there := w.idp.Find("person", "lab", "marty@example.com")
			if !there {
				marty, there = w.idp.Find("person", "lab", "calvin")
			}
			if there == (test.after == without) {
				t.Errorf("%s, %s: the person is there: %v", name, what, there)
			}
			if got := w.delivered["person.marty"]; there && test.after != invited && got[len(got)-1] != marty.Password {
				t.Errorf("%s, %s: delivered %q, valid is %q", name, what, got, marty.Password)
			}
			if n := marty.Invitations; test.after == invited && (n == 0 || n > 2) {
				t.Errorf("%s: %d invitations", what, n)
			}
		}
	}
}

// A refusal in the midst of a replacement leaves the state as the server is.
func TestReplacementThatIsRefused(t *testing.T) {
	moved := strings.Replace(oneMarty, `email = "marty@example.com"`, `username = "calvin"
  email = "marty@example.com"`, 1)
	for verb, left := range map[providers.Verb]int{providers.Delete: 1, providers.Create: 0} {
		w := newWorld(t, oneMarty)
		w.apply()
		w.config(moved)
		w.once(memory.Refuse, "person", verb)
		if got := w.failure("person.marty"); !strings.Contains(got, "may not do this") {
			t.Errorf("%s: told %s", verb, got)
		}
		w.idp.SetFault(nil)
		n := 0
		for _, o := range w.state().Objects {
			if o.Kind == "person" {
				n++
			}
		}
		if n != left {
			t.Errorf("%s refused: the state has %d persons, not %d", verb, n, left)
		}
		w.apply()
		w.empty()
	}
}

// A step after the creation that fails leaves an object in the state, owns what
// of its parts arrived, and delivers the password with the next apply.
func TestLaterStepThatFails(t *testing.T) {
	config := strings.Replace(oneMarty, `generate_password = true`, `generate_password = true
  attributes = { floor = "3" }`, 1)
	w := newWorld(t, config)
	w.once(memory.Partly, "person", providers.Create)
	if got := w.failure("person.marty"); !strings.Contains(got, "not all of it") {
		t.Errorf("told %s", got)
	}
	if len(w.delivered["person.marty"]) != 0 {
		t.Error("a password was delivered that may not be set")
	}
	w.idp.SetFault(nil)
	marty, _ := w.idp.Find("person", "lab", "marty@example.com")
	w.idp.Change("person", marty.ID, "attributes", cty.MapVal(map[string]cty.Value{"theirs": cty.StringVal("x")}))
	w.apply()
	w.empty()
	marty, _ = w.idp.Find("person", "lab", "marty@example.com")
	if got := w.delivered["person.marty"]; len(got) != 1 || got[0] != marty.Password {
		t.Errorf("delivered %q, valid is %q", got, marty.Password)
	}
	if m := marty.Attr("attributes").AsValueMap(); len(m) != 2 {
		t.Errorf("attributes are %v", m)
	}
	for _, o := range w.state().Objects {
		if o.Kind == "person" && o.Origin != "created" {
			t.Errorf("it counts as %s", o.Origin)
		}
	}
	if s := w.destroy(); !s.OK() {
		t.Errorf("%+v", s)
	}
}

// A creation in several steps of which the first was done when the answer was
// lost is finished within the run.
func TestLostAnswerBetweenSteps(t *testing.T) {
	w := newWorld(t, lab)
	var once sync.Once
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		fault := memory.None
		if r.Mutates() && r.Kind == "team" {
			once.Do(func() {
				w.idp.Put("team", map[string]cty.Value{"space": cty.StringVal("lab"), "name": cty.StringVal("drivers")})
				fault = memory.DropBefore
			})
		}
		return fault
	})
	if s := w.apply(); !s.OK() || s.Added != 4 {
		t.Errorf("added %d: %+v", s.Added, s.Failed)
	}
	w.idp.SetFault(nil)
	w.empty()
	team, there := w.idp.Find("team", "lab", "drivers")
	if !there || team.Attr("members").LengthInt() != 2 {
		t.Errorf("the team is %+v", team)
	}
}
