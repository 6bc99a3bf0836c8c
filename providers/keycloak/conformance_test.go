package keycloak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/internal/testfault"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/conformance"
	"github.com/idpctl/idpctl/resource"
)

// faults makes requests to the admin API fail.
func faults(injector *fault.Injector) testfault.Faults {
	return testfault.Faults{
		Injector: injector, Path: regexp.MustCompile(`^/admin/`), Failed: `{"error":"unknown_error"}`,
		TooMany: func() fault.Action {
			return fault.Status(http.StatusTooManyRequests, `{}`, http.Header{"Retry-After": {"1"}})
		},
	}
}

// testPage is how many objects the suite has the provider ask for at once: making
// thousands would show no more.
const testPage = 12

// values are strings.
func values(v ...string) []cty.Value {
	var out []cty.Value
	for _, s := range v {
		out = append(out, cty.StringVal(s))
	}
	return out
}

// texts, sets and numbers are samples of constants.
func texts(v ...string) conformance.Sample {
	var out []cty.Value
	for _, s := range v {
		out = append(out, cty.StringVal(s))
	}
	return conformance.Values(out...)
}

func sets(v ...[]string) conformance.Sample {
	var out []cty.Value
	for _, names := range v {
		var s []cty.Value
		for _, name := range names {
			s = append(s, cty.StringVal(name))
		}
		out = append(out, cty.SetVal(s))
	}
	return conformance.Values(out...)
}

func numbers(v ...int64) conformance.Sample {
	var out []cty.Value
	for _, s := range v {
		out = append(out, cty.NumberIntVal(s))
	}
	return conformance.Values(out...)
}

// site is a server behind an injector, and how to reach it.
type site struct {
	provider            providers.Provider
	injector            *fault.Injector
	client              *http.Client
	url, user, password string
}

// block is the provider block that signs in to the site.
func (s site) block() cty.Value {
	attrs := map[string]cty.Value{}
	for _, a := range s.provider.Info().Config {
		attrs[a.Name] = cty.NullVal(a.Type)
		if a.Default != cty.NilVal {
			attrs[a.Name] = a.Default
		}
	}
	attrs["url"], attrs["username"], attrs["password"] = cty.StringVal(s.url), cty.StringVal(s.user), cty.StringVal(s.password)
	return cty.ObjectVal(attrs)
}

// conform runs the suite; every check starts a site, within wrap if that is not nil.
func conform(t *testing.T, start func(t *testing.T) site, wrap func(*testing.T, func(*testing.T))) {
	var here site // that of the check that runs
	prefix := uuid.NewString()[:8]
	toggles := conformance.Values(cty.True, cty.False)
	conformance.Run(t, conformance.Harness{
		Wrap: wrap,
		Start: func(t *testing.T) conformance.Target {
			here = start(t)
			return conformance.Target{
				Provider: here.provider, Faults: faults(here.injector),
				Config: providers.Config{Attrs: here.block(), Parallelism: 8, UserAgent: "idpctl/test"},
			}
		},
		// The provider asks for pages of testPage objects.
		Pages: map[string]int{"client": testPage, "user": testPage, "group": testPage},
		Samples: map[string]conformance.Sample{
			"realm.password_policy": texts("length(8)", "length(9) and notUsername", ""),
			"realm.login_theme":     texts("keycloak", "keycloak.v2", ""),
			// Keycloak allows duplicates only without these two, and these two only without duplicates.
			"realm.duplicate_emails_allowed": {Value: toggles.Value, With: map[string]cty.Value{
				"login_with_email_allowed": cty.False, "registration_email_as_username": cty.False,
			}},
			"realm.login_with_email_allowed":       {Value: toggles.Value, With: map[string]cty.Value{"duplicate_emails_allowed": cty.False}},
			"realm.registration_email_as_username": {Value: toggles.Value, With: map[string]cty.Value{"duplicate_emails_allowed": cty.False}},
			// Those of one client must not exceed those of the whole session.
			"realm.sso_session_idle_timeout":    numbers(1800, 1801),
			"realm.sso_session_max_lifespan":    numbers(36000, 36001),
			"realm.client_session_idle_timeout": numbers(600, 601),
			"realm.client_session_max_lifespan": numbers(700, 701),
			// A client has a scope by default or on request, not both.
			"client.default_scopes":      sets([]string{"extra-1"}, []string{"extra-2"}),
			"client.optional_scopes":     sets([]string{"extra-3"}, []string{"extra-4"}),
			"client.valid_redirect_uris": sets([]string{"http://localhost:1/*"}, []string{"http://localhost:2/*", "https://x.example.com/cb"}),
			"user.username":              {Value: func(n int) cty.Value { return cty.StringVal(fmt.Sprintf("sample.%s-%d", prefix, n)) }},
			"user.required_actions":      sets([]string{"CONFIGURE_TOTP"}, []string{"UPDATE_PROFILE"}),
		},
		Refused: map[string][]cty.Value{
			"user.username": values("ab", "a b", `a"b`, "o'brien", "a<b", "a/b", "abаc", "日本語", "влад@x.com"),
			// It is the user name, too.
			"user.email":      values("o'brien@example.com", "a{b@example.com", "a@x_y.com", "влад@example.com", strings.Repeat("a", 65)+"@example.com"),
			"user.first_name": values(`O"Brien`, "<b>", "a/b", "a(b)", "a\tb", strings.Repeat("😀", 128)),
			"user.last_name":  values("a&b"),
		},
		Always:         map[string]map[string]cty.Value{"realm": {"edit_username_allowed": cty.True}},
		CreatedUnknown: []string{"realm", "client", "group"},
		Home: func(t *testing.T, o resource.Object) {
			t.Helper()
			here.prepare(t, attr.String(o.Attrs, "realm"))
		},
	})
}

// prepare lets users of a realm have attributes that no profile declares, and
// makes scopes that no client has by the realm's defaults.
func (s site) prepare(t *testing.T, realm string) {
	t.Helper()
	var token struct {
		Access string `json:"access_token"`
	}
	s.ask(t, "POST", s.url+"/realms/master/protocol/openid-connect/token", "", url.Values{
		"client_id": {"admin-cli"}, "grant_type": {"password"}, "username": {s.user}, "password": {s.password},
	}, &token)
	at := s.url + "/admin/realms/" + url.PathEscape(realm)
	var profile map[string]any
	s.ask(t, "GET", at+"/users/profile", token.Access, nil, &profile)
	profile["unmanagedAttributePolicy"] = "ADMIN_EDIT"
	s.ask(t, "PUT", at+"/users/profile", token.Access, profile, nil)
	for i := 1; i <= 4; i++ {
		s.ask(t, "POST", at+"/client-scopes", token.Access, map[string]string{
			"name": fmt.Sprintf("extra-%d", i), "protocol": "openid-connect",
		}, nil)
	}
}

// ask sends a form or JSON and decodes the answer into out if that is not nil.
func (s site) ask(t *testing.T, method, address, token string, body, out any) {
	t.Helper()
	var (
		content io.Reader
		kind    string
	)
	switch b := body.(type) {
	case nil:
	case url.Values:
		content, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		content, kind = bytes.NewReader(raw), "application/json"
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, content)
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %s %v", method, req.URL.Path, resp.Status, raw, err)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			t.Fatal(err)
		}
	}
}
