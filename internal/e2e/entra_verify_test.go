//go:build !keycloak

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/formclient"
)

// TestEntraVerify: verify signs in as influxctl does, and explains what Entra ID
// says when it refuses.
func TestEntraVerify(t *testing.T) {
	for name, c := range map[string]struct {
		options entra.Options
		change  func(tn *tenant)
		edit    [2]string // of the configuration, before the apply
		code    int
		says    []string // by verify
		page    string   // what the person reads in the browser, where verify learns nothing of it
	}{
		"a user": {code: 0, says: []string{"User (oid): marty@example.com", "27 checks: 25 passed, 1 warned, 1 skipped."}},
		"nobody consented, and users may not": {
			options: entra.Options{AdminConsent: true}, code: 1, says: []string{"AADSTS65001", "az ad app permission admin-consent"},
		},
		"conditional access": {
			options: entra.Options{ConditionalAccess: true}, code: 1, says: []string{"AADSTS53003", "Exclude the application"},
		},
		"not assigned": {
			edit: [2]string{"tenant = tenant.influxdb # public", "tenant = tenant.influxdb\n  assignment_required = true # public"},
			code: 1, page: "AADSTS50105",
		},
		"public client flows are off": {
			change: func(tn *tenant) {
				for _, a := range tn.Applications() {
					tn.Change(entra.KindApplication, a.ID, func(props map[string]any) { props["isFallbackPublicClient"] = false })
				}
			},
			code: 1, says: []string{"AADSTS7000218", "public_client"},
		},
		"User.Read was removed": {
			change: func(tn *tenant) {
				for _, a := range tn.Applications() {
					tn.Change(entra.KindApplication, a.ID, func(props map[string]any) { props["requiredResourceAccess"] = []any{} })
				}
			},
			code: 1, page: "AADSTS650056",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for the interval of the device flow
			tn := newTenant(t, c.options)
			f := example(t, "entra", tn.environ(entraSecret)...)
			// What is changed here a moment after the apply is no replica that is behind.
			f.replace("influxdb.idp.hcl", `provider "entra" {}`, "provider \"entra\" {\n  replication_timeout = 0\n}")
			if c.edit[0] != "" {
				f.replace("influxdb.idp.hcl", c.edit[0], c.edit[1])
			}
			f.must(0, "apply", "-auto-approve", "-credentials-out=first-passwords.json")
			if c.change != nil {
				c.change(tn)
			}
			hc := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: tn.certificate.Pool, MinVersion: tls.VersionTLS12}}}
			t.Cleanup(hc.CloseIdleConnections)
			password := f.firstPassword("marty@example.com")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var told atomic.Pointer[string]
			stdout := &signingIn{at: func(page, code string) error {
				err := formclient.SignIn(ctx, hc, page, formclient.Credentials{
					Username: "marty@example.com", Password: password, NewPassword: password + "2", UserCode: code,
				})
				if err != nil { // the person reads it in the browser, and nothing more will come
					page := err.Error()
					told.Store(&page)
					cancel()
				}
				return err
			}}
			var stderr bytes.Buffer
			code := f.main(ctx, stdout, &stderr, "verify")
			stdout.done.Wait()
			said := stdout.String() + stderr.String()
			if code != c.code {
				t.Errorf("exit code %d", code)
			}
			if page := told.Load(); c.page != "" && (page == nil || !strings.Contains(*page, c.page)) {
				t.Errorf("the page does not say %s: %v", c.page, page)
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
