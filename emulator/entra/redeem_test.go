package entra_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/emulator/pages/pagetest"
)

// invite makes a guest, and returns its id and the link of the invitation.
func (tn *tenant) invite(t *testing.T, email, more string) (id, link string) {
	t.Helper()
	a := tn.must(t, 201, "POST invitations", `{"invitedUserEmailAddress":"`+email+`","inviteRedirectUrl":"https://influx.test/welcome"`+more+`}`)
	return a.str("invitedUser.id"), a.str("inviteRedeemUrl")
}

// redeem goes the way of a guest to its end.
func (tn *tenant) redeem(t *testing.T, link string, cred formclient.Credentials) string {
	t.Helper()
	if err := formclient.SignIn(t.Context(), &http.Client{Transport: pagetest.Direct{Handler: tn.Server}}, link, cred); err != nil {
		return err.Error()
	}
	return ""
}

// accepted is what the directory says of a guest: the state, and since when.
func (tn *tenant) accepted(t *testing.T, id string) (string, string) {
	t.Helper()
	a := tn.must(t, 200, "GET users/"+id+"?$select=externalUserState,externalUserStateChangeDateTime", "")
	return a.str("externalUserState"), a.str("externalUserStateChangeDateTime")
}

// A guest opens the link, accepts, and signs in as influxctl has everybody sign in.
func TestRedeem(t *testing.T) {
	tn := start(t, entra.Options{})
	_, client := tn.influx(t, publicV2)
	id, link := tn.invite(t, "brown@gmail.com", `,"sendInvitationMessage":true`)
	if sent := tn.Outbox(); len(sent) != 1 || sent[0].Link != link || sent[0].RedirectURL != "https://influx.test/welcome" {
		t.Errorf("the message has %+v, the answer %s", sent, link)
	}
	invited := tn.now
	tn.now = tn.now.Add(time.Minute)
	// To say no changes nothing, and nobody has an account by that.
	if said := tn.redeem(t, link, formclient.Credentials{NewPassword: "Gr3at-Scott", Refuse: true}); said != "" {
		t.Error(said)
	}
	state, since := tn.accepted(t, id)
	equal(t, "declined", []string{state, since}, []string{"PendingAcceptance", invited.Format(time.RFC3339)})
	guest := formclient.Credentials{Username: "brown@gmail.com", Password: "Gr3at-Scott"}
	if err := tn.browse(t, tn.device(t, client, ""), guest); err == nil || !strings.Contains(err.Error(), "AADSTS50126") {
		t.Errorf("who declined signs in: %v", err)
	}
	if said := tn.redeem(t, link, formclient.Credentials{NewPassword: "Gr3at-Scott"}); said != "" {
		t.Error(said)
	}
	state, since = tn.accepted(t, id)
	equal(t, "accepted", []string{state, since}, []string{"Accepted", tn.now.Format(time.RFC3339)})
	d := tn.device(t, client, "")
	if err := tn.browse(t, d, guest); err != nil {
		t.Fatal(err)
	}
	equal(t, "oid", claims(t, tn.poll(t, client, d).str("access_token"))["oid"], any(id))
	// A second time there is nothing to do, and no other password by the link.
	tn.now = tn.now.Add(time.Minute)
	if said := tn.redeem(t, link, formclient.Credentials{NewPassword: "An0ther-one"}); !strings.Contains(said, "accepted this invitation before") {
		t.Errorf("twice: %s", said)
	}
	_, again := tn.accepted(t, id)
	equal(t, "still", []any{again, tn.PasswordIs("brown_gmail.com#EXT#@contoso.onmicrosoft.com", "Gr3at-Scott")}, []any{since, true})
}

