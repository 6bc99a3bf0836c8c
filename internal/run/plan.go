package run

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// Planned is a plan together with what it takes to apply it in this run.
type Planned struct {
	*plan.Plan
	planner *planner
	// Recovered are the records that settle what a run that died left open.
	// The plan is made as if they were in the state; an apply puts them there.
	Recovered []state.Record
	// since are creations of runs that died, of which nothing was seen yet.
	since map[resource.Address]state.Intent
}

// NeedsDelivery lists the users whose first password idpctl would make.
func (p *Planned) NeedsDelivery() []resource.Address {
	var out []resource.Address
	for _, c := range p.Changes {
		kind, ok := p.planner.run.conns.kind(c.Provider, c.Kind)
		if !ok || kind.Credential == nil || c.Desired == nil {
			continue
		}
		v, _ := resource.Attr(c.Desired.Attrs, kind.Credential.Generate).Unmark()
		generate := v.IsKnown() && !v.IsNull() && v.True()
		if generate && (c.Action == plan.Create || c.Action == plan.Replace || c.Deliver) {
			out = append(out, c.Address)
		}
	}
	return out
}

// Writes is the target that writes a file, if there is one.
func (p *Planned) Writes(path string) (resource.Address, bool) {
	for _, pt := range p.planner.places[cluster.FileIdentity(path)] {
		return pt.change.Address, true
	}
	return resource.Address{}, false
}

// Plan finds out what an apply would do. It changes nothing, anywhere.
func (r *Run) Plan(ctx context.Context, mode plan.Mode) (*Planned, diag.Diagnostics) {
	early := r.early
	r.early = nil
	recovered, err := r.recover(ctx)
	if err != nil {
		return nil, diag.Diagnostics{r.conns.diagnose("", err, "looking for what an interrupted run left open")}
	}
	view := r.session.View()
	effective := view
	if len(recovered) > 0 {
		early = nil
		if effective, err = state.Replay(view, recovered); err != nil {
			return nil, diag.Diagnostics{{Summary: "Cannot use the state", Detail: err.Error()}}
		}
	}
	if early == nil {
		early = &decoded{of: effective}
		early.priors, early.diags = Priors(effective, r.conns.kind)
	}
	p := &planner{
		run: r, mode: mode, state: effective,
		live:    map[identity]resource.Object{},
		desired: map[resource.Address]*resource.Desired{}, expanded: map[resource.Address]bool{},
		changes:   map[resource.Address]*plan.Change{},
		places:    map[string][]*plannedTarget{},
		recovered: recovered, since: unseen(r.session.OpenIntents(), recovered),
	}
	p.priors = early.priors
	diags := slices.Clone(early.diags)
	if diags.HasErrors() {
		return nil, diags
	}
	if diags = append(diags, p.refresh(ctx)...); diags.HasErrors() {
		return nil, diags
	}
	if mode == plan.Destroy {
		diags = append(diags, p.destroy(ctx)...)
	} else {
		diags = append(diags, p.walk(ctx)...)
		if !diags.HasErrors() {
			diags = append(diags, p.orphans(ctx)...)
		}
	}
	if !diags.HasErrors() {
		diags = append(diags, p.contents(ctx)...)
	}
	if diags.HasErrors() {
		return nil, diags
	}
	if diags = append(diags, plan.CheckTakeovers(p.order, r.conns.kind)...); diags.HasErrors() {
		return nil, diags
	}
	if diags = append(diags, p.keptAdmins()...); diags.HasErrors() {
		return nil, diags
	}
	if diags = append(diags, p.checkTargets(ctx)...); diags.HasErrors() {
		return nil, diags
	}
	if diags = append(diags, p.check(ctx)...); diags.HasErrors() {
		return nil, diags
	}
	outputs, ds := p.outputs()
	diags = append(diags, ds...)
	built, ds := plan.Build(mode, r.module.Namespace(), p.order, p.targets, outputs)
	diags = append(diags, ds...)
	diags = append(diags, r.warnings(built)...)
	diags = append(diags, p.stale()...)
	if diags.HasErrors() {
		return nil, diags
	}
	built.Unrefreshed, built.Elsewhere = r.opts.NoRefresh, r.conns.elsewhere()
	built.Efforts = p.efforts(ctx)
	if !r.opts.Strict {
		built.MayLag = r.conns.mayLag()
	}
	return &Planned{Plan: built, planner: p, Recovered: append(p.recovered, p.abandoned...), since: p.since}, diags
}

