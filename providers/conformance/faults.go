package conformance

import (
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// checkFaults: what is known not to be done is repeated, what may have been done
// is not, and no error says less or more than is known.
func (r *run) checkFaults(k resource.Kind) {
	if r.target.Faults == nil {
		return
	}
	home := r.home(k)
	for _, f := range []Fault{TooManyRequests, Unavailable, BadGateway, GatewayTimeout, InternalError, DropBefore, CommitThenDrop} {
		r.try(f.String()+" while creating", func() { r.faultyCreate(k, home, f) })
		r.try(f.String()+" while changing", func() { r.faultyUpdate(k, home, f) })
		r.try(f.String()+" while deleting", func() { r.faultyDelete(k, home, f) })
		r.try(f.String()+" in a batch", func() { r.faultyBatch(k, home, f) })
		if f != CommitThenDrop {
			r.try(f.String()+" while reading", func() { r.faultyRead(k, home, f) })
		}
	}
	if r.h.Wrap == nil {
		return // in real time the retries that follow would take minutes
	}
	r.try("429 without an end", func() {
		_, _, ops := r.several(k, home, 1)
		r.target.Faults.Fail(TooManyRequests, false, -1)
		res := r.apply(r.ctx, ops[0])[0]
		r.target.Faults.Heal()
		if res.Err == nil || providers.ClassOf(res.Err) != providers.Throttled {
			r.errorf("the error is %v, not one of the class Throttled", res.Err)
		}
		r.accounted(k, home, ops, nil)
	})
	r.try("reads that fail without an end", func() {
		r.target.Faults.Fail(Unavailable, true, -1)
		_, err := r.tryList(providers.Query{Kind: k.Name, Parent: home, All: true})
		r.target.Faults.Heal()
		if err == nil || providers.ClassOf(err) != providers.Unavailable {
			r.errorf("the error is %v, not one of the class Unavailable", err)
		}
	})
}

// absorbed are the faults after which the same request is sent again. An answer
// of 502, 503 or 504 to a creation leaves room for doubt: a gateway gives it.
// After a 500 it would most likely come to the same again.
func absorbed(f Fault, verb providers.Verb) bool {
	switch f {
	case TooManyRequests:
		return true
	case Unavailable, BadGateway, GatewayTimeout:
		return verb != providers.Create
	default:
		return false
	}
}

// faulty applies an operation whose first request goes wrong.
func (r *run) faulty(f Fault, op providers.Operation) providers.Result {
	waits := r.waits.Load()
	r.target.Faults.Fail(f, false, 1)
	res := r.apply(r.ctx, op)[0]
	r.target.Faults.Heal()
	if absorbed(f, op.Verb) {
		if res.Err != nil {
			r.errorf("a request that was not done was not repeated: %v", res.Err)
		}
		if r.waits.Load() == waits {
			r.errorf("nobody was told of the wait before the repetition")
		}
	}
	if class := providers.ClassOf(res.Err); res.Err != nil && !absorbed(f, op.Verb) && class != providers.Ambiguous && !notDone(res.Err) {
		r.errorf("it may have been done, and the error has the class %s: %v", className(class), res.Err)
	}
	return res
}

func (r *run) faultyCreate(k resource.Kind, home string, f Fault) {
	things, changes, ops := r.several(k, home, 1)
	x := things[0]
	res := r.faulty(f, ops[0])
	if res.Err != nil && providers.ClassOf(res.Err) == providers.Conflict {
		r.errorf("the request was repeated although it may have been done: %v", res.Err)
	}
	var found []resource.Object
	for _, o := range r.list(providers.Query{Kind: k.Name, Parent: home, All: true}) {
		if nameOf(k, o.Attrs, o.Marker) == nameOf(k, ops[0].After, ops[0].Marker) {
			found = append(found, o)
		}
	}
	if len(found) > 0 && x.id == "" {
		x.id = found[0].ID
		r.made = append(r.made, x)
	}
	switch {
	case len(found) > 1:
		r.fatalf("there are %d objects now", len(found))
	case res.Err == nil && len(found) == 0:
		r.fatalf("it is said to be done, and is not")
	case notDone(res.Err) && len(found) > 0:
		r.fatalf("it is said not to be done, and is: %v", res.Err)
	case f == CommitThenDrop && len(found) == 0:
		r.fatalf("the server did it, and it is not there")
	case f != CommitThenDrop && res.Err != nil && len(found) > 0:
		r.fatalf("the server did nothing, and it is there")
	case len(found) == 0:
		return
	}
	if k.UpsertKey {
		r.finds(k, home, providers.Query{UpsertKeys: []string{ops[0].ID}}, found[0].ID)
	} else if ops[0].ID != "" {
		byID := r.list(providers.Query{Kind: k.Name, Parent: home, IDs: []string{ops[0].ID}})
		if len(byID) != 1 || byID[0].ID != found[0].ID {
			r.errorf("the object does not have the chosen id %q, but %q", ops[0].ID, found[0].ID)
		}
	}
	if key, ok := keyOf(k.Key, found[0]); ok {
		r.finds(k, home, providers.Query{Keys: []map[string]string{key}}, found[0].ID)
	}
	if k.Marked && found[0].Marker != x.marker {
		r.errorf("the object has the marker %q, not %q", found[0].Marker, x.marker)
	}
	if res.Err == nil {
		r.settled(x, changes[0], res)
	}
}

func (r *run) faultyUpdate(k resource.Kind, home string, f Fault) {
	x := r.thing(k, home, r.minimal(k, home, r.next()))
	before := r.create(x)
	for _, a := range r.varied(k) {
		if a.ForceNew || a.Block != nil {
			continue
		}
		x.want = x.with(nil)
		r.vary(x.want, k.Name, a, home, before.Attr(a.Name))
		break
	}
	c := r.plan(x, &before)
	if c.Action != plan.Update {
		return // nothing of it can be changed
	}
	res := r.faulty(f, x.operation(c))
	after := r.mustRead(x)
	left := len(r.plan(x, &after).Attributes)
	switch {
	case res.Err == nil:
		r.settled(x, c, res)
	case notDone(res.Err) && !after.Attrs.RawEquals(before.Attrs):
		r.errorf("it is said not to be done, and something is: %v", res.Err)
	case f == CommitThenDrop && after.Attrs.RawEquals(before.Attrs):
		r.errorf("the server did it, and nothing has changed (%d differences)", left)
	}
}

func (r *run) faultyDelete(k resource.Kind, home string, f Fault) {
	x := r.thing(k, home, r.minimal(k, home, r.next()))
	r.create(x)
	res := r.faulty(f, x.deletion())
	live := r.read(x)
	switch {
	case res.Err == nil && live != nil:
		r.errorf("it is said to be done, and is not")
	case notDone(res.Err) && live == nil:
		r.errorf("it is said not to be done, and is: %v", res.Err)
	}
	if err := r.remove(x); err != nil {
		r.errorf("deleting again: %v", err)
	}
	r.finds(k, home, providers.Query{IDs: []string{x.id}})
}

// faultyBatch: what goes wrong with one request is not the others' matter.
func (r *run) faultyBatch(k resource.Kind, home string, f Fault) {
	things, _, ops := r.several(k, home, 3*max(r.h.Bulk, 1))
	r.target.Faults.Fail(f, false, 1)
	results := r.apply(r.ctx, ops...)
	r.target.Faults.Heal()
	failed := 0
	for i, res := range results {
		if things[i].id = res.ID; res.ID != "" {
			r.made = append(r.made, things[i])
		}
		if res.Err != nil {
			failed++
		}
	}
	if failed > max(r.h.Bulk, 1) {
		r.errorf("one request went wrong, and %d of %d operations failed", failed, len(ops))
	}
	r.accounted(k, home, ops, results)
	keys := map[string]int{}
	for _, o := range r.list(providers.Query{Kind: k.Name, Parent: home, All: true}) {
		if keys[nameOf(k, o.Attrs, o.Marker)]++; keys[nameOf(k, o.Attrs, o.Marker)] > 1 {
			r.errorf("there are two objects with one key")
		}
	}
}

func (r *run) faultyRead(k resource.Kind, home string, f Fault) {
	x := r.thing(k, home, r.minimal(k, home, r.next()))
	r.create(x)
	for _, q := range []providers.Query{{All: true}, {IDs: []string{x.id}}} {
		q.Kind, q.Parent = k.Name, home
		r.target.Faults.Fail(f, true, 1)
		found, err := r.tryList(q)
		r.target.Faults.Heal()
		if err != nil && f == InternalError {
			continue
		}
		if err != nil {
			r.fatalf("List of %s: %v", describe(q), err)
		}
		if _, ok := byID(found)[x.id]; !ok {
			r.errorf("List of %s misses the object", describe(q))
		}
	}
}
