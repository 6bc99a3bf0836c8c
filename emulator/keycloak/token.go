package keycloak

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// grants are the grant types of the token endpoint. Which client may use which
// one is up to the grant.
var grants = map[string]func(*call, url.Values, *client) (*grant, error){
	"password":           (*call).passwordGrant,
	"client_credentials": (*call).clientGrant,
	"refresh_token":      (*call).refreshGrant,
	"urn:ietf:params:oauth:grant-type:device_code": (*call).deviceGrant,
}

// otherGrants exist at a real server.
var otherGrants = []string{
	"authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange",
	"urn:ietf:params:oauth:grant-type:uma-ticket", "urn:ietf:params:oauth:grant-type:jwt-bearer",
	"urn:openid:params:grant-type:ciba",
}

// grant is what a grant led to.
type grant struct {
	user    *user
	session *session // nil for client credentials
	scope   string   // as requested
}

// token is POST /protocol/openid-connect/token.
func (c *call) token() (reply, error) {
	c.header.Set("Cache-Control", "no-store")
	c.header.Set("Pragma", "no-cache")
	form := c.form()
	if !is(c.realm.rep, "enabled") {
		return reply{}, oauth(http.StatusForbidden, "access_denied", "Realm not enabled")
	}
	grantType := form.Get("grant_type")
	handler, known := grants[grantType]
	switch {
	case grantType == "":
		return reply{}, oauth(400, "invalid_request", "Missing form parameter: grant_type")
	case slices.Contains(otherGrants, grantType):
		return reply{}, errNotEmulated("the grant " + grantType)
	case !known:
		return reply{}, oauth(400, "unsupported_grant_type", "Unsupported grant_type")
	}
	_, cl, err := c.oauthClient()
	if err != nil {
		return reply{}, err
	}
	g, err := handler(c, form, cl)
	if err != nil {
		return reply{}, err
	}
	return c.tokenReply(cl, g)
}

// form is the body of the request as a form.
func (c *call) form() url.Values {
	v, err := url.ParseQuery(string(c.body))
	if err != nil {
		return url.Values{}
	}
	return v
}

// oauthClient authenticates the client of an OAuth endpoint: by a secret in
// the form or by HTTP Basic, or not at all if it is a public one.
func (c *call) oauthClient() (url.Values, *client, error) {
	const description = "Invalid client or Invalid client credentials"
	form := c.form()
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if basic, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Basic "); ok {
		decoded, err := base64.StdEncoding.DecodeString(basic)
		user, password, found := strings.Cut(string(decoded), ":")
		if err == nil && found {
			id, secret = formDecoded(user), formDecoded(password)
		}
	}
	cl := c.realm.clientIDs[id]
	switch {
	case cl == nil || !cl.enabled():
		return nil, nil, oauth(http.StatusUnauthorized, "invalid_client", description)
	case is(cl.rep, "bearerOnly") || !cl.public() && (secret == "" || secret != cl.secret):
		return nil, nil, oauth(http.StatusUnauthorized, "unauthorized_client", description)
	}
	return form, cl, nil
}

// formDecoded undoes the encoding that RFC 6749 section 2.3.1 asks for.
func formDecoded(s string) string {
	if d, err := url.QueryUnescape(s); err == nil {
		return d
	}
	return s
}

func (c *call) passwordGrant(form url.Values, cl *client) (*grant, error) {
	switch {
	case !is(cl.rep, "directAccessGrantsEnabled"):
		return nil, oauth(400, "unauthorized_client", "Client not allowed for direct access grants")
	case is(cl.rep, "consentRequired"):
		return nil, oauth(400, "invalid_client", "Client requires user consent")
	}
	if err := c.checkScopes(cl, form.Get("scope")); err != nil {
		return nil, err
	}
	if form.Get("username") == "" {
		return nil, oauth(http.StatusUnauthorized, "invalid_request", "Missing parameter: username")
	}
	u := c.realm.findUser(form.Get("username"))
	if u == nil || !c.signInAllowed(u, form.Get("password")) {
		return nil, oauth(400, "invalid_grant", "Invalid user credentials")
	}
	if !u.enabled {
		return nil, oauth(400, "invalid_grant", "Account disabled")
	}
	if len(c.pendingActions(u)) > 0 {
		return nil, oauth(400, "invalid_grant", "Account is not fully set up")
	}
	return &grant{user: u, session: c.realm.startSession(u, cl, c.now()), scope: form.Get("scope")}, nil
}

