package entra_test

import (
	"maps"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
)

// Discovery and keys (section 10).
func TestDiscovery(t *testing.T) {
	tn := start(t, entra.Options{})
	for _, tenant := range []string{entra.DefaultTenantID, entra.DefaultInitialDomain, "contoso.com"} {
		doc := tn.login(t, "GET /"+tenant+"/v2.0/.well-known/openid-configuration", nil)
		base := "https://login.test/" + entra.DefaultTenantID
		for name, want := range map[string]string{"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token",
			"device_authorization_endpoint": base + "/oauth2/v2.0/devicecode", "jwks_uri": base + "/discovery/v2.0/keys", "subject_types_supported": "[pairwise]",
			"id_token_signing_alg_values_supported": "[RS256]", "msgraph_host": "graph.microsoft.com", "cloud_instance_name": "microsoftonline.com"} {
			equal(t, name, doc.str(name), want)
		}
	}
	key := tn.login(t, "GET /"+entra.DefaultTenantID+"/discovery/v2.0/keys", nil).body["keys"].([]any)[0].(object)
	equal(t, "members of a key", slices.Sorted(maps.Keys(key)), []string{"e", "issuer", "kid", "kty", "n", "use", "x5c", "x5t"})
	gov := entra.New(entra.Options{Cloud: "usgov", BaseURL: "https://login.microsoftonline.us"})
	doc := (&tenant{Server: gov}).login(t, "GET /"+entra.DefaultTenantID+"/v2.0/.well-known/openid-configuration", nil)
	equal(t, "another cloud", []string{doc.str("issuer"), doc.str("msgraph_host")},
		[]string{"https://login.microsoftonline.us/" + entra.DefaultTenantID + "/v2.0", "graph.microsoft.us"})
}

// Client credentials and what refuses them (section 10).
func TestClientCredentials(t *testing.T) {
	tn := start(t, entra.Options{Roles: []string{"User.Read.All"}, App: entra.App{SecretExpires: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}})
	form := func(more ...string) url.Values {
		v := url.Values{"grant_type": {"client_credentials"}, "client_id": {entra.DefaultClientID}, "client_secret": {entra.DefaultClientSecret}, "scope": {graphScope}}
		for i := 0; i < len(more); i += 2 {
			v.Set(more[i], more[i+1])
			if more[i+1] == "" {
				v.Del(more[i])
			}
		}
		return v
	}
	a := tn.login(t, tokenPath, form())
	equal(t, "members", slices.Sorted(maps.Keys(a.body)), []string{"access_token", "expires_in", "ext_expires_in", "token_type"})
	if life := a.body["expires_in"].(float64); life < 3600 || life > 5400 {
		t.Errorf("lives %v s", life)
	}
	c := claims(t, a.str("access_token"))
	equal(t, "claims", []any{c["aud"], c["iss"], c["appid"], c["roles"], c["ver"], c["oid"], c["scp"]}, []any{"https://graph.microsoft.com",
		"https://sts.windows.net/" + entra.DefaultTenantID + "/", entra.DefaultClientID, []any{"User.Read.All"}, "1.0", tn.AutomationID(), nil})
	if tn.login(t, tokenPath, form("scope", "https://login.test/.default")).status != 200 {
		t.Error("the emulator's own address is no name of Graph")
	}
	for _, tt := range []struct {
		name, path string
		form       url.Values
		status     int
		oauth      string
		number     int
	}{
		{"bad secret", tokenPath, form("client_secret", "x"), 401, "invalid_client", 7000215},
		{"no secret", tokenPath, form("client_secret", ""), 401, "invalid_client", 7000218},
		{"unknown application", tokenPath, form("client_id", "00000000-0000-0000-0000-000000000009"), 400, "unauthorized_client", 700016},
		{"unknown tenant", "POST /fabrikam.com/oauth2/v2.0/token", form(), 400, "invalid_request", 90002},
		{"common", "POST /common/oauth2/v2.0/token", form(), 400, "invalid_request", 50194},
		{"no grant", tokenPath, form("grant_type", ""), 400, "invalid_request", 900144},
		{"no client", tokenPath, form("client_id", ""), 400, "invalid_request", 900144},
		{"other grant", tokenPath, form("grant_type", "password"), 400, "unsupported_grant_type", 70003},
		{"scope", tokenPath, form("scope", "User.Read"), 400, "invalid_scope", 1002012},
		{"resource", tokenPath, form("scope", "api://nothing/.default"), 400, "invalid_resource", 500011},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stsRefused(t, tn.login(t, tt.path, tt.form), tt.status, tt.oauth, tt.number)
		})
	}
	tn.Change(entra.KindServicePrincipal, tn.AutomationID(), func(p map[string]any) { p["accountEnabled"] = false })
	stsRefused(t, tn.login(t, tokenPath, form()), 401, "unauthorized_client", 7000112)
	tn.Change(entra.KindServicePrincipal, tn.AutomationID(), func(p map[string]any) { p["accountEnabled"] = true })
	tn.now = tn.now.AddDate(1, 0, 0)
	stsRefused(t, tn.login(t, tokenPath, form()), 401, "invalid_client", 7000222)
}
