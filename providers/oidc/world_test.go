package oidc

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/emulator/memnet"
	emulated "github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/providers"
)

const testIssuer = "http://localhost:5556/dex"

// issuer is an OpenID provider with what a plan reads of one.
type issuer struct {
	http.ServeMux
	// document is its discovery document, keys its key set: written as JSON, or as they
	// are if they are texts.
	document, keys any
	// asked counts requests by path.
	asked map[string]int
}

// newIssuer is one that has what InfluxDB needs; call it within a bubble.
func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := emulated.NewKey("RS256", "sig", "test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{
		document: map[string]any{
			"issuer": testIssuer, "jwks_uri": testIssuer + "/keys", "token_endpoint": testIssuer + "/token",
			"device_authorization_endpoint": testIssuer + "/device/code", "authorization_endpoint": testIssuer + "/auth",
		},
		keys:  emulated.JWKS(key),
		asked: map[string]int{},
	}
	answer := func(path string, what *any) {
		i.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			i.asked[r.URL.Path]++
			if text, is := (*what).(string); is {
				if w.Header().Set("Content-Type", "application/json"); strings.HasPrefix(text, "<") {
					w.Header().Set("Content-Type", "text/html")
				}
				_, _ = io.WriteString(w, text)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(*what)
		})
	}
	answer("/dex/.well-known/openid-configuration", &i.document)
	answer("/dex/keys", &i.keys)
	return i
}

// has sets a member of the document; nil removes it.
func (i *issuer) has(name string, v any) {
	doc := i.document.(map[string]any)
	if doc[name] = v; v == nil {
		delete(doc, name)
	}
}

// block is a provider block with defaults; nil leaves an attribute null.
func block(vals map[string]cty.Value) cty.Value {
	attrs := map[string]cty.Value{}
	for _, a := range configAttributes() {
		attrs[a.Name] = cty.NullVal(a.Type)
		if a.Default != cty.NilVal {
			attrs[a.Name] = a.Default
		}
		if v, ok := vals[a.Name]; ok {
			attrs[a.Name] = v
		}
	}
	return cty.ObjectVal(attrs)
}

// served serves a handler in memory, and returns the provider that reaches it under
// every address.
func served(t *testing.T, h http.Handler) providers.Provider {
	t.Helper()
	client, stop := memnet.Serve(h)
	t.Cleanup(stop)
	return NewWith(Options{DialContext: client.Transport.(*http.Transport).DialContext})
}
