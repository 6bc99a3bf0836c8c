package conformance

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// thing is one object as a configuration and a state would know it.
type thing struct {
	kind   resource.Kind
	parent string
	marker string

	want  map[string]cty.Value // what the configuration says
	id    string               // what the state says, from here on
	prior cty.Value
	owned map[string]cty.Value
}

func (r *run) thing(k resource.Kind, parent string, want map[string]cty.Value) *thing {
	x := &thing{kind: k, parent: parent, want: want}
	if k.Marked {
		x.marker = resource.MarkerFor(r.prefix, resource.Address{Kind: k.Name, Name: "thing", Key: resource.IntKey(r.next())})
	}
	return x
}

// value is what the configuration says, as one object.
func (x *thing) value() cty.Value { return cty.ObjectVal(x.want) }

// home makes an object for others of a kind to live in, and returns the value
// of their parent attribute; "" for a kind without one.
func (r *run) home(k resource.Kind) string {
	if k.Parent == "" {
		return ""
	}
	a, _ := k.Attribute(k.Parent)
	if a.Ref == nil {
		r.fatalf("the parent attribute %s refers to nothing", k.Parent)
	}
	for _, name := range a.Ref.Kinds {
		parent, ok := r.info.Kind(name)
		switch {
		case !ok:
		case parent.AdoptOnly, parent.DataOnly:
			for _, o := range r.list(providers.Query{Kind: name, All: true}) {
				return r.carries(a.Ref, o)
			}
		default:
			above := r.home(parent)
			o := r.create(r.thing(parent, above, r.minimal(parent, above, r.next())))
			if r.h.Home != nil {
				r.h.Home(r.t, o)
			}
			return r.carries(a.Ref, o)
		}
	}
	r.fatalf("there is no %s to live in", strings.Join(a.Ref.Kinds, " or "))
	return ""
}

// read returns the live object, or nil.
func (r *run) read(x *thing) *resource.Object {
	for _, o := range r.list(providers.Query{Kind: x.kind.Name, Parent: x.parent, IDs: []string{x.id}}) {
		if o.ID == x.id {
			return &o
		}
		r.errorf("List by the id %q returns another object, %q", x.id, o.ID)
	}
	return nil
}

func (r *run) mustRead(x *thing) resource.Object {
	live := r.read(x)
	if live == nil {
		r.fatalf("the %s with the id %q is not found", x.kind.Name, x.id)
	}
	return *live
}

// plan is the change that idpctl would plan for x.
func (r *run) plan(x *thing, live *resource.Object) *plan.Change {
	in := plan.Input{Kind: x.kind, Live: live, Marker: x.marker, Desired: &resource.Desired{
		Address:  resource.Address{Kind: x.kind.Name, Name: "thing"},
		Provider: r.info.Type, Attrs: x.value(), OnDestroy: "delete",
	}}
	if x.id != "" {
		in.Prior = &plan.Prior{
			Address: in.Desired.Address, Provider: r.info.Type, Kind: x.kind.Name, Parent: x.parent, ID: x.id,
			Origin: resource.Created, Attrs: resource.Record(x.prior), Owned: x.owned,
		}
	}
	c, diags := plan.Resource(in)
	if diags.HasErrors() {
		r.fatalf("no plan: %v", diags)
	}
	return c
}

// operation is what apply sends for a change.
func (x *thing) operation(c *plan.Change) providers.Operation {
	before, _ := c.Before.UnmarkDeep()
	after, _ := c.After.UnmarkDeep()
	op := providers.Operation{
		Verb: providers.Update, Kind: x.kind.Name, Address: c.Address, ID: c.ID, Marker: x.marker,
		Before: before, After: sent(x.kind.All(), after, cty.ObjectVal(x.want)),
	}
	if c.Action == plan.Create || c.Action == plan.Replace {
		op.Verb, op.ID, op.Before = providers.Create, "", cty.NullVal(x.kind.Type())
		if x.kind.ChosenID || x.kind.UpsertKey {
			op.ID = x.kind.IDPrefix + uuid.NewString()
		}
		return op
	}
	for _, a := range c.Attributes {
		if top := a.Top(); !a.Local && !slices.Contains(op.Changed, top) {
			op.Changed = append(op.Changed, top)
		}
	}
	return op
}

// sent is the planned value with what is sent only, and without what is unknown.
func sent(attrs []resource.Attribute, after, want cty.Value) cty.Value {
	out := map[string]cty.Value{}
	for _, a := range attrs {
		v := resource.Attr(after, a.Name)
		if a.WriteOnly {
			v = resource.Attr(want, a.Name)
		} else if a.Block != nil && v.IsKnown() && !v.IsNull() {
			v = sent(a.Block, v, resource.Attr(want, a.Name))
		}
		if !v.IsWhollyKnown() || v.IsNull() {
			v = cty.NullVal(typeOf(a))
		}
		out[a.Name] = v
	}
	return cty.ObjectVal(out)
}

