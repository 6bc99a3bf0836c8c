package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/localca"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/entra"
)

// entraTenant is a bubble with a tenant of Entra ID.
type entraTenant struct {
	*bubble
	server *emulator.Server
}

const entraBlock = `provider "entra" {
  tenant_id          = "` + emulator.DefaultTenantID + `"
  authority_endpoint = "http://localhost"
  graph_endpoint     = "http://localhost"
}
tenant "contoso" {
  domain = "example.com"
}
`

func newEntraTenant(t *testing.T, o emulator.Options, hcl string) *entraTenant {
	t.Helper()
	d := &entraTenant{server: entraServer(o)}
	d.bubble = newBubble(t, onEntra(), d.server, hcl)
	d.opts.Providers = []providers.Provider{entraThrough(d.client, o.App.ClientID)}
	return d
}

// entraServer is a tenant with the domain of the tests.
func entraServer(o emulator.Options) *emulator.Server {
	o.VerifiedDomains = []string{"example.com"}
	return emulator.New(o)
}

// entraThrough is the provider that uses a client's connections, for an
// application or for the default one.
func entraThrough(client *http.Client, app string) providers.Provider {
	return entra.NewWith(entra.Options{DialContext: client.Transport.(*http.Transport).DialContext, Credential: tokens{client, app}})
}

// tokens asks the emulator for tokens over plain HTTP, which Azure's library
// refuses to do.
type tokens struct {
	client *http.Client
	id     string
}

func (c tokens) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	id := c.id
	if id == "" {
		id = emulator.DefaultClientID
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {emulator.DefaultClientSecret}, "scope": o.Scopes}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/"+emulator.DefaultTenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.client.Do(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Token   string `json:"access_token"`
		Expires int    `json:"expires_in"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		return azcore.AccessToken{}, fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	return azcore.AccessToken{Token: answer.Token, ExpiresOn: time.Now().Add(time.Duration(answer.Expires) * time.Second)}, nil
}

// tenant is an emulated tenant of Entra ID, over TLS.
type tenant struct {
	*emulator.Server
	url, ca     string
	certificate *localca.Certificate
}

func newTenant(t testing.TB, opts emulator.Options) *tenant {
	t.Helper()
	tn := &tenant{Server: entraServer(opts)}
	tn.url, tn.ca, tn.certificate = overTLS(t, func(string) http.Handler { return tn.Server })
	return tn
}

// overTLS serves what is made for an address, with a certificate of which the
// authority is in a file.
func overTLS(t testing.TB, serve func(address string) http.Handler) (address, ca string, certificate *localca.Certificate) {
	t.Helper()
	certificate, err := localca.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = serve(server.Listener.Addr().String())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.Server}, MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = quiet() // connections that nobody used after all
	server.StartTLS()
	t.Cleanup(server.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, certificate.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL, ca, certificate
}

// environ is where the tenant is and who asks, without a credential.
func (tn *tenant) environ(more ...string) []string {
	return append([]string{
		"AZURE_TENANT_ID=" + emulator.DefaultTenantID, "AZURE_CLIENT_ID=" + emulator.DefaultClientID,
		"ENTRA_AUTHORITY_ENDPOINT=" + tn.url, "ENTRA_GRAPH_ENDPOINT=" + tn.url, "ENTRA_CA_FILE=" + tn.ca,
	}, more...)
}

const entraSecret = "AZURE_CLIENT_SECRET=" + emulator.DefaultClientSecret
