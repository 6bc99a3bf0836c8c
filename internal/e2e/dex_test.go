//go:build dex && !keycloak

package e2e

import (
	"context"
	"crypto/tls"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/emulator/localca"
	"github.com/idpctl/idpctl/internal/testdex"
	"github.com/idpctl/idpctl/oidc"
)

// The person of these tests: what Dex calls its user ID, and what its tokens have.
const (
	janeID      = "08a8684b-db88-4b73-90a9-3cd1661f5466"
	janeSubject = "CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs"
	janeEmail   = "jane@example.com"
)

// startDex has one person and a public client.
func startDex(t *testing.T, change func(*testdex.Config)) *testdex.Server {
	t.Helper()
	cfg := testdex.Config{
		Users:   []testdex.User{{ID: janeID, Email: janeEmail, Name: "jane"}},
		Clients: []testdex.Client{{ID: "influxctl"}},
	}
	if change != nil {
		change(&cfg)
	}
	dex, err := testdex.Start(t.Context(), cfg, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dex.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(dex.Log())
		}
	})
	return dex
}

// onDex is a copy of the example with the address of a Dex, and what else differs.
func onDex(t *testing.T, dex *testdex.Server, edits ...string) *folder {
	t.Helper()
	f := example(t, "oidc")
	f.replace("influxdb.idp.hcl", "https://dex.example.com", dex.Issuer)
	for i := 0; i+1 < len(edits); i += 2 {
		f.replace("influxdb.idp.hcl", edits[i], edits[i+1])
	}
	return f
}

func jane() formclient.Credentials {
	return formclient.Credentials{Username: janeEmail, Password: testdex.Password}
}

// says reports what is missing of it, line breaks aside.
func saysThere(t *testing.T, said string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(strings.Join(strings.Fields(said), " "), s) {
			t.Errorf("%q is missing in:\n%s", s, said)
		}
	}
}

// TestDex: the example as it stands, from the plan to the token.
func TestDex(t *testing.T) {
	t.Parallel()
	dex := startDex(t, nil)
	f := onDex(t, dex)
	saysThere(t, f.must(2, "plan", "-detailed-exitcode"), "+ admin "+janeEmail)
	f.must(0, "apply", "-auto-approve")
	saysThere(t, f.read("myinfluxdb.yml"), "id: "+janeSubject+" firstName: Jane lastName: Doe email: "+janeEmail,
		"identityProvider: dex", "jwksEndpoint: "+dex.Issuer+"/keys")
	f.must(0, "plan", "-detailed-exitcode")
	said, code, page := f.verifyBy(jane())
	saysThere(t, said, "User (sub): "+janeEmail+" ("+janeSubject+")", "27 checks: 23 passed, 2 warned, 2 skipped.")
	if code != 0 || page != nil {
		t.Errorf("exit code %d; the page: %v", code, page)
	}
}

// TestDexOverTLS: a private certificate authority is named in the provider block, trusted
// by every command, and asked for in the AppInstance too.
func TestDexOverTLS(t *testing.T) {
	t.Parallel()
	certificate, err := localca.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dex := startDex(t, func(c *testdex.Config) { c.Certificate, c.Roots = &certificate.Server, certificate.Pool })
	f := onDex(t, dex)
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: certificate.Pool, MinVersion: tls.VersionTLS12}}}
	if r := f.idpctl("plan"); r.code != 1 || !strings.Contains(r.stderr, "ca_file") {
		t.Errorf("an unknown authority: %s", r)
	}

	f.write("ca.pem", string(certificate.CA))
	f.replace("influxdb.idp.hcl", `provider "oidc" {`, "provider \"oidc\" {\n  ca_file = \"ca.pem\"")
	r := f.idpctl("apply", "-auto-approve")
	if r.code != 0 {
		t.Fatal(r)
	}
	r = f.idpctl("plan", "-detailed-exitcode")
	if r.code != 0 {
		t.Error(r)
	}
	saysThere(t, r.stderr, "The cluster may not trust the identity provider's certificate", "egress.customCertificates")
	said, code, page := f.verifyIn(browser, jane())
	saysThere(t, said, "User (sub): "+janeEmail+" ("+janeSubject+")", "27 checks: 25 passed, 1 warned, 1 skipped.")
	if code != 0 || page != nil {
		t.Errorf("exit code %d; the page: %v", code, page)
	}
	saysThere(t, f.must(0, "check", "-ca-file", "ca.pem", dex.Issuer), "TLS certificate: valid until", "13 checks: 12 passed, 1 warned.")
	saysThere(t, f.must(1, "check", dex.Issuer), "failed", "private CA")
}

