package auth0_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/formclient"
)

// tokens signs marty in through the device flow and polls.
func (tn *tenant) tokens(t *testing.T, client, scope, audience string) answer {
	t.Helper()
	d := tn.device(t, client, scope, audience)
	if err := tn.browse(t, d.str("verification_uri_complete"), marty); err != nil {
		t.Fatal(err)
	}
	return tn.poll(t, client, d)
}

// What an API demands of those who ask for it (section 7).
func TestPolicies(t *testing.T) {
	tn := start(t, auth0.Options{})
	client, id := tn.influx(t), auth0.DefaultClientID
	tn.user(t, "marty")
	tn.must(t, 201, "POST resource-servers", `{"identifier":"https://api.test","scopes":[{"value":"a"},{"value":"b"}],`+
		`"subject_type_authorization":{"client":{"policy":"deny_all"},"user":{"policy":"require_client_grant"}}}`)
	const not = "is not authorized to access resource server"
	refusedByOAuth(t, tn.oauth(t, "POST /oauth/device/code", object{"client_id": client, "audience": "https://api.test"}), 403, "access_denied", not)
	tn.must(t, 201, "POST client-grants", `{"client_id":"`+client+`","audience":"https://api.test","scope":["a"],"subject_type":"user"}`)
	equal(t, "scope", tn.tokens(t, client, "openid a b", "https://api.test").str("scope"), "openid a")
	tn.must(t, 201, "POST client-grants", `{"client_id":"`+id+`","audience":"https://api.test","scope":["a"]}`)
	refusedByOAuth(t, tn.oauth(t, "POST /oauth/token", object{"grant_type": "client_credentials", "client_id": id, "client_secret": auth0.DefaultClientSecret,
		"audience": "https://api.test"}), 403, "access_denied", not)
}

