package run_test

import (
	"strings"
	"testing"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

const crowd = `
space "lab" {}
person "marty" {
  space = space.lab
  email = "marty@example.com"
  initial_password = "s3cret-enough"
}
data "persons" "all" {
  space = space.lab
}
output "mails" { value = join(",", sort(values(data.persons.all.persons)[*].email)) }
`

// What a data block finds, and this very plan changes, is said; with depends_on
// it is read in its turn, and the next plan is empty.
func TestDataThatThePlanChanges(t *testing.T) {
	w := newWorld(t, "space \"lab\" {}\n")
	w.apply()
	w.idp.Put("person", memory.Member("lab", "doc@example.com"))
	warned := func() string {
		t.Helper()
		_, diags := w.plan(plan.Normal)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, d := range diags {
			if d.Summary == "Read before it changes" {
				return d.Detail
			}
		}
		return ""
	}
	w.config(crowd)
	if got := warned(); !strings.Contains(got, "person.marty") || !strings.Contains(got, "depends_on") {
		t.Errorf("of a new person is told: %q", got)
	}
	after := strings.Replace(crowd, "data \"persons\" \"all\" {", "data \"persons\" \"all\" {\n  depends_on = [person.marty]", 1)
	w.config(after)
	w.wants("person.marty create", "output.mails create")
	if got := warned(); got != "" {
		t.Errorf("although it waits: %s", got)
	}
	w.apply()
	w.empty()
	if got := string(w.state().Outputs["mails"].Value); !strings.Contains(got, "doc@example.com,marty@example.com") {
		t.Errorf("found %s", got)
	}
	// Nothing changes: it is read while planning, as ever.
	w.config(crowd)
	if got := warned(); got != "" {
		t.Errorf("although nothing changes: %s", got)
	}
	w.config(strings.Replace(crowd, `email = "marty`, `full_name = "Marty"
  email = "marty`, 1))
	if got := warned(); !strings.Contains(got, "person.marty") {
		t.Errorf("of a change is told: %q", got)
	}
}

// In what the plan makes itself there is nobody to look up, unless the plan puts them
// there before: that is said before anything is made. What is there by itself is found.
func TestDataInWhatThePlanMakes(t *testing.T) {
	const lookup = `
space "lab" {}
person "marty" {
  space = space.lab
  email = "marty@example.com"
  initial_password = "s3cret-enough"
}
data "team" "everyone" {
  space = space.lab
  name  = "everyone"
}
data "persons" "all" {
  space = space.lab
}
data "person" "doc" {
  space = space.lab
  email = "doc@example.com"
}
`
	w := newWorld(t, lookup)
	_, diags := w.plan(plan.Normal)
	if len(diags) != 1 || diags[0].Summary != "Nothing can be found yet" || !strings.Contains(diags[0].Detail, "creates space.lab") || diags[0].Address != "data.person.doc" {
		t.Fatalf("of somebody in a new space is told: %v", diags)
	}
	for _, legitimate := range []string{
		strings.Replace(lookup, `"doc@example.com"`, `"marty@example.com"`+"\n  depends_on = [person.marty]", 1),
		strings.Replace(lookup, `"doc@example.com"`, "person.marty.email", 1),
	} {
		w := newWorld(t, legitimate)
		w.apply()
		w.empty()
	}
	w = newWorld(t, "space \"lab\" {}\n")
	w.apply()
	w.idp.Put("person", memory.Member("lab", "doc@example.com"))
	w.config(lookup)
	w.wants("person.marty create")
}

// Who is in a group is told by the group alone.
func TestFilteredDataThatThePlanChanges(t *testing.T) {
	team := `
space "lab" {}
person "marty" {
  space = space.lab
  email = "marty@example.com"
  initial_password = "s3cret-enough"
}
team "band" {
  space   = space.lab
  members = [person.marty]
}
`
	w := newWorld(t, team)
	w.apply()
	w.idp.Put("person", memory.Member("lab", "doc@example.com"))
	filtered := `
data "persons" "band" {
  space = space.lab
  team  = team.band
}
`
	doc := `
person "jennifer" {
  space = space.lab
  email = "jennifer@example.com"
  initial_password = "s3cret-enough"
}
`
	for name, tt := range map[string]struct {
		hcl  string
		told bool
	}{
		"nobody":              {team + filtered, false},
		"a person, not in it": {team + filtered + doc, false},
		"a person in it":      {strings.Replace(team, "[person.marty]", "[person.marty, person.jennifer]", 1) + filtered + doc, true},
	} {
		w.config(tt.hcl)
		_, diags := w.plan(plan.Normal)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got := strings.Contains(diags.Error(), "Read before it changes"); got != tt.told {
			t.Errorf("%s: told is %t: %v", name, got, diags)
		}
	}
}
