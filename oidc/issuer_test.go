package oidc_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/oidc"
)

func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld(t)) })
}

func render(checks []oidc.Check) string {
	var b strings.Builder
	for _, c := range checks {
		fmt.Fprintf(&b, "%-8s %-24s %s: %s\n", c.Status, c.ID, c.Name, c.Value)
		if c.Want != "" {
			fmt.Fprintf(&b, "         want %s\n", c.Want)
		}
		if c.Hint != "" {
			fmt.Fprintf(&b, "         hint %s\n", c.Hint)
		}
	}
	return b.String()
}

func statuses(checks []oidc.Check) map[string]oidc.Status {
	m := map[string]oidc.Status{}
	for _, c := range checks {
		m[c.ID] = c.Status
	}
	return m
}

// TestCheckIssuer compares whole reports: what a person reads when all is well,
// when nothing is, and between.
func TestCheckIssuer(t *testing.T) {
	rsa := rsaSigner()
	for _, tc := range []struct {
		name    string
		issuer  string
		prepare func(w *world)
		failed  bool
	}{
		{"good, encryption key first", issuer, func(w *world) {
			enc := rsa.jwk(map[string]any{"use": "enc", "alg": "RSA-OAEP", "kid": "enc-1"})
			w.serveIssuer(enc, rsa.jwk(nil), ecSigner(w.t, "ec-1").jwk(nil))
		}, false},
		{"good, keys without use and alg, grant not listed", issuer, func(w *world) {
			delete(w.doc, "grant_types_supported")
			w.serveIssuer(rsa.jwk(map[string]any{"use": nil, "alg": nil}), ecSigner(w.t, "ec-1").jwk(map[string]any{"use": nil}))
		}, false},
		{"http on this machine", "http://localhost:8080/realms/influxdb", func(w *world) {
			w.http("localhost:8080", w.mux)
			for name, value := range w.doc {
				if s, ok := value.(string); ok {
					w.doc[name] = strings.Replace(s, "https://"+host, "http://localhost:8080", 1)
				}
			}
			w.serveIssuer(rsa.jwk(nil))
		}, false},
		{"nobody there", "https://nowhere.example.com", func(*world) {}, true},
		{"expired certificate", "https://old.example.com", func(w *world) {
			w.httpsUntil("old.example.com", time.Now().Add(-time.Hour), w.mux)
		}, true},
		{"wrong in many ways", issuer, func(w *world) {
			with(w.doc, map[string]any{
				"issuer": issuer + "/", "token_endpoint": "https://evil.example.com/token", "jwks_uri": "https://keys.example.com/",
				"device_authorization_endpoint": "http://" + host + devPath, "userinfo_endpoint": "https://graph.example.net/",
			})
			w.serveIssuer(rsa.jwk(map[string]any{"use": "enc"}))
		}, true},
		{"keys unreadable", issuer, func(w *world) {
			w.mux.HandleFunc(document, func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, 200, w.doc) })
		}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				tc.prepare(w)
				report := w.client.CheckIssuer(t.Context(), tc.issuer)
				if got := oidc.AnyFailed(report.Checks); got != tc.failed {
					t.Errorf("failed: %v, want %v", got, tc.failed)
				}
				if trusted := report.Discovery.DocumentURL != ""; trusted == tc.failed && tc.name != "keys unreadable" {
					t.Errorf("discovery handed out: %v", trusted)
				}
				name := "issuer_" + strings.NewReplacer(" ", "_", ",", "").Replace(tc.name) + ".golden"
				compareGolden(t, name, render(report.Checks))
			})
		})
	}
}

func TestCheckIssuerEachCheckOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		good := statuses(w.serveIssuer(rsaSigner().jwk(nil)).client.CheckIssuer(t.Context(), issuer).Checks)
		bad := statuses(w.client.CheckIssuer(t.Context(), "x").Checks)
		if len(good) != 13 || len(bad) != len(good) {
			t.Errorf("%d and %d checks", len(good), len(bad))
		}
		for id := range bad {
			if _, ok := good[id]; !ok {
				t.Errorf("check %s only if it fails", id)
			}
		}
	})
}

func TestDiscover(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.serveIssuer()
		d, err := w.client.Discover(t.Context(), issuer)
		if err != nil {
			t.Fatal(err)
		}
		want := oidc.Discovery{
			DocumentURL: "https://" + host + document, Issuer: issuer, JWKSURI: "https://" + host + jwksPath,
			TokenEndpoint: "https://" + host + tokenPath, DeviceAuthorizationEndpoint: "https://" + host + devPath,
			AuthorizationEndpoint: issuer + "/auth", UserinfoEndpoint: issuer + "/userinfo",
			GrantTypes: []string{"urn:ietf:params:oauth:grant-type:device_code"}, SigningAlgorithms: []string{"RS256"},
		}
		if fmt.Sprint(d) != fmt.Sprint(want) {
			t.Errorf("got  %+v\nwant %+v", d, want)
		}
	})
}

