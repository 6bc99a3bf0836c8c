package auth0_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// GET and PATCH differ, and what is not set is absent (section 8).
func TestSettings(t *testing.T) {
	tn := start(t, auth0.Options{})
	const flag = "enforce_client_authentication_on_passwordless_start"
	got := tn.must(t, 200, "GET tenants/settings", "").body
	patched := tn.must(t, 200, "PATCH tenants/settings", `{"friendly_name":"Hill Valley"}`).body
	flagOf := func(o object) bool { _, has := o["flags"].(object)[flag]; return has }
	equal(t, "GET", []any{got["device_flow"], got["sandbox_versions_available"] != nil, flagOf(got)}, []any{nil, true, false})
	equal(t, "PATCH", []any{patched["friendly_name"], patched["sandbox_versions_available"] != nil, flagOf(patched)}, []any{"Hill Valley", false, true})
	equal(t, "fields", tn.must(t, 200, "GET tenants/settings?fields=friendly_name", "").body, object{"friendly_name": "Hill Valley"})
	for _, tt := range []struct{ patch, property, want string }{
		{`{"change_password":{"enabled":true,"html":"x"}}`, "change_password", `{"enabled":true,"html":"x"}`},
		{`{"change_password":{"html":"y"}}`, "change_password", `{"enabled":true,"html":"y"}`},
		{`{"error_page":{"html":"x"}}`, "error_page", `{"html":"x"}`},
		{`{"error_page":null}`, "error_page", `null`},
		{`{"default_redirection_uri":"https://x"}`, "default_redirection_uri", `"https://x"`},
		{`{"default_redirection_uri":""}`, "default_redirection_uri", `null`},
		{`{"default_audience":""}`, "default_audience", `""`},
		{`{"device_flow":{"charset":"digits","mask":"***-***-***"}}`, "device_flow", `{"charset":"digits","mask":"***-***-***"}`},
		{`{"session_lifetime":0.5}`, "session_lifetime", `0.5`},
	} {
		tn.must(t, 200, "PATCH tenants/settings", tt.patch)
		text, _ := json.Marshal(tn.must(t, 200, "GET tenants/settings", "").body[tt.property])
		equal(t, tt.patch, string(text), tt.want)
	}
	before := len(tn.Settings()["flags"].(map[string]any))
	tn.must(t, 200, "PATCH tenants/settings", `{"flags":{"enable_client_connections":true}}`)
	equal(t, "flags are merged", len(tn.Settings()["flags"].(map[string]any)), before+1)
	tn.refused(t, 400, "invalid_body", "x", "PATCH tenants/settings", `{"default_audience":"x"}`)
	tn.refused(t, 400, "invalid_body", "Additional properties not allowed: realm", "PATCH tenants/settings", `{"realm":"x"}`)
}

// With a default audience no token is opaque, and no request need name it.
func TestDefaultAudience(t *testing.T) {
	tn := start(t, auth0.Options{})
	client := tn.influx(t)
	tn.user(t, "marty")
	tn.AddAPI(object{"identifier": "https://api.test"})
	tn.must(t, 200, "PATCH tenants/settings", `{"default_audience":"https://api.test"}`)
	d := tn.device(t, client, "", "")
	if err := tn.browse(t, d.str("verification_uri_complete"), marty); err != nil {
		t.Fatal(err)
	}
	equal(t, "aud", claims(t, tn.poll(t, client, d).str("access_token"))["aud"], "https://api.test")
}

// What changes something, for faults.
func TestMutates(t *testing.T) {
	for request, want := range map[string]bool{"GET /api/v2/users": false, "POST /api/v2/users": true, "PATCH /api/v2/users/x": true, "DELETE /api/v2/users/x": true,
		"POST /oauth/token": false, "POST /oauth/device/code": false, "POST /activate": false, "POST /u/login": false, "POST /dbconnections/change_password": true,
		"HEAD /api/v2/users": false} {
		method, path, _ := strings.Cut(request, " ")
		r := httptest.NewRequestWithContext(t.Context(), method, "https://x"+path, http.NoBody)
		equal(t, request, auth0.Mutates(r), want)
	}
}

// Every operation needs a scope, and the automation application has all.
func TestOperations(t *testing.T) {
	tn := start(t, auth0.Options{})
	for name, scopes := range auth0.Operations() {
		if len(scopes) == 0 {
			t.Errorf("%s needs no scope", name)
		}
		if a := tn.do(t, name, ""); a.status == 403 || a.status == 501 {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
		if a := tn.do(t, name, "{}"); a.status >= 500 {
			t.Errorf("%s with an empty object: %d %s", name, a.status, a.text)
		}
	}
	tn.refused(t, 501, "not_emulated", "POST", "POST organizations", "{}")
	equal(t, "counts", tn.Requests()["POST (not emulated)"], 1)
	tn.ResetRequests()
	equal(t, "counts", len(tn.Requests()), 0)
}