// Links that lead to nothing say so, and change nothing.
func TestRedeemInvalid(t *testing.T) {
	tn := start(t, entra.Options{})
	id, link := tn.invite(t, "brown@gmail.com", "")
	gone, withdrawn := tn.invite(t, "biff@gmail.com", "")
	tn.must(t, 204, "DELETE users/"+gone, "")
	rd := between(link, "rd=", "&")
	for _, address := range []string{
		"https://login.test/redeem", "https://login.test/redeem?rd=", withdrawn, link + "x", strings.ToUpper(link[len(link)-20:]),
		"https://login.test/redeem?rd=" + url.QueryEscape(`"><script>alert(1)</script>`), "https://login.test/redeem?rd=%00%1b%5b31m", "https://login.test/redeem?rd=%zz&x=;",
		"https://login.test/redeem?rd=" + url.QueryEscape(id), "https://login.test/redeem?rd=" + strings.Repeat("a", 10_000), "https://login.test/redeem?rd=x&rd=" + rd,
		"https://login.test/redeem?rd=" + url.QueryEscape("https://invitations.microsoft.com/redeem/?tenant=x&user=y&ticket=z"),
	} {
		if !strings.HasPrefix(address, "https://") {
			address = "https://login.test/redeem?rd=" + url.QueryEscape(address)
		}
		b := pagetest.NewBrowser(pagetest.Direct{Handler: tn.Server})
		b.Check = func(status int, header http.Header, body string) { pagetest.Check(t, status, header, body) }
		if p := b.Open(t, address); p.Status != 400 || p.Heading != "This invitation is not valid." || strings.Contains(p.Body, "alert(1)") || strings.Contains(p.Body, "\x1b") {
			t.Errorf("%s: %d %q", address, p.Status, p.Heading)
		}
	}
	state, _ := tn.accepted(t, id)
	equal(t, "state", state, "PendingAcceptance")
	// A form without its way, and a consent of who did not prove to be the guest.
	page := tn.login(t, "GET /redeem?rd="+rd, nil)
	flow := between(page.text, `name="flow" value="`, `"`)
	for _, form := range []url.Values{nil, {"flow": {"x"}}, {"flow": {flow}, "idSIButton9": {"Accept"}}} {
		if a := tn.login(t, "POST /redeem/consent", form); a.status != 400 || !strings.Contains(a.text, "AADSTS50058") {
			t.Errorf("%v: %d", form, a.status)
		}
	}
	// The account got a password meanwhile: who has the link alone does not set another one.
	tn.SetPassword(id, "Gr3at-Scott")
	if a := tn.login(t, "POST /redeem/account", url.Values{"flow": {flow}, "newpass": {"An0ther-one"}, "confirmnewpass": {"An0ther-one"}}); a.status != 400 {
		t.Errorf("an account that somebody has: %d", a.status)
	}
	tn.must(t, 204, "PATCH users/"+id, `{"accountEnabled":false}`)
	if said := tn.redeem(t, link, formclient.Credentials{Username: "brown@gmail.com", Password: "Gr3at-Scott"}); !strings.Contains(said, "AADSTS50057") {
		t.Errorf("disabled: %s", said)
	}
	state, _ = tn.accepted(t, id)
	equal(t, "state", state, "PendingAcceptance")
}

// After a reset only the new link counts, and only the account that it was sent to.
func TestRedeemAfterReset(t *testing.T) {
	tn := start(t, entra.Options{})
	_, client := tn.influx(t, publicV2)
	id, first := tn.invite(t, "brown@gmail.com", "")
	_, second := tn.invite(t, "brown@gmail.com", "")
	before := formclient.Credentials{Username: "brown@gmail.com", Password: "Gr3at-Scott"}
	if said := tn.redeem(t, second, formclient.Credentials{NewPassword: before.Password}); said != "" {
		t.Error(said)
	}
	if said := tn.redeem(t, first, formclient.Credentials{NewPassword: "An0ther-one"}); !strings.Contains(said, "accepted this invitation before") {
		t.Errorf("two invitations: %s", said)
	}
	_, third := tn.invite(t, "doc@elsewhere.test", `,"resetRedemption":true,"invitedUser":{"id":"`+id+`"}`)
	for _, link := range []string{first, second} {
		if said := tn.redeem(t, link, formclient.Credentials{NewPassword: "An0ther-one"}); !strings.Contains(said, "HTTP 400") {
			t.Errorf("a link from before the reset: %s", said)
		}
	}
	if err := tn.browse(t, tn.device(t, client, ""), before); err == nil {
		t.Error("the account from before the reset signs in")
	}
	if said := tn.redeem(t, third, formclient.Credentials{NewPassword: "N3w-secret!"}); said != "" {
		t.Error(said)
	}
	state, _ := tn.accepted(t, id)
	equal(t, "state", state, "Accepted")
	d := tn.device(t, client, "")
	if err := tn.browse(t, d, formclient.Credentials{Username: "doc@elsewhere.test", Password: "N3w-secret!"}); err != nil {
		t.Fatal(err)
	}
	equal(t, "oid", claims(t, tn.poll(t, client, d).str("access_token"))["oid"], any(id))
}

// An invitation leads to where a browser goes, and nowhere else.
func TestRedirectOfInvitation(t *testing.T) {
	tn := start(t, entra.Options{})
	for _, address := range []string{"javascript:alert(1)", "data:text/html,x", "//influx.test/", "https:///x", "ftp://influx.test/", "https://influx.test/\\u001b"} {
		a := tn.do(t, "POST invitations", `{"invitedUserEmailAddress":"a@b.org","inviteRedirectUrl":"`+address+`"}`)
		if a.status != 400 || !strings.Contains(a.str("error.message"), "inviteRedirectUrl") {
			t.Errorf("%s: %d %s", address, a.status, a.text)
		}
	}
	equal(t, "guests", len(tn.Users()), 0)
}
