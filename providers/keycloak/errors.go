package keycloak

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/work"
)

// errElsewhere is the cause when an address answers, but not as Keycloak.
var errElsewhere = errors.New("not a Keycloak server")

func isElsewhere(err error) bool { return errors.Is(err, errElsewhere) }

// quoted is a name for a message.
// segment escapes s for the path of a URL. What escaping does not make safe
// is refused before, by safeSegment.
func segment(s string) string { return url.PathEscape(s) }

// complaint is about one field of what was sent.
type complaint struct {
	Field   string `json:"field"`
	Message string `json:"errorMessage"`
	Params  []any  `json:"params"`
}

// refusal is the body of an answer from 400 on. Keycloak has several shapes:
// {"error"}, {"error","error_description"}, {"errorMessage"}, and for users
// {"field","errorMessage","params"} or {"errors":[…]} of these.
type refusal struct {
	err         string
	description string
	message     string
	complaints  []complaint
}

func parseRefusal(body []byte) refusal {
	var wire struct {
		complaint
		Error       any         `json:"error"`
		Description string      `json:"error_description"`
		Errors      []complaint `json:"errors"`
	}
	if json.Unmarshal(body, &wire) != nil {
		return refusal{}
	}
	r := refusal{description: wire.Description, complaints: wire.Errors}
	r.err, _ = wire.Error.(string)
	if wire.Field != "" {
		r.complaints = append(r.complaints, wire.complaint)
	} else {
		r.message = wire.Message
	}
	return r
}

// text is what the server said, in words.
func (r refusal) text() string {
	var said []string
	for _, c := range r.complaints {
		said = append(said, c.text())
	}
	if len(said) == 0 {
		for _, s := range []string{r.message, r.description} {
			if s != "" {
				said = append(said, s)
			}
		}
	}
	if len(said) == 0 && r.err != "" {
		said = append(said, r.err)
	}
	return strings.TrimRight(strings.Join(said, "; "), ". ")
}

// text puts the message keys of Keycloak's user profile into words (its theme
// base/admin, messages_en.properties).
func (c complaint) text() string {
	param := func(i int) string {
		if i >= len(c.Params) || c.Params[i] == nil {
			return "?"
		}
		return fmt.Sprint(c.Params[i])
	}
	var said string
	switch c.Message {
	case "error-invalid-length":
		said = fmt.Sprintf("must have %s to %s characters", param(1), param(2))
	case "error-invalid-length-too-short":
		said = fmt.Sprintf("must have at least %s characters", param(1))
	case "error-invalid-length-too-long":
		said = fmt.Sprintf("must have at most %s characters", param(2))
	case "error-invalid-email":
		said = "is not an e-mail address that Keycloak accepts"
	case "error-user-attribute-required", "error-invalid-blank", "error-empty":
		said = "must be set"
	case "error-user-attribute-read-only":
		said = "cannot be changed"
	case "error-username-invalid-character", "error-person-name-invalid-character":
		said = "has a character that Keycloak does not accept"
	case "error-pattern-no-match":
		said = "does not match the pattern that the user profile wants"
	case "error-invalid-value", "error-invalid-number":
		said = "is not a value that the user profile accepts"
	default:
		said = c.Message
	}
	return c.Field + " " + said
}

// attributeOf is our attribute that a field of the server's is.
func attributeOf(field string) string {
	switch field {
	case "username", "email", "name":
		return field
	case "firstName":
		return "first_name"
	case "lastName":
		return "last_name"
	case "emailVerified":
		return "email_verified"
	case "clientId":
		return "client_id"
	case "":
		return ""
	}
	return "attributes"
}

// redact makes a text of the server's fit to be shown: no secret that was sent
// is in it, should the server repeat one, even that of another request.
func (c *conn) redact(text string) string {
	return providers.Clean(c.secrets.Redact(text), 300)
}

// refusal is the error of an answer from 400 on.
func (c *conn) refusal(r request, a *answer) error {
	said := parseRefusal(a.body)
	text := c.redact(said.text())
	e := &providers.Error{Status: a.status, Class: providers.Internal}
	colon := ""
	if text != "" {
		colon = ": " + text
	}
	in := ""
	if r.realm != "" && !strings.HasSuffix(r.doing, " realm "+work.Quoted(r.realm)) {
		in = " in realm " + work.Quoted(r.realm)
	}
	if len(said.complaints) > 0 {
		e.Attribute = attributeOf(said.complaints[0].Field)
	}
	switch a.status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		e.Class = providers.Invalid
		e.Summary = fmt.Sprintf("Keycloak refuses to %s%s%s", r.doing, in, colon)
		c.explainInvalid(e, said)
	case http.StatusUnauthorized:
		e.Class = providers.Unauthenticated
		e.Summary = fmt.Sprintf("Keycloak does not accept the token of %s to %s%s", c.auth.creds.who(), r.doing, in)
		e.Hint = "The account may have been disabled, or its session ended; check also that the server's nodes agree on the time"
	case http.StatusForbidden:
		e.Class = providers.Forbidden
		e.Summary = fmt.Sprintf("%s may not %s%s", capital(c.auth.creds.who()), r.doing, in)
		e.Hint = c.roleHint(r)
	case http.StatusNotFound:
		if !a.json {
			return c.notKeycloak(a)
		}
		e.Class = providers.NotFound
		e.Summary = fmt.Sprintf("Keycloak cannot %s%s%s", r.doing, in, colon)
	case http.StatusConflict:
		e.Class = providers.Conflict
		e.Summary = fmt.Sprintf("Keycloak cannot %s%s%s", r.doing, in, colon)
		explainConflict(e, said.text())
	default:
		if !a.json {
			return c.notKeycloak(a)
		}
		e.Summary = fmt.Sprintf("Keycloak answers %d %s when asked to %s%s%s",
			a.status, http.StatusText(a.status), r.doing, in, colon)
	}
	return e
}

