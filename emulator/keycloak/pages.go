package keycloak

import (
	"net/http"
	"net/url"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/emulator/pages"
)

// page answers with an HTML page. Headings, texts and the names of fields are
// those of the real pages; the layout is not.
func (c *call) page(status int, p pages.Page) (reply, error) {
	p.Emulates = "Keycloak"
	p.Title, p.Brand = "Sign in to "+c.realm.name, c.realm.name
	if name := str(c.realm.rep, "displayName"); name != "" {
		p.Title, p.Brand = "Sign in to "+name, name
	}
	return reply{status: status, body: func(w http.ResponseWriter) { pages.Render(w, status, p) }}, nil
}

func (c *call) errorPage(status int, text string) (reply, error) {
	return c.page(status, pages.Page{ID: "login-error", Heading: "We are sorry...", Outcome: pages.Failed, Alert: text, AlertIsError: true})
}

func (c *call) infoPage(outcome pages.Outcome, heading, text string, links ...pages.Link) (reply, error) {
	return c.page(http.StatusOK, pages.Page{ID: "login-info", Heading: heading, Outcome: outcome, Text: []string{text}, Links: links})
}

func (c *call) userCodePage(problem string) (reply, error) {
	return c.page(http.StatusOK, pages.Page{
		ID: "login-login-oauth2-device-verify-user-code", Heading: "Device Login", Alert: problem, AlertIsError: true,
		Form: &pages.Form{
			ID: "kc-user-verify-device-user-code-form", Action: c.issuer(c.realm) + "/device",
			Fields: []pages.Field{{ID: "device-user-code", Name: "device_user_code", Type: "text", Autocomplete: "off", Autofocus: true,
				Label: "Enter the code provided by your device and click Submit", Alerted: problem != "", Code: true}},
			Buttons: []pages.Button{{Label: "Submit"}},
		},
	})
}

// form is one of the sign-in's forms, with a code that the next page replaces.
func (c *call) signInForm(s *signIn, id, step string, more url.Values, button pages.Button, fields ...pages.Field) *pages.Form {
	s.code = oidc.Random(32)
	more.Set("session_code", s.code)
	return &pages.Form{ID: id, Action: c.signInURL(s, step, more), Fields: fields, Buttons: []pages.Button{button}}
}

