package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/apply"
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
	// cluster is the instance, nil for a file that is to be left.
	cluster *config.ClusterInstance
	live    cluster.Live
	want    cluster.Desired
	own     cluster.Ownership
	// losesLast: the cluster would have no admin any more.
	losesLast bool
	// shutsOut: nobody whom it lists could sign in any more.
	shutsOut bool
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
			diags = append(diags, p.target(ctx, n, c, t, want)...)
		}
	}
	return diags
}

// tokensFor refuses a client whose users' tokens no cluster could check, as they
// are not for anything.
func (p *planner) tokensFor(c *config.ClusterInstance) diag.Diagnostics {
	if c.Client == nil || c.Client.Address.Mode == resource.Data {
		return nil // of a client that is looked up, nobody can say
	}
	info, _ := p.run.conns.info(c.Client.Provider)
	kind, _, _ := dataKind(info, c.Client.Address.Kind)
	a, ok := kind.Attribute(kind.Audience)
	if !ok || a.Ref == nil {
		return nil
	}
	if v, _ := resource.Attr(c.Client.Attrs, a.Name).Unmark(); !v.IsKnown() || !v.IsNull() {
		return nil
	}
	what := a.Ref.Kinds[0]
	return diag.Diagnostics{{
		Summary: fmt.Sprintf("No %s, so that the cluster would refuse the tokens", what), Subject: c.Range, Address: c.Address.String(),
		Detail: fmt.Sprintf("%s has no %s, and %s's access tokens are opaque then: InfluxDB cannot check them. Add these lines, the first ones beside the client's block and the last one in it:\n\n  %s \"influxdb\" {\n    %s = %s\n    %s = \"https://influxdb.example.com\"\n  }\n  %s = %s.influxdb",
			c.Client.Address, a.Name, info.Name, what, kind.Parent, c.Client.Parent, a.Ref.Attr, a.Name, what),
	}}
}

// wanted is what the targets of a cluster shall say, as far as it is known.
func (p *planner) wanted(c *config.ClusterInstance) (cluster.Desired, diag.Diagnostics) {
	s, diags := section(c)
	want := cluster.Desired{Section: s, SignIn: p.signIn(c)}
	if attrs, ds := p.run.eval.ProviderConfig(c.Provider); !ds.HasErrors() {
		want.PrivateCA = text(resource.Attr(attrs, caFileAttr))
	}
	return want, diags
}

// caFileAttr is the argument of a provider block that names a file with certificate
// authorities.
const caFileAttr = "ca_file"

// signIn is how users sign in with the client of a cluster.
func (p *planner) signIn(c *config.ClusterInstance) cluster.SignIn {
	info, _ := p.run.conns.info(c.Provider)
	s := cluster.SignIn{
		ClientID: cluster.KnownAfterApply, Audience: cluster.KnownAfterApply,
		DeviceURL: cluster.KnownAfterApply, TokenURL: cluster.KnownAfterApply,
	}
	if c.Home != cty.NilVal {
		s.DeviceURL, s.TokenURL = text(resource.Attr(c.Home, "device_authorization_endpoint")), text(resource.Attr(c.Home, "token_endpoint"))
	}
	if c.Client != nil {
		kind, _, _ := dataKind(info, c.Client.Address.Kind)
		s.ClientID, s.Audience = text(resource.Attr(c.Client.Attrs, "client_id")), text(resource.Attr(c.Client.Attrs, kind.Audience))
	}
	for _, scope := range info.Scopes {
		s.Scopes = append(s.Scopes, strings.ReplaceAll(scope, "{client_id}", s.ClientID))
	}
	return s
}

// section is what the admin sections of a cluster shall say.
func section(c *config.ClusterInstance) (cluster.Section, diag.Diagnostics) {
	s := cluster.Section{IdentityProvider: text(c.IdentityProvider), JWKSEndpoint: text(c.JWKSEndpoint)}
	var diags diag.Diagnostics
	if !c.AdminsKnown {
		s.Admins = append(s.Admins, cluster.Admin{
			ID: cluster.KnownAfterApply, FirstName: cluster.KnownAfterApply, LastName: cluster.KnownAfterApply, Email: cluster.KnownAfterApply,
		})
		return s, nil
	}
	for _, a := range c.Admins {
		admin := cluster.Admin{ID: text(a.ID), FirstName: text(a.FirstName), LastName: text(a.LastName), Email: text(a.Email), UserGroups: cluster.UserGroups(a.Groups)}
		for name, v := range map[string]string{"first name": admin.FirstName, "last name": admin.LastName, "e-mail address": admin.Email} {
			if v == "" {
				diags = append(diags, diag.Diagnostic{
					Summary: "Admin without " + name, Subject: c.Range, Address: c.Address.String(),
					Detail: fmt.Sprintf("%s has no %s, and InfluxDB requires one for each admin. Set it at the identity provider.", a.Address, name),
				})
			}
		}
		s.Admins = append(s.Admins, admin)
	}
	return s, diags
}

