package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// What idpctl wrote belongs to the place where it wrote it, whatever the block was
// called then; and to the block, wherever that was: a file may have been moved together
// with its path. A target has both histories. Places may go round between blocks, so
// which ones are left is decided when all of them are known.

// recall gives a target its history. Of one that could not be read nobody knows whether it
// has moved.
func (p *planner) recall(pt *plannedTarget, read bool) {
	pt.had, pt.known = p.state.Target(pt.change.Address)
	lists := pt.target.ListsAdmins()
	for _, had := range p.state.Targets {
		here := had.Kind == pt.change.Kind && p.isAt(pt, had)
		itself := had.Address == pt.change.Address
		if !here && !(itself && lists) { // the keys of a profile elsewhere say nothing of those here
			continue
		}
		pt.own.Owned = append(pt.own.Owned, ever(had)...)
		pt.hadGroups = pt.hadGroups || had.Groups
		pt.want.Hidden = append(slices.Clip(pt.want.Hidden), had.Hidden...)
		if here && !pt.known { // its block was called otherwise
			pt.had, pt.known = had, true
		}
	}
	if pt.known && read && !p.isAt(pt, pt.had) {
		moved := pt.had
		pt.moved, pt.had, pt.known = &moved, state.Target{}, false
	}
	pt.own.Exclusive = pt.cluster.Exclusive
	pt.want = pt.groups(pt.want, pt.cluster)
}

// orphanTargets plans to leave the places that the state knows and the configuration
// does not: what idpctl put there is taken out.
func (p *planner) orphanTargets(ctx context.Context) diag.Diagnostics {
	if p.run.opts.Unread {
		return nil
	}
	var diags diag.Diagnostics
	planned := slices.Clone(p.files)
	for _, had := range p.state.Targets {
		var block *plannedTarget // of this address
		if i := slices.IndexFunc(planned, func(pt *plannedTarget) bool { return pt.change.Address == had.Address }); i >= 0 {
			block = planned[i]
		}
		switch there := p.nowAt(had); {
		case there != nil && there == block, block != nil && block.moved == nil:
			// It is where it was, or cannot be reached.
		case there != nil && block == nil:
			there.renamed(had)
		case there != nil:
			there.settle()
			block.settle()
		default:
			diags = append(diags, p.vacate(ctx, had, block)...)
		}
	}
	return diags
}

// renamed notes that the state has a place under another address, which goes.
func (pt *plannedTarget) renamed(had state.Target) {
	pt.former = append(pt.former, had.Address)
	if pt.cause != nil {
		return
	}
	pt.change.Reason = fmt.Sprintf("because the state knows it as %s", had.Address)
	if pt.change.Action == plan.NoOp {
		pt.change.Action = plan.Update
	}
}

// settle has the state say where a target is before anything is written, as its record
// is about a place that is another target's now, or the other way round.
func (pt *plannedTarget) settle() {
	if pt.cause != nil || pt.leaves { // else its old place would be forgotten
		return
	}
	pt.settled = pt.record(pt.own.Owned)
	if pt.change.Action == plan.NoOp {
		pt.change.Action, pt.change.Reason = plan.Update, "because the state has it elsewhere; the file stays as it is"
	}
}

// record is what the state shall say of a target.
func (pt *plannedTarget) record(owned []string) *state.Target {
	return &state.Target{
		Address: pt.change.Address, Kind: pt.change.Kind, Path: pt.place.Path, Name: pt.place.Name, Namespace: pt.place.Namespace,
		Context: pt.place.Context, Server: pt.place.Server, UID: pt.place.UID,
		Release: pt.place.Release.Name, Chart: pt.place.Release.Chart, ReleaseNamespace: pt.place.Release.Namespace,
		Owned: owned, Hidden: pt.hides, Groups: pt.target.ListsAdmins() && pt.hadGroups,
	}
}

// vacate plans to leave a place that nobody else has now. block is the target that was
// there and has moved; nil if the configuration has it no more.
func (p *planner) vacate(ctx context.Context, had state.Target, block *plannedTarget) diag.Diagnostics {
	before := len(p.files)
	diags := p.leave(ctx, had)
	if len(p.files) == before {
		return diags
	}
	left := p.files[before]
	if block != nil && left.cause != nil { // with one half of it undone, the other is not begun
		return diag.Diagnostics{{
			Summary: left.cause.Summary, Subject: block.change.Range, Address: had.Address.String(),
			Detail: fmt.Sprintf("%s\n\nThe block %s has moved from %s, and the admins that idpctl wrote there are to be taken out first. If that one is gone for good: `idpctl state rm '%s'`.",
				left.cause.Detail, had.Address, left.change.Path, had.Address),
		}}
	}
	if at := p.goesOn(had.Address); at != nil && left.losesLast {
		left.losesLast = false
		diags = append(diags, diag.Diagnostic{
			Severity: diag.Warning, Summary: "A file is left without admins", Subject: at.change.Range, Address: had.Address.String(),
			Detail: fmt.Sprintf("The admins of %s go on in %s. Do not apply %s to the cluster any more: idpctl's admins are no longer in it.", at.instance, at.change.Path, left.change.Path),
		})
	}
	if block == nil {
		return diags
	}
	// What the place lists, its successor need not know, but for a block that takes
	// over another place at the same time.
	left.mover, left.carried, block.leaves = block, block.own.Owned, true
	record := had
	record.Former = slices.Concat(had.Former, block.own.Owned)
	block.settled = &record
	// It is left before the new place is written: the state has one record for both.
	p.files, p.targets = p.files[:before], p.targets[:len(p.targets)-1]
	p.files = slices.Insert(p.files, slices.Index(p.files, block), left)
	p.targets = slices.Insert(p.targets, slices.Index(p.targets, block.change), left.change)
	return diags
}

// goesOn is the target in which the admins of a cluster go on that leaves one of its
// places; nil if they do not.
func (p *planner) goesOn(left resource.Address) *plannedTarget {
	left.Target = ""
	for _, pt := range p.files {
		if pt.cluster != nil && pt.cause == nil && pt.instance == left && pt.target.ListsAdmins() && (!pt.cluster.AdminsKnown || len(pt.cluster.Admins) > 0) {
			return pt
		}
	}
	return nil
}
