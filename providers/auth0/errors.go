package auth0

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
)

// apiError is the body of a refusal
// (https://auth0.com/docs/api/management/v2, responses).
type apiError struct {
	Message string `json:"message"`
	Code    string `json:"errorCode"`
}

func parseError(body []byte) apiError {
	var e apiError
	_ = json.Unmarshal(body, &e) // what is not JSON says nothing
	return e
}

// attributes are ours by the properties of Auth0, where they have other names.
func attributes() map[string]string {
	return map[string]string{
		"given_name": "first_name", "family_name": "last_name", "password": "initial_password",
		"skip_consent_for_verifiable_first_party_clients": "skip_consent", "device_flow": "device_code_mask",
	}
}

// property finds the attribute that a message is about.
func property(message string) string {
	m := propertyNamed.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	name, _, _ := strings.Cut(m[1]+m[2], ".")
	if ours, ok := attributes()[name]; ok {
		return ours
	}
	return name
}

var propertyNamed = regexp.MustCompile(`on property ([A-Za-z_.]+)|Missing required property: ([A-Za-z_]+)`)

// scopesNeeded finds the scopes that a 403 names.
func scopesNeeded(message string) string {
	_, list, _ := strings.Cut(message, "expected any of:")
	return strings.TrimSpace(list)
}

// refusal is the error of an answer from 400.
func (c *conn) refusal(q call, a *answer) error {
	said := parseError(a.body)
	text := c.secrets.Redact(said.Message)
	if said.Message == "" && !a.json {
		return c.notAuth0(a)
	}
	e := &providers.Error{
		Class: providers.Invalid, Status: a.status, Attribute: property(said.Message),
		Err: &transport.ResponseError{Status: a.status, Header: a.header, Body: a.body},
	}
	what := func(format string, args ...any) string {
		s := fmt.Sprintf("Auth0 refused to %s: ", q.doing) + fmt.Sprintf(format, args...)
		return strings.TrimSuffix(providers.Clean(s, 600), ".")
	}
	switch {
	case strings.Contains(said.Message, "PasswordStrengthError"):
		e.Attribute = "initial_password"
		e.Summary = what("the password is too weak for the policy of the connection")
		e.Hint = "Write a longer one of lower case, upper case, digits and symbols, or set generate_password = true"
	case strings.HasPrefix(said.Message, "Connection must be enabled for this client"):
		e.Attribute = "connection"
		e.Summary = what("its own application may not create users in that connection")
		e.Hint = c.enableHint()
	case said.Code == "inexistent_connection":
		e.Attribute = "connection"
		e.Summary = what("%s", text)
		e.Hint = "Write the name of one of the tenant's database connections"
	case said.Code == "too_many_entities":
		e.Summary = what("the tenant's plan allows no more of them")
		e.Hint = "Delete what is not used any more, or take a larger plan: https://auth0.com/docs/troubleshoot/customer-support/operational-policies/entity-limit-policy"
	case said.Code == "custom_domain_conflict":
		e.Attribute = "custom_domain_header"
		e.Summary = what("%s", text)
		e.Hint = "Write in custom_domain_header of the provider block which of them mails are from"
	case a.status == http.StatusUnauthorized:
		e.Class, e.Summary = providers.Unauthenticated, what("the token was not accepted (%s)", text)
		e.Hint = "Check domain in the provider block, or AUTH0_DOMAIN, and api_token or AUTH0_API_TOKEN if it is set: it may have expired"
	case a.status == http.StatusForbidden:
		e.Class, e.Summary = providers.Forbidden, what("%s", text)
		scope := q.scope
		if said.Code == "insufficient_scope" {
			if scope == "" {
				scope = c.secrets.Redact(scopesNeeded(said.Message))
			}
			e.Summary = what("its application lacks the scope %s", providers.Clean(scope, 120))
		}
		e.Hint = grantHint(scope)
	case a.status == http.StatusNotFound:
		e.Class, e.Summary = providers.NotFound, what("it is not there (%s)", text)
	case a.status == http.StatusConflict, said.Code == "auth0_idp_error" && strings.Contains(said.Message, "already exists"):
		e.Class, e.Summary = providers.Conflict, what("%s", text)
		e.Hint = "Another run may have made it a moment ago: plan again, which finds it once Auth0's search shows it. Else look it up with a data block, or name its id in the block to adopt it"
	case a.status == http.StatusRequestTimeout:
		e.Class, e.Summary, e.Hint = providers.Ambiguous, what("%s", text), laterHint
	default:
		e.Summary = what("%s", text)
		if q.nature == 0 { // what was asked is idpctl's, and no value of the configuration's
			e.Hint = "Auth0's code for this is " + work.Quoted(c.secrets.Redact(said.Code)) + ", see https://auth0.com/docs/api/management/v2"
		}
	}
	return e
}

const laterHint = "Apply again later"

// enableHint says how the application that idpctl signs in as may create users.
func (c *conn) enableHint() string {
	id := c.clientID()
	if id == "" {
		id = "that idpctl signs in as"
	}
	return fmt.Sprintf("In the dashboard: Authentication, Database, the connection, Applications, switch on the application %s", work.Quoted(id))
}

// notAuth0 is the error of an answer that Auth0 would not give.
func (c *conn) notAuth0(a *answer) error {
	return &providers.Error{
		Class: providers.Internal, Status: a.status, Attribute: "domain",
		Summary: fmt.Sprintf("What answers at %s is not Auth0 (status %d)", c.settings.domain, a.status),
		Hint:    "Check domain in the provider block, or AUTH0_DOMAIN, and that no proxy answers in its place",
	}
}

// explain adds what Auth0 said to an error of the transport.
func (c *conn) explain(err error) error {
	var e *providers.Error
	var re *transport.ResponseError
	if !errors.As(err, &e) || !errors.As(err, &re) {
		return err
	}
	out := *e
	if text := c.secrets.Redact(parseError(re.Body).Message); text != "" {
		out.Summary += ": " + providers.Clean(text, 300)
	}
	if re.Status >= http.StatusInternalServerError {
		out.Hint = laterHint // its log is Auth0's
	}
	return &out
}
