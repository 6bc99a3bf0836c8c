package keycloak

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/Nerzal/gocloak/v13"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

func (b *batch) applyClient(ctx context.Context, op *providers.Operation) (string, *resource.Object, error) {
	realm := realmOf(op)
	name := attr.String(op.After, "client_id")
	r := request{doing: "create client " + work.Quoted(name), realm: realm, role: "manage-clients"}
	if op.Verb == providers.Delete {
		r.doing = "delete client " + work.Quoted(attr.String(op.Before, "client_id"))
		return "", nil, work.IgnoreAbsent(b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
			return api.DeleteClient(ctx, token, segment(realm), segment(op.ID))
		}))
	}
	if err := b.checkClient(ctx, op, realm); err != nil {
		return "", nil, err
	}
	id := op.ID
	if op.Verb == providers.Create {
		err := b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
			made, err := api.CreateClient(ctx, token, segment(realm), clientBody(op))
			if err == nil {
				id = made
			}
			return err
		})
		if err != nil {
			return "", nil, err
		}
	} else {
		r.doing = "change client " + work.Quoted(attr.String(op.Before, "client_id"))
		body := clientBody(op)
		body.ID = &op.ID
		err := b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
			return api.UpdateClient(ctx, token, segment(realm), body)
		})
		if work.IsAbsent(err) {
			return "", nil, gone(r)
		}
		if err != nil {
			return "", nil, err
		}
	}
	live, err := b.applyScopes(ctx, op, r, id)
	if err != nil || live == nil {
		return id, nil, err
	}
	obj := b.clientObject(realm, live, false)
	return id, &obj, nil
}

// clientBody is what to write of a client; what is absent stays as it is. The
// client scopes are not among it: Keycloak ignores them in a change, and in a
// new client they would replace the realm's defaults.
func clientBody(op *providers.Operation) gocloak.Client {
	var w gocloak.Client
	text := func(field **string, name string) {
		if work.Changes(op, name) {
			*field = gocloak.StringP(attr.String(op.After, name))
		}
	}
	toggle := func(field **bool, name string) {
		if work.Changes(op, name) {
			*field = gocloak.BoolP(attr.Bool(op.After, name, false))
		}
	}
	text(&w.ClientID, "client_id")
	text(&w.Name, "name")
	text(&w.Description, "description")
	toggle(&w.Enabled, "enabled")
	toggle(&w.StandardFlowEnabled, "standard_flow_enabled")
	toggle(&w.ImplicitFlowEnabled, "implicit_flow_enabled")
	toggle(&w.DirectAccessGrantsEnabled, "direct_access_grants_enabled")
	toggle(&w.ServiceAccountsEnabled, "service_accounts_enabled")
	toggle(&w.FullScopeAllowed, "full_scope_allowed")
	toggle(&w.ConsentRequired, "consent_required")
	if work.Changes(op, "access_type") {
		w.PublicClient = gocloak.BoolP(attr.String(op.After, "access_type") == "PUBLIC")
		w.BearerOnly = gocloak.BoolP(false)
	}
	if work.Changes(op, "valid_redirect_uris") {
		uris := attr.Strings(op.After, "valid_redirect_uris")
		if uris == nil {
			uris = []string{}
		}
		w.RedirectURIs = &uris
	}
	attributes := map[string]string{}
	// An empty value removes an attribute.
	if work.Changes(op, "attributes") {
		after := attr.Map(op.After, "attributes")
		for k := range attr.Map(op.Before, "attributes") {
			if _, keep := after[k]; !keep && !hiddenClientAttribute(k) {
				attributes[k] = ""
			}
		}
		maps.Copy(attributes, after)
	}
	for ours, theirs := range numberAttributes() {
		if work.Changes(op, ours) {
			attributes[theirs] = ""
			if attr.IsSet(op.After, ours) {
				attributes[theirs] = strconv.FormatInt(attr.Int(op.After, ours, 0), 10)
			}
		}
	}
	if work.Changes(op, "oauth2_device_authorization_grant_enabled") {
		attributes[deviceGrantAttribute] = strconv.FormatBool(attr.Bool(op.After, "oauth2_device_authorization_grant_enabled", false))
	}
	if op.Marker != "" {
		attributes[markerAttribute] = op.Marker
	}
	if len(attributes) > 0 {
		w.Attributes = &attributes
	}
	if op.Verb == providers.Create {
		w.Protocol = gocloak.StringP("openid-connect")
		if op.ID != "" {
			w.ID = &op.ID
		}
	}
	return w
}

// checkClient refuses what Keycloak would drop without a word.
func (b *batch) checkClient(ctx context.Context, op *providers.Operation, realm string) error {
	for k, v := range attr.Map(op.After, "attributes") {
		if v == "" {
			return emptyValue("attributes", k)
		}
		if hiddenClientAttribute(k) {
			return &providers.Error{
				Class: providers.Invalid, Attribute: "attributes",
				Summary: fmt.Sprintf("attributes.%s cannot be set here: an attribute of its own does that, or it is not to be changed", providers.Clean(k, 100)),
			}
		}
	}
	return b.checkScopes(ctx, op, realm)
}

