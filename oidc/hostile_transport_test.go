package oidc_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/idpctl/idpctl/oidc"
)

// hostileTransports are what goes wrong below the documents: TLS, HTTP, and where
// a request would go.
func hostileTransports() []hostile {
	const limit = oidc.DefaultTimeout
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
	serve := func(h http.HandlerFunc) func(context.Context, *world) string {
		return at(issuer, func(w *world) { w.mux.HandleFunc(document, h) })
	}
	raw := func(text string) func(context.Context, *world) string { return serve(verbatim(text)) }
	status := func(code int) func(context.Context, *world) string {
		return serve(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(code) })
	}
	doc := func(member, value string) func(context.Context, *world) string {
		return at(issuer, func(w *world) {
			// Whoever is called by mistake would answer.
			for _, host := range []string{"evil.example.com", "127.0.0.1.evil.example.com", "169.254.169.254", "10.0.0.1"} {
				w.https(host, w.never())
			}
			for _, addr := range []string{"127.0.0.1:80", "169.254.169.254:80", "2130706433:80", "localhost:80", "[::1]:80"} {
				w.http(addr, w.never())
			}
			w.doc[member] = value
			w.serveIssuer()
		})
	}
	protocol := func(config *tls.Config) func(context.Context, *world) string {
		return at("https://tls.example.com", func(w *world) { w.tls("tls.example.com", config) })
	}
	return []hostile{
		{"TLS 1.0", protocol(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}), limit},
		{"TLS wants a client certificate", protocol(&tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}), limit},
		{"certificate not valid yet", at("https://early.example.com", func(w *world) {
			w.httpsUntil("early.example.com", time.Now().AddDate(0, 4, 0), w.mux)
		}), limit},
		{"certificate of a CA that is none", at("https://leaf.example.com", func(w *world) { w.badCA("leaf.example.com") }), limit},

		{"redirect with a password in it", serve(redirectTo("https://admin:" + canary + "@evil.example.com/?token=" + canary)), limit},
		{"redirect to a port on the same host", serve(redirectTo("https://" + host + ":8443" + document)), limit},
		{"redirect to this machine", serve(redirectTo("http://127.0.0.1/")), limit},
		{"redirect to a file", serve(redirectTo("file:///etc/passwd")), limit},
		{"redirect without a place", status(http.StatusFound), limit},

		{"gzip bomb", serve(bomb), limit},
		{"compressed by its own word only", serve(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(rw, `{"issuer":"`+issuer+`"}`)
		}), limit},
		{"compressed in a way nobody asked for", serve(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Encoding", "br")
			rw.Header().Set("Content-Type", "application/json")
			_, _ = rw.Write([]byte{0x8b, 0x03, 0x80})
		}), limit},
		{"wrong content type", serve(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "image/png\t; x=\"\u202e\"")
			_, _ = io.WriteString(rw, "\x89PNG\r\n")
		}), limit},
		{"not HTTP", raw("SSH-2.0-OpenSSH_9.2\x1b[2J\r\n"), limit},
		{"closed without a word", raw(""), limit},
		{"endless header", raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 11<<20) + "\r\n\r\n"), limit},
		{"two lengths", raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n{}"), limit},
		{"no content", status(http.StatusNoContent), limit},
		{"forbidden", status(http.StatusForbidden), limit},
		{"internal error", status(http.StatusInternalServerError), limit},
		{"too many requests", status(http.StatusTooManyRequests), limit},

		{"token endpoint on this machine", doc("token_endpoint", "http://127.0.0.1/token"), limit},
		{"keys on this machine by name", doc("jwks_uri", "http://localhost/keys"), limit},
		{"keys on this machine in IPv6", doc("jwks_uri", "http://[::1]/keys"), limit},
		{"token endpoint on this machine as a number", doc("token_endpoint", "http://2130706433/token"), limit},
		{"token endpoint on this machine in IPv6 clothes", doc("token_endpoint", "http://[::ffff:7f00:1]/token"), limit},
		{"token endpoint on a name like this machine's", doc("token_endpoint", "http://127.0.0.1.evil.example.com/token"), limit},
		{"keys at the metadata service", doc("jwks_uri", "http://169.254.169.254/latest/meta-data"), limit},
		{"keys at a private address", doc("jwks_uri", "https://10.0.0.1/keys"), limit},
		{"token endpoint with a password", doc("token_endpoint", "https://admin:"+canary+"@"+host+"/token"), limit},
		{"token endpoint on a host that begins alike", doc("token_endpoint", "https://"+host+".evil.example.com/token"), limit},
		{"device endpoint on another origin", doc("device_authorization_endpoint", "https://evil.example.com/device"), limit},
		{"http keys", doc("jwks_uri", "http://"+host+"/keys"), limit},
		{"http device endpoint", doc("device_authorization_endpoint", "http://"+host+"/device"), limit},
		{"gigantic endpoint", doc("token_endpoint", "https://"+host+"/"+strings.Repeat("x", 5000)), limit},
		{"line break in an endpoint", doc("token_endpoint", "https://"+host+"/\r\nX: y"), limit},
		{"impossible port in an endpoint", doc("token_endpoint", "https://"+host+":0/token"), limit},
		{"half an escape in an endpoint", doc("token_endpoint", "https://"+host+"/%zz"), limit},

		{"10,000 keys", func(ctx context.Context, w *world) string {
			w.answer(jwksPath, 200, "application/json", `{"keys":[`+strings.Repeat(`{"kty":"RSA"},`, 9999)+`{}]}`)
			_, err := w.client.FetchJWKS(ctx, "https://"+host+jwksPath)
			return said(err)
		}, limit},
		{"interim answers without end", func(ctx context.Context, w *world) string {
			w.mux.HandleFunc(jwksPath, verbatim(strings.Repeat("HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n", 11)))
			_, err := w.client.FetchJWKS(ctx, "https://"+host+jwksPath)
			return said(err)
		}, limit},
		{"keys in chunks, broken off", func(ctx context.Context, w *world) string {
			w.mux.HandleFunc(jwksPath, verbatim("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{"))
			_, err := w.client.FetchJWKS(ctx, "https://"+host+jwksPath)
			return said(err)
		}, limit},
		{"key nested deeply", func(ctx context.Context, w *world) string {
			w.answer(jwksPath, 200, "application/json", `{"keys":[`+strings.Repeat(`{"a":`, 100_000)+`1`+strings.Repeat(`}`, 100_000)+`]}`)
			_, err := w.client.FetchJWKS(ctx, "https://"+host+jwksPath)
			return said(err)
		}, limit},
		{"only symmetric algorithms announced", func(ctx context.Context, w *world) string {
			w.doc["id_token_signing_alg_values_supported"] = []string{"HS256", "none", "\x1b[1mES256"}
			return failed(w.serveIssuer(rsaSigner().jwk(nil)).client.CheckIssuer(ctx, issuer).Checks, "issuer.algorithms")
		}, 2 * limit},
		{"issuer that only this machine reaches", func(ctx context.Context, w *world) string {
			w.https("localhost", w.mux)
			return failed(w.client.CheckIssuer(ctx, "https://localhost/realms/influxdb").Checks, "issuer.url")
		}, limit},
		{"issuer over http in a check", func(ctx context.Context, w *world) string {
			w.http(host+":80", w.never())
			return failed(w.client.CheckIssuer(ctx, "http://"+host).Checks, "issuer.https")
		}, 0},
		{"certificate that ends within 30 days", func(ctx context.Context, w *world) string {
			w.httpsUntil(host, time.Now().AddDate(0, 0, 29), w.mux)
			return failed(w.serveIssuer(rsaSigner().jwk(nil)).client.CheckIssuer(ctx, issuer).Checks, "issuer.tls")
		}, 2 * limit},
		{"code is not sent on by a redirect that keeps it", func(ctx context.Context, w *world) string {
			w.https("evil.example.com", w.never())
			w.mux.HandleFunc(tokenPath, func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Location", "https://evil.example.com/elsewhere?x="+canary)
				rw.WriteHeader(http.StatusTemporaryRedirect)
			})
			_, err := w.flow().Refresh(ctx, begun().Code)
			return said(err)
		}, limit},
		{"device endpoint breaks off", func(ctx context.Context, w *world) string {
			w.mux.HandleFunc(devPath, hangUp)
			_, err := w.flow().Start(ctx)
			return said(err)
		}, limit},
	}
}

