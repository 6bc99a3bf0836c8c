package run

import (
	"context"
	"errors"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// askDefaults asks a server for the defaults that only it knows, if an instance of
// a block needs one, and expands the block with them.
func (p *planner) askDefaults(ctx context.Context, block resource.Address, instances []resource.Desired, told diag.Diagnostics) ([]resource.Desired, diag.Diagnostics) {
	if len(instances) == 0 || block.Mode == resource.Data {
		return instances, told
	}
	provider := instances[0].Provider
	if !p.lacksDefault(instances) {
		return instances, told
	}
	conn, diags := p.run.conns.get(ctx, provider)
	if diags.HasErrors() {
		return instances, append(told, diags...)
	}
	asked, can := conn.(providers.Defaulter)
	if !can {
		return instances, told
	}
	values, lacking, err := asked.Defaults(ctx, block.Kind)
	if err != nil {
		return instances, append(told, p.run.conns.diagnose(provider, err, "looking for what "+block.String()+" leaves to the server"))
	}
	p.run.eval.SetDefaults(provider, block.Kind, values)
	instances, told = p.run.eval.Expand(block)
	for i := range instances {
		d := &instances[i]
		kind, ok := p.run.conns.kind(d.Provider, d.Address.Kind)
		if !ok || p.exists(d, kind) { // it stays as it is
			continue
		}
		if id, _ := resource.Attr(d.Attrs, "id").Unmark(); !id.IsKnown() || !id.IsNull() {
			continue // the object that is adopted tells
		}
		for _, a := range kind.Attributes {
			if why := lacking[a.Name]; why != nil && a.DefaultFrom == resource.FromServer && resource.Attr(d.Attrs, a.Name).IsNull() {
				told = append(told, defaultMissing(d, why))
			}
		}
	}
	return instances, told
}

// exists reports whether the object that the state has of an instance is there.
func (p *planner) exists(d *resource.Desired, kind resource.Kind) bool {
	prior := p.prior(d, kind)
	if prior == nil {
		return false
	}
	_, ok := p.live[identity{prior.Provider, prior.Kind, prior.ID}]
	return ok
}

// lacksDefault reports whether an instance leaves something to the server.
func (p *planner) lacksDefault(instances []resource.Desired) bool {
	kind, ok := p.run.conns.kind(instances[0].Provider, instances[0].Address.Kind)
	if !ok {
		return false
	}
	for _, a := range kind.Attributes {
		if a.DefaultFrom != resource.FromServer {
			continue
		}
		for i := range instances {
			if resource.Attr(instances[i].Attrs, a.Name).IsNull() {
				return true
			}
		}
	}
	return false
}

func defaultMissing(d *resource.Desired, err error) diag.Diagnostic {
	out := diag.Diagnostic{Summary: err.Error(), Address: d.Address.String(), Subject: d.Range}
	var e *providers.Error
	if errors.As(err, &e) {
		out.Summary, out.Detail = e.Summary, sentence(e.Hint)
	}
	return out
}
