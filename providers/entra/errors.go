package entra

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

// graphError is the body of a refusal
// (https://learn.microsoft.com/graph/errors).
type graphError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Target  string `json:"target"`
	} `json:"details"`
}

func parseError(body []byte) graphError {
	var e struct {
		Error graphError `json:"error"`
	}
	_ = json.Unmarshal(body, &e) // what is not JSON says nothing
	return e.Error
}

// has reports whether one of the details has a code.
func (e graphError) has(code string) bool {
	for _, d := range e.Details {
		if strings.EqualFold(d.Code, code) {
			return true
		}
	}
	return false
}

// attributes are ours by the properties of Graph, where they have other names.
func attributes() map[string]string {
	return map[string]string{
		"userPrincipalName": "user_principal_name", "proxyAddresses": "email", "mail": "email", "mailNickname": "mail_nickname",
		"givenName": "first_name", "surname": "last_name", "displayName": "display_name", "otherMails": "other_mails",
		"usageLocation": "usage_location", "accountEnabled": "enabled", "members": "members", "owners": "owners",
		"signInAudience": "sign_in_audience", "invitedUserEmailAddress": "email", "inviteRedirectUrl": "invite_redirect_url",
		"description": "description", "notes": "notes", "tags": "tags",
	}
}

// property finds the property that a message is about.
func property(message string) string {
	if m := propertyNamed.FindStringSubmatch(message); m != nil {
		return m[1] + m[2] + m[3]
	}
	return ""
}

var propertyNamed = regexp.MustCompile(`property '([A-Za-z]+)'|for property ([A-Za-z]+) already|[Tt]he domain portion of the ([A-Za-z]+) property`)

// isDuplicate reports that another object has a value which only one may have:
// Graph says 400 for it (https://learn.microsoft.com/graph/resolve-auth-errors).
func (e graphError) isDuplicate() bool {
	return e.has("ObjectConflict") || e.has("ConflictingObjects") ||
		strings.HasPrefix(e.Message, "Another object with the same value for property ") ||
		e.Code == "Request_MultipleObjectsWithSameKeyValue"
}

// referencesExist and referencesAbsent report that a member is one already, or is
// none any more.
func (e graphError) referencesExist() bool {
	return strings.HasPrefix(e.Message, "One or more added object references already exist")
}

func (e graphError) referencesAbsent() bool {
	return strings.HasPrefix(e.Message, "One or more removed object references do not exist")
}

// refusal is the error of an answer from 400.
func (c *conn) refusal(q *call, r reply) error {
	said := parseError(r.body)
	text := c.redact(said.Message)
	e := &providers.Error{
		Class: providers.Invalid, Status: r.status, Err: &transport.ResponseError{Status: r.status, Header: r.header, Body: r.body},
		Attribute: attributes()[property(said.Message)],
	}
	what := func(format string, args ...any) string {
		s := fmt.Sprintf("Entra ID refused to %s: ", q.doing) + fmt.Sprintf(format, args...)
		return strings.TrimSuffix(providers.Clean(s, 600), ".")
	}
	switch {
	case said.isDuplicate():
		e.Class, e.Summary = providers.Conflict, what("%s", text)
		e.Hint = "Another run may have made it a moment ago: plan again. Else look it up with a data block, or name its id in the block to adopt it; what was deleted less than 30 days ago has its name still, until it is purged"
	case strings.HasPrefix(said.Message, "The domain portion of the userPrincipalName"):
		e.Attribute = "user_principal_name"
		e.Summary = what("the domain of the user principal name is none of the tenant's verified ones")
		e.Hint = "Use one of the tenant's verified domains, or set guest = true for somebody from elsewhere"
	case strings.Contains(said.Message, "password does not comply"):
		e.Attribute = "initial_password"
		e.Summary = what("the password is too weak")
		e.Hint = "Write one of 8 to 256 characters with three of: lower case, upper case, digits, symbols; or set generate_password = true"
	case r.status == http.StatusUnauthorized:
		e.Class, e.Summary = providers.Unauthenticated, what("the token was not accepted (%s)", text)
		e.Hint = "Check cloud, or that authority_endpoint and graph_endpoint, if they are set, belong together"
	case r.status == http.StatusForbidden && said.Code == "Directory_QuotaExceeded":
		e.Summary = what("the number of objects that this principal may have is used up")
		e.Hint = "An account that is no administrator may have 250 objects, deleted ones included: remove some for good, or assign the automation's application the role Directory Writers"
	case r.status == http.StatusForbidden:
		e.Class, e.Summary = providers.Forbidden, what("it lacks a permission")
		if q.needs != "" {
			e.Summary = what("it lacks the application permission %s", q.needs)
			e.Hint = grant(q.needs, c.clientID())
		}
	case q.nature == read && r.status == http.StatusNotFound && said.Code == "":
		e.Class, e.Summary, e.Hint = providers.Internal, what("what answers is not Microsoft Graph (status %d)", r.status), graphHint
	case r.status == http.StatusNotFound:
		e.Class, e.Summary = providers.NotFound, what("it is not there")
	case r.status == http.StatusConflict:
		e.Class, e.Summary = providers.Conflict, what("%s", text)
	case r.status == http.StatusTooManyRequests:
		e.Class, e.Summary = providers.Throttled, what("too many requests, and waiting did not help")
		e.Hint = "Apply again later, or with a lower -parallelism"
		if asked, ok := retryAfter(r.header); ok {
			e.Hint = fmt.Sprintf("The server asks to wait %s. %s", asked, e.Hint)
		}
	case r.status >= http.StatusInternalServerError:
		e.Class = providers.Unavailable
		if q.nature != read && r.status != http.StatusServiceUnavailable {
			e.Class = providers.Ambiguous
		}
		e.Summary = what("status %d %s", r.status, text)
		e.Hint = laterHint
	case q.nature == read && said.Code == "":
		e.Class, e.Summary, e.Hint = providers.Internal, what("what answers is not Microsoft Graph (status %d)", r.status), graphHint
	default:
		e.Summary = what("%s", text)
		if q.nature == read { // what was asked is idpctl's, and no value of the configuration's
			e.Hint = "Microsoft Graph's code for this is " + work.Quoted(c.redact(said.Code)) + ", see https://learn.microsoft.com/graph/errors"
		}
	}
	return e
}

const laterHint = "Apply again later"

// explain adds what Graph said to an error of the transport.
func (c *conn) explain(err error) error { return explain(err, c.redact) }

func explain(err error, redact func(string) string) error {
	var e *providers.Error
	var re *transport.ResponseError
	if !errors.As(err, &e) || !errors.As(err, &re) {
		return err
	}
	out := *e
	if text := redact(parseError(re.Body).Message); text != "" {
		out.Summary += ": " + providers.Clean(text, 300)
	}
	if re.Status >= http.StatusInternalServerError {
		out.Hint = laterHint // its log is Microsoft's
	}
	return &out
}
