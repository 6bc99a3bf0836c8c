package run_test

import (
	"context"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

const two = `
space "lab" {}
person "a" {
  space = space.lab
  email = "a@example.com"
  initial_password = "s3cret-enough"
}
person "b" {
  space = space.lab
  email = "b@example.com"
  initial_password = "s3cret-enough"
}
`

// A user name that nobody wrote comes from the e-mail when the user is made,
// and stays.
func TestAChangedEmailRenamesNobody(t *testing.T) {
	w := newWorld(t, two)
	w.apply()
	before, _ := w.idp.Find("person", "lab", "a@example.com")
	w.config(strings.Replace(two, "a@example.com", "new@example.com", 1))
	w.wants("person.a update")
	w.apply()
	w.empty()
	after, there := w.idp.Find("person", "lab", "a@example.com")
	if !there || after.ID != before.ID || after.Attr("email").AsString() != "new@example.com" {
		t.Errorf("the person is %+v", after)
	}
}

// What only one may have cannot change hands within one plan.
func TestExchangesAreRefused(t *testing.T) {
	for name, config := range map[string]string{
		"swap":  strings.NewReplacer("a@example.com", "b@example.com", "b@example.com", "a@example.com").Replace(two),
		"chain": strings.NewReplacer("a@example.com", "b@example.com", "b@example.com", "c@example.com").Replace(two),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, two)
			w.apply()
			w.config(config)
			w.refused(plan.Normal, "Exchange of email", "person.a would get the email that person.b has now")
			w.config(strings.Replace(two, "b@example.com", "c@example.com", 1))
			w.apply()
			w.empty()
		})
	}
}

// Nor can it pass from somebody who is deleted, as deletions come last; in
// another home it is free.
func TestWhatTheDeletedHadIsRefused(t *testing.T) {
	alone := two[:strings.Index(two, "person \"b\"")]
	w := newWorld(t, two)
	w.apply()
	w.config(strings.Replace(alone, "a@example.com", "b@example.com", 1))
	w.refused(plan.Normal, "person.a would get the email of person.b, which the same plan deletes", "main.idp.hcl:6:11")
	w.config(alone)
	w.apply()
	w.config(strings.Replace(alone, "a@example.com", "b@example.com", 1))
	w.apply()
	w.empty()

	w = newWorld(t, two+"space \"other\" {}\nperson \"c\" {\n  space = space.other\n  email = \"c@example.com\"\n  initial_password = \"s3cret-enough\"\n}\n")
	w.apply()
	w.config(strings.Replace(two, "b@example.com", "c@example.com", 1) + "space \"other\" {}\n")
	w.apply()
	w.empty()
}

// What somebody has whom nobody manages is in the way of a change, as it is of
// a creation.
func TestWhatAStrangerHasIsInTheWay(t *testing.T) {
	w := newWorld(t, two+"team \"t\" {\n  space = space.lab\n}\n")
	w.apply()
	w.idp.Put("person", memory.Member("lab", "taken@example.com"))
	w.idp.Put("team", map[string]cty.Value{"space": cty.StringVal("lab"), "name": cty.StringVal("theirs")})
	w.config(strings.Replace(two, "a@example.com", "taken@example.com", 1) + "team \"t\" {\n  space = space.lab\n}\n")
	w.refused(plan.Normal, "Another object is in the way", `email "taken@example.com"`, "main.idp.hcl:6:11")
	w.config(two + "team \"t\" {\n  space = space.lab\n  name = \"theirs\"\n}\n")
	w.refused(plan.Normal, "Another object is in the way", `name "theirs"`)
	w.config(two + "team \"t\" {\n  space = space.lab\n  name = \"ours\"\n}\n")
	w.apply()
	w.empty()
}

