package auth0

import (
	"net/http"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

func apiSchema() schema {
	return schema{"identifier": "string!", "name": "string", "scopes": "array", "signing_alg": "string", "signing_secret": "string",
		"allow_offline_access": "boolean", "token_lifetime": "integer", "token_lifetime_for_web": "integer", "token_dialect": "string", "enforce_policies": "boolean",
		"skip_consent_for_verifiable_first_party_clients": "boolean", "token_encryption": "object?", "consent_policy": "string?", "authorization_details": "array?",
		"proof_of_possession": "object?", "subject_type_authorization": "object"}
}

func checkAPI(in object) error {
	if err := oneOf(in, "signing_alg", "RS256", "HS256", "PS256"); err != nil {
		return err
	}
	if err := oneOf(in, "token_dialect", "access_token", "access_token_authz", "rfc9068_profile", "rfc9068_profile_authz"); err != nil {
		return err
	}
	if n, set := in["token_lifetime"].(int64); set && (n < 0 || n > 2592000) {
		return badBody("token_lifetime", "Value %d is greater than maximum 2592000", n)
	}
	list, _ := in["scopes"].([]any)
	if len(list) > 1000 {
		return badBody("scopes", "Array is too long (%d), maximum 1000", len(list)) // section 11
	}
	for _, v := range list {
		o, _ := v.(object)
		if err := (schema{"value": "string!", "description": "string"}).check(o); err != nil {
			return err
		}
	}
	return nil
}

// newAPI makes an API of what was sent (section 7).
func newAPI(in object) *state {
	in["id"] = oidc.RandomText(24, hexadecimal)
	defaults(in, object{"name": in["identifier"], "allow_offline_access": false, "skip_consent_for_verifiable_first_party_clients": false,
		"token_lifetime": int64(86400), "token_lifetime_for_web": int64(7200), "signing_alg": "RS256",
		"subject_type_authorization": object{"client": object{"policy": "require_client_grant"}, "user": object{"policy": "allow_all"}}})
	return &state{props: in}
}

func (c *call) createAPI() (reply, error) {
	in, err := c.decode(apiSchema())
	if err != nil {
		return reply{}, err
	}
	if err := checkAPI(in); err != nil {
		return reply{}, err
	}
	switch id := str(in, "identifier"); {
	case id == "":
		return reply{}, badBody("identifier", "String is too short (0 chars), minimum 1")
	case c.find(KindAPI, "identifier", id) != nil:
		return reply{}, fail(http.StatusConflict, "resource_server_conflict", "A resource server with the same identifier already exists")
	case c.opts.Quota.APIs > 0 && len(c.all(KindAPI)) > c.opts.Quota.APIs: // the Management API does not count
		return reply{}, tooMany()
	}
	st := newAPI(in)
	c.write(KindAPI, str(st.props, "id"), st)
	return created(st.props)
}

func (c *call) listAPIs() (reply, error) {
	out := []object{}
	for _, st := range c.listed(KindAPI) {
		if identifiers := c.query["identifiers"]; len(identifiers) == 0 || slices.Contains(identifiers, str(st.props, "identifier")) {
			out = append(out, st.props)
		}
	}
	return c.answerList(list{items: "resource_servers", id: "id", always: []string{"scopes"}}, out)
}

// api finds one by its id or identifier (section 7).
func (s *Server) api(id string) *state {
	if st := s.get(KindAPI, id); st != nil {
		return st
	}
	return s.find(KindAPI, "identifier", id)
}

func (c *call) getAPI() (reply, error) {
	st := c.api(c.params["id"])
	if st == nil {
		return reply{}, noAPI()
	}
	return ok(c.pickOne(st.props, []string{"scopes"}))
}

// patchAPI replaces scopes (section 7).
func (c *call) patchAPI() (reply, error) {
	st := c.api(c.params["id"])
	if st == nil {
		return reply{}, noAPI()
	}
	if is(st.props, "is_system") {
		return reply{}, notEmulated("a change of the Management API")
	}
	allowed := apiSchema()
	delete(allowed, "identifier")
	in, err := c.decode(allowed)
	if err != nil {
		return reply{}, err
	}
	if err := checkAPI(in); err != nil {
		return reply{}, err
	}
	next := st.copy()
	next.props = merge(next.props, in)
	c.write(KindAPI, str(st.props, "id"), next)
	return ok(next.props)
}

// deleteAPI is 204 a second time too (section 3).
func (c *call) deleteAPI() (reply, error) {
	st := c.api(c.params["id"])
	if st == nil {
		return noContent()
	}
	if is(st.props, "is_system") {
		return reply{}, notEmulated("the deletion of the Management API")
	}
	c.dropAPI(st)
	return noContent()
}

// dropAPI takes the grants for it away as well.
func (s *Server) dropAPI(st *state) {
	s.write(KindAPI, str(st.props, "id"), nil)
	for _, g := range s.all(KindClientGrant) {
		if g.props["audience"] == st.props["identifier"] {
			s.write(KindClientGrant, str(g.props, "id"), nil)
		}
	}
}

// scopeNames are the scopes of an API.
func scopeNames(api *state) []string {
	var out []string
	for _, o := range jsonvalue.Objects(api.props["scopes"]) {
		out = append(out, str(o, "value"))
	}
	return out
}

func grantSchema() schema {
	return schema{"client_id": "string!", "audience": "string!", "scope": "strings", "subject_type": "string", "organization_usage": "string",
		"allow_any_organization": "boolean", "authorization_details_types": "strings"}
}

func (c *call) createGrant() (reply, error) {
	in, err := c.decode(grantSchema())
	if err != nil {
		return reply{}, err
	}
	if err := oneOf(in, "subject_type", "client", "user"); err != nil {
		return reply{}, err
	}
	defaults(in, object{"subject_type": "client", "scope": []any{}})
	api := c.find(KindAPI, "identifier", str(in, "audience"))
	switch {
	case c.get(KindClient, str(in, "client_id")) == nil:
		return reply{}, noClient()
	case api == nil:
		return reply{}, noAPI()
	case c.grant(str(in, "client_id"), str(in, "audience"), str(in, "subject_type")) != nil:
		return reply{}, fail(http.StatusConflict, "client_grant_conflict", "A client grant for the same client and audience already exists.")
	case c.opts.Quota.ClientGrants > 0 && len(c.all(KindClientGrant)) > c.opts.Quota.ClientGrants: // that of the automation application does not count
		return reply{}, tooMany()
	}
	if err := checkScope(in, api); err != nil {
		return reply{}, err
	}
	in["id"] = newID("cgr_")
	c.write(KindClientGrant, str(in, "id"), &state{props: in})
	return created(in)
}

func checkScope(in object, api *state) error {
	for _, name := range jsonvalue.Texts(in["scope"]) {
		if !slices.Contains(scopeNames(api), name) {
			return fail(http.StatusBadRequest, "invalid_body", "The scope '%s' does not exist in the resource server.", name)
		}
	}
	return nil
}

// grant is what a client may ask of an API, for itself or for a user; nil is
// nothing.
func (s *Server) grant(client, audience, subject string) *state {
	for _, g := range s.all(KindClientGrant) {
		if g.props["client_id"] == client && g.props["audience"] == audience && g.props["subject_type"] == subject {
			return g
		}
	}
	return nil
}

func (c *call) listGrants() (reply, error) {
	out := []object{}
	for _, st := range c.listed(KindClientGrant) {
		matches := true
		for _, name := range []string{"audience", "client_id", "subject_type"} {
			matches = matches && (!c.query.Has(name) || str(st.props, name) == c.query.Get(name))
		}
		if matches {
			out = append(out, st.props)
		}
	}
	slices.SortFunc(out, func(a, b object) int { return strings.Compare(str(a, "id"), str(b, "id")) }) // section 1
	return c.answerList(list{items: "client_grants", id: "id"}, out)
}

func (c *call) getGrant() (reply, error) {
	st := c.get(KindClientGrant, c.params["id"])
	if st == nil {
		return reply{}, noGrant()
	}
	return ok(st.props)
}

// patchGrant replaces the scope (section 7).
func (c *call) patchGrant() (reply, error) {
	st := c.get(KindClientGrant, c.params["id"])
	if st == nil {
		return reply{}, noGrant()
	}
	allowed := grantSchema()
	for _, name := range []string{"client_id", "audience", "subject_type"} {
		delete(allowed, name)
	}
	in, err := c.decode(allowed)
	if err != nil {
		return reply{}, err
	}
	if err := checkScope(in, c.find(KindAPI, "identifier", str(st.props, "audience"))); err != nil {
		return reply{}, err
	}
	next := st.copy()
	next.props = merge(next.props, in)
	c.write(KindClientGrant, c.params["id"], next)
	return ok(next.props)
}

// deleteGrant is 204 a second time too (section 3).
func (c *call) deleteGrant() (reply, error) {
	if c.get(KindClientGrant, c.params["id"]) != nil {
		c.write(KindClientGrant, c.params["id"], nil)
	}
	return noContent()
}
