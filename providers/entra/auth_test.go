package entra

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/idpctl/idpctl/providers"
)

// What cannot be a token is refused where it comes from, and not shown.
func TestUsableToken(t *testing.T) {
	for name, c := range map[string]struct {
		token azcore.AccessToken
		ok    bool
	}{
		"good":           {azcore.AccessToken{Token: "a.b-c_d~", ExpiresOn: time.Now().Add(time.Minute)}, true},
		"without an end": {azcore.AccessToken{Token: "a"}, true},
		"expired":        {azcore.AccessToken{Token: "canary", ExpiresOn: time.Now()}, false},
		"line break":     {azcore.AccessToken{Token: "canary\r\nX: 1", ExpiresOn: time.Now().Add(time.Hour)}, false},
		"escape":         {azcore.AccessToken{Token: "canary\x1b", ExpiresOn: time.Now().Add(time.Hour)}, false},
	} {
		err := usable(c.token)
		if (err == nil) != c.ok || err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A secret goes nowhere without TLS, whatever a discovery document says, and an
// error of the transport is not lost in Azure's library.
func TestDoer(t *testing.T) {
	sent := 0
	d := &doer{tls: true, client: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		sent++
		return nil, &providers.Error{Class: providers.Unreachable, Summary: "nobody listens"}
	})}}
	a := &auth{sent: d, redact: func(s string) string { return strings.ReplaceAll(s, "canary", "(hidden)") }}
	for address, says := range map[string]string{"http://login/token": "without TLS", "https://login/token": "nobody listens"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("client_secret=canary"))
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := d.Do(req); err == nil {
			_ = resp.Body.Close()
			t.Errorf("%s: no error", address)
		}
		if err := a.signInError(t.Context(), io.ErrUnexpectedEOF); !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if sent != 1 {
		t.Errorf("%d requests were sent", sent)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
