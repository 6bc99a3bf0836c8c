package entra

import (
	"strings"
)

// accessClaims are those of a token that Graph looks at.
type accessClaims struct {
	Audience string   `json:"aud"`
	Expiry   int64    `json:"exp"`
	NotYet   int64    `json:"nbf"`
	Tenant   string   `json:"tid"`
	AppID    string   `json:"appid"`
	ObjectID string   `json:"oid"`
	Type     string   `json:"idtyp"`
	Roles    []string `json:"roles"`
	Scopes   string   `json:"scp"`
}

// authenticate finds out who asks Graph, by an access token of this tenant.
func (c *call) authenticate() error {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); token == "" || !strings.EqualFold(scheme, "Bearer") {
		return unauthorized("Access token is empty.")
	}
	var claims accessClaims
	if strings.Count(token, ".") != 2 {
		return unauthorized("IDX14100: JWT is not well formed, there are no dots (.).")
	}
	if c.key == nil || c.key.Verify(token, &claims) != nil {
		return unauthorized("Access token validation failure. Invalid signature.")
	}
	switch now := c.now().Unix(); {
	case claims.Audience != "https://"+c.cloud.graphHost && claims.Audience != graphAppID:
		return unauthorized("Access token validation failure. Invalid audience.")
	case now >= claims.Expiry:
		return unauthorized("Lifetime validation failed, the token is expired.")
	case now < claims.NotYet:
		return unauthorized("Lifetime validation failed, the token is not yet valid.")
	}
	a := &caller{appID: claims.AppID, delegated: claims.Type != "app", permissions: map[string]bool{}}
	names := claims.Roles
	if a.delegated {
		a.user, names = claims.ObjectID, strings.Fields(claims.Scopes)
	} else {
		a.principal = claims.ObjectID
	}
	for _, n := range names {
		a.permissions[n] = true
	}
	c.caller = a
	return nil
}
