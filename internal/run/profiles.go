package run

import (
	"slices"
	"strings"

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
	// Text is a config.toml with the profile alone. What is sensitive is masked.
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
		out = append(out, PrintedProfile{t.address, p.planner.maskSignIn(&c, want.SignIn, text)})
	}
	return out, diags
}

// maskSignIn hides what is sensitive of the way to sign in, in the text of a
// profile or in a diff of one. The old values are hidden too. c is nil for a file
// that is to be left.
func (p *planner) maskSignIn(c *config.ClusterInstance, s cluster.SignIn, text string) string {
	var keys []string
	hide := func(value string, names ...string) {
		keys = append(keys, names...)
		if value != "" && value != cluster.KnownAfterApply {
			text = strings.ReplaceAll(text, value, diag.Masked)
		}
	}
	for _, prior := range p.priors {
		if slices.Contains(prior.Sensitive, "client_id") {
			hide("", "client_id", "scopes")
		}
	}
	if c != nil && c.Client != nil {
		info, _ := p.run.conns.info(c.Client.Provider)
		kind, _, _ := dataKind(info, c.Client.Address.Kind)
		if resource.IsSensitive(resource.Attr(c.Client.Attrs, "client_id")) {
			hide(s.ClientID, "client_id", "scopes")
		}
		if kind.Audience != "" && resource.IsSensitive(resource.Attr(c.Client.Attrs, kind.Audience)) {
			hide(s.Audience, "audience")
		}
	}
	return maskLines(text, "=", keys)
}
