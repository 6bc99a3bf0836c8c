package entra

import (
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/emulator/pages"
)

// signIn is the sign-in of a browser, from the code to the end. Its id is in
// the forms.
type signIn struct {
	id, userCode, scope string
	clientID            string
	// user who proved to be so; passed: nothing but the last page is left.
	user   string
	passed bool
	began  time.Time
}

// codePage asks for the code that the device shows.
func (v *visit) codePage() (reply, error) { return v.askCode("") }

func (v *visit) askCode(alert string) (reply, error) {
	return v.page(http.StatusOK, pages.Page{
		ID: "device-code", Heading: "Enter code to allow access", Alert: alert, AlertIsError: alert != "",
		Text: []string{"Once you enter the code displayed on your app or device, it will have access to your account."},
		Form: &pages.Form{Action: "/devicelogin", Fields: []pages.Field{{Name: "otc", Label: "Code", Type: "text", Autocomplete: "off", Autofocus: true, Alerted: alert != "", Code: true}},
			Buttons: []pages.Button{{ID: "idSIButton9", Label: "Next"}}},
	})
}

func (v *visit) enterCode() (reply, error) {
	code := strings.ToUpper(strings.TrimSpace(v.form.Get("otc")))
	d, found := v.devices.ByUserCode(v.now(), code)
	if !found || d.State != oidc.DevicePending || d.Expired(v.now()) {
		return v.askCode("That code didn't work. Check the code and try again.")
	}
	maps.DeleteFunc(v.signIns, func(_ string, s *signIn) bool { return v.now().After(s.began.Add(time.Hour)) })
	s := &signIn{id: oidc.Random(16), userCode: code, clientID: d.ClientID, scope: d.Scope, began: v.now()}
	v.signIns[s.id] = s
	return v.askPassword(s, nil, nil)
}

// current is the sign-in that a form belongs to.
func (v *visit) current() *signIn { return v.signIns[v.form.Get("flow")] }

// form is one that belongs to a sign-in.
func (s *signIn) form(action string, buttons []pages.Button, fields ...pages.Field) *pages.Form {
	return flowForm(s.id, action, buttons, fields...)
}

// flowForm is a form with the id of what it belongs to.
func flowForm(flow, action string, buttons []pages.Button, fields ...pages.Field) *pages.Form {
	fields = append([]pages.Field{{Name: "flow", Type: "hidden", Value: flow}}, fields...)
	return &pages.Form{Action: action, Fields: fields, Buttons: buttons}
}

// errorPage is one that ends a sign-in.
func (v *visit) errorPage(err error) (reply, error) {
	return v.page(http.StatusBadRequest, pages.Page{ID: "error", Heading: "Sorry, but we’re having trouble signing you in.", Outcome: pages.Failed, Alert: err.Error(), AlertIsError: true})
}

func (v *visit) over() (reply, error) {
	return v.page(http.StatusBadRequest, pages.Page{ID: "error", Heading: "Sorry, but we’re having trouble signing you in.", Outcome: pages.Failed,
		Alert: "AADSTS50058: Session information is not sufficient for single-sign-on.", AlertIsError: true})
}

// askPassword asks for user name and password. A problem is about the one or
// the other.
func (v *visit) askPassword(s *signIn, unknown, wrong error) (reply, error) {
	return v.page(http.StatusOK, passwordPage(s.id, "/common/login", v.form.Get("loginfmt"), unknown, wrong))
}

// passwordPage asks for user name and password, on the way that flow is.
func passwordPage(flow, action, user string, unknown, wrong error) pages.Page {
	name := pages.Field{Name: "loginfmt", Label: "Email, phone, or Skype", Type: "text", Autocomplete: "username", Autofocus: true, Value: user}
	password := pages.Field{Name: "passwd", Label: "Password", Type: "password", Autocomplete: "current-password"}
	if unknown != nil {
		name.Error = unknown.Error()
	}
	if wrong != nil {
		password.Error = wrong.Error()
	}
	return pages.Page{ID: "sign-in", Heading: "Sign in", Form: flowForm(flow, action, []pages.Button{{ID: "idSIButton9", Label: "Sign in"}}, name, password)}
}

// person finds who signs in: by user principal name, or a guest by the
// address of its home.
func (v *visit) person(name string) *state {
	e := v.dir.find(KindUser, "userPrincipalName", name)
	if e == nil {
		e = v.guest(name)
		if st := v.show(e, v.replica); st == nil || str(st.props, "creationType") != "Invitation" {
			return nil // a member's e-mail is no name to sign in with
		}
	}
	return v.show(e, v.replica)
}

func (v *visit) enterPassword() (reply, error) {
	s := v.current()
	if s == nil {
		return v.over()
	}
	name := strings.TrimSpace(v.form.Get("loginfmt"))
	user := v.person(name)
	switch {
	case user == nil:
		return v.askPassword(s, errUserUnknown(name, v.opts.TenantName), nil)
	case user.password == "" || user.password != v.form.Get("passwd"):
		return v.askPassword(s, nil, errPassword())
	}
	s.user = str(user.props, "id")
	if user.mustChange && is(user.props, "accountEnabled") {
		return v.askNewPassword(s, "")
	}
	return v.signedIn(s)
}

