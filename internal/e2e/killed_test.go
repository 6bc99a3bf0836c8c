package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/resource"
)

// ordeal is one command that the process is killed in, at every moment.
type ordeal struct {
	name string
	// calls that change something at the server, at least.
	calls int
	// prepare makes what is there before the command, and the configuration
	// that the command is about.
	prepare func(w *world)
	// command, and the same once more after the death.
	command func(w *world) []string
	// converged demands that all is well after that.
	converged func(w *world)
}

func ordeals() []ordeal {
	apply := func(w *world) []string { return w.applyArgs() }
	destroy := func(*world) []string {
		return []string{"destroy", "-auto-approve", "-allow-empty-admins", "-input=false"}
	}
	return []ordeal{
		{"apply, all new", 16, prepareNew, apply, convergedNew},
		{"apply, changes", 12, prepareChanges, apply, convergedChanges},
		{"apply, replacements", 10, prepareReplacements, apply, convergedReplacements},
		{"apply, the home replaced", 17, prepareNewHome, apply, convergedNewHome},
		{"destroy a home", 1, prepareDestroy, destroy, convergedDestroy},
		{"destroy in a home of others", 9, prepareReleasing, destroy, convergedReleasing},
	}
}

// TestKilled kills the process at every moment that matters, and applies once
// more. Each time: nothing twice, nothing left over, nothing to do by hand.
// TestCrash does so with every identity provider, and without processes.
func TestKilled(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		for _, o := range ordeals() {
			t.Run(o.name, func(t *testing.T) {
				t.Parallel()
				o.run(t, on)
			})
		}
	})
}

func (o ordeal) run(t *testing.T, on *target) {
	w := newWorld(t, on)
	o.prepare(w)
	all, requests := w.rehearse(o.command(w)...)
	o.converged(w)
	if requests < o.calls {
		t.Errorf("there are %d calls that change something, and not %d", requests, o.calls)
	}
	t.Run("die", func(t *testing.T) {
		for _, m := range all {
			t.Run(m.String(), func(t *testing.T) {
				t.Parallel()
				o.dies(t, on, m)
			})
		}
	})
	t.Logf("%d calls that change something; the process died at %d points", requests, len(all))
}

// dies kills the process at a moment, runs the command once more, and demands
// that this was enough.
func (o ordeal) dies(t *testing.T, on *target, m moment) {
	w := newWorld(t, on)
	o.prepare(w)
	d := w.dieAt(m, o.command(w)...)
	if !d.killed {
		t.Fatalf("the process was to be killed, and ended by itself: %s", d.result)
	}
	w.faults.Reset()
	if r := w.idpctl(o.command(w)...); r.code != 0 {
		t.Fatalf("after the death: %s\nbefore it: %s", r, d.result)
	}
	o.converged(w)
}

// TestKilledWithALateRequest kills the process at every request of an apply, and
// lets that request reach the server while the next run is at work: while it
// looks for what was left open, while it plans, and while it makes the same.
func TestKilledWithALateRequest(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		o := ordeals()[0]
		w := newWorld(t, on)
		o.prepare(w)
		_, requests := w.rehearse(o.command(w)...)
		for n := 1; n <= requests; n++ {
			for at := 2; at <= 6; at++ {
				t.Run(fmt.Sprintf("request %d at request %d", n, at), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, on)
					o.prepare(w)
					if d := w.dieAt(moment{late, n}, o.command(w)...); !d.killed {
						t.Fatalf("the process was to be killed, and ended by itself: %s", d.result)
					}
					w.faults.Reset()
					w.arrive(at)
					if r := w.idpctl(o.command(w)...); r.code != 0 {
						t.Fatalf("after the death: %s", r)
					}
					if !w.arrived {
						t.Error("the late request did not arrive")
					}
					o.converged(w)
				})
			}
		}
	})
}

// tidy demands that a finished run left the state in order, and no file that
// it needed for itself alone.
func (w *world) tidy() {
	w.Helper()
	tidy(w, w.dir)
}

func tidy(t testing.TB, dir string) {
	t.Helper()
	s := stateIn(t, dir)
	if len(s.Pending)+len(s.Intents) > 0 {
		t.Errorf("left open: %+v %+v", s.Pending, s.Intents)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	may := append(clusterFiles(), profileFile, "main.idp.hcl", credentialsFile, "idpctl.idpstate", "idpctl.idpstate.backup", "idpctl.idpstate.lock")
	for _, e := range entries {
		if !slices.Contains(may, e.Name()) {
			t.Errorf("%s was left over", filepath.Join(dir, e.Name()))
		}
	}
}

// owns demands that the state knows exactly these addresses, all of them as
// created by idpctl unless they are said to be adopted.
func (w *world) owns(addresses ...string) {
	w.Helper()
	var got []string
	for _, o := range w.stateNow().Objects {
		address := o.Address.String()
		if o.Origin == resource.Adopted {
			address += " (adopted)"
		}
		got = append(got, address)
	}
	slices.Sort(got)
	slices.Sort(addresses)
	if !slices.Equal(got, addresses) {
		w.Errorf("the state knows\n  %s\nand not\n  %s", strings.Join(got, "\n  "), strings.Join(addresses, "\n  "))
	}
}

// holds demands that a home has exactly these users and groups, given with the
// e-mails of their members, and one client.
func (w *world) holds(home, client string, emails []string, teams map[string][]string) {
	w.Helper()
	people, has := w.people(home), w.teams(home)
	for _, email := range emails {
		if _, ok := people[email]; !ok {
			w.Errorf("%s is missing", email)
		}
	}
	if len(people) != len(emails) {
		w.Errorf("there are %d users, not %d: %v", len(people), len(emails), people)
	}
	if len(has) != len(teams) {
		w.Errorf("there are %d groups, not %d: %v", len(has), len(teams), has)
	}
	for name, members := range teams {
		var ids []string
		for _, email := range members {
			ids = append(ids, people[email].id)
		}
		slices.Sort(ids)
		if !slices.Equal(has[name], ids) {
			w.Errorf("the group %s has %v, not %v (%v)", name, has[name], ids, members)
		}
	}
	if apps := w.applications(home); len(apps) != 1 || apps[client] == "" {
		w.Errorf("the clients are %v", apps)
	}
}
