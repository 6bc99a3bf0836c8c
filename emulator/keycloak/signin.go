package keycloak

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/emulator/pages"
)

// signIn is the sign-in of one browser tab, from the user code to the end.
type signIn struct {
	id, tab string
	client  *client
	// userCode and scope of the device that is signed in; empty for the link
	// of a mail.
	userCode, scope string
	// token is the link of a mail that led here.
	token *actionToken
	// code is part of the form that may be sent next; each page has its own.
	code string
	user *user
	// actions that the link of a mail asks for.
	actions []string
	started time.Time
}

// Names of the cookies. They are Secure on http too, as the real ones are.
const (
	signInCookie   = "AUTH_SESSION_ID"
	identityCookie = "KEYCLOAK_IDENTITY"
)

func (c *call) setCookie(name, value string, maxAge int) {
	path := strings.TrimPrefix(c.issuer(c.realm), c.frontend(c.realm))
	//nolint:gosec // SameSite=None, and a reader in the page, are what the real pages have
	cookie := http.Cookie{Name: name, Value: value, Path: c.opts.BasePath + path + "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode}
	c.header.Add("Set-Cookie", cookie.String())
}

func (c *call) cookie(name string) string {
	if k, err := c.r.Cookie(name); err == nil {
		return k.Value
	}
	return ""
}

// startSignIn begins the sign-in and sends the browser to its first page.
func (c *call) startSignIn(s *signIn) (reply, error) {
	if s.id = c.cookie(signInCookie); s.id == "" {
		s.id = oidc.Random(18)
	}
	s.tab, s.started = oidc.Random(8), c.now()
	maps.DeleteFunc(c.realm.signIns, func(_ string, o *signIn) bool {
		return s.started.After(o.started.Add(c.realm.seconds("accessCodeLifespanLogin")))
	})
	c.realm.signIns[s.tab] = s
	c.setCookie(signInCookie, s.id, 0)
	c.header.Set("Cache-Control", "no-store, must-revalidate, max-age=0")
	return c.redirect(c.signInURL(s, "authenticate", nil))
}

// signInURL is the address of a step.
func (c *call) signInURL(s *signIn, step string, more url.Values) string {
	q := "client_id=" + url.QueryEscape(s.client.clientID) + "&tab_id=" + s.tab + "&client_data=e30"
	if len(more) > 0 {
		q = more.Encode() + "&" + q
	}
	return c.issuer(c.realm) + "/login-actions/" + step + "?" + q
}

// currentSignIn is the one that cookie and tab name; nil after the page that
// says that there is none.
func (c *call) currentSignIn() (*signIn, reply, error) {
	s := c.realm.signIns[c.query.Get("tab_id")]
	if s == nil || s.id != c.cookie(signInCookie) {
		r, err := c.errorPage(http.StatusBadRequest, "Restart login cookie not found. It may have expired; it may have "+
			"been deleted or cookies are disabled in your browser. If cookies are disabled then enable them. Click Back "+
			"to Application to login again.")
		return nil, r, err
	}
	return s, reply{}, nil
}

// authenticatePage is GET /login-actions/authenticate. A browser that has
// signed in before is not asked again.
func (c *call) authenticatePage() (reply, error) {
	s, r, err := c.currentSignIn()
	if s == nil {
		return r, err
	}
	if known := c.realm.session(c.cookie(identityCookie), c.now()); known != nil {
		s.user = known.user
		return c.next(s, true)
	}
	return c.loginPage(s, "", "", false)
}

// authenticate is the form of that page.
func (c *call) authenticateForm() (reply, error) {
	s, r, err := c.currentSignIn()
	if s == nil {
		return r, err
	}
	form := c.form()
	name := form.Get("username")
	if c.query.Get("session_code") != s.code {
		return c.loginPage(s, name, "Your login attempt timed out. Login will start from the beginning.", true)
	}
	u := c.realm.findUser(name)
	switch {
	case u == nil || u.serviceAccount != nil:
		return c.loginPage(s, name, "Invalid username or password.", false)
	case !u.enabled && !c.realm.lockedOut(u, c.now()):
		return c.loginPage(s, name, "Account is disabled, contact your administrator.", true)
	case !c.signInAllowed(u, form.Get("password")):
		return c.loginPage(s, name, "Invalid username or password.", false)
	}
	s.user = u
	return c.next(s, true)
}

// pendingActions are what a user has to do before a sign-in is complete, in
// order. Actions that the emulator has no page for count as well.
func (c *call) pendingActions(u *user) []string {
	var pending []string
	for _, a := range requiredActions() {
		id := str(a, "providerId")
		verify := id == "VERIFY_EMAIL" && is(c.realm.rep, "verifyEmail") && !u.emailVerified
		if is(a, "enabled") && (slices.Contains(u.requiredActions, id) || verify) {
			pending = append(pending, id)
		}
	}
	values := profileValues{"username": {u.username}, "email": {u.email}, "firstName": {u.firstName}, "lastName": {u.lastName}}
	for k, v := range u.attributes {
		values[k] = v
	}
	for _, a := range c.realm.profileAttributes() {
		if a.permits("edit", "user") && len(c.realm.checkAttribute(a, values, u, "user")) > 0 {
			return append(pending, "VERIFY_PROFILE")
		}
	}
	return pending
}

// next leads a user who has signed in to what is left to do. The first time
// the server redirects; after the form of an action it shows the next page.
func (c *call) next(s *signIn, redirect bool) (reply, error) {
	if s.user.emailVerified {
		s.user.removeRequiredAction("VERIFY_EMAIL") // there is nothing to do
	}
	pending := c.pendingActions(s.user)
	if s.token != nil {
		pending = s.actions
	}
	step := "OAUTH_GRANT"
	if len(pending) > 0 {
		step = pending[0]
	} else if s.token != nil {
		return c.finishActions(s)
	}
	if redirect {
		return c.redirect(c.signInURL(s, "required-action", url.Values{"execution": {step}}))
	}
	return c.actionPage(s, step, nil, "")
}

// requiredActionPage is GET /login-actions/required-action.
func (c *call) requiredActionPage() (reply, error) {
	s, r, err := c.currentSignIn()
	switch {
	case s == nil:
		return r, err
	case s.user == nil:
		return c.loginPage(s, "", "", false)
	}
	return c.next(s, false)
}

// requiredActionForm is the form of an action's page.
func (c *call) requiredActionForm() (reply, error) {
	s, r, err := c.currentSignIn()
	switch {
	case s == nil:
		return r, err
	case s.user == nil:
		return c.loginPage(s, "", "", false)
	case c.query.Get("session_code") != s.code:
		return c.next(s, false)
	}
	form, action := c.form(), c.query.Get("execution")
	switch action {
	case "UPDATE_PASSWORD":
		value := form.Get("password-new")
		switch problem := c.realm.checkPassword(s.user, value); {
		case value == "":
			return c.actionPage(s, action, map[string]string{"password-new": "Please specify password."}, "") //nolint:gosec // a message
		case value != form.Get("password-confirm"):
			return c.actionPage(s, action, map[string]string{"password-confirm": "Passwords don't match."}, "")
		case problem != nil:
			return c.actionPage(s, action, nil, problem.text)
		}
		s.user.setPassword(value, c.now())
	case "UPDATE_PROFILE", "VERIFY_PROFILE":
		if errs := c.updateProfile(s.user, form); errs != nil {
			return c.actionPage(s, action, errs, "")
		}
	default:
		return c.next(s, false)
	}
	s.user.removeRequiredAction(action)
	s.actions = slices.DeleteFunc(s.actions, func(a string) bool { return a == action })
	return c.next(s, false)
}

// profileMessages are what the form says about a value.
var profileMessages = map[string]string{
	"error-user-attribute-required":       "Please specify this field.",
	"error-invalid-email":                 "Invalid email address.",
	"error-person-name-invalid-character": "Value contains invalid character.",
}

// updateProfile sets what the user entered, or says what is wrong with it.
func (c *call) updateProfile(u *user, form url.Values) map[string]string {
	values := profileValues{"username": {u.username}}
	for _, name := range []string{"email", "firstName", "lastName"} {
		values[name] = []string{strings.TrimSpace(form.Get(name))}
	}
	errs := map[string]string{}
	for _, a := range c.realm.profileAttributes() {
		for _, e := range c.realm.checkAttribute(a, values, u, "user") {
			errs[e.Field] = "Invalid value."
			if text := profileMessages[e.Message]; text != "" {
				errs[e.Field] = text
			}
		}
	}
	email := strings.ToLower(values.first("email"))
	if o := c.realm.users.byEmail[email]; o != nil && o != u && !is(c.realm.rep, "duplicateEmailsAllowed") {
		errs["email"] = "Email already exists."
	}
	if len(errs) > 0 {
		return errs
	}
	if email != u.email {
		u.emailVerified = false
	}
	c.realm.users.rename(u, u.username, email)
	u.firstName, u.lastName = values.first("firstName"), values.first("lastName")
	return nil
}

// consent is POST /login-actions/consent.
func (c *call) consent() (reply, error) {
	s, r, err := c.currentSignIn()
	if s == nil {
		return r, err
	}
	form, now := c.form(), c.now()
	// The code of the form is not looked at by the server either: the cookie
	// says whose consent it is.
	if s.user == nil || len(c.pendingActions(s.user)) > 0 {
		return c.errorPage(http.StatusBadRequest, "Action expired. Please continue with login now.")
	}
	delete(c.realm.signIns, s.tab)
	status := c.issuer(c.realm) + "/device/status"
	if form.Has("cancel") {
		if !c.realm.devices.Decide(now, s.userCode, oidc.DeviceDenied, nil) {
			return c.redirect(status + "?error=expired_token")
		}
		return c.redirect(status + "?error=access_denied")
	}
	ss := c.realm.session(c.cookie(identityCookie), now)
	if ss == nil || ss.user != s.user {
		ss = c.realm.startSession(s.user, s.client, now)
		ss.authTime = now.Unix()
	}
	if !c.realm.devices.Decide(now, s.userCode, oidc.DeviceApproved, ss) {
		return c.redirect(status + "?error=expired_token")
	}
	c.setCookie(identityCookie, ss.id, 0)
	return c.redirect(status)
}

// actionLink is GET /login-actions/action-token: the link of a mail. The first
// call says what is going to happen, the link on that page begins it.
func (c *call) actionLink() (reply, error) {
	key := c.query.Get("key")
	var t actionToken
	u := (*user)(nil)
	if c.realm.secret.Verify(key, &t) == nil && t.Issuer == c.issuer(c.realm) && c.now().Unix() < t.Expiry {
		u = c.realm.users.byID[t.Subject]
	}
	if u == nil || u.email != t.Email || c.realm.revoked[t.ID] {
		return c.errorPage(http.StatusBadRequest, "Action expired.")
	}
	if !c.query.Has("tab_id") {
		link := pages.Link{URL: c.here() + "?" + url.Values{"key": {key}, "client_id": {"account"}, "tab_id": {""}}.Encode(),
			Label: "» Click here to proceed"}
		if t.Type == "verify-email" {
			return c.infoPage(pages.Open, "Email verification", "Confirm validity of e-mail address "+u.email+".", link)
		}
		names := make([]string, len(t.Actions))
		for i, a := range t.Actions {
			names[i] = str(requiredAction(a), "name")
		}
		return c.infoPage(pages.Open, "Perform the following action(s)",
			"Perform the following action(s): "+strings.Join(names, ", "), link)
	}
	if t.Type == "verify-email" {
		c.realm.revoked[t.ID] = true
		u.emailVerified = true
		u.removeRequiredAction("VERIFY_EMAIL")
		return c.infoPage(pages.Done, "Email address verified", "Your email address has been verified.")
	}
	s := &signIn{client: c.realm.clientIDs["account"], user: u, token: &t, actions: slices.Clone(t.Actions)}
	// The mail reached its recipient: that verifies the address.
	s.actions = slices.DeleteFunc(s.actions, func(a string) bool { return a == "VERIFY_EMAIL" })
	if _, err := c.startSignIn(s); err != nil {
		return reply{}, err
	}
	return c.next(s, true)
}

// finishActions ends what the link of a mail began.
func (c *call) finishActions(s *signIn) (reply, error) {
	delete(c.realm.signIns, s.tab)
	c.realm.revoked[s.token.ID] = true
	s.user.emailVerified = true
	for _, a := range s.token.Actions {
		s.user.removeRequiredAction(a)
	}
	return c.infoPage(pages.Done, "Account updated", "Your account has been updated.")
}
