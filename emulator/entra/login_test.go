package entra_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/emulator/pages/pagetest"
)

const (
	tokenPath  = "POST /" + entra.DefaultTenantID + "/oauth2/v2.0/token"
	devicePath = "POST /" + entra.DefaultTenantID + "/oauth2/v2.0/devicecode"
	graphScope = "https://graph.microsoft.com/.default"
	// userRead is a registration's wish for Graph's User.Read.
	userRead = `[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[{"id":"e1fe6dd8-ba31-4d61-89e7-88639da4683d","type":"Scope"}]}]`
)

// stsRefused checks an error of the token endpoint (section 10).
func stsRefused(t *testing.T, a answer, status int, oauth string, number int) {
	t.Helper()
	want := fmt.Sprintf("AADSTS%d: ", number)
	if a.status != status || a.str("error") != oauth || !strings.HasPrefix(a.str("error_description"), want) ||
		!reflect.DeepEqual(a.body["error_codes"], []any{float64(number)}) {
		t.Errorf("got %d %s\nwant %d %s %s", a.status, a.text, status, oauth, want)
	}
	for _, part := range []string{" Trace ID: ", " Correlation ID: ", " Timestamp: "} {
		if !strings.Contains(a.str("error_description"), part) {
			t.Errorf("no %q in %s", part, a.text)
		}
	}
	for _, name := range []string{"timestamp", "trace_id", "correlation_id", "error_uri"} {
		if a.str(name) == "" {
			t.Errorf("no %s in %s", name, a.text)
		}
	}
}

func claims(t *testing.T, token string) object {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %q", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var o object
	if err != nil || json.Unmarshal(raw, &o) != nil {
		t.Fatalf("no JWT: %q", token)
	}
	return o
}

// influx makes an application as influxctl needs one, and returns its id and
// client id. props are set on top.
func (tn *tenant) influx(t *testing.T, props string) (principal, clientID string) {
	t.Helper()
	if props != "" {
		props = "," + props
	}
	app := tn.must(t, 201, "POST applications", `{"displayName":"influxctl","requiredResourceAccess":`+userRead+props+`}`)
	sp := tn.must(t, 201, "POST servicePrincipals", `{"appId":"`+app.str("appId")+`"}`)
	return sp.str("id"), app.str("appId")
}

const publicV2 = `"isFallbackPublicClient":true,"api":{"requestedAccessTokenVersion":2}`

// device begins a device authorization.
func (tn *tenant) device(t *testing.T, clientID, scope string) answer {
	t.Helper()
	if scope == "" {
		scope = "openid profile offline_access " + clientID + "/.default"
	}
	a := tn.login(t, devicePath, url.Values{"client_id": {clientID}, "scope": {scope}})
	if a.status != 200 {
		t.Fatalf("device code: %d %s", a.status, a.text)
	}
	return a
}

func (tn *tenant) poll(t *testing.T, clientID string, d answer) answer {
	t.Helper()
	return tn.login(t, tokenPath, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {clientID}, "device_code": {d.str("device_code")}})
}

// browse signs in on the pages.
func (tn *tenant) browse(t *testing.T, d answer, cred formclient.Credentials) error {
	t.Helper()
	cred.UserCode = d.str("user_code")
	return formclient.SignIn(t.Context(), &http.Client{Transport: pagetest.Direct{Handler: tn.Server}}, d.str("verification_uri"), cred)
}

var marty = formclient.Credentials{Username: "marty@contoso.com", Password: "Passw0rd!"}

