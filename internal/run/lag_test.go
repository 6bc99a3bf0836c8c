package run_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

// lagging are directories whose reads lag behind writes.
var lagging = map[string]memory.Options{
	"lag":      {Lag: 20 * time.Second},
	"replicas": {Lag: 20 * time.Second, Alternate: true},
}

// dyingAt are those that a process dies at: further ones have apps that nothing
// but their marker finds.
var dyingAt = map[string]memory.Options{
	"lag":            lagging["lag"],
	"replicas":       lagging["replicas"],
	"index":          {Index: 20 * time.Second},
	"markers":        {PlainApps: true},
	"markers of old": {Lag: 20 * time.Second, Alternate: true, PlainApps: true},
}

// TestDeathWhileTheDirectoryLags is TestDeathAtTheJournal and
// TestDeathAtTheServer with reads that answer with what was before.
func TestDeathWhileTheDirectoryLags(t *testing.T) {
	for name, idp := range dyingAt {
		for _, s := range scenarios {
			deaths := map[string]func(*testing.T, int) bool{
				"before the request": func(t *testing.T, n int) bool { return s.dieAtTheServer(t, n, memory.DropBefore, idp) },
				"after the request":  func(t *testing.T, n int) bool { return s.dieAtTheServer(t, n, memory.DropAfter, idp) },
			}
			if name == "replicas" { // the others have no more of a say in it
				deaths["before the append"] = func(t *testing.T, n int) bool { return s.dieAtTheJournal(t, n, false, idp) }
				deaths["after the append"] = func(t *testing.T, n int) bool { return s.dieAtTheJournal(t, n, true, idp) }
			}
			for how, die := range deaths {
				for n := 1; ; n++ {
					finished := false
					t.Run(fmt.Sprintf("%s, %s, %s %d", name, s.name, how, n), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { finished = die(t, n) })
					})
					if finished || t.Failed() {
						break
					}
				}
			}
		}
	}
}

// lagged runs a test on each directory that lags.
func lagged(t *testing.T, hcl string, test func(t *testing.T, w *world)) {
	t.Helper()
	for name, idp := range lagging {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, newWorldAt(t, idp, hcl)) })
		})
	}
}

// reads counts what is read of a kind from now on: how often, and how many ids.
func (w *world) reads(kind string) (requests *int, ids *[]int) {
	var mu sync.Mutex
	requests, ids = new(int), new([]int)
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		mu.Lock()
		defer mu.Unlock()
		if !r.Mutates() && r.Kind == kind {
			*requests++
			*ids = append(*ids, len(r.Query.IDs))
		}
		return memory.None
	})
	return requests, ids
}

// An apply, and the plan right after it, come through, and say what they wait for.
func TestAnApplyWaitsForTheDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldAt(t, lagging["lag"], crashing)
		var told []string
		w.event = func(e apply.Event) {
			if e.Kind == apply.Waiting {
				told = append(told, e.Message)
			}
		}
		w.apply()
		if !slices.Contains(told, "waiting for the directory to replicate: 4 s") {
			t.Errorf("told %q", told)
		}
	})
	lagged(t, crashing, func(t *testing.T, w *world) {
		w.apply()
		w.converged()
		w.config(changed)
		w.apply()
		w.convergedToChanged()
		w.destroy()
		w.convergedToNothing()
		w.empties()
	})
}

// empties demands that the plan of an empty configuration is empty.
func (w *world) empties() {
	w.t.Helper()
	w.config("")
	w.empty()
}

// A plan asks again for what was written a moment ago, and for nothing else; what
// was written long ago is not waited for.
func TestAPlanWaitsForWhatIsYoung(t *testing.T) {
	one := func(names string) string {
		return `space "lab" {}
person "p" {
  for_each = toset([` + names + `])
  space    = space.lab
  email    = "${each.key}@example.com"
  initial_password = "s3cret-enough"
}
`
	}
	lagged(t, one(`"a", "b", "c"`), func(t *testing.T, w *world) {
		w.apply()
		time.Sleep(time.Hour)
		var waits []string
		w.opts.Wait = func(reason string, _ time.Duration) { waits = append(waits, reason) }
		requests, _ := w.reads("person")
		begun := time.Now()
		w.empty()
		if *requests != 1 || time.Since(begun) != 0 || len(waits) > 0 {
			t.Errorf("%d requests in %s, %d waits", *requests, time.Since(begun), len(waits))
		}
		w.config(one(`"a", "b", "c", "d"`))
		w.apply()
		_, ids := w.reads("person")
		for range 3 { // whichever replica answers
			w.empty()
		}
		for i, n := range *ids {
			if n != 4 && n != 1 {
				t.Errorf("request %d asks for %d persons: only one is young", i, n)
			}
		}
		for _, reason := range waits {
			if reason != apply.Replicating {
				t.Errorf("waited: %q", reason)
			}
		}
		time.Sleep(time.Minute)
		begun = time.Now()
		w.empty()
		if time.Since(begun) != 0 {
			t.Errorf("waited %s for what everybody sees", time.Since(begun))
		}
	})
}

// What somebody else changed right after the apply is waited for until nobody
// can see the old any more, and shown then.
func TestDriftWhileTheDirectoryLags(t *testing.T) {
	lagged(t, lab, func(t *testing.T, w *world) {
		w.apply()
		marty, _ := w.idp.Find("person", "lab", "marty@example.com")
		w.idp.Change("person", marty.ID, "full_name", cty.StringVal("Calvin Klein"))
		begun := time.Now()
		w.wants("person.marty update drift:full_name")
		if d := time.Since(begun); d > 30*time.Second {
			t.Errorf("waited %s", d)
		}
		w.idp.Remove("person", marty.ID)
		w.wants("person.marty create", "team.drivers update", "output.marty update")
		w.apply()
		w.empty()
	})
}

