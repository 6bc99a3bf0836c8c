package entra_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/dashboard"
	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/pages/pagetest"
)

// Every page of the sign-in, with the fields by the names that Entra ID's have,
// and with what every page has to have.
func TestEveryPage(t *testing.T) {
	tn := start(t, entra.Options{TenantName: "Contoso <b>"})
	_, client := tn.influx(t, publicV2)
	tn.must(t, 201, "POST users", strings.Replace(newUser("lou", ""), `SignIn":false`, `SignIn":true`, 1))
	tn.user(t, "marty")
	b := pagetest.NewBrowser(pagetest.Direct{Handler: tn.Server})
	pages := b.Walk(t, "Microsoft Entra ID")
	code := func() string { return tn.device(t, client, "").str("user_code") }
	const login, fresh = "flow hidden, loginfmt text, passwd password", "flow hidden, newpass password, confirmnewpass password"
	const last, sorry = "flow hidden, idSIButton9 submit, cancel submit", "Sorry, but we’re having trouble signing you in."
	page := "https://login.test/devicelogin"
	b.Open(t, page).See(t, 200, "Enter code to allow access", "", "otc text")
	b.Submit(t, "otc", "nonsense").See(t, 200, "Enter code to allow access", "That code didn't work.", "otc text")
	b.Submit(t, "otc", code()).See(t, 200, "Sign in", "", login)
	b.Submit(t, "loginfmt", "nobody@contoso.com", "passwd", "x").See(t, 200, "Sign in", "AADSTS50034", login)
	b.Submit(t, "loginfmt", "lou@contoso.com", "passwd", "x").See(t, 200, "Sign in", "AADSTS50126", login)
	b.Submit(t, "loginfmt", "lou@contoso.com", "passwd", "Passw0rd!").See(t, 200, "Update your password", "", fresh)
	b.Submit(t, "newpass", "Other0ne!", "confirmnewpass", "x").See(t, 200, "Update your password", "Those passwords didn't match.", fresh)
	b.Submit(t, "newpass", "weak", "confirmnewpass", "weak").See(t, 200, "Update your password", "Choose a password", fresh)
	b.Submit(t, "newpass", "Other0ne!", "confirmnewpass", "Other0ne!").See(t, 200, "Permissions requested", "", last)
	b.Submit(t, "idSIButton9", "Accept").See(t, 200, "influxctl", "", "")
	b.Open(t, page)
	b.Submit(t, "otc", code())
	b.Submit(t, "loginfmt", "lou@contoso.com", "passwd", "Other0ne!").See(t, 200, "Are you trying to sign in to influxctl?", "", last)
	b.Submit(t, "cancel", "Cancel").See(t, 200, "You have cancelled the sign-in.", "You may now close this window.", "")
	used := code()
	b.Open(t, page)
	b.Submit(t, "otc", used)
	for _, a := range tn.Applications() {
		tn.must(t, 204, "DELETE applications/"+a.ID, "")
	}
	b.Submit(t, "loginfmt", "lou@contoso.com", "passwd", "Other0ne!").See(t, 400, sorry, "AADSTS50058", "")
	// A guest accepts, whose inviter leads elsewhere.
	invite := func(more string) string {
		return tn.must(t, 201, "POST invitations", `{"invitedUserEmailAddress":"biff@elsewhere.test","inviteRedirectUrl":"https://influx.test/?a=1&b=%22"`+more+`}`).str("inviteRedeemUrl")
	}
	link := invite("")
	b.Open(t, link).See(t, 200, "Create account", "", fresh)
	b.Submit(t, "newpass", "Butth3ad!", "confirmnewpass", "x").See(t, 200, "Create account", "Those passwords didn't match.", fresh)
	b.Submit(t, "newpass", "weak", "confirmnewpass", "weak").See(t, 200, "Create account", "Choose a password", fresh)
	b.Submit(t, "newpass", "Butth3ad!", "confirmnewpass", "Butth3ad!").See(t, 200, "Review permissions", "", last)
	b.Submit(t, "cancel", "Cancel").See(t, 200, "You have not accepted the invitation.", "Contoso <b> gets nothing", "")
	tn.SetPassword(tn.Outbox()[0].UserID, "Butth3ad!")
	b.Open(t, link).See(t, 200, "Sign in", "", login)
	b.Submit(t, "loginfmt", "lou@contoso.com", "passwd", "Other0ne!").See(t, 200, "Sign in", "AADSTS50034", login)
	b.Submit(t, "loginfmt", "biff@elsewhere.test", "passwd", "x").See(t, 200, "Sign in", "AADSTS50126", login)
	b.Submit(t, "loginfmt", "biff@elsewhere.test", "passwd", "Butth3ad!").See(t, 200, "Review permissions", "", last)
	p := b.Submit(t, "idSIButton9", "Accept")
	p.See(t, 200, "Invitation accepted", "", "")
	equal(t, "links", p.Links(), []string{"https://influx.test/?a=1&b=%22"})
	equal(t, "leads to", between(p.Body, `<meta http-equiv="refresh" content="`, `"`), "0; url=https://influx.test/?a=1&amp;b=%22")
	p = b.Open(t, link)
	p.See(t, 200, "You have accepted this invitation before.", "", "")
	equal(t, "stays", between(p.Body, `http-equiv="`, `"`), "")
	b.Open(t, "https://login.test/redeem").See(t, 400, "This invitation is not valid.", "The link is incomplete", "")
	if want := []string{"create-account", "review-permissions", "invitation-declined", "invitation-accepted", "invitation-used", "invitation-invalid", "device-code", "sign-in", "new-password", "consent", "confirm", "declined", "done", "error"}; len(pages) != len(want) {
		t.Errorf("%v were seen, want %v", pages, want)
	}
}

