package auth0_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/emulator/pages/pagetest"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// influx makes a client as influxctl needs one, with the tenant's database.
func (tn *tenant) influx(t *testing.T) string {
	t.Helper()
	id := tn.must(t, 201, "POST clients", `{"name":"influxctl","app_type":"native","oidc_conformant":true,"token_endpoint_auth_method":"none",`+
		`"grant_types":["`+deviceGrant+`","refresh_token"]}`).str("client_id")
	tn.must(t, 204, "PATCH connections/"+tn.Connections()[0].ID+"/clients", `[{"client_id":"`+id+`","status":true}]`)
	return id
}

// device begins a device authorization.
func (tn *tenant) device(t *testing.T, client, scope, audience string) answer {
	t.Helper()
	a := tn.oauth(t, "POST /oauth/device/code", object{"client_id": client, "scope": scope, "audience": audience})
	if a.status != 200 {
		t.Fatalf("device code: %d %s", a.status, a.text)
	}
	return a
}

func (tn *tenant) poll(t *testing.T, client string, d answer) answer {
	t.Helper()
	return tn.oauth(t, "POST /oauth/token", object{"grant_type": deviceGrant, "client_id": client, "device_code": d.str("device_code")})
}

// browse signs in on the pages, from an address on.
func (tn *tenant) browse(t *testing.T, address string, cred formclient.Credentials) error {
	t.Helper()
	return formclient.SignIn(t.Context(), &http.Client{Transport: pagetest.Direct{Handler: tn.Server}}, address, cred)
}

var marty = formclient.Credentials{Username: "marty@example.com", Password: "Passw0rd!"}

// The device flow through the pages, with and without an audience: only with
// one the access token is a JWT (section 10).
func TestDeviceFlow(t *testing.T) {
	for name, tt := range map[string]struct {
		scope, audience string
		complete        bool
		refresh         bool
		aud             any
	}{
		"opaque":              {"openid profile email offline_access", "", true, true, nil},
		"an API":              {"openid offline_access read:data write:data", "https://api.test", false, true, []any{"https://api.test", "https://" + auth0.DefaultDomain + "/userinfo"}},
		"an API alone":        {"read:data", "https://api.test", true, false, "https://api.test"},
		"an API without more": {"", "https://api.test", true, false, "https://api.test"},
	} {
		t.Run(name, func(t *testing.T) {
			tn := start(t, auth0.Options{})
			tn.must(t, 201, "POST resource-servers", `{"identifier":"https://api.test","allow_offline_access":true,"token_lifetime":600,"scopes":[{"value":"read:data"}]}`)
			client, user := tn.influx(t), tn.user(t, "marty")
			d := tn.device(t, client, tt.scope, tt.audience)
			verify := "https://" + auth0.DefaultDomain + "/activate"
			equal(t, "device", []any{d.body["expires_in"], d.body["interval"], d.str("verification_uri"), d.str("verification_uri_complete")},
				[]any{900.0, 5.0, verify, verify + "?user_code=" + d.str("user_code")})
			refusedByOAuth(t, tn.poll(t, client, d), 403, "authorization_pending", "User has yet to authorize device code.")
			address, cred := d.str("verification_uri_complete"), marty
			if !tt.complete {
				// People leave the dash out, and do not look at the case.
				address, cred.UserCode = verify, strings.ToLower(strings.ReplaceAll(d.str("user_code"), "-", ""))
			}
			if err := tn.browse(t, address, cred); err != nil {
				t.Fatal(err)
			}
			tn.now = tn.now.Add(5 * time.Second)
			a := tn.poll(t, client, d)
			if a.status != 200 {
				t.Fatal(a.text)
			}
			equal(t, "tokens", []bool{a.str("id_token") != "", a.str("refresh_token") != ""}, []bool{strings.Contains(tt.scope, "openid"), tt.refresh})
			if tt.audience == "" {
				if strings.Contains(a.str("access_token"), ".") {
					t.Errorf("not opaque: %s", a.str("access_token"))
				}
				info := tn.request(t, "GET /userinfo", "")
				info.Header.Set("Authorization", "Bearer "+a.str("access_token"))
				equal(t, "userinfo", tn.send(t, info).str("email"), "marty@example.com")
				equal(t, "id_token", claims(t, a.str("id_token"))["email"], "marty@example.com")
			} else {
				c := claims(t, a.str("access_token"))
				now := float64(tn.now.Unix())
				equal(t, "claims", []any{c["iss"], c["sub"], c["aud"], c["azp"], c["iat"], c["exp"], c["gty"]},
					[]any{"https://" + auth0.DefaultDomain + "/", user, tt.aud, client, now, now + 600, nil})
				// A scope that the API does not have is left out.
				equal(t, "scope", c["scope"], map[bool]any{true: nil, false: strings.TrimSuffix(tt.scope, " write:data")}[tt.scope == ""])
			}
			refusedByOAuth(t, tn.poll(t, client, d), 403, "invalid_grant", "")
			if u := tn.Users()[0]; u.Logins != 1 {
				t.Errorf("%d sign-ins", u.Logins)
			}
		})
	}
}

