package conformance

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// several plans the creation of some objects.
func (r *run) several(k resource.Kind, home string, n int) ([]*thing, []*plan.Change, []providers.Operation) {
	var things []*thing
	var changes []*plan.Change
	var ops []providers.Operation
	for range n {
		x := r.thing(k, home, r.minimal(k, home, r.next()))
		c := r.plan(x, nil)
		things, changes, ops = append(things, x), append(changes, c), append(ops, x.operation(c))
	}
	return things, changes, ops
}

// checkBatches: many operations at once are done like each alone.
func (r *run) checkBatches(k resource.Kind) {
	home := r.home(k)
	r.try("one more than fit into a request", func() {
		things, changes, ops := r.several(k, home, max(r.h.Bulk, r.target.Config.Parallelism, 2)+1)
		results := r.apply(r.ctx, ops...)
		ids := map[string]bool{}
		for i, x := range things {
			r.created(x, changes[i], results[i])
			ids[x.id] = true
		}
		if len(ids) != len(things) {
			r.errorf("%d objects have %d ids", len(things), len(ids))
		}
	})
	r.try("a bad one among others", func() {
		if len(k.Key) == 0 || k.LooseKey {
			return // it would not be bad
		}
		x := r.thing(k, home, r.minimal(k, home, r.next()))
		before := r.create(x)
		things, changes, ops := r.several(k, home, 4)
		for _, name := range k.Key {
			ops[2].After = replaced(ops[2].After, name, x.want[name])
		}
		for i, res := range r.apply(r.ctx, ops...) {
			if i == 2 {
				if providers.ClassOf(res.Err) != providers.Conflict || res.Err == nil {
					r.errorf("the bad one has the error %v, not one of the class Conflict", res.Err)
				}
				continue
			}
			r.try("one beside it", func() { r.created(things[i], changes[i], res) })
		}
		if after := r.mustRead(x); !equalObjects(before, after) {
			r.errorf("what is there already has changed")
		}
	})
	r.try("all kinds of operations", func() {
		changed := r.thing(k, home, r.minimal(k, home, r.next()))
		gone := r.thing(k, home, r.minimal(k, home, r.next()))
		live := r.create(changed)
		r.create(gone)
		things, changes, ops := r.several(k, home, 1)
		for _, a := range r.varied(k) {
			if !a.ForceNew && a.Block == nil {
				r.vary(changed.want, k.Name, a, home, live.Attr(a.Name))
				break
			}
		}
		change := r.plan(changed, &live)
		ops = append(ops, changed.operation(change), gone.deletion())
		results := r.apply(r.ctx, ops...)
		r.try("create", func() { r.created(things[0], changes[0], results[0]) })
		r.try("update", func() {
			if results[1].Err != nil {
				r.fatalf("%v", results[1].Err)
			}
			r.settled(changed, change, results[1])
		})
		if results[2].Err != nil {
			r.errorf("delete: %v", results[2].Err)
		}
		r.finds(k, home, providers.Query{IDs: []string{gone.id}})
	})
}

// checkCancelled: an interrupted run begins nothing more, and says of every
// operation what became of it.
func (r *run) checkCancelled(k resource.Kind) {
	home := r.home(k)
	r.try("before it began", func() {
		ctx, cancel := context.WithCancel(r.ctx)
		cancel()
		_, _, ops := r.several(k, home, 3)
		for i, res := range r.apply(ctx, ops...) {
			if res.Err == nil || providers.ClassOf(res.Err) != providers.NotAttempted {
				r.errorf("operation %d: %v, not an error of the class NotAttempted", i, res.Err)
			}
		}
		r.accounted(k, home, ops, nil)
	})
	r.try("in the middle", func() {
		ctx, cancel := context.WithCancel(r.ctx)
		defer cancel()
		// So many that they cannot all be done while the first result is on its way, on
		// a busy machine either.
		rounds := 12
		if r.h.Bulk > 1 {
			rounds = 6
		}
		things, _, ops := r.several(k, home, rounds*(r.target.Config.Parallelism+1)*max(r.h.Bulk, 1))
		results := r.applyWith(ctx, ops, func(providers.Result) { cancel() })
		left := 0
		for i, res := range results {
			if things[i].id = res.ID; res.ID != "" {
				r.made = append(r.made, things[i])
			}
			if res.Err != nil && providers.ClassOf(res.Err) == providers.NotAttempted {
				left++
			}
		}
		if left == 0 {
			r.errorf("all of %d operations were begun, although the run was interrupted after the first", len(ops))
		}
		r.accounted(k, home, ops, results)
	})
}

// accounted checks that what is there fits the results: what was done is there,
// what was not attempted is not. Without any results nothing may be there.
func (r *run) accounted(k resource.Kind, home string, ops []providers.Operation, results []providers.Result) {
	have := map[string]resource.Object{}
	for _, o := range r.list(providers.Query{Kind: k.Name, Parent: home, All: true}) {
		have[nameOf(k, o.Attrs, o.Marker)] = o
	}
	for i, op := range ops {
		o, there := have[nameOf(k, op.After, op.Marker)]
		if there && (len(results) == 0 || results[i].ID == "") { // nobody else knows of it
			r.made = append(r.made, &thing{kind: k, parent: home, id: o.ID, want: o.Attrs.AsValueMap()})
		}
		switch {
		case len(results) == 0, notDone(results[i].Err):
			if there {
				r.errorf("operation %d is said not to be done, and is", i)
			}
		case results[i].Err == nil && !there:
			r.errorf("operation %d is said to be done, and is not", i)
		}
	}
}

// nameOf tells the objects of a check apart: by their key, or where there is none
// by their marker.
func nameOf(k resource.Kind, v cty.Value, marker string) string {
	if len(k.Key) == 0 {
		return marker
	}
	key, _ := plan.KeyOf(k.Key, v)
	text := ""
	for _, name := range k.Key {
		text += key[name] + "\x00"
	}
	return text
}

// notDone reports whether an error says that the server did nothing.
func notDone(err error) bool {
	if err == nil {
		return false
	}
	switch providers.ClassOf(err) {
	case providers.NotAttempted, providers.Unreachable, providers.Throttled, providers.Unavailable,
		providers.Unauthenticated, providers.Forbidden, providers.Invalid, providers.Conflict:
		return true
	default:
		return false
	}
}
