package run_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
	"github.com/idpctl/idpctl/state"
)

// Somebody puts a person into the space while the question "really destroy?"
// waits for an answer: the space stays.
func TestDestroyLooksAgain(t *testing.T) {
	w := newWorld(t, lab)
	w.apply()
	r, _, diags := run.Open(context.Background(), w.opts)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := r.Plan(context.Background(), plan.Destroy)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	w.idp.Put("person", memory.Member("lab", "late@example.com"))
	s, diags := r.Apply(context.Background(), p, run.ApplyOptions{})
	if diags = append(diags, r.Close()...); diags.HasErrors() {
		t.Fatal(diags)
	}
	if len(s.Failed) != 1 || !strings.Contains(s.Failed[0].Diagnostic.Detail, "1 person") {
		t.Errorf("failed: %+v", s.Failed)
	}
	if _, there := w.idp.Find("person", "lab", "late@example.com"); !there {
		t.Error("somebody else's person is gone")
	}
}

const oneMarty = `
space "lab" { force_destroy = true }
person "marty" {
  space = space.lab
  email = "marty@example.com"
  generate_password = true
}
`

// The request of a run that died arrives when the next one sends its own: the
// object is known as ours, what differs is changed, and a password delivered.
func TestLateCreation(t *testing.T) {
	for name, second := range map[string]string{"same wish": oneMarty, "another wish": strings.Replace(oneMarty, `email = "marty@example.com"`, `email = "marty@example.com"
  full_name = "Marty"`, 1)} {
		w := newWorld(t, oneMarty)
		w.killAt("person", memory.DropBefore)
		w.config(second)
		var once sync.Once
		w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
			if r.Mutates() && r.Kind == "person" {
				once.Do(func() { w.idp.Put("person", memory.Member("lab", "marty@example.com")) })
			}
			return memory.None
		})
		w.apply()
		w.idp.SetFault(nil)
		w.empty()
		marty, _ := w.idp.Find("person", "lab", "marty@example.com")
		if got := w.delivered["person.marty"]; len(got) != 1 || got[0] != marty.Password {
			t.Errorf("%s: delivered %q, valid is %q", name, got, marty.Password)
		}
		if o, _ := w.state().Object(w.state().Objects[0].Address); o.Origin != state.Created {
			t.Errorf("%s: it counts as %s", name, o.Origin)
		}
	}
}

// The server refuses a second object, and does not show the first one yet: it
// is in the midst of making it.
func TestCreationThatIsHalfVisible(t *testing.T) {
	for _, pauses := range []int{1, 3} {
		w := newWorld(t, oneMarty)
		w.killAt("person", memory.DropBefore)
		id := ""
		w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
			switch {
			case r.Kind != "person":
			case r.Mutates() && id == "":
				id = w.idp.Put("person", memory.Member("lab", "marty@example.com"))
			case id != "" && pauses > 0:
				w.idp.Remove("person", id)
			}
			return memory.None
		})
		w.pause = func() {
			if pauses--; pauses == 0 {
				w.idp.Put("person", memory.Member("lab", "marty@example.com"))
			}
		}
		w.apply()
		w.idp.SetFault(nil)
		w.empty()
		if pauses != 0 {
			t.Errorf("%d pauses are left", pauses)
		}
		marty, _ := w.idp.Find("person", "lab", "marty@example.com")
		if got := w.delivered["person.marty"]; len(got) != 1 || got[0] != marty.Password {
			t.Errorf("delivered %q, valid is %q", got, marty.Password)
		}
	}
}

// The same, and then the change fails: the object is not forgotten.
func TestLateCreationThatCannotBeChanged(t *testing.T) {
	w := newWorld(t, oneMarty)
	w.killAt("person", memory.DropBefore)
	n := 0
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		if r.Mutates() && r.Kind == "person" {
			if n++; n == 1 {
				w.idp.Put("person", memory.Member("lab", "marty@example.com"))
			} else {
				return memory.DropBefore
			}
		}
		return memory.None
	})
	if s, diags := w.try(plan.Normal); diags.HasErrors() || len(s.Failed) != 1 {
		t.Fatal(s, diags)
	}
	w.idp.SetFault(nil)
	w.apply()
	w.empty()
	marty, _ := w.idp.Find("person", "lab", "marty@example.com")
	if got := w.delivered["person.marty"]; len(got) != 1 || got[0] != marty.Password {
		t.Errorf("delivered %q, valid is %q", got, marty.Password)
	}
}

