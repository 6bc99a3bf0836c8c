package oidc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/resource"
)

const (
	host      = "sso.example.com"
	issuer    = "https://sso.example.com/realms/influxdb"
	document  = "/realms/influxdb/.well-known/openid-configuration"
	jwksPath  = "/realms/influxdb/certs"
	tokenPath = "/realms/influxdb/token"
	devPath   = "/realms/influxdb/device"
	canary    = "canary-5f2c9e"
)

// world is a network in memory, so that a test can stand in a synctest bubble:
// hosts with http and https, and a client that knows their CA.
type world struct {
	t      *testing.T
	client *oidc.Client
	mux    *http.ServeMux // of the issuer's host
	doc    map[string]any // the issuer's discovery document

	ca     *x509.Certificate
	caKey  *ecdsa.PrivateKey
	certs  map[string]tls.Certificate
	listen map[string]*memnet.Listener
}

// newWorld must be called inside the bubble: its certificates are minted by the
// bubble's clock.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, mux: http.NewServeMux(), certs: map[string]tls.Certificate{}, listen: map[string]*memnet.Listener{}}
	w.caKey = newECKey(t, elliptic.P256())
	w.ca = w.mint(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}, nil, &w.caKey.PublicKey)
	roots := x509.NewCertPool()
	roots.AddCert(w.ca)
	transport := &http.Transport{
		DialContext: w.dial, TLSClientConfig: &tls.Config{RootCAs: roots},
		TLSHandshakeTimeout: time.Hour, // the client's own time limit has to do it
	}
	t.Cleanup(transport.CloseIdleConnections)
	w.client = &oidc.Client{HTTP: &http.Client{Transport: transport}}

	w.doc = map[string]any{
		"issuer":                                issuer,
		"jwks_uri":                              "https://" + host + jwksPath,
		"token_endpoint":                        "https://" + host + tokenPath,
		"device_authorization_endpoint":         "https://" + host + devPath,
		"authorization_endpoint":                issuer + "/auth",
		"userinfo_endpoint":                     issuer + "/userinfo",
		"grant_types_supported":                 []string{"urn:ietf:params:oauth:grant-type:device_code"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	}
	w.https(host, w.mux)
	return w
}

// serveIssuer serves the discovery document and a key set.
func (w *world) serveIssuer(keys ...any) *world {
	if keys == nil {
		keys = []any{}
	}
	w.mux.HandleFunc(document, func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, 200, w.doc) })
	w.mux.HandleFunc(jwksPath, func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, 200, map[string]any{"keys": keys}) })
	return w
}

// answer serves one fixed answer.
func (w *world) answer(path string, status int, contentType, body string) *world {
	w.mux.HandleFunc(path, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", contentType)
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, body)
	})
	return w
}

func (w *world) https(host string, h http.Handler) {
	w.httpsUntil(host, time.Now().AddDate(0, 3, 0), h)
}

// httpsUntil serves with a certificate that began three months before it ends.
func (w *world) httpsUntil(host string, notAfter time.Time, h http.Handler) {
	key := newECKey(w.t, elliptic.P256())
	cert := w.mint(&x509.Certificate{
		Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: notAfter.AddDate(0, -3, 0), NotAfter: notAfter, KeyUsage: x509.KeyUsageDigitalSignature,
	}, w.ca, &key.PublicKey)
	w.serve(host+":443", h, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw, w.ca.Raw}, PrivateKey: key}}})
}

func (w *world) http(hostPort string, h http.Handler) { w.serve(hostPort, h, nil) }

func (w *world) serve(addr string, h http.Handler, config *tls.Config) {
	l := memnet.Listen()
	w.listen[addr] = l
	var on net.Listener = l
	if config != nil {
		on = tls.NewListener(l, config)
	}
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(on) }()
	w.t.Cleanup(func() { _ = server.Close() })
}

func (w *world) mint(template, parent *x509.Certificate, public any) *x509.Certificate {
	w.t.Helper()
	template.SerialNumber = big.NewInt(int64(len(w.certs) + 1))
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, w.caKey)
	if err != nil {
		w.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		w.t.Fatal(err)
	}
	return cert
}

func (w *world) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	l, ok := w.listen[addr]
	if !ok {
		name, _, _ := net.SplitHostPort(addr)
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return l.Dial(ctx, network, addr)
}

func writeJSON(rw http.ResponseWriter, status int, v any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(v)
}

// signer is a key that makes tokens.
type signer struct {
	key any
	alg jose.SignatureAlgorithm
	kid string
}

// rsaSigner is shared by all tests: making RSA keys is slow.
var rsaSigner = sync.OnceValue(func() signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return signer{key: key, alg: jose.RS256, kid: "rsa-1"}
})

func ecSigner(t *testing.T, kid string) signer {
	t.Helper()
	return signer{key: newECKey(t, elliptic.P256()), alg: jose.ES256, kid: kid}
}

func newECKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// jwk is the public key as a member of a key set, with changes made to it; a
// nil value takes a member away.
func (s signer) jwk(changes map[string]any) map[string]any {
	public := (&jose.JSONWebKey{Key: s.key, KeyID: s.kid, Algorithm: string(s.alg), Use: "sig"}).Public()
	data, err := public.MarshalJSON()
	if err != nil {
		panic(err)
	}
	m := map[string]any{}
	if err := json.Unmarshal(data, &m); err != nil {
		panic(err)
	}
	for name, value := range changes {
		m[name] = value
		if value == nil {
			delete(m, name)
		}
	}
	return m
}

// token signs claims.
func (s signer) token(t *testing.T, claims map[string]any) resource.Secret {
	t.Helper()
	return s.tokenWith(t, claims, nil)
}

func (s signer) tokenWith(t *testing.T, claims map[string]any, headers map[jose.HeaderKey]any) resource.Secret {
	t.Helper()
	key := s.key
	if s.kid != "" {
		key = jose.JSONWebKey{Key: s.key, KeyID: s.kid}
	}
	signing, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: key}, &jose.SignerOptions{ExtraHeaders: headers})
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signing).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return resource.NewSecret(text)
}

// keySet parses keys as FetchJWKS does.
func keySet(t *testing.T, keys ...any) oidc.KeySet {
	t.Helper()
	data, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	set, err := oidc.ParseJWKS(data)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// goodClaims are those of a token that everybody accepts.
func goodClaims(now time.Time) map[string]any {
	return map[string]any{
		"iss": issuer, "sub": "id-marty", "azp": "influxctl", "preferred_username": "marty",
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
}

func with(m map[string]any, changes map[string]any) map[string]any {
	for name, value := range changes {
		m[name] = value
		if value == nil {
			delete(m, name)
		}
	}
	return m
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
