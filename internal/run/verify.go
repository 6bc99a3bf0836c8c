package run

import (
	"context"
	"crypto/tls"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"

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
	// Issuer, JWKSEndpoint, DeviceURL and TokenURL of the client's realm or
	// tenant; JWKSEndpoint is the one that the cluster gets.
	Issuer, JWKSEndpoint, DeviceURL, TokenURL string
	ClientID                                  string
	// Scopes to ask for at sign-in, and what to do about error codes of it; see
	// [providers.Info].
	Scopes []string
	// Audience to ask for, where tokens are for something.
	Audience    string
	SignInHints map[string]string
	// Origins on which endpoints may be, beside the issuer's.
	Origins []string
	// SubjectClaim is the token claim that holds a user's id.
	SubjectClaim string
	// Admins are ids to names.
	Admins map[string]string
	// FilesDiffer are the changes that would make the cluster's files say what
	// the configuration does; none if they do already.
	FilesDiffer []*plan.TargetChange
	// Missing names what is not known yet, as nothing was applied.
	Missing []string
}

// Clusters evaluates the cluster blocks with what the identity provider has
// now. Nothing is changed.
func (r *Run) Clusters(ctx context.Context) ([]Cluster, diag.Diagnostics) {
	planned, diags := r.Plan(ctx, plan.Normal)
	if diags.HasErrors() {
		return nil, diags
	}
	changed := map[resource.Address][]*plan.TargetChange{}
	for _, t := range planned.Targets {
		if t.Diff != "" || t.OutOfReach { // else only the state does not know the file yet, or any more
			block := t.Address
			block.Target = ""
			changed[block] = append(changed[block], t)
		}
	}
	var out []Cluster
	for _, layer := range r.module.Layers() {
		for _, b := range layer {
			if b.Type != config.ClusterBlock {
				continue
			}
			instances, ds := r.eval.Clusters(b.Address)
			diags = append(diags, ds...)
			for i := range instances {
				c := r.clusterOf(&instances[i], planned.planner)
				c.FilesDiffer = changed[c.Address]
				out = append(out, c)
			}
		}
	}
	return out, diags
}

func (r *Run) clusterOf(in *config.ClusterInstance, p *planner) Cluster {
	info, _ := r.conns.info(in.Provider)
	c := Cluster{
		Address: in.Address, Provider: in.Provider, SubjectClaim: info.SubjectClaim, SignInHints: info.SignInHints, Origins: info.Origins,
		Admins: make(map[string]string, len(in.Admins)),
	}
	need := func(name string, v cty.Value) string {
		v, _ = v.Unmark()
		if !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
			c.Missing = append(c.Missing, name)
			return ""
		}
		return v.AsString()
	}
	home, client := cty.NilVal, cty.NilVal
	if parent, ok := p.changes[in.Parent]; ok {
		home = parent.After
	}
	if in.Client != nil {
		client = in.Client.Attrs
	}
	c.Issuer = need("issuer", resource.Attr(home, "issuer"))
	c.DeviceURL = need("device_authorization_endpoint", resource.Attr(home, "device_authorization_endpoint"))
	c.TokenURL = need("token_endpoint", resource.Attr(home, "token_endpoint"))
	c.ClientID = need("client_id", resource.Attr(client, "client_id"))
	for _, scope := range info.Scopes {
		c.Scopes = append(c.Scopes, strings.ReplaceAll(scope, "{client_id}", c.ClientID))
	}
	if in.Client != nil {
		kind, _, _ := dataKind(info, in.Client.Address.Kind)
		c.Audience = text(resource.Attr(client, kind.Audience))
	}
	c.JWKSEndpoint = need("jwks_endpoint", in.JWKSEndpoint)
	for _, a := range in.Admins {
		if id := need("the id of "+a.Address.String(), a.ID); id != "" {
			c.Admins[id] = text(a.Email)
		}
	}
	return c
}

// PublicTransport is how the public endpoints of a provider (discovery, keys,
// token, device) are reached: with the certificate authorities that the
// provider block names, and without any credential.
func (r *Run) PublicTransport(provider string) (http.RoundTripper, diag.Diagnostics) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport, nil
	}
	clone := base.Clone()
	attrs, diags := r.eval.ProviderConfig(provider)
	if diags.HasErrors() {
		return nil, diags
	}
	if file := text(resource.Attr(attrs, "ca_file")); file != "" {
		if !filepath.IsAbs(file) {
			file = filepath.Join(r.opts.Dir, file)
		}
		pool, err := transport.LoadCAs(file, "ca_file")
		if err != nil {
			return nil, append(diags, r.conns.diagnose(provider, err, "reading the certificate authorities"))
		}
		clone.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return clone, diags
}
