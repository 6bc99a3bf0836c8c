package oidc_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/oidc"
)

// redirectTo answers with a redirect.
func redirectTo(target string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Location", target)
		rw.WriteHeader(http.StatusFound)
	}
}

// drip sends a byte a second, for ever.
func drip(rw http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := io.WriteString(rw, " "); err != nil {
			return
		}
		_ = http.NewResponseController(rw).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(time.Second):
		}
	}
}

// silence takes a request and says nothing. A server notices that its client has
// gone only once it has read the request.
func silence(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// flood sends ten megabytes.
func flood(rw http.ResponseWriter, _ *http.Request) {
	rw.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(rw, `{"issuer":"`)
	for range 10 << 10 {
		if _, err := io.WriteString(rw, strings.Repeat("x", 1<<10)); err != nil {
			return
		}
	}
}

func hangUp(rw http.ResponseWriter, r *http.Request) {
	verbatim("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"issuer\":")(rw, r)
}

func hostileDocuments() []hostile {
	at := func(issuer string, prepare func(w *world)) func(context.Context, *world) string {
		return func(ctx context.Context, w *world) string {
			prepare(w)
			d, err := w.client.Discover(ctx, issuer)
			if err == nil {
				w.t.Errorf("accepted: %+v", d)
			}
			return said(err)
		}
	}
	discover := func(prepare func(w *world)) func(context.Context, *world) string { return at(issuer, prepare) }
	serve := func(h http.HandlerFunc) func(context.Context, *world) string {
		return discover(func(w *world) { w.mux.HandleFunc(document, h) })
	}
	body := func(contentType, text string) func(context.Context, *world) string {
		return discover(func(w *world) { w.answer(document, 200, contentType, text) })
	}
	doc := func(changes map[string]any) func(context.Context, *world) string {
		return discover(func(w *world) { with(w.doc, changes); w.serveIssuer() })
	}
	nothing := func(*world) {}
	const limit = oidc.DefaultTimeout
	return []hostile{
		{"issuer is no URL", at("sso.example.com", nothing), 0},
		{"issuer with a password", at("https://admin:"+canary+"@sso.example.com/", nothing), 0},
		{"issuer with a query", at("https://sso.example.com/?token="+canary, nothing), 0},
		{"issuer with a fragment", at("https://sso.example.com/#top", nothing), 0},
		{"issuer is its document", at(issuer+"/.well-known/openid-configuration", nothing), 0},
		{"issuer over http", at("http://sso.example.com/realms/influxdb", nothing), 0},
		{"issuer with a scheme of its own", at("file:///etc/passwd", nothing), 0},
		{"issuer with an impossible port", at("https://sso.example.com:99999", nothing), 0},
		{"issuer in foreign letters", at("https://ѕѕо.example.com", nothing), 0},
		{"unknown host", at("https://nowhere.example.com", nothing), limit},
		{"no such realm", discover(nothing), limit},
		{"document behind a sign-in", body401(discover), limit},
		{"server error", discover(func(w *world) { w.answer(document, 503, "text/html", "<h1>\x1b[31mdown</h1>") }), limit},
		{"redirect to another origin", serve(redirectTo("https://evil.example.com/.well-known/openid-configuration")), limit},
		{"redirect to plain http", serve(redirectTo("http://" + host + document)), limit},
		{"redirect to a hostile text", serve(redirectTo("https://evil.example.com\x1b[2J/")), limit},
		{"endless redirect", serve(redirectTo("https://" + host + document)), limit},
		{"redirect from http to https", func(ctx context.Context, w *world) string {
			w.http("localhost:80", redirectTo("https://localhost/.well-known/openid-configuration"))
			_, err := w.client.Discover(ctx, "http://localhost")
			return said(err)
		}, limit},
		{"HTML", body("text/html; charset=utf-8", "<html><title>Sign in</title></html>"), limit},
		{"HTML that calls itself JSON", body("application/json", "\n<!doctype html>"), limit},
		{"10 MB", serve(flood), limit},
		{"slow drip", serve(drip), limit},
		{"silence", serve(silence), limit},
		{"broken off", serve(hangUp), limit},
		{"empty", body("application/json", " "), limit},
		{"no JSON", body("application/json", `{"issuer": "`+issuer), limit},
		{"JSON, but a list", body("application/json", `[]`), limit},
		{"nested a million deep", body("application/json", strings.Repeat("[", 900_000)), limit},
		{"two issuers in one document", body("application/json", `{"issuer":"`+issuer+`","issuer":"https://evil.example.com"}`), limit},
		{"issuer mismatch", doc(map[string]any{"issuer": "https://evil.example.com"}), limit},
		{"trailing slash", doc(map[string]any{"issuer": issuer + "/"}), limit},
		{"template of tenants", doc(map[string]any{"issuer": "https://sso.example.com/{tenantid}/v2.0"}), limit},
		{"no issuer", doc(map[string]any{"issuer": nil}), limit},
		{"issuer is a number", doc(map[string]any{"issuer": 7}), limit},
		{"issuer with terminal escapes", doc(map[string]any{"issuer": "https://sso.example.com/\x1b]0;owned\x07"}), limit},
		{"no jwks_uri", doc(map[string]any{"jwks_uri": nil}), limit},
		{"no token endpoint", doc(map[string]any{"token_endpoint": nil}), limit},
		{"relative endpoint", doc(map[string]any{"token_endpoint": "/token"}), limit},
		{"endpoint is a list", doc(map[string]any{"token_endpoint": []string{"x"}}), limit},
		{"endpoint of a browser", doc(map[string]any{"device_authorization_endpoint": "javascript:alert(1)"}), limit},
		{"http token endpoint", doc(map[string]any{"token_endpoint": "http://" + host + tokenPath}), limit},
		{"token endpoint on another origin", doc(map[string]any{"token_endpoint": "https://evil.example.com/token"}), limit},
		{"keys on another port", doc(map[string]any{"jwks_uri": "https://" + host + ":8443" + jwksPath}), limit},
		{"several at once", doc(map[string]any{"jwks_uri": nil, "token_endpoint": "https://evil.example.com/token"}), limit},
		{"expired certificate", at("https://old.example.com", func(w *world) {
			w.httpsUntil("old.example.com", time.Now().Add(-time.Hour), w.mux)
		}), limit},
		{"certificate of another host", at("https://other.example.com", func(w *world) {
			w.listen["other.example.com:443"] = w.listen[host+":443"]
		}), limit},
		{"unknown CA", func(ctx context.Context, w *world) string {
			w.client.HTTP.Transport.(*http.Transport).TLSClientConfig.RootCAs = nil
			_, err := w.client.Discover(ctx, issuer)
			return said(err)
		}, limit},
		{"plain http on the https port", at("https://plain.example.com", func(w *world) {
			w.http("plain.example.com:443", w.mux)
		}), limit},
		{"TLS handshake never ends", at("https://mute.example.com", func(w *world) {
			w.listen["mute.example.com:443"] = w.mute()
		}), limit},
	}
}

func body401(discover func(func(w *world)) func(context.Context, *world) string) func(context.Context, *world) string {
	return discover(func(w *world) { w.answer(document, 401, "application/json", `{}`) })
}

// mute accepts connections and reads them without a word.
func (w *world) mute() *memnet.Listener {
	l := memnet.Listen()
	w.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, conn); _ = conn.Close() }()
		}
	}()
	return l
}

