package conformance

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// fails applies an operation that must fail with one of some classes.
func (r *run) fails(what string, op providers.Operation, classes ...providers.Class) (res providers.Result) {
	r.try(what, func() {
		res = r.apply(r.ctx, op)[0]
		if res.Err == nil {
			r.fatalf("no error")
		}
		got := providers.ClassOf(res.Err)
		for _, c := range classes {
			if got == c {
				return
			}
		}
		r.errorf("the error has the class %s, not %s: %v", className(got), className(classes...), res.Err)
	})
	return res
}

// className names classes of errors.
func className(classes ...providers.Class) string {
	names := []string{
		"Internal", "Unreachable", "Unauthenticated", "Forbidden", "NotFound", "Conflict", "Invalid", "Throttled",
		"Unavailable", "Ambiguous", "NotAttempted",
	}
	var out []string
	for _, c := range classes {
		out = append(out, names[int(c)%len(names)])
	}
	return strings.Join(out, " or ")
}

// checkIdentity: an id can be chosen where the kind says so, and no two objects
// have the same key or share what must be unique.
func (r *run) checkIdentity(k resource.Kind) {
	home := r.home(k)
	x := r.thing(k, home, r.full(k, home, r.next()))
	before := r.create(x)
	for _, names := range r.settableIdentities(k) {
		if k.LooseKey && slices.Equal(names, k.Key) {
			r.try("a second object with the same key", func() { r.twins(k, home, x) })
			continue
		}
		twin := r.thing(k, home, r.minimal(k, home, r.next()))
		for _, name := range names {
			twin.want[name] = x.want[name]
		}
		op := twin.operation(r.plan(twin, nil))
		r.fails("a second object with the same "+list(names), op, providers.Conflict)

		other := r.thing(k, home, r.minimal(k, home, r.next()))
		changes, inPlace := map[string]cty.Value{}, true
		for _, name := range names {
			a, _ := k.Attribute(name)
			_, frozen := r.h.Frozen[k.Name+"."+name]
			inPlace = inPlace && !a.ForceNew && !frozen
			changes[name] = x.want[name]
		}
		if inPlace {
			live := r.create(other)
			other.want = other.with(changes)
			op := other.operation(r.plan(other, &live))
			res := r.fails("a change to the same "+list(names), op, providers.Conflict)
			// A change of several steps may have failed at a later one; then the
			// result has the id.
			if after := r.mustRead(other); res.ID == "" && !equalObjects(live, after) {
				r.errorf("a change was refused as a whole, and the object has changed")
			}
		}
	}
	if k.ChosenID {
		twin := r.thing(k, home, r.minimal(k, home, r.next()))
		op := twin.operation(r.plan(twin, nil))
		op.ID = x.id
		r.fails("a second object with the same id", op, providers.Conflict)
	}
	if len(k.Key) == 0 {
		r.try("a second object with the same values", func() {
			twin := r.thing(k, home, x.want)
			if r.create(twin); twin.id == x.id {
				r.errorf("it is the first one")
			}
		})
	}
	if after := r.mustRead(x); !equalObjects(before, after) {
		r.errorf("what was refused has changed the object from %s to %s", show(before.Attrs), show(after.Attrs))
	}
	r.changeGone(k, home)
	if k.Parent != "" {
		lost := r.thing(k, home, r.minimal(k, home, r.next()))
		lost.want[k.Parent] = cty.StringVal(r.absent(home))
		op := lost.operation(r.plan(lost, nil))
		r.fails("an object in a parent that is not there", op, providers.NotFound)
	}
}

// settableIdentities are the sets of attributes that no two objects share, and
// that a configuration can choose.
func (r *run) settableIdentities(k resource.Kind) [][]string {
	var out [][]string
	for _, names := range k.Identities() {
		frozen := slices.ContainsFunc(names, func(name string) bool {
			_, frozen := r.h.Frozen[k.Name+"."+name]
			a, _ := k.Attribute(name)
			return frozen || !settable(a)
		})
		if !frozen {
			out = append(out, names)
		}
	}
	return out
}

// twins makes a second object with a key that the server lets several have: both
// are found by it.
func (r *run) twins(k resource.Kind, home string, x *thing) {
	twin := r.thing(k, home, r.minimal(k, home, r.next()))
	key := map[string]string{}
	for _, name := range k.Key {
		twin.want[name] = x.want[name]
		key[name] = x.want[name].AsString()
	}
	r.create(twin)
	r.finds(k, home, providers.Query{Keys: []map[string]string{key}}, x.id, twin.id)
}

// changeGone changes an object that was deleted meanwhile.
func (r *run) changeGone(k resource.Kind, home string) {
	x := r.thing(k, home, r.minimal(k, home, r.next()))
	live := r.create(x)
	for _, a := range r.varied(k) {
		if a.ForceNew || a.Block != nil {
			continue
		}
		r.vary(x.want, k.Name, a, home, live.Attr(a.Name))
		op := x.operation(r.plan(x, &live))
		if err := r.remove(x); err != nil {
			r.fatalf("deleting: %v", err)
		}
		r.fails("a change of an object that is gone", op, providers.NotFound)
		r.finds(k, home, providers.Query{IDs: []string{x.id}})
		return
	}
}

func list(names []string) string {
	out := names[0]
	for _, n := range names[1:] {
		out += " and " + n
	}
	return out
}

// absent is the value of a parent attribute that leads nowhere.
func (r *run) absent(home string) string {
	if _, err := uuid.Parse(home); err == nil {
		return uuid.NewString()
	}
	return r.prefix + "-absent"
}

