package conformance

import (
	"github.com/google/uuid"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// checkUpsertKey: an object is found by the key that it was created with, and
// creating it again with that key makes no second one.
func (r *run) checkUpsertKey(k resource.Kind) {
	if !k.UpsertKey {
		return
	}
	home := r.home(k)
	x := r.thing(k, home, r.full(k, home, r.next()))
	c := r.plan(x, nil)
	op := x.operation(c)
	made := r.created(x, c, r.apply(r.ctx, op)[0])
	other := r.thing(k, home, r.minimal(k, home, r.next()))
	r.create(other)
	if x.id == op.ID {
		r.errorf("the id of the object is its upsert key")
	}
	find := func(label string) {
		r.try(label, func() {
			q := providers.Query{UpsertKeys: []string{op.ID}}
			for _, o := range r.finds(k, home, q, x.id) {
				if o.UpsertKey != op.ID {
					r.errorf("what was found by the key %q says that it has %q", op.ID, o.UpsertKey)
				}
			}
			q.IDs = []string{x.id, other.id}
			r.finds(k, home, q, x.id, other.id)
		})
	}
	find("after the creation")
	r.finds(k, home, providers.Query{UpsertKeys: []string{uuid.NewString()}})
	r.finds(k, home, providers.Query{UpsertKeys: []string{""}})
	r.try("the same again", func() {
		r.upserted(x, c, op)
		if after := r.mustRead(x); !equalObjects(made, after) {
			r.errorf("it changed the object from %s to %s", show(made.Attrs), show(after.Attrs))
		}
	})
	for _, a := range r.varied(k) {
		if a.ForceNew || a.Block != nil || a.Partial {
			continue
		}
		r.try("again with another "+a.Name, func() {
			x.want = x.with(nil)
			r.vary(x.want, k.Name, a, home, made.Attr(a.Name))
			again := r.thing(k, home, x.want)
			again.marker = x.marker
			c := r.plan(again, nil)
			changed := again.operation(c)
			changed.ID = op.ID
			r.upserted(x, c, changed)
			if live := r.mustRead(x); !plan.Same(live.Attr(a.Name), x.want[a.Name]) {
				r.errorf("the object has %s, not %s", show(live.Attr(a.Name)), show(x.want[a.Name]))
			}
		})
		break
	}
	find("after all this")
	if r.target.Faults == nil {
		return
	}
	for _, f := range []Fault{DropBefore, CommitThenDrop} {
		r.try(f.String()+", and again", func() {
			y := r.thing(k, home, r.minimal(k, home, r.next()))
			c := r.plan(y, nil)
			op := y.operation(c)
			if res := r.faulty(f, op); res.Err == nil { // the provider did so by itself
				r.created(y, c, res)
				return
			}
			r.created(y, c, r.apply(r.ctx, op)[0])
			r.finds(k, home, providers.Query{UpsertKeys: []string{op.ID}, Markers: []string{y.marker}}, y.id)
		})
	}
}

// upserted applies a creation with a key that x was created with.
func (r *run) upserted(x *thing, c *plan.Change, op providers.Operation) {
	before := len(r.list(providers.Query{Kind: x.kind.Name, Parent: x.parent, All: true}))
	res := r.apply(r.ctx, op)[0]
	if res.ID != "" && res.ID != x.id { // so that it is removed
		r.made = append(r.made, &thing{kind: x.kind, parent: x.parent, id: res.ID, want: x.want})
	}
	switch {
	case res.Err != nil:
		r.fatalf("%v", res.Err)
	case res.ID != x.id:
		r.errorf("the result has the id %q, not %q", res.ID, x.id)
	}
	if after := len(r.list(providers.Query{Kind: x.kind.Name, Parent: x.parent, All: true})); after != before {
		r.errorf("there are %d objects where %d were", after, before)
	}
	r.settled(x, c, res)
}

// checkFoundByMarker: where nothing else identifies an object, its marker does.
func (r *run) checkFoundByMarker(k resource.Kind) {
	if len(k.Key) > 0 {
		return
	}
	home := r.home(k)
	x, y := r.thing(k, home, r.full(k, home, r.next())), r.thing(k, home, r.minimal(k, home, r.next()))
	live := r.create(x)
	r.create(y)
	unmarked := r.thing(k, home, r.minimal(k, home, r.next()))
	unmarked.marker = ""
	r.create(unmarked)
	by := func(markers ...string) providers.Query { return providers.Query{Markers: markers} }
	for _, o := range r.finds(k, home, by(x.marker), x.id) {
		if !equalObjects(o, live) {
			r.errorf("by its marker it is %s, and by its id %s", show(o.Attrs), show(live.Attrs))
		}
	}
	r.finds(k, home, by(x.marker, y.marker), x.id, y.id)
	r.finds(k, home, providers.Query{Markers: []string{x.marker}, IDs: []string{x.id, y.id}}, x.id, y.id)
	unknown := func(n int) string {
		return resource.MarkerFor(r.prefix, resource.Address{Kind: k.Name, Name: "unknown", Key: resource.IntKey(n)})
	}
	r.finds(k, home, by(unknown(1)))
	r.finds(k, home, by(x.marker[:len(x.marker)-1], x.marker[1:], "*", "%", ""))
	many := []string{x.marker, y.marker} // more than fit into any request
	for n := range 60 {
		many = append(many, unknown(n))
	}
	r.finds(k, home, by(many...), x.id, y.id)

	former := x.marker
	x.marker = unknown(100)
	op := providers.Operation{Verb: providers.Update, Kind: k.Name, ID: x.id, Before: live.Attrs, After: live.Attrs, Marker: x.marker}
	if res := r.apply(r.ctx, op)[0]; res.Err != nil {
		r.fatalf("writing another marker: %v", res.Err)
	}
	r.finds(k, home, by(former))
	r.finds(k, home, by(x.marker), x.id)
}
