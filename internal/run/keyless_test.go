package run_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

const portal = `
idpctl { namespace = "prod" }
site "main" {}
app "portal" {
  site   = site.main
  title  = "Portal"
  scopes = ["read"]
}
`

func (w *world) apps() (all []memory.Stored) {
	for _, s := range w.idp.Snapshot() {
		if s.Kind == "app" {
			all = append(all, s)
		}
	}
	return all
}

// strangersApp is one that somebody made by hand.
func (w *world) strangersApp() memory.Stored {
	w.idp.Put("app", map[string]cty.Value{"site": cty.StringVal("main"), "title": cty.StringVal("Portal")})
	all := w.apps()
	return all[len(all)-1]
}

// What has no natural key is not found by its title, with the state or without;
// without it the marker tells which one is ours.
func TestWithoutANaturalKey(t *testing.T) {
	w := newWorld(t, portal)
	w.strangersApp()
	w.wants("site.main no-op adopt", "app.portal create")
	w.apply()
	w.empty()
	if n := len(w.apps()); n != 2 {
		t.Fatalf("there are %d apps", n)
	}
	w.lostState()
	w.wants("site.main no-op reclaim", "app.portal no-op reclaim")
	w.apply()
	w.empty()
	w.config(strings.Replace(portal, `title  = "Portal"`, `title  = "Gate"`, 1))
	w.lostState()
	w.wants("site.main no-op reclaim", "app.portal update reclaim")
	w.apply()
	w.empty()
	w.destroy()
	if left := w.apps(); len(left) != 1 || left[0].Marker != "" {
		t.Errorf("left are %v", left)
	}
}

// Somebody else's is adopted by its id, or by what no two share and the block
// writes.
func TestAdoptionWithoutANaturalKey(t *testing.T) {
	for _, by := range []string{"id", "client_id"} {
		w := newWorld(t, portal)
		theirs := w.strangersApp()
		w.config(strings.Replace(portal, "title  =", by+` = "`+theirs.Text(by)+"\"\n  title =", 1))
		w.wants("site.main no-op adopt", "app.portal update adopt")
		w.apply()
		w.empty()
		if n := len(w.apps()); n != 1 {
			t.Errorf("by %s: there are %d apps", by, n)
		}
		w.destroy()
		if n := len(w.apps()); n != 1 {
			t.Errorf("by %s: what was adopted was deleted", by)
		}
	}
	w := newWorld(t, portal)
	theirs := w.strangersApp()
	w.idp.SetMarker("app", theirs.ID, "0123456789")
	w.config(strings.Replace(portal, "title  =", `client_id = "`+theirs.Text("client_id")+"\"\n  title =", 1))
	w.refused(plan.Normal, "Object belongs to another configuration", theirs.Text("client_id"))
	w.config(strings.Replace(portal, "title  =", "client_id = \"nobody's\"\n  title =", 1))
	w.refused(plan.Normal, "cannot be given a client_id")
}

// A marker that two have says nothing.
func TestACopiedMarker(t *testing.T) {
	w := newWorld(t, portal)
	w.apply()
	ours := w.apps()[0]
	theirs := w.strangersApp()
	w.idp.SetMarker("app", theirs.ID, ours.Marker)
	w.empty()
	w.lostState()
	w.refused(plan.Normal, "Several objects carry the marker", ours.ID, theirs.ID, "main.idp.hcl:")
}

// The answer to a creation by upsert key is lost: it is sent again without a look.
func TestACreationByUpsertKeyIsRepeated(t *testing.T) {
	for _, fault := range []memory.Fault{memory.DropBefore, memory.DropAfter} {
		w := newWorld(t, portal)
		lost, looks := 3, 0
		var mu sync.Mutex
		w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case r.Kind != "app":
			case !r.Mutates() && lost < 3:
				looks++
			case r.Mutates() && lost > 0:
				lost--
				return fault
			}
			return memory.None
		})
		w.apply()
		w.idp.SetFault(nil)
		w.empty()
		if n := len(w.apps()); n != 1 || looks > 0 {
			t.Errorf("%d apps after %d looks", n, looks)
		}
	}
}

