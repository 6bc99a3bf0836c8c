package auth0

import (
	"net/http"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// session is what a user agreed to: it is behind every token of a user.
type session struct {
	user, client, scope, audience, id string
}

// opaqueLife is the lifetime of opaque access tokens, in seconds: that of
// tokens for /userinfo (section 10).
const opaqueLife = 86400

// token is POST /oauth/token.
func (v *visit) token() (reply, error) {
	form := v.form()
	grantType := form.Get("grant_type")
	if grantType == "" {
		return reply{}, refuse(http.StatusForbidden, "invalid_request", "Missing required parameter: grant_type")
	}
	if !slices.Contains([]string{"client_credentials", deviceGrantType, "refresh_token"}, grantType) {
		return reply{}, refuse(http.StatusForbidden, "unsupported_grant_type", "Unsupported grant type: %s", grantType)
	}
	cl, err := v.client(form, grantType == "client_credentials")
	if err != nil {
		return reply{}, err
	}
	if err := allows(cl, grantType); err != nil {
		return reply{}, err
	}
	switch grantType {
	case deviceGrantType:
		return v.poll(cl, form)
	case "refresh_token":
		return v.refreshed(cl, form)
	}
	return v.clientCredentials(cl, form.Get("audience"), form.Get("scope"))
}

// allows reports whether a client may use a grant type.
func allows(cl *state, grantType string) error {
	if slices.Contains(jsonvalue.Texts(cl.props["grant_types"]), grantType) {
		return nil
	}
	e := refuse(http.StatusForbidden, "unauthorized_client", "Grant type '%s' not allowed for the client.", grantType)
	e.uri = "https://auth0.com/docs/clients/client-grant-types"
	return e
}

// clientCredentials gives an application a token of its own, with the scope
// that was granted to it.
func (v *visit) clientCredentials(cl *state, audience, scope string) (reply, error) {
	if audience == "" {
		audience = str(v.settings, "default_audience")
	}
	if audience == "" {
		return reply{}, refuse(http.StatusForbidden, "access_denied", "No audience parameter was provided, and no default audience has been configured")
	}
	api, err := v.audience(audience)
	if err != nil {
		return reply{}, err
	}
	id := str(cl.props, "client_id")
	g := v.grant(id, audience, "client")
	if g == nil || policy(api, "client") == "deny_all" {
		return reply{}, noGrantFor(id, audience)
	}
	granted := jsonvalue.Texts(g.props["scope"])
	if asked := strings.Fields(scope); len(asked) > 0 {
		granted = slices.DeleteFunc(granted, func(s string) bool { return !slices.Contains(asked, s) })
	}
	now := v.now().Unix()
	life := number(api.props, "token_lifetime")
	claims := object{"iss": v.base(v.r) + "/", "sub": id + "@clients", "aud": audience, "iat": now, "exp": now + life, "azp": id, "gty": "client-credentials"}
	body := object{"expires_in": life, "token_type": "Bearer"}
	if len(granted) > 0 {
		claims["scope"] = strings.Join(granted, " ")
		body["scope"] = claims["scope"]
	}
	if body["access_token"], err = v.sign(api, claims); err != nil {
		return reply{}, err
	}
	return ok(body)
}

func noGrantFor(client, audience string) *oauthError {
	return refuse(http.StatusForbidden, "access_denied", "Client %q is not authorized to access resource server %q. "+
		"You need to create a \"client-grant\" associated to this API.", client, audience)
}

// audience finds the API that a token is asked for.
func (v *visit) audience(identifier string) (*state, error) {
	api := v.find(KindAPI, "identifier", identifier)
	if api == nil {
		return nil, refuse(http.StatusForbidden, "access_denied", "Service not enabled within domain: %s", identifier)
	}
	return api, nil
}

// sign makes an access token for an API.
func (v *visit) sign(api *state, claims object) (string, error) {
	if alg := str(api.props, "signing_alg"); alg != "RS256" {
		return "", notEmulated("tokens that are signed with %s", alg)
	}
	if strings.HasPrefix(str(api.props, "token_dialect"), "rfc9068") {
		return "", notEmulated("access tokens as RFC 9068 has them")
	}
	k, err := v.signingKey()
	if err != nil {
		return "", err
	}
	return k.Sign(claims)
}

func (s *Server) signingKey() (*oidc.Key, error) {
	if s.key == nil {
		k, err := oidc.NewKey("RS256", "sig", s.opts.Domain, s.now())
		if err != nil {
			return nil, err
		}
		s.key = k
	}
	return s.key, nil
}

// policy says who may ask for an API: "client" or "user" is who asks
// (section 7).
func policy(api *state, subject string) string {
	return str(sub(sub(api.props, "subject_type_authorization"), subject), "policy")
}

// mayUse reports whether a client may ask for an API on behalf of a user.
func (v *visit) mayUse(client string, api *state) error {
	identifier := str(api.props, "identifier")
	switch policy(api, "user") {
	case "deny_all":
		return noGrantFor(client, identifier)
	case "require_client_grant":
		if v.grant(client, identifier, "user") == nil {
			return noGrantFor(client, identifier)
		}
	}
	return nil
}

// oidcScopes belong to no API.
func oidcScopes() []string {
	return []string{"openid", "profile", "email", "offline_access", "address", "phone"}
}

// scopeFor is what a user gets of what was asked: of the scopes of an API those
// that exist, and with RBAC those that the user holds (section 10).
func (v *visit) scopeFor(user, api *state, asked string) []string {
	var names []string
	if api != nil {
		names = scopeNames(api)
		if is(api.props, "enforce_policies") {
			names = v.permitted(user, str(api.props, "identifier"))
		}
	}
	return slices.DeleteFunc(strings.Fields(asked), func(s string) bool {
		if s == "offline_access" {
			return api != nil && !is(api.props, "allow_offline_access")
		}
		return !slices.Contains(oidcScopes(), s) && !slices.Contains(names, s)
	})
}

// userTokens are the tokens of a user. Without an audience the access token is
// opaque (section 10).
func (v *visit) userTokens(cl *state, s session) (object, error) {
	user := v.get(KindUser, s.user)
	if user == nil {
		return nil, refuse(http.StatusForbidden, "invalid_grant", "Unknown or invalid refresh token.")
	}
	if is(user.props, "blocked") {
		return nil, refuse(http.StatusForbidden, "access_denied", "user is blocked")
	}
	var api *state
	if s.audience != "" {
		var err error
		if api, err = v.audience(s.audience); err != nil {
			return nil, err
		}
	}
	scope := v.scopeFor(user, api, s.scope)
	if api != nil && policy(api, "user") == "require_client_grant" {
		g := v.grant(s.client, s.audience, "user")
		if g == nil {
			return nil, noGrantFor(s.client, s.audience)
		}
		scope = slices.DeleteFunc(scope, func(name string) bool {
			return !slices.Contains(oidcScopes(), name) && !slices.Contains(jsonvalue.Texts(g.props["scope"]), name)
		})
	}
	body := object{"token_type": "Bearer", "scope": strings.Join(scope, " ")}
	if err := v.accessToken(body, user, api, s, scope); err != nil {
		return nil, err
	}
	if slices.Contains(scope, "openid") {
		token, err := v.idToken(cl, user, s, scope)
		if err != nil {
			return nil, err
		}
		body["id_token"] = token
	}
	if slices.Contains(scope, "offline_access") && allows(cl, "refresh_token") == nil {
		token := "v1." + oidc.Random(40)
		v.refresh[token] = s
		body["refresh_token"] = token
	}
	return body, nil
}

func (v *visit) accessToken(body object, user, api *state, s session, scope []string) (err error) {
	if api == nil {
		token := oidc.Random(24)
		v.opaque[token] = s
		body["access_token"], body["expires_in"] = token, opaqueLife
		return nil
	}
	now, life := v.now().Unix(), number(api.props, "token_lifetime")
	claims := object{"iss": v.base(v.r) + "/", "sub": s.user, "aud": s.audience, "iat": now, "exp": now + life, "azp": s.client}
	if len(scope) > 0 {
		claims["scope"] = strings.Join(scope, " ")
	}
	if slices.Contains(scope, "openid") {
		claims["aud"] = []string{s.audience, v.base(v.r) + "/userinfo"}
	}
	if is(api.props, "enforce_policies") && str(api.props, "token_dialect") == "access_token_authz" {
		claims["permissions"] = v.permitted(user, s.audience)
	}
	body["expires_in"] = life
	body["access_token"], err = v.sign(api, claims)
	return err
}

// idToken says who the user is, to the client.
func (v *visit) idToken(cl, user *state, s session, scope []string) (string, error) {
	life := number(sub(cl.props, "jwt_configuration"), "lifetime_in_seconds")
	if life == 0 {
		life = 36000
	}
	now := v.now().Unix()
	claims := profile(user, scope)
	claims["iss"], claims["aud"], claims["iat"], claims["exp"], claims["sid"] = v.base(v.r)+"/", s.client, now, now+life, s.id
	k, err := v.signingKey()
	if err != nil {
		return "", err
	}
	return k.Sign(claims)
}

// profile are the claims about a user that scopes open.
func profile(user *state, scope []string) object {
	o := object{"sub": str(user.props, "user_id")}
	opened := map[string][]string{"profile": {"name", "nickname", "picture", "given_name", "family_name", "updated_at"}, "email": {"email", "email_verified"}}
	for _, s := range scope {
		for _, name := range opened[s] {
			if value, has := user.props[name]; has {
				o[name] = value
			}
		}
	}
	return o
}

// userinfo answers with the claims of an opaque token.
func (v *visit) userinfo() (reply, error) {
	token, _ := strings.CutPrefix(v.r.Header.Get("Authorization"), "Bearer ")
	s, known := v.opaque[token]
	user := v.get(KindUser, s.user)
	if !known || user == nil {
		v.header.Set("Content-Type", "text/plain; charset=utf-8")
		return reply{http.StatusUnauthorized, plainText("Unauthorized")}, nil
	}
	return ok(profile(user, strings.Fields(s.scope)))
}

// refreshed gives new tokens for a refresh token, which a client with rotation
// may use once (section 4).
func (v *visit) refreshed(cl *state, form map[string][]string) (reply, error) {
	token := first(form["refresh_token"])
	s, known := v.refresh[token]
	if !known || s.client != cl.props["client_id"] {
		return reply{}, refuse(http.StatusForbidden, "invalid_grant", "Unknown or invalid refresh token.")
	}
	body, err := v.userTokens(cl, s)
	if err != nil {
		return reply{}, err
	}
	if str(sub(cl.props, "refresh_token"), "rotation_type") == "rotating" {
		delete(v.refresh, token)
		return ok(body)
	}
	fresh, _ := body["refresh_token"].(string)
	delete(v.refresh, fresh)
	delete(body, "refresh_token")
	return ok(body)
}
