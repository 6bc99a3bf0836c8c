package auth0

import (
	"crypto/md5" //nolint:gosec // Gravatar's address is an MD5 by definition
	"encoding/hex"
	"net/http"
	"net/mail"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/oidc"
)

func userSchema() schema {
	return schema{"connection": "string!", "user_id": "string", "email": "string", "username": "string", "password": "string", "phone_number": "string",
		"email_verified": "boolean", "phone_verified": "boolean", "verify_email": "boolean", "blocked": "boolean", "given_name": "string", "family_name": "string",
		"name": "string", "nickname": "string", "picture": "string", "user_metadata": "object", "app_metadata": "object"}
}

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	_, domain, _ := strings.Cut(s, "@")
	return err == nil && a.Address == s && strings.Contains(domain, ".")
}

func checkUser(in object) error {
	if email, sent := in["email"].(string); sent && !validEmail(email) {
		return badBody("email", "Object didn't pass validation for format email: %s", email)
	}
	for _, name := range []string{"given_name", "family_name", "name", "nickname"} {
		if s, sent := in[name].(string); sent && s == "" {
			return badBody(name, "String is too short (0 chars), minimum 1")
		}
	}
	return nil
}

// gravatar is the picture of those who bring none (section 5).
func gravatar(email string) string {
	sum := md5.Sum([]byte(strings.ToLower(email))) //nolint:gosec // see the import
	letters := strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(email)) + "xx"
	return "https://s.gravatar.com/avatar/" + hex.EncodeToString(sum[:]) + "?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2F" + letters[:2] + ".png"
}

// newUser makes a user of what was sent (section 5).
func (s *Server) newUser(in object, con *state) *state {
	st := &state{connection: str(con.props, "id"), password: str(in, "password")}
	for _, name := range []string{"password", "connection", "verify_email"} {
		delete(in, name)
	}
	id := str(in, "user_id")
	if id == "" {
		id = oidc.RandomText(24, hexadecimal)
	}
	if email := str(in, "email"); email != "" {
		in["email"] = strings.ToLower(email)
	}
	email, now := str(in, "email"), timestamp(s.now())
	nick, _, _ := strings.Cut(email, "@")
	label := email
	if label == "" {
		nick, label = str(in, "username"), str(in, "username")
	}
	in["user_id"] = "auth0|" + id
	in["identities"] = []any{object{"connection": str(con.props, "name"), "user_id": id, "provider": "auth0", "isSocial": false}}
	in["created_at"], in["updated_at"] = now, now
	defaults(in, object{"email_verified": false, "name": label, "nickname": nick, "picture": gravatar(label)})
	for _, name := range []string{"user_metadata", "app_metadata"} {
		if m := sub(in, name); m != nil {
			in[name] = merge(object{}, m)
		}
	}
	st.props = in
	return st
}

// sameUser finds a user of a connection who has one of the keys of another:
// "user_id", "email" or "username" says which.
func (s *Server) sameUser(connection, id, email, username string) (st *state, key string) {
	if id != "" {
		if st := s.get(KindUser, "auth0|"+id); st != nil {
			return st, "user_id"
		}
	}
	for _, k := range userKeys(connection, email, username) {
		if st := s.get(KindUser, s.users[k]); st != nil {
			return st, strings.Fields(k)[1]
		}
	}
	return nil, ""
}

// createUser is POST /users.
func (c *call) createUser() (reply, error) {
	in, err := c.decode(userSchema())
	if err != nil {
		return reply{}, err
	}
	if err := checkUser(in); err != nil {
		return reply{}, err
	}
	if len(c.opts.CustomDomains) > 1 && !slices.Contains(c.opts.CustomDomains, c.r.Header.Get("auth0-custom-domain")) {
		return reply{}, fail(http.StatusConflict, "custom_domain_conflict", "The tenant has multiple verified custom domains.")
	}
	con := c.find(KindConnection, "name", str(in, "connection"))
	switch {
	case con == nil:
		return reply{}, fail(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	case str(con.props, "strategy") != "auth0":
		return reply{}, notEmulated("users of a connection of the strategy %s", str(con.props, "strategy"))
	case !slices.Contains(con.members, c.client):
		return reply{}, fail(http.StatusBadRequest, "", "Connection must be enabled for this client to perform single user creation and signup operations (client_id: %s - connection: %s)",
			c.client, str(in, "connection"))
	}
	if err := required(in, con); err != nil {
		return reply{}, err
	}
	if st, _ := c.sameUser(str(con.props, "id"), str(in, "user_id"), str(in, "email"), str(in, "username")); st != nil {
		return reply{}, fail(http.StatusConflict, "auth0_idp_error", "The user already exists.")
	}
	st := c.newUser(in, con)
	c.write(KindUser, str(st.props, "user_id"), st)
	return created(st.props)
}

// required checks what a database connection demands of a new user.
func required(in object, con *state) error {
	options := sub(con.props, "options")
	if _, sent := in["username"]; sent && !is(options, "requires_username") {
		return fail(http.StatusBadRequest, "operation_not_supported", "Cannot set username for connection without requires_username")
	}
	for _, name := range []string{"email", "password"} {
		if str(in, name) == "" {
			return badBody("", "Missing required property: %s", name)
		}
	}
	return checkPassword(str(in, "password"), str(options, "passwordPolicy"))
}

func (c *call) getUser() (reply, error) {
	st := c.get(KindUser, c.params["id"])
	if st == nil {
		return reply{}, noUser()
	}
	return ok(c.pickOne(st.props, nil))
}

// usersByEmail is fresh, an array always, and looks at the case (section 5).
func (c *call) usersByEmail() (reply, error) {
	email := c.query.Get("email")
	if email == "" {
		return reply{}, badQuery("", "Missing required property: email")
	}
	out := []object{}
	for _, con := range c.all(KindConnection) {
		if st, _ := c.sameUser(str(con.props, "id"), "", email, ""); st != nil && str(st.props, "email") == email {
			out = append(out, c.pickOne(st.props, nil))
		}
	}
	return ok(out)
}

// deleteUser is 204 also where there is none (section 3).
func (c *call) deleteUser() (reply, error) {
	if c.get(KindUser, c.params["id"]) != nil {
		c.dropUser(c.params["id"])
	}
	return noContent()
}

// dropUser takes a user out of the roles too.
func (s *Server) dropUser(id string) {
	s.write(KindUser, id, nil)
	for _, r := range s.all(KindRole) {
		if slices.Contains(r.members, id) {
			next := r.copy()
			next.members = slices.DeleteFunc(next.members, func(m string) bool { return m == id })
			s.write(KindRole, str(r.props, "id"), next)
		}
	}
}