// The request of a run that died arrives when the next one has looked already:
// it is the same object, with what is wanted now.
func TestALateCreationByUpsertKey(t *testing.T) {
	w := newWorld(t, portal)
	late := w.killAt("app", memory.DropBefore)
	w.config(strings.Replace(portal, `"Portal"`, `"Gate"`, 1))
	var once sync.Once
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		if r.Mutates() && r.Kind == "app" {
			once.Do(func() { w.idp.Do(late) })
		}
		return memory.None
	})
	w.apply()
	w.idp.SetFault(nil)
	w.empty()
	if all := w.apps(); len(all) != 1 || all[0].Text("title") != "Gate" {
		t.Errorf("the apps are %v", all)
	}
}

// A home that is only adopted goes by several names, and stays what it was
// adopted as.
func TestAHomeWithSeveralNames(t *testing.T) {
	w := newWorld(t, strings.NewReplacer(`site "main"`, `site "hq"`, "site.main", "site.hq").Replace(portal))
	w.apply()
	w.empty()
	for _, o := range w.state().Objects {
		if o.Kind == "app" && o.Parent != "hq" || o.Kind == "site" && !strings.Contains(string(o.Attributes), `"hq"`) {
			t.Errorf("the state has %s in %q: %s", o.Address, o.Parent, o.Attributes)
		}
	}
	w.destroy()
}

// The request of a run that died is done between the look for what it left open
// and the search for what may exist: it is recovered, not made again.
func TestAnAppSeenLate(t *testing.T) {
	for name, idp := range map[string]memory.Options{"upsert key": {}, "marker": {PlainApps: true}} {
		w := newWorldAt(t, idp, strings.Replace(portal, "{ namespace = \"prod\" }", "{}", 1))
		late := w.killAt("app", memory.DropBefore)
		reads := 0
		w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
			if !r.Mutates() && r.Kind == "app" {
				if reads++; reads == 2 {
					w.idp.Do(late)
				}
			}
			return memory.None
		})
		p, diags := w.plan(plan.Normal)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, c := range p.Adoptions() {
			t.Errorf("by %s: %s is to be adopted", name, c.Address)
		}
		w.idp.SetFault(nil)
		w.apply()
		w.empty()
		if all := w.apps(); len(all) != 1 {
			t.Errorf("by %s: the apps are %v", name, all)
		}
		for _, o := range w.state().Objects {
			if o.Kind == "app" && o.Origin != "created" {
				t.Errorf("by %s: it counts as %s", name, o.Origin)
			}
		}
	}
}

// A deleted app comes back with its id: by the id that the state has, or by its
// marker if that is this configuration's alone.
func TestADeletedAppComesBack(t *testing.T) {
	w := newWorld(t, portal)
	w.apply()
	was := w.apps()[0].ID
	back := func(how, id string) {
		t.Helper()
		w.apply()
		w.empty()
		if all := w.apps(); len(all) != 1 || (all[0].ID == was) != (id == was) {
			t.Errorf("%s: %v, and it was %s", how, all, was)
		}
	}
	w.idp.Remove("app", was)
	w.wants("app.portal create")
	back("deleted by somebody", was)

	w.idp.Remove("app", was)
	w.config(strings.Replace(portal, `title  = "Portal"`, `title  = "Gate"`, 1))
	back("deleted, and wanted otherwise", was)

	w.idp.Remove("app", was)
	w.lostState()
	back("deleted, and the state lost", was)

	w.destroy()
	back("destroyed and applied again", was)

	w = newWorld(t, strings.Replace(portal, `idpctl { namespace = "prod" }`, "", 1))
	w.apply()
	was = w.apps()[0].ID
	w.destroy()
	back("destroyed, and its marker may be anybody's", "another")
}
