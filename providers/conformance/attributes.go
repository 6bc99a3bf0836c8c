package conformance

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// checkRoundTrip: what is created, with everything set and with as little as
// possible, is read back so that nothing is left to do.
func (r *run) checkRoundTrip(k resource.Kind) {
	home := r.home(k)
	r.try("everything set", func() { r.create(r.thing(k, home, r.full(k, home, r.next()))) })
	r.try("nothing set", func() { r.create(r.thing(k, home, r.minimal(k, home, r.next()))) })
}

// checkAlone: every attribute works without the others.
func (r *run) checkAlone(k resource.Kind) {
	home := r.home(k)
	for _, a := range r.varied(k) {
		r.try(a.Name, func() {
			n := r.next()
			want := r.minimal(k, home, n)
			r.vary(want, k.Name, a, home, defaultOf(a))
			r.create(r.thing(k, home, want))
		})
	}
}

func defaultOf(a resource.Attribute) cty.Value {
	if a.Default != cty.NilVal {
		return a.Default
	}
	return cty.NullVal(typeOf(a))
}

// checkChange: every attribute can be changed in place, unless its
// specification says that a change replaces; the object stays the same one, and
// its other attributes stay as they are.
func (r *run) checkChange(k resource.Kind) {
	home := r.home(k)
	x := r.thing(k, home, r.full(k, home, r.next()))
	r.create(x)
	for _, a := range r.varied(k) {
		if a.ForceNew {
			continue
		}
		if a.Block != nil {
			r.changeInside(x, a)
			continue
		}
		r.try(a.Name, func() {
			r.change(x, a, func(want map[string]cty.Value) {
				r.vary(want, k.Name, a, home, want[a.Name])
			})
		})
	}
	r.try("what is not named", func() { r.changeOneOnly(x) })
}

// change changes x, and checks that only what is wanted has changed.
func (r *run) change(x *thing, a resource.Attribute, edit func(map[string]cty.Value)) {
	old, before := x.want, r.mustRead(x)
	x.want = x.with(nil)
	edit(x.want)
	defer func() {
		if p := recover(); p != nil { // go on with what is there
			x.want = old
			panic(p)
		}
	}()
	after := r.update(x)
	for _, other := range x.kind.Attributes {
		wished := !plan.Same(old[other.Name], x.want[other.Name])
		decided := other.Computed && !other.Optional // a server's own
		moves := slices.Contains(r.h.Samples[x.kind.Name+"."+a.Name].Moves, other.Name)
		if other.Name == a.Name || wished || decided || moves {
			continue
		}
		stayed := plan.Same(before.Attr(other.Name), after.Attr(other.Name))
		if other.Partial { // what is managed was compared by the plan
			stayed = size(without(before.Attr(other.Name), after.Attr(other.Name))) == 0
		}
		if !stayed && !r.told[other.Name] {
			r.told[other.Name] = true // once is enough
			r.errorf("a change of it changed %s as well: from %s to %s", other.Name, show(before.Attr(other.Name)), show(after.Attr(other.Name)))
		}
	}
}

// changeInside changes each attribute of a nested block.
func (r *run) changeInside(x *thing, a resource.Attribute) {
	path := x.kind.Name + "." + a.Name
	for _, in := range a.Block {
		_, frozen := r.h.Frozen[path+"."+in.Name]
		if !settable(in) || in.WriteOnly || in.ForceNew || frozen {
			continue
		}
		r.try(a.Name+"."+in.Name, func() {
			r.change(x, a, func(want map[string]cty.Value) {
				if want[a.Name].IsNull() {
					r.set(want, x.kind.Name, a, x.parent, r.next())
				}
				inner := want[a.Name].AsValueMap()
				r.vary(inner, path, in, x.parent, inner[in.Name])
				want[a.Name] = cty.ObjectVal(inner)
			})
		})
	}
}

// changeOneOnly changes one attribute while everything that may be left to the
// server is not set: that stays.
func (r *run) changeOneOnly(x *thing) {
	var one resource.Attribute
	for _, a := range r.varied(x.kind) {
		if !a.ForceNew && a.Block == nil && !a.Computed {
			one = a
			break
		}
	}
	if one.Name == "" {
		return
	}
	before := r.mustRead(x)
	x.want = x.with(nil)
	r.vary(x.want, x.kind.Name, one, x.parent, x.want[one.Name])
	c := r.plan(x, &before)
	op := x.operation(c)
	for _, a := range r.varied(x.kind) {
		if a.Computed {
			op.After = replaced(op.After, a.Name, cty.NullVal(typeOf(a)))
		}
	}
	res := r.apply(r.ctx, op)[0]
	if res.Err != nil {
		r.fatalf("%v", res.Err)
	}
	after := r.settled(x, c, res)
	for _, a := range r.varied(x.kind) {
		if a.Computed && !plan.Same(before.Attr(a.Name), after.Attr(a.Name)) {
			r.errorf("%s is left to the server, and a change of %s changed it from %s to %s",
				a.Name, one.Name, show(before.Attr(a.Name)), show(after.Attr(a.Name)))
		}
	}
}

