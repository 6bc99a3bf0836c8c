package conformance

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
	"github.com/idpctl/idpctl/resource"
)

// lookedUp has the sites looked up alone, and every operation on them refused.
func lookedUp(change func(*bend)) bend {
	refused := &providers.Error{Class: providers.Invalid, Summary: "nothing is managed here"}
	b := bend{
		info: func(i *providers.Info) {
			for n := range i.Kinds {
				if k := &i.Kinds[n]; k.Name == "site" {
					k.AdoptOnly, k.Marked, k.DataOnly = false, false, true
				}
			}
		},
		check: func(_ context.Context, _ providers.Conn, ops []providers.Operation) []error {
			errs := make([]error, len(ops))
			for i := range ops {
				errs[i] = refused
			}
			return errs
		},
		apply: func(_ context.Context, _ providers.Conn, ops []providers.Operation, report func(providers.Result)) {
			for i := range ops {
				report(providers.Result{Index: i, Err: refused})
			}
		},
		object: func(o *resource.Object) {
			if o.Kind == "site" {
				o.Marker = ""
			}
		},
	}
	if change != nil {
		change(&b)
	}
	return b
}

// Wrong in what is looked up alone.
func dataOnlyMutants() []mutant {
	wrong := func(name string, change func(*bend)) mutant { return mutant{name, "site/looked up", lookedUp(change)} }
	without := func(drop func(q providers.Query) bool) func(*bend) {
		return func(b *bend) {
			b.list = func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
				if q.Kind == "site" && drop(q) {
					return nil, nil
				}
				return c.List(ctx, q)
			}
		}
	}
	return []mutant{
		wrong("does what it should refuse", func(b *bend) { b.apply = nil }),
		wrong("does not foresee that it refuses", func(b *bend) {
			b.check = func(_ context.Context, _ providers.Conn, ops []providers.Operation) []error {
				return make([]error, len(ops))
			}
		}),
		wrong("finds nothing", without(func(providers.Query) bool { return true })),
		wrong("finds nothing by its key", without(func(q providers.Query) bool { return len(q.Keys) > 0 })),
		wrong("finds nothing by its id", without(func(q providers.Query) bool { return len(q.IDs) > 0 })),
		wrong("finds what was not asked for", func(b *bend) {
			b.list = func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
				return c.List(ctx, providers.Query{Kind: q.Kind, Parent: q.Parent, All: true})
			}
		}),
		wrong("finds what is given", func(b *bend) {
			before := b.info
			b.info = func(i *providers.Info) {
				before(i)
				for n := range i.Kinds {
					if k := &i.Kinds[n]; k.Name == "site" {
						k.Given = true
					}
				}
			}
		}),
	}
}

// What is looked up alone and is right passes.
func TestLookedUp(t *testing.T) {
	h := memoryHarness(memory.Options{}, func(p *memory.Provider) providers.Provider { return bent{p, lookedUp(nil)} })
	for _, c := range checks(h.info(t)) {
		if c.name == "site/looked up" {
			synctest.Test(t, func(t *testing.T) { h.examine(t, c, func(p string) { t.Error(p) }) })
			return
		}
	}
	t.Error("there is no such check")
}