// checkScopes refuses client scopes that the realm does not have, before
// anything is done: Keycloak ignores them without a word. Without a realm it is
// not known which ones there will be.
func (b *batch) checkScopes(ctx context.Context, op *providers.Operation, realm string) error {
	defaults, optional := attr.Strings(op.After, "default_scopes"), attr.Strings(op.After, "optional_scopes")
	for _, name := range optional {
		if slices.Contains(defaults, name) {
			return &providers.Error{
				Class: providers.Invalid, Attribute: "optional_scopes",
				Summary: fmt.Sprintf("The client scope %s is both in default_scopes and in optional_scopes", work.Quoted(name)),
				Hint:    "Leave it in one of them",
			}
		}
	}
	check := func(attribute string, names []string) error {
		if realm == "" || !work.Changes(op, attribute) || len(names) == 0 || slices.Equal(names, []string{basicScope}) {
			return nil
		}
		known, err := b.scopes(ctx, realm)
		if err != nil {
			return err
		}
		for _, name := range names {
			if known[name] == "" {
				return unknownScope(attribute, name, realm, known)
			}
		}
		return nil
	}
	if err := check("default_scopes", defaults); err != nil {
		return err
	}
	return check("optional_scopes", optional)
}

func unknownScope(attribute, name, realm string, known map[string]string) error {
	names := slices.Sorted(maps.Keys(known))
	return &providers.Error{
		Class: providers.Invalid, Attribute: attribute,
		Summary: fmt.Sprintf("Realm %s has no client scope %s for OpenID Connect", work.Quoted(realm), work.Quoted(name)),
		Hint:    "It has: " + providers.Clean(strings.Join(names, ", "), 400),
	}
}

// scopes are the ids of a realm's client scopes by their names. Those of SAML
// are not among them: an OpenID client is not given them, without a word.
func (b *batch) scopes(ctx context.Context, realm string) (map[string]string, error) {
	return b.realm(realm).scopes.Get(func() (map[string]string, error) {
		var list []struct{ ID, Name, Protocol string }
		r := request{doing: "list the client scopes", realm: realm, role: "view-clients"}
		if err := b.get(ctx, r, nil, &list, "client-scopes"); err != nil {
			return nil, err
		}
		ids := make(map[string]string, len(list))
		for _, s := range list {
			if s.Protocol == "openid-connect" {
				ids[s.Name] = s.ID
			}
		}
		return ids, nil
	})
}

// applyScopes adds the client scopes that the configuration names and the
// client lacks, and removes those that it named before. It returns the client
// as it is in the end, if it had to be read.
func (b *batch) applyScopes(ctx context.Context, op *providers.Operation, r request, id string) (*wireClient, error) {
	if !work.Changes(op, "default_scopes") && !work.Changes(op, "optional_scopes") {
		return nil, nil
	}
	live, err := b.getClient(ctx, r, id)
	if err != nil || live == nil {
		return nil, err
	}
	type list struct {
		attribute, path string
		live            []string
	}
	lists := []list{
		{"default_scopes", "default-client-scopes", live.DefaultClientScopes},
		{"optional_scopes", "optional-client-scopes", live.OptionalClientScopes},
	}
	changed := false
	step := func(method, path, attribute, name string) error {
		known, err := b.scopes(ctx, r.realm)
		if err != nil {
			return err
		}
		if known[name] == "" {
			return unknownScope(attribute, name, r.realm, known)
		}
		changed = true
		return b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
			_, err := api.GetRequestWithBearerAuth(ctx, token).
				Execute(method, b.adminURL(r.realm, "clients", id, path, known[name]))
			return err
		})
	}
	for i, l := range lists {
		if !work.Changes(op, l.attribute) {
			continue
		}
		after := attr.Strings(op.After, l.attribute)
		for _, name := range attr.Without(attr.Strings(op.Before, l.attribute), after) {
			if name == basicScope && l.attribute == "default_scopes" || !slices.Contains(l.live, name) {
				continue
			}
			if err := step("DELETE", l.path, l.attribute, name); err != nil {
				return nil, err
			}
		}
		for _, name := range attr.Without(after, l.live) {
			// In the other list it would be ignored.
			if other := lists[1-i]; slices.Contains(other.live, name) {
				if err := step("DELETE", other.path, other.attribute, name); err != nil {
					return nil, err
				}
				lists[1-i].live = attr.Without(other.live, []string{name}) // or it would be taken away again
			}
			if err := step("PUT", l.path, l.attribute, name); err != nil {
				return nil, err
			}
		}
	}
	if !changed {
		return live, nil
	}
	return b.getClient(ctx, r, id)
}