// checkUnset: every attribute that need not be set can be set on an object that
// exists, and unset again.
func (r *run) checkUnset(k resource.Kind) {
	home := r.home(k)
	base := r.minimal(k, home, r.next())
	x := r.thing(k, home, base)
	r.create(x)
	for _, a := range r.varied(k) {
		if a.ForceNew || a.Required || a.DefaultFrom != "" {
			continue
		}
		r.try(a.Name, func() {
			x.want = x.with(base)
			r.vary(x.want, k.Name, a, home, r.mustRead(x).Attr(a.Name))
			set := r.update(x)
			x.want = x.with(map[string]cty.Value{a.Name: base[a.Name]})
			if !a.Computed {
				r.update(x)
				return
			}
			if c := r.plan(x, &set); c.Action != plan.NoOp {
				r.errorf("what may be left to the server is planned to %s when it is no longer set: %v", c.Action, c.Attributes)
			}
		})
	}
}

// oddTexts are strings that go wrong where something is quoted, decoded,
// trimmed or matched that should not be.
func oddTexts() []string {
	return []string{
		`it's "quoted" \ and \n`, "Ünïcødé ß 東京 😀", "two\nlines\tand a tab", " spaces around ", "%2F../../admin?first=0&max=1#x",
		"<b>bold</b> & co", "**********", "${env.HOME} {{x}} $(id)", "null", "true", "-1", "a,b;c:d=e##f", "'; DROP TABLE users; --",
	}
}

// checkOddTexts: every text is stored as it is, or refused.
func (r *run) checkOddTexts(k resource.Kind) {
	home := r.home(k)
	x := r.thing(k, home, r.minimal(k, home, r.next()))
	r.create(x)
	for _, a := range r.varied(k) {
		c := a.Check
		text := a.Type == cty.String && a.Ref == nil && len(c.OneOf) == 0 && !c.Email && !c.URL && c.Pattern == ""
		mapped := a.Type.Equals(cty.Map(cty.String))
		if a.Block != nil || a.ForceNew || !text && !mapped {
			continue
		}
		for _, s := range oddTexts() {
			if a.Normalize == resource.Lower {
				s = strings.TrimSpace(strings.ToLower(s)) // as the configuration does
			}
			if n := utf8.RuneCountInString(s); text && (n < c.MinLen || c.MaxLen > 0 && n > c.MaxLen) {
				continue
			}
			v := cty.StringVal(s)
			if mapped {
				v = cty.MapVal(map[string]cty.Value{"key-0": v})
			}
			r.try(a.Name+" = "+show(v), func() { r.oddText(x, a, v) })
		}
	}
}

func (r *run) oddText(x *thing, a resource.Attribute, v cty.Value) {
	old, before := x.want, r.mustRead(x)
	x.want = x.with(r.h.Samples[x.kind.Name+"."+a.Name].With)
	x.want[a.Name] = v
	c := r.plan(x, &before)
	if c.Action == plan.NoOp {
		return
	}
	res := r.apply(r.ctx, x.operation(c))[0]
	if res.Err == nil {
		live := r.settled(x, c, res)
		if key, ok := keyOf(x.kind.Key, live); ok && c.Action == plan.Update {
			r.finds(x.kind, x.parent, providers.Query{Keys: []map[string]string{key}}, x.id)
		}
		return
	}
	x.want = old
	if class := providers.ClassOf(res.Err); class != providers.Invalid {
		r.errorf("a text was refused with the class %s, not Invalid: %v", className(class), res.Err)
	}
	if after := r.mustRead(x); !equalObjects(before, after) {
		r.errorf("a text was refused, and the object has changed all the same")
	}
}

// checkNormalised: what the server changes in a string is what the
// specification says, so that the plan can do the same beforehand.
func (r *run) checkNormalised(k resource.Kind) {
	home := r.home(k)
	for _, a := range r.varied(k) {
		if a.Normalize != resource.Lower || a.Type != cty.String {
			continue
		}
		r.try(a.Name, func() {
			n := r.next()
			want := r.minimal(k, home, n)
			r.set(want, k.Name, a, home, n)
			x := r.thing(k, home, want)
			c := r.plan(x, nil)
			op := x.operation(c)
			raw := op.After.AsValueMap()
			raw[a.Name] = cty.StringVal(strings.ToUpper(want[a.Name].AsString()))
			op.After = cty.ObjectVal(raw)
			live := r.created(x, c, r.apply(r.ctx, op)[0])
			for _, names := range k.Identities() {
				if key, ok := keyOf(names, live); ok {
					r.finds(k, home, providers.Query{Keys: []map[string]string{key}}, x.id)
				}
			}
		})
	}
}

// keyOf is a key of an object; what is null is empty in it.
func keyOf(names []string, o resource.Object) (map[string]string, bool) {
	return plan.KeyOf(names, o.Attrs)
}

// finds checks that a query finds exactly the objects with some ids.
func (r *run) finds(k resource.Kind, parent string, q providers.Query, ids ...string) []resource.Object {
	q.Kind, q.Parent = k.Name, parent
	found := r.list(q)
	want := map[string]bool{}
	for _, id := range ids {
		want[id] = true
	}
	for _, o := range found {
		if !want[o.ID] {
			r.errorf("List of %s finds an object that was not asked for: %s", describe(q), show(o.Attrs))
		}
		delete(want, o.ID)
	}
	if len(want) > 0 {
		r.errorf("List of %s misses %d of %d objects", describe(q), len(want), len(ids))
	}
	return found
}
