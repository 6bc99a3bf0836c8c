package run

import (
	"github.com/zclconf/go-cty/cty"
)

// omit names the attributes of a kind that need not be read for managed
// objects: partial ones of which nothing is managed, as no block writes them
// and the state owns none of their elements. Reading them can cost many times
// what the rest does.
func (p *planner) omit(provider, kind string) []string {
	k, ok := p.run.conns.kind(provider, kind)
	if !ok {
		return nil
	}
	owned := map[string]bool{}
	for _, prior := range p.priors {
		if prior.Provider == provider && prior.Kind == kind {
			for name := range prior.Owned {
				owned[name] = true
			}
		}
	}
	writes := p.run.module.Writes
	var out []string
	for _, a := range k.Attributes {
		managed := owned[a.Name] || a.Default != cty.NilVal || a.DefaultFrom != "" ||
			writes(kind, a.Name) || a.Exclusive != "" && writes(kind, a.Exclusive)
		if a.Partial && !managed {
			out = append(out, a.Name)
		}
	}
	return out
}
