package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// watchAdmins warns of admins who are none: those who cannot sign in, and
// entries that bear an admin's e-mail and another id.
func (p *planner) watchAdmins(pt *plannedTarget, c *config.ClusterInstance, change cluster.Change) diag.Diagnostics {
	after := change.Section
	var diags diag.Diagnostics
	pt.strays = nil
	place := adminsPlace(c)
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
	everybody := c.AdminsKnown && len(out) == len(c.Admins) && len(out) > 0
	others := slices.ContainsFunc(after.Admins, func(a cluster.Admin) bool { return !disabled[a.ID] })
	// Of entries of others nobody knows whether they can sign in: they do not count
	// as those who will be left, nor does their staying take anything away.
	pt.shutsOut = everybody && (len(couldNot) < len(disabled) ||
		slices.ContainsFunc(change.Removed, func(a cluster.Admin) bool { return !couldNot[a.ID] }) ||
		pt.moved != nil && slices.ContainsFunc(pt.moved.Owned, func(id string) bool { return !couldNot[id] }))
	switch {
	case c.AdminsKnown && len(after.Admins) == 0 && p.mode != plan.Destroy:
		warn(noAdmin, "%s lists nobody, so that nobody can administer the cluster.", pt.change.Path)
	case everybody && others:
		warn("No admin can sign in", "None of the admins can: %s. Whether one of the other entries of %s can, idpctl does not know.", strings.Join(out, ", "), pt.change.Path)
	case everybody:
		warn("No admin can sign in", "Nobody could administer the cluster: %s cannot sign in, and %s lists nobody else.", strings.Join(out, ", "), pt.change.Path)
	case len(out) > 0:
		warn("Admin cannot sign in", "An admin of the cluster who cannot sign in is none: %s.", strings.Join(out, ", "))
	}
	if in := func(a config.ClusterObject) bool { return len(a.Groups) == 0 || slices.Contains(a.Groups, "admin") }; len(c.Admins) > 0 && !slices.ContainsFunc(c.Admins, in) {
		warn("Nobody is in the group Admin", "All admins of %s are in other groups of InfluxDB, so that nobody may do what takes an admin. Name one in admin of user_groups, or in none of its lists.", c.Address)
	}
	for _, stale := range after.Admins {
		if stale.ID == cluster.KnownAfterApply || slices.ContainsFunc(pt.want.Admins, func(a cluster.Admin) bool { return a.ID == stale.ID }) {
			continue
		}
		if who, is := p.managed(stale.ID); is {
			pt.strays = append(pt.strays, who.String())
			warn("Somebody is listed who is no admin", "%s lists %s (id %s), who is not among the admins of %s. Somebody else put that entry there, so it stays: name the user in admins, or remove the entry.", pt.change.Path, who, stale.ID, c.Address)
		}
		for i, want := range pt.want.Admins {
			if i >= len(c.Admins) || want.Email == "" || !strings.EqualFold(stale.Email, want.Email) {
				continue
			}
			warn("Another entry with an admin's e-mail", "%s lists an entry with the id %s and the e-mail of %s, whose id is %s. It was put there by somebody else and stays; if it is the id of an earlier account, remove it.",
				pt.change.Path, stale.ID, c.Admins[i].Address, want.ID)
		}
	}
	return append(diags, p.watchClient(pt, c)...)
}

// managed is the user with an id that the configuration manages.
func (p *planner) managed(id string) (resource.Address, bool) {
	for _, c := range p.changes {
		kind, ok := p.run.conns.kind(c.Provider, c.Kind)
		if ok && (kind.Enabled != "" || kind.Disabled != "") && c.Address.Mode != resource.Data && c.ID == id && c.Action != plan.Delete {
			return c.Address, true
		}
	}
	return resource.Address{}, false
}

// watchClient warns of a client that influxctl could not sign in with.
func (p *planner) watchClient(pt *plannedTarget, c *config.ClusterInstance) diag.Diagnostics {
	lacks := p.deviceFlow(c)
	if len(lacks) == 0 {
		return nil
	}
	return diag.Diagnostics{{
		Severity: diag.Warning, Summary: "The client cannot be signed in with", Subject: adminsPlace(c), Address: pt.change.Address.String(),
		Detail: fmt.Sprintf("%s needs %s for influxctl to sign in with it.", c.Client.Address, strings.Join(lacks, ", ")),
	}}
}

// adminsPlace is where the admins of a cluster are written.
func adminsPlace(c *config.ClusterInstance) diag.Range {
	if place, ok := c.AttrRanges["admins"]; ok {
		return place
	}
	return c.Range
}

// deviceFlow is what the cluster's client lacks of what influxctl needs.
func (p *planner) deviceFlow(c *config.ClusterInstance) []string {
	if c.Client == nil {
		return nil
	}
	var out []string
	info, _ := p.run.conns.info(c.Client.Provider)
	kind, _, _ := dataKind(info, c.Client.Address.Kind)
	for _, name := range slices.Sorted(maps.Keys(kind.DeviceFlow)) {
		want := kind.DeviceFlow[name]
		v, _ := resource.Attr(c.Client.Attrs, name).Unmark()
		if v.IsKnown() && !v.IsNull() && v.Type().Equals(want.Type()) && !v.RawEquals(want) {
			text := "true"
			if want.Type() == cty.String {
				text = fmt.Sprintf("%q", want.AsString())
			}
			out = append(out, name+" = "+text)
		}
	}
	return out
}

// keptAdmins refuses a plan that deletes somebody whom it lists as an admin: a
// data block found who is about to go.
func (p *planner) keptAdmins() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, pt := range p.files {
		if !pt.target.ListsAdmins() {
			continue
		}
		for _, a := range pt.want.Admins {
			for _, c := range p.order {
				if c.Action != plan.Delete || c.ID != a.ID || pt.cluster == nil {
					continue
				}
				diags = append(diags, diag.Diagnostic{
					Summary: "An admin is deleted", Subject: pt.change.Range, Address: pt.change.Address.String(),
					Detail: fmt.Sprintf("%s has %s among its admins, and the plan deletes that user, as %s is not in the configuration any more. Take the admin out, or keep the user: with on_destroy = \"release\", applied before its block is removed, it stays.",
						pt.instance, p.adminOf(pt.cluster, a.ID), c.Address),
				})
			}
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
	if !ok {
		return true, true
	}
	after = canSignIn(kind, a.Attrs)
	before = after
	if change, ok := p.changes[a.Address]; ok && change.Before != cty.NilVal && !change.Before.IsNull() {
		before = canSignIn(kind, change.Before)
	}
	return before, after
}

// canSignIn reports whether a user with these attributes can sign in, as far as they say.
func canSignIn(kind resource.Kind, attrs cty.Value) bool {
	is := func(name string, unknown bool) bool {
		v, _ := resource.Attr(attrs, name).Unmark()
		if !v.IsKnown() || v.IsNull() || v.Type() != cty.Bool {
			return unknown
		}
		return v.True()
	}
	return is(kind.Enabled, true) && !is(kind.Disabled, false)
}
