package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
)

// auth has the tokens for Graph.
type auth struct {
	credential azcore.TokenCredential
	scope      string
	clientID   string
	// sent is what the credential asked last; nil if there are several credentials
	// to be tried, of which the last one is not the one that matters.
	sent *doer
	// redact takes secrets out of a text, keep keeps a token out of texts to come.
	redact func(string) string
	keep   func(tokens ...string)

	mu      sync.Mutex
	access  string
	expires time.Time
}

// early is how long before its end a token is replaced.
const early = 5 * time.Minute

// token is a valid access token.
func (a *auth) token(ctx context.Context) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.access != "" && time.Until(a.expires) > early {
		return a.access, nil
	}
	t, err := a.credential.GetToken(transport.Harmless(ctx), policy.TokenRequestOptions{Scopes: []string{a.scope}})
	if err != nil {
		return "", a.signInError(ctx, err)
	}
	if err := usable(t); err != nil {
		return "", err
	}
	a.access, a.expires = t.Token, t.ExpiresOn
	if a.keep != nil {
		a.keep(t.Token)
	}
	return a.access, nil
}

// forget drops a token that was refused.
func (a *auth) forget(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.access == token {
		a.access = ""
	}
}

// usable refuses what cannot be a token: each request would fail, for a reason
// that does not tell it.
func usable(t azcore.AccessToken) error {
	e := &providers.Error{Class: providers.Unauthenticated, Hint: "Check authority_endpoint, if it is set; a proxy may change what passes"}
	switch {
	case strings.ContainsFunc(t.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		e.Summary = "Signing in to Entra ID failed: its answer holds a token with characters that no token has"
	case !t.ExpiresOn.IsZero() && time.Until(t.ExpiresOn) <= 0:
		e.Summary = "Signing in to Entra ID failed: its answer holds a token that has expired already"
		e.Hint = "Check this machine's clock, and authority_endpoint, if it is set"
	default:
		return nil
	}
	return e
}

// doer is a transport as Azure's libraries want it. It keeps how the last request
// ended, which their errors do not tell.
type doer struct {
	client *http.Client
	// tls: nothing is sent without TLS. The address of the token endpoint comes from
	// a discovery document, and the secret goes there.
	tls bool

	mu     sync.Mutex
	asked  string
	status int
	err    error
}

// Do sends a request.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	var resp *http.Response
	var err error
	if d.tls && req.URL.Scheme != "https" {
		err = &providers.Error{
			Class:   providers.Unauthenticated,
			Summary: "Signing in to Entra ID failed: its discovery document names an address without TLS, " + transport.LogURL(req.URL),
			Hint:    "Nothing was sent there. Check authority_endpoint, if it is set; a proxy has to give addresses that begin with https",
		}
	} else {
		resp, err = d.client.Do(req)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked, d.status, d.err = req.Method+" "+transport.LogURL(req.URL), 0, err
	if resp != nil {
		d.status = resp.StatusCode
	}
	return resp, err
}

// last is the last request and how it ended.
func (d *doer) last() (asked string, status int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked, d.status, d.err
}

// newCredential makes the credential that the provider block describes, which
// sends its requests through d.
func newCredential(s settings, d *doer) (azcore.TokenCredential, error) {
	options := azcore.ClientOptions{
		Transport: d,
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: s.authority, Services: map[cloud.ServiceName]cloud.ServiceConfiguration{}},
		Retry:     policy.RetryOptions{MaxRetries: -1}, // the transport repeats
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}
	switch {
	case s.clientSecret != "":
		return azidentity.NewClientSecretCredential(s.tenantID, s.clientID, s.clientSecret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: s.overridden,
		})
	case s.certificate != nil:
		certs, key, err := azidentity.ParseCertificates(s.certificate, []byte(s.certificatePassword))
		if err != nil {
			return nil, err
		}
		return azidentity.NewClientCertificateCredential(s.tenantID, s.clientID, certs, key, &azidentity.ClientCertificateCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: s.overridden,
		})
	case s.tokenFile != "":
		return azidentity.NewClientAssertionCredential(s.tenantID, s.clientID, func(context.Context) (string, error) {
			raw, err := os.ReadFile(s.tokenFile) // it is replaced while we run
			return strings.TrimSpace(string(raw)), err
		}, &azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: s.overridden})
	case s.requestURL != "":
		return azidentity.NewClientAssertionCredential(s.tenantID, s.clientID, githubToken(d.client, s.requestURL, s.requestToken),
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: s.overridden})
	}
	return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: options, TenantID: s.tenantID, DisableInstanceDiscovery: s.overridden,
	})
}

