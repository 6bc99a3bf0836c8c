package run_test

import (
	"context"
	"sync"
	"testing"

	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

// An interrupt lets what is under way finish, begins nothing new, and says what
// is left; the next apply completes it.
func TestInterrupt(t *testing.T) {
	w := newWorld(t, crashing)
	w.opts.Parallelism = 1
	stop := make(chan struct{})
	var once sync.Once
	w.idp.SetFault(func(_ context.Context, r memory.Request) memory.Fault {
		if r.Mutates() && r.Kind == "person" {
			once.Do(func() { close(stop) }) // while the first person is being created
		}
		return memory.None
	})
	r, _, diags := run.Open(context.Background(), w.opts)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := r.Plan(context.Background(), plan.Normal)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	s, diags := r.Apply(context.Background(), p, run.ApplyOptions{Deliver: w.receive, Stop: stop})
	if diags = append(diags, r.Close()...); diags.HasErrors() {
		t.Fatal(diags)
	}
	if !s.Interrupted || len(s.Failed) > 0 || len(s.NotTried) == 0 {
		t.Errorf("interrupted %v, failed %v, %d not tried", s.Interrupted, s.Failed, len(s.NotTried))
	}
	if total := s.Added + len(s.NotTried); total != 11 {
		t.Errorf("%d added and %d not tried, of 11", s.Added, len(s.NotTried))
	}
	made := 0
	for _, o := range w.idp.Snapshot() {
		if o.Kind == "person" || o.Kind == "app" {
			made++
		}
	}
	if known := len(w.state().Objects); known != made+2 {
		t.Errorf("the state knows %d objects, and there are %d persons and apps, a space and a site", known, made)
	}
	if len(w.state().Intents) > 0 {
		t.Error("an interrupt must leave no intent open")
	}
	w.idp.SetFault(nil)
	w.apply()
	w.converged()
}
