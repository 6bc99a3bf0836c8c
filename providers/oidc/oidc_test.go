package oidc

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/resource"
)

func open(t *testing.T, p providers.Provider, vals map[string]cty.Value) (providers.Conn, error) {
	t.Helper()
	if vals["issuer"] == cty.NilVal {
		vals["issuer"] = cty.StringVal(testIssuer)
	}
	return p.Open(t.Context(), providers.Config{Attrs: block(vals), Parallelism: 2, UserAgent: "idpctl/test"})
}

func listRealm(t *testing.T, p providers.Provider, vals map[string]cty.Value) ([]resource.Object, error) {
	t.Helper()
	c, err := open(t, p, vals)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	return c.List(t.Context(), providers.Query{Kind: "realm", All: true})
}

// The realm is what discovery says, and is read once for all who need it.
func TestRealm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t)
		c, err := open(t, served(t, i), map[string]cty.Value{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		for range 3 {
			found, err := c.List(t.Context(), providers.Query{Kind: "realm", All: true})
			if err != nil || len(found) != 1 {
				t.Fatal(found, err)
			}
			for name, want := range map[string]string{
				"id": testIssuer, "issuer": testIssuer, "jwks_uri": testIssuer + "/keys",
				"token_endpoint": testIssuer + "/token", "device_authorization_endpoint": testIssuer + "/device/code",
			} {
				if got := attr.String(found[0].Attrs, name); got != want || found[0].ID != testIssuer {
					t.Errorf("%s: %s", name, got)
				}
			}
		}
		for path, n := range i.asked {
			if n != 1 {
				t.Errorf("%s was asked for %d times", path, n)
			}
		}
		if len(i.asked) != 2 {
			t.Errorf("asked: %v", i.asked)
		}
	})
}

// What an issuer lacks is refused when the plan is made, with the argument that is
// wrong and what to do.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(i *issuer)
		vals      map[string]cty.Value
		attribute string // issuer if empty
		says      []string
	}{
		"another issuer": {
			change: func(i *issuer) { i.has("issuer", "https://dex.example.com") },
			says:   []string{"calls itself https://dex.example.com, not " + testIssuer, "Tokens will carry"},
		},
		"another slash": {
			change: func(i *issuer) { i.has("issuer", testIssuer+"/") }, says: []string{"another slash", "Write the issuer as " + testIssuer + "/"},
		},
		"no device flow": {
			change: func(i *issuer) { i.has("device_authorization_endpoint", nil) },
			says:   []string{"has no device_authorization_endpoint", "influxctl signs in through the device flow"},
		},
		"no key set": {change: func(i *issuer) { i.has("jwks_uri", nil) }, says: []string{"has no jwks_uri"}},
		"two things missing": {
			change: func(i *issuer) { i.has("jwks_uri", nil); i.has("token_endpoint", nil) }, says: []string{"has no jwks_uri; the discovery document has no token_endpoint"},
		},
		"no keys": {
			change: func(i *issuer) { i.keys = map[string]any{"keys": []any{}} }, says: []string{testIssuer + "/keys has no key that could be used", "RS256"},
		},
		"a web page":       {change: func(i *issuer) { i.document = "<html>Sign in</html>" }, says: []string{"it is a web page (HTML)", "sign-in proxy"}},
		"keys, a web page": {change: func(i *issuer) { i.keys = "<html>Sign in</html>" }, says: []string{"/keys is not a JWKS: it is a web page (HTML)"}},
		"no JSON":          {change: func(i *issuer) { i.document = "oops\x1b[31m" }, says: []string{"valid JSON"}},
		"endpoints elsewhere": {
			change: func(i *issuer) { i.has("token_endpoint", "https://oauth2.example.com/token") },
			says:   []string{"token_endpoint is on https://oauth2.example.com", "allowed_origins"},
		},
		"not there": {vals: map[string]cty.Value{"issuer": cty.StringVal("http://localhost:5556/other")}, says: []string{"404", "no issuer at this URL"}},
		"http elsewhere": {
			vals: map[string]cty.Value{"issuer": cty.StringVal("http://dex.example.com")}, says: []string{"is http on another machine", "Use https"},
		},
		"a document": {
			vals: map[string]cty.Value{"issuer": cty.StringVal(testIssuer + "/.well-known/openid-configuration")}, says: []string{"URL of a document", "Leave out everything from /.well-known/ on"},
		},
		"no issuer": {vals: map[string]cty.Value{"issuer": cty.NullVal(cty.String)}, says: []string{"has no issuer", "OIDC_ISSUER"}},
		"an origin without TLS": {
			vals:      map[string]cty.Value{"allowed_origins": cty.SetVal([]cty.Value{cty.StringVal("http://oauth2.example.com")})},
			attribute: "allowed_origins", says: []string{"http on another machine", "write https"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := newIssuer(t)
				if c.change != nil {
					c.change(i)
				}
				if c.vals == nil {
					c.vals = map[string]cty.Value{}
				}
				_, err := listRealm(t, served(t, i), c.vals)
				var e *providers.Error
				if !errors.As(err, &e) {
					t.Fatalf("no error of a provider: %v", err)
				}
				if want := cmp.Or(c.attribute, "issuer"); e.Attribute != want {
					t.Errorf("the error is of %q", e.Attribute)
				}
				for _, want := range c.says {
					if !strings.Contains(e.Error(), want) {
						t.Errorf("%q is missing in: %s", want, e)
					}
				}
				if strings.ContainsRune(e.Error(), '\x1b') {
					t.Errorf("control characters: %q", e.Error())
				}
			})
		})
	}
}

