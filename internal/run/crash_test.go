package run_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
	"github.com/idpctl/idpctl/state"
)

// dying is a backend of a process that dies at the n-th append to the journal,
// before or after the line is on disk. From then on nothing it does arrives.
type dying struct {
	state.Backend
	mu    sync.Mutex
	left  int
	after bool
	dead  bool
}

func (d *dying) Append(ctx context.Context, line []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errDead
	}
	if d.left--; d.left > 0 {
		return d.Backend.Append(ctx, line)
	}
	d.dead = true
	if d.after {
		if err := d.Backend.Append(ctx, line); err != nil {
			return err
		}
	}
	return errDead
}

func (d *dying) Replace(ctx context.Context, snapshot []byte) error {
	if d.isDead() {
		return errDead
	}
	return d.Backend.Replace(ctx, snapshot)
}

func (d *dying) Discard(ctx context.Context) error {
	if d.isDead() {
		return errDead
	}
	return d.Backend.Discard(ctx)
}

func (d *dying) kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dead = true
}

func (d *dying) isDead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// crashing is a configuration with every kind of object and credential.
const crashing = `
space "lab" {
  title = "Laboratory"
  force_destroy = true
}

person "p" {
  for_each  = toset(["a", "b", "c", "d"])
  space     = space.lab
  email     = "${each.key}@example.com"
  generate_password = true
  attributes = { department = each.key }
}

person "invited" {
  space  = space.lab
  email  = "invited@example.com"
  invite = true
}

team "t" {
  for_each = toset(["x", "y"])
  space    = space.lab
  name     = each.key
  members  = [for p in person.p : p]
}

site "main" {
  name     = "hq"
  greeting = "Hello"
}

app "a" {
  for_each = toset(["one", "two", "three"])
  site     = site.main
  title    = "Portal"
  scopes   = ["read", each.key]
}
`

// changed is crashing after a change of every sort: one person renamed, one
// replaced, one removed, one new, members added and removed; one app changed, one
// replaced, one removed, one new.
const changed = `
space "lab" {
  title = "Renamed"
  force_destroy = true
}

person "p" {
  for_each  = { a = "a", b = "z", c = "c", e = "e" }
  space     = space.lab
  username  = "${each.value}@example.com"
  email     = "${each.value}@example.com"
  full_name = "Person ${each.key}"
  generate_password = true
  attributes = { team = each.key }
}

team "t" {
  for_each = toset(["x", "w"])
  space    = space.lab
  name     = each.key
  members  = [person.p["a"], person.p["b"], person.p["e"]]
}

site "main" {
  name     = "hq"
  greeting = "Welcome back"
}

app "a" {
  for_each = { one = "web", two = "phone", four = "web" }
  site     = site.main
  title    = each.key == "one" ? "Gate" : "Portal"
  platform = each.value
  scopes   = ["write", each.key]
}
`

// scenario is an apply during which the process dies.
type scenario struct {
	name string
	// before is applied without a death; "" for nothing. then is applied, or
	// everything is destroyed if it is "".
	before, then string
	// files are there beforehand, by name.
	files map[string]string
	check func(*world)
}

var scenarios = []scenario{
	{name: "first apply", then: crashing, check: (*world).converged},
	{name: "second apply", before: crashing, then: changed, check: (*world).convergedToChanged},
	{name: "destroy", before: crashing, check: (*world).convergedToNothing},
}

// mortal is a world whose process dies when d says so: nothing that it sends
// or delivers arrives any more.
func (s scenario) mortal(t *testing.T, left int, after bool, idp memory.Options) (*world, *dying) {
	w := newWorldAt(t, idp, s.before)
	for name, text := range s.files {
		w.write(name, text)
	}
	if s.before != "" {
		w.apply()
	}
	if s.then != "" {
		w.config(s.then)
	}
	d := &dying{Backend: state.NewLocal(filepath.Join(w.dir, state.DefaultFile), state.LocalOptions{}), left: left, after: after}
	w.opts.Backend = d
	w.deliver = func() error {
		if d.isDead() {
			return errDead
		}
		return nil
	}
	return w, d
}

// mode is what the dying run does.
func (s scenario) mode() plan.Mode {
	if s.then == "" {
		return plan.Destroy
	}
	return plan.Normal
}

