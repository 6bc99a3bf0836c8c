//go:build !keycloak

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/formclient"
)

// TestAuth0Verify: verify signs in as influxctl does, with the audience of the API,
// and explains what Auth0 says when it refuses.
func TestAuth0Verify(t *testing.T) {
	client := func(tn *auth0Tenant) string {
		all := tn.Clients()
		return all[slices.IndexFunc(all, func(c auth0.Client) bool { return c.Name == "influxctl" })].ID
	}
	for name, c := range map[string]struct {
		change func(tn *auth0Tenant)
		code   int
		says   []string // by verify
	}{
		"a user": {code: 0, says: []string{"User (sub): marty@example.com", "Audience (aud): https://influxdb.example.com", "28 checks: 27 passed, 1 warned."}},
		"the grant type was taken away": {
			change: func(tn *auth0Tenant) {
				tn.Change(auth0.KindClient, client(tn), func(props map[string]any) { props["grant_types"] = []any{"refresh_token"} })
			},
			code: 1, says: []string{"not allowed for the client", "somebody took the grant type away"},
		},
		"the API was deleted": {
			change: func(tn *auth0Tenant) {
				for _, api := range tn.APIs() {
					if api.Identifier == "https://influxdb.example.com" {
						tn.Remove(auth0.KindAPI, api.ID)
					}
				}
			},
			code: 1, says: []string{"Service not enabled within domain", "Run `idpctl apply`, which makes it anew"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // one of them waits for the interval of the device flow
			tn := newAuth0Tenant(t, auth0.Options{})
			f := example(t, "auth0", tn.environ()...)
			f.replace("influxdb.idp.hcl", exampleDomain, tn.domain)
			f.must(0, "apply", "-auto-approve", "-credentials-out=first-passwords.json")
			if c.change != nil {
				c.change(tn)
			}
			hc := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: tn.certificate.Pool, MinVersion: tls.VersionTLS12}}}
			t.Cleanup(hc.CloseIdleConnections)
			password := f.firstPassword("marty@example.com")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			stdout := &signingIn{at: func(page, code string) error {
				return formclient.SignIn(ctx, hc, page, formclient.Credentials{Username: "marty@example.com", Password: password, UserCode: code})
			}}
			var stderr bytes.Buffer
			code := f.main(ctx, stdout, &stderr, "verify")
			stdout.done.Wait()
			said := stdout.String() + stderr.String()
			if code != c.code {
				t.Errorf("exit code %d", code)
			}
			for _, want := range c.says {
				if !strings.Contains(strings.Join(strings.Fields(said), " "), want) {
					t.Errorf("%q is missing in:\n%s", want, said)
				}
			}
			if strings.Contains(said, password) {
				t.Error("the password is told")
			}
		})
	}
}
