package run

import (
	"context"
	"errors"
	"slices"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/parallel"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// check asks the identity providers whether they would refuse what is planned:
// an apply that can be known to fail half way is not to be approved.
func (p *planner) check(ctx context.Context) diag.Diagnostics {
	built := p.operations()
	changes, ops := map[string][]*plan.Change{}, map[string][]providers.Operation{}
	var names []string
	for i, c := range p.order {
		if built[i].Verb == 0 {
			continue
		}
		if !slices.Contains(names, c.Provider) {
			names = append(names, c.Provider)
		}
		changes[c.Provider], ops[c.Provider] = append(changes[c.Provider], c), append(ops[c.Provider], built[i])
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

// operations are what is to be done for each change, without a verb where that
// is nothing.
func (p *planner) operations() []providers.Operation {
	out := make([]providers.Operation, len(p.order))
	parallel.Each(len(p.order), func(i int) {
		c := p.order[i]
		kind, ok := p.run.conns.kind(c.Provider, c.Kind)
		switch {
		case !ok || c.Address.Mode == resource.Data || c.Action == plan.NoOp:
		case c.Action == plan.Delete && !c.WithParent:
			out[i] = apply.Deletion(c)
		case c.Action != plan.Delete && c.Action != plan.Forget && c.Desired != nil:
			out[i] = apply.Operation(c, kind)
		}
	})
	return out
}
