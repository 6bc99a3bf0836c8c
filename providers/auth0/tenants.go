package auth0

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// discovery is what is used of a discovery document (OpenID Connect Discovery 1.0,
// section 3).
type discovery struct {
	Issuer string `json:"issuer"`
	JWKS   string `json:"jwks_uri"`
	Token  string `json:"token_endpoint"`
	Device string `json:"device_authorization_endpoint"`
}

// discover reads the discovery document of a domain, once.
func (c *conn) discover(ctx context.Context, domain string) (discovery, error) {
	c.discoveredMu.Lock()
	once := c.discovered[domain]
	if once == nil {
		once = &work.Once[discovery]{}
		c.discovered[domain] = once
	}
	c.discoveredMu.Unlock()
	return once.Get(func() (discovery, error) {
		var d discovery
		ans, err := c.plain(ctx, http.MethodGet, "https://"+domain+"/.well-known/openid-configuration", nil)
		if err != nil {
			return d, c.explain(err)
		}
		if ans.status != http.StatusOK || json.Unmarshal(ans.body, &d) != nil || d.Issuer == "" {
			return d, &providers.Error{
				Class: providers.Internal, Status: ans.status, Attribute: "domain",
				Summary: fmt.Sprintf("%s has no OpenID Connect discovery document (status %d)", domain, ans.status),
				Hint:    "Check domain: the tenant's, or a verified custom one of it",
			}
		}
		if want := "https://" + domain + "/"; d.Issuer != want {
			return d, &providers.Error{
				Class: providers.Internal, Attribute: "domain",
				Summary: fmt.Sprintf("The discovery document of %s has the issuer %s", domain, work.Quoted(d.Issuer)),
				Hint:    "Tokens of it would not be accepted: write the domain that the issuer is of",
			}
		}
		return d, nil
	})
}

// wireSettings are the settings that are managed.
type wireSettings struct {
	FriendlyName    string   `json:"friendly_name"`
	SupportEmail    string   `json:"support_email"`
	SupportURL      string   `json:"support_url"`
	SessionLifetime *float64 `json:"session_lifetime"`
	IdleLifetime    *float64 `json:"idle_session_lifetime"`
	DefaultAudience string   `json:"default_audience"`
	DeviceFlow      struct {
		Charset string `json:"charset"`
		Mask    string `json:"mask"`
	} `json:"device_flow"`
}

func (c *conn) listTenant(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	names := map[string]bool{}
	for _, key := range q.Keys {
		names[key["domain"]] = true
	}
	if len(names) == 0 && (q.All || slices.Contains(q.IDs, c.settings.domain)) {
		names[c.settings.domain] = true
	}
	for name := range names {
		if err := c.checkDomain(ctx, name); err != nil {
			return nil, err
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	var w wireSettings
	if !q.Brief {
		if err := c.get(ctx, call{doing: "read the settings of the tenant", scope: readTenant}, &w, []string{"tenants", "settings"}); err != nil {
			return nil, err
		}
	}
	var out []resource.Object
	for name := range names { // one, as a tenant is one object
		o, err := c.tenantObject(ctx, name, w)
		if err != nil {
			return nil, err
		}
		return append(out, o), nil
	}
	return out, nil
}

// checkDomain refuses a domain that is not the tenant's.
func (c *conn) checkDomain(ctx context.Context, name string) error {
	if name == c.settings.domain {
		return nil
	}
	custom, err := c.customDomains(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(custom, name) {
		return nil
	}
	have := append([]string{c.settings.domain}, custom...)
	return work.Invalid("domain", "The tenant has: "+providers.Clean(strings.Join(have, ", "), 300),
		"%s is neither the domain of the tenant that the provider block names nor one of its verified custom domains", work.Quoted(name))
}

// customDomains are the verified ones of the tenant.
func (c *conn) customDomains(ctx context.Context) ([]string, error) {
	return c.domains.Get(func() ([]string, error) {
		var list []struct {
			Domain string `json:"domain"`
			Status string `json:"status"`
		}
		if err := c.get(ctx, call{doing: "list the custom domains", scope: readDomains}, &list, []string{"custom-domains"}); err != nil {
			return nil, err
		}
		var out []string
		for _, d := range list {
			if d.Status == "ready" {
				out = append(out, strings.ToLower(d.Domain))
			}
		}
		return out, nil
	})
}

func (c *conn) tenantObject(ctx context.Context, domain string, w wireSettings) (resource.Object, error) {
	d, err := c.discover(ctx, domain)
	if err != nil {
		return resource.Object{}, err
	}
	o := c.blank("tenant")
	for name, s := range map[string]string{
		"id": c.settings.domain, "domain": domain, "friendly_name": w.FriendlyName, "support_email": w.SupportEmail, "support_url": w.SupportURL,
		"device_code_charset": w.DeviceFlow.Charset, "device_code_mask": w.DeviceFlow.Mask, "default_audience": w.DefaultAudience,
		"issuer": d.Issuer, "jwks_uri": d.JWKS, "token_endpoint": d.Token, "device_authorization_endpoint": d.Device,
	} {
		o[name] = attr.OfString(s)
	}
	for name, n := range map[string]*float64{"session_lifetime": w.SessionLifetime, "idle_session_lifetime": w.IdleLifetime} {
		if n != nil {
			o[name] = cty.NumberFloatVal(*n)
		}
	}
	return resource.Object{Kind: "tenant", ID: c.settings.domain, Attrs: cty.ObjectVal(o)}, nil
}

// applyTenant changes settings
// (https://auth0.com/docs/api/management/v2/tenants/patch-settings).
func (b *batch) applyTenant(op *providers.Operation) providers.Result {
	if op.Verb != providers.Update {
		return providers.Result{Err: work.Invalid("", "", "A tenant cannot be created or deleted through the Management API")}
	}
	domain := attr.String(op.After, "domain")
	if err := b.checkDomain(b.working, domain); err != nil {
		return providers.Result{Err: err}
	}
	body := map[string]any{}
	for _, name := range []string{"friendly_name", "support_email", "support_url", "default_audience"} {
		if work.Changes(op, name) && attr.IsSet(op.After, name) {
			body[name] = attr.String(op.After, name)
		}
	}
	for _, name := range []string{"session_lifetime", "idle_session_lifetime"} {
		if work.Changes(op, name) && attr.IsSet(op.After, name) {
			body[name] = attr.Int(op.After, name, 0)
		}
	}
	if work.Changes(op, "device_code_charset") || work.Changes(op, "device_code_mask") {
		flow := map[string]any{}
		for ours, theirs := range map[string]string{"device_code_charset": "charset", "device_code_mask": "mask"} {
			if attr.IsSet(op.After, ours) {
				flow[theirs] = attr.String(op.After, ours)
			} else if s := attr.String(op.Before, ours); s != "" {
				flow[theirs] = s // it may be replaced as a whole
			}
		}
		body["device_flow"] = flow
	}
	var w wireSettings
	q := call{doing: "change the settings of the tenant", scope: updateSettings, nature: repeatable}
	if len(body) == 0 {
		q = call{doing: "read the settings of the tenant", scope: readTenant}
		if err := b.get(b.working, q, &w, []string{"tenants", "settings"}); err != nil {
			return providers.Result{Err: err}
		}
	} else if err := b.send(b.working, q, http.MethodPatch, body, &w, "tenants", "settings"); err != nil {
		return providers.Result{Err: err}
	}
	o, err := b.tenantObject(b.working, domain, w)
	if err != nil {
		return providers.Result{ID: op.ID, Err: err}
	}
	return providers.Result{ID: op.ID, Object: &o}
}