// What is known to be missing says so, instead of doing something else.
func TestNotEmulated(t *testing.T) {
	for name, change := range map[string]func(object){
		"HS256":    func(p object) { p["signing_alg"] = "HS256" },
		"RFC 9068": func(p object) { p["token_dialect"] = "rfc9068_profile" },
	} {
		tn := start(t, auth0.Options{})
		client := tn.influx(t)
		tn.user(t, "marty")
		tn.Change(auth0.KindAPI, tn.AddAPI(object{"identifier": "https://api.test"}), change)
		if a := tn.tokens(t, client, "", "https://api.test"); a.status != 501 || a.str("errorCode") != "not_emulated" {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	tn := start(t, auth0.Options{})
	id := tn.user(t, "marty")
	con := tn.AddConnection(object{"name": "social", "strategy": "google-oauth2", "enabled_clients": []string{auth0.DefaultClientID}})
	global := tn.must(t, 200, "GET clients?is_global=true", "").column("", "client_id")[0]
	system := tn.must(t, 200, "GET resource-servers", "").column("", "id")[0]
	for request, body := range map[string]string{
		"POST users": strings.Replace(newUser("a", ""), auth0.DefaultConnection, "social", 1), "PATCH clients/" + global: "{}", "PATCH resource-servers/" + system: "{}",
		"DELETE resource-servers/" + system: "", "POST tickets/password-change": `{"user_id":"` + id + `","new_password":"x"}`, "GET users?primary_order=true": "",
	} {
		if a := tn.do(t, request, body); a.status != 501 && a.status != 400 || request != "GET users?primary_order=true" && a.status != 501 {
			t.Errorf("%s: %d %s", request, a.status, a.text)
		}
	}
	tn.must(t, 400, "DELETE clients/"+global, "")
	if options, _ := tn.Object(auth0.KindConnection, con); len(options["options"].(object)) != 0 {
		t.Errorf("options of a social connection: %v", options)
	}
	a := tn.send(t, tn.request(t, "GET /authorize", ""))
	equal(t, "authorize", a.status, 501)
}

// Tokens of those who are gone or blocked in the meantime.
func TestTokensAfterwards(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(tn *tenant, user string)
		code   string
	}{
		"blocked": {func(tn *tenant, user string) { tn.Change(auth0.KindUser, user, func(p object) { p["blocked"] = true }) }, "access_denied"},
		"deleted": {func(tn *tenant, user string) { tn.Remove(auth0.KindUser, user) }, "invalid_grant"},
	} {
		tn := start(t, auth0.Options{})
		client, user := tn.influx(t), tn.user(t, "marty")
		a := tn.tokens(t, client, "openid offline_access", "")
		info := func() int {
			r := tn.request(t, "GET /userinfo", "")
			r.Header.Set("Authorization", "Bearer "+a.str("access_token"))
			return tn.send(t, r).status
		}
		equal(t, "userinfo", info(), 200)
		tt.change(tn, user)
		refusedByOAuth(t, tn.oauth(t, "POST /oauth/token", object{"grant_type": "refresh_token", "client_id": client, "refresh_token": a.str("refresh_token")}), 403, tt.code, "")
		if name == "deleted" {
			equal(t, "userinfo", info(), 401)
		}
	}
}

// A code that was given out before the mask changed is still taken.
func TestCodeBeforeTheMaskChanged(t *testing.T) {
	tn := start(t, auth0.Options{})
	client := tn.influx(t)
	tn.user(t, "marty")
	d := tn.device(t, client, "openid", "")
	tn.must(t, 200, "PATCH tenants/settings", `{"device_flow":{"charset":"digits","mask":"***-***-***"}}`)
	if err := tn.browse(t, d.str("verification_uri_complete"), marty); err != nil {
		t.Error(err)
	}
	if err := tn.browse(t, d.str("verification_uri"), formclient.Credentials{UserCode: "000-000-000"}); err == nil {
		t.Error("a code that nobody was given was taken")
	}
}

// Credentials end, and have an algorithm (section 10).
func TestCredentialRefused(t *testing.T) {
	tn := start(t, auth0.Options{})
	id := tn.AddClient(object{"name": "a"})
	for body, why := range map[string]string{
		`{"credential_type":"x","pem":"x"}`:                                             "No enum match for: x",
		`{"credential_type":"public_key","pem":"x","alg":"HS256"}`:                      "No enum match for: HS256",
		`{"credential_type":"public_key"}`:                                              "Missing required property: pem",
		`{"credential_type":"public_key","pem":"-----BEGIN X-----\n-----END X-----\n"}`: "Invalid PEM",
	} {
		tn.refused(t, 400, "invalid_body", why, "POST clients/"+id+"/credentials", body)
	}
	tn.refused(t, 404, "inexistent_client", "", "GET clients/x/credentials", "")
	tn.refused(t, 404, "inexistent_credential", "", "PATCH clients/"+id, `{"client_authentication_methods":{"private_key_jwt":{"credentials":[{"id":"x"}]}}}`)
}

// A fault in front of it meets what changes something; the answer may be lost
// after the server did it.
func TestBehindFaults(t *testing.T) {
	tn := start(t, auth0.Options{})
	injector := fault.New(tn.Server)
	injector.Mutating = auth0.Mutates
	injector.Add(fault.Rule{Mutating: true, Times: 1, Do: fault.Status(503, auth0.ErrorBody(503, "x", "Service Unavailable"), http.Header{"Content-Type": {"application/json"}})})
	send := func(method, path, body string) *httptest.ResponseRecorder {
		r := tn.request(t, method+" /api/v2/"+path, body)
		r.Header.Set("Authorization", "Bearer "+tn.token)
		rec := httptest.NewRecorder()
		injector.ServeHTTP(rec, r)
		return rec
	}
	equal(t, "a look", send("GET", "roles", "").Code, 200)
	broken := send("POST", "roles", `{"name":"a"}`)
	var body object
	if err := json.Unmarshal(broken.Body.Bytes(), &body); err != nil || broken.Code != 503 || body["statusCode"] != 503.0 {
		t.Errorf("%d %s", broken.Code, broken.Body)
	}
	equal(t, "then", send("POST", "roles", `{"name":"a"}`).Code, 200)
}

// The default clock is that of the bubble; the server makes a key of its own,
// and names itself as it is told.
func TestVirtualClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tn := &tenant{Server: auth0.New(auth0.Options{BaseURL: "https://login.test/", Lag: auth0.Lag{Search: time.Hour}}), host: "127.0.0.1"}
		tn.token = tn.signIn(t)
		tn.user(t, "marty")
		equal(t, "search", tn.must(t, 200, "GET users", "").text, "[]")
		time.Sleep(time.Hour)
		equal(t, "created", tn.must(t, 200, "GET users", "").column("", "created_at"), []string{"2000-01-01T00:00:00.000Z"})
		equal(t, "issuer", tn.send(t, tn.request(t, "GET /.well-known/openid-configuration", "")).str("issuer"), "https://login.test/")
		time.Sleep(23 * time.Hour)
		tn.must(t, 401, "GET users", "")
	})
}
