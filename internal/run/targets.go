package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// plannedTarget is one file of a cluster: what was planned, and what it takes
// to do it.
type plannedTarget struct {
	change *plan.TargetChange
	target cluster.Target
	// instance is the cluster's address; zero for a file that is to be left.
	instance resource.Address
	place    cluster.Place
	// had is the state's record.
	had   state.Target
	known bool
	// former are addresses at which the state has this very place, too: its
	// block was called otherwise.
	former []resource.Address
	// moved is the state's record of another place that the block had, and hadGroups
	// whether idpctl decided on user groups; see targethistory.go.
	moved     *state.Target
	hadGroups bool
	// settled is what the state shall say before anything is written; nil for what it
	// says. mover is the target that left this place for another one.
	settled *state.Target
	mover   *plannedTarget
	// carried are ids that the state shall not forget with this place.
	carried []string
	// leaves: it has moved, and its old place is left by the target before it.
	leaves bool
	// cluster is the instance, nil for a file that is to be left.
	cluster *config.ClusterInstance
	live    cluster.Live
	want    cluster.Desired
	// hides are the keys whose values are sensitive in it from now on; those of
	// want.Hidden may be so by what was there before.
	hides []string
	own   cluster.Ownership
	// losesLast: the cluster would have no admin any more of whom idpctl knows;
	// others are entries of somebody else that would stay.
	losesLast bool
	others    []string
	// shutsOut: nobody whom it lists could sign in any more.
	shutsOut bool
	// strays are users whom the configuration manages and that are listed without
	// being admins.
	strays []string
	// planned is what it shall become, as far as that is known.
	planned cluster.Change
	// cause is why it cannot be written, so that what was to be taken out of it
	// stays; see outofreach.go.
	cause *diag.Diagnostic
}

// cluster plans the files of one cluster block.
func (p *planner) cluster(ctx context.Context, n int, b config.Block) diag.Diagnostics {
	instances, diags := p.run.eval.Clusters(b.Address)
	if diags.HasErrors() {
		return diags
	}
	for i := range instances {
		c := &instances[i]
		want, ds := p.wanted(c)
		diags = append(append(diags, ds...), p.tokensFor(c)...)
		for _, t := range c.Targets {
			if cluster.Printed(t.Address.Target, t.Attrs) {
				diags = append(diags, p.printed(c, t, want)...)
				continue
			}
			diags = append(diags, p.target(ctx, n, c, t, want)...)
		}
	}
	return diags
}

// target plans one file.
func (p *planner) target(ctx context.Context, n int, c *config.ClusterInstance, t config.ClusterTarget, want cluster.Desired) diag.Diagnostics {
	target, diags := p.openTarget(t.Address.Target, t.Attrs)
	if diags.HasErrors() {
		return at(diags, t.Range)
	}
	pt := &plannedTarget{
		target: target, instance: c.Address, place: target.Place(),
	}
	if profile, ds := cluster.OpenProfile(t.Attrs); cluster.IsProfile(target.Kind()) && !ds.HasErrors() {
		want.Hidden = slices.Concat(want.Hidden, profile.Hidden)
	}
	pt.want, pt.hides = want, slices.Compact(slices.Sorted(slices.Values(want.Hidden)))
	pt.change = &plan.TargetChange{
		Address: t.Address, Kind: t.Address.Target, Path: shownPath(target), Layer: n, DependsOn: c.DependsOn, Range: t.Range, Action: plan.NoOp,
	}
	pt.cluster = c
	if OwnFile(target.Identity()) || OwnFile(target.Path()) {
		return append(diags, diag.Diagnostic{
			Summary: "Target is a file of idpctl's own", Subject: t.Range, Address: t.Address.String(),
			Detail: fmt.Sprintf("%s is named like a file that idpctl keeps or reads itself. Name another for the block %s.", pt.change.Path, pt.change.Kind),
		})
	}
	if ds := p.occupy(pt); ds.HasErrors() {
		return append(diags, ds...)
	}
	if p.run.opts.Unread {
		p.addTarget(pt)
		return diags
	}
	live, ds := target.Read(ctx)
	diags = append(diags, at(ds, t.Range)...)
	if ds.HasErrors() {
		p.recall(pt, false)
		return p.outOfReach(pt, diags)
	}
	pt.live, pt.place, pt.change.Path = live, target.Place(), shownPath(target)
	p.recall(pt, true)
	if remote, ok := target.(cluster.Remote); ok && pt.moved != nil {
		if ds := remote.MayLeave(placeOf(*pt.moved)); ds.HasErrors() {
			return append(diags, at(ds, t.Range)...)
		}
	}
	if diags = append(diags, p.merge(pt)...); diags.HasErrors() {
		return diags
	}
	p.addTarget(pt)
	return diags
}

