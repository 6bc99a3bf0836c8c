package run

import (
	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// PrintedProfile is a profile of influxctl that goes to standard output and to no
// file: nothing is planned or recorded of it.
type PrintedProfile struct {
	// Address is that of the cluster's block influxctl.
	Address resource.Address
	// Text is a config.toml with the profile alone. Nothing in it is a secret: the
	// configuration refuses client ids, hosts and ports that are sensitive.
	Text string
}

// printedTarget is a nested block that asks for one.
type printedTarget struct {
	address, cluster resource.Address
	profile          cluster.Profile
	rng              diag.Range
}

// printed notes a profile that is to be printed after the apply, and refuses one
// that could not be then.
func (p *planner) printed(c *config.ClusterInstance, t config.ClusterTarget, want cluster.Desired) diag.Diagnostics {
	profile, diags := cluster.OpenProfile(t.Attrs)
	if !diags.HasErrors() {
		_, ds := profile.Text(want)
		diags = append(diags, ds...)
	}
	p.prints = append(p.prints, printedTarget{t.Address, c.Address, profile, t.Range})
	return at(diags, t.Range)
}

// Profiles are those to print, with what is known by now. They are for after an
// apply that succeeded, or for one that had nothing to do.
func (r *Run) Profiles(p *Planned) ([]PrintedProfile, diag.Diagnostics) {
	var out []PrintedProfile
	var diags diag.Diagnostics
	for _, t := range p.planner.prints {
		c, ds := r.eval.ResolveCluster(t.cluster)
		if ds.HasErrors() {
			return nil, append(diags, ds...)
		}
		want, ds := p.planner.wanted(&c)
		if ds.HasErrors() {
			return nil, append(diags, ds...)
		}
		text, ds := t.profile.Text(want)
		if diags = append(diags, at(ds, t.rng)...); ds.HasErrors() {
			return nil, diags
		}
		out = append(out, PrintedProfile{t.address, text})
	}
	return out, diags
}