// TestDeathAtTheJournal lets the process die before and after every line of
// the journal, then applies once more. Nothing may be there twice or be left
// over, and every password that was delivered last must be the valid one.
func TestDeathAtTheJournal(t *testing.T) { diesAtTheJournal(t, scenarios) }

func diesAtTheJournal(t *testing.T, list []scenario) {
	for _, s := range list {
		for _, after := range []bool{false, true} {
			for n := 1; ; n++ {
				finished := false
				t.Run(fmt.Sprintf("%s, append %d, after %v", s.name, n, after), func(t *testing.T) {
					finished = s.dieAtTheJournal(t, n, after, memory.Options{})
				})
				if finished || t.Failed() {
					break
				}
			}
		}
	}
}

// dieAtTheJournal reports whether there was no n-th line to die at.
func (s scenario) dieAtTheJournal(t *testing.T, n int, after bool, idp memory.Options) (finished bool) {
	w, d := s.mortal(t, n, after, idp)
	w.idp.SetFault(func(context.Context, memory.Request) memory.Fault {
		if d.isDead() {
			return memory.DropBefore // a dead process sends nothing
		}
		return memory.None
	})
	_, _ = w.try(s.mode())
	finished = !d.isDead()
	w.revive()
	w.must(w.try(s.mode()))
	s.check(w)
	return finished
}

// TestDeathAtTheServer lets the process die before each request that changes
// something, and after the server has done it.
func TestDeathAtTheServer(t *testing.T) { diesAtTheServer(t, scenarios) }

func diesAtTheServer(t *testing.T, list []scenario) {
	for _, s := range list {
		for _, fault := range []memory.Fault{memory.DropBefore, memory.DropAfter} {
			for n := 1; ; n++ {
				finished := false
				t.Run(fmt.Sprintf("%s, request %d, fault %d", s.name, n, fault), func(t *testing.T) {
					finished = s.dieAtTheServer(t, n, fault, memory.Options{})
				})
				if finished || t.Failed() {
					break
				}
			}
		}
	}
}

// dieAtTheServer reports whether there was no n-th request to die at.
func (s scenario) dieAtTheServer(t *testing.T, n int, fault memory.Fault, idp memory.Options) (finished bool) {
	w, d := s.mortal(t, 1<<30, false, idp)
	left := n
	var mu sync.Mutex
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		mu.Lock()
		defer mu.Unlock()
		if d.isDead() {
			return memory.DropBefore
		}
		if r.Mutates() {
			if left--; left == 0 {
				d.kill()
				return fault
			}
		}
		return memory.None
	})
	_, _ = w.try(s.mode())
	finished = !d.isDead()
	w.revive()
	w.must(w.try(s.mode()))
	s.check(w)
	return finished
}

// TestLostAnswers loses the answer of every request that changes something,
// without a death: one run must come through.
func TestLostAnswers(t *testing.T) {
	w := newWorld(t, crashing)
	w.loseAnswers(memory.DropAfter)
	w.apply()
	w.idp.SetFault(nil)
	w.converged()
}

// loseAnswers has the first request of each sort to each object end in a fault.
func (w *world) loseAnswers(fault memory.Fault) {
	seen := map[string]bool{}
	var mu sync.Mutex
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		mu.Lock()
		defer mu.Unlock()
		if !r.Mutates() {
			return memory.None
		}
		key := r.Operations[0].Address.String() + r.Operations[0].Verb.String()
		if seen[key] {
			return memory.None
		}
		seen[key] = true
		return fault
	})
}

// dying is the state's backend of a process that is killed by hand.
func (w *world) dying() *dying {
	d := &dying{Backend: state.NewLocal(filepath.Join(w.dir, state.DefaultFile), state.LocalOptions{}), left: 1 << 30}
	w.opts.Backend = d
	return d
}

// killAt applies, and lets the process die at the first request that changes something of
// a kind: before the server has done it, or after. It returns what that asked for.
func (w *world) killAt(kind string, fault memory.Fault) (asked providers.Operation) {
	d := w.dying()
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		if d.isDead() {
			return memory.DropBefore
		}
		if r.Mutates() && r.Kind == kind {
			asked = r.Operations[0]
			d.kill()
			return fault
		}
		return memory.None
	})
	_, _ = w.try(plan.Normal)
	w.revive()
	return asked
}