// The device flow through the pages; the version of the tokens is the
// application's, which emulators get wrong (7).
func TestDeviceFlow(t *testing.T) {
	for name, tt := range map[string]struct {
		props string
		want  object
	}{
		"v1": {`"isFallbackPublicClient":true`, object{"ver": "1.0", "iss": "https://sts.windows.net/" + entra.DefaultTenantID + "/", "appidacr": "0", "upn": "marty@contoso.com"}},
		"v2": {publicV2, object{"ver": "2.0", "iss": "https://login.test/" + entra.DefaultTenantID + "/v2.0", "azpacr": "0", "preferred_username": "marty@contoso.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			tn := start(t, entra.Options{})
			_, client := tn.influx(t, tt.props)
			oid := tn.user(t, "marty")
			d := tn.device(t, client, "")
			equal(t, "device", []any{d.body["expires_in"], d.body["interval"], d.body["verification_uri"], d.body["verification_uri_complete"]},
				[]any{900.0, 5.0, "https://login.test/devicelogin", nil})
			stsRefused(t, tn.poll(t, client, d), 400, "authorization_pending", 70016)
			if err := tn.browse(t, d, marty); err != nil {
				t.Fatal(err)
			}
			a := tn.poll(t, client, d)
			if a.status != 200 {
				t.Fatal(a.text)
			}
			got := claims(t, a.str("access_token"))
			tt.want["aud"], tt.want["oid"], tt.want["tid"], tt.want["scp"] = client, oid, entra.DefaultTenantID, "User.Read"
			if name == "v1" {
				tt.want["appid"] = client
			} else {
				tt.want["azp"] = client
			}
			for claim, want := range tt.want {
				equal(t, claim, got[claim], want)
			}
			if got["sub"] == oid || got["sub"] == nil {
				t.Errorf("sub %v is not pairwise", got["sub"])
			}
			if claims(t, a.str("id_token"))["aud"] != client || a.str("refresh_token") == "" {
				t.Errorf("answer %s", a.text)
			}
			stsRefused(t, tn.poll(t, client, d), 400, "bad_verification_code", 70000)
			// Refreshed, until the user is disabled.
			refresh := func() answer {
				return tn.login(t, tokenPath, url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {a.str("refresh_token")}})
			}
			equal(t, "refreshed", claims(t, refresh().str("access_token"))["oid"], any(oid))
			tn.must(t, 204, "PATCH users/"+oid, `{"accountEnabled":false}`)
			stsRefused(t, refresh(), 400, "invalid_grant", 50057)
			tn.must(t, 204, "DELETE users/"+oid, "")
			stsRefused(t, refresh(), 400, "invalid_grant", 50034)
		})
	}
}

// What stands in the way of a sign-in: on the page, or at the poll
// (sections 9 and 10).
func TestSignInBlocked(t *testing.T) {
	for _, tt := range []struct {
		name    string
		opts    entra.Options
		props   string
		scope   string // %s is the client
		cred    formclient.Credentials
		prepare func(t *testing.T, tn *tenant, user, principal string)
		page    string // what the page says
		oauth   string // what the poll says
		number  int
	}{
		{name: "nothing"},
		{name: "wrong password", cred: formclient.Credentials{Username: "marty@contoso.com", Password: "x"}, page: "AADSTS50126", oauth: "authorization_pending", number: 70016},
		{name: "nobody", cred: formclient.Credentials{Username: "nobody@contoso.com", Password: "x"}, page: "AADSTS50034", oauth: "authorization_pending", number: 70016},
		{name: "disabled", prepare: func(t *testing.T, tn *tenant, user, _ string) {
			tn.must(t, 204, "PATCH users/"+user, `{"accountEnabled":false}`)
		}, page: "AADSTS50057", oauth: "authorization_pending", number: 70016},
		{name: "unassigned", prepare: func(t *testing.T, tn *tenant, _, principal string) {
			tn.must(t, 204, "PATCH servicePrincipals/"+principal, `{"appRoleAssignmentRequired":true}`)
		}, page: "AADSTS50105", oauth: "authorization_pending", number: 70016},
		{name: "assigned", prepare: func(t *testing.T, tn *tenant, user, principal string) {
			tn.must(t, 204, "PATCH servicePrincipals/"+principal, `{"appRoleAssignmentRequired":true}`)
			tn.Assign(principal, tn.AddGroup(object{"displayName": "g"}, user))
		}},
		{name: "conditional access", opts: entra.Options{ConditionalAccess: true}, oauth: "invalid_grant", number: 53003},
		{name: "second factor", opts: entra.Options{SignInBlocked: 50076}, oauth: "invalid_grant", number: 50076},
		{name: "admin consent", opts: entra.Options{AdminConsent: true}, oauth: "invalid_grant", number: 65001},
		{name: "admin consented", opts: entra.Options{AdminConsent: true}, prepare: func(_ *testing.T, tn *tenant, _, principal string) { tn.ConsentForAll(principal) }},
		{name: "no permission of Graph", props: publicV2 + `,"requiredResourceAccess":[]`, page: "AADSTS650056", oauth: "authorization_pending", number: 70016},
		{name: "not public", props: `"api":{"requestedAccessTokenVersion":2}`, oauth: "invalid_client", number: 7000218},
		{name: "by its URI", scope: "api://%s/.default", page: "AADSTS90009", oauth: "authorization_pending", number: 70016},
		{name: "changed at first sign-in", prepare: func(t *testing.T, tn *tenant, user, _ string) {
			tn.must(t, 204, "PATCH users/"+user, `{"passwordProfile":{"password":"Passw0rd!","forceChangePasswordNextSignIn":true}}`)
		}, cred: formclient.Credentials{Username: "marty@contoso.com", Password: "Passw0rd!", NewPassword: "Ch4nged!!"}},
		{name: "changed to a weak one", prepare: func(t *testing.T, tn *tenant, user, _ string) {
			tn.must(t, 204, "PATCH users/"+user, `{"passwordProfile":{"password":"Passw0rd!","forceChangePasswordNextSignIn":true}}`)
		}, cred: formclient.Credentials{Username: "marty@contoso.com", Password: "Passw0rd!", NewPassword: "weak"}, page: "harder for people to guess", oauth: "authorization_pending", number: 70016},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tn := start(t, tt.opts)
			props := tt.props
			if props == "" {
				props = publicV2
			}
			app := object{}
			if err := json.Unmarshal([]byte(`{"displayName":"influxctl","requiredResourceAccess":`+userRead+`,`+props+`}`), &app); err != nil {
				t.Fatal(err)
			}
			id, client, principal := tn.AddApplication(app, true)
			user := tn.user(t, "marty")
			if tt.prepare != nil {
				tt.prepare(t, tn, user, principal)
			}
			scope := ""
			if tt.scope != "" {
				tn.Change(entra.KindApplication, id, func(p map[string]any) { p["identifierUris"] = []string{"api://" + client} })
				scope = fmt.Sprintf(tt.scope, client)
			}
			d := tn.device(t, client, scope)
			cred := tt.cred
			if cred.Username == "" {
				cred = marty
			}
			err := tn.browse(t, d, cred)
			var stopped *formclient.StoppedError
			if tt.page == "" && err != nil || tt.page != "" && (!errors.As(err, &stopped) || !strings.Contains(stopped.Message, tt.page)) {
				t.Errorf("the pages: %v, want %q", err, tt.page)
			}
			a := tn.poll(t, client, d)
			if tt.oauth == "" {
				equal(t, "subject", claims(t, a.str("access_token"))["oid"], any(user))
				return
			}
			status := 400
			if tt.number == 7000218 {
				status = 401
			}
			stsRefused(t, a, status, tt.oauth, tt.number)
		})
	}
}