// So it is of a replacement: what was there is not deleted for a creation that the
// server would refuse.
func TestWhatAStrangerHasIsInTheWayOfAReplacement(t *testing.T) {
	home := "space \"lab\" {\n  name = \"NAME\"\n}\n"
	named := func(name string) string { return strings.Replace(home, "NAME", name, 1) }
	w := newWorld(t, named("lab"))
	w.apply()
	id := w.idp.Put("space", map[string]cty.Value{"name": cty.StringVal("theirs")})
	w.config(named("theirs"))
	w.refused(plan.Normal, "Another object is in the way", `name "theirs"`, "space.lab", "main.idp.hcl:3:10")
	w.idp.Remove("space", id)
	w.wants("space.lab replace")
	w.apply()
	w.empty()

	w = newWorld(t, two)
	w.apply()
	w.idp.Put("person", memory.Member("lab", "taken@example.com"))
	w.config(strings.Replace(two, `email = "a@example.com"`, "email = \"a@example.com\"\n  username = \"taken@example.com\"", 1))
	w.refused(plan.Normal, "Another object is in the way", `username "taken@example.com"`)
}

// What a stranger makes between the two halves of a replacement is not ours: no
// earlier request can have made it.
func TestAReplacementTakesNothingOfAStranger(t *testing.T) {
	const named = "email = \"a@example.com\"\n  username = \"new@example.com\""
	w := newWorld(t, two)
	w.apply()
	w.config(strings.Replace(two, `email = "a@example.com"`, named, 1))
	theirs := ""
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		if theirs == "" && r.Kind == "person" && r.Mutates() && r.Operations[0].Verb == providers.Create {
			theirs = w.idp.Put("person", memory.Member("lab", "new@example.com"))
		}
		return memory.None
	})
	s, diags := w.try(plan.Normal)
	if diags.HasErrors() || len(s.Failed) != 1 || !strings.Contains(s.Failed[0].Diagnostic.Summary, "exists") {
		t.Fatalf("failed: %+v, %v", s, diags)
	}
	w.idp.SetFault(nil)
	for _, o := range w.state().Objects {
		if o.ID == theirs || o.Address.Name == "a" {
			t.Errorf("the state has %s with the id %s", o.Address, o.ID)
		}
	}
	if p, _ := w.plan(plan.Normal); p != nil && len(p.Recovered) > 0 {
		t.Error("an intent was left open")
	}
}

// What lies in a home that is deleted by force goes with it, and the plan says
// so, whatever its own block says.
func TestReleaseInsideOfAForcedHome(t *testing.T) {
	config := strings.Replace(two, `space "lab" {}`, `space "lab" { force_destroy = true }`, 1)
	config = strings.Replace(config, `email = "a@example.com"`, "email = \"a@example.com\"\n  on_destroy = \"release\"", 1)
	w := newWorld(t, config)
	w.apply()
	p, diags := w.plan(plan.Destroy)
	if diags.HasErrors() {
		t.Fatal(diags.Error())
	}
	for _, c := range p.Changes {
		if c.Address.String() == "person.a" && (c.Action != plan.Delete || c.Reason != "because space.lab, which it is in, has force_destroy = true") {
			t.Errorf("person.a: %s %s", c.Action, c.Reason)
		}
	}
	w.destroy()
	if _, there := w.idp.Find("person", "lab", "a@example.com"); there {
		t.Error("person.a is still there")
	}
	w.config(strings.Replace(config, "force_destroy = true", "", 1))
	w.apply()
	w.refused(plan.Destroy, "1 person that the plan does not delete")
}

// Who is to be released goes with a home that is replaced, and the plan says so.
func TestReleaseInsideOfAReplacedHome(t *testing.T) {
	home := "space \"lab\" {\n  force_destroy = true\n}\n"
	inside := func(space string) string {
		return strings.Replace(two, "space \"lab\" {}\n", space, 1)
	}
	keep := strings.Replace(inside(home), "b@example.com\"", "b@example.com\"\n  on_destroy = \"release\"", 1)
	w := newWorld(t, keep)
	w.apply()
	renamed := strings.Replace(inside(strings.Replace(home, "{\n", "{\n  name = \"lab2\"\n", 1)), two[strings.Index(two, "person \"b\""):], "", 1)
	w.config(renamed)
	p := w.wants("space.lab replace", "person.a replace", "person.b delete")
	for _, c := range p.Changes {
		if c.Address.Name == "b" && !strings.Contains(c.Reason, "space.lab, which it lives in, is replaced") {
			t.Errorf("the reason is %q", c.Reason)
		}
	}
	w.apply()
	w.empty()
}