// ever is all that idpctl put into a target and that may stand in it: what it took
// out may have come back.
func ever(had state.Target) []string { return slices.Concat(had.Owned, had.Former) }

// groups is want with the user groups of all admins decided on, if the cluster has a
// block for them, or had one when the target was written: those of whom nothing is
// said are in none then.
func (pt *plannedTarget) groups(want cluster.Desired, c *config.ClusterInstance) cluster.Desired {
	if !c.Groups && !pt.hadGroups {
		return want
	}
	want.Admins = slices.Clone(want.Admins)
	for i := range want.Admins {
		if want.Admins[i].UserGroups == nil {
			want.Admins[i].UserGroups = []string{}
		}
	}
	return want
}

// merge works out what a file of a cluster shall become.
func (p *planner) merge(pt *plannedTarget) diag.Diagnostics {
	c := pt.cluster
	change, diags := pt.target.Merge(pt.live, pt.want, pt.own)
	if diags = at(diags, pt.change.Range); diags.HasErrors() {
		return diags
	}
	pt.change.Action, pt.change.Reason, pt.planned = plan.NoOp, "", change
	pt.describe(change)
	if !change.Changed && (!pt.known || !slices.Equal(pt.had.Owned, slices.Sorted(slices.Values(change.Owned))) ||
		pt.target.ListsAdmins() && pt.hadGroups != c.Groups || placeOf(pt.had).Release != pt.place.Release || !slices.Equal(pt.had.Hidden, pt.hides)) {
		// The file is as it shall be; the state does not know it yet.
		pt.change.Action, pt.change.Reason = plan.Update, "because the state does not know it yet; the file stays as it is"
	}
	if !pt.target.ListsAdmins() {
		return append(diags, p.watchClient(pt, c)...)
	}
	if c.AdminsKnown && len(c.Admins) == 0 {
		pt.guardLast(change)
	}
	return append(diags, p.watchAdmins(pt, c, change)...)
}

func (p *planner) addTarget(pt *plannedTarget) {
	p.targets = append(p.targets, pt.change)
	p.files = append(p.files, pt)
}

// describe puts a change of a file into words.
func (pt *plannedTarget) describe(change cluster.Change) {
	c := pt.change
	c.Diff, c.Added, c.Updated, c.Removed, c.Fields = change.Diff, nil, nil, nil, nil
	switch {
	case change.Created:
		c.Action = plan.Create
	case change.Changed:
		c.Action = plan.Update
	}
	for _, a := range change.Added {
		c.Added = append(c.Added, pt.name(a))
	}
	for _, a := range change.Updated {
		c.Updated = append(c.Updated, pt.name(a.After))
	}
	for _, a := range change.Removed {
		c.Removed = append(c.Removed, pt.name(a))
	}
	for _, f := range change.Fields {
		c.Fields = append(c.Fields, f.Name)
	}
}

// hidden are the keys of users whose values are sensitive for any of the admins, or
// were: they may be what the secret was before. The file itself holds them, as the
// cluster needs them there.
func (p *planner) hidden(admins []config.ClusterObject) []string {
	var keys []string
	for _, f := range []struct {
		key, attr string
		of        func(config.ClusterObject) cty.Value
	}{
		{"firstName", "first_name", func(a config.ClusterObject) cty.Value { return a.FirstName }},
		{"lastName", "last_name", func(a config.ClusterObject) cty.Value { return a.LastName }},
		{emailKey, "email", func(a config.ClusterObject) cty.Value { return a.Email }},
	} {
		secret := slices.ContainsFunc(admins, func(a config.ClusterObject) bool { return resource.IsSensitive(f.of(a)) })
		for _, prior := range p.priors {
			secret = secret || slices.Contains(prior.Sensitive, f.attr)
		}
		if secret {
			keys = append(keys, f.key)
		}
	}
	return keys
}

