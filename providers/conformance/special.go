package conformance

import (
	"maps"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// checkPartial: elements of a partial attribute that nobody names stay, what
// was added is removed again, and exclusive makes it the whole.
func (r *run) checkPartial(k resource.Kind) {
	home := r.home(k)
	for _, a := range r.varied(k) {
		if !a.Partial || a.ForceNew {
			continue
		}
		r.try(a.Name, func() { r.partial(k, home, a) })
	}
}

func (r *run) partial(k resource.Kind, home string, a resource.Attribute) {
	n := r.next()
	foreign := r.sample(k.Name, a, home, n)
	ours := without(r.sample(k.Name, a, home, n+1), foreign)
	if size(ours) == 0 {
		r.fatalf("two samples have the same elements: the harness must give others")
	}
	none := empty(a.Type)
	x := r.thing(k, home, r.minimal(k, home, r.next()))
	maps.Copy(x.want, r.h.Samples[k.Name+"."+a.Name].With)
	x.want[a.Name] = foreign
	own := none // what the object has of its own accord
	live := r.create(x)
	if !live.Attr(a.Name).IsNull() {
		own = without(live.Attr(a.Name), foreign)
	}
	step := func(label string, before, after, expect cty.Value) {
		r.try(label, func() {
			live := r.mustRead(x)
			op := providers.Operation{
				Verb: providers.Update, Kind: k.Name, ID: x.id, Marker: x.marker, Changed: []string{a.Name},
				Before: replaced(live.Attrs, a.Name, before), After: replaced(live.Attrs, a.Name, after),
			}
			if res := r.apply(r.ctx, op)[0]; res.Err != nil {
				r.fatalf("%v", res.Err)
			}
			got := without(r.mustRead(x).Attr(a.Name), own)
			if want := without(expect, own); !plan.Same(got, want) {
				r.errorf("the object has %s, not %s", show(got), show(want))
			}
		})
	}
	both := union(foreign, ours)
	step("adding", none, ours, both)
	step("adding again", none, ours, both)
	if a.Type.IsMapType() {
		changed := mapEach(ours, func(v cty.Value) cty.Value {
			if f, ok := foreign.AsValueMap()["key-0"]; ok && f.Type().Equals(v.Type()) {
				return f
			}
			return v
		})
		step("changing a value", ours, changed, union(foreign, changed))
		ours = changed
	}
	step("removing", ours, none, foreign)
	step("removing again", ours, none, foreign)
	step("adding one's own to others", none, ours, union(foreign, ours))
	if a.Exclusive != "" {
		r.try("exclusive", func() {
			x.want[a.Exclusive], x.want[a.Name] = cty.True, ours
			after := r.update(x)
			if got := after.Attr(a.Name); !plan.Same(got, ours) {
				r.errorf("the object has %s, not only %s", show(got), show(ours))
			}
		})
	}
}

// checkWriteOnly: what is sent only is sent, is never returned, and is sent
// again when its version is raised.
func (r *run) checkWriteOnly(k resource.Kind) {
	home := r.home(k)
	for _, a := range k.Attributes {
		if a.WriteOnly && !a.OnCreate {
			r.try(a.Name, func() {
				r.writeOnly(k, home, a, a.Name, func(want map[string]cty.Value, name string, v cty.Value) { want[name] = v })
			})
		}
		for _, in := range a.Block {
			if !in.WriteOnly {
				continue
			}
			r.try(a.Name+"."+in.Name, func() {
				r.writeOnly(k, home, in, a.Name+"."+in.Name, func(want map[string]cty.Value, name string, v cty.Value) {
					inner := want[a.Name].AsValueMap()
					inner[name] = v
					want[a.Name] = cty.ObjectVal(inner)
				})
			})
		}
	}
}

func (r *run) writeOnly(k resource.Kind, home string, a resource.Attribute, path string, put func(map[string]cty.Value, string, cty.Value)) {
	first, second := r.canary+" one", r.canary+" two"
	x := r.thing(k, home, r.full(k, home, r.next()))
	put(x.want, a.Name, cty.StringVal(first))
	live := r.create(x)
	r.stored(live, path, first)

	// Without a higher version a new value is not sent.
	for _, other := range r.varied(k) {
		if !other.ForceNew && other.Block == nil && !other.Computed {
			r.change(x, other, func(want map[string]cty.Value) {
				r.vary(want, k.Name, other, home, want[other.Name])
			})
			break
		}
	}
	r.stored(live, path, first)
	if a.Version == "" {
		return
	}
	put(x.want, a.Name, cty.StringVal(second))
	put(x.want, a.Version, cty.NumberIntVal(2))
	r.update(x)
	r.stored(live, path, second)
}

func (r *run) stored(o resource.Object, path, want string) {
	if r.h.Stored == nil {
		return
	}
	if got := r.h.Stored(r.t, o, path); got != want {
		r.errorf("the server holds another value than was sent")
	}
}

// checkReplace: what a change of an attribute that forces replacement leads to
// is an object with the new value, and the old one is gone.
func (r *run) checkReplace(k resource.Kind) {
	home := r.home(k)
	for _, a := range k.Attributes {
		_, frozen := r.h.Frozen[k.Name+"."+a.Name]
		if !a.ForceNew || !settable(a) || frozen {
			continue
		}
		r.try(a.Name, func() {
			x := r.thing(k, home, r.minimal(k, home, r.next()))
			if a.Name != k.Parent {
				r.set(x.want, k.Name, a, home, r.next())
			}
			before := r.create(x)
			old := x.deletion()
			place := home
			if a.Name == k.Parent {
				if place = r.home(k); place == home {
					return // there is one only
				}
				x.want[a.Name] = cty.StringVal(place)
			} else {
				x.want[a.Name] = r.another(k.Name, a, home, x.want[a.Name])
			}
			c := r.plan(x, &before)
			if c.Action != plan.Replace {
				r.fatalf("the plan is to %s", c.Action)
			}
			if res := r.apply(r.ctx, old)[0]; res.Err != nil {
				r.fatalf("deleting the old one: %v", res.Err)
			}
			// the new one is planned like any that does not exist
			was := x.id
			x.id, x.parent, x.prior, x.owned = "", place, cty.NilVal, nil
			r.create(x)
			if x.id != was {
				r.finds(k, home, providers.Query{IDs: []string{was}})
			}
		})
	}
}

// checkCredential: a first password can be set with the creation and anew.
func (r *run) checkCredential(k resource.Kind) {
	if k.Credential == nil {
		return
	}
	home := r.home(k)
	want := r.minimal(k, home, r.next())
	for _, a := range k.Attributes {
		c := k.Credential
		if a.OnCreate && a.Name != c.Password && a.Name != c.Generate && a.Name != c.Invite {
			r.set(want, k.Name, a, home, r.next())
		}
	}
	x := r.thing(k, home, want)
	c := r.plan(x, nil)
	op := x.operation(c)
	first := resource.NewSecret(r.canary + `-1 "é' \`)
	op.Password, op.PasswordTemporary = first, true
	live := r.created(x, c, r.apply(r.ctx, op)[0])
	r.signsIn(live, first, true, !k.Credential.Lasting)

	second := resource.NewSecret(r.canary + "-2")
	op = providers.Operation{
		Verb: providers.Update, Kind: k.Name, ID: x.id, Before: live.Attrs, After: live.Attrs, Marker: x.marker,
		Password: second,
	}
	if res := r.apply(r.ctx, op)[0]; res.Err != nil {
		r.fatalf("setting a password anew: %v", res.Err)
	}
	after := r.mustRead(x)
	if !equalObjects(live, after) {
		r.errorf("setting a password changed the object from %s to %s", show(live.Attrs), show(after.Attrs))
	}
	r.signsIn(live, second, true, false)
	r.signsIn(live, first, false, false)

	x = r.thing(k, home, r.minimal(k, home, r.next()))
	r.signsIn(r.create(x), resource.NewSecret(""), false, false)
}

func (r *run) signsIn(o resource.Object, password resource.Secret, right, temporary bool) {
	if r.h.SignIn == nil {
		return
	}
	gotRight, gotTemporary := r.h.SignIn(r.t, o, password.Reveal())
	if gotRight != right || right && gotTemporary != temporary {
		r.errorf("a password is right: %t, and temporary: %t; wanted %t and %t", gotRight, gotTemporary, right, temporary)
	}
}

// checkMarker: the marker is kept beside the attributes, or not at all.
func (r *run) checkMarker(k resource.Kind) {
	home := r.home(k)
	marker := resource.MarkerFor(r.prefix, resource.Address{Kind: k.Name, Name: "marked"})
	if !k.Marked {
		x := r.thing(k, home, r.minimal(k, home, r.next()))
		c := r.plan(x, nil)
		op := x.operation(c)
		op.Marker = marker
		r.created(x, c, r.apply(r.ctx, op)[0]) // which expects none
		return
	}
	x := r.thing(k, home, r.full(k, home, r.next()))
	live := r.create(x)
	for _, q := range []providers.Query{{All: true}, {All: true, Brief: true}, {IDs: []string{x.id}, Brief: true}} {
		q.Kind, q.Parent = k.Name, home
		for _, o := range r.list(q) {
			if o.ID == x.id && o.Marker != x.marker {
				r.errorf("List of %s returns the marker %q, not %q", describe(q), o.Marker, x.marker)
			}
		}
	}
	op := providers.Operation{Verb: providers.Update, Kind: k.Name, ID: x.id, Before: live.Attrs, After: live.Attrs, Marker: marker}
	if res := r.apply(r.ctx, op)[0]; res.Err != nil {
		r.fatalf("writing another marker: %v", res.Err)
	}
	x.marker = marker
	after := r.mustRead(x)
	if after.Marker != marker {
		r.errorf("another marker was not written: %q, not %q", after.Marker, marker)
	}
	if !after.Attrs.RawEquals(live.Attrs) {
		r.errorf("writing a marker changed the object from %s to %s", show(live.Attrs), show(after.Attrs))
	}
}
