package keycloak

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// wireUser is what is read of a UserRepresentation. The brief one lacks the
// attributes, and costs the server a tenth: for the others it asks its database
// for each user that it has not in its cache.
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
	s := &userSearch{c: c, r: r, brief: q.Omits("attributes")}
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
	case work.IsAbsent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case len(found) > 0:
		c.see("user", q.Parent)
	default:
		return nil, c.checkUsers(ctx, r)
	}
	doubts, err := c.doubts(ctx, q, found)
	if err != nil {
		return nil, err
	}
	out := make([]resource.Object, 0, len(found))
	seen := make(map[string]bool, len(found))
	for _, w := range found {
		if !seen[w.ID] {
			seen[w.ID] = true
			o := c.userObject(w, q)
			o.Doubts = doubts(w)
			out = append(out, o)
		}
	}
	return out, nil
}

// checkUsers makes sure that nobody found means that nobody is there: with
// query-users alone Keycloak answers with an empty list, but tells the count.
func (c *conn) checkUsers(ctx context.Context, r request) error {
	return c.checkEmpty(r, "user", func() (int, error) {
		var anybody []wireUser
		err := c.get(ctx, r, map[string]string{"first": "0", "max": "1", "briefRepresentation": "true"}, &anybody, "users")
		return len(anybody), err
	}, func() (int, error) { return c.countUsers(ctx, r) })
}

// checkEmpty makes sure that an empty list means that nothing is there, and not
// that the account may not see it, by the count. Both are asked again where
// they disagree: somebody may have made the first one in between.
func (c *conn) checkEmpty(r request, kind string, list, count func() (int, error)) error {
	if c.wasSeen(kind, r.realm) {
		return nil
	}
	for range 2 {
		n, err := list()
		if work.IsAbsent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if n > 0 {
			c.see(kind, r.realm)
			return nil
		}
		if n, err = count(); err != nil || n == 0 {
			return err
		}
	}
	return c.refusal(r, &answer{status: 403, json: true})
}

func (c *conn) countUsers(ctx context.Context, r request) (int, error) {
	var n int
	err := c.get(ctx, r, nil, &n, "users", "count")
	return n, err
}

// doubts tells, for users found in a realm, why they must not be adopted by
// their key alone. Where anybody can make an account, an unverified e-mail
// proves nothing. A user name that is an e-mail other than the account's own
// proves nothing anywhere: it may be from a time when anybody could.
func (c *conn) doubts(ctx context.Context, q providers.Query, found []*wireUser) (func(*wireUser) map[string]string, error) {
	otherName := map[string]string{"username": "its user name is an e-mail other than its own"}
	byName := func(w *wireUser) map[string]string {
		if strings.Contains(w.Username, "@") && w.Email != "" && w.Username != w.Email {
			return otherName
		}
		return nil
	}
	filtered := q.Filters != cty.NilVal && !q.Filters.IsNull()
	if !slices.ContainsFunc(found, func(w *wireUser) bool { return !w.EmailVerified || filtered && byName(w) != nil }) {
		return byName, nil
	}
	facts, err := c.facts(ctx, q.Parent)
	if err != nil {
		return nil, err
	}
	where := "the realm allows self-registration"
	switch {
	case !facts.known:
		where = "whether the realm allows self-registration cannot be told without the role view-realm"
	case !facts.registration:
		return byName, nil
	}
	unverified := map[string]string{"": "its e-mail is not verified and " + where}
	// What a search finds, it may have found by the name.
	otherFound := map[string]string{"": otherName["username"] + " and " + where}
	return func(w *wireUser) map[string]string {
		switch {
		case !w.EmailVerified:
			return unverified
		case filtered && byName(w) != nil:
			return otherFound
		}
		return byName(w)
	}, nil
}

func (c *conn) userObject(w *wireUser, q providers.Query) resource.Object {
	attrs := c.blank("user")
	attrs["id"], attrs["realm"] = cty.StringVal(w.ID), cty.StringVal(q.Parent)
	attrs["username"], attrs["email"] = cty.StringVal(w.Username), attr.OfString(w.Email)
	if !q.Brief {
		attrs["first_name"], attrs["last_name"] = attr.OfString(w.FirstName), attr.OfString(w.LastName)
		attrs["enabled"], attrs["email_verified"] = cty.BoolVal(w.Enabled), cty.BoolVal(w.EmailVerified)
	}
	if !q.Omits("attributes") {
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
