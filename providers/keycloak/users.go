package keycloak

import (
	"context"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// wireUser is what is read of a UserRepresentation. The brief one lacks the
// attributes.
type wireUser struct {
	ID               string              `json:"id"`
	Username         string              `json:"username"`
	Email            string              `json:"email"`
	FirstName        string              `json:"firstName"`
	LastName         string              `json:"lastName"`
	EmailVerified    bool                `json:"emailVerified"`
	Enabled          bool                `json:"enabled"`
	CreatedTimestamp int64               `json:"createdTimestamp"`
	Attributes       map[string][]string `json:"attributes"`
}

func (c *conn) listUsers(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	r := request{doing: "list the users", realm: q.Parent, role: "view-users"}
	s := &userSearch{c: c, r: r, brief: q.Brief}
	var found []*wireUser
	var err error
	if q.Filters != cty.NilVal && !q.Filters.IsNull() {
		found, err = s.filtered(ctx, q.Filters)
	}
	if err == nil && (q.All || len(q.IDs) > 0 || len(q.Keys) > 0) {
		var more []*wireUser
		more, err = s.selected(ctx, q)
		found = append(found, more...)
	}
	switch {
	case isAbsent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case len(found) > 0:
		c.see("user", q.Parent)
	default:
		return nil, c.checkUsers(ctx, r)
	}
	doubts, err := c.doubts(ctx, q.Parent, found)
	if err != nil {
		return nil, err
	}
	out := make([]resource.Object, 0, len(found))
	seen := make(map[string]bool, len(found))
	for _, w := range found {
		if !seen[w.ID] {
			seen[w.ID] = true
			o := c.userObject(q.Parent, w, q.Brief)
			o.Doubt = doubts(w)
			out = append(out, o)
		}
	}
	return out, nil
}

// checkUsers makes sure that nobody found means that nobody is there: with
// query-users alone Keycloak answers with an empty list, but tells the count.
func (c *conn) checkUsers(ctx context.Context, r request) error {
	if c.wasSeen("user", r.realm) {
		return nil
	}
	var anybody []wireUser
	err := c.get(ctx, r, map[string]string{"first": "0", "max": "1", "briefRepresentation": "true"}, &anybody, "users")
	if isAbsent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(anybody) == 0 {
		n, err := c.countUsers(ctx, r)
		if err != nil || n == 0 {
			return err
		}
		return c.refusal(r, &answer{status: 403, json: true})
	}
	c.see("user", r.realm)
	return nil
}

func (c *conn) countUsers(ctx context.Context, r request) (int, error) {
	var n int
	err := c.get(ctx, r, nil, &n, "users", "count")
	return n, err
}

// doubts tells, for users found in a realm, why they must not be adopted by
// their key alone. Where anybody can make an account, an unverified e-mail
// proves nothing, and neither does a user name that looks like an e-mail.
func (c *conn) doubts(ctx context.Context, realm string, found []*wireUser) (func(*wireUser) string, error) {
	suspicious := func(w *wireUser) bool {
		return !w.EmailVerified || strings.Contains(w.Username, "@") && w.Username != w.Email
	}
	any := false
	for _, w := range found {
		any = any || suspicious(w)
	}
	if !any {
		return func(*wireUser) string { return "" }, nil
	}
	facts, err := c.facts(ctx, realm)
	if err != nil {
		return nil, err
	}
	where := "the realm allows self-registration"
	switch {
	case !facts.known:
		where = "whether the realm allows self-registration cannot be told without the role view-realm"
	case !facts.registration:
		return func(*wireUser) string { return "" }, nil
	}
	return func(w *wireUser) string {
		switch {
		case !w.EmailVerified:
			return "its e-mail is not verified and " + where
		case suspicious(w):
			return "its user name is an e-mail other than its own and " + where
		}
		return ""
	}, nil
}

func (c *conn) userObject(realm string, w *wireUser, brief bool) resource.Object {
	attrs := c.blank("user")
	attrs["id"], attrs["realm"] = cty.StringVal(w.ID), cty.StringVal(realm)
	attrs["username"], attrs["email"] = cty.StringVal(w.Username), stringVal(w.Email)
	if !brief {
		attrs["first_name"], attrs["last_name"] = stringVal(w.FirstName), stringVal(w.LastName)
		attrs["enabled"], attrs["email_verified"] = cty.BoolVal(w.Enabled), cty.BoolVal(w.EmailVerified)
		attrs["attributes"] = multiMapVal(w.Attributes)
	}
	o := resource.Object{
		Kind: "user", ID: w.ID, Attrs: cty.ObjectVal(attrs),
		// The user of a client's service account.
		Builtin: strings.HasPrefix(w.Username, "service-account-") && w.Email == "",
	}
	if w.CreatedTimestamp > 0 {
		o.Created = time.UnixMilli(w.CreatedTimestamp).UTC()
	}
	return o
}