// text is a string value as a file shows it.
func text(v cty.Value) string {
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown():
		return cluster.KnownAfterApply
	case v.IsNull() || v.Type() != cty.String:
		return ""
	default:
		return v.AsString()
	}
}

// target plans one file.
func (p *planner) target(ctx context.Context, n int, c *config.ClusterInstance, t config.ClusterTarget, want cluster.Desired) diag.Diagnostics {
	target, diags := p.openTarget(t.Address.Target, t.Attrs)
	if diags.HasErrors() {
		return at(diags, t.Range)
	}
	pt := &plannedTarget{
		target: target, instance: c.Address, want: want, place: target.Place(),
	}
	pt.had, pt.known = p.state.Target(t.Address)
	pt.own = cluster.Ownership{Owned: pt.had.Owned, Exclusive: c.Exclusive}
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
	live, ds := target.Read(ctx)
	diags = append(diags, at(ds, t.Range)...)
	if ds.HasErrors() {
		return p.outOfReach(pt, diags)
	}
	pt.live, pt.place, pt.change.Path = live, target.Place(), shownPath(target)
	if pt.known && !p.isAt(pt, pt.had) {
		if remote, ok := target.(cluster.Remote); ok {
			if ds := remote.MayLeave(placeOf(pt.had)); ds.HasErrors() {
				return append(diags, at(ds, t.Range)...)
			}
		}
		// It moved: the admins leave the place where they were.
		before := len(p.files)
		diags = append(diags, p.leave(ctx, pt.had)...)
		for _, left := range p.files[before:] {
			left.losesLast = false // they go on in the new place
			if left.cause != nil { // with one half of it undone, the other is not begun
				return diag.Diagnostics{{
					Summary: left.cause.Summary, Subject: t.Range, Address: t.Address.String(),
					Detail: fmt.Sprintf("%s\n\nThe block %s has moved from %s, and the admins that idpctl wrote there are to be taken out first. If that one is gone for good, take %s out of the state.",
						left.cause.Detail, t.Address, left.change.Path, t.Address),
				}}
			}
		}
		pt.had, pt.known = state.Target{}, false
		pt.own.Owned = nil
	}
	if !pt.known {
		// The state was lost, or this is the first time: who is to be an admin
		// and stands in the file already is idpctl's from now on.
		for _, a := range want.Admins {
			pt.own.Owned = append(pt.own.Owned, a.ID)
		}
	}
	if diags = append(diags, p.merge(pt)...); diags.HasErrors() {
		return diags
	}
	p.addTarget(pt)
	return diags
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
	p.mask(pt, c.Admins, change)
	if !change.Changed && (!pt.known || !slices.Equal(pt.had.Owned, slices.Sorted(slices.Values(change.Owned)))) {
		// The file is as it shall be; the state does not know it yet.
		pt.change.Action, pt.change.Reason = plan.Update, "because the state does not know it yet; the file stays as it is"
	}
	pt.losesLast = len(pt.live.Section.Admins) > 0 && c.AdminsKnown && len(change.Section.Admins) == 0
	return append(diags, p.watchAdmins(pt, c, change.Section)...)
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
		c.Added = append(c.Added, name(a))
	}
	for _, a := range change.Updated {
		c.Updated = append(c.Updated, name(a.After))
	}
	for _, a := range change.Removed {
		c.Removed = append(c.Removed, name(a))
	}
	for _, f := range change.Fields {
		c.Fields = append(c.Fields, f.Name)
	}
}

