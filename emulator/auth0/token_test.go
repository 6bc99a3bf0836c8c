package auth0_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// claims are those of a token that the tenant's key has signed.
func claims(t *testing.T, token string) object {
	t.Helper()
	var o object
	if err := signingKey().Verify(token, &o); err != nil {
		t.Fatalf("%v: %q", err, token)
	}
	return o
}

// The token of an application: its claims, its scope, its lifetime (section 10).
func TestClientCredentials(t *testing.T) {
	tn := start(t, auth0.Options{Scopes: []string{"read:users", "create:users"}})
	id := auth0.DefaultClientID
	a := tn.oauth(t, "POST /oauth/token", object{"grant_type": "client_credentials", "client_id": id, "client_secret": auth0.DefaultClientSecret, "audience": tn.Audience()})
	equal(t, "answer", []any{a.body["expires_in"], a.body["token_type"], a.body["scope"], a.header.Get("Content-Type")}, []any{86400.0, "Bearer", "read:users create:users", "application/json"})
	now := float64(tn.now.Unix())
	equal(t, "claims", claims(t, a.str("access_token")), object{"iss": "https://" + auth0.DefaultDomain + "/", "sub": id + "@clients", "aud": tn.Audience(),
		"iat": now, "exp": now + 86400, "azp": id, "gty": "client-credentials", "scope": "read:users create:users"})

	form := url.Values{"grant_type": {"client_credentials"}, "audience": {tn.Audience()}, "scope": {"read:users"}}
	r := tn.request(t, "POST /oauth/token", form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, auth0.DefaultClientSecret)
	if a := tn.send(t, r); a.str("scope") != "read:users" {
		t.Errorf("a form with basic authentication: %s", a.text)
	}
}

// Errors of the token endpoint have no statusCode (section 10).
func TestTokenErrors(t *testing.T) {
	tn := start(t, auth0.Options{})
	tn.AddAPI(object{"identifier": "https://api.test"})
	public := tn.AddClient(object{"name": "public", "token_endpoint_auth_method": "none"})
	good := object{"grant_type": "client_credentials", "client_id": auth0.DefaultClientID, "client_secret": auth0.DefaultClientSecret, "audience": tn.Audience()}
	for name, tt := range map[string]struct {
		change      object
		status      int
		code        string
		description string
	}{
		"no grant type":      {object{"grant_type": nil}, 403, "invalid_request", "grant_type"},
		"unknown grant type": {object{"grant_type": "magic"}, 403, "unsupported_grant_type", "magic"},
		"no client":          {object{"client_id": nil}, 400, "invalid_request", "client_id"},
		"unknown client":     {object{"client_id": "x"}, 401, "access_denied", "Unauthorized"},
		"wrong secret":       {object{"client_secret": "x"}, 401, "access_denied", "Unauthorized"},
		"no secret":          {object{"client_secret": nil}, 401, "access_denied", "Unauthorized"},
		"public client":      {object{"client_id": public, "client_secret": nil}, 401, "access_denied", "Unauthorized"},
		"unknown audience":   {object{"audience": "https://x"}, 403, "access_denied", "Service not enabled within domain: https://x"},
		"no grant": {object{"audience": "https://api.test"}, 403, "access_denied",
			`Client "` + auth0.DefaultClientID + `" is not authorized to access resource server "https://api.test".`},
		"no audience": {object{"audience": nil}, 403, "access_denied", "No audience parameter was provided"},
	} {
		t.Run(name, func(t *testing.T) {
			body := object{}
			for _, o := range []object{good, tt.change} {
				for k, v := range o {
					body[k] = v
				}
			}
			refusedByOAuth(t, tn.oauth(t, "POST /oauth/token", body), tt.status, tt.code, tt.description)
		})
	}
	a := tn.oauth(t, "POST /oauth/token", object{"grant_type": "refresh_token", "client_id": auth0.DefaultClientID, "client_secret": auth0.DefaultClientSecret})
	refusedByOAuth(t, a, 403, "unauthorized_client", "Grant type 'refresh_token' not allowed for the client.")
	if !strings.HasPrefix(a.str("error_uri"), "https://auth0.com/docs/") {
		t.Errorf("no error_uri: %s", a.text)
	}
}

