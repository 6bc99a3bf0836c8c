package auth0_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/dashboard"
	"github.com/idpctl/idpctl/emulator/pages/pagetest"
)

// Every page, with the fields by the names that Auth0's have, and with what
// every page has to have.
func TestEveryPage(t *testing.T) {
	tn := start(t, auth0.Options{})
	client, user := tn.influx(t), tn.user(t, "marty")
	b := pagetest.NewBrowser(pagetest.Direct{Handler: tn.Server})
	pages := b.Walk(t, "Auth0")
	device := func() answer { return tn.device(t, client, "openid", "") }
	const login, confirm, reset = "state hidden, username text, password password", "state hidden, action submit, action submit", "ticket hidden, password-reset password, re-enter-password password"
	b.Open(t, "https://x.test/activate").See(t, 200, "Device Activation", "", "user_code text")
	b.Submit(t, "user_code", "nonsense").See(t, 200, "Device Activation", "The code is invalid or has expired.", "user_code text")
	b.Submit(t, "user_code", device().str("user_code")).See(t, 200, "Welcome", "", login)
	b.Submit(t, "username", "marty@example.com", "password", "x").See(t, 200, "Welcome", "Wrong username or password", login)
	b.Submit(t, "username", "marty@example.com", "password", "Passw0rd!").See(t, 200, "Device Confirmation", "", confirm)
	b.Submit(t, "action", "confirm").See(t, 200, "Congratulations, you're all set!", "", "")
	b.Open(t, device().str("verification_uri_complete"))
	b.Submit(t, "username", "marty@example.com", "password", "Passw0rd!")
	b.Submit(t, "action", "cancel").See(t, 200, "Access denied", "The device was not activated.", "")
	b.Open(t, device().str("verification_uri_complete"))
	b.Submit(t, "username", "marty@example.com", "password", "Passw0rd!")
	tn.now = tn.now.Add(16 * time.Minute)
	b.Submit(t, "action", "confirm").See(t, 200, "Device Activation", "The code is invalid or has expired.", "user_code text")
	link := tn.must(t, 201, "POST tickets/password-change", `{"user_id":"`+user+`","result_url":"https://example.com/"}`).str("ticket")
	b.Open(t, link).See(t, 200, "Change your password", "", reset)
	b.Submit(t, "password-reset", "N3w-secret", "re-enter-password", "x").See(t, 200, "Change your password", "The passwords do not match.", reset)
	b.Submit(t, "password-reset", "x", "re-enter-password", "x").See(t, 200, "Change your password", "Password is too weak.", reset)
	p := b.Submit(t, "password-reset", "N3w-secret", "re-enter-password", "N3w-secret")
	p.See(t, 200, "Password changed", "", "")
	equal(t, "links", p.Links(), []string{"https://example.com/"})
	b.Open(t, link).See(t, 400, "Expired link", "This link has expired or was used already.", "")
	tn.must(t, 204, "PATCH connections/"+tn.Connections()[0].ID+"/clients", `[{"client_id":"`+client+`","status":false}]`)
	b.Open(t, device().str("verification_uri_complete")).See(t, 400, "Oops!, something went wrong", "no connections enabled for the client", "")
	for _, id := range []string{"device-code", "login", "device-confirmation", "device-success", "denied", "reset-password", "password-changed", "expired", "error"} {
		if !pages[id] {
			t.Errorf("the page %s was not seen", id)
		}
	}
}

// After a whole device flow, and a mail, nothing secret is on the dashboard.
// The link of the mail is opened through the dashboard.
func TestDashboardHasNoSecret(t *testing.T) {
	tn := start(t, auth0.Options{})
	client := tn.influx(t)
	tn.user(t, "marty")
	h := dashboard.New(tn.Server, dashboard.Options{Mutating: auth0.Mutates})
	b := pagetest.NewBrowser(pagetest.Direct{Handler: h})
	d := tn.device(t, client, "openid offline_access", "")
	b.Open(t, "https://127.0.0.1/activate?user_code="+d.str("user_code"))
	b.Submit(t, "username", "marty@example.com", "password", "Passw0rd!")
	if p := b.Submit(t, "action", "confirm"); !strings.HasPrefix(p.Heading, "Congratulations") {
		t.Fatalf("the sign-in ended at %q", p.Heading)
	}
	tokens := tn.poll(t, client, d)
	tn.oauth(t, "POST /dbconnections/change_password", object{"client_id": client, "email": "marty@example.com", "connection": auth0.DefaultConnection})
	mails := tn.Outbox()
	if len(mails) != 1 {
		t.Fatalf("%d mails", len(mails))
	}
	_, ticket, _ := strings.Cut(strings.TrimSuffix(mails[0].Link, "#"), "ticket=")
	b.Check = func(status int, header http.Header, body string) { pagetest.Check(t, status, header, body) }
	b.Open(t, "https://127.0.0.1/activate?access_token="+url.QueryEscape(tokens.str("access_token")))
	p := b.Open(t, "https://127.0.0.1"+dashboard.Path)
	for what, secret := range map[string]string{"password": "Passw0rd!", "client secret": auth0.DefaultClientSecret, "access token": tokens.str("access_token"),
		"refresh token": tokens.str("refresh_token"), "id token": tokens.str("id_token"), "device code": d.str("device_code"), "user code": d.str("user_code"), "ticket": ticket} {
		if len(secret) < 6 || strings.Contains(p.Body, secret) {
			t.Errorf("the dashboard has the %s: %q", what, secret)
		}
	}
	for _, want := range []string{"marty@example.com", "influxctl", auth0.DefaultConnection, "/u/login", "Reset your password"} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("the dashboard has no %s", want)
		}
	}
	if p := b.Open(t, "https://127.0.0.1"+dashboard.Path+"mail/1"); p.Heading != "Change your password" {
		t.Errorf("the mail leads to %q", p.Heading)
	}
}