// revive starts over as the next process does.
func (w *world) revive() {
	w.opts.Backend, w.deliver = nil, nil
	w.idp.SetFault(nil)
}

// converged demands that the world is exactly as the configuration says.
func (w *world) converged() {
	w.t.Helper()
	w.empty()
	counts := map[string]int{}
	for _, s := range w.idp.Snapshot() {
		if !s.Builtin {
			counts[s.Kind]++
		}
	}
	if counts["space"] != 1 || counts["person"] != 5 || counts["team"] != 2 || counts["app"] != 3 {
		w.t.Errorf("there is too much or too little: %v", counts)
	}
	for _, key := range []string{"a", "b", "c", "d"} {
		p, ok := w.idp.Find("person", "lab", key+"@example.com")
		got := w.delivered[`person.p["`+key+`"]`]
		if !ok || len(got) == 0 || got[len(got)-1] != p.Password {
			w.t.Errorf("person %s: the last password delivered (%d were) is not the valid one", key, len(got))
		}
	}
	if p, _ := w.idp.Find("person", "lab", "invited@example.com"); p.Invitations < 1 || p.Invitations > 2 {
		w.t.Errorf("invited %d times", p.Invitations)
	}
	for _, o := range w.state().Objects {
		if o.Origin != state.Created && o.Kind != "site" {
			w.t.Errorf("%s counts as %s, and was created by idpctl", o.Address, o.Origin)
		}
	}
	if s := w.state(); len(s.Pending)+len(s.Intents) > 0 {
		w.t.Errorf("left open: %v %v", s.Pending, s.Intents)
	}
}

// convergedToChanged demands that the world is as the second configuration says.
func (w *world) convergedToChanged() {
	w.t.Helper()
	w.empty()
	names := map[string]bool{}
	apps := map[string]int{}
	for _, s := range w.idp.Snapshot() {
		if s.Kind == "app" {
			apps[s.Text("title")+" "+s.Text("platform")]++
			if n := s.Attr("scopes").LengthInt(); n != 2 {
				w.t.Errorf("app %s has %d scopes", s.ID, n)
			}
		}
		if s.Kind == "person" {
			names[s.Attr("email").AsString()] = true
		}
	}
	if len(apps) != 3 || apps["Gate web"] != 1 || apps["Portal phone"] != 1 || apps["Portal web"] != 1 {
		w.t.Errorf("the apps are %v", apps)
	}
	if len(names) != 4 || !names["a@example.com"] || !names["z@example.com"] || !names["c@example.com"] || !names["e@example.com"] {
		w.t.Errorf("the persons are %v", names)
	}
	for key, mail := range map[string]string{"b": "z@example.com", "e": "e@example.com"} {
		p, _ := w.idp.Find("person", "lab", mail)
		got := w.delivered[`person.p["`+key+`"]`]
		if len(got) == 0 || got[len(got)-1] != p.Password {
			w.t.Errorf("person %s: the last password delivered (%d were) is not the valid one", key, len(got))
		}
	}
	for _, name := range []string{"x", "w"} {
		team, ok := w.idp.Find("team", "lab", name)
		if !ok || team.Attr("members").LengthInt() != 3 {
			w.t.Errorf("team %s has the members %#v", name, team.Attr("members"))
		}
	}
	if a, _ := w.idp.Find("person", "lab", "a@example.com"); len(a.Attr("attributes").AsValueMap()) != 1 {
		w.t.Errorf("attributes are %#v: the old one is idpctl's to remove", a.Attr("attributes"))
	}
	if s := w.state(); len(s.Pending)+len(s.Intents) > 0 {
		w.t.Errorf("left open: %v %v", s.Pending, s.Intents)
	}
}

// convergedToNothing demands that nothing of idpctl's is left.
func (w *world) convergedToNothing() {
	w.t.Helper()
	for _, s := range w.idp.Snapshot() {
		if !s.Builtin && s.Kind != "site" {
			w.t.Errorf("left behind: %s %s", s.Kind, s.ID)
		}
	}
	if s := w.state(); !s.IsEmpty() {
		w.t.Errorf("the state is not empty: %+v", s)
	}
}

func refuse(address string) func(context.Context, memory.Request) memory.Fault {
	return func(_ context.Context, r memory.Request) memory.Fault {
		if r.Mutates() && r.Operations[0].Address.String() == address {
			return memory.Refuse
		}
		return memory.None
	}
}