// checkDelete: what is deleted is gone, and to delete what is not there is fine.
func (r *run) checkDelete(k resource.Kind) {
	home := r.home(k)
	n := r.next()
	x := r.thing(k, home, r.full(k, home, n))
	live := r.create(x)
	for _, what := range []string{"deleting", "deleting again"} {
		r.try(what, func() {
			if err := r.remove(x); err != nil {
				r.fatalf("%v", err)
			}
			q := providers.Query{IDs: []string{x.id}}
			if key, ok := keyOf(k.Key, live); ok {
				q.Keys = []map[string]string{key}
			}
			r.finds(k, home, q)
			for _, o := range r.list(providers.Query{Kind: k.Name, Parent: home, All: true}) {
				if o.ID == x.id {
					r.errorf("a deleted object is among all")
				}
			}
		})
	}
	r.try("what never was", func() {
		never := *x
		never.id = uuid.NewString()
		if err := r.remove(&never); err != nil {
			r.errorf("%v", err)
		}
	})
	if k.Parent != "" {
		r.try("what was in a parent that is not there", func() {
			lost := *x
			lost.want = x.with(map[string]cty.Value{k.Parent: cty.StringVal(r.absent(home))})
			if err := r.remove(&lost); err != nil {
				r.errorf("%v", err)
			}
		})
	}
	r.try("making it again", func() {
		again := r.thing(k, home, x.want)
		r.create(again)
	})
}

// checkCreated: the time of creation is the server's.
func (r *run) checkCreated(k resource.Kind) {
	home := r.home(k)
	r.list(providers.Query{Kind: k.Name, Parent: home, All: true}) // so that its clock is known
	before := r.conn.ServerTime()
	x := r.thing(k, home, r.minimal(k, home, r.next()))
	live := r.create(x)
	after := r.conn.ServerTime()
	for _, name := range r.h.CreatedUnknown {
		if name == k.Name {
			return
		}
	}
	// The header of HTTP that tells the time has whole seconds.
	const second = time.Second
	switch {
	case live.Created.IsZero():
		r.errorf("the object has no time of creation; if the server does not tell, the harness has to say so")
	case live.Created.Before(before.Truncate(second).Add(-second)) || live.Created.After(after.Truncate(second).Add(2*second+r.conn.Lag())):
		r.errorf("the object was created at %s, between %s and %s by the server's clock", live.Created, before, after)
	}
	x.want = x.with(nil)
	for _, a := range r.varied(k) {
		if !a.ForceNew && a.Block == nil && a.DefaultFrom == "" {
			r.vary(x.want, k.Name, a, home, live.Attr(a.Name))
			if changed := r.update(x); !changed.Created.Equal(live.Created) {
				r.errorf("a change moved the time of creation from %s to %s", live.Created, changed.Created)
			}
			break
		}
	}
}

// checkContents: what a new object holds by itself is the provider's own, what
// is made in it is not, and everything goes with it.
func (r *run) checkContents(k resource.Kind) {
	for _, name := range k.Contains {
		inner, ok := r.info.Kind(name)
		if !ok || inner.AdoptOnly || inner.Parent == "" {
			continue
		}
		r.try(name, func() {
			home := r.home(inner)
			for _, o := range r.list(providers.Query{Kind: name, Parent: home, All: true, Brief: true}) {
				if !o.Builtin {
					r.errorf("a new %s holds an object that counts as somebody's: %s", k.Name, show(o.Attrs))
				}
			}
			x := r.thing(inner, home, r.minimal(inner, home, r.next()))
			r.create(x)
			for _, o := range r.list(providers.Query{Kind: name, Parent: home, All: true, Brief: true}) {
				if o.ID == x.id && o.Builtin {
					r.errorf("what was made counts as the provider's own")
				}
			}
			for _, outer := range r.made {
				a, _ := inner.Attribute(inner.Parent)
				if outer.kind.Name != k.Name || a.Ref == nil {
					continue
				}
				if live := r.read(outer); live != nil && live.Attr(a.Ref.Attr).RawEquals(cty.StringVal(home)) {
					if err := r.remove(outer); err != nil {
						r.fatalf("deleting the %s: %v", k.Name, err)
					}
				}
			}
			r.finds(inner, home, providers.Query{All: true, IDs: []string{x.id}})
		})
	}
}

// checkStrangers: nothing that is done to one object touches another.
func (r *run) checkStrangers(k resource.Kind) {
	home := r.home(k)
	var strangers []resource.Object
	stranger := func(home string) {
		strangers = append(strangers, r.create(r.thing(k, home, r.full(k, home, r.next()))))
	}
	stranger(home)
	if k.Parent != "" {
		stranger(r.home(k))
	}
	look := func(doing string) {
		for _, was := range strangers {
			at := ""
			if k.Parent != "" {
				at = was.Attr(k.Parent).AsString()
			}
			q := providers.Query{Kind: k.Name, Parent: at, All: true}
			now := byID(r.list(q))[was.ID]
			if !equalObjects(was, now) {
				r.errorf("%s has changed a stranger's object from %s to %s", doing, show(was.Attrs), show(now.Attrs))
			}
		}
	}
	x := r.thing(k, home, r.full(k, home, r.next()))
	r.create(x)
	look("a creation")
	for _, a := range r.varied(k) {
		if !a.ForceNew && a.Block == nil && a.Ref == nil {
			r.try(a.Name, func() {
				r.change(x, a, func(want map[string]cty.Value) {
					r.vary(want, k.Name, a, home, want[a.Name])
				})
			})
		}
	}
	look("a change")
	live := r.mustRead(x)
	if c := r.plan(x, &live); c.Action == plan.NoOp {
		if err := r.remove(x); err != nil {
			r.errorf("deleting: %v", err)
		}
	}
	look("a deletion")
}

func byID(all []resource.Object) map[string]resource.Object {
	out := map[string]resource.Object{}
	for _, o := range all {
		out[o.ID] = o
	}
	return out
}
