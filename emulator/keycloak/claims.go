package keycloak

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// checkScopes refuses scopes that the client does not have.
func (c *call) checkScopes(cl *client, requested string) error {
	for _, name := range strings.Fields(requested) {
		known := func(sc *clientScope) bool { return sc.name() == name }
		if name != "openid" && !slices.ContainsFunc(cl.optionalScopes, known) && !slices.ContainsFunc(cl.defaultScopes, known) {
			return oauth(400, "invalid_scope", "Invalid scopes: "+requested)
		}
	}
	return nil
}

// granted are the client's default scopes and the optional ones requested.
func (cl *client) granted(requested string) []*clientScope {
	list := slices.Clone(cl.defaultScopes)
	for _, sc := range cl.optionalScopes {
		if slices.Contains(strings.Fields(requested), sc.name()) {
			list = append(list, sc)
		}
	}
	return list
}

// scopeText is the parameter "scope" of an answer.
func scopeText(scopes []*clientScope, requested string) string {
	var names []string
	if slices.Contains(strings.Fields(requested), "openid") {
		names = append(names, "openid")
	}
	for _, sc := range scopes {
		if sc.attribute("include.in.token.scope") != "false" {
			names = append(names, sc.name())
		}
	}
	return strings.Join(names, " ")
}

// mapping makes the claims of tokens by the protocol mappers of the client
// and of its scopes, which are data: a client without the scope "basic" gets
// tokens without "sub".
type mapping struct {
	*call
	client  *client
	grant   *grant
	scopes  []*clientScope
	mappers []object
}

func (c *call) mapping(cl *client, g *grant, scopes []*clientScope) *mapping {
	m := &mapping{call: c, client: cl, grant: g, scopes: scopes, mappers: objects(cl.rep["protocolMappers"])}
	for _, sc := range scopes {
		m.mappers = append(m.mappers, objects(sc.rep["protocolMappers"])...)
	}
	return m
}

// base are the claims that every token has.
func (m *mapping) base(typ string, expires time.Time) object {
	o := object{
		"exp": expires.Unix(), "iat": m.now().Unix(), "jti": oidc.NewID(), "iss": m.issuer(m.realm), "typ": typ,
		"azp": m.client.clientID,
	}
	if m.grant.session != nil {
		o["sid"] = m.grant.session.id
	}
	return o
}

func (m *mapping) accessToken(expires time.Time) object {
	o := m.base("Bearer", expires)
	o["scope"] = scopeText(m.scopes, m.grant.scope)
	into := "access.token.claim"
	if m.client.attributes["client.use.lightweight.access.token.enabled"] == "true" {
		into = "lightweight.claim"
	}
	m.apply(o, into)
	return o
}

func (m *mapping) idToken(expires time.Time, access string) object {
	o := m.base("ID", expires)
	sum := sha256.Sum256([]byte(access))
	o["at_hash"] = base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	o["sub"] = m.grant.user.id
	m.apply(o, "id.token.claim")
	o["aud"] = m.client.clientID
	return o
}

func (m *mapping) userinfo() object {
	o := object{"sub": m.grant.user.id}
	m.apply(o, "userinfo.token.claim")
	return o
}

// apply runs the mappers that write into a kind of token. Mappers of kinds
// that are not emulated add nothing.
func (m *mapping) apply(claims object, into string) {
	for _, mapper := range m.mappers {
		config, _ := mapper["config"].(object)
		if str(config, into) == "true" {
			m.run(str(mapper, "protocolMapper"), config, claims)
		}
	}
}

func (m *mapping) run(kind string, config, claims object) {
	u, name := m.grant.user, str(config, "claim.name")
	switch kind {
	case "oidc-sub-mapper":
		claims["sub"] = u.id
	case "oidc-usersessionmodel-note-mapper":
		switch note := str(config, "user.session.note"); {
		case note == "AUTH_TIME" && m.grant.session != nil && m.grant.session.authTime != 0:
			claims[name] = m.grant.session.authTime
		case note == "client_id" && m.grant.session == nil:
			claims[name] = m.client.clientID
		case (note == "clientHost" || note == "clientAddress") && m.grant.session == nil:
			claims[name] = "127.0.0.1"
		}
	case "oidc-acr-mapper":
		claims["acr"] = "1"
	case "oidc-full-name-mapper":
		if full := strings.TrimSpace(u.firstName + " " + u.lastName); full != "" {
			claims["name"] = full
		}
	case "oidc-usermodel-attribute-mapper", "oidc-usermodel-property-mapper":
		m.userAttribute(str(config, "user.attribute"), name, claims)
	case "oidc-usermodel-realm-role-mapper":
		if names := m.roleNames(nil); len(names) > 0 {
			setClaim(claims, name, names)
		}
	case "oidc-usermodel-client-role-mapper":
		for _, r := range tokenRoles(u, m.client) {
			if r.client != nil {
				setClaim(claims, strings.ReplaceAll(name, "${client_id}", strings.ReplaceAll(r.client.clientID, ".", "\\.")),
					m.roleNames(r.client))
			}
		}
	case "oidc-audience-resolve-mapper":
		for _, r := range tokenRoles(u, m.client) {
			if r.client != nil && r.client != m.client {
				addAudience(claims, r.client.clientID)
			}
		}
	case "oidc-audience-mapper":
		for _, f := range []string{"included.client.audience", "included.custom.audience"} {
			if a := str(config, f); a != "" {
				addAudience(claims, a)
			}
		}
	case "oidc-hardcoded-claim-mapper":
		setClaim(claims, name, str(config, "claim.value"))
	case "oidc-group-membership-mapper":
		groups := []string{}
		for _, g := range u.groups {
			if str(config, "full.path") == "true" {
				groups = append(groups, g.path())
			} else {
				groups = append(groups, g.name)
			}
		}
		setClaim(claims, name, groups)
	}
}

// roleNames are the names of the roles of one client, or of the realm.
func (m *mapping) roleNames(owner *client) []string {
	var names []string
	for _, r := range rolesOf(tokenRoles(m.grant.user, m.client), owner) {
		names = append(names, r.name)
	}
	return names
}

func (m *mapping) userAttribute(attribute, claim string, claims object) {
	u := m.grant.user
	switch attribute {
	case "emailVerified":
		claims[claim] = u.emailVerified
	case "username", "email", "firstName", "lastName":
		if v := u.field(attribute); v != "" {
			claims[claim] = v
		}
	default:
		if v := u.attributes[attribute]; len(v) > 0 {
			setClaim(claims, claim, v[0])
		}
	}
}

// addAudience adds to "aud", which is a text for one and a list for several.
func addAudience(claims object, audience string) {
	switch aud := claims["aud"].(type) {
	case nil:
		claims["aud"] = audience
	case string:
		if aud != audience {
			claims["aud"] = []string{aud, audience}
		}
	case []string:
		if !slices.Contains(aud, audience) {
			claims["aud"] = append(aud, audience)
		}
	}
}

// setClaim sets a claim whose name may be a path with dots; a backslash keeps
// a dot in a name.
func setClaim(claims object, path string, value any) {
	const kept = "\x00"
	parts := strings.Split(strings.ReplaceAll(path, `\.`, kept), ".")
	for i, p := range parts {
		p = strings.ReplaceAll(p, kept, ".")
		if i == len(parts)-1 {
			claims[p] = value
			return
		}
		inner, isObject := claims[p].(object)
		if !isObject {
			inner = object{}
			claims[p] = inner
		}
		claims = inner
	}
}