// create makes x, and checks that it is there as it was wanted.
func (r *run) create(x *thing) resource.Object {
	c := r.plan(x, nil)
	op := x.operation(c)
	r.foreseeNone(op)
	return r.created(x, c, r.apply(r.ctx, op)[0])
}

// created records the result of a creation, and checks the object.
func (r *run) created(x *thing, c *plan.Change, res providers.Result) resource.Object {
	if res.ID != "" {
		x.id = res.ID
		r.made = append(r.made, x)
	}
	if res.Err != nil {
		r.fatalf("creating a %s: %v", x.kind.Name, res.Err)
	}
	return r.settled(x, c, res)
}

// settled checks that after a change nothing is left to do.
func (r *run) settled(x *thing, c *plan.Change, res providers.Result) resource.Object {
	live := r.mustRead(x)
	if res.Object != nil && !equalObjects(*res.Object, live) {
		r.errorf("the object in the result is not the one that is read:\n%s\n%s", show(res.Object.Attrs), show(live.Attrs))
	}
	if live.Marker != x.marker {
		r.errorf("the marker is %q, not %q", live.Marker, x.marker)
	}
	if live.Builtin {
		r.errorf("what was created counts as the provider's own")
	}
	x.owned = plan.NewOwned(c, x.kind)
	x.prior = recorded(x.kind.All(), x.value())
	r.nothingToDo(x, live)
	return live
}

// recorded is what the state keeps of a wish: nothing that is written only.
func recorded(attrs []resource.Attribute, want cty.Value) cty.Value {
	out := map[string]cty.Value{}
	for _, a := range attrs {
		v := resource.Attr(want, a.Name)
		switch {
		case a.WriteOnly || a.OnCreate || v.IsNull():
			v = cty.NullVal(typeOf(a))
		case a.Block != nil:
			v = recorded(a.Block, v)
		}
		out[a.Name] = v
	}
	return cty.ObjectVal(out)
}

func (r *run) nothingToDo(x *thing, live resource.Object) {
	c := r.plan(x, &live)
	for _, a := range c.Attributes {
		if !r.told[a.Top()] {
			r.errorf("%s: wanted %s, and read %s", a.Path, show(a.After), show(a.Before))
		}
	}
	if len(c.Attributes) == 0 && c.Action != plan.NoOp {
		r.errorf("the next plan is to %s", c.Action)
	}
}

// update changes x to what it is wanted to be now. It must stay the same object.
func (r *run) update(x *thing) resource.Object {
	before := r.mustRead(x)
	c := r.plan(x, &before)
	if c.Action != plan.Update {
		r.fatalf("the plan for a change is to %s", c.Action)
	}
	op := x.operation(c)
	r.foreseeNone(op)
	res := r.apply(r.ctx, op)[0]
	if res.Err != nil {
		r.fatalf("an attribute that does not force replacement cannot be changed: %v", res.Err)
	}
	if res.ID != x.id {
		r.errorf("a change in place gave the object another id: %q, not %q", res.ID, x.id)
	}
	return r.settled(x, c, res)
}

// remove deletes x.
func (r *run) remove(x *thing) error {
	return r.apply(r.ctx, x.deletion())[0].Err
}

func (x *thing) deletion() providers.Operation {
	return providers.Operation{
		Verb: providers.Delete, Kind: x.kind.Name, ID: x.id,
		Before: cty.ObjectVal(x.with(map[string]cty.Value{"id": cty.StringVal(x.id)})),
		After:  cty.NullVal(x.kind.Type()),
	}
}

// with is x's wish with some attributes changed.
func (x *thing) with(changes map[string]cty.Value) map[string]cty.Value {
	out := maps.Clone(x.want)
	maps.Copy(out, changes)
	return out
}

// equalObjects compares what two reads returned.
func equalObjects(a, b resource.Object) bool {
	return a.Kind == b.Kind && a.ID == b.ID && a.Marker == b.Marker && a.Builtin == b.Builtin &&
		(a.UpsertKey == b.UpsertKey || a.UpsertKey == "" || b.UpsertKey == "") &&
		maps.Equal(a.Doubts, b.Doubts) && (a.Created.Equal(b.Created) || a.Created.IsZero() || b.Created.IsZero()) && a.Attrs.RawEquals(b.Attrs)
}

// show writes a value for people.
func show(v cty.Value) string {
	if v == cty.NilVal {
		return "nothing"
	}
	v, _ = v.UnmarkDeep()
	s := strings.ReplaceAll(v.GoString(), "cty.", "")
	return strings.ReplaceAll(s, "StringVal", "")
}