// The request of a run that died is done between the look for what it left open
// and the search for what may exist: nobody is asked to adopt what is ours.
func TestCreationSeenLate(t *testing.T) {
	for name, second := range map[string]string{"same wish": oneMarty, "another wish": strings.Replace(oneMarty, `email = "marty@example.com"`, `email = "marty@example.com"
  full_name = "Marty"`, 1)} {
		w := newWorld(t, oneMarty)
		w.killAt("person", memory.DropBefore)
		w.config(second)
		reads := 0
		w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
			if !r.Mutates() && r.Kind == "person" {
				if reads++; reads == 2 {
					w.idp.Put("person", memory.Member("lab", "marty@example.com"))
				}
			}
			return memory.None
		})
		p, diags := w.plan(plan.Normal)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if reads < 2 || len(p.Adoptions()) != 0 {
			t.Fatalf("%s: after %d reads %d adoptions", name, reads, len(p.Adoptions()))
		}
		w.idp.SetFault(nil)
		w.apply()
		w.empty()
		marty, _ := w.idp.Find("person", "lab", "marty@example.com")
		if got := w.delivered["person.marty"]; len(got) != 1 || got[0] != marty.Password {
			t.Errorf("%s: delivered %q, valid is %q", name, got, marty.Password)
		}
	}
}

// The same, and the plan that saw it is applied itself.
func TestCreationSeenLateByTheApply(t *testing.T) {
	w := newWorld(t, oneMarty)
	w.killAt("person", memory.DropBefore)
	reads := 0
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		if !r.Mutates() && r.Kind == "person" {
			if reads++; reads == 2 {
				w.idp.Put("person", memory.Member("lab", "marty@example.com"))
			}
		}
		return memory.None
	})
	if s := w.apply(); s.Added != 0 {
		t.Errorf("%d added", s.Added)
	}
	w.empty()
	marty, _ := w.idp.Find("person", "lab", "marty@example.com")
	if got := w.delivered["person.marty"]; len(got) != 1 || got[0] != marty.Password {
		t.Errorf("delivered %q, valid is %q", got, marty.Password)
	}
	if o, _ := w.state().Object(w.state().Objects[0].Address); o.Origin != state.Created {
		t.Errorf("it counts as %s", o.Origin)
	}
}

// A password that was set, not delivered, and is no longer asked for is given
// up: the plan must not promise a delivery for ever.
func TestCredentialNoLongerWanted(t *testing.T) {
	w := newWorld(t, oneMarty)
	w.killAt("person", memory.DropAfter)
	w.config(strings.Replace(oneMarty, "generate_password = true", "", 1))
	w.apply()
	w.empty()
	if s := w.state(); len(s.Pending) > 0 {
		t.Errorf("still pending: %v", s.Pending)
	}
}

// Without a namespace every copy of an example has the same markers: taking an
// object back by one needs approval.
func TestMarkerWithoutNamespaceNeedsApproval(t *testing.T) {
	for namespace, silent := range map[string]bool{"": false, `idpctl { namespace = "prod" }`: true} {
		hcl := namespace + "\nspace \"lab\" {}\n"
		mine := newWorld(t, hcl)
		mine.apply()
		other := newWorld(t, hcl)
		other.idp = mine.idp
		other.opts.Providers = []providers.Provider{mine.idp}
		p := other.wants("space.lab no-op reclaim")
		if got := len(p.Adoptions()) == 0; got != silent {
			t.Errorf("with %q silent: %v", namespace, got)
		}
	}
}

func TestStateOfAnotherNamespace(t *testing.T) {
	w := newWorld(t, "space \"lab\" {}\n")
	w.apply()
	w.config("idpctl { namespace = \"other\" }\nspace \"lab\" {}\n")
	w.refused(plan.Normal, "State of another namespace", `"other"`)
}

// Where a run died, a stranger who has the e-mail by now is a conflict like any
// other, and not taken for what that run made.
func TestAStrangerIsNotALateCreation(t *testing.T) {
	w := newWorld(t, oneMarty)
	w.killAt("person", memory.DropBefore)
	w.pause = func() {}
	var once sync.Once
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		if r.Mutates() && r.Kind == "person" {
			once.Do(func() {
				w.idp.Put("person", map[string]cty.Value{
					"space": cty.StringVal("lab"), "username": cty.StringVal("stranger"), "email": cty.StringVal("marty@example.com"),
				})
			})
		}
		return memory.None
	})
	if told := w.failure("person.marty"); !strings.Contains(told, "with the same email exists") {
		t.Errorf("told: %s", told)
	}
	for _, o := range w.state().Objects {
		if o.Kind == "person" {
			t.Errorf("the state has %+v", o)
		}
	}
}

// Somebody else's object that is in the way of a request which was repeated is a
// conflict like any other: nothing of it is left open.
func TestAStrangerInTheWayOfARepetition(t *testing.T) {
	w := newWorld(t, oneMarty)
	tries := 0
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		if !r.Mutates() || r.Kind != "person" {
			return memory.None
		}
		if tries++; tries == 1 {
			return memory.DropBefore
		}
		if tries == 2 {
			w.idp.Put("person", map[string]cty.Value{
				"space": cty.StringVal("lab"), "username": cty.StringVal("stranger"), "email": cty.StringVal("marty@example.com"),
			})
		}
		return memory.None
	})
	s, diags := w.try(plan.Normal)
	if diags.HasErrors() || len(s.Failed) != 1 {
		t.Fatalf("%v, %+v", diags, s)
	}
	if open := w.state().Intents; len(open) > 0 {
		t.Errorf("it is left open: %+v", open)
	}
}