// verbatim sends bytes as they are, and hangs up.
func verbatim(text string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

// never is a server that must not be asked.
func (w *world) never() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { w.t.Errorf("%s%s was asked", r.Host, r.URL.Path) })
}

// bomb answers with a kilobyte that becomes a gigabyte.
func bomb(rw http.ResponseWriter, _ *http.Request) {
	var small bytes.Buffer
	outer := gzip.NewWriter(&small)
	_, _ = io.WriteString(outer, `{"issuer":"`)
	zeros := bytes.Repeat([]byte("0"), 1<<20)
	for range 64 {
		_, _ = outer.Write(zeros)
	}
	_ = outer.Close()
	rw.Header().Set("Content-Encoding", "gzip")
	rw.Header().Set("Content-Type", "application/json")
	_, _ = rw.Write(small.Bytes())
}

// tls serves a host with other settings of TLS.
func (w *world) tls(host string, config *tls.Config) {
	key := newECKey(w.t, elliptic.P256())
	cert := w.mint(&x509.Certificate{
		Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotAfter: time.Now().AddDate(0, 3, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}, w.ca, &key.PublicKey)
	config.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw, w.ca.Raw}, PrivateKey: key}}
	w.serve(host+":443", w.mux, config)
}

// badCA serves a host with a certificate that another server's certificate has
// signed.
func (w *world) badCA(host string) {
	key := newECKey(w.t, elliptic.P256())
	template := func(name string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().AddDate(0, 3, 0), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true}
	}
	between := w.mint(template("between.example.com"), w.ca, &w.caKey.PublicKey)
	cert := w.mint(template(host), between, &key.PublicKey)
	w.serve(host+":443", w.mux, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw, between.Raw}, PrivateKey: key}}})
}
