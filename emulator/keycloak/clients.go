package keycloak

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// theClient is the client of the path, or the answer when it is not there.
func (c *call) theClient() (*client, error) {
	cl := c.realm.clients[c.params["id"]]
	if cl == nil {
		if c.may(listClients...) {
			return nil, plain(http.StatusNotFound, "Could not find client")
		}
		return nil, errForbidden()
	}
	return cl, nil
}

// aClient is theClient for a caller with one of some roles.
func (c *call) aClient(roles ...string) (*client, error) {
	cl, err := c.theClient()
	if err == nil {
		err = c.require(roles...)
	}
	return cl, err
}

// changeableClient is a client that the caller may change: the clients that
// hold the admin roles are not to be changed by anyone.
func (c *call) changeableClient() (*client, error) {
	cl, err := c.aClient("manage-clients")
	if err == nil && cl.holdsAdminRoles(c.Server) {
		err = errForbidden()
	}
	return cl, err
}

func (cl *client) holdsAdminRoles(s *Server) bool {
	if cl.realm == s.master {
		name, isRealm := strings.CutSuffix(cl.clientID, "-realm")
		return isRealm && s.realms[name] != nil
	}
	return cl.clientID == "realm-management"
}

// clientRepresentation is a client with what the caller may do with it.
func (c *call) clientRepresentation(cl *client) object {
	o := cl.representation()
	change := c.may("manage-clients") && !cl.holdsAdminRoles(c.Server)
	o["access"] = map[string]bool{"view": c.may(viewClients...), "configure": change, "manage": change}
	return o
}

// listClients is GET /clients.
func (c *call) listClients() (reply, error) {
	clientID, search := c.query.Get("clientId"), c.boolean("search", false)
	if c.query.Has("q") {
		for field := range searchFields(c.query.Get("q")) {
			return reply{}, oauth(http.StatusBadRequest, "invalid_request", "Attributes ["+field+"] not allowed for search")
		}
	}
	var list []*client
	for _, id := range sorted(c.realm.clientIDs) {
		match := clientID == "" || id == clientID
		if search {
			match = strings.Contains(strings.ToLower(id), strings.ToLower(clientID))
		}
		if match && c.may(viewClients...) {
			list = append(list, c.realm.clientIDs[id])
		}
	}
	list, err := page(c, list, -1)
	if err != nil {
		return reply{}, err
	}
	out := make([]object, len(list))
	for i, cl := range list {
		out[i] = c.clientRepresentation(cl)
	}
	return ok(out)
}

func (c *call) getClient() (reply, error) {
	cl, err := c.aClient(viewClients...)
	if err != nil {
		return reply{}, err
	}
	return ok(c.clientRepresentation(cl))
}

// createClient is POST /clients.
func (c *call) createClient() (reply, error) {
	o, err := c.need("ClientRepresentation")
	if err != nil {
		return reply{}, err
	}
	cl, e := c.makeClient(c.realm, o)
	if e != nil {
		return reply{}, e
	}
	location := c.here()
	if cl.id != "" {
		location += "/" + strings.ReplaceAll(url.PathEscape(cl.id), "%2F", "/")
	}
	return c.created(location)
}

// makeClient makes a client of a representation, as POST does.
func (s *Server) makeClient(rm *realm, o object) (*client, *apiError) {
	id, given := text(o, "id")
	if !given {
		id = oidc.NewID()
	}
	clientID, given := text(o, "clientId")
	if !given {
		clientID = id
	}
	switch {
	case rm.clientIDs[clientID] != nil:
		return nil, message(http.StatusConflict, "Client %s already exists", clientID)
	case rm.clients[id] != nil:
		return nil, oauth(http.StatusConflict, "conflict", "Duplicate resource error")
	case len(id) > 36:
		return nil, oauth(http.StatusBadRequest, "invalid_input", "Client ID must not exceed 36 characters")
	case strings.TrimSpace(clientID) == "":
		return nil, oauth(http.StatusBadRequest, "invalid_input", "Client ID cannot be blank")
	case len(clientID) > 255:
		return nil, errCrash()
	}
	cl := &client{id: id, clientID: clientID, realm: rm, attributes: map[string]string{"realm_client": "false"},
		roles: map[string]*role{}, rep: object{
			"surrogateAuthRequired": false, "enabled": true, "alwaysDisplayInConsole": false,
			"clientAuthenticatorType": "client-secret", "redirectUris": []any{}, "webOrigins": []any{},
			"notBefore": int64(0), "bearerOnly": false, "consentRequired": false, "standardFlowEnabled": true,
			"implicitFlowEnabled": false, "directAccessGrantsEnabled": false, "serviceAccountsEnabled": false,
			"publicClient": false, "frontchannelLogout": false, "protocol": "openid-connect",
			"authenticationFlowBindingOverrides": object{}, "fullScopeAllowed": true,
			"nodeReRegistrationTimeout": int64(-1),
		}}
	if p, given := text(o, "protocol"); given && p != "openid-connect" && p != "saml" && p != "docker-v2" {
		return nil, oauth(http.StatusBadRequest, "invalid_input", "Invalid protocol: "+p)
	}
	if problems := urlProblems(o); problems != "" {
		return nil, oauth(http.StatusBadRequest, "invalid_input", problems)
	}
	cl.set(o)
	protocol := str(cl.rep, "protocol")
	cl.defaultScopes, cl.optionalScopes = ofProtocol(rm.defaultScopes, protocol), ofProtocol(rm.optionalScopes, protocol)
	if names, given := listOf(o, "defaultClientScopes"); given {
		cl.setScopes(names, scopeNames(cl.optionalScopes))
	}
	if names, given := listOf(o, "optionalClientScopes"); given {
		cl.setScopes(scopeNames(cl.defaultScopes), names)
	}
	rm.clients[id], rm.clientIDs[clientID] = cl, cl
	if !cl.public() && cl.secret == "" {
		s.newSecret(cl)
	}
	s.setServiceAccount(cl, is(o, "serviceAccountsEnabled"))
	return cl, nil
}