// Time, the user's no, and other codes.
func TestDeviceCodes(t *testing.T) {
	tn := start(t, entra.Options{})
	_, client := tn.influx(t, publicV2)
	_, other := tn.influx(t, publicV2)
	tn.user(t, "marty")
	d := tn.device(t, client, "")
	stsRefused(t, tn.poll(t, other, d), 400, "bad_verification_code", 70000)
	// Entra tells nobody to slow down, and MSAL polls fast (section 10).
	stsRefused(t, tn.poll(t, client, d), 400, "authorization_pending", 70016)
	stsRefused(t, tn.poll(t, client, d), 400, "authorization_pending", 70016)
	tn.now = tn.now.Add(901 * time.Second)
	stsRefused(t, tn.poll(t, client, d), 400, "expired_token", 70020)
	if err := tn.browse(t, d, marty); err == nil || !strings.Contains(err.Error(), "That code didn't work") {
		t.Errorf("an expired code: %v", err)
	}
	d = tn.device(t, client, "")
	page := tn.login(t, "POST /devicelogin", url.Values{"otc": {strings.ToLower(d.str("user_code"))}})
	flow := between(page.text, `name="flow" value="`, `"`)
	tn.login(t, "POST /common/login", url.Values{"flow": {flow}, "loginfmt": {marty.Username}, "passwd": {marty.Password}})
	tn.login(t, "POST /common/DeviceCodeConfirm", url.Values{"flow": {flow}, "cancel": {"Cancel"}})
	stsRefused(t, tn.poll(t, client, d), 400, "authorization_declined", 70000)
	if a := tn.login(t, "POST /common/DeviceCodeConfirm", url.Values{"flow": {flow}}); a.status != 400 {
		t.Errorf("a sign-in that is over: %d", a.status)
	}
}

func between(s, before, after string) string {
	_, rest, _ := strings.Cut(s, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}

// While replicas do not know an application, the login service does not either
// (section 8).
func TestLagAtSignIn(t *testing.T) {
	tn := start(t, entra.Options{Lag: entra.Lag{Max: time.Minute}})
	client := tn.must(t, 201, "POST applications", `{"displayName":"X"}`).str("appId")
	form := url.Values{"client_id": {client}, "scope": {client + "/.default"}}
	stsRefused(t, tn.login(t, devicePath, form), 400, "unauthorized_client", 700016)
	tn.now = tn.now.Add(time.Minute)
	if a := tn.login(t, devicePath, form); a.status != 200 {
		t.Error(a.text)
	}
}
