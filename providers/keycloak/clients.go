package keycloak

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// wireClient is what is read of a ClientRepresentation. Its secret is not.
type wireClient struct {
	ID                        string            `json:"id"`
	ClientID                  string            `json:"clientId"`
	Protocol                  string            `json:"protocol"`
	Name                      string            `json:"name"`
	Description               string            `json:"description"`
	Enabled                   bool              `json:"enabled"`
	PublicClient              bool              `json:"publicClient"`
	BearerOnly                bool              `json:"bearerOnly"`
	StandardFlowEnabled       bool              `json:"standardFlowEnabled"`
	ImplicitFlowEnabled       bool              `json:"implicitFlowEnabled"`
	DirectAccessGrantsEnabled bool              `json:"directAccessGrantsEnabled"`
	ServiceAccountsEnabled    bool              `json:"serviceAccountsEnabled"`
	FullScopeAllowed          bool              `json:"fullScopeAllowed"`
	ConsentRequired           bool              `json:"consentRequired"`
	RedirectURIs              []string          `json:"redirectUris"`
	DefaultClientScopes       []string          `json:"defaultClientScopes"`
	OptionalClientScopes      []string          `json:"optionalClientScopes"`
	Attributes                map[string]string `json:"attributes"`
}

// Keycloak keeps some settings of a client among its attributes, as strings.
const (
	deviceGrantAttribute    = "oauth2.device.authorization.grant.enabled"
	deviceLifespanAttribute = "oauth2.device.code.lifespan"
	deviceIntervalAttribute = "oauth2.device.polling.interval"
	tokenLifespanAttribute  = "access.token.lifespan"
	// internalAttribute marks the clients that stand for the roles of a realm.
	internalAttribute = "realm_client"
)

// numberAttributes are our attributes that are attributes at the server.
func numberAttributes() map[string]string {
	return map[string]string{
		"oauth2_device_code_lifespan":    deviceLifespanAttribute,
		"oauth2_device_polling_interval": deviceIntervalAttribute,
		"access_token_lifespan":          tokenLifespanAttribute,
	}
}

// hiddenClientAttribute reports whether a client's attribute is not among
// those that the user sees: it is shown elsewhere, or Keycloak's or ours.
func hiddenClientAttribute(name string) bool {
	switch name {
	case markerAttribute, internalAttribute, deviceGrantAttribute, deviceLifespanAttribute, deviceIntervalAttribute, tokenLifespanAttribute,
		"client.secret.creation.time":
		return true
	}
	return false
}

// oneByOne is how many look-ups of clients or groups are made one by one
// rather than reading all of them.
const oneByOne = 16

func (c *conn) listClients(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	r := request{doing: "list the clients", realm: q.Parent, role: "view-clients"}
	by := work.Asked(q, "client_id")
	ids, names := by["id"], by["client_id"]
	var found []wireClient
	var err error
	if q.All || len(ids)+len(names) > oneByOne {
		found, err = pager[wireClient]{
			size: c.page,
			page: func(ctx context.Context, first, limit int) ([]wireClient, error) {
				var page []wireClient
				err := c.get(ctx, r, map[string]string{"first": strconv.Itoa(first), "max": strconv.Itoa(limit)}, &page, "clients")
				return page, err
			},
			id: func(w wireClient) string { return w.ID },
		}.list(ctx)
	} else {
		found, err = c.lookUpClients(ctx, r, ids, names)
	}
	switch {
	case work.IsAbsent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case len(found) > 0:
		c.see("client", q.Parent)
	default:
		if err := c.checkClients(ctx, r); err != nil {
			return nil, err
		}
	}
	var out []resource.Object
	seen := map[string]bool{}
	for i := range found {
		w := &found[i]
		if !seen[w.ID] && (q.All || ids[w.ID] || names[w.ClientID]) {
			seen[w.ID] = true
			out = append(out, c.clientObject(q.Parent, w, q.Brief))
		}
	}
	return out, nil
}