// clientParts are the fields of a ClientRepresentation that set does not copy.
var clientParts = []string{"id", "clientId", "secret", "attributes", "defaultClientScopes", "optionalClientScopes",
	"access", "serviceAccountsEnabled", "authorizationServicesEnabled", "registrationAccessToken", "origin"}

// set copies what a representation mentions. Attributes are merged: an empty
// or null value removes one.
func (cl *client) set(o object) {
	for k, v := range o {
		if !slices.Contains(clientParts, k) {
			cl.rep[k] = v
		}
	}
	for _, m := range objects(cl.rep["protocolMappers"]) {
		if str(m, "id") == "" {
			m["id"] = oidc.NewID()
		}
	}
	if secret, given := text(o, "secret"); given {
		cl.secret = secret
	}
	attributes, _ := o["attributes"].(object)
	for k, v := range attributes {
		if s, _ := v.(string); s != "" {
			cl.attributes[k] = s
		} else {
			delete(cl.attributes, k)
		}
	}
}

// updateClient is PUT /clients/{id}. It does not touch the client scopes:
// they have routes of their own.
func (c *call) updateClient() (reply, error) {
	cl, err := c.changeableClient()
	if err != nil {
		return reply{}, err
	}
	o, err := c.need("ClientRepresentation")
	if err != nil {
		return reply{}, err
	}
	name, renames := text(o, "clientId")
	renames = renames && name != cl.clientID
	switch {
	case renames && c.realm.clientIDs[name] != nil:
		return reply{}, oauth(http.StatusConflict, "conflict", "Duplicate resource error")
	case renames && strings.TrimSpace(name) == "":
		return reply{}, oauth(http.StatusBadRequest, "invalid_input", "Client ID cannot be blank")
	}
	if problems := urlProblems(o); problems != "" {
		return reply{}, oauth(http.StatusBadRequest, "invalid_input", problems)
	}
	if renames {
		delete(c.realm.clientIDs, cl.clientID)
		cl.clientID = name
		c.realm.clientIDs[name] = cl
		if cl.account != nil {
			c.realm.users.rename(cl.account, strings.ToLower("service-account-"+name), "")
		}
	}
	cl.set(o)
	if !cl.public() && cl.secret == "" {
		c.newSecret(cl)
	}
	if on, given := flag(o, "serviceAccountsEnabled"); given {
		c.setServiceAccount(cl, on)
	}
	return noContent()
}

// builtinClients cannot be deleted. Source: org.keycloak.models.Constants.
var builtinClients = []string{"account", "account-console", "admin-cli", "broker", "realm-management",
	"security-admin-console"}

func (c *call) deleteClient() (reply, error) {
	cl, err := c.changeableClient()
	if err != nil {
		return reply{}, err
	}
	if slices.Contains(builtinClients, cl.clientID) {
		return reply{}, oauth(http.StatusBadRequest, "invalid_request", "Could not delete client")
	}
	c.removeClient(cl)
	return noContent()
}

// urlProblems are the messages about the URLs of a client, joined as the
// server joins them. Source: org.keycloak.validation.DefaultClientValidationProvider.
func urlProblems(o object) string {
	var problems []string
	add := func(p string) {
		if !slices.Contains(problems, p) {
			problems = append(problems, p)
		}
	}
	check := func(field, name string) {
		v := str(o, field)
		if v == "" || strings.HasPrefix(v, "${") || field == "baseUrl" && strings.HasPrefix(v, "/") {
			return
		}
		u, err := url.Parse(v)
		switch {
		case err != nil || u.Scheme == "":
			add(name + " is not a valid URL")
		case u.Scheme == "javascript" || u.Scheme == "data" || u.Scheme == "vbscript":
			add(name + " uses an illegal scheme")
		}
	}
	check("rootUrl", "Root URL")
	check("baseUrl", "Base URL")
	redirects, _ := listOf(o, "redirectUris")
	for _, r := range redirects {
		if u, err := url.Parse(r); err != nil || strings.ContainsAny(r, " ^") {
			add("A redirect URI is not a valid URI")
		} else if u.Fragment != "" {
			add("A redirect URI must not contain an URL fragment")
		} else if u.Scheme == "javascript" || u.Scheme == "data" || u.Scheme == "vbscript" {
			add("A redirect URI uses an illegal scheme")
		}
	}
	return strings.Join(problems, "; ")
}

func credential(secret string) object { return object{"type": "secret", "value": secret} }

func (c *call) getClientSecret() (reply, error) {
	cl, err := c.aClient(viewClients...)
	if err != nil {
		return reply{}, err
	}
	return ok(credential(cl.secret))
}

func (c *call) regenerateClientSecret() (reply, error) {
	cl, err := c.changeableClient()
	if err != nil {
		return reply{}, err
	}
	c.newSecret(cl)
	return ok(credential(cl.secret))
}

func (c *call) getServiceAccount() (reply, error) {
	cl, err := c.aClient(viewClients...)
	if err != nil {
		return reply{}, err
	}
	if cl.account == nil {
		return reply{}, plain(http.StatusBadRequest, "Service account not enabled for the client '"+cl.clientID+"'")
	}
	return ok(cl.account.representation(false))
}
