package keycloak_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/dashboard"
	"github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/emulator/pages/pagetest"
)

// real are fields of the real server's pages that the emulator has not: what
// they are for is not emulated.
func real(fields []string) string {
	return strings.ReplaceAll(strings.Join(fields, ", "), "logout-sessions checkbox, ", "")
}

// TestEveryPage goes through every page, on the emulator and on a real server, and
// compares headings, messages and the names of all fields and buttons. Those of
// the emulator have what every page has to have besides.
func TestEveryPage(t *testing.T) {
	for _, tg := range targets(t) {
		t.Run(tg.name, func(t *testing.T) {
			vars := tg.run(t, map[string]any{"passwordPolicy": "length(2)"}, []step{
				{do: "POST /clients", body: `{"clientId":"dev","publicClient":true,"name":"The Device","attributes":{"oauth2.device.authorization.grant.enabled":"true"}}`, status: 201},
				{do: "POST /users", body: `{"username":"alice","email":"alice@x.de","firstName":"Alice","lastName":"Liddell","enabled":true,"requiredActions":["UPDATE_PROFILE"],` +
					`"credentials":[{"type":"password","value":"pw","temporary":true}]}`, status: 201},
			})
			transport := tg.client.Transport
			b := pagetest.NewBrowser(transport)
			if tg.emulator != nil {
				b.Walk(t, "Keycloak")
			}
			see := func(p *pagetest.Page, status int, heading, says, fields string) {
				t.Helper()
				if got := real(p.Fields); p.Status != status || p.Heading != heading || got != fields || !strings.Contains(p.Body, says) {
					t.Errorf("%d %q with %s\nwant %d %q with %s and %q in\n%s", p.Status, p.Heading, got, status, heading, fields, says, p.Body[max(0, strings.Index(p.Body, "<body")):])
				}
			}
			const code, login, consent = "device_user_code text", "username text, password password, credentialId hidden, login submit", "code hidden, accept submit, cancel submit"
			const renew, profile = "password-new password, password-confirm password, login submit", "email text, firstName text, lastName text"
			verify := tg.base + "/realms/" + vars["realm"] + "/device"
			see(b.Open(t, verify), 200, "Device Login", "Enter the code provided by your device", code)
			see(b.Submit(t, "device_user_code", "AAAA-BBBB"), 200, "Device Login", "Invalid code, please try again.", code)
			complete := tg.startDevice(t, vars)
			see(b.Submit(t, "device_user_code", strings.Split(complete, "user_code=")[1]), 200, "Sign in to your account", "", login)
			see(b.Submit(t, "username", "alice", "password", "wrong"), 200, "Sign in to your account", "Invalid username or password.", login)
			see(b.Submit(t, "username", "alice", "password", "pw"), 200, "Update Account Information", "You need to update your user profile", profile)
			see(b.Submit(t, "email", "alice", "firstName", "Alice", "lastName", "Liddell"), 200, "Update Account Information", "Invalid email address.", profile)
			see(b.Submit(t, "email", "alice@x.de", "firstName", "Alice", "lastName", "Liddell"), 200, "Update password", "You need to change your password", renew)
			see(b.Submit(t, "password-new", "longer", "password-confirm", "other"), 200, "Update password", "Passwords don", renew)
			see(b.Submit(t, "password-new", "x", "password-confirm", "x"), 200, "Update password", "minimum length 2", renew)
			if root := b.Root(); tg.emulator != nil && !strings.Contains(pagetest.Attributes(root, "password-new"), "aria-describedby=page-alert") {
				t.Errorf("nothing says why the password is refused: %s", pagetest.Attributes(root, "password-new"))
			}
			see(b.Submit(t, "password-new", "longer", "password-confirm", "longer"), 200, "Grant Access to The Device", "User profile", consent)
			see(b.Submit(t, "accept", "Yes"), 200, "Device Login Successful", "You may close this browser window", "")
			b = pagetest.NewBrowser(transport)
			b.Open(t, tg.startDevice(t, vars))
			b.Submit(t, "username", "alice", "password", "longer")
			see(b.Submit(t, "cancel", "No"), 200, "Device Login Failed", "Consent denied for connecting the device.", "")
			see(pagetest.NewBrowser(transport).Open(t, tg.base+"/realms/"+vars["realm"]+"/login-actions/authenticate?client_id=dev&tab_id=x"), 400, "We are sorry...", "", "")
		})
	}
}