// recover settles what a run that died left open, by looking.
func (r *Run) recover(ctx context.Context) ([]state.Record, error) {
	intents := r.session.OpenIntents()
	if len(intents) == 0 {
		return nil, nil
	}
	records, err := apply.Recover(ctx, intents, apply.World{
		Conn: r.conn, Kind: r.conns.kind, Object: r.session.Object, Patience: r.patience(ctx),
	})
	if err != nil {
		return nil, err
	}
	for _, in := range intents {
		if in.Verb == state.TargetWrite {
			had, known := r.session.Target(in.Address)
			records = append(records, apply.RecoverTarget(in, had, known))
		}
	}
	return records, nil
}

// Priors turns the state's records into what package plan compares with. kind
// describes the kinds of the providers that there are.
func Priors(s *state.State, kind func(provider, kind string) (resource.Kind, bool)) (map[resource.Address]*plan.Prior, diag.Diagnostics) {
	pending := map[resource.Address]bool{}
	for _, c := range s.Pending {
		pending[c.Address] = true
	}
	var diags diag.Diagnostics
	priors := make(map[resource.Address]*plan.Prior, len(s.Objects))
	attributes := map[string][]resource.Attribute{} // by provider and kind
	for _, o := range s.Objects {
		k, ok := kind(o.Provider, o.Kind)
		if !ok {
			diags = append(diags, diag.Diagnostic{
				Summary: "Unknown object in the state", Address: o.Address.String(),
				Detail: fmt.Sprintf("%s is a %s of provider %s, which this version of idpctl does not know. Use the version that made it.", o.Address, o.Kind, o.Provider),
			})
			continue
		}
		prior := &plan.Prior{
			Address: o.Address, Provider: o.Provider, Kind: o.Kind, Parent: o.Parent, ID: o.ID, Origin: o.Origin,
			DependsOn: o.DependsOn, OnDestroy: o.OnDestroy, ForceDestroy: o.ForceDestroy,
			Undelivered: pending[o.Address], Sensitive: o.Sensitive, Owned: map[string]cty.Value{},
			Written: o.Written,
		}
		all, ok := attributes[o.Provider+" "+o.Kind]
		if !ok {
			all = k.All()
			attributes[o.Provider+" "+o.Kind] = all
		}
		var err error
		if prior.Attrs, err = resource.ReadRecorded(all, o.Attributes); err == nil {
			for name, raw := range o.Owned {
				a, ok := k.Attribute(name)
				if !ok {
					continue
				}
				if prior.Owned[name], err = resource.DecodeValue(raw, a.Type); err != nil {
					break
				}
			}
		}
		if err != nil {
			diags = append(diags, diag.Diagnostic{
				Summary: "Unreadable object in the state", Address: o.Address.String(),
				Detail: fmt.Sprintf("%s: %s. The file may have been edited; the .backup beside it is the one before.", o.Address, err),
			})
			continue
		}
		priors[o.Address] = prior
	}
	return priors, diags
}

// believe takes the state for the live world.
func (p *planner) believe() {
	for _, prior := range p.priors {
		p.live[identity{prior.Provider, prior.Kind, prior.ID}] = resource.Object{
			Kind: prior.Kind, ID: prior.ID, Attrs: prior.Attrs.Value(),
			Marker: p.marker(prior.Address),
		}
	}
}

