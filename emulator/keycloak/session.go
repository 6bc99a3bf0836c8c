package keycloak

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// session is a signed-in user. Refresh tokens live as long as their session.
type session struct {
	id       string
	user     *user
	client   *client
	started  time.Time
	lastUsed time.Time
	// authTime is when the user signed in on a page; 0 for direct grants.
	authTime int64
	// offline sessions outlive the limits of ordinary ones.
	offline bool
}

// startSession signs a user in.
func (rm *realm) startSession(u *user, cl *client, now time.Time) *session {
	s := &session{id: oidc.Random(18), user: u, client: cl, started: now, lastUsed: now}
	rm.sessions[s.id] = s
	return s
}

// session finds one that is not over.
func (rm *realm) session(id string, now time.Time) *session {
	s := rm.sessions[id]
	if s == nil {
		return nil
	}
	idle, most := rm.seconds("ssoSessionIdleTimeout"), rm.seconds("ssoSessionMaxLifespan")
	if s.offline {
		idle, most = rm.seconds("offlineSessionIdleTimeout"), 0
	}
	if now.After(s.lastUsed.Add(idle)) || most > 0 && now.After(s.started.Add(most)) || !s.user.enabled {
		delete(rm.sessions, id)
		return nil
	}
	return s
}

// ends is when the session is over unless it is used.
func (s *session) ends(rm *realm) time.Time {
	idle, most := s.lastUsed.Add(rm.seconds("ssoSessionIdleTimeout")), s.started.Add(rm.seconds("ssoSessionMaxLifespan"))
	if most.Before(idle) {
		return most
	}
	return idle
}

// tokenClaims are the claims of a token that the server itself reads.
type tokenClaims struct {
	ID      string `json:"jti"`
	Issuer  string `json:"iss"`
	Subject string `json:"sub"`
	Type    string `json:"typ"`
	Party   string `json:"azp"`
	Session string `json:"sid"`
	Scope   string `json:"scope"`
	Expiry  int64  `json:"exp"`
	Issued  int64  `json:"iat"`
}

// unverified reads the claims of a token, and the realm that they name.
func (c *call) unverified(token string) (tokenClaims, *realm) {
	var claims tokenClaims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims, nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return claims, nil
	}
	name, err := url.PathUnescape(claims.Issuer[strings.LastIndexByte(claims.Issuer, '/')+1:])
	if err != nil {
		return claims, nil
	}
	return claims, c.realms[name]
}

// bearer checks an access token of a realm and returns whose it is; nil if it
// is not valid. The issuer must be the one under which the request came.
func (c *call) bearer(rm *realm, token string, claims tokenClaims) (*user, *client) {
	now := c.now()
	switch {
	case claims.Type != "Bearer", claims.Issuer != c.issuer(rm), now.Unix() >= claims.Expiry, rm.revoked[claims.ID],
		c.signingKey(rm).Verify(token, &claims) != nil:
		return nil, nil
	}
	cl := rm.clientIDs[claims.Party]
	if cl == nil || !cl.enabled() {
		return nil, nil
	}
	var u *user
	if claims.Session == "" {
		u = cl.account // client credentials have no session
	} else if s := rm.session(claims.Session, now); s != nil {
		u = s.user
	}
	if u == nil || !u.enabled || claims.Issued < u.notBefore {
		return nil, nil
	}
	return u, cl
}

// signingKey is made when it is first needed: it takes a while.
func (c *call) signingKey(rm *realm) *oidc.Key {
	if rm.signingKey == nil {
		rm.signingKey = c.newKey(rm, "RS256", "sig")
	}
	return rm.signingKey
}

func (c *call) newKey(rm *realm, algorithm, use string) *oidc.Key {
	k, err := oidc.NewKey(algorithm, use, rm.name, c.now())
	if err != nil {
		panic(err) // RSA of 2,048 bits does not fail
	}
	return k
}

// keys are the realm's: that for encryption comes first.
func (c *call) keys(rm *realm) []*oidc.Key {
	if rm.encryptionKey == nil {
		rm.encryptionKey = c.newKey(rm, "RSA-OAEP", "enc")
	}
	return []*oidc.Key{rm.encryptionKey, c.signingKey(rm)}
}

// logout is POST /protocol/openid-connect/logout with a refresh token.
func (c *call) logout() (reply, error) {
	form, cl, err := c.oauthClient()
	if err != nil {
		return reply{}, err
	}
	token := form.Get("refresh_token")
	if token == "" {
		return reply{}, errNotEmulated("logging out on a page")
	}
	var claims tokenClaims
	if c.realm.secret.Verify(token, &claims) != nil || claims.Party != cl.clientID {
		return reply{}, oauth(400, "invalid_grant", "Invalid refresh token")
	}
	delete(c.realm.sessions, claims.Session)
	return noContent()
}

// revoke is POST /protocol/openid-connect/revoke (RFC 7009).
func (c *call) revoke() (reply, error) {
	form, cl, err := c.oauthClient()
	if err != nil {
		return reply{}, err
	}
	token := form.Get("token")
	if token == "" {
		return reply{}, oauth(400, "invalid_request", "Token not provided")
	}
	var claims tokenClaims
	switch {
	case c.realm.secret.Verify(token, &claims) == nil && claims.Party == cl.clientID:
		delete(c.realm.sessions, claims.Session)
	case c.signingKey(c.realm).Verify(token, &claims) == nil && claims.Party == cl.clientID:
		c.realm.revoked[claims.ID] = true
	default:
		return reply{status: 200, body: oauth(200, "invalid_token", "Invalid token").body, contentType: "application/json"}, nil
	}
	return reply{status: 200}, nil
}

// tokenRoles are the roles that a user passes on to a client.
func tokenRoles(u *user, cl *client) []*role {
	if !is(cl.rep, "fullScopeAllowed") {
		return nil
	}
	var list []*role
	for r := range effective(u.roles) {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *role) int { return strings.Compare(a.name, b.name) })
	return list
}
