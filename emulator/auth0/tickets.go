package auth0

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/emulator/pages"
)

// ticket lets a user set a password.
type ticket struct {
	id, user string
	// verify: the e-mail counts as verified afterwards.
	verify  bool
	result  string
	expires time.Time
}

// Mail is one that the tenant sent.
type Mail struct {
	// Time that it was sent.
	Time time.Time
	// To is the address, User the id of the user.
	To, User string
	// Link is where a password may be set.
	Link string
}

// ticketLife is that of a ticket that says nothing else: five days (section 9).
const ticketLife = 5 * 24 * time.Hour

// passwordTicket is POST /tickets/password-change (section 9).
func (c *call) passwordTicket() (reply, error) {
	in, err := c.decode(schema{"user_id": "string", "email": "string", "connection_id": "string", "result_url": "string", "client_id": "string",
		"organization_id": "string", "ttl_sec": "integer", "mark_email_as_verified": "boolean", "includeEmailInRedirect": "boolean", "new_password": "string"})
	if err != nil {
		return reply{}, err
	}
	_, byID := in["user_id"]
	_, byEmail := in["email"]
	_, con := in["connection_id"]
	switch {
	case byID == byEmail || byEmail != con:
		return reply{}, badBody("", "None of the valid schemas were met")
	case con && c.get(KindConnection, str(in, "connection_id")) == nil:
		return reply{}, noConnection()
	case in["result_url"] != nil && in["client_id"] != nil:
		return reply{}, badBody("", "None of the valid schemas were met")
	case in["new_password"] != nil:
		return reply{}, notEmulated("new_password of a ticket")
	}
	user := c.get(KindUser, str(in, "user_id"))
	if byEmail {
		user, _ = c.sameUser(str(in, "connection_id"), "", str(in, "email"), "")
	}
	if user == nil {
		return reply{}, noUser()
	}
	life := ticketLife
	if n := number(in, "ttl_sec"); n > 0 {
		life = time.Duration(n) * time.Second
	}
	t := c.newTicket(user, life)
	t.verify, t.result = is(in, "mark_email_as_verified"), str(in, "result_url")
	return created(object{"ticket": c.ticketURL(c.base(c.r), t)})
}

func (s *Server) newTicket(user *state, life time.Duration) *ticket {
	t := &ticket{id: oidc.RandomText(32, alphanumeric), user: str(user.props, "user_id"), expires: s.now().Add(life)}
	s.tickets[t.id] = t
	return t
}

func (s *Server) ticketURL(base string, t *ticket) string {
	return base + "/u/reset-password?ticket=" + t.id + "#"
}

// changePassword is POST /dbconnections/change_password: it sends a mail if
// there is such a user, and says so either way (section 9).
func (v *visit) changePassword() (reply, error) {
	form := v.form()
	email, name := form.Get("email"), form.Get("connection")
	for _, p := range []string{"client_id", "email", "connection"} {
		if form.Get(p) == "" {
			return reply{http.StatusBadRequest, object{"error": p + " is required"}}, nil
		}
	}
	con := v.find(KindConnection, "name", name)
	client := v.get(KindClient, form.Get("client_id"))
	if con == nil || str(con.props, "strategy") != "auth0" || client == nil {
		return reply{http.StatusBadRequest, object{"error": "connection does not exist or is not enabled for the client"}}, nil
	}
	if user, _ := v.sameUser(str(con.props, "id"), "", email, ""); user != nil {
		link := v.ticketURL(v.base(v.r), v.newTicket(user, ticketLife))
		v.outbox = append(v.outbox, Mail{Time: v.now(), To: str(user.props, "email"), User: str(user.props, "user_id"), Link: link})
	}
	return ok(plainText("We've just sent you an email to reset your password."))
}

// ticket finds that of a page, if it still may be used.
func (v *visit) ticket(values url.Values) *ticket {
	t := v.tickets[strings.TrimSuffix(values.Get("ticket"), "#")]
	if t == nil || !v.now().Before(t.expires) || v.get(KindUser, t.user) == nil {
		return nil
	}
	return t
}

// resetPage is where a ticket leads.
func (v *visit) resetPage() (reply, error) {
	t := v.ticket(v.r.URL.Query())
	if t == nil {
		return v.expired()
	}
	return v.askNewPassword(t, "")
}

func (v *visit) expired() (reply, error) {
	return v.page(http.StatusBadRequest, pages.Page{ID: "expired", Heading: "Expired link", Outcome: pages.Failed, Alert: "This link has expired or was used already.", AlertIsError: true})
}

func (v *visit) askNewPassword(t *ticket, problem string) (reply, error) {
	return v.page(http.StatusOK, pages.Page{ID: "reset-password", Heading: "Change your password",
		Form: &pages.Form{Action: "/u/reset-password", Account: str(v.get(KindUser, t.user).props, "email"), Buttons: []pages.Button{{Label: "Reset password"}}, Fields: []pages.Field{
			{Name: "ticket", Type: "hidden", Value: t.id},
			{Name: "password-reset", Label: "New password", Type: "password", Autocomplete: "new-password", Autofocus: true, Error: problem},
			{Name: "re-enter-password", Label: "Re-enter new password", Type: "password", Autocomplete: "new-password"}}}})
}

// reset sets the password; a ticket may be used once.
func (v *visit) reset() (reply, error) {
	form := v.form()
	t := v.ticket(form)
	if t == nil {
		return v.expired()
	}
	user := v.get(KindUser, t.user).copy()
	password := form.Get("password-reset")
	policy := str(sub(v.get(KindConnection, user.connection).props, "options"), "passwordPolicy")
	switch {
	case password != form.Get("re-enter-password"):
		return v.askNewPassword(t, "The passwords do not match.")
	case checkPassword(password, policy) != nil:
		return v.askNewPassword(t, "Password is too weak.")
	}
	user.setPassword(password, timestamp(v.now()))
	if t.verify {
		user.props["email_verified"] = true
	}
	delete(v.tickets, t.id)
	v.write(KindUser, t.user, user)
	page := pages.Page{ID: "password-changed", Heading: "Password changed", Outcome: pages.Done, Text: []string{"Your password has been changed successfully."}}
	if t.result != "" {
		page.Links = []pages.Link{{URL: t.result, Label: "Continue"}}
	}
	return v.page(http.StatusOK, page)
}