// After a whole device flow, and a mail, nothing secret is on the dashboard.
// The link of the mail is opened through the dashboard.
func TestDashboardHasNoSecret(t *testing.T) {
	tg := targets(t)[0]
	tg.emulator = keycloak.New(keycloak.Options{AdminPassword: "admin-s3cret"})
	h := dashboard.New(tg.emulator, dashboard.Options{})
	tg.client = &http.Client{Transport: pagetest.Direct{Handler: h}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	tg.password = "admin-s3cret"
	vars := tg.run(t, map[string]any{"smtpServer": map[string]any{"from": "idp@x.de", "host": "localhost", "password": "smtp-s3cret"}}, []step{
		{do: "POST /clients", body: `{"clientId":"dev","publicClient":true,"attributes":{"oauth2.device.authorization.grant.enabled":"true"}}`, status: 201},
		{do: "POST /clients", body: `{"clientId":"robot","secret":"client-s3cret","serviceAccountsEnabled":true}`, status: 201},
		{do: "POST /users", body: `{"username":"alice","email":"alice@x.de","firstName":"Alice","lastName":"Liddell","enabled":true,"credentials":[{"type":"password","value":"user-s3cret"}]}`, status: 201, save: map[string]string{"alice": "@location"}},
		{do: "POST /groups", body: `{"name":"<b>Wonderland"}`, status: 201},
		{do: "PUT /users/{alice}/execute-actions-email", body: `["UPDATE_PASSWORD"]`, status: 204},
	})
	b := pagetest.NewBrowser(pagetest.Direct{Handler: h})
	b.Open(t, tg.startDevice(t, vars))
	b.Submit(t, "username", "alice", "password", "user-s3cret")
	if p := b.Submit(t, "accept", "Yes"); p.Heading != "Device Login Successful" {
		t.Fatalf("the sign-in ended at %q", p.Heading)
	}
	st := poll(200, "")
	st.save = map[string]string{"access": "access_token", "refresh": "refresh_token"}
	tg.step(t, vars, st)
	mails := tg.emulator.Outbox()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	_, key, _ := strings.Cut(mails[0].Link, "key=")
	_, user, _ := strings.Cut(vars["complete"], "user_code=")
	b.Check = func(status int, header http.Header, body string) { pagetest.Check(t, status, header, body) }
	b.Open(t, tg.base+"/realms/"+vars["realm"]+"/device?user_code="+url.QueryEscape(vars["access"]))
	p := b.Open(t, tg.base+dashboard.Path)
	for what, secret := range map[string]string{"passwords and client secret": "s3cret", "access token": vars["access"], "refresh token": vars["refresh"],
		"device code": vars["code"], "user code": user, "key of the mail": key, "administrator's token": tg.token} {
		if len(secret) < 6 || strings.Contains(p.Body, secret) {
			t.Errorf("the dashboard has the %s: %q", what, secret)
		}
	}
	for _, want := range []string{"alice@x.de", "Alice Liddell", "/&lt;b&gt;Wonderland", "robot", "Update Your Account", "/login-actions/authenticate", vars["alice"]} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("the dashboard has no %s", want)
		}
	}
	if strings.Contains(p.Body, "realm-management") {
		t.Error("the dashboard lists clients that every realm has")
	}
	if p := b.Open(t, tg.base+dashboard.Path+"mail/1"); p.Heading != "Perform the following action(s)" {
		t.Errorf("the mail leads to %q", p.Heading)
	}
}
