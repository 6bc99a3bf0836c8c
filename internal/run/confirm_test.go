package run_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

const people = `space "lab" {}

person "p" {
  for_each         = toset(["a", "b", "c"])
  space            = space.lab
  email            = "${each.key}@example.com"
  full_name        = "Somebody"
  initial_password = "s3cret-enough"
}
`

// indexed runs a test where a search index is a minute behind.
func indexed(t *testing.T, hcl string, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorldAt(t, memory.Options{Index: time.Minute}, hcl)) })
}

// changes are the addresses of a plan that change, with what they do.
func changesOf(p *plan.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		if c.IsChange() {
			out = append(out, string(c.Action)+" "+c.Address.String())
		}
	}
	return out
}

func (w *world) changes(want ...string) *plan.Plan {
	w.t.Helper()
	p, diags := w.plan(plan.Normal)
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	if got := changesOf(p.Plan); !slices.Equal(got, want) {
		w.t.Errorf("the plan is to %q, not %q", got, want)
	}
	return p.Plan
}

// No change is invented where the index has not seen the last apply, and an empty
// plan of what it has seen takes one request.
func TestAnIndexThatIsBehindInventsNothing(t *testing.T) {
	indexed(t, people, func(t *testing.T, w *world) {
		w.apply()
		w.empty()
		w.config(strings.ReplaceAll(people, "Somebody", "Nobody"))
		w.apply()
		w.empty()
		time.Sleep(time.Hour)
		requests, ids := w.reads("person")
		w.empty()
		if *requests != 1 {
			t.Errorf("%d requests, for %v ids", *requests, *ids)
		}
	})
}

// What somebody else changed a moment ago may be missing, which the plan says;
// strictly, it is there, and later it is anyway.
func TestYoungDriftIsSeenStrictly(t *testing.T) {
	indexed(t, people, func(t *testing.T, w *world) {
		w.apply()
		time.Sleep(time.Hour)
		was, _ := w.idp.Find("person", "lab", "a@example.com")
		now := was.Attrs.AsValueMap()
		now["full_name"] = cty.StringVal("Somebody Else")
		w.idp.Do(providers.Operation{
			Verb: providers.Update, Kind: "person", ID: was.ID, Before: was.Attrs, After: cty.ObjectVal(now), Changed: []string{"full_name"},
		})
		p := w.changes()
		if len(p.MayLag) != 1 || !strings.Contains(p.MayLag[0], "-refresh=strict") {
			t.Errorf("the plan says %q", p.MayLag)
		}
		w.opts.Strict = true
		if p := w.changes(`update person.p["a"]`); len(p.MayLag) != 0 {
			t.Errorf("the plan says %q", p.MayLag)
		}
		w.opts.Strict = false
		time.Sleep(2 * time.Minute)
		w.changes(`update person.p["a"]`)
	})
}

// Who is gone and still in the index is neither adopted nor taken for who is there.
func TestWhoIsGoneIsNotAdopted(t *testing.T) {
	indexed(t, people, func(t *testing.T, w *world) {
		w.apply()
		time.Sleep(time.Hour)
		w.config(`space "lab" {}`)
		w.apply()
		w.config(people)
		w.changes(`create person.p["a"]`, `create person.p["b"]`, `create person.p["c"]`)
		w.apply()
		w.empty()
	})
}

// Who is looked up is found although the index has not seen them, and as they are.
func TestALookUpIsNotLate(t *testing.T) {
	indexed(t, `space "lab" {}`, func(t *testing.T, w *world) {
		w.apply()
		w.idp.Put("person", memory.Member("lab", "old@example.com"))
		had, _ := w.idp.Find("person", "lab", "old@example.com")
		now := had.Attrs.AsValueMap()
		now["id"], now["username"], now["email"] = cty.NullVal(cty.String), cty.StringVal("new@example.com"), cty.StringVal("new@example.com")
		w.idp.Do(providers.Operation{Verb: providers.Create, Kind: "person", After: cty.ObjectVal(now)})
		w.config(`space "lab" {}
data "person" "new" {
  space = space.lab
  email = "new@example.com"
}
output "name" {
  value = data.person.new.username
}
`)
		w.apply()
	})
}

// Many who were being made when a run died are looked for with one request, and the
// index that is behind is not believed of those whom it does not have.
func TestManyWhoWereBeingMadeAreFound(t *testing.T) {
	const many = `space "lab" {}

person "p" {
  count            = 25
  space            = space.lab
  email            = "p${count.index}@example.com"
  initial_password = "s3cret-enough"
}
`
	for name, dead := range map[string]memory.Fault{"before": memory.DropBefore, "after": memory.DropAfter} {
		t.Run(name, func(t *testing.T) {
			indexed(t, many, func(t *testing.T, w *world) {
				w.opts.Parallelism = 25
				w.killAt("person", dead)
				w.apply()
				w.empty()
				if n := len(w.persons()); n != 25 {
					t.Errorf("there are %d", n)
				}
			})
		})
	}
}

func (w *world) persons() (all []memory.Stored) {
	for _, s := range w.idp.Snapshot() {
		if s.Kind == "person" {
			all = append(all, s)
		}
	}
	return all
}