// mask hides what is sensitive of any admin in the words about a file. The old
// values are hidden too: they may be what the secret was before. The file
// itself holds them, as the cluster needs them there.
func (p *planner) mask(pt *plannedTarget, admins []config.ClusterObject, change cluster.Change) {
	var fields []string
	for field, attr := range map[string]string{"firstName": "first_name", "lastName": "last_name", "email": "email"} {
		secret := slices.ContainsFunc(admins, func(a config.ClusterObject) bool {
			return resource.IsSensitive(map[string]cty.Value{"firstName": a.FirstName, "lastName": a.LastName, "email": a.Email}[field])
		})
		for _, prior := range p.priors {
			secret = secret || slices.Contains(prior.Sensitive, attr)
		}
		if secret {
			fields = append(fields, field)
		}
	}
	if len(fields) == 0 {
		return
	}
	line := regexp.MustCompile(`(?m)^(.*\b(?:` + strings.Join(fields, "|") + `):\s*)\S.*$`)
	pt.change.Diff = line.ReplaceAllString(pt.change.Diff, "${1}"+diag.Masked)
	if !slices.Contains(fields, "email") {
		return
	}
	pt.change.Added, pt.change.Updated, pt.change.Removed = nil, nil, nil
	for _, a := range change.Added {
		pt.change.Added = append(pt.change.Added, a.ID)
	}
	for _, a := range change.Updated {
		pt.change.Updated = append(pt.change.Updated, a.After.ID)
	}
	for _, a := range change.Removed {
		pt.change.Removed = append(pt.change.Removed, a.ID)
	}
}

