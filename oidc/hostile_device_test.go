package oidc_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/resource"
)

// flow is the device flow of the world's issuer.
func (w *world) flow() oidc.DeviceFlow {
	return oidc.DeviceFlow{Client: w.client, ClientID: "influxctl", DeviceURL: "https://" + host + devPath, TokenURL: "https://" + host + tokenPath}
}

// deviceAnswer is a device authorization response as it should be, with changes.
func deviceAnswer(changes map[string]any) map[string]any {
	return with(map[string]any{
		"device_code": "device-" + canary, "user_code": "WDJB-MJHT",
		"verification_uri": issuer + "/device", "verification_uri_complete": issuer + "/device?user_code=WDJB-MJHT",
		"expires_in": 600, "interval": 5,
	}, changes)
}

// begun is a sign-in under way.
func begun() oidc.DeviceCode {
	return oidc.DeviceCode{Code: resource.NewSecret("device-" + canary), UserCode: "WDJB-MJHT",
		VerificationURI: issuer + "/device", Expires: time.Now().Add(10 * time.Minute), Interval: 5 * time.Second}
}

func hostileDevices() []hostile {
	const limit = oidc.DefaultTimeout
	start := func(h http.HandlerFunc) func(context.Context, *world) string {
		return func(ctx context.Context, w *world) string {
			w.mux.HandleFunc(devPath, h)
			code, err := w.flow().Start(ctx)
			if err == nil {
				w.t.Errorf("accepted: %+v", code)
			}
			return said(err)
		}
	}
	answer := func(changes map[string]any) func(context.Context, *world) string {
		return start(func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, 200, deviceAnswer(changes)) })
	}
	refuse := func(status int, code, text string) func(context.Context, *world) string {
		return start(func(rw http.ResponseWriter, _ *http.Request) {
			writeJSON(rw, status, map[string]any{"error": code, "error_description": text})
		})
	}
	poll := func(h http.HandlerFunc) func(context.Context, *world) string {
		return func(ctx context.Context, w *world) string {
			w.mux.HandleFunc(tokenPath, h)
			token, err := w.flow().Poll(ctx, begun(), nil)
			if err == nil {
				w.t.Errorf("accepted: %+v", token)
			}
			return said(err)
		}
	}
	pollAnswer := func(status int, body map[string]any) func(context.Context, *world) string {
		return poll(func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, status, body) })
	}
	const onePoll = 5*time.Second + limit
	return []hostile{
		{"unknown client", refuse(401, "invalid_client", "Invalid client or Invalid client credentials"), limit},
		{"device flow is off", refuse(400, "unauthorized_client", "The flow is disabled for the client."), limit},
		{"client with a secret", refuse(401, "unauthorized_client", "Invalid client or Invalid client credentials"), limit},
		{"unknown scope", refuse(400, "invalid_scope", "Invalid scopes: \x1b[31mfoo"), limit},
		{"unknown audience", refuse(403, "invalid_target", ""), limit},
		{"grant type is off", refuse(400, "unsupported_grant_type", strings.Repeat("long ", 1000)), limit},
		{"error of its own", refuse(418, "\x1b[5mteapot", "short\nand\u202estout"), limit},
		{"device endpoint is not there", start(http.NotFound), limit},
		{"device endpoint is a web page", start(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "<html>") }), limit},
		{"device endpoint redirects", start(redirectTo("https://evil.example.com/device")), limit},
		{"device endpoint redirects to itself", start(redirectTo(devPath)), limit},
		{"device endpoint drips", start(drip), limit},
		{"device endpoint floods", start(flood), limit},
		{"no device_code", answer(map[string]any{"device_code": nil}), limit},
		{"device_code with a line break", answer(map[string]any{"device_code": canary + "\r\nX: y"}), limit},
		{"device_code is a number", answer(map[string]any{"device_code": 17}), limit},
		{"no user_code", answer(map[string]any{"user_code": nil}), limit},
		{"escapes in user_code", answer(map[string]any{"user_code": "WDJB\x1b[2J-MJHT"}), limit},
		{"gigantic user_code", answer(map[string]any{"user_code": strings.Repeat("W", 5000)}), limit},
		{"no verification_uri", answer(map[string]any{"verification_uri": nil}), limit},
		{"gigantic verification_uri", answer(map[string]any{"verification_uri": issuer + "/" + strings.Repeat("x", 500_000)}), limit},
		{"verification_uri of a browser", answer(map[string]any{"verification_uri": "javascript:alert(document.cookie)"}), limit},
		{"verification_uri with a user name", answer(map[string]any{"verification_uri": "https://sso.example.com@evil.example.com/"}), limit},
		{"verification_uri over http", answer(map[string]any{"verification_uri": "http://sso.example.com/device"}), limit},
		{"verification_uri in foreign letters", answer(map[string]any{"verification_uri": "https://ѕѕо.example.com/device"}), limit},
		{"verification_uri_complete is a file", answer(map[string]any{"verification_uri_complete": "file:///etc/passwd"}), limit},
		{"verification_uri_complete is gigantic", answer(map[string]any{"verification_uri_complete": issuer + "?" + strings.Repeat("x", 3000)}), limit},
		{"negative interval", answer(map[string]any{"interval": -5}), limit},
		{"interval longer than the code lives", answer(map[string]any{"interval": 1e18}), limit},
		{"interval is a word", answer(map[string]any{"interval": "soon"}), limit},
		{"negative expires_in", answer(map[string]any{"expires_in": -1}), limit},
		{"expires_in zero", answer(map[string]any{"expires_in": 0}), limit},

		{"refused by the person", pollAnswer(400, map[string]any{"error": "access_denied", "error_description": "The end user denied the authorization request"}), onePoll},
		{"declined by the person", pollAnswer(400, map[string]any{"error": "authorization_declined"}), onePoll},
		{"code ran out at the server", pollAnswer(400, map[string]any{"error": "expired_token"}), onePoll},
		{"code used up", pollAnswer(400, map[string]any{"error": "invalid_grant", "error_description": "code device-" + canary + " not valid"}), onePoll},
		{"code unknown", pollAnswer(400, map[string]any{"error": "bad_verification_code"}), onePoll},
		{"client refused at the token endpoint", pollAnswer(401, map[string]any{"error": "invalid_client"}), onePoll},
		{"token endpoint redirects", poll(redirectTo("https://evil.example.com/token")), onePoll},
		{"token endpoint is a web page", poll(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "<html>") }), onePoll},
		{"token endpoint is not there", poll(http.NotFound), onePoll},
		{"no access_token", pollAnswer(200, map[string]any{"token_type": "Bearer"}), onePoll},
		{"access_token is a list", pollAnswer(200, map[string]any{"access_token": []string{canary}}), onePoll},
		{"access_token with a line break", pollAnswer(200, map[string]any{"access_token": canary + "\r\nHost: evil"}), onePoll},
		{"token bound to a key", pollAnswer(200, map[string]any{"access_token": canary, "token_type": "DPoP\x1b[1m"}), onePoll},
		{"pending for ever", pollAnswer(400, map[string]any{"error": "authorization_pending"}), 10 * time.Minute},
		{"token endpoint silent for ever", func(ctx context.Context, w *world) string {
			w.mux.HandleFunc(tokenPath, silence)
			code := begun()
			code.Expires = time.Now().Add(90 * time.Second)
			var last error
			_, err := w.flow().Poll(ctx, code, func(p oidc.PollProgress) { last = p.Err })
			if oidc.KindOf(err) != oidc.CodeExpired {
				w.t.Errorf("ended with %v", err)
			}
			return said(last)
		}, 90*time.Second + limit},
	}
}

