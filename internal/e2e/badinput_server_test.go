package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/fault"
	emulator "github.com/idpctl/idpctl/emulator/keycloak"
)

// Ends of certificates.
var (
	past = time.Date(2002, 2, 2, 2, 2, 2, 0, time.UTC)
	far  = time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
)

// authority signs certificates for servers of the tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	a.cert = a.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Authority of the tests"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
	}, nil, key)
	return a
}

func (a *authority) sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	if parent == nil {
		parent = template
	}
	template.SerialNumber = big.NewInt(1985)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// serve starts a server with TLS whose certificate is for a name and ends at a
// time. An empty name is that of this machine.
func (a *authority) serve(name string, until time.Time, h http.Handler) (address string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		NotBefore: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if name == "" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	} else {
		template.DNSNames = []string{name}
	}
	cert := a.sign(template, a.cert, key)
	server := httptest.NewUnstartedServer(h)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	a.t.Cleanup(server.Close)
	return server.URL
}

// pem is the authority's certificate as a file holds it.
func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// TestServersThatFail: each of them is one clear error, and nothing is changed.
func TestServersThatFail(t *testing.T) {
	m := newMistaken(t, "server", "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin", "KEYCLOAK_CA_FILE=")
	good := httptest.NewServer(emulator.New(emulator.Options{}))
	defer good.Close()
	trusted, foreign := newAuthority(t), newAuthority(t)
	m.write("ca.pem", trusted.pem())
	anything := asksNothing(t)

	serve := func(h http.Handler) string {
		s := httptest.NewUnstartedServer(h)
		s.Config.ErrorLog = quiet()
		s.Start()
		t.Cleanup(s.Close)
		return s.URL
	}
	on := func(do fault.Action) string {
		in := fault.New(emulator.New(emulator.Options{}))
		in.Add(fault.Rule{Do: do})
		return serve(in)
	}
	// after signs in as usual, and then fails.
	after := func(do fault.Action) string {
		in := fault.New(emulator.New(emulator.Options{}))
		in.Add(fault.Rule{Path: regexp.MustCompile("^/admin/"), Do: do})
		return serve(in)
	}
	elsewhere := noRequests(t)
	notFound := serve(http.NotFoundHandler())
	limited := httptest.NewServer(emulator.New(emulator.Options{}))
	defer limited.Close()
	limitedAccount(t, limited.URL)

	cases := []struct {
		name, url string
		env       []string
		slow      bool
	}{
		{"nobody listens", "http://127.0.0.1:1", nil, true},
		{"no such host", "http://keycloak.invalid", nil, false},
		{"hangs before the sign-in", on(hang()), []string{"IDPCTL_VAR_timeout=1"}, true},
		{"hangs after the sign-in", after(hang()), []string{"IDPCTL_VAR_timeout=1"}, true},
		{"wrong password", good.URL, []string{"KEYCLOAK_PASSWORD=wrong-horse"}, false},
		{"unknown user", good.URL, []string{"KEYCLOAK_USER=nobody"}, false},
		{"unknown client", good.URL, []string{"KEYCLOAK_USER=", "KEYCLOAK_PASSWORD=", "KEYCLOAK_CLIENT_ID=automation", "KEYCLOAK_CLIENT_SECRET=wrong"}, false},
		{"wrong secret of a client", limited.URL, []string{"KEYCLOAK_USER=", "KEYCLOAK_PASSWORD=", "KEYCLOAK_CLIENT_ID=pipeline", "KEYCLOAK_CLIENT_SECRET=wrong"}, false},
		{"client without an account", limited.URL, []string{"KEYCLOAK_USER=", "KEYCLOAK_PASSWORD=", "KEYCLOAK_CLIENT_ID=pipeline", "KEYCLOAK_CLIENT_SECRET=pipeline-1985"}, false},
		{"public client without a user", limited.URL, []string{"KEYCLOAK_USER=", "KEYCLOAK_PASSWORD=", "KEYCLOAK_CLIENT_ID=desk", "KEYCLOAK_CLIENT_SECRET=desk-1985"}, false},
		{"client that takes no passwords", limited.URL, []string{"KEYCLOAK_CLIENT_ID=desk"}, false},
		{"unknown realm to sign in at", good.URL, []string{"KEYCLOAK_REALM=mister"}, false},
		{"no credentials", good.URL, []string{"KEYCLOAK_USER=", "KEYCLOAK_PASSWORD="}, false},
		{"certificate expired", trusted.serve("", past, anything), []string{"KEYCLOAK_CA_FILE=ca.pem"}, false},
		{"authority not trusted", foreign.serve("", far, anything), nil, false},
		{"another authority in the file", foreign.serve("", far, anything), []string{"KEYCLOAK_CA_FILE=ca.pem"}, false},
		{"certificate for another host", trusted.serve("sso.example.com", far, anything), []string{"KEYCLOAK_CA_FILE=ca.pem"}, false},
		{"no such CA file", good.URL, []string{"KEYCLOAK_CA_FILE=nowhere.pem"}, false},
		{"CA file without a certificate", good.URL, []string{"KEYCLOAK_CA_FILE=main.idp.hcl"}, false},
		{"TLS wanted where there is none", strings.Replace(good.URL, "http:", "https:", 1), nil, false},
		{"TLS where none is wanted", strings.Replace(trusted.serve("", far, anything), "https:", "http:", 1), nil, false},
		{"a log-in page instead of Keycloak", on(fault.HTML()), nil, false},
		{"a log-in page after the sign-in", after(fault.HTML()), nil, false},
		{"another path", notFound, nil, false},
		{"redirected elsewhere", on(redirect(elsewhere)), nil, false},
		{"redirected after the sign-in", after(redirect(elsewhere)), nil, false},
		{"10 MB of HTML", on(muchHTML()), nil, false},
		{"10 MB of an error", on(fault.Status(400, `{"error":"`+strings.Repeat("much ", 2<<20)+`"}`, nil)), nil, false},
		{"65 MB of JSON", after(muchJSON()), nil, true},
		{"an account without rights", limited.URL, []string{"KEYCLOAK_USER=limited", "KEYCLOAK_PASSWORD=limited-1985"}, false},
		{"broken JSON", after(fault.Status(200, `{"realm":`, nil)), nil, false},
		{"a defect of the server", after(fault.Status(500, `{"error":"unknown_error"}`, nil)), nil, false},
	}

	// Without a state, and then with one.
	for _, state := range []string{"absent", "there"} {
		if state == "there" {
			m.env = append(m.env, "IDPCTL_VAR_url="+good.URL)
			if p := m.run("apply", "-auto-approve"); p.code != 0 {
				t.Fatal(p.out, p.errOut)
			}
		}
		before := m.files()
		var told strings.Builder
		for _, c := range cases {
			if c.slow && state == "absent" {
				continue // what is tried again takes real time: with a state it has more to leave alone
			}
			t.Run(c.name+" with the state "+state, func(t *testing.T) {
				n := &mistaken{t: t, env: append(append([]string{}, m.env...), append(c.env, "IDPCTL_VAR_url="+c.url)...), testdata: m.testdata}
				p := n.run("apply", "-auto-approve")
				if p.code != 1 || p.out != "" {
					t.Errorf("exit code %d, and to standard output:\n%s", p.code, p.out)
				}
				want := 1
				if state == "there" && c.name == "an account without rights" {
					want = 3 // three roles are missing
				}
				if n := strings.Count(p.errOut, "\nError: "); n != want {
					t.Errorf("%d errors instead of %d:\n%s", n, want, p.errOut)
				}
				toldOnce(t, p.errOut)
				fmt.Fprintf(&told, "== %s\n%s\n", c.name, p.errOut)
				if after := n.files(); !maps.Equal(before, after) {
					t.Errorf("files were changed: %v", changedFiles(before, after))
				}
			})
		}
		m.golden("server-state-"+state+".txt", told.String())
	}
}