func (c *call) clientGrant(form url.Values, cl *client) (*grant, error) {
	switch {
	case cl.public():
		return nil, oauth(http.StatusUnauthorized, "unauthorized_client", "Public client not allowed to retrieve service account")
	case cl.account == nil:
		return nil, oauth(http.StatusUnauthorized, "unauthorized_client", "Client not enabled to retrieve service account")
	case !cl.account.enabled:
		return nil, oauth(400, "invalid_grant", "User '"+cl.account.username+"' disabled")
	}
	if err := c.checkScopes(cl, form.Get("scope")); err != nil {
		return nil, err
	}
	return &grant{user: cl.account, scope: form.Get("scope")}, nil
}

func (c *call) refreshGrant(form url.Values, cl *client) (*grant, error) {
	token := form.Get("refresh_token")
	if token == "" {
		return nil, oauth(400, "invalid_request", "No refresh token")
	}
	var claims tokenClaims
	err := c.realm.secret.Verify(token, &claims)
	now := c.now()
	switch {
	case err != nil || claims.Issuer != c.issuer(c.realm) || claims.Type != "Refresh" && claims.Type != "Offline":
		return nil, oauth(400, "invalid_grant", "Invalid refresh token")
	case claims.Party != cl.clientID:
		return nil, oauth(400, "invalid_grant", "Invalid refresh token. Token client and authorized client don't match")
	case claims.Expiry != 0 && now.Unix() >= claims.Expiry:
		return nil, oauth(400, "invalid_grant", "Token is not active")
	}
	s := c.realm.session(claims.Session, now)
	if s == nil {
		return nil, oauth(400, "invalid_grant", "Session not active")
	}
	s.lastUsed = now
	return &grant{user: s.user, session: s, scope: claims.Scope}, nil
}

// tokenReply makes the tokens of a grant.
func (c *call) tokenReply(cl *client, g *grant) (reply, error) {
	now, rm := c.now(), c.realm
	seconds, _ := number(rm.rep, "accessTokenLifespan")
	if own, err := toInt(cl.attributes["access.token.lifespan"], 1, 1<<31-1); err == nil && own != nil {
		seconds = own.(int64)
	}
	lifespan := time.Duration(seconds) * time.Second
	scopes := cl.granted(g.scope)
	body := map[string]any{
		"token_type": "Bearer", "not-before-policy": 0, "scope": scopeText(scopes, g.scope), "refresh_expires_in": 0,
	}
	expires := now.Add(lifespan)
	if g.session != nil {
		g.session.offline = g.session.offline || slices.Contains(strings.Fields(g.scope), "offline_access")
		ends := g.session.ends(rm)
		if expires.After(ends) && !g.session.offline {
			expires = ends
		}
		refresh := map[string]any{
			"iat": now.Unix(), "jti": oidc.NewID(), "iss": c.issuer(rm), "aud": c.issuer(rm), "sub": g.user.id,
			"typ": "Refresh", "azp": cl.clientID, "sid": g.session.id, "scope": g.scope,
		}
		if g.session.offline {
			refresh["typ"] = "Offline"
		} else {
			refresh["exp"] = ends.Unix()
			body["refresh_expires_in"] = ends.Unix() - now.Unix()
		}
		body["session_state"] = g.session.id
		token, err := rm.secret.Sign(refresh)
		if err != nil {
			return reply{}, err
		}
		body["refresh_token"] = token
	}
	body["expires_in"] = expires.Unix() - now.Unix()
	m := c.mapping(cl, g, scopes)
	access := m.accessToken(expires)
	token, err := c.signingKey(rm).Sign(access)
	if err != nil {
		return reply{}, err
	}
	body["access_token"] = token
	if slices.Contains(strings.Fields(g.scope), "openid") {
		if body["id_token"], err = c.signingKey(rm).Sign(m.idToken(expires, token)); err != nil {
			return reply{}, err
		}
	}
	return reply{status: http.StatusOK, body: body, contentType: "application/json"}, nil
}

// userinfo is GET or POST /protocol/openid-connect/userinfo.
func (c *call) userinfo() (reply, error) {
	refuse := func(status int, detail string) (reply, error) {
		c.header.Set("WWW-Authenticate", `Bearer realm="`+c.realm.name+`"`+detail)
		return reply{status: status}, nil
	}
	_, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if token == "" {
		return refuse(http.StatusUnauthorized, "")
	}
	claims, rm := c.unverified(token)
	var u *user
	var cl *client
	if rm == c.realm {
		u, cl = c.bearer(rm, token, claims)
	}
	switch {
	case u == nil:
		return refuse(http.StatusUnauthorized, `, error="invalid_token", error_description="Token verification failed"`)
	case !slices.Contains(strings.Fields(claims.Scope), "openid"):
		return refuse(http.StatusForbidden, `, error="insufficient_scope", error_description="Missing openid scope"`)
	}
	g := &grant{user: u, session: c.realm.sessions[claims.Session], scope: claims.Scope}
	return reply{status: http.StatusOK, body: c.mapping(cl, g, cl.granted(claims.Scope)).userinfo(),
		contentType: "application/json"}, nil
}
