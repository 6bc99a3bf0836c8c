package auth0

import (
	"net/http"
	"strings"
	"unicode"
)

// patchUser changes a user: metadata is merged key by key at the first level,
// null removes (section 5).
func (c *call) patchUser() (reply, error) {
	st := c.get(KindUser, c.params["id"])
	if st == nil {
		return reply{}, noUser()
	}
	allowed := userSchema().patchable()
	delete(allowed, "user_id")
	allowed["verify_password"], allowed["client_id"] = "boolean", "string"
	for _, name := range []string{"connection", "email", "password", "email_verified", "blocked", "user_metadata", "app_metadata"} {
		allowed[name] = strings.TrimSuffix(allowed[name], "?")
	}
	in, err := c.decode(allowed)
	if err != nil {
		return reply{}, err
	}
	if err := checkUser(in); err != nil {
		return reply{}, err
	}
	if !c.holds("update:users") && (len(in) != 1 || in["app_metadata"] == nil) {
		return reply{}, fail(http.StatusForbidden, "insufficient_scope", "Insufficient scope, expected any of: update:users")
	}
	next := st.copy()
	if err := c.applyUser(next, in); err != nil {
		return reply{}, err
	}
	next.props["updated_at"] = timestamp(c.now())
	c.write(KindUser, c.params["id"], next)
	return ok(next.props)
}

// applyUser puts a patch into a copy of a user.
func (c *call) applyUser(next *state, in object) error {
	con := c.get(KindConnection, next.connection)
	if name, sent := in["connection"]; sent && name != con.props["name"] {
		return fail(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	}
	email, newEmail := in["email"].(string)
	password, newPassword := in["password"].(string)
	if newEmail && newPassword {
		return fail(http.StatusBadRequest, "operation_not_supported", "Cannot update password and email simultaneously")
	}
	if newEmail {
		in["email"] = strings.ToLower(email)
		if other, _ := c.sameUser(next.connection, "", email, ""); other != nil && other.props["user_id"] != next.props["user_id"] {
			return fail(http.StatusBadRequest, "auth0_idp_error", "The specified new email already exists")
		}
		if _, sent := in["email_verified"]; !sent && in["email"] != next.props["email"] {
			in["email_verified"] = false
		}
	}
	if newPassword {
		if err := checkPassword(password, str(sub(con.props, "options"), "passwordPolicy")); err != nil {
			return err
		}
		next.setPassword(password, timestamp(c.now()))
	}
	for _, name := range []string{"connection", "password", "verify_email", "verify_password", "client_id"} {
		delete(in, name)
	}
	for _, name := range []string{"user_metadata", "app_metadata"} {
		part, sent := in[name].(object)
		switch {
		case sent && len(part) == 0:
			in[name] = object{} // {} empties it
		case sent:
			in[name] = merge(sub(next.props, name), part)
		}
	}
	next.props = merge(next.props, in)
	return nil
}

func (st *state) setPassword(password, at string) {
	st.password, st.hashed = password, false
	st.props["last_password_reset"] = at
}

// checkPassword holds a password against the policy of a connection
// (section 6).
func checkPassword(password, policy string) error {
	least := map[string]int{"low": 6, "fair": 8, "good": 8, "excellent": 10}[policy]
	lower, upper, digit, special := 0, 0, 0, 0
	longest, run, last := 0, 0, rune(-1)
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			special = 1
		}
		if run++; r != last {
			run, last = 1, r
		}
		longest = max(longest, run)
	}
	classes := lower + upper + digit + special
	strong := len(password) >= max(least, 1)
	switch policy {
	case "fair":
		strong = strong && lower+upper+digit == 3
	case "good":
		strong = strong && classes >= 3
	case "excellent":
		strong = strong && classes >= 3 && longest <= 2
	}
	if !strong {
		return fail(http.StatusBadRequest, "", "PasswordStrengthError: Password is too weak")
	}
	return nil
}