// A key instead of a secret: five minutes at most, for this domain, once
// (section 10).
func TestPrivateKeyJWT(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tn := start(t, auth0.Options{App: auth0.App{Key: &key.PublicKey}})
	assertion := func(change object) string {
		c := object{"iss": auth0.DefaultClientID, "sub": auth0.DefaultClientID, "aud": "https://" + auth0.DefaultDomain + "/",
			"exp": tn.now.Add(time.Minute).Unix(), "jti": base64.RawURLEncoding.EncodeToString([]byte(t.Name() + time.Now().String()))}
		for k, v := range change {
			c[k] = v
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, nil)
		if err != nil {
			t.Fatal(err)
		}
		payload, _ := json.Marshal(c)
		jws, err := signer.Sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		text, err := jws.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	ask := func(assertion string) answer {
		return tn.oauth(t, "POST /oauth/token", object{"grant_type": "client_credentials", "audience": tn.Audience(), "client_assertion": assertion,
			"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"})
	}
	once := assertion(nil)
	if a := ask(once); a.status != 200 {
		t.Fatal(a.text)
	}
	refusedByOAuth(t, ask(once), 401, "invalid_client", "used already")
	for why, change := range map[string]object{
		"lifetime": {"exp": tn.now.Add(6 * time.Minute).Unix()}, "audience": {"aud": "https://other.test/"}, "issuer or subject": {"sub": "x"},
	} {
		refusedByOAuth(t, ask(assertion(change)), 401, "invalid_client", why)
	}
	refusedByOAuth(t, ask(assertion(object{"jti": nil})), 401, "invalid_client", "used already")
	refusedByOAuth(t, ask(assertion(object{"exp": tn.now.Unix()})), 401, "invalid_client", "lifetime")
	refusedByOAuth(t, tn.oauth(t, "POST /oauth/token", object{"grant_type": "client_credentials", "client_id": auth0.DefaultClientID,
		"client_secret": auth0.DefaultClientSecret, "audience": tn.Audience()}), 401, "access_denied", "Unauthorized")
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key = other
	refusedByOAuth(t, ask(assertion(nil)), 401, "invalid_client", "signature")
}

// Discovery is on the domain that was called, and its issuer ends in a slash.
func TestDiscovery(t *testing.T) {
	tn := start(t, auth0.Options{CustomDomains: []string{"login.example.com"}})
	for _, host := range []string{auth0.DefaultDomain, "login.example.com"} {
		tn.host = host
		a := tn.send(t, tn.request(t, "GET /.well-known/openid-configuration", ""))
		base := "https://" + host
		for name, want := range map[string]string{"issuer": base + "/", "token_endpoint": base + "/oauth/token",
			"device_authorization_endpoint": base + "/oauth/device/code", "jwks_uri": base + "/.well-known/jwks.json"} {
			equal(t, name, a.str(name), want)
		}
		// The Management API keeps its audience (section 10).
		equal(t, "iss", claims(t, tn.signIn(t))["iss"], base+"/")
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(tn.send(t, tn.request(t, "GET /.well-known/jwks.json", "")).text), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 1 || set.Keys[0].KeyID != signingKey().ID || set.Keys[0].Algorithm != "RS256" || set.Keys[0].Use != "sig" || len(set.Keys[0].Certificates) != 1 {
		t.Errorf("keys: %+v", set.Keys)
	}
}

// Who asks the Management API (section 2).
func TestAuthentication(t *testing.T) {
	tn := start(t, auth0.Options{Scopes: []string{"read:users"}})
	good := tn.token
	for message, token := range map[string]string{"Invalid token": "x", "Missing authentication": ""} {
		tn.token = token
		tn.refused(t, 401, "", message, "GET users", "")
	}
	tn.token = good
	tn.refused(t, 403, "insufficient_scope", "Insufficient scope, expected any of: update:roles,create:role_members", "POST roles/x/users", "")
	tn.refused(t, 403, "insufficient_scope", "Insufficient scope, expected any of: create:users", "POST users", newUser("a", ""))
	tn.must(t, 200, "GET users", "")
	tn.now = tn.now.Add(24 * time.Hour)
	a := tn.must(t, 401, "GET users", "")
	equal(t, "expired", []string{a.str("message"), a.str("attributes.error")}, []string{"Expired token received for JSON Web Token validation", "Expired token received for JSON Web Token validation"})
}