// refresh reads everything that the state knows: one query for each kind and
// parent.
func (p *planner) refresh(ctx context.Context) diag.Diagnostics {
	if p.run.opts.NoRefresh {
		p.believe()
		return nil
	}
	r := p.newReader()
	for _, prior := range p.priors {
		at := place{provider: prior.Provider, kind: prior.Kind, parent: prior.Parent}
		r.id(at, prior.ID)
		// What is only adopted may go by several names (a tenant by each of its
		// domains), and answers by the one that it was asked for.
		kind, _ := p.run.conns.kind(prior.Provider, prior.Kind)
		if !kind.AdoptOnly {
			continue
		}
		if key, ok := plan.KeyOf(kind.Key, prior.Attrs.Value()); ok {
			r.key(at, key)
		}
	}
	found, diags := r.read(ctx)
	for at, objects := range found {
		for _, o := range objects {
			p.live[identity{at.provider, at.kind, o.ID}] = o
		}
	}
	if !diags.HasErrors() {
		diags = append(diags, p.checkServers(ctx)...)
	}
	return diags
}

// checkServers refuses to take another server for the one of the state: nothing
// of what is known is there, so that all would be made anew, or forgotten.
func (p *planner) checkServers(ctx context.Context) diag.Diagnostics {
	known, found := map[string]int{}, map[string]bool{}
	for _, prior := range p.priors {
		known[prior.Provider]++
		if _, ok := p.live[identity{prior.Provider, prior.Kind, prior.ID}]; ok {
			found[prior.Provider] = true
		}
	}
	var diags diag.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(known)) {
		had := p.state.Servers[name]
		conn, ds := p.run.conns.get(ctx, name)
		if ds.HasErrors() || found[name] || had == "" || had == conn.Server() {
			continue // what is wrong with the connection was told
		}
		diags = append(diags, diag.Diagnostic{
			Summary: "Another server", Subject: p.run.conns.ranges[name],
			Detail: fmt.Sprintf("The state is of %s, and provider %s is %s now, where none of its %d objects is. Correct the address. If the old server is gone for good, move %s away: then everything is made anew.",
				had, name, conn.Server(), known[name], state.DefaultFile),
		})
	}
	return diags
}

// orphans plans the end of what the state knows and the configuration does not.
func (p *planner) orphans(ctx context.Context) diag.Diagnostics {
	moved := map[resource.Address]bool{}
	for _, c := range p.order {
		moved[c.MovedFrom] = true
	}
	var gone []resource.Address
	for addr := range p.priors {
		if _, still := p.desired[addr]; !still && !moved[addr] {
			gone = append(gone, addr)
		}
	}
	return append(p.orphanTargets(ctx), p.removeAll(gone, nil)...)
}

// removeAll plans the end of the objects at the given addresses. Parents come
// first, so that what is in them can be told to go with them.
func (p *planner) removeAll(gone []resource.Address, desired map[resource.Address]*resource.Desired) diag.Diagnostics {
	slices.SortFunc(gone, func(a, b resource.Address) int {
		if da, db := p.depth(a), p.depth(b); da != db {
			return da - db
		}
		return a.Compare(b)
	})
	var diags diag.Diagnostics
	var homes []*plan.Change
	for _, addr := range gone {
		prior := p.priors[addr]
		kind, _ := p.run.conns.kind(prior.Provider, prior.Kind)
		in := plan.Removal{Kind: kind, Prior: prior, Desired: desired[addr]}
		if o, ok := p.live[identity{prior.Provider, prior.Kind, prior.ID}]; ok {
			in.Live = &o
		}
		for _, c := range homes {
			if isHome(p, c, prior, kind) {
				in.Parent, in.ParentForced = c, p.forced(c)
			}
		}
		c, ds := plan.Remove(in)
		diags = append(diags, ds...)
		if c != nil && c.Action == plan.Forget && in.Live != nil {
			p.goesWithReplaced(c, prior, kind)
		}
		if c != nil {
			p.order = append(p.order, c)
		}
		if c != nil && c.Action == plan.Delete && p.depth(addr) == 0 {
			homes = append(homes, c)
		}
	}
	return diags
}