// emailKey is the key of users that people are called by.
const emailKey = "email"

// name is how people call an entry: by its e-mail, unless that is sensitive.
func (pt *plannedTarget) name(a cluster.Admin) string {
	if a.Email != "" && !slices.Contains(pt.want.Hidden, emailKey) {
		return a.Email
	}
	return a.ID
}

// at gives diagnostics without a place that of the block.
func at(diags diag.Diagnostics, rng diag.Range) diag.Diagnostics {
	out := slices.Clone(diags)
	for i := range out {
		if out[i].Subject.IsZero() {
			out[i].Subject = rng
		}
	}
	return out
}

// leave plans to take the admins that idpctl put into a file out of it.
func (p *planner) leave(ctx context.Context, had state.Target) diag.Diagnostics {
	target, ds := p.targetAt(had)
	if ds.HasErrors() {
		return ds
	}
	pt := &plannedTarget{
		target: target, had: had, known: true, own: cluster.Ownership{Owned: ever(had)}, place: placeOf(had),
		want:  cluster.Desired{Section: cluster.Section{Hidden: slices.Concat(p.hidden(nil), had.Hidden)}},
		hides: had.Hidden, hadGroups: had.Groups,
	}
	pt.change = &plan.TargetChange{Address: had.Address, Kind: had.Kind, Path: shownPath(target), Action: plan.Forget}
	live, ds := target.Read(ctx)
	if ds.HasErrors() {
		return p.outOfReach(pt, ds)
	}
	pt.live = live
	change, ds := target.Prune(live, pt.want, pt.own)
	if ds.HasErrors() {
		return ds
	}
	pt.planned = change
	pt.describe(change)
	pt.change.Action = plan.Forget
	pt.guardLast(change)
	p.addTarget(pt)
	return nil
}

// guardLast notes that a change takes the last admin out. Who else is listed may be
// somebody who left long ago, so that nobody can count on them.
func (pt *plannedTarget) guardLast(change cluster.Change) {
	pt.losesLast = len(change.Removed) > 0
	pt.others = nil
	for _, a := range change.Section.Admins {
		pt.others = append(pt.others, pt.name(a))
	}
}

// Emptied are the files in which no admin would be left of whom idpctl knows, with a word
// about those of whom it does not.
func (p *Planned) Emptied() []string {
	var out []string
	for _, pt := range p.planner.files {
		text := pt.change.Path
		if len(pt.others) > 0 {
			text += fmt.Sprintf(" (but for entries of others: %s)", strings.Join(pt.others, ", "))
		}
		if pt.losesLast && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// whoIsLeft says who a target lists that loses its last admin.
func (pt *plannedTarget) whoIsLeft() string {
	if len(pt.others) == 0 {
		return "nobody any more, so that nobody could administer the cluster"
	}
	return "nobody whom idpctl knows, but only entries of others: " + strings.Join(pt.others, ", ") + ". If none of them can sign in, nobody could administer the cluster"
}

// LosesLastAdmin refuses a plan that leaves a cluster without any admin. A destroy asks
// for all of it once.
func (p *Planned) LosesLastAdmin() diag.Diagnostics {
	var diags diag.Diagnostics
	if p.Mode == plan.Destroy {
		if files := p.Emptied(); len(files) > 0 {
			return diags.Errorf("No admin would be left", "Nobody would be listed in %s, so that nobody could administer the cluster. If that is what you want, add -allow-empty-admins.", strings.Join(files, ", "))
		}
		return nil
	}
	for _, pt := range p.planner.files {
		if pt.losesLast {
			diags = append(diags, diag.Diagnostic{
				Summary: "The cluster would have no admin", Subject: pt.change.Range, Address: pt.change.Address.String(),
				Detail: fmt.Sprintf("%s would list %s%s. If that is what you want, add -allow-empty-admins.", pt.change.Path, pt.whoIsLeft(), pt.unseen()),
			})
		}
		if pt.shutsOut {
			diags = append(diags, diag.Diagnostic{
				Summary: "The cluster would have no admin who can sign in", Subject: pt.change.Range, Address: pt.change.Address.String(),
				Detail: fmt.Sprintf("Nobody whom %s would list could sign in%s, so that nobody could administer the cluster. If that is what you want, add -allow-empty-admins.", pt.change.Path, pt.unseen()),
			})
		}
	}
	return diags
}
