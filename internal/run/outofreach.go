package run

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
)

// That somebody is no admin any more is never held up by a cluster that cannot be
// reached, or that refuses to be written: access ends at the identity provider all the
// same. The plan says whose entries are left in the cluster, the apply ends with exit
// code 1 and says so again, and the next one takes them out, as the state still has
// them. Whom the same plan lets in waits for that. A plan that lets somebody in, and
// takes nobody's access, is an error, since nothing would come of it.

// checkTargets asks the systems that hold targets whether they would take what is
// planned.
func (p *planner) checkTargets(ctx context.Context) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, pt := range p.files {
		remote, ok := pt.target.(cluster.Remote)
		if !ok || pt.cause != nil || p.run.opts.Unread {
			continue
		}
		ds := at(remote.Check(ctx, pt.live, pt.planned), pt.change.Range)
		if ds.HasErrors() {
			ds = p.outOfReach(pt, ds)
		}
		diags = append(diags, ds...)
	}
	return diags
}

// outOfReach decides what becomes of a target that cannot be read or written: diags
// say why. It returns them if the plan is not to go on.
func (p *planner) outOfReach(pt *plannedTarget, diags diag.Diagnostics) diag.Diagnostics {
	at := slices.IndexFunc(diags, func(d diag.Diagnostic) bool { return d.Severity == diag.Error })
	if _, ok := pt.target.(cluster.Remote); !ok || at < 0 {
		return diags
	}
	left, waiting, ok := p.leftIn(pt)
	if !ok {
		return diags
	}
	cause := diags[at]
	cause.Address = pt.change.Address.String()
	pt.cause, pt.planned = &cause, cluster.Change{}
	c := pt.change
	c.OutOfReach, c.Diff, c.Added, c.Updated, c.Fields = true, "", waiting, nil, nil
	c.Removed, c.Action = left, plan.Update
	c.Reason = "because it is out of reach: " + cause.Summary
	if pt.cluster == nil {
		c.Action = plan.Forget
		pt.losesLast = len(pt.had.Owned) > 0
	} else {
		p.guardUnseen(pt)
	}
	if !slices.Contains(p.files, pt) {
		p.addTarget(pt)
	}
	warning := cause
	warning.Severity, warning.Summary = diag.Warning, "Entries are left in the cluster"
	warning.Detail = fmt.Sprintf("%s. %s\n\n%s: %s. An apply ends their access at the identity provider all the same, and ends with exit code 1; the next one that can write to %s takes them out. If that cluster is gone for good: `idpctl state rm '%s'`.",
		cause.Summary, cause.Detail, entries(len(left)), strings.Join(left, ", "), c.Path, c.Address)
	if len(waiting) > 0 {
		warning.Detail += fmt.Sprintf(" That one lets in who waits: %s.", strings.Join(waiting, ", "))
	}
	if len(left) == 0 {
		warning.Detail = fmt.Sprintf("%s. %s", cause.Summary, cause.Detail)
	}
	out := diag.Diagnostics{warning}
	for _, d := range diags {
		if d.Severity == diag.Warning {
			out = append(out, d)
		}
	}
	return out
}

func entries(n int) string {
	if n == 1 {
		return "1 entry is left in it"
	}
	return fmt.Sprintf("%d entries are left in it", n)
}

// leftIn are the entries that the plan wants out of a target, or whose users it ends
// the access of, and the admins who are to be added; false if the plan does not take
// anybody's access away.
func (p *planner) leftIn(pt *plannedTarget) (left, waiting []string, ok bool) {
	if pt.cluster == nil { // to be left
		return p.called(pt.had.Owned), nil, true
	}
	// Whether it is still at the place of the record does not matter: nothing is written.
	if !pt.known || !pt.cluster.AdminsKnown {
		return nil, nil, false
	}
	wanted := map[string]bool{}
	for _, a := range pt.cluster.Admins {
		if !pt.isIn(a) {
			waiting = append(waiting, a.Address.String())
		}
		wanted[text(a.ID)] = true
	}
	for _, id := range pt.had.Owned {
		if !wanted[id] && (!pt.live.Exists || listed(pt.live.Section, id)) {
			left = append(left, id)
		}
	}
	for _, a := range pt.cluster.Admins {
		if before, after := p.signsIn(a); before && !after {
			left = append(left, text(a.ID))
		}
	}
	return p.called(left), waiting, len(left) > 0
}

// isIn reports whether an admin is in a target that is out of reach, as far as that can
// be seen.
func (pt *plannedTarget) isIn(a config.ClusterObject) bool {
	id := text(a.ID)
	return slices.Contains(pt.had.Owned, id) || listed(pt.live.Section, id)
}

func listed(s cluster.Section, id string) bool {
	return slices.ContainsFunc(s.Admins, func(a cluster.Admin) bool { return a.ID == id })
}

// called are ids with the addresses that the state has them at.
func (p *planner) called(ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		name := id
		for _, prior := range p.priors {
			if prior.ID == id {
				name = fmt.Sprintf("%s (%s)", prior.Address, id)
			}
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// unseen says of a target that was not read that others may be in it.
func (pt *plannedTarget) unseen() string {
	if pt.cause == nil || pt.live.Exists {
		return ""
	}
	return ", if others are not in it, which cannot be seen now"
}

// guardUnseen sets what an unattended run must not decide. Whether others are in the
// cluster cannot be seen: it is taken for not.
func (p *planner) guardUnseen(pt *plannedTarget) {
	pt.losesLast = pt.cluster.AdminsKnown && len(pt.cluster.Admins) == 0 && len(pt.had.Owned) > 0
	could := false
	for _, a := range pt.cluster.Admins {
		before, after := p.signsIn(a)
		if after && pt.isIn(a) {
			return
		}
		could = could || before && pt.isIn(a)
	}
	for _, id := range pt.had.Owned { // who is to be taken out could sign in
		could = could || !slices.ContainsFunc(pt.cluster.Admins, func(a config.ClusterObject) bool { return text(a.ID) == id })
	}
	pt.shutsOut = could && !pt.losesLast
}