// TestDiscoverAccepts lists what looks odd and is right.
func TestDiscoverAccepts(t *testing.T) {
	for _, tc := range []struct {
		name, issuer string
		prepare      func(w *world)
	}{
		{"issuer with a slash at the end", issuer + "/", func(w *world) { w.doc["issuer"] = issuer + "/" }},
		{"no device endpoint", issuer, func(w *world) { delete(w.doc, "device_authorization_endpoint") }},
		{"port 443 named", issuer, func(w *world) { w.doc["token_endpoint"] = "https://SSO.example.com:443/token" }},
		{"userinfo elsewhere", issuer, func(w *world) { w.doc["userinfo_endpoint"] = "https://graph.example.net/userinfo" }},
		{"optional members of a wrong type", issuer, func(w *world) {
			w.doc["grant_types_supported"] = "device_code"
			w.doc["scopes_supported"] = []any{1, nil}
		}},
		{"null members", issuer, func(w *world) { w.doc["device_authorization_endpoint"] = nil }},
		{"endpoint with a query", issuer, func(w *world) { w.doc["token_endpoint"] = "https://" + host + "/token?p=b2c" }},
		{"origin that the caller allows", issuer, func(w *world) {
			w.doc["token_endpoint"] = "https://oauth.example.net/token"
			w.client.AllowedOrigins = []string{"https://OAuth.example.net/"}
		}},
		{"http that the caller allows", "http://sso.example.com/realms/influxdb", func(w *world) {
			w.http(host+":80", w.mux)
			for name, value := range w.doc {
				if s, ok := value.(string); ok {
					w.doc[name] = strings.Replace(s, "https:", "http:", 1)
				}
			}
			w.client.AllowHTTP = true
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				tc.prepare(w)
				w.serveIssuer()
				d, err := w.client.Discover(t.Context(), tc.issuer)
				if err != nil || d.Issuer != tc.issuer || d.JWKSURI == "" || d.TokenEndpoint == "" {
					t.Errorf("%+v, %v", d, err)
				}
			})
		})
	}
}

// TestUnusedOrigins: where nobody goes may be elsewhere, and where keys come from
// and codes go to may not.
func TestUnusedOrigins(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.client.UnusedOrigins = []string{"https://graph.example.net"}
		w.doc["userinfo_endpoint"] = "https://graph.example.net/userinfo"
		w.serveIssuer(rsaSigner().jwk(nil))
		if got := statuses(w.client.CheckIssuer(t.Context(), issuer).Checks)["issuer.origins"]; got != oidc.Passed {
			t.Errorf("user info: %s", got)
		}
		w.doc["token_endpoint"] = "https://graph.example.net/token"
		if got := statuses(w.client.CheckIssuer(t.Context(), issuer).Checks)["issuer.origins"]; got != oidc.Failed {
			t.Errorf("token endpoint: %s", got)
		}
	})
}

// TestClaimed: what the document calls its issuer is told even if it is another.
func TestClaimed(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.doc["issuer"] = issuer + "/"
		w.serveIssuer(rsaSigner().jwk(nil))
		if got := w.client.CheckIssuer(t.Context(), issuer).Claimed; got != issuer+"/" {
			t.Errorf("claimed %q", got)
		}
		w.doc["issuer"] = "https://sso.example.com/\x1b[2J"
		if got := w.client.CheckIssuer(t.Context(), issuer).Claimed; got != "" {
			t.Errorf("claimed %q", got)
		}
	})
}

// TestDiscoverByContent: what a document calls itself does not matter if it is one.
func TestDiscoverByContent(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.mux.HandleFunc(document, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/html")
			_ = json.NewEncoder(rw).Encode(w.doc)
		})
		if _, err := w.client.Discover(t.Context(), issuer); err != nil {
			t.Error(err)
		}
	})
}

func TestDiscoverFollowsRedirectsOfOneOrigin(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.mux.HandleFunc(document, redirectTo("/moved"))
		w.mux.HandleFunc("/moved", func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, 200, w.doc) })
		if _, err := w.client.Discover(t.Context(), issuer); err != nil {
			t.Error(err)
		}
	})
}

// TestDiscoverReportsEverything: errors are joined, and each can be asked for.
func TestDiscoverReportsEverything(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		with(w.doc, map[string]any{"issuer": "https://evil.example.com", "jwks_uri": nil, "token_endpoint": "http://" + host + "/t"})
		w.serveIssuer()
		_, err := w.client.Discover(t.Context(), issuer)
		joined, ok := err.(interface{ Unwrap() []error })
		if !ok {
			t.Fatalf("%T: %v", err, err)
		}
		kinds := map[oidc.ErrorKind]bool{}
		for _, one := range joined.Unwrap() {
			kinds[oidc.KindOf(one)] = true
		}
		if want := map[oidc.ErrorKind]bool{oidc.IssuerMismatch: true, oidc.Incomplete: true, oidc.Insecure: true}; !maps.Equal(kinds, want) {
			t.Errorf("kinds %v in %v", kinds, err)
		}
	})
}

// TestClientKeepsItsOwnRules: neither redirect policy nor time limit of the
// caller's client counts, and its cookies stay at home.
func TestClientKeepsItsOwnRules(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		asked := false
		w.client.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { asked = true; return nil }
		w.https("evil.example.com", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other origin was asked") }))
		w.mux.HandleFunc(document, redirectTo("https://evil.example.com/"))
		_, err := w.client.Discover(t.Context(), issuer)
		if oidc.KindOf(err) != oidc.Redirected || asked {
			t.Errorf("%v, asked %v", err, asked)
		}
	})
}

func TestUserAgentAndTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		got := ""
		w.mux.HandleFunc(document, func(rw http.ResponseWriter, r *http.Request) {
			got = r.UserAgent()
			silence(rw, r)
		})
		w.client.UserAgent, w.client.Timeout = "idpctl/1", 3*time.Second
		start := time.Now()
		_, err := w.client.Discover(t.Context(), issuer)
		synctest.Wait() // the handler has ended
		if oidc.KindOf(err) != oidc.TimedOut || time.Since(start) != 3*time.Second || got != "idpctl/1" {
			t.Errorf("%v after %s, user agent %q", err, time.Since(start), got)
		}
		var e *oidc.Error
		if !errors.As(err, &e) || e.Err == nil {
			t.Error("the cause is lost")
		}
	})
}