func name(a cluster.Admin) string {
	if a.Email != "" {
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

// orphanTargets plans to leave the files that the state knows and the
// configuration does not: the admins that idpctl put there are taken out.
func (p *planner) orphanTargets(ctx context.Context) diag.Diagnostics {
	planned := map[resource.Address]bool{}
	for _, t := range p.targets {
		planned[t.Address] = true
	}
	var diags diag.Diagnostics
	for _, had := range p.state.Targets {
		if planned[had.Address] {
			continue
		}
		if pt := p.nowAt(had); pt != nil {
			diags = append(diags, p.takeOver(pt, had)...)
			continue
		}
		diags = append(diags, p.leave(ctx, had)...)
	}
	return diags
}

// leave plans to take the admins that idpctl put into a file out of it.
func (p *planner) leave(ctx context.Context, had state.Target) diag.Diagnostics {
	target, ds := p.targetAt(had)
	if ds.HasErrors() {
		return ds
	}
	pt := &plannedTarget{
		target: target, had: had, known: true, own: cluster.Ownership{Owned: had.Owned}, place: placeOf(had),
	}
	pt.change = &plan.TargetChange{Address: had.Address, Kind: had.Kind, Path: shownPath(target), Action: plan.Forget}
	live, ds := target.Read(ctx)
	if ds.HasErrors() {
		return p.outOfReach(pt, ds)
	}
	pt.live = live
	change, ds := target.Prune(live, cluster.Desired{}, pt.own)
	if ds.HasErrors() {
		return ds
	}
	pt.planned = change
	pt.describe(change)
	p.mask(pt, nil, change)
	pt.change.Action = plan.Forget
	pt.losesLast = p.mode != plan.Destroy && len(live.Section.Admins) > 0 && len(change.Section.Admins) == 0
	p.addTarget(pt)
	return nil
}

// LosesLastAdmin refuses a plan that leaves a cluster without any admin.
func (p *Planned) LosesLastAdmin() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, pt := range p.planner.files {
		if pt.losesLast {
			diags = append(diags, diag.Diagnostic{
				Summary: "The cluster would have no admin", Subject: pt.change.Range, Address: pt.change.Address.String(),
				Detail: fmt.Sprintf("%s would list nobody any more%s, so that nobody could administer the cluster. If that is what you want, add -allow-empty-admins.", pt.change.Path, pt.unseen()),
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

// applyTargets are the files in the form that package apply works with.
func (p *planner) applyTargets() []apply.Target {
	out := make([]apply.Target, len(p.files))
	for i, pt := range p.files {
		out[i] = apply.Target{
			Change:   pt.change,
			Withdraw: func(ctx context.Context) (apply.TargetStep, diag.Diagnostics) { return p.step(ctx, pt, true) },
			Complete: func(ctx context.Context) (apply.TargetStep, diag.Diagnostics) { return p.step(ctx, pt, false) },
		}
	}
	return out
}

// step reads the file again, demands that it is what was planned on, and works
// out one write to it.
func (p *planner) step(ctx context.Context, pt *plannedTarget, withdraw bool) (apply.TargetStep, diag.Diagnostics) {
	if pt.cause != nil {
		return apply.TargetStep{}, diag.Diagnostics{*pt.cause}
	}
	live, diags := pt.target.Read(ctx)
	if diags.HasErrors() {
		return apply.TargetStep{}, diags
	}
	if live.Fingerprint != pt.live.Fingerprint {
		what := "File"
		if _, ok := pt.target.(cluster.Remote); ok {
			what = "AppInstance"
		}
		return apply.TargetStep{}, diag.Diagnostics{{
			Summary: what + " changed since the plan", Subject: pt.change.Range, Address: pt.change.Address.String(),
			Detail: fmt.Sprintf("%s was changed by somebody else after the plan was made, and is left alone. Plan again.", pt.change.Path),
		}}
	}
	want := pt.want
	leave := pt.instance == (resource.Address{})
	if !leave && !withdraw {
		c, ds := p.run.eval.ResolveCluster(pt.instance)
		if ds.HasErrors() {
			return apply.TargetStep{}, ds
		}
		if want, ds = p.wanted(&c); ds.HasErrors() {
			return apply.TargetStep{}, ds
		}
	}
	var change cluster.Change
	if withdraw || leave {
		change, diags = pt.target.Prune(live, want, pt.own)
	} else {
		change, diags = pt.target.Merge(live, want, pt.own)
	}
	if diags.HasErrors() {
		return apply.TargetStep{}, at(diags, pt.change.Range)
	}
	if withdraw && len(live.Section.Admins) > 0 && len(change.Section.Admins) == 0 && len(want.Admins) > 0 {
		var kept []string // the last one goes when the next is there
		for _, a := range live.Section.Admins {
			kept = append(kept, a.ID)
		}
		return apply.TargetStep{Kept: kept}, nil
	}
	step := apply.TargetStep{Before: &state.Image{}, Former: pt.former}
	step.Before.Values, _ = json.Marshal(pt.own.Owned) // a list of strings
	if !leave || withdraw {
		step.After = &state.Target{
			Address: pt.change.Address, Kind: pt.change.Kind, Path: pt.place.Path, Name: pt.place.Name, Namespace: pt.place.Namespace,
			Context: pt.place.Context, Server: pt.place.Server, UID: pt.place.UID, Owned: change.Owned,
			IdentityProvider: change.Section.IdentityProvider, JWKSEndpoint: change.Section.JWKSEndpoint,
		}
	}
	if change.Changed {
		step.Write = func(ctx context.Context) error {
			if ds := pt.target.Write(ctx, live, change); ds.HasErrors() {
				return errors.New(ds.Error())
			}
			after, ds := pt.target.Read(ctx)
			if ds.HasErrors() {
				return errors.New(ds.Error())
			}
			for _, other := range p.files { // what idpctl wrote itself is no surprise to the others
				if other.target.Identity() == pt.target.Identity() && other.live.Fingerprint == live.Fingerprint {
					other.live.Fingerprint = after.Fingerprint
				}
			}
			pt.live, pt.own.Owned, pt.former = after, change.Owned, nil
			return nil
		}
	}
	return step, nil
}

// Admins are the admins of one cluster, as its files have them.
type Admins struct {
	Cluster resource.Address
	Users   []Admin
}

// Admin is a user with the id that its tokens carry. The values are strings, or
// null, and marked where they are sensitive.
type Admin struct {
	Address                        resource.Address
	ID, Email, FirstName, LastName cty.Value
}

// Admins tells, after an apply, who the admins are of the clusters whose files
// were changed by it.
func (r *Run) Admins(p *Planned) []Admins {
	changed := map[resource.Address]bool{}
	for _, pt := range p.planner.files {
		if pt.change.Action != plan.NoOp {
			changed[pt.instance] = true
		}
	}
	var out []Admins
	for _, layer := range r.module.Layers() {
		for _, b := range layer {
			if b.Type != config.ClusterBlock {
				continue
			}
			instances, _ := r.eval.Clusters(b.Address) // it was evaluated for the files without errors
			for i := range instances {
				c := &instances[i]
				if !changed[c.Address] || len(c.Admins) == 0 {
					continue
				}
				list := Admins{Cluster: c.Address}
				for _, a := range c.Admins {
					list.Users = append(list.Users, Admin{a.Address, a.ID, a.Email, a.FirstName, a.LastName})
				}
				out = append(out, list)
			}
		}
	}
	return out
}

// Outputs are those of the state as it is now.
func (r *Run) Outputs() (map[string]plan.Output, diag.Diagnostics) {
	return StoredOutputs(r.session.View())
}

// NextCommands are what is left to do by hand after an apply: commands.
func (r *Run) NextCommands(p *Planned) []string {
	var out []string
	for _, pt := range p.planner.files {
		if pt.change.Action == plan.NoOp || pt.change.Diff == "" {
			continue
		}
		if next := pt.target.Next(pt.live.Content); next != "" && !slices.Contains(out, next) {
			out = append(out, next)
		}
	}
	return out
}
