package run_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

const martyAlone = `
space "lab" {}
person "marty" {
  space     = space.lab
  email     = "marty@example.com"
  full_name = trimspace(file("name"))
  generate_password = true
}
person "emmett" {
  space = space.lab
  email = "emmett@example.com"
}
`

// afterCreation does something once, between the creation of the person and
// the next read.
func (w *world) afterCreation(do func()) {
	var mu sync.Mutex
	created, done := false, false
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.Kind != "person" || done:
		case r.Mutates():
			created = true
		case created:
			done = true
			do()
		}
		return memory.None
	})
}

// failure is what an apply says of the one change that failed.
func (w *world) failure(address string) string {
	w.t.Helper()
	s, diags := w.try(plan.Normal)
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	if len(s.Failed) != 1 || s.Failed[0].Address.String() != address {
		w.t.Fatalf("failed: %+v, want %s alone", s.Failed, address)
	}
	d := s.Failed[0].Diagnostic
	return d.Summary + ". " + d.Detail
}

// A value that the server took and did not keep is an error of the apply, and
// drift in the next plan.
func TestServerThatDoesNotKeep(t *testing.T) {
	w := newWorld(t, martyAlone)
	w.write("name", "Marty")
	w.afterCreation(func() {
		o, _ := w.idp.Find("person", "lab", "marty@example.com")
		w.idp.Change("person", o.ID, "full_name", cty.StringVal("Nobody"))
	})
	if got := w.failure("person.marty"); !strings.Contains(got, "The server did not keep full_name") {
		t.Errorf("told: %s", got)
	}
	w.wants("person.marty update")
	w.apply()
	w.empty()
}

// Somebody removes what was just made.
func TestObjectThatVanishes(t *testing.T) {
	w := newWorld(t, martyAlone)
	w.write("name", "Marty")
	w.afterCreation(func() {
		o, _ := w.idp.Find("person", "lab", "marty@example.com")
		w.idp.Remove("person", o.ID)
	})
	if got := w.failure("person.marty"); !strings.Contains(got, "Object vanished") {
		t.Errorf("told: %s", got)
	}
	w.apply()
	w.empty()
	if n := len(w.delivered["person.marty"]); n == 0 {
		t.Error("no password was delivered")
	}
}

// A file changes between plan and apply. What was known is done as it was
// planned; where something had to be evaluated again and came out otherwise,
// nothing is done, and all else is.
func TestApplyDoesWhatWasPlanned(t *testing.T) {
	w := newWorld(t, martyAlone+`
person "jennifer" {
  space      = space.lab
  email      = "jennifer@example.com"
  full_name  = trimspace(file("name"))
  attributes = { issuer = space.lab.issuer }
}
`)
	w.write("name", "Marty")
	r, _, diags := run.Open(context.Background(), w.opts)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := r.Plan(context.Background(), plan.Normal)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	w.write("name", "Biff")
	s, diags := r.Apply(context.Background(), p, run.ApplyOptions{Deliver: w.receive})
	if diags = append(diags, r.Close()...); diags.HasErrors() {
		t.Fatal(diags)
	}
	if len(s.Failed) != 1 || s.Failed[0].Diagnostic.Summary != "Value differs from the plan" || s.Added != 3 {
		t.Errorf("%d added, failed: %+v", s.Added, s.Failed)
	}
	if _, there := w.idp.Find("person", "lab", "jennifer@example.com"); there {
		t.Error("somebody was made who was not planned so")
	}
	if marty, _ := w.idp.Find("person", "lab", "marty@example.com"); !marty.Attr("full_name").RawEquals(cty.StringVal("Marty")) {
		t.Errorf("planned as Marty, made as %#v", marty.Attr("full_name"))
	}
	w.wants("person.jennifer create", "person.marty update")
}

// Passwords that cannot be written are made anew by the next apply.
func TestPasswordsThatCannotBeDelivered(t *testing.T) {
	w := newWorld(t, martyAlone)
	w.write("name", "Marty")
	w.deliver = func() error { return errors.New("the disk is full") }
	s, diags := w.try(plan.Normal)
	if diags.HasErrors() || s.Added != 3 {
		t.Fatalf("%+v, %v", s, diags)
	}
	if !s.Diagnostics.HasErrors() || !strings.Contains(s.Diagnostics.Error(), "The passwords of person.marty were set and could not be written: the disk is full") || s.OK() {
		t.Errorf("told: %v, ok %t", s.Diagnostics, s.OK())
	}
	lost, _ := w.idp.Find("person", "lab", "marty@example.com")
	w.deliver = nil
	w.wants("person.marty update deliver")
	w.apply()
	w.empty()
	now, _ := w.idp.Find("person", "lab", "marty@example.com")
	if got := w.delivered["person.marty"]; len(got) != 1 || got[0] != now.Password || now.Password == lost.Password {
		t.Errorf("delivered %q, the password is %q and was %q", got, now.Password, lost.Password)
	}
}

// An update that failed gives no claim on what it did not write: who writes it
// afterwards is somebody else.
func TestFailedUpdateOwnsNothing(t *testing.T) {
	const marty = "space \"lab\" {}\nperson \"marty\" {\n  space = space.lab\n  email = \"marty@example.com\"\n%s}\n"
	with := strings.Replace(marty, "%s", "  attributes = { dept = \"db\" }\n", 1)
	without := strings.Replace(marty, "%s", "", 1)
	for _, fault := range []memory.Fault{memory.Partly, memory.Refuse} {
		failedUpdate(t, fault, with, without)
	}
}

func failedUpdate(t *testing.T, fault memory.Fault, with, without string) {
	t.Helper()
	w := newWorld(t, without)
	w.apply()
	w.config(with)
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		if r.Mutates() {
			return fault
		}
		return memory.None
	})
	w.failure("person.marty")
	w.idp.SetFault(nil)
	w.wants("person.marty update") // and not as somebody else's change
	o, _ := w.idp.Find("person", "lab", "marty@example.com")
	w.idp.Change("person", o.ID, "attributes", cty.MapVal(map[string]cty.Value{"dept": cty.StringVal("db")}))
	w.config(without)
	w.empty()
	w.apply()
	if o, _ = w.idp.Find("person", "lab", "marty@example.com"); o.Attr("attributes").LengthInt() != 1 {
		t.Error("what an administrator wrote is gone")
	}
}

// Another kind of first credential replaces one that never arrived.
func TestInvitationThatFailedThenPassword(t *testing.T) {
	const marty = "space \"lab\" {}\nperson \"marty\" {\n  space = space.lab\n  email = \"marty@example.com\"\n  % = true\n}\n"
	w := newWorld(t, strings.Replace(marty, "%", "generate_password", 1))
	w.deliver = func() error { return errors.New("the disk is full") }
	if _, diags := w.try(plan.Normal); diags.HasErrors() {
		t.Fatal(diags)
	}
	w.config(strings.Replace(marty, "%", "invite", 1))
	w.apply()
	w.empty()
	if n := len(w.state().Pending); n > 0 {
		t.Errorf("%d credentials are still pending", n)
	}
}

// What the server is known to refuse, the plan refuses, at its place.
func TestRefusedByThePlan(t *testing.T) {
	w := newWorld(t, strings.Replace(lab, "Marty McFly", "Marty <McFly>", 1))
	w.refused(plan.Normal, "main.idp.hcl:11:15: full_name has a character that the server does not take")
	if len(w.idp.Snapshot()) != 1 { // the site, which was there before
		t.Errorf("something was made: %v", w.idp.Snapshot())
	}
}