// goesWithReplaced says of what is to be released that it is deleted, where the
// home that it lives in is replaced.
func (p *planner) goesWithReplaced(c *plan.Change, prior *plan.Prior, kind resource.Kind) {
	for _, home := range p.order {
		if home.Action == plan.Replace && isHome(p, home, prior, kind) {
			c.Action, c.Reason = plan.Delete, fmt.Sprintf("because %s, which it lives in, is replaced", home.Address)
		}
	}
}

// isHome reports whether the deletion of c takes the object of a record with it.
func isHome(p *planner, c *plan.Change, prior *plan.Prior, kind resource.Kind) bool {
	home, ok := p.run.conns.kind(c.Provider, c.Kind)
	return ok && c.Provider == prior.Provider && slices.Contains(home.Contains, kind.Name) && nameIn(c, kind) == prior.Parent
}

// depth is 0 for a home, 1 for what is in one.
func (p *planner) depth(a resource.Address) int {
	kind, ok := p.run.conns.kind(p.priors[a].Provider, p.priors[a].Kind)
	if ok && kind.Parent != "" {
		return 1
	}
	return 0
}

// contents refuses to delete a home that holds what is not managed here.
func (p *planner) contents(ctx context.Context) diag.Diagnostics {
	return p.contentsOf(ctx, p.order)
}

// contentsOf checks the homes in p.order against what the plan as a whole
// removes.
func (p *planner) contentsOf(ctx context.Context, whole []*plan.Change) diag.Diagnostics {
	r := p.newReader()
	removed := map[string]bool{}
	for _, c := range whole {
		if c.Action == plan.Delete || c.Action == plan.Replace {
			removed[c.ID] = true
		}
	}
	homes := map[*plan.Change][]place{}
	for _, c := range p.order {
		kind, ok := p.run.conns.kind(c.Provider, c.Kind)
		if !ok || c.Action != plan.Delete && c.Action != plan.Replace {
			continue
		}
		for _, contained := range kind.Contains {
			inside, ok := p.run.conns.kind(c.Provider, contained)
			if !ok {
				continue
			}
			at := place{provider: c.Provider, kind: contained, parent: nameIn(c, inside), alone: "contents"}
			q := r.query(at)
			q.All, q.Brief = true, true
			homes[c] = append(homes[c], at)
		}
	}
	if len(homes) == 0 {
		return nil
	}
	found, diags := r.read(ctx)
	if diags.HasErrors() {
		return diags
	}
	for _, c := range p.order {
		if places, ok := homes[c]; ok {
			contents := plan.Contents{}
			for _, at := range places {
				contents[at.kind] = found[at]
			}
			diags = append(diags, plan.CheckContents(c, contents, removed, p.forced(c))...)
		}
	}
	return diags
}

// forced reports whether a home may be deleted with what is not managed in it.
func (p *planner) forced(c *plan.Change) bool {
	if d, ok := p.desired[c.Address]; ok {
		return d.ForceDestroy // what is written now counts
	}
	return c.Prior != nil && c.Prior.ForceDestroy
}

// warnings are what a plan should say although nothing is wrong with it.
func (r *Run) warnings(p *plan.Plan) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, c := range p.Changes {
		kind, ok := r.conns.kind(c.Provider, c.Kind)
		if !ok || kind.Credential == nil || c.Action != plan.Create || c.Desired == nil || c.Restore != "" {
			continue
		}
		spec, signs := kind.Credential, false
		for _, name := range []string{spec.Password, spec.Generate, spec.Invite, spec.Elsewhere} {
			if name == "" {
				continue
			}
			v, _ := resource.Attr(c.Desired.Attrs, name).Unmark()
			signs = signs || !v.IsNull() && (!v.IsKnown() || v.Type() != cty.Bool || v.True())
		}
		if !signs {
			diags = append(diags, diag.Diagnostic{
				Severity: diag.Warning, Summary: "Nobody can sign in as this user", Subject: c.Range, Address: c.Address.String(),
				Detail: fmt.Sprintf("%s gets no first password. Set %s = true or %s = true, or %s, unless the user signs in by other means.", c.Address, spec.Generate, spec.Invite, spec.Password),
			})
		}
	}
	return diags
}