// After a whole device flow nothing secret is on the dashboard.
func TestDashboardHasNoSecret(t *testing.T) {
	tn := start(t, entra.Options{})
	_, client := tn.influx(t, publicV2)
	tn.user(t, "marty")
	tn.must(t, 201, "POST invitations", `{"invitedUserEmailAddress":"biff@elsewhere.test","inviteRedirectUrl":"https://x.test","sendInvitationMessage":true}`)
	h := dashboard.New(tn.Server, dashboard.Options{Mutating: entra.Mutates})
	b := pagetest.NewBrowser(pagetest.Direct{Handler: h})
	d := tn.device(t, client, "")
	var flow string
	link := tn.Outbox()[0].Link
	b.Check = func(_ int, _ http.Header, body string) {
		if f := between(body, `name="flow" value="`, `"`); f != "" {
			flow = f
		}
	}
	b.Open(t, "https://127.0.0.1/devicelogin")
	b.Submit(t, "otc", d.str("user_code"))
	b.Submit(t, "loginfmt", "marty@contoso.com", "passwd", "Passw0rd!")
	if p := b.Submit(t, "idSIButton9", "Accept"); p.Heading != "influxctl" {
		t.Fatalf("the sign-in ended at %q", p.Heading)
	}
	tokens := tn.poll(t, client, d)
	b.Check = func(status int, header http.Header, body string) { pagetest.Check(t, status, header, body) }
	// What a client sends is seen by the dashboard as well.
	b.Open(t, "https://127.0.0.1/devicelogin?access_token="+url.QueryEscape(tokens.str("access_token"))+"&client_secret="+entra.DefaultClientSecret)
	p := b.Open(t, "https://127.0.0.1"+dashboard.Path)
	for what, secret := range map[string]string{"password": "Passw0rd!", "client secret": entra.DefaultClientSecret, "access token": tokens.str("access_token"),
		"refresh token": tokens.str("refresh_token"), "id token": tokens.str("id_token"), "device code": d.str("device_code"), "user code": d.str("user_code"), "flow": flow, "link": link, "invitation": between(link, "rd=", "&")} {
		if len(secret) < 6 || strings.Contains(p.Body, secret) {
			t.Errorf("the dashboard has the %s: %q", what, secret)
		}
	}
	if p := b.Open(t, "https://127.0.0.1"+dashboard.Path+"mail/1"); p.Heading != "Create account" {
		t.Errorf("the mail leads to %q", p.Heading)
	}
	for _, want := range []string{"marty@contoso.com", "influxctl", "biff@elsewhere.test", "Invitation to Contoso", "/common/login", "/devicelogin"} {
		if !strings.Contains(p.Body, want) {
			t.Errorf("the dashboard has no %s", want)
		}
	}
}