func (v *visit) askNewPassword(s *signIn, problem string) (reply, error) {
	form := s.form("/common/SSPR", []pages.Button{{ID: "idSIButton9", Label: "Sign in"}}, newPasswords(problem)...)
	if e := v.dir.tables[KindUser].byID[s.user]; e != nil && e.now != nil {
		form.Account = str(e.now.props, "userPrincipalName")
	}
	return v.page(http.StatusOK, pages.Page{
		ID: "new-password", Heading: "Update your password", Form: form,
		Text: []string{"You need to update your password because this is the first time you are signing in, or because your password has expired."},
	})
}

// newPasswords are the fields for a new password, and what was wrong with the last one.
func newPasswords(problem string) []pages.Field {
	return []pages.Field{
		{Name: "newpass", Label: "New password", Type: "password", Autocomplete: "new-password", Autofocus: true, Error: problem},
		{Name: "confirmnewpass", Label: "Confirm password", Type: "password", Autocomplete: "new-password"}}
}

// newPasswordProblem says what is wrong with the new password of the form.
func (v *visit) newPasswordProblem(old string) string {
	switch value := v.form.Get("newpass"); {
	case value != v.form.Get("confirmnewpass"):
		return "Those passwords didn't match. Please try again."
	case !strong(value) || value == old:
		return "Choose a password that's harder for people to guess."
	}
	return ""
}

func (v *visit) enterNewPassword() (reply, error) {
	s := v.current()
	if s == nil || s.user == "" {
		return v.over()
	}
	e := v.dir.tables[KindUser].byID[s.user]
	if e == nil || e.now == nil {
		return v.over()
	}
	if problem := v.newPasswordProblem(e.now.password); problem != "" {
		return v.askNewPassword(s, problem)
	}
	next := e.now.copy()
	next.password, next.mustChange = v.form.Get("newpass"), false
	v.dir.put(KindUser, e.id, next)
	return v.signedIn(s)
}

// signedIn goes on when the user is known: to the consent, or to the question
// whether it is this application that the user wants to sign in to.
func (v *visit) signedIn(s *signIn) (reply, error) {
	e := v.dir.find(KindApplication, "appId", s.clientID)
	user := v.live(KindUser, s.user, fresh)
	if e == nil || e.now == nil || e.now.deleted() || user == nil {
		return v.over()
	}
	cl := &client{id: s.clientID, app: e.now}
	if sp := v.dir.find(KindServicePrincipal, "appId", s.clientID); sp != nil && sp.now != nil && !sp.now.deleted() {
		cl.sp = sp.now
	}
	res, err := v.resource(cl, s.scope)
	if err != nil {
		return v.errorPage(err)
	}
	if err := v.forbids(cl, res, user, true); err != nil {
		return v.errorPage(err)
	}
	s.passed = true
	buttons := []pages.Button{{ID: "idSIButton9", Name: "idSIButton9", Value: "Continue", Label: "Continue"}, {Name: "cancel", Value: "Cancel", Label: "Cancel", Secondary: true}}
	if !v.consented(cl, res, s.user) && !v.opts.AdminConsent {
		names, _ := v.wanted(cl, res)
		buttons[0].Value, buttons[0].Label = "Accept", "Accept"
		return v.page(http.StatusOK, pages.Page{ID: "consent", Heading: "Permissions requested", Text: []string{cl.name() + " would like to:"}, List: names,
			Form: s.form("/common/DeviceCodeConfirm", buttons)})
	}
	return v.page(http.StatusOK, pages.Page{ID: "confirm", Heading: "Are you trying to sign in to " + cl.name() + "?",
		Text: []string{"Only continue if you downloaded the app from a store or website that you trust."}, Form: s.form("/common/DeviceCodeConfirm", buttons)})
}

// confirm is the last page. Where a policy or a missing consent forbids the
// token, the device learns it at its next poll.
func (v *visit) confirm() (reply, error) {
	s := v.current()
	if s == nil || !s.passed {
		return v.over()
	}
	delete(v.signIns, s.id)
	if v.form.Get("cancel") != "" {
		v.devices.Decide(v.now(), s.userCode, oidc.DeviceDenied, nil)
		return v.page(http.StatusOK, pages.Page{ID: "declined", Heading: "You have cancelled the sign-in.", Outcome: pages.Failed, AlertIsError: true, Alert: "You may now close this window."})
	}
	cl := &client{id: s.clientID, app: v.dir.find(KindApplication, "appId", s.clientID).now}
	if sp := v.dir.find(KindServicePrincipal, "appId", s.clientID); sp != nil {
		cl.sp = sp.now
	}
	res, err := v.resource(cl, s.scope)
	if err != nil {
		return v.errorPage(err)
	}
	v.consent(cl, res, s.user)
	v.redeem(s.user)
	if !v.devices.Decide(v.now(), s.userCode, oidc.DeviceApproved, session{UserID: s.user, ClientID: s.clientID, Scope: s.scope, ID: oidc.NewID()}) {
		return v.askCode("The code has expired. Go back to your device and try again.")
	}
	return v.page(http.StatusOK, pages.Page{ID: "done", Heading: cl.name(), Outcome: pages.Done, Text: []string{
		"You have signed in to the " + cl.name() + " application on your device. You may now close this window."}})
}