// hostileTokens are judged without a server.
func hostileTokens() []hostile {
	check := func(id string, token func(t *testing.T) (resource.Secret, oidc.KeySet)) func(context.Context, *world) string {
		return func(_ context.Context, w *world) string {
			secret, keys := token(w.t)
			return failed(oidc.VerifyAccessToken(secret, keys, wanted()), id)
		}
	}
	raw := func(id, text string) func(context.Context, *world) string {
		return check(id, func(t *testing.T) (resource.Secret, oidc.KeySet) {
			return resource.NewSecret(text), keySet(t, rsaSigner().jwk(nil))
		})
	}
	claims := func(id string, changes map[string]any) func(context.Context, *world) string {
		return check(id, func(t *testing.T) (resource.Secret, oidc.KeySet) {
			return rsaSigner().token(t, with(goodClaims(time.Now()), changes)), keySet(t, rsaSigner().jwk(nil))
		})
	}
	in := func(d time.Duration) int64 { return bubbleStart.Add(d).Unix() }
	part := func(s string) string { return b64([]byte(s)) }
	return []hostile{
		{"no token", raw("token.format", ""), 0},
		{"opaque token", raw("token.format", "opaque-"+canary), 0},
		{"encrypted token", raw("token.format", part(`{"alg":"RSA-OAEP","enc":"A256GCM"}`)+".a.b.c.d"), 0},
		{"claims twice", raw("token.format", part(`{"alg":"RS256"}`)+"."+part(`{"sub":"a","sub":"b"}`)+".x"), 0},
		{"gigantic token", raw("token.format", strings.Repeat("x", 100_000)), 0},
		{"alg none", raw("token.algorithm", part(`{"alg":"none"}`)+"."+part(`{"sub":"id-marty"}`)+"."), 0},
		{"alg missing", raw("token.algorithm", part(`{}`)+"."+part(`{"sub":"id-marty"}`)+"."), 0},
		{"alg with escapes", raw("token.algorithm", part(`{"alg":"\u001b[2Jx"}`)+"."+part(`{}`)+"."), 0},
		{"HS256 with the public key as secret", check("token.algorithm", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			// The classic: a library that takes the key as it comes would agree.
			public, err := json.Marshal(rsaSigner().jwk(nil))
			if err != nil {
				t.Fatal(err)
			}
			forger := signer{key: public, alg: jose.HS256, kid: "rsa-1"}
			return forger.token(t, goodClaims(time.Now())), keySet(t, rsaSigner().jwk(nil))
		}), 0},
		{"kid missing", check("token.key", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			s := rsaSigner()
			s.kid = ""
			return s.token(t, goodClaims(time.Now())), keySet(t, rsaSigner().jwk(nil))
		}), 0},
		{"unknown kid", check("token.key", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			return ecSigner(t, "gone\x1b[1m").token(t, goodClaims(time.Now())), keySet(t, rsaSigner().jwk(nil))
		}), 0},
		{"kid of an encryption key", check("token.key", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			return rsaSigner().token(t, goodClaims(time.Now())), keySet(t, rsaSigner().jwk(map[string]any{"use": "enc", "alg": "RSA-OAEP"}))
		}), 0},
		{"kid of a key of another algorithm", check("token.key", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			return rsaSigner().token(t, goodClaims(time.Now())), keySet(t, rsaSigner().jwk(map[string]any{"alg": "PS256"}))
		}), 0},
		{"kid of a key of another type", check("token.key", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			return ecSigner(t, "rsa-1").token(t, goodClaims(time.Now())), keySet(t, rsaSigner().jwk(map[string]any{"alg": nil}))
		}), 0},
		{"kid of a symmetric key", check("token.key", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			return rsaSigner().token(t, goodClaims(time.Now())), keySet(t, map[string]any{"kty": "oct", "kid": "rsa-1", "k": "AAAA", "use": "sig"})
		}), 0},
		{"signed by somebody else", check("token.signature", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			return ecSigner(t, "k").token(t, goodClaims(time.Now())), keySet(t, ecSigner(t, "k").jwk(nil))
		}), 0},
		{"critical extension", check("token.signature", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			token := rsaSigner().tokenWith(t, goodClaims(time.Now()), map[jose.HeaderKey]any{"crit": []string{"x"}, "x": true})
			return token, keySet(t, rsaSigner().jwk(nil))
		}), 0},
		{"unsigned claims are not believed", check("token.subject", func(t *testing.T) (resource.Secret, oidc.KeySet) {
			return ecSigner(t, "k").token(t, goodClaims(time.Now())), keySet(t, ecSigner(t, "k").jwk(nil))
		}), 0},
		{"iss of another", claims("token.issuer", map[string]any{"iss": "https://evil.example.com"}), 0},
		{"iss with another slash", claims("token.issuer", map[string]any{"iss": issuer + "/"}), 0},
		{"iss in another case", claims("token.issuer", map[string]any{"iss": strings.Replace(issuer, "realms", "Realms", 1)}), 0},
		{"iss missing", claims("token.issuer", map[string]any{"iss": nil}), 0},
		{"iss is a list", claims("token.issuer", map[string]any{"iss": []string{issuer}}), 0},
		{"expired", claims("token.expiry", map[string]any{"iat": in(-2 * time.Hour), "exp": in(-time.Hour)}), 0},
		{"exp missing", claims("token.expiry", map[string]any{"exp": nil}), 0},
		{"exp is a word", claims("token.expiry", map[string]any{"exp": "never"}), 0},
		{"exp beyond the calendar", claims("token.expiry", map[string]any{"exp": 1e17}), 0},
		{"exp beyond all numbers", claims("token.expiry", map[string]any{"exp": 1e300}), 0},
		{"exp before iat", claims("token.expiry", map[string]any{"exp": in(time.Hour), "iat": in(2 * time.Hour)}), 0},
		{"not yet valid", claims("token.not_before", map[string]any{"nbf": in(time.Hour)}), 0},
		{"nbf is a list", claims("token.not_before", map[string]any{"nbf": []int{1}}), 0},
		{"iat is a word", claims("token.not_before", map[string]any{"iat": "now"}), 0},
		{"sub missing", claims("token.subject", map[string]any{"sub": nil}), 0},
		{"sub is a number", claims("token.subject", map[string]any{"sub": 7}), 0},
		{"stranger with escapes", claims("token.subject", map[string]any{"sub": "id-biff\x1b]0;x\x07", "preferred_username": "bi\u202eff"}), 0},
		{"admin in another case", claims("token.subject", map[string]any{"sub": "ID-Marty"}), 0},
		{"id in another claim", claims("token.subject", map[string]any{"sub": "pairwise", "oid": "id-marty"}), 0},
		{"another client", claims("token.client", map[string]any{"azp": "portal"}), 0},
		{"another audience", claims("token.audience", map[string]any{"aud": []string{"account", "x\x1b[1m"}}), 0},
		{"audience is a number", claims("token.audience", map[string]any{"aud": 5}), 0},
	}
}

// bubbleStart is the time at which every synctest bubble begins.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func wanted() oidc.Expectation {
	return oidc.Expectation{
		Issuer: issuer, AdminIDs: map[string]string{"id-marty": "Marty McFly", "id-emmett": "Emmett Brown"},
		ClientID: "influxctl", Audience: "influxdb",
	}
}