// Polling: 429 for those who hurry, the end is told once (section 10).
func TestPolling(t *testing.T) {
	tn := start(t, auth0.Options{})
	client := tn.influx(t)
	tn.user(t, "marty")
	d := tn.device(t, client, "openid", "")
	refusedByOAuth(t, tn.poll(t, client, d), 403, "authorization_pending", "")
	tn.now = tn.now.Add(4 * time.Second)
	refusedByOAuth(t, tn.poll(t, client, d), 429, "slow_down", "5 seconds")
	tn.now = tn.now.Add(time.Second)
	refusedByOAuth(t, tn.poll(t, client, d), 403, "authorization_pending", "")
	refusedByOAuth(t, tn.poll(t, tn.influx(t), d), 403, "invalid_grant", "")
	tn.now = tn.now.Add(15 * time.Minute)
	refusedByOAuth(t, tn.poll(t, client, d), 403, "expired_token", "")
	refusedByOAuth(t, tn.poll(t, client, d), 403, "invalid_grant", "")
	if err := tn.browse(t, d.str("verification_uri_complete"), marty); err == nil {
		t.Error("an expired code was taken")
	}
}

// Cancel tells the device so.
func TestDenied(t *testing.T) {
	tn := start(t, auth0.Options{})
	client := tn.influx(t)
	tn.user(t, "marty")
	d := tn.device(t, client, "openid", "")
	page := func(request, form string) string {
		r := tn.request(t, request, form)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return tn.send(t, r).text
	}
	state := regexp.MustCompile(`name="state" value="([^"]+)"`).FindStringSubmatch(page("GET /activate?user_code="+d.str("user_code"), ""))
	if state == nil {
		t.Fatal("no sign-in")
	}
	page("POST /u/login", "username=marty@example.com&password=Passw0rd!&state="+state[1])
	page("POST /u/device/confirmation", "action=cancel&state="+state[1])
	refusedByOAuth(t, tn.poll(t, client, d), 403, "access_denied", "")
}