// changedFiles names the files that differ.
func changedFiles(before, after map[string]string) (names []string) {
	for name := range after {
		if was, ok := before[name]; !ok || was != after[name] {
			names = append(names, name)
		}
	}
	return names
}

// hang never answers.
func hang() fault.Action {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the client's end is not noticed
			<-r.Context().Done()
			panic(http.ErrAbortHandler) // else the answer 200 may still reach a client that is about to leave
		})
	}
}

// muchHTML answers with 10 MB of a page.
func muchHTML() fault.Action {
	return fault.Status(200, strings.Repeat("<p>much</p>", 1<<20), http.Header{"Content-Type": {"text/html"}})
}

// muchJSON answers with 65 MB of JSON.
func muchJSON() fault.Action {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			some := bytes.Repeat([]byte(" "), 1<<20)
			for range 65 {
				_, _ = w.Write(some)
			}
		})
	}
}

func redirect(to string) fault.Action {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, to+r.URL.Path, http.StatusTemporaryRedirect)
		})
	}
}

// limitedAccount makes an account of master that may manage nothing, and a
// realm that it may not even see.
func limitedAccount(t *testing.T, address string) {
	t.Helper()
	a := newSecretAdmin(t, onKeycloak("admin", "admin"), address)
	a.call("POST", "", map[string]any{"realm": "influxdb", "enabled": true}, nil)
	a.call("POST", "master/users", map[string]any{
		"username": "limited", "enabled": true, "email": "limited@example.com", "firstName": "A", "lastName": "B",
		"credentials": []any{map[string]any{"type": "password", "value": "limited-1985"}},
	}, nil)
	a.call("POST", "master/clients", map[string]any{
		"clientId": "pipeline", "publicClient": false, "secret": "pipeline-1985", "serviceAccountsEnabled": false, "standardFlowEnabled": true,
	}, nil)
	a.call("POST", "master/clients", map[string]any{"clientId": "desk", "publicClient": true, "directAccessGrantsEnabled": false}, nil)
}

// TestBasePath: /auth in front of all paths is found without being written.
func TestBasePath(t *testing.T) {
	m := newMistaken(t, "server", "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin")
	for _, base := range []string{"", "/auth"} {
		server := httptest.NewServer(below(base, emulator.New(emulator.Options{BasePath: base})))
		for _, written := range []string{"", "/", "/auth", "/auth/"} {
			m.env = append(m.env, "IDPCTL_VAR_url="+server.URL+written)
			p := m.run("plan", "-detailed-exitcode")
			if p.code != 2 {
				t.Errorf("the server has %q, and the configuration %q: exit code %d\n%s", base, written, p.code, p.errOut)
			}
		}
		server.Close()
	}
}

// below answers as Keycloak does to paths that are not below base.
func below(base string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, base) && (base != "" || !strings.HasPrefix(r.URL.Path, "/auth/")) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error":"Unable to find matching target resource method"}`)
	})
}
