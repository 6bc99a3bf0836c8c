package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/state"
)

// bubble is a server, one configuration and one state, over any number of runs
// of a process that can die, in a bubble of synctest.
type bubble struct {
	t *testing.T
	// client reaches the server.
	client *http.Client
	faults *fault.Injector
	dir    string
	// block begins every configuration.
	block string
	opts  run.Options
	// dead: the process has died. Nothing is written and nothing sent any more.
	// noting: it dies once the journal has what was just answered; noted: it has.
	dead, noting, noted atomic.Bool
	// delivered are the first passwords handed out, by address.
	delivered map[string][]string
}

func newBubble(t *testing.T, s subject, server http.Handler, hcl string) *bubble {
	t.Helper()
	b := &bubble{t: t, dir: t.TempDir(), block: s.block, delivered: map[string][]string{}}
	b.faults = fault.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.dies() {
			panic(http.ErrAbortHandler)
		}
		server.ServeHTTP(w, r)
	}))
	b.faults.Mutating = s.mutates
	client, stop := memnet.Serve(b.faults)
	t.Cleanup(stop)
	b.client = client
	b.opts = run.Options{Dir: b.dir, Parallelism: 4, Version: "0.0.0", Providers: []providers.Provider{s.provider(client)}}
	b.configure(hcl)
	return b
}

func (b *bubble) configure(hcl string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "main.idp.hcl"), []byte(b.block+hcl), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

var errDead = errors.New("the process is dead")

// open begins a run of a process that lives until dead is set.
func (b *bubble) open() (*run.Run, diag.Diagnostics) {
	opts := b.opts
	opts.Backend = state.NewLocal(filepath.Join(b.dir, state.DefaultFile), state.LocalOptions{Hook: func(step string) error {
		if b.dies() {
			return errDead
		}
		if step == "sync journal" && b.noting.Load() {
			b.noted.Store(true) // with this step, which is the last one
		}
		return nil
	}})
	r, _, diags := run.Open(context.Background(), opts)
	return r, diags
}

// dies reports whether the process is dead before it does something more.
func (b *bubble) dies() bool {
	if b.noted.Load() {
		b.dead.Store(true)
	}
	return b.dead.Load()
}

// revive starts another process.
func (b *bubble) revive() {
	b.faults.Reset()
	b.dead.Store(false)
	b.noting.Store(false)
	b.noted.Store(false)
}

// try plans and applies in one run.
func (b *bubble) try(mode plan.Mode) (*apply.Summary, diag.Diagnostics) {
	r, diags := b.open()
	if diags.HasErrors() {
		return nil, diags
	}
	p, ds := r.Plan(context.Background(), mode)
	if diags = append(diags, ds...); diags.HasErrors() {
		return nil, append(diags, r.Close()...)
	}
	s, ds := r.Apply(context.Background(), p, run.ApplyOptions{Deliver: func(list []apply.Credential) error {
		if b.dead.Load() {
			return errDead
		}
		for _, c := range list {
			a := c.Address.String()
			b.delivered[a] = append(b.delivered[a], c.Password.Reveal())
		}
		return nil
	}})
	return s, append(append(diags, ds...), r.Close()...)
}

// must applies, and demands that all of it is done.
func (b *bubble) must(mode plan.Mode) *apply.Summary {
	b.t.Helper()
	s, diags := b.try(mode)
	if diags.HasErrors() || s == nil || !s.OK() {
		b.t.Fatalf("%v, %+v", diags, s)
	}
	return s
}

// plan is what an apply would do.
func (b *bubble) plan() *plan.Plan {
	b.t.Helper()
	r, diags := b.open()
	if diags.HasErrors() {
		b.t.Fatal(diags)
	}
	p, diags := r.Plan(context.Background(), plan.Normal)
	if diags = append(diags, r.Close()...); diags.HasErrors() {
		b.t.Fatal(diags)
	}
	return p.Plan
}

// lines are what a plan would change: "user.marty create".
func (b *bubble) lines(mode plan.Mode) ([]string, diag.Diagnostics) {
	r, diags := b.open()
	if diags.HasErrors() {
		return nil, diags
	}
	p, ds := r.Plan(context.Background(), mode)
	if diags = append(append(diags, ds...), r.Close()...); diags.HasErrors() {
		return nil, diags
	}
	var out []string
	for _, c := range p.Changes {
		if c.IsChange() {
			out = append(out, fmt.Sprintf("%s %s", c.Address, c.Action))
		}
	}
	return out, diags
}

// loseState removes the state.
func (b *bubble) loseState() {
	b.t.Helper()
	if err := os.Remove(filepath.Join(b.dir, state.DefaultFile)); err != nil {
		b.t.Fatal(err)
	}
}

// empty demands that there is nothing to do.
func (b *bubble) empty() {
	b.t.Helper()
	if lines, diags := b.lines(plan.Normal); diags.HasErrors() || len(lines) > 0 {
		b.t.Errorf("the plan is not empty: %v %v", lines, diags)
	}
}