func hostileKeys() []hostile {
	const limit = 2 * oidc.DefaultTimeout
	fetch := func(prepare func(w *world)) func(context.Context, *world) string {
		return func(ctx context.Context, w *world) string {
			prepare(w)
			set, err := w.client.FetchJWKS(ctx, "https://"+host+jwksPath)
			if err == nil {
				w.t.Errorf("accepted: %+v", set)
			}
			return said(err)
		}
	}
	body := func(text string) func(context.Context, *world) string {
		return fetch(func(w *world) { w.answer(jwksPath, 200, "application/json", text) })
	}
	// keys has CheckIssuer judge them.
	keys := func(id string, keys ...any) func(context.Context, *world) string {
		return func(ctx context.Context, w *world) string {
			w.serveIssuer(keys...)
			return failed(w.client.CheckIssuer(ctx, issuer).Checks, id)
		}
	}
	const signing, ids = "issuer.signing_keys", "issuer.key_ids"
	rsa := rsaSigner()
	weak := map[string]any{"kty": "RSA", "kid": "weak", "use": "sig", "n": b64(append([]byte{0xc1}, make([]byte, 63)...)), "e": "AQAB"}
	return []hostile{
		{"JWKS redirects to another origin", fetch(func(w *world) { w.mux.HandleFunc(jwksPath, redirectTo("https://evil.example.com/keys")) }), limit},
		{"JWKS is HTML", fetch(func(w *world) { w.answer(jwksPath, 200, "text/html", "<html>") }), limit},
		{"JWKS is 404", fetch(func(*world) {}), limit},
		{"JWKS is 10 MB", fetch(func(w *world) { w.mux.HandleFunc(jwksPath, flood) }), limit},
		{"JWKS drips", fetch(func(w *world) { w.mux.HandleFunc(jwksPath, drip) }), limit},
		{"JWKS is a discovery document", body(`{"issuer":"` + issuer + `","jwks_uri":"https://sso.example.com/certs"}`), limit},
		{"JWKS without keys member", body(`{"key":[]}`), limit},
		{"JWKS keys is no list", body(`{"keys":{}}`), limit},
		{"JWKS of 101 keys", body(`{"keys":[` + strings.Repeat(`{},`, 100) + `{}]}`), limit},
		{"no keys", keys(signing), limit},
		{"only an encryption key", keys(signing, rsa.jwk(map[string]any{"use": "enc", "alg": "RSA-OAEP"})), limit},
		{"weak RSA 512", keys(signing, weak), limit},
		{"huge RSA modulus", keys(signing, with(map[string]any{"n": b64(append([]byte{0xc1}, make([]byte, 100_000)...))}, map[string]any{"kty": "RSA", "kid": "huge", "e": "AQAB"})), limit},
		{"huge exponent", keys(signing, rsa.jwk(map[string]any{"e": b64([]byte{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})})), limit},
		{"exponent beyond all integers", keys(signing, rsa.jwk(map[string]any{"e": b64(append([]byte{1}, make([]byte, 500)...))})), limit},
		{"symmetric key", keys(signing, map[string]any{"kty": "oct", "kid": "h", "k": b64([]byte(canary)), "alg": "HS256"}), limit},
		{"private key published", keys(signing, rsa.jwk(nil), rsa.jwk(map[string]any{"kid": "leaked", "d": b64([]byte(canary))})), limit},
		{"point off the curve", keys(signing, map[string]any{"kty": "EC", "crv": "P-256", "kid": "off", "x": b64(make([]byte, 32)), "y": b64(make([]byte, 32))}), limit},
		{"unknown curve", keys(signing, map[string]any{"kty": "EC", "crv": "secp256k1", "kid": "btc", "x": "AA", "y": "AA"}), limit},
		{"algorithm of another type", keys(signing, rsa.jwk(map[string]any{"alg": "ES256"})), limit},
		{"key is a string", keys(signing, "AQAB"), limit},
		{"key with escapes in its id", keys(signing, map[string]any{"kty": "\x1b[1m", "kid": "\x1b]0;x\x07\u202e", "use": "sig"}), limit},
		{"good key beside a bad one", keys(signing, weak, rsa.jwk(nil)), limit},
		{"duplicated keys", keys(ids, rsa.jwk(nil), rsa.jwk(nil)), limit},
		{"keys without a kid", keys(ids, rsa.jwk(map[string]any{"kid": nil})), limit},
		{"keys drip in a check", func(ctx context.Context, w *world) string {
			w.mux.HandleFunc(document, func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, 200, w.doc) })
			w.mux.HandleFunc(jwksPath, drip)
			return failed(w.client.CheckIssuer(ctx, issuer).Checks, signing)
		}, limit},
		{"no device endpoint", func(ctx context.Context, w *world) string {
			delete(w.doc, "device_authorization_endpoint")
			return failed(w.serveIssuer(rsa.jwk(nil)).client.CheckIssuer(ctx, issuer).Checks, "issuer.device_endpoint")
		}, limit},
		{"userinfo on another origin", func(ctx context.Context, w *world) string {
			w.doc["userinfo_endpoint"] = "https://graph.example.net/userinfo"
			return failed(w.serveIssuer(rsa.jwk(nil)).client.CheckIssuer(ctx, issuer).Checks, "issuer.origins")
		}, limit},
		{"certificate about to end", func(ctx context.Context, w *world) string {
			w.httpsUntil(host, time.Now().Add(50*time.Hour), w.mux)
			return failed(w.serveIssuer(rsa.jwk(nil)).client.CheckIssuer(ctx, issuer).Checks, "issuer.tls")
		}, limit},
		{"interrupted", func(ctx context.Context, w *world) string {
			w.mux.HandleFunc(document, silence)
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(3*time.Second, cancel)
			return failed(w.client.CheckIssuer(ctx, issuer).Checks, "issuer.discovery")
		}, 3 * time.Second},
		{"caller's own time limit", func(ctx context.Context, w *world) string {
			w.mux.HandleFunc(document, silence)
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			_, err := w.client.Discover(ctx, issuer)
			return fmt.Sprint(said(err))
		}, 2 * time.Second},
	}
}
