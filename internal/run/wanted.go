package run

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// tokensFor refuses a client whose users' tokens no cluster could check, as they
// are not for anything.
func (p *planner) tokensFor(c *config.ClusterInstance) diag.Diagnostics {
	if c.Client == nil || c.Client.Address.Mode == resource.Data {
		return nil // of a client that is looked up, nobody can say
	}
	info, _ := p.run.conns.info(c.Client.Provider)
	kind, _, _ := dataKind(info, c.Client.Address.Kind)
	a, ok := kind.Attribute(kind.Audience)
	if !ok || a.Ref == nil {
		return nil
	}
	if v, _ := resource.Attr(c.Client.Attrs, a.Name).Unmark(); !v.IsKnown() || !v.IsNull() {
		return nil
	}
	what := a.Ref.Kinds[0]
	return diag.Diagnostics{{
		Summary: fmt.Sprintf("No %s, so that the cluster would refuse the tokens", what), Subject: c.Range, Address: c.Address.String(),
		Detail: fmt.Sprintf("%s has no %s, and %s's access tokens are opaque then: InfluxDB cannot check them. Add these lines, the first ones beside the client's block and the last one in it:\n\n  %s \"influxdb\" {\n    %s = %s\n    %s = \"https://influxdb.example.com\"\n  }\n  %s = %s.influxdb",
			c.Client.Address, a.Name, info.Name, what, kind.Parent, c.Client.Parent, a.Ref.Attr, a.Name, what),
	}}
}

// wanted is what the targets of a cluster shall say, as far as it is known.
func (p *planner) wanted(c *config.ClusterInstance) (cluster.Desired, diag.Diagnostics) {
	s, diags := section(c)
	s.Hidden = p.hidden(c.Admins)
	want := cluster.Desired{Section: s, SignIn: p.signIn(c)}
	if attrs, ds := p.run.eval.ProviderConfig(c.Provider); !ds.HasErrors() {
		want.PrivateCA = text(resource.Attr(attrs, caFileAttr))
	}
	return want, diags
}

// caFileAttr is the argument of a provider block that names a file with certificate
// authorities.
const caFileAttr = "ca_file"

// signIn is how users sign in with the client of a cluster.
func (p *planner) signIn(c *config.ClusterInstance) cluster.SignIn {
	info, _ := p.run.conns.info(c.Provider)
	s := cluster.SignIn{
		ClientID: cluster.KnownAfterApply, Audience: cluster.KnownAfterApply,
		DeviceURL: cluster.KnownAfterApply, TokenURL: cluster.KnownAfterApply,
	}
	if c.Home != cty.NilVal {
		s.DeviceURL, s.TokenURL = text(resource.Attr(c.Home, "device_authorization_endpoint")), text(resource.Attr(c.Home, "token_endpoint"))
	}
	if c.Client != nil {
		kind, _, _ := dataKind(info, c.Client.Address.Kind)
		s.ClientID, s.Audience = text(resource.Attr(c.Client.Attrs, "client_id")), text(resource.Attr(c.Client.Attrs, kind.Audience))
	}
	for _, scope := range info.Scopes {
		s.Scopes = append(s.Scopes, strings.ReplaceAll(scope, "{client_id}", s.ClientID))
	}
	if profile, ok := profileOf(c); ok && profile.SetScopes {
		s.Scopes = profile.Scopes
	}
	return s
}

// profileOf is the profile of influxctl that a cluster has a block for.
func profileOf(c *config.ClusterInstance) (cluster.Profile, bool) {
	for _, t := range c.Targets {
		if cluster.IsProfile(t.Address.Target) {
			profile, ds := cluster.OpenProfile(t.Attrs)
			return profile, !ds.HasErrors()
		}
	}
	return cluster.Profile{}, false
}

// section is what the admin sections of a cluster shall say.
func section(c *config.ClusterInstance) (cluster.Section, diag.Diagnostics) {
	s := cluster.Section{IdentityProvider: text(c.IdentityProvider), JWKSEndpoint: text(c.JWKSEndpoint)}
	var diags diag.Diagnostics
	if !c.AdminsKnown {
		s.Admins = append(s.Admins, cluster.Admin{
			ID: cluster.KnownAfterApply, FirstName: cluster.KnownAfterApply, LastName: cluster.KnownAfterApply, Email: cluster.KnownAfterApply,
		})
		return s, nil
	}
	for _, a := range c.Admins {
		admin := cluster.Admin{ID: text(a.ID), FirstName: text(a.FirstName), LastName: text(a.LastName), Email: text(a.Email), UserGroups: cluster.UserGroups(a.Groups)}
		for name, v := range map[string]string{"first name": admin.FirstName, "last name": admin.LastName, "e-mail address": admin.Email} {
			if v == "" {
				diags = append(diags, diag.Diagnostic{
					Summary: "Admin without " + name, Subject: c.Range, Address: c.Address.String(),
					Detail: fmt.Sprintf("%s has no %s, and InfluxDB requires one for each admin. Set it at the identity provider.", a.Address, name),
				})
			}
		}
		s.Admins = append(s.Admins, admin)
	}
	return s, diags
}

// text is a string value as a file shows it.
func text(v cty.Value) string {
	v, _ = v.Unmark()
	switch {
	case !v.IsKnown():
		return cluster.KnownAfterApply
	case v.IsNull() || v.Type() != cty.String:
		return ""
	default:
		return v.AsString()
	}
}