// explainInvalid says what can be done about a refused value.
func (c *conn) explainInvalid(e *providers.Error, said refusal) {
	for _, f := range said.complaints {
		if f.Field == "username" && f.Message == "error-user-attribute-read-only" {
			e.Hint = "Keycloak changes user names only while the realm has edit_username_allowed = true. Set it, or keep the old name with username = …"
			return
		}
	}
	switch {
	case strings.HasPrefix(said.err, "invalidPassword"):
		e.Attribute, e.Hint = "initial_password", "The password does not meet the realm's password_policy"
	case strings.Contains(said.message, "sender address"):
		e.Attribute, e.Hint = "smtp_server", "Set from in the block smtp_server to an e-mail address"
	case strings.Contains(said.message, "olicy"):
		e.Attribute = "password_policy"
	case strings.Contains(strings.ToLower(said.message), "client session idle"):
		e.Attribute = "client_session_idle_timeout"
	case strings.Contains(strings.ToLower(said.message), "client session max"):
		e.Attribute = "client_session_max_lifespan"
	case strings.Contains(said.message, "email missing"):
		e.Attribute = "email"
	case strings.Contains(said.message, "User is disabled"):
		e.Attribute, e.Hint = "enabled", "Keycloak sends mails to enabled users only"
	case strings.Contains(said.description, "edirect URI"):
		e.Attribute = "valid_redirect_uris"
	case strings.Contains(said.err, "Invalid json representation"):
		e.Hint = "This Keycloak does not know a field that version 26 has: idpctl needs version 26 or later"
	}
}

// explainConflict says which key another object has.
func explainConflict(e *providers.Error, text string) {
	switch {
	case strings.Contains(text, "same email"):
		e.Attribute = "email"
		e.Hint = "Another user has this e-mail: adopt that one, or give this one another"
	case strings.Contains(text, "same username"):
		e.Attribute = "username"
		e.Hint = "Another user has this user name: adopt that one, or give this one another"
	case strings.HasPrefix(text, "Realm "):
		e.Attribute = "realm"
	case strings.HasPrefix(text, "Client "):
		e.Attribute = "client_id"
	case strings.Contains(text, "group named"):
		e.Attribute = "name"
	case strings.Contains(text, "Duplicate resource"):
		// Of a client: the id, or a client_id on update. Of a realm: the id.
		e.Hint = "Another object has the same id or the same name"
	}
}

// roleHint says which role is missing and where it is given. The roles for a
// realm are those of its client realm-management; in master they are those of
// a client <realm>-realm, one for each realm.
func (c *conn) roleHint(r request) string {
	auth := c.auth.creds.realm
	switch {
	case r.role == "":
		return "Sign in with an account that has the role admin in realm master"
	case r.realm == "":
		return fmt.Sprintf("Only an account of realm master with the role %s may do this", r.role)
	case r.realm == auth && auth != "master":
		return fmt.Sprintf("Give it the role %s of the client realm-management", r.role)
	case auth == "master":
		return fmt.Sprintf("Give it the role %s of the client %s-realm in realm master", r.role, providers.Clean(r.realm, 100))
	}
	return fmt.Sprintf("It belongs to realm %s and can manage only that one: sign in at realm %s or at master", work.Quoted(auth), work.Quoted(r.realm))
}

// notKeycloak is the error of an answer that does not come from Keycloak.
func (c *conn) notKeycloak(a *answer) error {
	kind := "without a type"
	if t := a.header.Get("Content-Type"); t != "" {
		kind = "of type " + providers.Clean(t, 60)
	}
	tls := ""
	if c.auth.creds.base.Scheme == "http" {
		tls = ". If it wants TLS, write https://"
	}
	path := ""
	if p := c.auth.creds.base.Path; p != "" {
		path = fmt.Sprintf(". Is its path %s right? Most servers have none, and /admin and /realms are no part of it", work.Quoted(p))
	}
	return &providers.Error{
		Class: providers.Unreachable, Status: a.status, Attribute: "url", Err: errElsewhere,
		Summary: fmt.Sprintf("%s does not answer as Keycloak does: status %d, an answer %s", c.auth.baseURL(), a.status, kind),
		Hint:    "Check url in the provider block, or KEYCLOAK_URL: it is the address of Keycloak itself, with its path if it has one, and not that of its console or of a proxy's log-in page" + path + tls,
	}
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
