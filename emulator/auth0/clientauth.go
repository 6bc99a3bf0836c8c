package auth0

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// assertionLife is the longest lifetime of a client assertion (section 10).
const assertionLife = 5 * time.Minute

// client finds the client that comes to the token endpoint and checks that it
// is who it says: always where proof is needed, else if it has a secret or key
// to prove it with.
func (v *visit) client(form url.Values, prove bool) (*state, error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, basic := v.r.BasicAuth(); basic {
		id, secret = user, password
	}
	assertion := form.Get("client_assertion")
	if id == "" && assertion != "" {
		id = issuerOf(assertion)
	}
	if id == "" {
		return nil, refuse(http.StatusBadRequest, "invalid_request", "Missing required parameter: client_id")
	}
	cl := v.get(KindClient, id)
	if cl == nil {
		return nil, unproven()
	}
	keys := sub(sub(cl.props, "client_authentication_methods"), "private_key_jwt")
	method := str(cl.props, "token_endpoint_auth_method")
	switch {
	case keys != nil:
		return cl, v.checkAssertion(id, keys, form.Get("client_assertion_type"), assertion)
	case prove || strings.HasPrefix(method, "client_secret_"):
		if secret == "" || subtle.ConstantTimeCompare([]byte(secret), []byte(cl.secret)) != 1 {
			return nil, unproven()
		}
	}
	return cl, nil
}

// unproven is what an unknown client and a wrong secret get (section 10).
func unproven() *oauthError {
	return refuse(http.StatusUnauthorized, "access_denied", "Unauthorized")
}

type assertionClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience any    `json:"aud"`
	Expiry   int64  `json:"exp"`
	ID       string `json:"jti"`
}

func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.PS256}
}

// issuerOf reads who signed an assertion, without checking anything.
func issuerOf(assertion string) string {
	var claims assertionClaims
	if jws, err := jose.ParseSignedCompact(assertion, algorithms()); err == nil {
		_ = json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &claims) // then there is no issuer
	}
	return claims.Issuer
}

// checkAssertion checks a client assertion (RFC 7523): signed by one of the
// client's keys that is not expired, for this domain, of five minutes at most,
// and used once (section 10).
func (v *visit) checkAssertion(id string, keys object, kind, assertion string) error {
	invalid := func(why string) error { return refuse(http.StatusUnauthorized, "invalid_client", "%s", why) }
	if assertion == "" {
		return unproven()
	}
	if kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return invalid("Unsupported client_assertion_type")
	}
	jws, err := jose.ParseSignedCompact(assertion, algorithms())
	if err != nil {
		return invalid("Invalid client assertion")
	}
	var claims assertionClaims
	signed := slices.ContainsFunc(jsonvalue.Objects(keys["credentials"]), func(o object) bool {
		cr := v.credential(id, str(o, "id"))
		if cr == nil || !cr.expires.IsZero() && !v.now().Before(cr.expires) || jws.Signatures[0].Header.Algorithm != cr.props["alg"] {
			return false
		}
		payload, err := jws.Verify(cr.key)
		return err == nil && json.Unmarshal(payload, &claims) == nil
	})
	now := v.now()
	expires := time.Unix(claims.Expiry, 0)
	one, _ := claims.Audience.(string)
	switch audience := v.base(v.r) + "/"; {
	case !signed:
		return invalid("Invalid signature of the client assertion")
	case claims.Issuer != id || claims.Subject != id:
		return invalid("Invalid issuer or subject of the client assertion")
	case one != audience && !slices.Contains(jsonvalue.Texts(claims.Audience), audience):
		return invalid("Invalid audience of the client assertion")
	case !now.Before(expires) || expires.After(now.Add(assertionLife)):
		return invalid("Invalid lifetime of the client assertion")
	case claims.ID == "" || now.Before(v.used[claims.ID]):
		return invalid("The client assertion has no jti, or was used already")
	}
	v.used[claims.ID] = expires
	return nil
}
