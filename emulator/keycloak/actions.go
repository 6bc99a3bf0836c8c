package keycloak

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// requiredActions are the providers of required actions, as a server lists
// them for a new realm.
var requiredActions = sync.OnceValue(func() []object { return readDefaults("", "").RequiredActions })

// requiredAction finds a provider; nil without one.
func requiredAction(id string) object {
	list := requiredActions()
	if i := slices.IndexFunc(list, func(o object) bool { return o["providerId"] == id }); i >= 0 {
		return list[i]
	}
	return nil
}

func (c *call) listRequiredActions() (reply, error) { return ok(requiredActions()) }

// Mail is a mail that the server would have sent.
type Mail struct {
	// Realm that sent it, and the time.
	Realm string
	Time  time.Time
	// From, To and Subject as in the header; Username of the recipient.
	From, To, Subject, Username string
	// Actions are the required actions that the mail asks for.
	Actions []string
	// Link leads to the pages on which the user does them.
	Link string
	// Text is the body.
	Text string
}

// actionToken is what the link of a mail carries.
type actionToken struct {
	ID      string   `json:"jti"`
	Issuer  string   `json:"iss"`
	Subject string   `json:"sub"`
	Type    string   `json:"typ"` // "execute-actions" or "verify-email"
	Expiry  int64    `json:"exp"`
	Email   string   `json:"eml"`
	Actions []string `json:"rqac,omitempty"`
}

// executeActionsEmail is PUT /users/{id}/execute-actions-email.
func (c *call) executeActionsEmail() (reply, error) {
	return c.sendActions(func() ([]string, error) {
		v, err := decode(c.body, "[string]")
		if err != nil {
			return nil, decodeError(err)
		}
		return stringList(v), nil
	})
}

// resetPasswordEmail is PUT /users/{id}/reset-password-email, the old form.
func (c *call) resetPasswordEmail() (reply, error) {
	return c.sendActions(func() ([]string, error) { return []string{"UPDATE_PASSWORD"}, nil })
}

func (c *call) sendActions(read func() ([]string, error)) (reply, error) {
	u, err := c.aUser("manage-users")
	if err != nil {
		return reply{}, err
	}
	actions, err := read()
	if err != nil {
		return reply{}, err
	}
	lifespan, err := c.mailParams(u)
	if err != nil {
		return reply{}, err
	}
	names := make([]string, len(actions))
	for i, a := range actions {
		known := requiredAction(a)
		if known == nil {
			return reply{}, message(http.StatusBadRequest, "Provided invalid required actions")
		}
		names[i] = str(known, "name")
	}
	if problem := senderProblem(c.realm.smtp["from"]); problem != "" {
		return reply{}, message(http.StatusInternalServerError, "Failed to send execute actions email: %s", problem)
	}
	c.send(u, "Update Your Account", actionToken{Type: "execute-actions", Actions: actions}, lifespan,
		"Your administrator has just requested that you update your %s account by performing the following action(s): "+
			strings.Join(names, ", ")+". Click on the link below to start this process.")
	return noContent()
}

// sendVerifyEmail is PUT /users/{id}/send-verify-email.
func (c *call) sendVerifyEmail() (reply, error) {
	u, err := c.aUser("manage-users")
	if err != nil {
		return reply{}, err
	}
	lifespan, err := c.mailParams(u)
	if err != nil {
		return reply{}, err
	}
	if senderProblem(c.realm.smtp["from"]) != "" {
		return reply{}, message(http.StatusInternalServerError, "Failed to send verify email")
	}
	c.verifyMail(u, lifespan)
	return noContent()
}

func (c *call) verifyMail(u *user, lifespan time.Duration) {
	c.send(u, "Verify email", actionToken{Type: "verify-email"}, lifespan,
		"Someone has created a %s account with this email address. If this was you, click the link below to verify "+
			"your email address")
}

// mailParams checks what the routes that send a mail have in common, and
// returns how long the link lives.
func (c *call) mailParams(u *user) (time.Duration, error) {
	clientID, redirect := c.query.Get("client_id"), c.query.Get("redirect_uri")
	cl := c.realm.clientIDs[clientID]
	seconds, err := c.integer("lifespan", int(c.realm.seconds("actionTokenGeneratedByAdminLifespan")/time.Second))
	if err != nil {
		return 0, err
	}
	var problem string
	switch {
	case u.email == "":
		problem = "User email missing"
	case !u.enabled:
		problem = "User is disabled"
	case redirect != "" && clientID == "":
		problem = "Client id missing"
	case clientID != "" && cl == nil:
		problem = "Client doesn't exist"
	case cl != nil && !cl.enabled():
		problem = "Client is not enabled"
	case redirect != "" && !cl.redirectsTo(redirect):
		problem = "Invalid redirect uri."
	default:
		return time.Duration(seconds) * time.Second, nil
	}
	return 0, message(http.StatusBadRequest, "%s", problem)
}

// redirectsTo reports whether a redirect URI is one of the client's. An
// asterisk at the end stands for anything.
func (cl *client) redirectsTo(uri string) bool {
	return slices.ContainsFunc(stringList(cl.rep["redirectUris"]), func(r string) bool {
		prefix, open := strings.CutSuffix(r, "*")
		return r == uri || open && strings.HasPrefix(uri, prefix)
	})
}

// send puts a mail into the outbox.
func (c *call) send(u *user, subject string, t actionToken, lifespan time.Duration, format string) {
	now := c.now()
	t.ID, t.Issuer, t.Subject, t.Email = oidc.NewID(), c.issuer(c.realm), u.id, u.email
	t.Expiry = now.Add(lifespan).Unix()
	token, _ := c.realm.secret.Sign(t)
	m := Mail{
		Realm: c.realm.name, Time: now, From: c.realm.smtp["from"], To: u.email, Subject: subject, Username: u.username,
		Actions: t.Actions, Link: c.issuer(c.realm) + "/login-actions/action-token?key=" + token,
	}
	name := str(c.realm.rep, "displayName")
	if name == "" {
		name = c.realm.name
	}
	m.Text = fmt.Sprintf(format, name) + "\n\n" + m.Link + "\n\nThis link will expire within " + lifespan.String() + ".\n"
	c.outbox = append(c.outbox, m)
}
