package cli

import (
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/resource"
)

func TestIssuerOf(t *testing.T) {
	for given, want := range map[string][2]string{
		"https://sso.example.com/realms/influxdb": {"https://sso.example.com/realms/influxdb", ""},
		"https://example.eu.auth0.com/":           {"https://example.eu.auth0.com/", ""},
		" https://sso.example.com \n":             {"https://sso.example.com", ""},
		"sso.example.com":                         {"https://sso.example.com", "https is taken for granted"},
		"sso.example.com:8443/realms/a":           {"https://sso.example.com:8443/realms/a", "https is taken for granted"},
		"localhost:8080/realms/a":                 {"http://localhost:8080/realms/a", "http is taken for granted"},
		"127.0.0.1:8080":                          {"http://127.0.0.1:8080", "http is taken for granted"},
		"[::1]:8080/a":                            {"http://[::1]:8080/a", "http is taken for granted"},
		"10.0.0.1/a":                              {"https://10.0.0.1/a", "https is taken for granted"},
		"localhost.example.com":                   {"https://localhost.example.com", "https is taken for granted"},
		"https://sso.example.com/realms/a/.well-known/openid-configuration":       {"https://sso.example.com/realms/a", "from the URL of its document"},
		"https://sso.example.com/.well-known/openid-configuration?p=1":            {"https://sso.example.com", "from the URL of its document"},
		"https://sso.example.com/.well-known/openid-configuration/":               {"https://sso.example.com", "from the URL of its document"},
		"https://sso.example.com/.well-known/oauth-authorization-server/realms/a": {"https://sso.example.com/realms/a", "from the URL of its document"},
		"example.eu.auth0.com/.well-known/jwks.json":                              {"https://example.eu.auth0.com", "https is taken for granted; from the URL of its document"},
		"ftp://sso.example.com": {"ftp://sso.example.com", ""},
		"":                      {"", ""},
		"https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration?appid=1-2-3-4": {"https://login.microsoftonline.com/common/v2.0", "from the URL of its document"},
	} {
		issuer, notes := issuerOf(given)
		if issuer != want[0] || strings.Join(notes, "; ") != want[1] {
			t.Errorf("%q: %q, %q", given, issuer, notes)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	for _, good := range []string{"https://login.example.com", "https://login.example.com/", "http://localhost:8080", "https://[::1]:1"} {
		if err := checkOrigin(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "login.example.com", "https://", "https://a/b", "https://u@a", "https://a?x=1", "https://a#b", "ftp://a", "https://a\x00"} {
		if checkOrigin(bad) == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

// TestSubject: a heading shows no password, and nothing that a query may hold.
func TestSubject(t *testing.T) {
	for given, want := range map[string]string{
		"https://admin:secret@sso.example.com/a?token=secret#secret": "https://sso.example.com/a",
		"https://sso.example.com/":                                   "https://sso.example.com/",
		"secret":                                                     "unknown", "": "unknown",
	} {
		if got := subject(given); got != want {
			t.Errorf("%q: %q", given, got)
		}
	}
}

func TestTheOne(t *testing.T) {
	address, err := resource.ParseAddress("cluster.production")
	if err != nil {
		t.Fatal(err)
	}
	c := run.Cluster{Address: address, Admins: map[string]string{
		"id-1": "marty@example.com", "id-2": "brown@example.com", "id-3": "", "id-4": "twin@example.com", "id-5": "twin@example.com",
	}}
	for user, want := range map[string]string{"marty@example.com": "id-1", "BROWN@example.com": "id-2", "id-3": "id-3", "id-4": "id-4"} {
		found, diags := theOne([]run.Cluster{c}, user)
		if diags.HasErrors() || found[address] != want {
			t.Errorf("%s: %v, %v", user, found, diags)
		}
	}
	for user, want := range map[string]string{
		"biff@example.com": "biff@example.com is no admin of cluster.production. Its admins are: brown@example.com, id-3, marty@example.com, twin@example.com, twin@example.com.",
		"twin@example.com": "Name the id instead: id-4, id-5.",
		"marty":            "marty is no admin",
	} {
		found, diags := theOne([]run.Cluster{c}, user)
		if len(found) != 0 || len(diags) != 1 || !strings.Contains(diags[0].Detail, want) || diags[0].Address != "cluster.production" {
			t.Errorf("%s: %v, %v", user, found, diags)
		}
	}
	if _, diags := theOne([]run.Cluster{{Address: address}}, "marty@example.com"); len(diags) != 1 || !strings.Contains(diags[0].Detail, "has no admins") {
		t.Errorf("%v", diags)
	}
}

func TestAdminsThere(t *testing.T) {
	some := map[string]string{"id-1": "marty@example.com"}
	for _, tc := range []struct {
		name    string
		cluster run.Cluster
		status  oidc.Status
		says    []string
	}{
		{"all", run.Cluster{Admins: some}, oidc.Passed, []string{"all there and enabled"}},
		{"none", run.Cluster{}, oidc.Failed, []string{"none", "Name its admins"}},
		{"one disabled", run.Cluster{Admins: some, Disabled: []string{"user.marty"}}, oidc.Failed, []string{"cannot sign in: user.marty", "enable the account"}},
		{"one gone", run.Cluster{Admins: some, Absent: []string{"user.emmett"}}, oidc.Failed, []string{"not there: user.emmett", "`idpctl apply`"}},
		{"both", run.Cluster{Admins: some, Absent: []string{"user.a", "user.b", "user.c", "user.d", "user.e"}, Disabled: []string{"user.marty"}}, oidc.Failed,
			[]string{"not there: user.a, user.b, user.c, user.d and 1 more; cannot sign in: user.marty"}},
	} {
		check := adminsThere(tc.cluster)
		if check.Status != tc.status {
			t.Errorf("%s: %+v", tc.name, check)
		}
		for _, want := range tc.says {
			if !strings.Contains(check.Value+" "+check.Hint, want) {
				t.Errorf("%s: %q is missing in %+v", tc.name, want, check)
			}
		}
	}
}
