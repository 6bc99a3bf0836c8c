package auth0_test

import (
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/formclient"
)

// open sets a password where a ticket leads; the client does not know that this
// is the end, as it looks for a consent.
func (tn *tenant) open(t *testing.T, link, password string) string {
	t.Helper()
	err := tn.browse(t, link, formclient.Credentials{NewPassword: password})
	if err == nil {
		return ""
	}
	return err.Error()
}

// A ticket sets a password once, and within its time (section 9).
func TestPasswordTicket(t *testing.T) {
	for name, tt := range map[string]struct {
		more     string
		wait     time.Duration
		verified bool
		works    bool
	}{
		"plain":          {"", 0, false, true},
		"verified":       {`,"mark_email_as_verified":true`, 0, true, true},
		"five days":      {"", 5*24*time.Hour - time.Second, false, true},
		"after that":     {"", 5 * 24 * time.Hour, false, false},
		"a short one":    {`,"ttl_sec":60`, time.Minute, false, false},
		"in its time":    {`,"ttl_sec":60`, 59 * time.Second, false, true},
		"a result":       {`,"result_url":"https://example.com/"`, 0, false, true},
		"of application": {`,"client_id":"` + auth0.DefaultClientID + `"`, 0, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			tn := start(t, auth0.Options{})
			id := tn.user(t, "marty")
			link := tn.must(t, 201, "POST tickets/password-change", `{"user_id":"`+id+`"`+tt.more+`}`).str("ticket")
			if !strings.HasPrefix(link, "https://"+auth0.DefaultDomain+"/u/reset-password?ticket=") || !strings.HasSuffix(link, "#") {
				t.Errorf("ticket: %s", link)
			}
			tn.now = tn.now.Add(tt.wait)
			tn.open(t, link, "N3w-secret")
			equal(t, "set", tn.PasswordIs(id, "N3w-secret"), tt.works)
			equal(t, "verified", tn.Users()[0].EmailVerified, tt.verified)
			if tt.works && tn.Users()[0].LastPasswordReset != tn.now {
				t.Errorf("reset at %s", tn.Users()[0].LastPasswordReset)
			}
			if said := tn.open(t, link, "An0ther-one"); tn.PasswordIs(id, "An0ther-one") || !strings.Contains(said, "HTTP 400") {
				t.Errorf("twice: %s", said)
			}
		})
	}
}

func TestPasswordTicketRefused(t *testing.T) {
	tn := start(t, auth0.Options{})
	id := tn.user(t, "marty")
	con := tn.Connections()[0].ID
	tn.must(t, 201, "POST tickets/password-change", `{"email":"marty@example.com","connection_id":"`+con+`"}`)
	tn.refused(t, 404, "inexistent_user", "", "POST tickets/password-change", `{"user_id":"x"}`)
	tn.refused(t, 404, "inexistent_user", "", "POST tickets/password-change", `{"email":"x@example.com","connection_id":"`+con+`"}`)
	tn.refused(t, 404, "inexistent_connection", "", "POST tickets/password-change", `{"email":"marty@example.com","connection_id":"x"}`)
	for _, body := range []string{`{}`, `{"email":"marty@example.com"}`, `{"user_id":"` + id + `","connection_id":"` + con + `"}`, `{"user_id":"` + id + `","x":1}`} {
		tn.refused(t, 400, "invalid_body", "", "POST tickets/password-change", body)
	}
	link := tn.must(t, 201, "POST tickets/password-change", `{"user_id":"`+id+`"}`).str("ticket")
	if said := tn.open(t, link, "weak"); !strings.Contains(said, "Password is too weak.") {
		t.Errorf("a weak password: %s", said)
	}
}

// The endpoint says that it sent a mail whether there is such a user or not.
func TestChangePassword(t *testing.T) {
	tn := start(t, auth0.Options{})
	client, id := tn.influx(t), tn.user(t, "marty")
	ask := func(email string) answer {
		return tn.oauth(t, "POST /dbconnections/change_password", object{"client_id": client, "email": email, "connection": auth0.DefaultConnection})
	}
	for _, email := range []string{"marty@example.com", "nobody@example.com"} {
		a := ask(email)
		equal(t, email, []any{a.status, a.text}, []any{200, "We've just sent you an email to reset your password."})
	}
	mails := tn.Outbox()
	if shown := tn.Overview(1).Mails; len(shown) != 1 || shown[0].Time.IsZero() || !shown[0].Time.Equal(mails[len(mails)-1].Time) {
		t.Errorf("the dashboard shows %+v", shown)
	}
	if len(mails) != 1 || mails[0].To != "marty@example.com" || mails[0].User != id {
		t.Fatalf("mails: %+v", mails)
	}
	tn.open(t, mails[0].Link, "N3w-secret")
	if !tn.PasswordIs(id, "N3w-secret") {
		t.Error("the link of the mail set no password")
	}
	for _, body := range []object{{}, {"client_id": client, "email": "a@b.c"}, {"client_id": "x", "email": "a@b.c", "connection": auth0.DefaultConnection},
		{"client_id": client, "email": "a@b.c", "connection": "x"}} {
		if a := tn.oauth(t, "POST /dbconnections/change_password", body); a.status != 400 || a.str("error") == "" {
			t.Errorf("%v: %d %s", body, a.status, a.text)
		}
	}
}
