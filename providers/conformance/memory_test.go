package conformance

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
	"github.com/idpctl/idpctl/resource"
)

// memoryFaults are the faults of the provider in memory.
type memoryFaults struct {
	mu    sync.Mutex
	fault Fault
	reads bool
	left  int
}

func (f *memoryFaults) Fail(fault Fault, reads bool, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.reads, f.left = fault, reads, times
}

func (f *memoryFaults) Heal() { f.Fail(0, false, 0) }

func (f *memoryFaults) next(_ context.Context, r memory.Request) memory.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 || f.reads == r.Mutates() {
		return memory.None
	}
	f.left--
	return map[Fault]memory.Fault{
		TooManyRequests: memory.TooManyRequests, Unavailable: memory.ServiceUnavailable,
		BadGateway: memory.ServiceUnavailable, GatewayTimeout: memory.ServiceUnavailable, InternalError: memory.InternalError,
		DropBefore: memory.DropBefore, CommitThenDrop: memory.DropAfter,
	}[f.fault]
}

// memoryHarness is that of the provider in memory; change, if not nil, breaks it.
func memoryHarness(opts memory.Options, change func(*memory.Provider) providers.Provider) Harness {
	h := Harness{
		Wrap:  synctest.Test,
		Pages: map[string]int{"person": 10, "team": 10},
		Bulk:  opts.Bulk,
		Refused: map[string][]cty.Value{
			"app.client_id":    {cty.StringVal("mine"), cty.StringVal("client-of-app-0001")},
			"person.full_name": {cty.StringVal("<b>"), cty.StringVal("a<b")},
		},
	}
	h.Frozen = map[string]string{"app.client_id": "chosen by the server"}
	h.Names = map[string][]map[string]string{"site": {{"name": "hq"}}}
	targets := map[*testing.T]*memory.Provider{}
	var mu sync.Mutex
	h.Start = func(t *testing.T) Target {
		faults := &memoryFaults{}
		opts := opts
		opts.PageSize, opts.Fault = 10, faults.next
		p := memory.New(opts)
		mu.Lock()
		targets[t] = p
		mu.Unlock()
		target := Target{Provider: p, Faults: faults, Config: providers.Config{Attrs: cty.EmptyObjectVal, Parallelism: 3}}
		if change != nil {
			target.Provider = change(p)
		}
		return target
	}
	find := func(t *testing.T, o resource.Object) memory.Stored {
		mu.Lock()
		defer mu.Unlock()
		for _, s := range targets[t].Snapshot() {
			if s.ID == o.ID && s.Kind == o.Kind {
				return s
			}
		}
		t.Errorf("there is no %s %q", o.Kind, o.ID)
		return memory.Stored{}
	}
	h.Stored = func(t *testing.T, o resource.Object, path string) string {
		if v, ok := find(t, o).WriteOnly[path]; ok {
			return v.AsString()
		}
		return ""
	}
	h.SignIn = func(t *testing.T, o resource.Object, password string) (bool, bool) {
		s := find(t, o)
		return s.Password != "" && s.Password == password, s.Temporary
	}
	return h
}

func TestMemoryConforms(t *testing.T) {
	Run(t, memoryHarness(memory.Options{}, nil))
}

func TestMemoryConformsInBulk(t *testing.T) {
	Run(t, memoryHarness(memory.Options{Bulk: 4}, nil))
}

func TestMemoryConformsWithLag(t *testing.T) {
	Run(t, memoryHarness(memory.Options{Lag: 20 * time.Second}, nil))
}

func TestMemoryConformsWithReplicas(t *testing.T) {
	Run(t, memoryHarness(memory.Options{Lag: 20 * time.Second, Alternate: true}, nil))
}

func TestMemoryConformsWithoutUpsertKeys(t *testing.T) {
	Run(t, memoryHarness(memory.Options{PlainApps: true}, nil))
}
