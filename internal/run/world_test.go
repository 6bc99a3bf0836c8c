package run_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
	"github.com/idpctl/idpctl/state"
)

// world is one configuration, one identity provider in memory and one state,
// over any number of runs.
type world struct {
	t    *testing.T
	dir  string
	idp  *memory.Provider
	opts run.Options
	// delivered are the passwords handed out, by address, in order.
	delivered map[string][]string
	// deliver, if set, is called before a password counts as delivered.
	deliver func() error
	// between, if set, is called after the plan is made and before it is applied.
	between func()
	// pause, if set, is called instead of waiting for the server; timed waits.
	pause func()
	timed bool
	// event, if set, is told each step of an apply.
	event func(apply.Event)
}

func newWorld(t *testing.T, hcl string) *world {
	t.Helper()
	return newWorldAt(t, memory.Options{}, hcl)
}

// newWorldAt is newWorld with an identity provider that has options. One that
// lags is waited for: that is for a bubble of synctest.
func newWorldAt(t *testing.T, idp memory.Options, hcl string) *world {
	t.Helper()
	idp.Server = "here"
	w := &world{t: t, dir: t.TempDir(), idp: memory.New(idp), timed: idp.Lag > 0, delivered: map[string][]string{}}
	w.opts = run.Options{Dir: w.dir, Providers: []providers.Provider{w.idp}, Parallelism: 4, Version: "0.0.0"}
	w.config(hcl)
	return w
}

// config replaces the configuration; provider "memory" is always there.
func (w *world) config(hcl string) {
	w.t.Helper()
	w.write("main.idp.hcl", "provider \"memory\" {}\n"+hcl)
}

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// plan makes a plan in a run of its own.
func (w *world) plan(mode plan.Mode) (*run.Planned, diag.Diagnostics) {
	w.t.Helper()
	r, _, diags := run.Open(context.Background(), w.opts)
	if diags.HasErrors() {
		return nil, diags
	}
	p, ds := r.Plan(context.Background(), mode)
	return p, append(append(diags, ds...), r.Close()...)
}

// try plans and applies in one run.
func (w *world) try(mode plan.Mode) (*apply.Summary, diag.Diagnostics) {
	r, _, diags := run.Open(context.Background(), w.opts)
	if diags.HasErrors() {
		return nil, diags
	}
	p, ds := r.Plan(context.Background(), mode)
	if diags = append(diags, ds...); diags.HasErrors() {
		return nil, append(diags, r.Close()...)
	}
	if w.between != nil {
		w.between()
	}
	opts := run.ApplyOptions{Deliver: w.receive, Event: w.event}
	if !w.timed {
		opts.Pause = func(context.Context, time.Duration) {
			if w.pause != nil {
				w.pause()
			}
		}
	}
	summary, ds := r.Apply(context.Background(), p, opts)
	return summary, append(append(diags, ds...), r.Close()...)
}

func (w *world) receive(list []apply.Credential) error {
	if w.deliver != nil {
		if err := w.deliver(); err != nil {
			return err
		}
	}
	for _, c := range list {
		a := c.Address.String()
		w.delivered[a] = append(w.delivered[a], c.Password.Reveal())
	}
	return nil
}

// apply must succeed.
func (w *world) apply() *apply.Summary {
	w.t.Helper()
	return w.must(w.try(plan.Normal))
}

func (w *world) destroy() *apply.Summary {
	w.t.Helper()
	return w.must(w.try(plan.Destroy))
}

func (w *world) must(s *apply.Summary, diags diag.Diagnostics) *apply.Summary {
	w.t.Helper()
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	if !s.OK() {
		w.t.Fatalf("not everything was done: failed %v, not tried %v, %v", s.Failed, s.NotTried, s.Diagnostics)
	}
	return s
}

// empty demands that there is nothing to do.
func (w *world) empty() {
	w.t.Helper()
	p, diags := w.plan(plan.Normal)
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	if !p.Empty() || len(p.Recovered) > 0 {
		w.t.Fatalf("the next plan is not empty: %s (%d recovered)", describe(p.Plan), len(p.Recovered))
	}
}

// wants demands that planning shows exactly these actions, as "address action".
func (w *world) wants(want ...string) *run.Planned {
	w.t.Helper()
	p, diags := w.plan(plan.Normal)
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	if got := describe(p.Plan); got != strings.Join(want, "; ") {
		w.t.Fatalf("the plan is\n  %s\nnot\n  %s", got, strings.Join(want, "; "))
	}
	return p
}

// refused demands that planning fails with all of these words.
func (w *world) refused(mode plan.Mode, words ...string) {
	w.t.Helper()
	_, diags := w.plan(mode)
	if !diags.HasErrors() {
		w.t.Fatal("the plan was not refused")
	}
	for _, word := range words {
		if !strings.Contains(diags.Error(), word) {
			w.t.Errorf("the error does not say %q:\n%v", word, diags)
		}
	}
}

// describe lists what a plan would do.
func describe(p *plan.Plan) string {
	var parts []string
	for _, c := range p.Changes {
		if !c.IsChange() {
			continue
		}
		s := c.Address.String() + " " + string(c.Action)
		if c.Adopt && !c.Reclaim {
			s += " adopt"
		}
		if c.Reclaim {
			s += " reclaim"
		}
		if c.Deliver {
			s += " deliver"
		}
		for _, a := range c.Attributes {
			if a.Drift {
				s += " drift:" + a.Path
			}
		}
		parts = append(parts, s)
	}
	for _, t := range p.Targets {
		if t.Action != plan.NoOp {
			parts = append(parts, t.Address.String()+" "+string(t.Action))
		}
	}
	for _, o := range p.Outputs {
		if o.Action != plan.NoOp {
			parts = append(parts, "output."+o.Name+" "+string(o.Action))
		}
	}
	return strings.Join(parts, "; ")
}

// state is the state file as it is.
func (w *world) state() *state.State {
	w.t.Helper()
	s, err := state.Open(context.Background(), state.NewLocal(filepath.Join(w.dir, state.DefaultFile), state.LocalOptions{}), state.Options{Lock: state.NotLocked})
	if err != nil {
		w.t.Fatal(err)
	}
	view := s.View()
	if err := s.Close(); err != nil {
		w.t.Fatal(err)
	}
	return view
}

// lostState removes the state and everything beside it.
func (w *world) lostState() {
	w.t.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, state.DefaultFile+"*"))
	if err != nil || len(files) == 0 {
		w.t.Fatal("there is no state to lose", err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			w.t.Fatal(err)
		}
	}
}

var errDead = errors.New("the process is dead")
