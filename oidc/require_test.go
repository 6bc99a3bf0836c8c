package oidc_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/oidc"
)

// TestRequire: what CheckIssuer would report as failed is an error, and warnings are none.
func TestRequire(t *testing.T) {
	rsa := rsaSigner()
	for name, c := range map[string]struct {
		prepare func(w *world)
		kind    oidc.ErrorKind // 0: it may be used
		says    string
	}{
		"all is there":    {func(w *world) { w.serveIssuer(rsa.jwk(nil)) }, 0, ""},
		"a key of no use": {func(w *world) { w.serveIssuer(rsa.jwk(nil), map[string]any{"kty": "RSA", "kid": "x"}) }, 0, ""},
		"no device flow": {func(w *world) {
			delete(w.doc, "device_authorization_endpoint")
			w.serveIssuer(rsa.jwk(nil))
		}, oidc.Incomplete, "has no device_authorization_endpoint"},
		"no keys":             {func(w *world) { w.serveIssuer() }, oidc.Incomplete, "no key that could be used: none"},
		"for encryption only": {func(w *world) { w.serveIssuer(rsa.jwk(map[string]any{"use": "enc"})) }, oidc.Incomplete, "no key that could be used"},
		"keys are gone": {func(w *world) {
			w.doc["jwks_uri"] = "https://" + host + "/nothing"
			w.serveIssuer(rsa.jwk(nil))
		}, oidc.BadStatus, "404"},
		"no document": {func(*world) {}, oidc.BadStatus, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				c.prepare(w)
				d, err := w.client.Require(context.Background(), issuer)
				if c.kind == 0 {
					if err != nil || d.Issuer != issuer || d.DeviceAuthorizationEndpoint == "" {
						t.Errorf("%+v %v", d, err)
					}
					return
				}
				if err == nil || oidc.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || d.Issuer != "" {
					t.Errorf("%+v %v", d, err)
				}
			})
		})
	}
}

// TestValidIssuer: what cannot be asked is said before anything is sent.
func TestValidIssuer(t *testing.T) {
	var c oidc.Client
	for issuer, says := range map[string]string{
		"https://sso.example.com/realms/x": "", "http://localhost:5556/dex": "", "http://127.0.0.1/": "",
		"http://sso.example.com": "http on another machine", "sso.example.com": "not an absolute", "https://sso.example.com?x=1": "query",
		"https://sso.example.com/.well-known/openid-configuration": "URL of a document", "": "is empty",
	} {
		switch err := c.ValidIssuer(issuer); {
		case says == "" && err != nil:
			t.Errorf("%s: %v", issuer, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

// TestPackedSubject: who wrote the id that is inside of a subject is told the subject,
// and nobody else is.
func TestPackedSubject(t *testing.T) {
	const id = "08a8684b-db88-4b73-90a9-3cd1661f5466"
	pack := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, c := range map[string]struct {
		subject string
		packed  bool
	}{
		"Dex's":               {pack("\n$" + id + "\x12\x05local"), true},
		"with padding":        {base64.URLEncoding.EncodeToString([]byte("\n$" + id + "\x12\x05lo")), true},
		"of another length":   {pack("\n%" + id + "0\x12\x05local"), false},
		"in a longer id":      {pack("\n(abc-" + id + "\x12\x05local"), false},
		"somebody else's":     {pack("\n$" + strings.Replace(id, "08a8", "19b9", 1) + "\x12\x05local"), false},
		"no base64":           {"$" + id, false},
		"the id in plain":     {id + "x", false},
		"as text, no message": {pack(id), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rsa := rsaSigner()
				want := wanted()
				want.AdminIDs = map[string]string{id: "Jane Doe", strings.Repeat("x", 200): "a long one"}
				checks := oidc.VerifyAccessToken(rsa.token(t, with(goodClaims(time.Now()), map[string]any{"sub": c.subject})), keySet(t, rsa.jwk(nil)), want)
				for _, check := range checks {
					if check.ID != "token.subject" {
						continue
					}
					if check.Status != oidc.Failed || strings.Contains(check.Hint, "packed into this one") != c.packed {
						t.Errorf("%+v", check)
					}
					if c.packed && !strings.Contains(check.Hint, "Jane Doe, "+id) || c.packed && !strings.Contains(check.Hint, c.subject) {
						t.Errorf("the hint does not say whom it means: %s", check.Hint)
					}
					return
				}
				t.Error("the user is not checked")
			})
		})
	}
}
