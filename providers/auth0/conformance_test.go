package auth0

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/internal/testfault"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/conformance"
	"github.com/idpctl/idpctl/resource"
)

// testPage is how many objects the suite has the provider ask for at once: making
// thousands would show no more.
const testPage = 12

// faults makes requests to the Management API fail.
func faults(injector *fault.Injector) testfault.Faults {
	return testfault.Faults{
		Injector: injector, Path: regexp.MustCompile(`^/api/v2/`), Failed: `{"statusCode":500,"error":"Internal Server Error","message":"An internal error occurred"}`,
		TooMany: func() fault.Action {
			reset := fmt.Sprint(time.Now().Add(2 * time.Second).Unix())
			return fault.Status(http.StatusTooManyRequests, `{"statusCode":429,"error":"Too Many Requests","message":"Global limit has been reached","errorCode":"too_many_requests"}`,
				http.Header{"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {reset}})
		},
	}
}

// texts are sample values of an attribute.
func texts(v ...string) conformance.Sample {
	var out []cty.Value
	for _, s := range v {
		out = append(out, cty.StringVal(s))
	}
	return conformance.Values(out...)
}

// TestConformance runs the suite on the emulator, under a virtual clock.
func TestConformance(t *testing.T) { conform(t, emulator.Options{}, Options{}) }

// TestConformanceByJobs has every new user without a password imported.
func TestConformanceByJobs(t *testing.T) {
	conform(t, emulator.Options{}, Options{ImportLeast: 1, ImportMost: 5})
}

// TestConformanceOfALateSearch runs it where the search is behind.
func TestConformanceOfALateSearch(t *testing.T) {
	conform(t, emulator.Options{Lag: emulator.Lag{Search: 20 * time.Second}, EmptyLastPage: true, RoleType: true}, Options{})
}

// TestConformanceOnTheFreePlan runs it at two requests a second.
func TestConformanceOnTheFreePlan(t *testing.T) {
	conform(t, emulator.Options{Rate: emulator.FreeRate(), Lag: emulator.Lag{Search: 5 * time.Second}, EnabledClients: true}, Options{})
}

const (
	testDomain       = "tenant.eu.auth0.com"
	secondConnection = "Second-Database"
)

func block(vals map[string]string) cty.Value {
	attrs := map[string]cty.Value{}
	for _, a := range configAttributes() {
		attrs[a.Name] = cty.NullVal(a.Type)
		if a.Default != cty.NilVal {
			attrs[a.Name] = a.Default
		}
		if s, ok := vals[a.Name]; ok {
			attrs[a.Name] = cty.StringVal(s)
		}
	}
	return cty.ObjectVal(attrs)
}

// overTLS has a server take requests for those of a connection with TLS, which
// Auth0 has nothing without.
func overTLS(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.TLS = &tls.ConnectionState{}
		h.ServeHTTP(w, r)
	})
}

func conform(t *testing.T, o emulator.Options, p Options) {
	t.Helper()
	var server *emulator.Server
	conformance.Run(t, conformance.Harness{
		Wrap: synctest.Test,
		Start: func(t *testing.T) conformance.Target {
			o.Domain, o.RoleNamesRepeat = testDomain, true
			o.CustomDomains = []string{"login.example.com"}
			server = emulator.New(o)
			server.AddConnection(map[string]any{"name": secondConnection, "strategy": "auth0", "enabled_clients": []any{emulator.DefaultClientID}})
			injector := fault.New(overTLS(server))
			injector.Mutating = emulator.Mutates
			client, stop := memnet.Serve(injector)
			t.Cleanup(stop)
			p.DialContext, p.PlainHTTP, p.Page = client.Transport.(*http.Transport).DialContext, true, testPage
			if p.ImportLeast == 0 {
				p.ImportLeast = 1000
			}
			return conformance.Target{
				Provider: NewWith(p), Faults: faults(injector),
				Config: providers.Config{Attrs: block(map[string]string{
					"domain": testDomain, "client_id": emulator.DefaultClientID, "client_secret": emulator.DefaultClientSecret,
				}), Parallelism: 8, UserAgent: "idpctl/test"},
			}
		},
		Pages: map[string]int{"client": testPage, "user": testPage, "group": testPage, "api": testPage},
		Bulk:  p.ImportMost,
		Samples: map[string]conformance.Sample{
			"tenant.domain":           texts(testDomain, "login.example.com"),
			"tenant.device_code_mask": texts("****-****", "***-***-***"),
			"tenant.session_lifetime": conformance.Values(cty.NumberIntVal(12), cty.NumberIntVal(24)),
			"user.connection":         texts(emulator.DefaultConnection, secondConnection),
			"client.connections":      conformance.Values(attr.OfStrings([]string{emulator.DefaultConnection}), attr.OfStrings(nil)),
			"api.identifier": {Value: func(n int) cty.Value {
				return cty.StringVal("https://api.example.com/" + uuid.NewString()[:8] + fmt.Sprint(n))
			}},
			"client.logo_uri": texts("https://example.com/a.png", "https://example.com/b.png"),
		},
		Always:         map[string]map[string]cty.Value{"user": {"connection": cty.StringVal(emulator.DefaultConnection)}},
		CreatedUnknown: []string{"client", "api", "group"},
		Frozen: map[string]string{
			"tenant.domain":           "a tenant is asked for by one of its names",
			"client.client_id":        "Auth0 chooses it",
			"client.is_first_party":   "a third party's application may use few connections: see TestThirdParty",
			"api.signing_alg":         "there is one",
			"tenant.default_audience": "an API of the tenant: see TestDefaultAudience",
			"user.connection":         "a user does not move to another database",
			"user.username":           "only where the connection asks for one",
		},
		SignIn: func(_ *testing.T, o resource.Object, pw string) (right, temporary bool) {
			return server.PasswordIs(o.ID, pw), false
		},
	})
}