// githubToken asks GitHub Actions for a token that says which workflow runs
// (https://docs.github.com/actions/concepts/security/openid-connect).
func githubToken(client *http.Client, url, token string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		req, err := http.NewRequestWithContext(transport.Harmless(ctx), http.MethodGet, url+"&audience=api://AzureADTokenExchange", nil)
		if err != nil {
			return "", err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer func() { _ = resp.Body.Close() }()
		var answer struct {
			Value string `json:"value"`
		}
		if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil || answer.Value == "" {
			return "", fmt.Errorf("GitHub gave no token (status %d); the job needs permissions: id-token: write", resp.StatusCode)
		}
		return answer.Value, nil
	}
}

// signInError says why there is no token.
func (a *auth) signInError(ctx context.Context, err error) error {
	var asked string
	var status int
	if a.sent != nil {
		var sendErr error
		if asked, status, sendErr = a.sent.last(); sendErr != nil {
			err = sendErr // Azure's libraries keep its text at best
		}
	}
	var ours *providers.Error
	if errors.As(err, &ours) {
		return explain(ours, a.redact)
	}
	if ctx.Err() != nil {
		return &providers.Error{Class: providers.NotAttempted, Summary: "Signing in to Entra ID: interrupted", Err: ctx.Err()}
	}
	e := &providers.Error{Class: providers.Unauthenticated, Summary: "Signing in to Entra ID failed", Err: err}
	none := func() error {
		if status != 0 {
			e.Status = status
			e.Summary += fmt.Sprintf(": what answers is not Entra ID (%s, status %d)", asked, status)
			e.Hint = "Check cloud, or authority_endpoint if it is set, and that no log-in page of the network is in the way"
			return e
		}
		e.Hint = "No credential worked. Set client_id and client_secret, a certificate or a federated token file in the provider block, or AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or sign in with az login: " +
			providers.Clean(a.redact(firstLine(err.Error())), 200)
		return e
	}
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return none()
	}
	e.Status = failed.RawResponse.StatusCode
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Codes       []int  `json:"error_codes"`
	}
	raw, _ := io.ReadAll(io.LimitReader(failed.RawResponse.Body, 64<<10))
	_ = json.Unmarshal(raw, &body) // what is not JSON says nothing
	for _, code := range body.Codes {
		if why, hint := aadsts(code, a.clientID); why != "" {
			e.Summary += fmt.Sprintf(": %s (AADSTS%d)", why, code)
			e.Hint = hint
			return e
		}
	}
	if body.Error == "" || body.Description == "" { // not the token endpoint, but what else was tried
		return none()
	}
	text, _, _ := strings.Cut(body.Description, "Trace ID:")
	e.Summary += ": " + providers.Clean(a.redact(firstLine(text)), 300)
	e.Hint = "Microsoft explains the numbers after AADSTS at https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
	return e
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(s)
}

// aadsts explains the error codes of the token endpoint that a set-up meets
// (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
func aadsts(code int, clientID string) (why, hint string) {
	switch code {
	case 7000215:
		return "the client secret is wrong", "Copy the secret's value, not its id"
	case 7000222:
		return "the client secret has expired", "Make a new one: az ad app credential reset --id " + clientID
	case 700016:
		return "the tenant has no application " + work.Quoted(clientID), "Check client_id, and that tenant_id is the tenant in which the application is registered"
	case 90002:
		return "there is no such tenant", "Check tenant_id and cloud"
	case 7000112:
		return "the application is disabled", "Enable it in Enterprise applications"
	case 700024:
		return "the assertion has expired", "Check this machine's clock, and that the federated token is not an old one"
	case 70021, 700211, 700212, 700213:
		return "no federated credential fits the token", "Compare issuer, subject and audience of the token with the application's federated credentials"
	case 700027:
		return "the certificate is not one of the application's", "Upload its public part: az ad app credential reset --id " + clientID + " --cert @FILE --append"
	case 53003:
		return "conditional access blocks the sign-in", "Exclude the automation's workload identity from that policy"
	}
	return "", ""
}