// loginPage asks for user name and password. The problem is about both of
// them, or about the account as a whole.
func (c *call) loginPage(s *signIn, username, problem string, ofAccount bool) (reply, error) {
	p := pages.Page{ID: "login-login", Heading: "Sign in to your account"}
	name := pages.Field{Name: "username", Label: "Username or email", Type: "text", Value: username,
		Autocomplete: "username", Autofocus: true}
	if ofAccount {
		p.Alert, p.AlertIsError = problem, true
	} else {
		name.Error = problem
	}
	p.Form = c.signInForm(s, "kc-form-login", "authenticate", url.Values{"execution": {"username-password-form"}},
		pages.Button{ID: "kc-login", Name: "login", Label: "Sign In"}, name,
		pages.Field{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"},
		pages.Field{ID: "id-hidden-input", Name: "credentialId", Type: "hidden"})
	return c.page(http.StatusOK, p)
}

// actionPage is the page of a required action or, when all are done, that of
// the consent.
func (c *call) actionPage(s *signIn, step string, errs map[string]string, problem string) (reply, error) {
	first := errs == nil && problem == ""
	hint := func(p *pages.Page, text string) {
		if first {
			p.Alert = text
		} else if problem != "" {
			p.Alert, p.AlertIsError = problem, true
		}
	}
	execution := url.Values{"execution": {step}}
	switch step {
	case "OAUTH_GRANT":
		return c.consentPage(s)
	case "UPDATE_PASSWORD":
		p := pages.Page{ID: "login-login-update-password", Heading: "Update password"}
		hint(&p, "You need to change your password to activate your account.")
		field := func(name, label string) pages.Field {
			return pages.Field{Name: name, Label: label, Type: "password", Autocomplete: "new-password",
				Autofocus: name == "password-new", Error: errs[name], Alerted: name == "password-new" && problem != ""}
		}
		p.Form = c.signInForm(s, "kc-passwd-update-form", "required-action", execution, pages.Button{Name: "login", Value: "Submit", Label: "Submit"},
			field("password-new", "New Password"), field("password-confirm", "Confirm password"))
		p.Form.Account = s.user.username
		return c.page(http.StatusOK, p)
	case "UPDATE_PROFILE", "VERIFY_PROFILE":
		p := pages.Page{ID: "login-login-update-profile", Heading: "Update Account Information"}
		hint(&p, "You need to update your user profile to activate your account.")
		form := c.form()
		field := func(name, label, old string) pages.Field {
			if !first {
				old = form.Get(name)
			}
			return pages.Field{Name: name, Label: label + " *", Type: "text", Value: old, Autofocus: name == "email", Error: errs[name],
				Autocomplete: map[string]string{"email": "email", "firstName": "given-name", "lastName": "family-name"}[name]}
		}
		p.Form = c.signInForm(s, "kc-update-profile-form", "required-action", execution, pages.Button{Label: "Submit"}, field("email", "Email", s.user.email),
			field("firstName", "First name", s.user.firstName), field("lastName", "Last name", s.user.lastName))
		return c.page(http.StatusOK, p)
	case "VERIFY_EMAIL":
		return c.verifyEmailPage(s)
	}
	return c.errorPage(http.StatusNotImplemented, "The required action "+step+" is not emulated.")
}

func (c *call) verifyEmailPage(s *signIn) (reply, error) {
	if senderProblem(c.realm.smtp["from"]) != "" {
		return c.errorPage(http.StatusInternalServerError, "Failed to send email, please try again later.")
	}
	c.verifyMail(s.user, 5*time.Minute)
	return c.page(http.StatusOK, pages.Page{
		ID: "login-login-verify-email", Heading: "Email verification",
		Alert: "You need to verify your email address to activate your account.",
		Text: []string{"An email with instructions to verify your email address has been sent to your address " +
			s.user.email + "."},
		Links: []pages.Link{{URL: c.signInURL(s, "required-action", url.Values{"execution": {"VERIFY_EMAIL"}}),
			Label: "Send the email again"}},
	})
}

// consentTexts are what the built-in scopes say on the page of the consent.
var consentTexts = map[string]string{
	"${profileScopeConsentText}": "User profile", "${emailScopeConsentText}": "Email address",
	"${rolesScopeConsentText}": "User roles", "${addressScopeConsentText}": "Address",
	"${phoneScopeConsentText}": "Phone number", "${offlineAccessScopeConsentText}": "Offline Access",
	"${organizationScopeConsentText}": "Organization",
}

func (c *call) consentPage(s *signIn) (reply, error) {
	s.code = oidc.Random(32)
	name := str(s.client.rep, "name")
	if name == "" {
		name = s.client.clientID
	}
	p := pages.Page{ID: "login-login-oauth-grant", Heading: "Grant Access to " + name,
		Text: []string{"Do you grant these access privileges?"}}
	for _, sc := range s.client.granted(s.scope) {
		if sc.attribute("display.on.consent.screen") == "true" {
			text := sc.attribute("consent.screen.text")
			if known := consentTexts[text]; known != "" {
				text = known
			} else if text == "" {
				text = sc.name()
			}
			p.List = append(p.List, text)
		}
	}
	p.Form = &pages.Form{
		Action: c.signInURL(s, "consent", nil),
		Fields: []pages.Field{{Name: "code", Type: "hidden", Value: s.code}},
		Buttons: []pages.Button{{ID: "kc-login", Name: "accept", Value: "Yes", Label: "Yes"},
			{ID: "kc-cancel", Name: "cancel", Value: "No", Label: "No", Secondary: true}},
	}
	return c.page(http.StatusOK, p)
}
