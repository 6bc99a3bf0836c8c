package run

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/parallel"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
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
	// expanded are the blocks of which desired has all instances.
	expanded map[resource.Address]bool
	changes  map[resource.Address]*plan.Change
	order    []*plan.Change
	targets  []*plan.TargetChange
	files    []*plannedTarget
	prints   []printedTarget
	// abandoned settle credentials that the configuration asks for no more.
	abandoned []state.Record
	// recovered settle what a run that died left open; since are creations of it
	// that were not seen yet.
	recovered []state.Record
	since     map[resource.Address]state.Intent
	// ops are the operations of order, once they are checked.
	ops []providers.Operation
	// answered are the data blocks that were read.
	answered []answered
	// places are the files planned so far, by what they really are.
	places map[string][]*plannedTarget
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
		if !ds.HasErrors() {
			instances, ds = p.askDefaults(ctx, b.Address, instances, ds)
		}
		diags = append(diags, ds...)
		p.expanded[b.Address] = true
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
	diags = append(diags, p.checkProviders(managed)...)
	if diags.HasErrors() {
		return diags
	}
	r := p.newReader()
	lookups := make([]lookup, len(data))
	for i, d := range data {
		lookups[i] = p.lookup(d, r)
	}
	plain := make([]bool, len(managed))
	parallel.Each(len(managed), func(i int) { plain[i] = p.isPlain(managed[i]) })
	for i, d := range managed {
		if !plain[i] {
			p.search(d, r)
		}
	}
	found, ds := r.read(ctx)
	if diags = append(diags, ds...); diags.HasErrors() {
		return diags
	}
	for _, l := range lookups {
		diags = append(diags, p.read(n, l, found[l.place])...)
	}
	index := indexKeys(found, p)
	if diags = append(diags, p.takeLate(managed, index)...); diags.HasErrors() {
		return diags
	}
	return append(diags, p.objects(n, managed, index)...)
}

