package run

import (
	"context"
	"errors"
	"slices"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// check asks the identity providers whether they would refuse what is planned:
// an apply that can be known to fail half way is not to be approved.
func (p *planner) check(ctx context.Context) diag.Diagnostics {
	changes, ops := map[string][]*plan.Change{}, map[string][]providers.Operation{}
	var names []string
	for _, c := range p.order {
		kind, ok := p.run.conns.kind(c.Provider, c.Kind)
		if !ok || c.Address.Mode == resource.Data {
			continue
		}
		var op providers.Operation
		switch {
		case c.Action == plan.Delete && !c.WithParent:
			op = apply.Deletion(c)
		case c.Action != plan.Forget && c.Desired != nil:
			op = apply.Operation(c, kind)
		}
		if op.Verb == 0 {
			continue
		}
		if !slices.Contains(names, c.Provider) {
			names = append(names, c.Provider)
		}
		changes[c.Provider], ops[c.Provider] = append(changes[c.Provider], c), append(ops[c.Provider], op)
	}
	var diags diag.Diagnostics
	for _, name := range names {
		conn, ds := p.run.conns.get(ctx, name)
		if diags = append(diags, ds...); ds.HasErrors() {
			continue
		}
		for i, err := range conn.Check(ctx, ops[name]) {
			var e *providers.Error
			if errors.As(err, &e) {
				c := changes[name][i]
				place := c.Range
				if c.Desired != nil {
					place = c.Desired.AttrRange(e.Attribute)
				}
				diags = append(diags, diag.Diagnostic{
					Summary: e.Summary, Detail: e.Hint, Address: c.Address.String(), Subject: place,
				})
			}
		}
	}
	return diags
}