// Who cannot sign in, and why.
func TestSignInRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(*tenant, string, string) // with the client and the user
		want    string
	}{
		"wrong password": {func(tn *tenant, _, user string) { tn.SetPassword(user, "another") }, "Wrong username or password"},
		"blocked": {func(tn *tenant, _, user string) {
			tn.Change(auth0.KindUser, user, func(p object) { p["blocked"] = true })
		}, "blocked"},
		"no connection":       {func(tn *tenant, _, _ string) { tn.SetMembers(auth0.KindConnection, tn.Connections()[0].ID) }, "no connections enabled for the client"},
		"no such user":        {func(tn *tenant, _, user string) { tn.Remove(auth0.KindUser, user) }, "Wrong username or password"},
		"user without a word": {func(tn *tenant, _, user string) { tn.SetPassword(user, "") }, "Wrong username or password"},
	} {
		t.Run(name, func(t *testing.T) {
			tn := start(t, auth0.Options{})
			client, user := tn.influx(t), tn.user(t, "marty")
			d := tn.device(t, client, "openid", "")
			tt.prepare(tn, client, user)
			err := tn.browse(t, d.str("verification_uri_complete"), marty)
			var stopped *formclient.StoppedError
			if !errors.As(err, &stopped) || !strings.Contains(stopped.Message, tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// What is refused before anybody signs in (section 10).
func TestDeviceCodeRefused(t *testing.T) {
	tn := start(t, auth0.Options{})
	client := tn.influx(t)
	other := tn.AddClient(object{"name": "web", "token_endpoint_auth_method": "none"})
	tn.AddAPI(object{"identifier": "https://closed.test", "subject_type_authorization": object{"user": object{"policy": "deny_all"}}})
	for _, tt := range []struct {
		client, audience string
		status           int
		code, why        string
	}{
		{"", "", 400, "invalid_request", "client_id"},
		{"x", "", 403, "unauthorized_client", "Unknown client: x"},
		{other, "", 403, "unauthorized_client", "Grant type '" + deviceGrant + "' not allowed for the client."},
		{client, "https://x", 403, "access_denied", "Service not enabled within domain: https://x"},
		{client, "https://closed.test", 403, "access_denied", "is not authorized to access resource server"},
	} {
		refusedByOAuth(t, tn.oauth(t, "POST /oauth/device/code", object{"client_id": tt.client, "audience": tt.audience}), tt.status, tt.code, tt.why)
	}
}

// The tenant's mask and alphabet make the codes (section 10).
func TestUserCodes(t *testing.T) {
	tn := start(t, auth0.Options{})
	client := tn.influx(t)
	for _, tt := range []struct{ settings, want string }{
		{"", `^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`},
		{`{"device_flow":{"charset":"digits","mask":"***-***-***"}}`, `^\d{3}-\d{3}-\d{3}$`},
		{`{"device_flow":{"charset":"base20","mask":"** *** ***"}}`, `^[A-Z]{2} [A-Z]{3} [A-Z]{3}$`},
		{`{"device_flow":null}`, `^[A-Z]{4}-[A-Z]{4}$`},
	} {
		if tt.settings != "" {
			tn.must(t, 200, "PATCH tenants/settings", tt.settings)
		}
		if code := tn.device(t, client, "", "").str("user_code"); !regexp.MustCompile(tt.want).MatchString(code) {
			t.Errorf("%s: %s", tt.settings, code)
		}
	}
	for body, why := range map[string]string{
		`{"device_flow":{"charset":"hex"}}`:                             "No enum match for: hex",
		`{"device_flow":{"charset":"base20","mask":"***-***"}}`:         "device-flow-mask",
		`{"device_flow":{"charset":"digits","mask":"****-****"}}`:       "device-flow-mask",
		`{"device_flow":{"mask":"****x****"}}`:                          "device-flow-mask",
		`{"device_flow":{"mask":"*********************"}}`:              "String is too long",
		`{"device_flow":{"charset":"base20","alphabet":"hex"}}`:         "Additional properties not allowed: alphabet",
		`{"device_flow":"none"}`:                                        "Expected type object but found type string",
		`{"device_flow":{"charset":"base20","mask":"****-****"},"x":1}`: "Additional properties not allowed: x",
	} {
		tn.refused(t, 400, "invalid_body", why, "PATCH tenants/settings", body)
	}
}

// Refresh tokens: the same again, or another one where they rotate (section 4).
func TestRefresh(t *testing.T) {
	for _, rotating := range []bool{false, true} {
		tn := start(t, auth0.Options{})
		client := tn.influx(t)
		tn.user(t, "marty")
		if rotating {
			tn.must(t, 200, "PATCH clients/"+client, `{"refresh_token":{"rotation_type":"rotating"}}`)
		}
		d := tn.device(t, client, "openid offline_access", "")
		if err := tn.browse(t, d.str("verification_uri_complete"), marty); err != nil {
			t.Fatal(err)
		}
		token := tn.poll(t, client, d).str("refresh_token")
		refresh := func(token string) answer {
			return tn.oauth(t, "POST /oauth/token", object{"grant_type": "refresh_token", "client_id": client, "refresh_token": token})
		}
		a := refresh(token)
		equal(t, "another token", []bool{a.status == 200, a.str("refresh_token") != ""}, []bool{true, rotating})
		if again := refresh(token); (again.status == 200) == rotating {
			t.Errorf("rotating %v: the old token gives %d", rotating, again.status)
		}
		if rotating {
			token = a.str("refresh_token")
		}
		tn.RevokeTokens(tn.Users()[0].ID)
		refusedByOAuth(t, refresh(token), 403, "invalid_grant", "Unknown or invalid refresh token.")
	}
}

// RBAC: scopes and the permissions claim follow the user's roles (section 10).
func TestPermissionsInTokens(t *testing.T) {
	tn := start(t, auth0.Options{})
	client, user := tn.influx(t), tn.user(t, "marty")
	tn.must(t, 201, "POST resource-servers", `{"identifier":"https://api.test","enforce_policies":true,"token_dialect":"access_token_authz","scopes":[{"value":"a"},{"value":"b"},{"value":"c"}]}`)
	role := tn.must(t, 200, "POST roles", `{"name":"r"}`).str("id")
	tn.must(t, 201, "POST roles/"+role+"/permissions", `{"permissions":[{"resource_server_identifier":"https://api.test","permission_name":"a"}]}`)
	tn.must(t, 200, "POST roles/"+role+"/users", `{"users":["`+user+`"]}`)
	tn.must(t, 201, "POST users/"+user+"/permissions", `{"permissions":[{"resource_server_identifier":"https://api.test","permission_name":"b"}]}`)
	d := tn.device(t, client, "a c", "https://api.test")
	if err := tn.browse(t, d.str("verification_uri_complete"), marty); err != nil {
		t.Fatal(err)
	}
	c := claims(t, tn.poll(t, client, d).str("access_token"))
	equal(t, "claims", []any{c["scope"], c["permissions"]}, []any{"a", []any{"a", "b"}})
}
