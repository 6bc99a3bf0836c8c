package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// watchAdmins warns of admins who are none: those who cannot sign in, and
// entries that bear an admin's e-mail and another id.
func (p *planner) watchAdmins(pt *plannedTarget, c *config.ClusterInstance, after cluster.Section) diag.Diagnostics {
	var diags diag.Diagnostics
	place, ok := c.AttrRanges["admins"]
	if !ok {
		place = c.Range
	}
	warn := func(summary, format string, args ...any) {
		diags = append(diags, diag.Diagnostic{
			Severity: diag.Warning, Summary: summary, Subject: place, Address: pt.change.Address.String(), Detail: fmt.Sprintf(format, args...),
		})
	}
	var out []string                                           // who cannot sign in
	disabled, couldNot := map[string]bool{}, map[string]bool{} // after, and before
	for _, a := range c.Admins {
		before, after := p.signsIn(a)
		if after {
			continue
		}
		out = append(out, a.Address.String())
		disabled[text(a.ID)] = true
		if !before {
			couldNot[text(a.ID)] = true
		}
	}
	everybody := len(out) == len(c.Admins) && len(after.Admins) > 0 && !slices.ContainsFunc(after.Admins, func(a cluster.Admin) bool { return !disabled[a.ID] })
	pt.shutsOut = everybody && slices.ContainsFunc(pt.live.Section.Admins, func(a cluster.Admin) bool { return !couldNot[a.ID] })
	switch {
	case everybody:
		warn("No admin can sign in", "Nobody could administer the cluster: %s cannot sign in, and %s lists nobody else.", strings.Join(out, ", "), pt.change.Path)
	case len(out) > 0:
		warn("Admin cannot sign in", "An admin of the cluster who cannot sign in is none: %s.", strings.Join(out, ", "))
	}
	for _, stale := range after.Admins {
		for _, want := range pt.want.Admins {
			if want.ID == cluster.KnownAfterApply || stale.ID == want.ID || want.Email == "" || !strings.EqualFold(stale.Email, want.Email) ||
				slices.ContainsFunc(pt.want.Admins, func(a cluster.Admin) bool { return a.ID == stale.ID }) {
				continue
			}
			warn("Another entry with an admin's e-mail", "%s lists an entry with the id %s and the e-mail of %s, who has the id %s. It was put there by somebody else and stays; if it is the id of an earlier account, remove it.",
				pt.change.Path, stale.ID, p.adminOf(c, want.ID), want.ID)
		}
	}
	return diags
}

// adminOf is the address of the admin with an id.
func (p *planner) adminOf(c *config.ClusterInstance, id string) string {
	for _, a := range c.Admins {
		if text(a.ID) == id {
			return a.Address.String()
		}
	}
	return id
}

// signsIn reports whether an admin can sign in before and after the plan; what
// is not known counts as yes.
func (p *planner) signsIn(a config.ClusterObject) (before, after bool) {
	info, _ := p.run.conns.info(a.Provider)
	kind, _, ok := dataKind(info, a.Address.Kind)
	if !ok || kind.Enabled == "" {
		return true, true
	}
	can := func(attrs cty.Value) bool {
		v, _ := resource.Attr(attrs, kind.Enabled).Unmark()
		return !v.IsKnown() || v.IsNull() || v.Type() != cty.Bool || v.True()
	}
	after = can(a.Attrs)
	before = after
	if change, ok := p.changes[a.Address]; ok && change.Before != cty.NilVal && !change.Before.IsNull() {
		before = can(change.Before)
	}
	return before, after
}
