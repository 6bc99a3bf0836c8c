package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// confirmAdmins asks once more for those who are to be added to a cluster and whom this
// apply did not touch: a person may have looked at the plan for an hour, and somebody who
// was deleted or disabled meanwhile shall not take the place of one who can sign in. Where
// reads lag behind writes a further look proves nothing, and is not made.
func (p *planner) confirmAdmins(ctx context.Context, pt *plannedTarget, c *config.ClusterInstance, added []cluster.Admin) diag.Diagnostics {
	type query struct {
		provider, parent string
		kind             string
	}
	asked := map[query]map[string]config.ClusterObject{}
	for _, a := range c.Admins {
		id := text(a.ID)
		if !slices.ContainsFunc(added, func(b cluster.Admin) bool { return b.ID == id }) {
			continue
		}
		info, _ := p.run.conns.info(a.Provider)
		kind, _, ok := dataKind(info, a.Address.Kind)
		if change := p.changes[a.Address]; !ok || kind.Given || change != nil && change.IsChange() {
			continue
		}
		if _, can := p.signsIn(a); !can {
			continue // the plan said so
		}
		q := query{a.Provider, text(resource.Attr(a.Attrs, kind.Parent)), kind.Name}
		if asked[q] == nil {
			asked[q] = map[string]config.ClusterObject{}
		}
		asked[q][id] = a
	}
	var gone []string
	for q, admins := range asked {
		conn, diags := p.run.conns.get(ctx, q.provider)
		if diags.HasErrors() {
			return diags
		}
		if conn.Lag() > 0 {
			continue
		}
		found, err := conn.List(ctx, providers.Query{Kind: q.kind, Parent: q.parent, IDs: slices.Sorted(maps.Keys(admins))})
		if err != nil {
			return diag.Diagnostics{p.run.conns.diagnose(q.provider, err, "looking whether the admins are still there")}
		}
		kind, _ := p.run.conns.kind(q.provider, q.kind)
		for id, a := range admins {
			at := slices.IndexFunc(found, func(o resource.Object) bool { return o.ID == id })
			switch {
			case at < 0:
				gone = append(gone, a.Address.String()+" is not there any more")
			case !canSignIn(kind, found[at].Attrs):
				gone = append(gone, a.Address.String()+" is disabled")
			}
		}
	}
	if len(gone) == 0 {
		return nil
	}
	slices.Sort(gone)
	return diag.Diagnostics{{
		Summary: "An admin changed since the plan", Subject: pt.change.Range, Address: pt.change.Address.String(),
		Detail: fmt.Sprintf("%s. %s is left as it is. Plan again.", strings.Join(gone, ", "), pt.change.Path),
	}}
}
