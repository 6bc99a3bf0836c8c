package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// applyTargets are the files in the form that package apply works with.
func (p *planner) applyTargets() []apply.Target {
	out := make([]apply.Target, len(p.files))
	for i, pt := range p.files {
		out[i] = apply.Target{
			Change: pt.change, Settled: pt.settled,
			Withdraw: func(ctx context.Context) (apply.TargetStep, diag.Diagnostics) { return p.step(ctx, pt, true) },
			Complete: func(ctx context.Context) (apply.TargetStep, diag.Diagnostics) { return p.step(ctx, pt, false) },
		}
		if pt.leaves { // its record is about the old place until that is left
			out[i].Withdraw = nil
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
	want, instance := pt.want, pt.cluster
	leave := pt.instance == (resource.Address{})
	if !leave && !withdraw {
		c, ds := p.run.eval.ResolveCluster(pt.instance)
		if ds.HasErrors() {
			return apply.TargetStep{}, ds
		}
		if want, ds = p.wanted(&c); ds.HasErrors() {
			return apply.TargetStep{}, ds
		}
		want, instance = pt.groups(want, &c), &c
	}
	if withdraw && pt.mover != nil {
		want.Admins, want.SignIn = pt.mover.want.Admins, pt.mover.want.SignIn // the others stay until the new place has them
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
	if !leave && !withdraw {
		if ds := p.stillSound(ctx, pt, instance, change); ds.HasErrors() {
			return apply.TargetStep{}, ds
		}
	}
	if withdraw && len(change.Removed) > 0 && len(want.Admins) > 0 && !slices.ContainsFunc(change.Section.Admins, func(a cluster.Admin) bool {
		return slices.ContainsFunc(want.Admins, func(w cluster.Admin) bool { return w.ID == a.ID })
	}) {
		var kept []string // the last one goes when the next is there
		for _, a := range live.Section.Admins {
			kept = append(kept, a.ID)
		}
		return apply.TargetStep{Kept: kept}, nil
	}
	ours := slices.Concat(pt.own.Owned, change.Owned) // ever
	step := apply.TargetStep{Before: &state.Image{}, Former: pt.former}
	step.Before.Values, _ = json.Marshal(pt.own.Owned) // a list of strings
	if !leave || withdraw {
		step.After = pt.record(change.Owned)
		step.After.IdentityProvider, step.After.JWKSEndpoint = change.Section.IdentityProvider, change.Section.JWKSEndpoint
		if pt.target.ListsAdmins() {
			if !withdraw {
				step.After.Groups = pt.cluster.Groups
			}
			step.After.Former = slices.DeleteFunc(slices.Concat(ours, pt.carried), func(id string) bool {
				return id == cluster.KnownAfterApply || slices.Contains(change.Owned, id)
			})
		}
	}
	if leave && !withdraw && pt.mover != nil && pt.target.ListsAdmins() {
		step.After = pt.mover.record(nil) // who was here may have come along
		step.After.Former = slices.Concat(ours, pt.carried)
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
			pt.live, pt.own.Owned, pt.former = after, ours, nil
			return nil
		}
	}
	return step, nil
}

// stillSound refuses a change that would lock people out by what came to light, or came
// about, since the plan. c is the cluster as it is known by now.
func (p *planner) stillSound(ctx context.Context, pt *plannedTarget, c *config.ClusterInstance, change cluster.Change) diag.Diagnostics {
	if !pt.cluster.AdminsKnown && len(c.Admins) == 0 && pt.target.ListsAdmins() {
		return diag.Diagnostics{{
			Summary: "The cluster would have no admin", Subject: pt.change.Range, Address: pt.change.Address.String(),
			Detail: fmt.Sprintf("When the plan was made it was not known who the admins of %s are, and now there are none. %s is left as it is. Plan again to see it; an apply needs -allow-empty-admins then.", pt.instance, pt.change.Path),
		}}
	}
	return p.confirmAdmins(ctx, pt, c, change.Added)
}
