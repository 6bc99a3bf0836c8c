package entra

import (
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint by definition (RFC 7515 section 4.1.7)
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// client is the application that comes to the token endpoint, as a replica
// shows it.
type client struct {
	id      string
	app, sp *state
}

func (cl *client) name() string { return str(cl.app.props, "displayName") }

// client finds the application. While replicas do not show it, the login
// service does not know it either (section 8).
func (v *visit) client() (*client, error) {
	id := v.form.Get("client_id")
	if user, _, basic := v.r.BasicAuth(); basic && id == "" {
		id = user
	}
	if id == "" {
		return nil, errMissingParameter("client_id")
	}
	app := v.show(v.dir.find(KindApplication, "appId", id), v.replica)
	if app == nil || app.deleted() {
		return nil, errNotInTenant(id, v.opts.TenantName)
	}
	cl := &client{id: str(app.props, "appId"), app: app}
	if sp := v.show(v.dir.find(KindServicePrincipal, "appId", cl.id), v.replica); sp != nil && !sp.deleted() {
		cl.sp = sp
		if !is(sp.props, "accountEnabled") {
			return nil, errAppDisabled(cl.id, cl.name())
		}
	}
	return cl, nil
}

// proven checks the client's secret or assertion. It reports false if the
// request has neither.
func (v *visit) proven(cl *client) (bool, error) {
	secret := v.form.Get("client_secret")
	if _, password, basic := v.r.BasicAuth(); basic && secret == "" {
		secret = password
	}
	switch assertion := v.form.Get("client_assertion"); {
	case assertion != "":
		const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" //nolint:gosec // RFC 7523, no secret
		if v.form.Get("client_assertion_type") != jwtBearer {
			return false, errMissingParameter("client_assertion_type")
		}
		return true, v.checkAssertion(cl, assertion)
	case secret == "":
		return false, nil
	case cl.id != v.opts.App.ClientID || subtle.ConstantTimeCompare([]byte(secret), []byte(v.opts.App.Secret)) != 1:
		return false, errSecret(cl.id)
	case !v.opts.App.SecretExpires.IsZero() && v.now().After(v.opts.App.SecretExpires):
		return false, errSecretExpired(cl.id)
	}
	return true, nil
}

// assertionClaims are those of a client assertion.
type assertionClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience any    `json:"aud"`
	Expiry   int64  `json:"exp"`
}

func (a assertionClaims) isFor(audiences ...string) bool {
	got := jsonvalue.Texts(a.Audience)
	if s, one := a.Audience.(string); one {
		got = []string{s}
	}
	return slices.ContainsFunc(audiences, func(want string) bool { return slices.Contains(got, want) })
}

// checkAssertion accepts what the application's certificate signed, and what
// the issuer of its federated credential did.
func (v *visit) checkAssertion(cl *client, assertion string) error {
	algorithms := []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.RS384, jose.RS512, jose.ES256}
	jws, err := jose.ParseSignedCompact(assertion, algorithms)
	if err != nil {
		return sts(401, "invalid_client", 50027, "JWT token is invalid or malformed.")
	}
	var claims assertionClaims
	if json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &claims) != nil {
		return sts(401, "invalid_client", 50027, "JWT token is invalid or malformed.")
	}
	if !v.now().Before(time.Unix(claims.Expiry, 0)) {
		return sts(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
	}
	if cl.id != v.opts.App.ClientID {
		return sts(401, "invalid_client", 700027, "The certificate used to sign the client assertion is not registered on the application.")
	}
	if claims.Issuer == cl.id {
		return v.checkCertificate(cl, jws, claims)
	}
	f := v.opts.App.Federated
	switch {
	case f == nil || claims.Issuer != f.Issuer:
		return sts(401, "invalid_client", 700211, "No matching federated identity record found for presented assertion issuer '%s'.", claims.Issuer)
	case claims.Subject != f.Subject:
		return sts(401, "invalid_client", 700213, "No matching federated identity record found for presented assertion subject '%s'.", claims.Subject)
	case !claims.isFor(f.Audience):
		return sts(401, "invalid_client", 700212, "No matching federated identity record found for presented assertion audience '%v'.", claims.Audience)
	}
	if f.Key != nil {
		if _, err := jws.Verify(f.Key); err != nil {
			return sts(401, "invalid_client", 50013, "Assertion failed signature validation.")
		}
	}
	return nil
}

func (v *visit) checkCertificate(cl *client, jws *jose.JSONWebSignature, claims assertionClaims) error {
	unknown := sts(401, "invalid_client", 700027, "The certificate used to sign the client assertion is not registered on the application.")
	cert := v.opts.App.Certificate
	if cert == nil {
		return unknown
	}
	s1, s256 := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw) //nolint:gosec // see the import
	header := jws.Signatures[0].Header.ExtraHeaders
	if !thumbprint(header["x5t"], s1[:]) && !thumbprint(header["x5t#S256"], s256[:]) {
		return unknown
	}
	if _, err := jws.Verify(cert.PublicKey); err != nil {
		return sts(401, "invalid_client", 700027, "The client assertion failed signature validation.")
	}
	base := v.base(v.r) + "/"
	if claims.Subject != cl.id || !claims.isFor(base+v.opts.TenantID+"/oauth2/v2.0/token", base+v.opts.TenantID+"/v2.0",
		v.base(v.r)+v.r.URL.Path) {
		return sts(401, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer.")
	}
	return nil
}

// thumbprint reports whether a header is a hash. MSAL writes it in standard
// base64, where RFC 7515 wants base64url; both are taken.
func thumbprint(header any, hash []byte) bool {
	s, _ := header.(string)
	s = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(s)
	return s == base64.RawURLEncoding.EncodeToString(hash)
}
