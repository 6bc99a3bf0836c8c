package entra

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/work"
)

// block is a provider block with some attributes set.
func block(set map[string]string) cty.Value {
	vals := map[string]cty.Value{}
	for _, a := range configAttributes() {
		vals[a.Name] = cty.NullVal(a.Type)
		if a.Default != cty.NilVal {
			vals[a.Name] = a.Default
		}
	}
	vals["tenant_id"] = cty.StringVal("contoso.com")
	for name, v := range set {
		vals[name] = cty.StringVal(v)
	}
	return cty.ObjectVal(vals)
}

func TestProviderBlock(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		set       map[string]string
		attribute string // of the error; "" for none
	}{
		"secret":                {map[string]string{"client_id": "a", "client_secret": "s"}, ""},
		"azure's chain":         {nil, ""},
		"token file":            {map[string]string{"client_id": "a", "oidc_token_file": "token"}, ""},
		"secret without client": {map[string]string{"client_secret": "s"}, "client_secret"},
		"graph alone":           {map[string]string{"graph_endpoint": "https://127.0.0.1:1"}, "graph_endpoint"},
		"authority alone":       {map[string]string{"authority_endpoint": "https://127.0.0.1:1"}, "graph_endpoint"},
		"both":                  {map[string]string{"client_id": "a", "client_secret": "s", "authority_endpoint": "https://127.0.0.1:1", "graph_endpoint": "http://127.0.0.1:1"}, ""},
		"http elsewhere":        {map[string]string{"authority_endpoint": "https://idp.example.com", "graph_endpoint": "http://idp.example.com"}, "graph_endpoint"},
		"with credentials":      {map[string]string{"authority_endpoint": "https://u:p@idp.example.com", "graph_endpoint": "https://idp.example.com"}, "authority_endpoint"},
		"no certificate":        {map[string]string{"client_id": "a", "client_certificate_path": "cert.pem"}, "client_certificate_path"},
		"missing certificate":   {map[string]string{"client_id": "a", "client_certificate_path": "none.pem"}, "client_certificate_path"},
		"missing CA":            {map[string]string{"ca_file": "none.pem"}, "ca_file"},
	} {
		c2, err := New().Open(context.Background(), providers.Config{Attrs: block(c.set), Dir: dir, Parallelism: 1})
		var e *providers.Error
		switch {
		case c.attribute == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.attribute != "" && (!errors.As(err, &e) || e.Class != providers.Invalid || e.Attribute != c.attribute):
			t.Errorf("%s: %+v", name, err)
		}
		if err == nil && c2.Close() != nil {
			t.Errorf("%s: Close", name)
		}
	}
}

func TestCheck(t *testing.T) {
	tenant := &tenant{id: tenantGUID, domains: []string{"contoso.com", "contoso.onmicrosoft.com"}}
	text := cty.StringVal
	for name, c := range map[string]struct {
		set       map[string]cty.Value
		attribute string
	}{
		"member":            {map[string]cty.Value{"user_principal_name": text("m@contoso.com"), "email": text("m@contoso.com")}, ""},
		"unverified domain": {map[string]cty.Value{"user_principal_name": text("m@example.com")}, "user_principal_name"},
		"guest":             {map[string]cty.Value{"guest": cty.True, "email": text("m@example.com"), "user_principal_name": text("m@example.com")}, ""},
		"guest from here":   {map[string]cty.Value{"guest": cty.True, "email": text("m@contoso.com")}, "email"},
		"guest's password":  {map[string]cty.Value{"guest": cty.True, "email": text("m@example.com"), "generate_password": cty.True}, "generate_password"},
		"invited member":    {map[string]cty.Value{"user_principal_name": text("m@contoso.com"), "invite": cty.True}, "invite"},
		"weak password":     {map[string]cty.Value{"user_principal_name": text("m@contoso.com"), "initial_password": text("password")}, "initial_password"},
		"strong password":   {map[string]cty.Value{"user_principal_name": text("m@contoso.com"), "initial_password": text("Passw0rd")}, ""},
	} {
		err := tenant.check(&providers.Operation{Verb: providers.Create, Kind: "user", After: user(c.set)})
		var e *providers.Error
		if c.attribute == "" && err != nil || c.attribute != "" && (!errors.As(err, &e) || e.Attribute != c.attribute) {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

func TestSignInErrors(t *testing.T) {
	for body, says := range map[string]string{
		`{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired. Trace ID: x","error_codes":[7000222]}`: "has expired (AADSTS7000222)",
		`{"error":"unauthorized_client","error_description":"AADSTS700016: Application not found","error_codes":[700016]}`:                                 "tenant_id is the tenant in which",
		`{"error":"invalid_request","error_description":"AADSTS99: Something else. Trace ID: 1 Correlation ID: 2","error_codes":[99]}`:                     "AADSTS99: Something else.",
		`<html>`: "sign in with az login",
	} {
		a := &auth{clientID: "the-app", redact: func(s string) string { return s }}
		err := a.signInError(context.Background(), &azidentity.AuthenticationFailedError{
			RawResponse: &http.Response{StatusCode: 401, Body: io.NopCloser(strings.NewReader(body))},
		})
		if providers.ClassOf(err) != providers.Unauthenticated || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "Trace ID") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestThrownAwayPasswordsAreStrong(t *testing.T) {
	if pw := work.ThrownAway(); !strong(pw) {
		t.Errorf("%q", pw)
	}
}