// An origin that is allowed may have endpoints.
func TestAllowedOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t)
		i.has("token_endpoint", "https://oauth2.example.com/token")
		found, err := listRealm(t, served(t, i), map[string]cty.Value{"allowed_origins": cty.SetVal([]cty.Value{cty.StringVal("https://oauth2.example.com")})})
		if err != nil || len(found) != 1 || attr.String(found[0].Attrs, "token_endpoint") != "https://oauth2.example.com/token" {
			t.Error(found, err)
		}
	})
}

// A server that is not well is asked again, and one that never answers is told of with
// the words of the transport.
func TestServerNotWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, times := newIssuer(t), 0
		sick := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if times++; times < 4 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			i.ServeHTTP(w, r)
		})
		if found, err := listRealm(t, served(t, sick), map[string]cty.Value{}); err != nil || len(found) != 1 {
			t.Error(found, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		silent := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		_, err := listRealm(t, served(t, silent), map[string]cty.Value{"timeout": cty.NumberIntVal(5)})
		var e *providers.Error
		if !errors.As(err, &e) || e.Class != providers.Unreachable || !strings.Contains(e.Summary, "no answer within 5s (3 tries)") || e.Attribute != "issuer" {
			t.Errorf("%+v", e)
		}
	})
}

// A run that is interrupted has not failed at the issuer.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := open(t, served(t, newIssuer(t)), map[string]cty.Value{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.List(ctx, providers.Query{Kind: "realm", All: true}); providers.ClassOf(err) != providers.NotAttempted {
			t.Errorf("%v", err)
		}
	})
}

// A CA file that is none is refused before anything is sent.
func TestCAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, New(), map[string]cty.Value{"ca_file": cty.StringVal(file)})
	var e *providers.Error
	if !errors.As(err, &e) || e.Attribute != "ca_file" {
		t.Errorf("%v", err)
	}
}

// An unknown kind is a defect of idpctl, and not an empty answer.
func TestUnknownKind(t *testing.T) {
	c, err := open(t, New(), map[string]cty.Value{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.List(t.Context(), providers.Query{Kind: "robot", All: true}); providers.ClassOf(err) != providers.Internal || err == nil {
		t.Errorf("%v", err)
	}
}
