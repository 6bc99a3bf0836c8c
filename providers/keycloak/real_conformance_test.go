//go:build keycloak

package keycloak

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance"
	"github.com/idpctl/idpctl/resource"
)

// faultProxy stands in front of the server and makes requests fail.
type faultProxy struct {
	next  http.Handler
	mu    sync.Mutex
	fault conformance.Fault
	reads bool
	times int
}

func (p *faultProxy) Fail(f conformance.Fault, reads bool, times int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.reads, p.times = f, reads, times
}

func (p *faultProxy) Heal() { p.Fail(0, false, 0) }

func (p *faultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	f := p.fault
	is := strings.HasPrefix(r.URL.Path, "/admin/") && (r.Method == http.MethodGet) == p.reads && p.times != 0
	if is && p.times > 0 {
		p.times--
	}
	p.mu.Unlock()
	drop := func() {
		c, _, _ := w.(http.Hijacker).Hijack()
		_ = c.Close()
	}
	switch {
	case !is || f == 0:
		p.next.ServeHTTP(w, r)
	case f == conformance.TooManyRequests:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(429)
	case f == conformance.Unavailable:
		w.WriteHeader(503)
	case f == conformance.DropBefore:
		drop()
	case f == conformance.CommitThenDrop:
		p.next.ServeHTTP(httptest.NewRecorder(), r)
		drop()
	}
}

func TestConformance(t *testing.T) {
	admin := open(t, nil)
	prefix := uuid.NewString()[:8]
	target, _ := url.Parse(setting(t, "IDPCTL_TEST_KEYCLOAK"))
	conformance.Run(t, conformance.Harness{
		Start: func(t *testing.T) conformance.Target {
			rp := httputil.NewSingleHostReverseProxy(target)
			proxy := &faultProxy{next: rp}
			srv := httptest.NewServer(proxy)
			t.Cleanup(srv.Close)
			return conformance.Target{
				Provider: New(), Faults: proxy,
				Config: providers.Config{Parallelism: 8, UserAgent: "idpctl/test", Attrs: config(t, map[string]cty.Value{
					"url": s(srv.URL), "username": s(setting(t, "IDPCTL_TEST_KEYCLOAK_USER")), "password": s(setting(t, "IDPCTL_TEST_KEYCLOAK_PASSWORD")),
				})},
			}
		},
		Samples: map[string]conformance.Sample{
			"realm.password_policy": conformance.Values(s("length(8)"), s("length(9) and notUsername"), s("")),
			"realm.login_theme":     conformance.Values(s("keycloak"), s("keycloak.v2"), s("")),
			// Keycloak allows it only without these two.
			"realm.duplicate_emails_allowed": {
				Value: func(n int) cty.Value { return cty.BoolVal(n%2 == 0) },
				With:  map[string]cty.Value{"login_with_email_allowed": cty.False, "registration_email_as_username": cty.False},
			},
			// Those of one client must not exceed those of the whole session.
			"realm.sso_session_idle_timeout":    conformance.Values(n(1800), n(1801)),
			"realm.sso_session_max_lifespan":    conformance.Values(n(36000), n(36001)),
			"realm.client_session_idle_timeout": conformance.Values(n(600), n(601)),
			"realm.client_session_max_lifespan": conformance.Values(n(700), n(701)),
			"client.default_scopes":             conformance.Values(set("extra-1"), set("extra-2")),
			"client.optional_scopes":            conformance.Values(set("extra-3"), set("extra-4")),
			"client.valid_redirect_uris":        conformance.Values(set("http://localhost:1/*"), set("http://localhost:2/*", "https://x.example.com/cb")),
			"user.username":                     {Value: func(n int) cty.Value { return s(fmt.Sprintf("sample.%s-%d", prefix, n)) }},
			"user.required_actions":             conformance.Values(set("CONFIGURE_TOTP"), set("UPDATE_PROFILE")),
		},
		Always:         map[string]map[string]cty.Value{"realm": {"edit_username_allowed": cty.True}},
		CreatedUnknown: []string{"realm", "client", "group"},
		Home: func(t *testing.T, o resource.Object) {
			admin.t = t
			realm := stringAttr(o.Attrs, "realm")
			admin.allow(realm, "ADMIN_EDIT")
			// Scopes that no client has by the realm's defaults.
			for i := 1; i <= 4; i++ {
				admin.raw("POST", "/admin/realms/"+url.PathEscape(realm)+"/client-scopes", map[string]string{
					"name": fmt.Sprintf("extra-%d", i), "protocol": "openid-connect",
				}, nil)
			}
		},
	})
}
