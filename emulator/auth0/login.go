package auth0

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/emulator/pages"
)

// signIn is the sign-in of a browser, from the code to the end. Its id is in
// the forms.
type signIn struct {
	id, userCode string
	// user who proved to be so.
	user  string
	began time.Time
}

// activate asks for the code, unless the address has it.
func (v *visit) activate() (reply, error) {
	if code := v.r.URL.Query().Get("user_code"); code != "" {
		return v.begin(code)
	}
	return v.askCode("")
}

func (v *visit) askCode(alert string) (reply, error) {
	return v.page(http.StatusOK, pages.Page{ID: "device-code", Heading: "Device Activation", Alert: alert, AlertIsError: alert != "",
		Text: []string{"Enter the code displayed on the device."},
		Form: &pages.Form{Action: "/activate", Fields: []pages.Field{{Name: "user_code", Label: "Code", Type: "text", Autocomplete: "off", Autofocus: true, Alerted: alert != "", Code: true}}, Buttons: []pages.Button{{Label: "Continue"}}}})
}

func (v *visit) enterCode() (reply, error) { return v.begin(v.form().Get("user_code")) }

// begin starts a sign-in for a code.
func (v *visit) begin(typed string) (reply, error) {
	code := v.typed(typed)
	d, found := v.devices.ByUserCode(v.now(), code)
	if !found {
		code = strings.TrimSpace(typed) // made before the mask was changed
		d, found = v.devices.ByUserCode(v.now(), code)
	}
	if !found || d.State != oidc.DevicePending || d.Expired(v.now()) {
		return v.askCode("The code is invalid or has expired.")
	}
	maps.DeleteFunc(v.signIns, func(_ string, s *signIn) bool { return v.now().After(s.began.Add(time.Hour)) })
	s := &signIn{id: oidc.Random(16), userCode: code, began: v.now()}
	v.signIns[s.id] = s
	if len(v.connectionsOf(d.ClientID)) == 0 {
		return v.stop("no connections enabled for the client")
	}
	return v.askPassword(s, "")
}

// stop is a page that ends a sign-in.
func (v *visit) stop(why string) (reply, error) {
	return v.page(http.StatusBadRequest, pages.Page{ID: "error", Heading: "Oops!, something went wrong", Outcome: pages.Failed, Alert: why, AlertIsError: true})
}

// connectionsOf are the ids of the database connections of a client.
func (v *visit) connectionsOf(client string) []string {
	var out []string
	for _, con := range v.all(KindConnection) {
		if str(con.props, "strategy") == "auth0" && slices.Contains(con.members, client) {
			out = append(out, str(con.props, "id"))
		}
	}
	return out
}

// form is one that belongs to a sign-in.
func (s *signIn) form(action string, buttons []pages.Button, fields ...pages.Field) *pages.Form {
	fields = append([]pages.Field{{Name: "state", Type: "hidden", Value: s.id}}, fields...)
	return &pages.Form{Action: action, Fields: fields, Buttons: buttons}
}

func (v *visit) askPassword(s *signIn, problem string) (reply, error) {
	return v.page(http.StatusOK, pages.Page{ID: "login", Heading: "Welcome",
		Form: s.form("/u/login", []pages.Button{{Label: "Continue"}},
			pages.Field{Name: "username", Label: "Username or email address", Type: "text", Autocomplete: "username", Autofocus: true, Value: v.form().Get("username")},
			pages.Field{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password", Error: problem})})
}

func (v *visit) enterPassword() (reply, error) {
	s := v.signIns[v.form().Get("state")]
	if s == nil {
		return v.stop("This sign-in is over. Begin anew.")
	}
	d, _ := v.devices.ByUserCode(v.now(), s.userCode)
	user := v.person(d.ClientID, strings.TrimSpace(v.form().Get("username")))
	switch {
	case user == nil || user.password == "" || user.password != v.form().Get("password"):
		return v.askPassword(s, "Wrong username or password")
	case is(user.props, "blocked"):
		return v.askPassword(s, "Your account has been blocked")
	}
	s.user = str(user.props, "user_id")
	next := user.copy()
	next.props["last_login"], next.props["last_ip"] = timestamp(v.now()), "127.0.0.1"
	next.props["logins_count"] = number(user.props, "logins_count") + 1
	v.write(KindUser, s.user, next)
	name := d.ClientID
	if cl := v.get(KindClient, d.ClientID); cl != nil {
		name = str(cl.props, "name")
	}
	return v.page(http.StatusOK, pages.Page{ID: "device-confirmation", Heading: "Device Confirmation",
		Text: []string{name + " asks for access to your account.", "Please confirm that this is the code displayed on your device: " + s.userCode},
		Form: s.form("/u/device/confirmation", []pages.Button{{Name: "action", Value: "confirm", Label: "Confirm"}, {Name: "action", Value: "cancel", Label: "Cancel", Secondary: true}})})
}

// person finds who signs in, by e-mail or user name.
func (v *visit) person(client, name string) *state {
	for _, con := range v.connectionsOf(client) {
		if user, _ := v.sameUser(con, "", name, name); user != nil && name != "" {
			return user
		}
	}
	return nil
}

// confirm is the last page.
func (v *visit) confirm() (reply, error) {
	s := v.signIns[v.form().Get("state")]
	if s == nil || s.user == "" {
		return v.stop("This sign-in is over. Begin anew.")
	}
	delete(v.signIns, s.id)
	if v.form().Get("action") != "confirm" {
		v.devices.Decide(v.now(), s.userCode, oidc.DeviceDenied, nil)
		return v.page(http.StatusOK, pages.Page{ID: "denied", Heading: "Access denied", Outcome: pages.Failed, Alert: "The device was not activated.", AlertIsError: true})
	}
	d, _ := v.devices.ByUserCode(v.now(), s.userCode)
	granted := session{user: s.user, client: d.ClientID, scope: d.Scope, audience: v.asked[d.Code], id: oidc.Random(24)}
	if !v.devices.Decide(v.now(), s.userCode, oidc.DeviceApproved, granted) {
		return v.askCode("The code is invalid or has expired.")
	}
	return v.page(http.StatusOK, pages.Page{ID: "device-success", Heading: "Congratulations, you're all set!", Outcome: pages.Done, Text: []string{"Your device is now connected."}})
}
