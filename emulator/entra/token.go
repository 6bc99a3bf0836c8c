package entra

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// session is what a user agreed to: it is behind every token.
type session struct {
	UserID   string `json:"uid"`
	ClientID string `json:"cid"`
	Scope    string `json:"scp"`
	ID       string `json:"sid"`
	Issued   int64  `json:"iat"`
}

// refreshLifespan is that of refresh tokens that are not used.
const refreshLifespan = 90 * 24 * time.Hour

// token is POST /{tenant}/oauth2/v2.0/token.
func (v *visit) token() (reply, error) {
	grantType := v.form.Get("grant_type")
	if grantType == "" {
		return reply{}, errMissingParameter("grant_type")
	}
	cl, err := v.client()
	if err != nil {
		return reply{}, err
	}
	proven, err := v.proven(cl)
	if err != nil {
		return reply{}, err
	}
	if grantType == "client_credentials" {
		if !proven {
			return reply{}, errNoCredential()
		}
		return v.clientCredentials(cl)
	}
	// Whoever cannot prove itself needs the public client flows (section 10).
	if !proven && !is(cl.app.props, "isFallbackPublicClient") {
		return reply{}, errNoCredential()
	}
	switch grantType {
	case "device_code", "urn:ietf:params:oauth:grant-type:device_code":
		return v.deviceGrant(cl)
	case "refresh_token":
		return v.refreshGrant(cl)
	}
	return reply{}, sts(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", grantType)
}

// resource is what an access token is for.
type resource struct {
	// audience as v1 tokens have it; id is the application's.
	audience, id string
	sp           *state
	// app is nil for Microsoft's own.
	app *state
	// scopes of it that were asked for, without its name.
	scopes []string
}

// oidcScopes belong to no resource.
func oidcScopes() []string { return []string{"openid", "profile", "email", "offline_access"} }

// resource finds out whose scopes were asked for.
func (v *visit) resource(cl *client, scope string) (*resource, error) {
	var res *resource
	name := ""
	for s := range strings.FieldsSeq(scope) {
		if slices.Contains(oidcScopes(), strings.ToLower(s)) {
			continue
		}
		of, permission := "", s
		if i := strings.LastIndex(s, "/"); i >= 0 {
			of, permission = s[:i], s[i+1:]
		}
		if res == nil {
			var err error
			if res, err = v.findResource(cl, of); err != nil {
				return nil, err
			}
			name = of
		} else if of != name {
			return nil, sts(400, "invalid_scope", 28000, "Provided value for the input parameter scope is not valid because it contains more than one resource.")
		}
		res.scopes = append(res.scopes, permission)
	}
	if res == nil {
		return v.findResource(cl, "")
	}
	return res, nil
}

// findResource finds a resource by the name in a scope; none is Graph.
func (v *visit) findResource(cl *client, name string) (*resource, error) {
	graph := []string{"", graphAppID, "https://" + v.cloud.graphHost, v.base(v.r), "https://graph.microsoft.com"}
	if slices.Contains(graph, strings.TrimSuffix(name, "/")) {
		e := v.dir.find(KindServicePrincipal, "appId", graphAppID)
		return &resource{audience: "https://" + v.cloud.graphHost, id: graphAppID, sp: e.now}, nil
	}
	e := v.dir.find(KindServicePrincipal, "appId", name)
	if e == nil {
		if app := v.dir.find(KindApplication, "identifierUris", name); app != nil && app.now != nil {
			e = v.dir.find(KindServicePrincipal, "appId", str(app.now.props, "appId"))
		}
	}
	sp := v.show(e, v.replica)
	if sp == nil || sp.deleted() {
		return nil, errResource(name, v.opts.TenantName)
	}
	id := str(sp.props, "appId")
	if id == cl.id && !strings.EqualFold(name, id) {
		return nil, errTokenForItself(cl.id, cl.name())
	}
	app := v.show(v.dir.find(KindApplication, "appId", id), v.replica)
	return &resource{audience: name, id: id, sp: sp, app: app}, nil
}

// version is the version of the resource's tokens: the resource decides, not
// the endpoint (section 10).
func (r *resource) version() int64 {
	if r.app == nil {
		return 1
	}
	if n, _ := sub(r.app.props, "api")["requestedAccessTokenVersion"].(int64); n == 2 {
		return 2
	}
	return 1
}

// clientCredentials gives an application a token of its own, with the roles
// that were assigned to it, and no refresh token.
func (v *visit) clientCredentials(cl *client) (reply, error) {
	scope := v.form.Get("scope")
	if scope == "" {
		return reply{}, errMissingParameter("scope")
	}
	// MSAL sends the scopes of OpenID Connect along.
	asked := slices.DeleteFunc(strings.Fields(scope), func(s string) bool { return slices.Contains(oidcScopes(), s) })
	if len(asked) != 1 || !strings.HasSuffix(asked[0], "/.default") {
		return reply{}, sts(400, "invalid_scope", 1002012, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", scope)
	}
	if cl.sp == nil {
		return reply{}, errNotInTenant(cl.id, v.opts.TenantName)
	}
	res, err := v.resource(cl, scope)
	if err != nil {
		return reply{}, err
	}
	roles := []string{}
	for _, e := range v.dir.tables[KindAppRoleAssignment].order {
		a := v.show(e, v.replica)
		if a == nil || a.props["principalId"] != cl.sp.props["id"] || a.props["resourceId"] != res.sp.props["id"] {
			continue
		}
		for _, r := range jsonvalue.Objects(res.sp.props["appRoles"]) {
			if r["id"] == a.props["appRoleId"] {
				roles = append(roles, str(r, "value"))
			}
		}
	}
	slices.Sort(roles)
	claims := v.baseClaims(cl, res, str(cl.sp.props, "id"))
	claims["sub"], claims["idtyp"] = claims["oid"], "app"
	if len(roles) > 0 {
		claims["roles"] = roles
	}
	if res.version() == 1 {
		claims["appidacr"] = "1"
	} else {
		claims["azpacr"] = "1"
	}
	access, err := v.sign(claims)
	if err != nil {
		return reply{}, err
	}
	seconds := claims["exp"].(int64) - v.now().Unix()
	return ok(object{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": access})
}

func (v *visit) sign(claims object) (string, error) {
	k, err := v.signingKey()
	if err != nil {
		return "", err
	}
	return k.Sign(claims)
}

// baseClaims are those that all access tokens have, by their version.
func (v *visit) baseClaims(cl *client, res *resource, oid string) object {
	now := v.now()
	life := v.opts.TokenLifespan
	if life == 0 {
		// 60 to 90 minutes, 75 on average (section 10).
		life = time.Hour + time.Duration(shuffle(oid+now.String())%1800)*time.Second
	}
	claims := object{"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix(), "oid": oid, "tid": v.opts.TenantID, "uti": oidc.Random(16),
		"aio": oidc.Random(24), "rh": "1." + oidc.Random(24)}
	if res.version() == 2 {
		claims["iss"], claims["aud"], claims["azp"], claims["azpacr"], claims["ver"] = v.issuer(), res.id, cl.id, "0", "2.0"
		return claims
	}
	claims["iss"] = "https://sts.windows.net/" + v.opts.TenantID + "/"
	claims["aud"], claims["appid"], claims["appidacr"], claims["ver"] = res.audience, cl.id, "0", "1.0"
	return claims
}

// pairwise is the "sub" of a user at one client.
func (v *visit) pairwise(user, clientID string) string {
	sum := sha256.Sum256([]byte(user + "/" + clientID + "/" + v.opts.TenantID))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (v *visit) refreshGrant(cl *client) (reply, error) {
	var s session
	err := v.refresh.Verify(v.form.Get("refresh_token"), &s)
	switch {
	case err != nil || s.ClientID != cl.id:
		return reply{}, sts(400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
	case v.now().After(time.Unix(s.Issued, 0).Add(refreshLifespan)):
		return reply{}, sts(400, "invalid_grant", 700082, "The refresh token has expired due to inactivity.")
	}
	if scope := v.form.Get("scope"); scope != "" {
		s.Scope = scope
	}
	return v.userTokens(cl, s)
}

// userTokens are the tokens of a user; whatever forbids them is looked at anew.
func (v *visit) userTokens(cl *client, s session) (reply, error) {
	user := v.show(v.dir.tables[KindUser].byID[s.UserID], v.replica)
	if user == nil || user.deleted() {
		return reply{}, errUserUnknown(s.UserID, v.opts.TenantName)
	}
	res, err := v.resource(cl, s.Scope)
	if err != nil {
		return reply{}, err
	}
	if err := v.forbids(cl, res, user, false); err != nil {
		return reply{}, err
	}
	claims := v.baseClaims(cl, res, s.UserID)
	name, upn := user.props["displayName"], str(user.props, "userPrincipalName")
	claims["name"], claims["sub"], claims["sid"], claims["scp"] = name, v.pairwise(s.UserID, res.id), s.ID, v.scp(cl, res, s.UserID)
	if res.version() == 2 {
		claims["preferred_username"] = upn
	} else {
		claims["upn"], claims["unique_name"] = upn, upn
	}
	access, err := v.sign(claims)
	if err != nil {
		return reply{}, err
	}
	seconds := claims["exp"].(int64) - v.now().Unix()
	scopes := strings.Fields(s.Scope)
	body := object{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": access,
		"scope": strings.Join(slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == "offline_access" }), " ")}
	if slices.Contains(scopes, "offline_access") {
		s.Issued = v.now().Unix()
		if body["refresh_token"], err = v.refresh.Sign(s); err != nil {
			return reply{}, err
		}
	}
	if slices.Contains(scopes, "openid") {
		id := object{"iss": v.issuer(), "aud": cl.id, "iat": claims["iat"], "nbf": claims["nbf"], "exp": claims["exp"], "tid": v.opts.TenantID,
			"oid": s.UserID, "sub": v.pairwise(s.UserID, cl.id), "name": name, "preferred_username": upn, "ver": "2.0", "uti": oidc.Random(16)}
		if body["id_token"], err = v.sign(id); err != nil {
			return reply{}, err
		}
	}
	if v.form.Get("client_info") == "1" {
		body["client_info"] = base64.RawURLEncoding.EncodeToString(jsonvalue.Encode(object{"uid": s.UserID, "utid": v.opts.TenantID}))
	}
	return reply{http.StatusOK, body}, nil
}
