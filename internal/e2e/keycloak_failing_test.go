package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
	emulator "github.com/idpctl/idpctl/emulator/keycloak"
)

// adminAlone are the requests after the sign-in.
var adminAlone = regexp.MustCompile("^/admin/")

// keycloakAt is the environment of a Keycloak.
func keycloakAt(address string, more ...string) []string {
	return append([]string{"KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin", "KEYCLOAK_CA_FILE=", "IDPCTL_VAR_url=" + address}, more...)
}

// keycloakFailures are the ways to fail in front of a Keycloak. Most servers have
// nothing in them, and no TLS.
func keycloakFailures(p *pit) {
	t, trusted, foreign := p.t, p.trusted, p.foreign
	serve := func(h http.Handler) string {
		s := httptest.NewUnstartedServer(h)
		s.Config.ErrorLog = quiet()
		s.Start()
		t.Cleanup(s.Close)
		return s.URL
	}
	at := func(name, address string, more ...string) *failing {
		return p.at(name, keycloakAt(address, more...)...)
	}
	on := func(name string, path *regexp.Regexp, do fault.Action, more ...string) *failing {
		in := p.behind(emulator.New(emulator.Options{}), path, do)
		c := at(name, serve(in), more...)
		c.server = in
		return c
	}
	anything, elsewhere, good := asksNothing(t), noRequests(t), serve(p.server)
	limited := serve(keycloakLimited(t))
	client := func(id, secret string) []string {
		return []string{"KEYCLOAK_USER=", "KEYCLOAK_PASSWORD=", "KEYCLOAK_CLIENT_ID=" + id, "KEYCLOAK_CLIENT_SECRET=" + secret}
	}

	at("nobody listens", "http://127.0.0.1:1").slow = true
	at("no such host", "http://keycloak.invalid")
	on("hangs before the sign-in", nil, hang(), "IDPCTL_VAR_timeout=1").hangs()
	on("hangs after the sign-in", adminAlone, hang(), "IDPCTL_VAR_timeout=1").hangs()
	at("wrong password", good, "KEYCLOAK_PASSWORD=wrong-horse")
	at("unknown user", good, "KEYCLOAK_USER=nobody")
	at("unknown client", good, client("automation", "wrong-horse")...)
	at("wrong secret of a client", limited, client("pipeline", "wrong-horse")...)
	at("client without an account", limited, client("pipeline", "pipeline-1985")...)
	at("public client without a user", limited, client("desk", "desk-1985")...)
	at("client that takes no passwords", limited, "KEYCLOAK_CLIENT_ID=desk")
	at("unknown realm to sign in at", good, "KEYCLOAK_REALM=mister")
	at("no credentials", good, "KEYCLOAK_USER=", "KEYCLOAK_PASSWORD=")
	at("certificate expired", trusted.serve("", past, anything), "KEYCLOAK_CA_FILE=ca.pem")
	at("authority not trusted", foreign.serve("", far, anything))
	at("another authority in the file", foreign.serve("", far, anything), "KEYCLOAK_CA_FILE=ca.pem")
	at("certificate for another host", trusted.serve("sso.example.com", far, anything), "KEYCLOAK_CA_FILE=ca.pem")
	at("no such CA file", good, "KEYCLOAK_CA_FILE=nowhere.pem")
	at("CA file without a certificate", good, "KEYCLOAK_CA_FILE=main.idp.hcl")
	at("TLS wanted where there is none", strings.Replace(good, "http:", "https:", 1))
	at("TLS where none is wanted", strings.Replace(trusted.serve("", far, anything), "https:", "http:", 1))
	on("a log-in page instead of Keycloak", nil, fault.HTML())
	on("a log-in page after the sign-in", adminAlone, fault.HTML())
	at("another path", serve(http.NotFoundHandler()))
	on("redirected elsewhere", nil, redirect(elsewhere))
	on("redirected after the sign-in", adminAlone, redirect(elsewhere))
	on("10 MB of HTML", nil, muchHTML())
	on("10 MB of an error", nil, fault.Status(400, `{"error":"`+strings.Repeat("much ", 2<<20)+`"}`, nil))
	on("65 MB of JSON", adminAlone, muchJSON()).slow = true
	at("an account without rights", limited, "KEYCLOAK_USER=limited", "KEYCLOAK_PASSWORD=limited-1985").withState = 3 // roles are missing
	on("broken JSON", adminAlone, fault.Status(200, `{"realm":`, nil))
	on("a defect of the server", adminAlone, fault.Status(500, `{"error":"unknown_error"}`, nil))
}

// keycloakLimited has an account of master that may manage nothing, and a realm that
// it may not even see.
func keycloakLimited(t testing.TB) *emulator.Server {
	t.Helper()
	server := emulator.New(emulator.Options{})
	k := keycloakSomebody(t, server)
	k.do(http.MethodPost, "", map[string]any{"realm": "influxdb", "enabled": true}, nil)
	k.do(http.MethodPost, "/master/users", map[string]any{
		"username": "limited", "enabled": true, "email": "limited@example.com", "firstName": "A", "lastName": "B",
		"credentials": []any{map[string]any{"type": "password", "value": "limited-1985"}},
	}, nil)
	k.do(http.MethodPost, "/master/clients", map[string]any{
		"clientId": "pipeline", "publicClient": false, "secret": "pipeline-1985", "serviceAccountsEnabled": false, "standardFlowEnabled": true,
	}, nil)
	k.do(http.MethodPost, "/master/clients", map[string]any{"clientId": "desk", "publicClient": true, "directAccessGrantsEnabled": false}, nil)
	return server
}

// TestBasePath: /auth in front of all paths is found without being written.
func TestBasePath(t *testing.T) {
	m := newMistaken(t, "keycloak", "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin")
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