// checkProviders refuses to move an object from one provider block to another:
// two servers have nothing in common, and the state holds one object for an
// address.
func (p *planner) checkProviders(managed []*resource.Desired) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, d := range managed {
		if prior, ok := p.priors[d.Address]; ok && prior.Provider != d.Provider {
			diags = append(diags, diag.Diagnostic{
				Summary: "Provider changed", Subject: d.AttrRange("provider"), Address: d.Address.String(),
				Detail: fmt.Sprintf("The state has %s (id %s) at provider %s, and the configuration puts it to %s. An object does not move from one to the other: give the block another label to have a new one made there and this one removed, or put the old provider back.",
					d.Address, prior.ID, prior.Provider, d.Provider),
			})
		}
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
	if parent, ok := p.changes[d.Parent]; ok {
		switch parent.Action {
		case plan.Create, plan.Replace, plan.Read:
			return at, false
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

// isPlain reports whether there is nothing to search for an instance: its object
// is known, exists, and keeps the values that no two may share. It is called
// concurrently.
func (p *planner) isPlain(d *resource.Desired) bool {
	kind, ok := p.run.conns.kind(d.Provider, d.Address.Kind)
	if !ok {
		return false
	}
	prior := p.prior(d, kind)
	if prior == nil {
		return false
	}
	o, ok := p.live[identity{prior.Provider, prior.Kind, prior.ID}]
	return ok && !slices.ContainsFunc(kind.Identities(), func(names []string) bool { return !plan.SameKey(names, d.Attrs, o.Attrs) })
}

// search asks for what may be the object of an instance that the state does
// not know, or knows and that is gone.
func (p *planner) search(d *resource.Desired, r *reader) {
	kind, ok := p.run.conns.kind(d.Provider, d.Address.Kind)
	if !ok {
		return
	}
	at, ok := p.place(d, kind)
	if !ok {
		return
	}
	if prior := p.prior(d, kind); prior != nil {
		if o, ok := p.live[identity{prior.Provider, prior.Kind, prior.ID}]; ok {
			p.searchHolders(d, kind, at, o, r)
			return
		}
	}
	if id, _ := resource.Attr(d.Attrs, "id").Unmark(); id.IsKnown() && !id.IsNull() && id.AsString() != "" {
		r.id(at, id.AsString())
		return
	}
	for _, names := range kind.Identities() {
		if key, ok := plan.KeyOf(names, d.Attrs); ok {
			r.key(at, key)
		}
	}
	if kind.Restores {
		p.searchBin(d, kind, at.bin(), r)
	}
	if in, ok := p.since[d.Address]; ok && in.UpsertKey != "" {
		r.upsertKey(at, in.UpsertKey)
	}
	if len(kind.Key) == 0 {
		r.marker(at, p.marker(d.Address))
	}
}

// searchBin asks for a deleted object that may be brought back: by its key, or
// without one by its id and by its marker. Without a namespace every copy of a
// configuration has the same markers, so that it could be somebody else's.
func (p *planner) searchBin(d *resource.Desired, kind resource.Kind, bin place, r *reader) {
	if key, ok := plan.KeyOf(kind.Key, d.Attrs); ok {
		r.query(bin).Deleted = true
		r.key(bin, key)
	}
	if len(kind.Key) > 0 {
		return
	}
	if prior := p.prior(d, kind); prior != nil {
		r.query(bin).Deleted = true
		r.id(bin, prior.ID)
	}
	if p.run.module.Namespace() != resource.DefaultNamespace {
		r.query(bin).Deleted = true
		r.marker(bin, p.marker(d.Address))
	}
}

// bin is where the deleted objects of a place are.
func (p place) bin() place {
	p.alone = "bin"
	return p
}

// marker is what an object carries that belongs to an address.
func (p *planner) marker(a resource.Address) string {
	return resource.MarkerFor(p.run.module.Namespace(), a)
}

// searchHolders asks who has what an existing object is to get: a key, or
// another value that no two may share.
func (p *planner) searchHolders(d *resource.Desired, kind resource.Kind, at place, live resource.Object, r *reader) {
	for _, names := range kind.Identities() {
		want, ok := plan.KeyOf(names, d.Attrs)
		if has, _ := plan.KeyOf(names, live.Attrs); ok && !maps.Equal(want, has) && d.Writes(names) {
			r.key(at, want)
		}
	}
}

// objects plans the managed instances of a layer. They are compared on all
// processors: each comparison is a function of its own input.
func (p *planner) objects(n int, managed []*resource.Desired, index keyIndex) diag.Diagnostics {
	for _, d := range managed {
		kind, _ := p.run.conns.kind(d.Provider, d.Address.Kind)
		if prior := p.prior(d, kind); prior != nil && prior.Undelivered && !wantsCredential(kind, d) {
			p.priors[d.Address] = p.abandon(prior)
		}
	}
	changes, told := make([]*plan.Change, len(managed)), make([]diag.Diagnostics, len(managed))
	parallel.Each(len(managed), func(i int) { changes[i], told[i] = plan.Resource(p.input(managed[i], index)) })
	var diags diag.Diagnostics
	for i, d := range managed {
		diags = append(diags, told[i]...)
		c := changes[i]
		if c == nil {
			// Its dependents are evaluated with what is known of it.
			kind, _ := p.run.conns.kind(d.Provider, d.Address.Kind)
			p.run.eval.Set(d.Address, cty.UnknownVal(kind.Type()))
			continue
		}
		c.Layer = n
		p.add(c)
		p.run.eval.Set(d.Address, c.After)
	}
	return diags
}

// input gathers what decides on one managed instance. It is called
// concurrently.
func (p *planner) input(d *resource.Desired, index keyIndex) plan.Input {
	kind, _ := p.run.conns.kind(d.Provider, d.Address.Kind)
	in := plan.Input{Kind: kind, Desired: d, Prior: p.prior(d, kind), Marker: p.marker(d.Address)}
	if in.Prior != nil {
		if o, ok := p.live[identity{in.Prior.Provider, in.Prior.Kind, in.Prior.ID}]; ok {
			in.Live = &o
		}
	}
	if at, ok := p.place(d, kind); ok {
		what := wanted{kind, d, in.Marker, p.since[d.Address].UpsertKey}
		in.Matches = index.matches(at, what)
		if kind.Restores {
			in.Deleted = index.matches(at.bin(), what)
			if in.Prior != nil {
				in.Deleted = append(in.Deleted, index[at.bin()]["id="+in.Prior.ID]...)
			}
			if len(in.Deleted) > 0 {
				in.Gone = p.gone(d.Provider, kind.Name)
			}
		}
	}
	if in.Live != nil { // it is known which one it is: the others are in the way
		in.Matches = slices.DeleteFunc(in.Matches, func(o resource.Object) bool {
			_, managed := p.live[identity{d.Provider, kind.Name, o.ID}]
			return managed // what changes hands within a plan is looked at when all is known
		})
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
	return in
}

// gone are the ids of what idpctl deleted not long ago.
func (p *planner) gone(provider, kind string) map[string]bool {
	out := map[string]bool{}
	for _, g := range p.state.Gone {
		if g.Provider == provider && g.Kind == kind {
			out[g.ID] = true
		}
	}
	return out
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

// prior is the state's record of an instance, nil if there is none. A record
// of another provider or kind is that of another object.
func (p *planner) prior(d *resource.Desired, kind resource.Kind) *plan.Prior {
	prior, ok := p.priors[d.Address]
	if !ok || prior.Provider != d.Provider || prior.Kind != kind.Name {
		return nil
	}
	return prior
}

// configures reports whether the configuration has an instance of an address,
// or may have one, as its block is still to be expanded.
func (p *planner) configures(a resource.Address) bool {
	if p.expanded[a.Block()] {
		return p.desired[a] != nil
	}
	return p.run.configures(a)
}

// orphanOf finds the record of an address that the configuration no longer
// has, whose object is the one that a new address means: the block was renamed.
func (p *planner) orphanOf(matches []resource.Object, d *resource.Desired, kind resource.Kind) *plan.Prior {
	for _, o := range matches {
		for _, prior := range p.priors {
			if prior.Kind != kind.Name || prior.Provider != d.Provider || prior.ID != o.ID {
				continue
			}
			if _, live := p.live[identity{prior.Provider, prior.Kind, prior.ID}]; live && !p.configures(prior.Address) {
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
			for _, k := range objectKeys(kind, o) {
				byKey[k] = append(byKey[k], o)
			}
		}
		index[at] = byKey
	}
	return index
}

// objectKeys are the index entries of an object, or of what a wish says of one:
// its id, the key that it was created with, one for each set of identifying
// attributes, and its marker where that is what identifies it.
func objectKeys(kind resource.Kind, o resource.Object) []string {
	var keys []string
	if o.ID != "" {
		keys = append(keys, "id="+o.ID)
	}
	if o.UpsertKey != "" {
		keys = append(keys, "upsert="+o.UpsertKey)
	}
	if marker, _ := resource.SplitMarker(o.Marker); len(kind.Key) == 0 && marker != "" {
		keys = append(keys, "marker="+marker)
	}
	for _, names := range kind.Identities() {
		if key, ok := plan.KeyOf(names, o.Attrs); ok {
			s := "key"
			for _, name := range names {
				s += "\x00" + name + "=" + key[name]
			}
			keys = append(keys, s)
		}
	}
	return keys
}

// wanted is what is known of the object that an instance may mean.
type wanted struct {
	kind      resource.Kind
	desired   *resource.Desired
	marker    string
	upsertKey string
}

// matches are the objects found that an instance may mean, each once.
func (x keyIndex) matches(at place, w wanted) []resource.Object {
	byKey := x[at]
	if byKey == nil {
		return nil
	}
	wish := resource.Object{Attrs: w.desired.Attrs, Marker: w.marker, UpsertKey: w.upsertKey}
	if v, _ := resource.Attr(w.desired.Attrs, "id").Unmark(); v.IsKnown() && !v.IsNull() {
		wish.ID = v.AsString()
	}
	var out []resource.Object
	for _, k := range objectKeys(w.kind, wish) {
		for _, o := range byKey[k] {
			if !slices.ContainsFunc(out, func(have resource.Object) bool { return have.ID == o.ID }) {
				out = append(out, o)
			}
		}
	}
	return out
}
