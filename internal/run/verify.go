package run

import (
	"context"
	"crypto/tls"
	"net/http"
	"path/filepath"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/cluster/kubernetes"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/resource"
)

// Cluster is what a cluster block comes to, for `verify`: who issues tokens,
// where one signs in, and who may.
type Cluster struct {
	Address resource.Address
	// Provider names the provider block of the client.
	Provider string
	// Issuer of the client's realm or tenant, and the JWKSEndpoint that the cluster
	// gets.
	Issuer, JWKSEndpoint string
	// SignIn is how influxctl signs in.
	cluster.SignIn
	// SignInHints say what to do about error codes of it; see [providers.Info].
	SignInHints map[string]string
	// Origins on which endpoints may be, beside the issuer's.
	Origins []string
	// SubjectClaim is the token claim that holds a user's id.
	SubjectClaim string
	// Admins are ids to names.
	Admins map[string]string
	// Absent are the addresses of admins whom the identity provider does not
	// have, or not as they are about to be; Disabled of those whom it has and
	// does not let sign in.
	Absent, Disabled []string
	// FilesDiffer are those of the cluster's files that do not say what the
	// configuration does.
	FilesDiffer []Target
	// Profiles are the profiles of influxctl in files.
	Profiles []Profile
	// AdminTokens are those of the installation, of AppInstances in Kubernetes.
	AdminTokens []AdminToken
	// Missing names what is not known yet, as nothing was applied.
	Missing []string
}

// Profile is a profile in a file of influxctl.
type Profile struct {
	// Path of the file, and Name of the profile in it.
	Path, Name string
	// Problems are what influxctl would refuse.
	Problems diag.Diagnostics
}

// AdminToken is the admin token of an installation, by which one passes the identity
// provider by.
type AdminToken struct {
	// At names the AppInstance.
	At string
	// Token is nil if there is none.
	Token *kubernetes.AdminToken
	// Problem is why nothing is known of it.
	Problem diag.Diagnostics
}

// adminTokens asks the clusters in Kubernetes that can be reached.
func (p *planner) adminTokens(ctx context.Context, c *config.ClusterInstance) []AdminToken {
	var out []AdminToken
	for _, pt := range p.files {
		if t, is := pt.target.(*kubernetes.Target); is && pt.instance == c.Address && pt.cluster != nil && pt.live.Exists {
			token, ds := t.AdminToken(ctx)
			out = append(out, AdminToken{pt.change.Path, token, ds})
		}
	}
	return out
}

// profiles are those that are there among the files of a cluster.
func (p *planner) profiles(c *config.ClusterInstance) []Profile {
	var out []Profile
	for _, pt := range p.files {
		if pt.instance == c.Address && pt.cluster != nil && pt.live.Exists && cluster.IsProfile(pt.change.Kind) {
			out = append(out, Profile{pt.change.Path, pt.place.Name, cluster.CheckProfile(pt.change.Path, pt.live.Content, pt.place.Name)})
		}
	}
	return out
}

// Clusters evaluates the cluster blocks with what the identity provider has
// now. Nothing is changed.
func (r *Run) Clusters(ctx context.Context) ([]Cluster, diag.Diagnostics) {
	planned, diags := r.Plan(ctx, plan.Normal)
	if diags.HasErrors() {
		return nil, diags
	}
	var out []Cluster
	for _, in := range r.clusters() {
		c := r.clusterOf(in, planned.planner)
		c.Profiles, c.AdminTokens = planned.planner.profiles(in), planned.planner.adminTokens(ctx, in)
		for _, t := range planned.planner.targetsOf(in) {
			if t.Differs() { // else only the state does not know the file yet
				c.FilesDiffer = append(c.FilesDiffer, t)
			}
		}
		out = append(out, c)
	}
	return out, diags
}

func (r *Run) clusterOf(in *config.ClusterInstance, p *planner) Cluster {
	info, _ := r.conns.info(in.Provider)
	c := Cluster{
		Address: in.Address, Provider: in.Provider, SubjectClaim: info.SubjectClaim, SignInHints: info.SignInHints, Origins: info.Origins,
		Admins: make(map[string]string, len(in.Admins)),
		Issuer: text(resource.Attr(in.Home, "issuer")), JWKSEndpoint: text(in.JWKSEndpoint), SignIn: p.signIn(in),
	}
	c.Missing = missing(c.Issuer, cluster.Section{JWKSEndpoint: c.JWKSEndpoint, IdentityProvider: text(in.IdentityProvider)}, c.SignIn)
	if !in.AdminsKnown {
		c.Missing = append(c.Missing, "the list of admins")
	}
	for _, a := range in.Admins {
		id := text(a.ID)
		if id == "" || id == cluster.KnownAfterApply {
			c.Absent = append(c.Absent, a.Address.String())
			continue
		}
		c.Admins[id] = text(a.Email)
		if now, _ := p.signsIn(a); !now {
			c.Disabled = append(c.Disabled, a.Address.String())
		}
	}
	return c
}

// PublicTransport is how the public endpoints of a provider (discovery, keys,
// token, device) are reached: with the certificate authorities that the
// provider block names, and without any credential.
func (r *Run) PublicTransport(provider string) (http.RoundTripper, diag.Diagnostics) {
	attrs, diags := r.eval.ProviderConfig(provider)
	if diags.HasErrors() {
		return nil, diags
	}
	file := text(resource.Attr(attrs, caFileAttr))
	if file != "" && !filepath.IsAbs(file) {
		file = filepath.Join(r.opts.Dir, file)
	}
	public, err := PublicTransport(file, caFileAttr)
	if err != nil {
		return nil, append(diags, r.conns.diagnose(provider, err, "reading the certificate authorities"))
	}
	return public, diags
}

// PublicTransport reaches public endpoints: with the machine's proxy settings,
// the certificate authorities of a PEM file (none if its name is empty) beside
// the machine's own, and without any credential. option is what the user calls
// the file.
func PublicTransport(caFile, option string) (http.RoundTripper, error) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport, nil
	}
	clone := base.Clone()
	if caFile != "" {
		pool, err := transport.LoadCAs(caFile, option)
		if err != nil {
			return nil, err
		}
		clone.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return clone, nil
}