// The provider block may say how long it lags.
func TestTheConnectionSaysHowLongItLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldAt(t, memory.Options{Lag: 2 * time.Minute, Alternate: true}, "")
		w.write("main.idp.hcl", "provider \"memory\" { lag = 120 }\n"+lab)
		w.apply()
		w.empty()
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorldAt(t, memory.Options{Lag: 2 * time.Minute}, "")
		w.write("main.idp.hcl", "provider \"memory\" { lag = 1 }\n"+lab)
		begun := time.Now()
		if s, diags := w.try(plan.Normal); diags.HasErrors() || s.OK() || time.Since(begun) > 20*time.Second {
			t.Errorf("it was waited for %s, although a second was said: %v", time.Since(begun), diags)
		}
	})
}

// What was deleted a moment ago and is still shown is not adopted by a block that
// makes it anew.
func TestAGhostIsNotAdopted(t *testing.T) {
	lagged(t, crashing, func(t *testing.T, w *world) {
		w.apply()
		time.Sleep(time.Minute)
		w.config(strings.Replace(strings.Replace(crashing, `"a", "b", "c", "d"`, `"a", "b", "c"`, 1), `"one", "two", "three"`, `"one", "two"`, 1))
		w.apply()
		w.config(crashing)
		w.wants(`app.a["three"] create`, `person.p["d"] create`, `team.t["x"] update`, `team.t["y"] update`)
		w.apply()
		w.converged()
	})
}

// A data block that is read after what it looks for was made waits for it.
func TestADataBlockWaitsForWhatWasMade(t *testing.T) {
	lagged(t, lab+`
data "person" "again" {
  space      = space.lab
  email      = "marty@example.com"
  depends_on = [person.marty]
}
output "again" { value = data.person.again.id }
`, func(t *testing.T, w *world) {
		w.apply()
		w.empty()
	})
}

// Who does not want to wait any longer is told what is not known.
func TestInterruptWhileTheDirectoryLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldAt(t, lagging["lag"], oneMarty)
		r, _, diags := run.Open(context.Background(), w.opts)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		p, diags := r.Plan(context.Background(), plan.Normal)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		stop := make(chan struct{})
		var once sync.Once
		s, diags := r.Apply(context.Background(), p, run.ApplyOptions{Deliver: w.receive, Stop: stop, Event: func(e apply.Event) {
			if e.Kind == apply.Waiting {
				once.Do(func() { close(stop) })
			}
		}})
		if diags = append(diags, r.Close()...); diags.HasErrors() {
			t.Fatal(diags)
		}
		if len(s.Failed) != 1 || !strings.Contains(s.Failed[0].Diagnostic.Detail, "Interrupted while waiting for the directory to replicate") {
			t.Errorf("failed: %+v", s.Failed)
		}
		w.empty()
	})
}

// Answers are lost while the directory lags: nothing is doubled, and nothing is
// taken for done that was not.
func TestLostAnswersWhileTheDirectoryLags(t *testing.T) {
	for _, fault := range []memory.Fault{memory.DropBefore, memory.DropAfter} {
		lagged(t, crashing, func(t *testing.T, w *world) {
			w.loseAnswers(fault)
			w.apply()
			w.converged()
			w.config(changed)
			w.loseAnswers(fault)
			w.apply()
			w.convergedToChanged()
			w.loseAnswers(fault)
			w.destroy()
			w.convergedToNothing()
		})
	}
}

// A deletion whose answer is lost is not taken for done because a replica does
// not know yet that the object was ever made.
func TestALostDeletionOfWhatIsYoung(t *testing.T) {
	for range 3 {
		lagged(t, lab, func(t *testing.T, w *world) {
			w.apply()
			w.once(memory.DropBefore, "team", providers.Delete)
			w.config(lab[:strings.Index(lab, "team \"drivers\"")] + lab[strings.Index(lab, "output"):])
			w.apply()
			if _, there := w.idp.Find("team", "lab", "drivers"); there {
				t.Error("the team is still there")
			}
		})
	}
}

// What an object gave up a moment ago is free for another one, although a replica
// still shows it there.
func TestWhatWasGivenUpIsFree(t *testing.T) {
	given := strings.Replace(two, `email = "a@example.com"`, `email = "new@example.com"`, 1)
	lagged(t, two, func(t *testing.T, w *world) {
		w.apply()
		time.Sleep(time.Minute)
		w.config(given)
		w.apply()
		w.config(given + `person "c" {
  space    = space.lab
  username = "somebody"
  email    = "a@example.com"
  initial_password = "s3cret-enough"
}
data "person" "former" {
  space      = space.lab
  email      = "new@example.com"
}
`)
		w.wants("person.c create")
		w.apply()
		w.empty()
	})
}

// A data block that finds many does not find who is no longer meant.
func TestAFilterWaits(t *testing.T) {
	off := strings.Replace(two, `email = "a@example.com"`, "email = \"a@example.com\"\n  enabled = false", 1)
	lagged(t, two, func(t *testing.T, w *world) {
		w.apply()
		time.Sleep(time.Minute)
		w.config(off)
		w.apply()
		w.config(off + `data "persons" "on" {
  space   = space.lab
  enabled = true
}
output "on" { value = keys(data.persons.on.persons) }
`)
		w.apply()
		w.empty()
		if got := string(w.state().Outputs["on"].Value); got != `["b@example.com"]` {
			t.Errorf("found %s", got)
		}
	})
}
