package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/internal/testfault"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/conformance"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/resource"
)

// clientCredentials asks the emulator for tokens over plain HTTP, which Azure's
// library refuses to do.
type clientCredentials struct{ client *http.Client }

func (c clientCredentials) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	body := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {emulator.DefaultClientID}, "client_secret": {emulator.DefaultClientSecret}, "scope": o.Scopes,
	}.Encode()
	req, err := http.NewRequestWithContext(transport.Harmless(ctx), http.MethodPost, "http://localhost/"+emulator.DefaultTenantID+"/oauth2/v2.0/token", strings.NewReader(body))
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

// testPage is how many objects the suite has the provider ask for at once: making
// thousands would show no more.
const testPage = 12

// faults makes requests to Graph fail, whole ones.
func faults(injector *fault.Injector) testfault.Faults {
	return testfault.Faults{
		Injector: injector, Path: regexp.MustCompile(`^/v1\.0/`), Failed: `{"error":{"code":"UnknownError","message":""}}`,
		TooMany: func() fault.Action {
			return fault.Status(http.StatusTooManyRequests, `{"error":{"code":"TooManyRequests","message":"Too many requests."}}`, http.Header{"Retry-After": {"1"}})
		},
	}
}

func strings2(v ...string) conformance.Sample {
	var out []cty.Value
	for _, s := range v {
		out = append(out, cty.StringVal(s))
	}
	return conformance.Values(out...)
}

// TestConformance runs the suite on the emulator, under a virtual clock.
func TestConformance(t *testing.T) { conform(t, emulator.Options{}, 0) }

// TestConformanceOfALaggingDirectory runs it in a directory of which the replicas
// are behind, and which throttles.
func TestConformanceOfALaggingDirectory(t *testing.T) {
	conform(t, emulator.Options{
		Lag:      emulator.Lag{Max: 5 * time.Second, Seed: 3},
		Throttle: emulator.Throttle{On: true, Units: 700, Writes: 300, WriteWindow: 15 * time.Second, Decimal: true, OmitRetryAfter: 7},
	}, 30)
}

// TestConformanceWithoutUpsert runs it in a cloud that has no upsert.
func TestConformanceWithoutUpsert(t *testing.T) {
	conform(t, emulator.Options{NoUpsert: true, Lag: emulator.Lag{Max: 2 * time.Second, Seed: 5}}, 30)
}

func conform(t *testing.T, o emulator.Options, lag int64) {
	t.Helper()
	prefix := uuid.NewString()[:8]
	var server *emulator.Server
	conformance.Run(t, conformance.Harness{
		Wrap: synctest.Test,
		Start: func(t *testing.T) conformance.Target {
			o.VerifiedDomains = []string{"example.com"}
			server = emulator.New(o)
			injector := fault.New(server)
			injector.Mutating = emulator.Mutates
			client, stop := memnet.Serve(injector)
			t.Cleanup(stop)
			attrs := block(map[string]string{"tenant_id": emulator.DefaultTenantID})
			vals := attrs.AsValueMap()
			vals["replication_timeout"] = cty.NumberIntVal(lag)
			vals["authority_endpoint"], vals["graph_endpoint"] = cty.StringVal("http://localhost"), cty.StringVal("http://localhost")
			return conformance.Target{
				Provider: NewWith(Options{DialContext: client.Transport.(*http.Transport).DialContext, Credential: clientCredentials{client}, Page: testPage}), Faults: faults(injector),
				Config: providers.Config{Attrs: cty.ObjectVal(vals), Parallelism: 8, UserAgent: "idpctl/test"},
			}
		},
		Pages: map[string]int{"client": testPage, "user": testPage, "group": testPage},
		Bulk:  batchSize,
		Samples: map[string]conformance.Sample{
			"tenant.domain":               strings2("example.com", emulator.DefaultInitialDomain),
			"user.user_principal_name":    {Value: func(n int) cty.Value { return cty.StringVal(fmt.Sprintf("sample.%s-%d@example.com", prefix, n)) }},
			"user.usage_location":         strings2("DE", "US"),
			"user.mail_nickname":          strings2("nick-1", "nick-2"),
			"group.mail_nickname":         strings2("nick-1", "nick-2"),
			"client.access_token_version": conformance.Values(cty.NumberIntVal(1), cty.NumberIntVal(2)),
			"user.other_mails":            conformance.Values(attr.OfStrings([]string{"a@elsewhere.example", "B@elsewhere.example"}), attr.OfStrings([]string{"c@elsewhere.example"})),
		},
		Frozen: map[string]string{
			"tenant.domain":    "a tenant is asked for by one of its names",
			"user.guest":       "a guest needs an e-mail from elsewhere: see TestGuests",
			"client.client_id": "Entra ID chooses it",
		},
		SignIn: func(_ *testing.T, o resource.Object, pw string) (right, temporary bool) {
			upn := attr.String(o.Attrs, "user_principal_name")
			for _, u := range server.Users() {
				if strings.EqualFold(u.UserPrincipalName, upn) {
					return pw != "" && server.PasswordIs(upn, pw), u.MustChange
				}
			}
			return false, false
		},
	})
}
