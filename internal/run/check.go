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
	p.ops = p.operations()
	var diags diag.Diagnostics
	for _, of := range p.byProvider() {
		conn, ds := p.run.conns.get(ctx, of.provider)
		if diags = append(diags, ds...); ds.HasErrors() {
			continue
		}
		for i, err := range conn.Check(ctx, of.ops) {
			var e *providers.Error
			if errors.As(err, &e) {
				c := of.changes[i]
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

// providerOps are the operations of one provider, with the changes they are of.
type providerOps struct {
	provider string
	changes  []*plan.Change
	ops      []providers.Operation
}

// byProvider are the operations of the plan, by the provider that does them.
func (p *planner) byProvider() []*providerOps {
	var out []*providerOps
	for i, c := range p.order {
		if p.ops[i].Verb == 0 {
			continue
		}
		at := slices.IndexFunc(out, func(of *providerOps) bool { return of.provider == c.Provider })
		if at < 0 {
			at = len(out)
			out = append(out, &providerOps{provider: c.Provider})
		}
		out[at].changes, out[at].ops = append(out[at].changes, c), append(out[at].ops, p.ops[i])
	}
	return out
}

// efforts are what the plan will take where a provider can say so.
func (p *planner) efforts(ctx context.Context) []plan.Effort {
	var out []plan.Effort
	for _, of := range p.byProvider() {
		conn, ds := p.run.conns.get(ctx, of.provider)
		if ds.HasErrors() {
			continue
		}
		if e, can := conn.(providers.Estimator); can {
			if est := e.Estimate(of.ops); est.Requests > 0 {
				out = append(out, plan.Effort{Provider: of.provider, Requests: est.Requests, Duration: est.Duration})
			}
		}
	}
	return out
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
