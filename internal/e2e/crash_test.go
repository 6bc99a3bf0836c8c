package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
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
	destroy := func(*world) []string { return []string{"destroy", "-auto-approve", "-input=false"} }
	return []ordeal{
		{"apply, all new", 16, prepareNew, apply, convergedNew},
		{"apply, changes", 12, prepareChanges, apply, convergedChanges},
		{"destroy a home", 1, prepareDestroy, destroy, convergedDestroy},
		{"destroy in a home of others", 9, prepareReleasing, destroy, convergedReleasing},
	}
}

// TestCrash kills the process at every moment that matters, and applies once
// more. Each time: nothing twice, nothing left over, nothing to do by hand.
func TestCrash(t *testing.T) {
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
	requests, writes := w.rehearse(o.command(w)...)
	o.converged(w)
	if requests < o.calls {
		t.Errorf("there are %d calls that change something, and not %d", requests, o.calls)
	}
	all := moments(requests, writes)
	chosen := all
	if !on.everyPoint {
		chosen = every(len(all)/realPoints+1, all)
	}
	var reached, missed atomic.Int32
	t.Run("die", func(t *testing.T) {
		for _, m := range chosen {
			t.Run(m.String(), func(t *testing.T) {
				t.Parallel()
				if o.dies(t, on, m) {
					reached.Add(1)
				} else {
					missed.Add(1)
				}
			})
		}
	})
	t.Logf("%d calls that change something, %d writes of the state: %d points covered of %d", requests, writes, reached.Load(), len(all))
	// Results that come while the disk is busy share a write, so that the
	// number of writes is not always the same. That of requests is.
	if missed.Load() > 6 {
		t.Errorf("%d of %d points were not reached", missed.Load(), len(chosen))
	}
}

// realPoints is about how many points of one ordeal are taken on a server that
// is too slow for all of them.
const realPoints = 16

// dies kills the process at a moment, applies once more, and demands that this
// was enough. It reports whether there was such a moment.
func (o ordeal) dies(t *testing.T, on *target, m moment) bool {
	w := newWorld(t, on)
	o.prepare(w)
	d := w.dieAt(m, o.command(w)...)
	switch {
	case !d.killed && d.code != 0:
		t.Fatalf("the process was to be killed, and failed by itself: %s", d.result)
	case !d.killed && m.place <= afterRequest:
		t.Errorf("there was no such request")
	}
	w.faults.Reset()
	if r := w.idpctl(o.command(w)...); r.code != 0 {
		t.Fatalf("after the death: %s\nbefore it: %s", r, d.result)
	}
	o.converged(w)
	return d.killed
}

// moments are all points of a command.
func moments(requests, writes int) []moment {
	var all []moment
	for n := 1; n <= requests; n++ {
		all = append(all, moment{beforeRequest, n}, moment{afterRequest, n})
	}
	for n := 1; n <= writes; n++ {
		all = append(all, moment{beforeRecord, n}, moment{afterRecord, n})
	}
	return all
}

// every takes each k-th, so that all places get their turn.
func every(k int, all []moment) []moment {
	if k%2 == 0 {
		k++ // the places alternate
	}
	var out []moment
	for i := 0; i < len(all); i += k {
		out = append(out, all[i])
	}
	return out
}

// tidy demands that a finished run left the state in order, and no file that
// it needed for itself alone.
func (w *world) tidy() {
	w.Helper()
	s := w.stateNow()
	if len(s.Pending)+len(s.Intents) > 0 {
		w.Errorf("left open: %+v %+v", s.Pending, s.Intents)
	}
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.Fatal(err)
	}
	may := []string{"main.idp.hcl", "myinfluxdb.yml", credentialsFile, "idpctl.idpstate", "idpctl.idpstate.backup", "idpctl.idpstate.lock"}
	for _, e := range entries {
		if !slices.Contains(may, e.Name()) {
			w.Errorf("%s was left over", filepath.Join(w.dir, e.Name()))
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

// holds demands that the home has exactly these users and groups, given with
// the e-mails of their members, and the one client.
func (w *world) holds(emails []string, teams map[string][]string) {
	w.Helper()
	people, has := w.people(w.home), w.teams(w.home)
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
	if apps := w.applications(w.home); len(apps) != 1 || apps["influxctl"] == "" {
		w.Errorf("the clients are %v", apps)
	}
}
