package auth0

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/auth0/go-auth0/management"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// wireUser is what is read of a user.
type wireUser struct {
	ID         string         `json:"user_id"`
	Email      string         `json:"email"`
	Verified   flexible       `json:"email_verified"`
	Username   string         `json:"username"`
	GivenName  string         `json:"given_name"`
	FamilyName string         `json:"family_name"`
	Name       string         `json:"name"`
	Nickname   string         `json:"nickname"`
	Blocked    bool           `json:"blocked"`
	App        map[string]any `json:"app_metadata"`
	User       map[string]any `json:"user_metadata"`
	Created    time.Time      `json:"created_at"`
	Identities []wireIdentity `json:"identities"`
}

type wireIdentity struct {
	Connection string `json:"connection"`
}

// flexible is a bool that old tenants write as a text.
type flexible bool

// UnmarshalJSON reads either.
func (f *flexible) UnmarshalJSON(raw []byte) error {
	*f = strings.Trim(string(raw), `"`) == "true"
	return nil
}

func userFields() management.RequestOption {
	return management.IncludeFields("user_id", "email", "email_verified", "username", "given_name", "family_name", "name", "nickname", "blocked",
		"app_metadata", "user_metadata", "created_at", "identities")
}

// connection is that of the identity that the user was made with.
func (w *wireUser) connection() string {
	if len(w.Identities) == 0 {
		return ""
	}
	return w.Identities[0].Connection
}

func (c *conn) userObject(w wireUser) resource.Object {
	o := c.blank("user")
	for name, s := range map[string]string{
		"id": w.ID, "connection": w.connection(), "email": strings.ToLower(w.Email), "username": w.Username, "first_name": w.GivenName, "last_name": w.FamilyName,
		"name": w.Name, "nickname": w.Nickname,
	} {
		o[name] = attr.OfString(s)
	}
	o["email_verified"], o["blocked"] = cty.BoolVal(bool(w.Verified)), cty.BoolVal(w.Blocked)
	o["app_metadata"], o["user_metadata"] = metadataValue(w.App), metadataValue(w.User)
	return resource.Object{Kind: "user", ID: w.ID, Attrs: cty.ObjectVal(o), Created: w.Created}
}

// signedUp are the ids that Auth0 gives: to who signs up by themselves, among others.
// Only who may create users can choose another one.
var signedUp = regexp.MustCompile(`^auth0\|[0-9a-f]{24}$`)

// doubts marks accounts that anybody may have made: where people sign up by
// themselves, an e-mail that was not confirmed may be anybody's.
func (c *conn) doubts(ctx context.Context, q providers.Query, users []resource.Object) ([]resource.Object, error) {
	if q.Brief {
		return users, nil
	}
	open := map[string]bool{}
	for i := range users {
		o := &users[i]
		if attr.Bool(o.Attrs, "email_verified", false) || strings.HasPrefix(o.ID, idPrefix) && !signedUp.MatchString(o.ID) {
			continue
		}
		name := attr.String(o.Attrs, "connection")
		mayBeAnybodys, known := open[name]
		if !known {
			list, err := c.databases(ctx)
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(list, func(con connection) bool { return con.Name == name })
			mayBeAnybodys = i < 0 || !list[i].Options.DisableSignup
			open[name] = mayBeAnybodys
		}
		if mayBeAnybodys {
			o.Doubts = map[string]string{"email": "users may sign up to connection " + work.Quoted(name) + " by themselves, and this one's e-mail was never confirmed"}
		}
	}
	return users, nil
}

// safeID reports whether an id can stand in a path as one segment.
func safeID(id string) bool { return id != "" && id != "." && id != ".." }