// TestDexSubject: the page of documentation that works out a subject is right.
func TestDexSubject(t *testing.T) {
	t.Parallel()
	dex := startDex(t, nil)
	page, err := os.ReadFile("../../docs/providers/oidc.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(page), "\n## Dex\n")
	example := regexp.MustCompile("(?ms)^```hcl\n(.*?)^```$").FindStringSubmatch(section)
	if !found || example == nil {
		t.Fatal("the page has no example for Dex")
	}
	f := onDex(t, dex)
	f.write("influxdb.idp.hcl", strings.ReplaceAll(example[1], "https://dex.example.com", dex.Issuer))
	f.must(0, "apply", "-auto-approve")
	saysThere(t, f.read("myinfluxdb.yml"), "id: "+janeSubject)
	if said, code, page := f.verifyBy(jane()); code != 0 {
		t.Errorf("exit code %d; the page: %v\n%s", code, page, said)
	}
}

// TestDexOtherSubject: who writes Dex's user ID as the id is told what tokens have.
func TestDexOtherSubject(t *testing.T) {
	t.Parallel()
	f := onDex(t, startDex(t, nil), janeSubject, janeID)
	f.must(0, "apply", "-auto-approve")
	said, code, page := f.verifyBy(jane())
	saysThere(t, said, "failed User (sub): "+janeEmail+" ("+janeSubject+") wanted: one of 1 admin",
		"The id of the admin "+janeEmail+", "+janeID+", is packed into this one", "write the id as the token has it, "+janeSubject+", and apply.")
	if code != 1 || page != nil {
		t.Errorf("exit code %d; the page: %v", code, page)
	}
}

// TestDexTellsNobody: where the person refuses, and where the client or the scopes are
// wrong, Dex tells the browser and nobody else; the code runs out. Before somebody signs
// in it looks at neither.
func TestDexTellsNobody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*testdex.Config)
		edit   []string
		refuse bool
		page   string // what the person reads
		log    string // and what Dex does
	}{
		"the person refuses": {refuse: true, page: "HTTP 500"},
		"no such client": {
			change: func(c *testdex.Config) { c.Clients[0].ID = "another" }, page: "HTTP 404", log: "Invalid client_id",
		},
		"a client with a secret": {
			change: func(c *testdex.Config) { c.Clients[0].Secret = "confidential-1f2e" }, page: "HTTP 400", log: "Unregistered redirect_uri",
		},
		"without openid": {
			edit: []string{"# as tokens have it in iss", "\n  scopes = [\"profile\"]"}, page: "HTTP 400", log: "Missing required scope",
		},
		"an unknown scope": {
			edit: []string{"# as tokens have it in iss", "\n  scopes = [\"openid\", \"nothing-of-this\"]"}, page: "HTTP 400", log: "Unrecognized scope",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dex := startDex(t, func(cfg *testdex.Config) {
				cfg.CodeLife = 12 * time.Second // two polls
				if c.change != nil {
					c.change(cfg)
				}
			})
			f := onDex(t, dex, c.edit...)
			f.must(0, "apply", "-auto-approve")
			f.must(0, "verify", "-no-sign-in")
			who := jane()
			who.Refuse = c.refuse
			said, code, page := f.verifyBy(who)
			saysThere(t, said, "failed Device sign-in nobody signed in before the code ran out",
				"Not every identity provider tells that the person refused, or that its page showed an error")
			if code != 1 {
				t.Errorf("exit code %d", code)
			}
			if page == nil || !strings.Contains(page.Error(), c.page) {
				t.Errorf("the page: %v", page)
			}
			if !strings.Contains(dex.Log(), c.log) {
				t.Errorf("Dex does not log %q", c.log)
			}
		})
	}
}

// TestDexPending: an answer that says authorization_pending is no failure, although its
// status is 401, and what refreshes is given to who asks for it.
func TestDexPending(t *testing.T) {
	t.Parallel()
	dex := startDex(t, nil)
	statuses := &statusLog{next: http.DefaultTransport}
	client := &oidc.Client{HTTP: &http.Client{Transport: statuses}}
	d, err := client.Require(t.Context(), dex.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	flow := oidc.DeviceFlow{
		Client: client, ClientID: "influxctl", DeviceURL: d.DeviceAuthorizationEndpoint, TokenURL: d.TokenEndpoint,
		Scopes: []string{"openid", "profile", "email", "offline_access"},
	}
	code, err := flow.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var person sync.Once
	pending := 0
	token, err := flow.Poll(ctx, code, func(p oidc.PollProgress) {
		if p.Event != oidc.Pending || p.Err != nil {
			t.Errorf("%+v", p)
		}
		pending++
		person.Do(func() {
			if err := formclient.SignIn(ctx, nil, code.VerificationURIComplete, jane()); err != nil {
				t.Error(err)
				cancel()
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if pending != 1 || token.RefreshToken.IsZero() || token.AccessToken.IsZero() {
		t.Errorf("%d polls were pending; refresh token: %v", pending, !token.RefreshToken.IsZero())
	}
	if want := []int{http.StatusUnauthorized, http.StatusOK}; len(statuses.ofToken) != 2 || statuses.ofToken[0] != want[0] || statuses.ofToken[1] != want[1] {
		t.Errorf("Dex answered %v, wanted %v: its documentation here is out of date", statuses.ofToken, want)
	}
}

// statusLog notes the statuses of token requests.
type statusLog struct {
	next    http.RoundTripper
	ofToken []int
}

func (s *statusLog) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/token") {
		s.ofToken = append(s.ofToken, resp.StatusCode)
	}
	return resp, err
}
