package run

import (
	"context"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// planner walks the graph once and collects what package plan makes of each
// object. It is used for one plan and thrown away.
type planner struct {
	run  *Run
	mode plan.Mode

	// state is what the plan starts from: recovered intents are in it.
	state  *state.State
	priors map[resource.Address]*plan.Prior
	// live holds every object of the state that still exists.
	live map[identity]resource.Object
	// desired are all instances of the configuration, known so far.
	desired map[resource.Address]*resource.Desired
	changes map[resource.Address]*plan.Change
	order   []*plan.Change
	targets []*plan.TargetChange
	files   []*plannedTarget
	// abandoned settle credentials that the configuration asks for no more.
	abandoned []state.Record
	// places are the files planned so far, by what they really are.
	places map[string]resource.Address
}

// walk evaluates layer after layer. Errors of one layer end the walk after it,
// so that all of a layer's are told and no follow-up ones are.
func (p *planner) walk(ctx context.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	for n, layer := range p.run.module.Layers() {
		diags = append(diags, p.layer(ctx, n, layer)...)
		if diags.HasErrors() {
			return diags
		}
	}
	return diags
}

// layer plans all blocks of one layer: one round of reads for all of them.
func (p *planner) layer(ctx context.Context, n int, blocks []config.Block) diag.Diagnostics {
	var diags diag.Diagnostics
	var managed, data []*resource.Desired
	for _, b := range blocks {
		if b.Type == config.ClusterBlock {
			diags = append(diags, p.cluster(ctx, n, b)...)
			continue
		}
		instances, ds := p.run.eval.Expand(b.Address)
		diags = append(diags, ds...)
		for i := range instances {
			d := &instances[i]
			p.desired[d.Address] = d
			if b.Type == config.DataBlock {
				data = append(data, d)
			} else {
				managed = append(managed, d)
			}
		}
	}
	if diags.HasErrors() {
		return diags
	}
	r := newReader(p.run.conns)
	lookups := make([]lookup, len(data))
	for i, d := range data {
		lookups[i] = p.lookup(d, r)
	}
	for _, d := range managed {
		p.search(d, r)
	}
	found, ds := r.read(ctx)
	if diags = append(diags, ds...); diags.HasErrors() {
		return diags
	}
	for _, l := range lookups {
		diags = append(diags, p.read(n, l, found[l.place])...)
	}
	index := indexKeys(found, p)
	for _, d := range managed {
		diags = append(diags, p.object(n, d, index)...)
	}
	return diags
}

// place is where the object of an instance lives; false while its parent is
// not known, or does not exist yet.
func (p *planner) place(d *resource.Desired, kind resource.Kind) (place, bool) {
	at := place{provider: d.Provider, kind: kind.Name}
	if kind.Parent == "" {
		return at, true
	}
	v, _ := resource.Attr(d.Attrs, kind.Parent).Unmark()
	if !v.IsKnown() || v.IsNull() {
		return at, false
	}
	at.parent = v.AsString()
	parent, ok := p.changes[d.Parent]
	if !ok {
		return at, true
	}
	switch parent.Action {
	case plan.Create, plan.Replace, plan.Read:
		return at, false
	case plan.Update:
		// A parent that is renamed in place is still read by its old name.
		if name := nameIn(parent, kind); name != "" {
			at.parent = name
		}
	}
	return at, true
}

// nameIn is the present value by which objects of a kind refer to their parent.
func nameIn(parent *plan.Change, kind resource.Kind) string {
	a, ok := kind.Attribute(kind.Parent)
	if !ok || a.Ref == nil {
		return ""
	}
	v := resource.Attr(parent.Before, a.Ref.Attr)
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// search asks for what may be the object of an instance that the state does
// not know, or knows and that is gone.
func (p *planner) search(d *resource.Desired, r *reader) {
	kind, ok := p.run.conns.kind(d.Provider, d.Address.Kind)
	if !ok {
		return
	}
	if prior := p.prior(d, kind); prior != nil {
		if _, ok := p.live[identity{prior.Provider, prior.Kind, prior.ID}]; ok {
			return
		}
	}
	at, ok := p.place(d, kind)
	if !ok {
		return
	}
	if id, _ := resource.Attr(d.Attrs, "id").Unmark(); id.IsKnown() && !id.IsNull() && id.AsString() != "" {
		r.id(at, id.AsString())
		return
	}
	for _, names := range append([][]string{kind.Key}, kind.Unique...) {
		if key, ok := plan.KeyOf(names, d.Attrs); ok {
			r.key(at, key)
		}
	}
}

// object plans one managed instance.
func (p *planner) object(n int, d *resource.Desired, index keyIndex) diag.Diagnostics {
	kind, _ := p.run.conns.kind(d.Provider, d.Address.Kind)
	in := plan.Input{Kind: kind, Desired: d, Prior: p.prior(d, kind), Marker: resource.MarkerFor(p.run.module.Namespace(), d.Address)}
	if in.Prior != nil {
		if in.Prior.Address != d.Address {
			in.RenamedFrom = in.Prior.Address
		}
		if o, ok := p.live[identity{in.Prior.Provider, in.Prior.Kind, in.Prior.ID}]; ok {
			in.Live = &o
		}
		if in.Prior.Undelivered && !wantsCredential(kind, d) {
			in.Prior = p.abandon(in.Prior)
		}
	}
	if at, ok := p.place(d, kind); ok {
		in.Matches = index.matches(at, kind, d)
		if in.Live != nil && kind.Parent != "" {
			renameParent(&in, kind, at.parent)
		}
	}
	if parent, ok := p.changes[d.Parent]; ok {
		in.ParentReplaced = parent.Action == plan.Replace
	}
	if in.Prior == nil {
		if prior := p.orphanOf(in.Matches, d, kind); prior != nil {
			in.Prior, in.RenamedFrom = prior, prior.Address
			o := p.live[identity{prior.Provider, prior.Kind, prior.ID}]
			in.Live = &o
		}
	}
	c, diags := plan.Resource(in)
	if c == nil {
		// Its dependents are evaluated with what is known of it.
		p.run.eval.Set(d.Address, cty.UnknownVal(kind.Type()))
		return diags
	}
	c.Layer = n
	p.add(c)
	p.run.eval.Set(d.Address, c.After)
	return diags
}

// wantsCredential reports whether the configuration still asks for a first
// password that idpctl or the provider makes.
func wantsCredential(kind resource.Kind, d *resource.Desired) bool {
	if kind.Credential == nil {
		return false
	}
	for _, name := range []string{kind.Credential.Generate, kind.Credential.Invite} {
		v, _ := resource.Attr(d.Attrs, name).Unmark()
		if v.IsKnown() && !v.IsNull() && v.Type() == cty.Bool && v.True() {
			return true
		}
	}
	return false
}

// abandon gives up a credential that was never delivered and is not asked for
// any more.
func (p *planner) abandon(prior *plan.Prior) *plan.Prior {
	for _, c := range p.state.Pending {
		if c.Address == prior.Address {
			p.abandoned = append(p.abandoned, state.Delivered{Intent: c.Intent})
		}
	}
	out := *prior
	out.Undelivered = false
	return &out
}

func (p *planner) add(c *plan.Change) {
	p.changes[c.Address] = c
	p.order = append(p.order, c)
}

// renameParent treats an object whose parent is renamed in place as one of the
// renamed parent already: it does not move.
func renameParent(in *plan.Input, kind resource.Kind, old string) {
	want, _ := resource.Attr(in.Desired.Attrs, kind.Parent).Unmark()
	have := resource.Attr(in.Live.Attrs, kind.Parent)
	if have.IsNull() || have.AsString() != old || want.AsString() == old {
		return
	}
	live := *in.Live
	live.Attrs = withAttr(live.Attrs, kind.Parent, want)
	in.Live = &live
}

func withAttr(obj cty.Value, name string, v cty.Value) cty.Value {
	m := obj.AsValueMap()
	m[name] = v
	return cty.ObjectVal(m)
}

// prior is the state's record of an instance, nil if there is none. A record
// of another provider or kind is that of another object.
func (p *planner) prior(d *resource.Desired, kind resource.Kind) *plan.Prior {
	prior, ok := p.priors[d.Address]
	if !ok || prior.Provider != d.Provider || prior.Kind != kind.Name {
		return nil
	}
	return prior
}

// orphanOf finds the record of an address that the configuration no longer
// has, whose object is the one that a new address means: the block was renamed.
func (p *planner) orphanOf(matches []resource.Object, d *resource.Desired, kind resource.Kind) *plan.Prior {
	for _, o := range matches {
		for _, prior := range p.priors {
			if prior.Kind != kind.Name || prior.Provider != d.Provider || prior.ID != o.ID {
				continue
			}
			if _, live := p.live[identity{prior.Provider, prior.Kind, prior.ID}]; live && !p.run.configures(prior.Address) {
				return prior
			}
		}
	}
	return nil
}

// keyIndex finds objects by place, and there by id and by every key.
type keyIndex map[place]map[string][]resource.Object

// indexKeys makes the index, so that planning 10,000 new users does not
// compare each with each.
func indexKeys(found map[place][]resource.Object, p *planner) keyIndex {
	index := keyIndex{}
	for at, objects := range found {
		kind, ok := p.run.conns.kind(at.provider, at.kind)
		if !ok {
			continue
		}
		byKey := make(map[string][]resource.Object, len(objects))
		for _, o := range objects {
			for _, k := range objectKeys(kind, o.ID, o.Attrs) {
				byKey[k] = append(byKey[k], o)
			}
		}
		index[at] = byKey
	}
	return index
}

// objectKeys are the index entries of an object or a wish: "id=…" and one for
// each set of identifying attributes.
func objectKeys(kind resource.Kind, id string, attrs cty.Value) []string {
	var keys []string
	if id != "" {
		keys = append(keys, "id="+id)
	}
	for _, names := range append([][]string{kind.Key}, kind.Unique...) {
		if key, ok := plan.KeyOf(names, attrs); ok {
			s := "key"
			for _, name := range names {
				s += "\x00" + name + "=" + key[name]
			}
			keys = append(keys, s)
		}
	}
	return keys
}

// matches are the objects found that an instance may mean, each once.
func (x keyIndex) matches(at place, kind resource.Kind, d *resource.Desired) []resource.Object {
	byKey := x[at]
	if byKey == nil {
		return nil
	}
	id := ""
	if v, _ := resource.Attr(d.Attrs, "id").Unmark(); v.IsKnown() && !v.IsNull() {
		id = v.AsString()
	}
	var out []resource.Object
	for _, k := range objectKeys(kind, id, d.Attrs) {
		for _, o := range byKey[k] {
			if !slices.ContainsFunc(out, func(have resource.Object) bool { return have.ID == o.ID }) {
				out = append(out, o)
			}
		}
	}
	return out
}