func (c *conn) lookUpClients(ctx context.Context, r request, ids, names map[string]bool) ([]wireClient, error) {
	return lookUp(ctx, c, ids, names, func(ctx context.Context, id string) ([]wireClient, error) {
		w, err := c.getClient(ctx, r, id)
		if w == nil {
			return nil, err
		}
		return []wireClient{*w}, nil
	}, func(ctx context.Context, name string) (found []wireClient, err error) {
		err = c.get(ctx, r, map[string]string{"clientId": name}, &found, "clients")
		return found, err
	})
}

// getClient reads a client by id; nil if there is none.
func (c *conn) getClient(ctx context.Context, r request, id string) (*wireClient, error) {
	return one[wireClient](ctx, c, r, nil, "clients", id)
}

// checkClients makes sure that nothing found means that nothing is there: with
// query-clients alone Keycloak answers with an empty list. Every realm has the
// client account.
func (c *conn) checkClients(ctx context.Context, r request) error {
	if c.wasSeen("client", r.realm) {
		return nil
	}
	var page []wireClient
	err := c.get(ctx, r, map[string]string{"max": "1"}, &page, "clients")
	switch {
	case work.IsAbsent(err):
		return nil
	case err != nil:
		return err
	case len(page) == 0:
		return c.refusal(r, &answer{status: 403, json: true})
	}
	c.see("client", r.realm)
	return nil
}

// builtinClient reports whether Keycloak made the client itself.
func builtinClient(realm string, w *wireClient) bool {
	switch w.ClientID {
	case "account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console":
		return true
	}
	return realm == "master" && strings.HasSuffix(w.ClientID, "-realm") && w.Attributes[internalAttribute] == "true"
}

func (c *conn) clientObject(realm string, w *wireClient, brief bool) resource.Object {
	attrs := c.blank("client")
	attrs["id"], attrs["realm"], attrs["client_id"] = cty.StringVal(w.ID), cty.StringVal(realm), cty.StringVal(w.ClientID)
	if !brief {
		attrs["name"], attrs["description"] = attr.OfString(w.Name), attr.OfString(w.Description)
		attrs["enabled"] = cty.BoolVal(w.Enabled)
		attrs["access_type"] = cty.StringVal(accessType(w))
		attrs["oauth2_device_authorization_grant_enabled"] = cty.BoolVal(w.Attributes[deviceGrantAttribute] == "true")
		attrs["standard_flow_enabled"] = cty.BoolVal(w.StandardFlowEnabled)
		attrs["implicit_flow_enabled"] = cty.BoolVal(w.ImplicitFlowEnabled)
		attrs["direct_access_grants_enabled"] = cty.BoolVal(w.DirectAccessGrantsEnabled)
		attrs["service_accounts_enabled"] = cty.BoolVal(w.ServiceAccountsEnabled)
		attrs["full_scope_allowed"] = cty.BoolVal(w.FullScopeAllowed)
		attrs["consent_required"] = cty.BoolVal(w.ConsentRequired)
		attrs["valid_redirect_uris"] = attr.OfStrings(w.RedirectURIs)
		attrs["default_scopes"] = attr.OfStrings(w.DefaultClientScopes)
		attrs["optional_scopes"] = attr.OfStrings(w.OptionalClientScopes)
		for ours, theirs := range numberAttributes() {
			if n, err := strconv.ParseInt(w.Attributes[theirs], 10, 64); err == nil {
				attrs[ours] = cty.NumberIntVal(n)
			}
		}
		attrs["attributes"] = mapVal(visible(w.Attributes))
	}
	o := resource.Object{
		Kind: "client", ID: w.ID, Attrs: cty.ObjectVal(attrs),
		Marker: w.Attributes[markerAttribute], Builtin: builtinClient(realm, w),
	}
	if p := w.Protocol; p != "" && p != "openid-connect" {
		o.Doubts = map[string]string{"": fmt.Sprintf("it speaks %s and not openid-connect, so nobody can sign in with it through the device flow", work.Quoted(p))}
	}
	return o
}

func visible(live map[string]string) map[string]string {
	out := make(map[string]string, len(live))
	for k, v := range live {
		if !hiddenClientAttribute(k) {
			out[k] = v
		}
	}
	return out
}

func accessType(w *wireClient) string {
	switch {
	case w.BearerOnly:
		return "BEARER-ONLY"
	case w.PublicClient:
		return "PUBLIC"
	}
	return "CONFIDENTIAL"
}
