package run_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

var letters = []string{"a", "b", "c", "d"}

// anyConfig draws a configuration of one space, persons and teams.
func anyConfig(t *rapid.T, label string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "space \"lab\" {\n  force_destroy = true\n  title = %q\n  enabled = %t\n",
		rapid.SampledFrom([]string{"", "One", "Two"}).Draw(t, label+" title"), rapid.Bool().Draw(t, label+" enabled"))
	if rapid.Bool().Draw(t, label+" has mail") {
		fmt.Fprintf(&b, "  mail {\n    host = \"h%d\"\n    password = \"p\"\n    password_version = %d\n  }\n",
			rapid.IntRange(1, 2).Draw(t, label+" host"), rapid.IntRange(1, 2).Draw(t, label+" version"))
	}
	if rapid.Bool().Draw(t, label+" has theme") {
		fmt.Fprintf(&b, "  theme = %q\n", rapid.SampledFrom([]string{"dark", "light"}).Draw(t, label+" theme"))
	}
	b.WriteString("}\n")
	var persons []string
	for _, p := range letters {
		if !rapid.Bool().Draw(t, label+" person "+p) {
			continue
		}
		persons = append(persons, "person."+p)
		fmt.Fprintf(&b, "person %q {\n  space = space.lab\n  email = \"%s%d@example.com\"\n  username = \"user-%s\"\n  enabled = %t\n  initial_password = \"secret-%s\"\n",
			p, p, rapid.IntRange(1, 2).Draw(t, label+" mail "+p), p, rapid.Bool().Draw(t, label+" on "+p), p)
		if rapid.Bool().Draw(t, label+" attributes "+p) {
			fmt.Fprintf(&b, "  attributes = { %s = \"%d\" }\n", rapid.SampledFrom([]string{"k", "l"}).Draw(t, label+" key "+p), rapid.IntRange(1, 2).Draw(t, label+" value "+p))
		}
		b.WriteString("}\n")
	}
	for _, name := range letters[:2] {
		if !rapid.Bool().Draw(t, label+" team "+name) {
			continue
		}
		var members []string
		for _, p := range persons {
			if rapid.Bool().Draw(t, label+" member "+name+p) {
				members = append(members, p)
			}
		}
		fmt.Fprintf(&b, "team %q {\n  space = space.lab\n  members = [%s]\n  exclusive = %t\n}\n", name, strings.Join(members, ", "), rapid.Bool().Draw(t, label+" exclusive "+name))
	}
	return b.String()
}

// Whatever is there and whatever is wanted: after an apply the next plan is
// empty, twice over, with somebody else at work in between; and after a
// destroy exactly what others made is left.
func TestAnyWorldConverges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, anyConfig(rt, "first"))
		strangers := map[string]bool{}
		if rapid.Bool().Draw(rt, "space exists") {
			strangers[w.idp.Put("space", map[string]cty.Value{"name": cty.StringVal("lab"), "title": cty.StringVal("Theirs")})] = true
			for _, p := range letters {
				if rapid.Bool().Draw(rt, "exists "+p) {
					person := memory.Member("lab", p+"1@example.com")
					person["username"] = cty.StringVal("user-" + p)
					person["attributes"] = cty.MapVal(map[string]cty.Value{"k": cty.StringVal("theirs"), "z": cty.StringVal("theirs")})
					strangers[w.idp.Put("person", person)] = true
				}
			}
		}
		w.apply()
		w.empty()
		w.config(anyConfig(rt, "second"))
		for _, s := range w.idp.Snapshot() {
			if s.Kind == "person" && rapid.Bool().Draw(rt, "drift of "+s.Attr("username").AsString()) {
				w.idp.Change("person", s.ID, "full_name", cty.StringVal("Somebody"))
			}
		}
		w.apply()
		w.empty()
		_, diags := w.try(plan.Destroy)
		if diags.HasErrors() {
			rt.Fatal(diags)
		}
		for _, s := range w.idp.Snapshot() {
			if !s.Builtin && s.Kind != "site" && !strangers[s.ID] {
				rt.Errorf("left behind: %s %s", s.Kind, s.ID)
			}
			delete(strangers, s.ID)
		}
		for id := range strangers {
			rt.Errorf("somebody else's object is gone: %s", id)
		}
	})
}
