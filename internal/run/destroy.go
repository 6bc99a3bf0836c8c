package run

import (
	"context"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// destroy plans the end of everything that the state knows. The configuration
// is asked for what protects its objects (prevent_destroy, on_destroy,
// force_destroy), as it is written now; a block that cannot be evaluated does
// not hold a destruction up, but then what the state recorded counts.
func (p *planner) destroy(ctx context.Context) diag.Diagnostics {
	for _, layer := range p.run.module.Layers() {
		for _, b := range layer {
			if b.Type == config.ClusterBlock {
				continue
			}
			instances, diags := p.run.eval.Expand(b.Address)
			if diags.HasErrors() {
				continue
			}
			for i := range instances {
				d := &instances[i]
				p.desired[d.Address] = d
				p.run.eval.Set(d.Address, p.known(d.Address))
			}
		}
	}
	return append(p.orphanTargets(ctx), p.removeAll(slices.Collect(maps.Keys(p.priors)), p.desired)...)
}

// known is what the state says of an instance, for expressions in a destroy;
// unknown if it says nothing.
func (p *planner) known(a resource.Address) cty.Value {
	if prior, ok := p.priors[a]; ok {
		return prior.Attrs.Value()
	}
	return cty.DynamicVal
}
