package keycloak

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
)

// userSearch finds users of one realm, by the cheaper of two ways: reading all
// of them, a thousand at a time, or looking up those that are wanted.
type userSearch struct {
	c     *conn
	r     request
	brief bool
}

const (
	// idsAtOnce are looked up by one request. Their URL stays below 8 KiB,
	// which is what proxies take by default.
	idsAtOnce = 200
	// What a request costs the server, in units of one look-up of 200 ids (13
	// ms on two cores): 1,000 users in pages take about three, and an exact
	// look-up half of one.
	pageCost = 3.0
	keyCost  = 0.5
	// cheap is a cost below which it does not pay to ask how many users there
	// are.
	cheap = 3.0
)

// wanted are the users that a query names.
type wanted struct {
	ids  map[string]bool
	keys []map[string]string
}

func (w wanted) hasKey(u *wireUser) bool {
	return slices.ContainsFunc(w.keys, func(key map[string]string) bool { return matches(u, key) })
}

func matches(u *wireUser, key map[string]string) bool {
	for name, value := range key {
		switch name {
		case "id":
			if u.ID != value {
				return false
			}
		case "username":
			if u.Username != value {
				return false
			}
		case "email":
			if u.Email != value {
				return false
			}
		default:
			return false
		}
	}
	return len(key) > 0
}

// selected finds the users that a query names by id or key, or all.
func (s *userSearch) selected(ctx context.Context, q providers.Query) ([]*wireUser, error) {
	if q.All {
		n, err := s.c.countUsers(ctx, s.r)
		if err != nil {
			return nil, err
		}
		return s.directory(ctx, n)
	}
	want := wanted{ids: map[string]bool{}}
	for _, id := range q.IDs {
		if safeSegment(id) && !strings.ContainsAny(id, " +") {
			want.ids[id] = true
		}
	}
	for _, key := range q.Keys {
		if id, ok := key["id"]; ok && len(key) == 1 {
			if safeSegment(id) && !strings.ContainsAny(id, " +") {
				want.ids[id] = true
			}
			continue
		}
		want.keys = append(want.keys, key)
	}
	byID := float64((len(want.ids) + idsAtOnce - 1) / idsAtOnce)
	byKey := keyCost * float64(len(want.keys))
	switch {
	case byID+byKey <= cheap:
		return s.lookUp(ctx, want)
	case byKey <= cheap:
		return s.around(ctx, want)
	}
	n, err := s.c.countUsers(ctx, s.r)
	if err != nil {
		return nil, err
	}
	if float64((n+s.c.page-1)/s.c.page)*pageCost >= byID+byKey {
		return s.lookUp(ctx, want)
	}
	all, err := s.directory(ctx, n)
	if err != nil {
		return nil, err
	}
	return s.pick(ctx, want, all)
}

// around finds many users by their ids. Most often they are about all that
// there are, so that many are read; what is not among them is looked up. How
// many there really are need not be asked: it costs a look-up or two to be
// wrong, and at most twice the work where they are few of many.
func (s *userSearch) around(ctx context.Context, want wanted) ([]*wireUser, error) {
	pages, err := s.pager(s.r, nil, "users").span(ctx, len(want.ids)+len(want.ids)/someMore, s.c.each)
	if err != nil {
		return nil, err
	}
	ids := wanted{ids: want.ids}
	found, err := s.pick(ctx, ids, slices.Concat(pages...))
	if err != nil || len(want.keys) == 0 {
		return found, err
	}
	more, err := s.lookUp(ctx, wanted{keys: want.keys})
	return append(found, more...), err
}

// someMore: for that many users that are wanted, one more is read.
const someMore = 16

// pick takes the wanted users out of those that were read. An id that is not
// there is looked up: a user must not seem deleted because the list moved.
func (s *userSearch) pick(ctx context.Context, want wanted, all []*wireUser) ([]*wireUser, error) {
	names, emails, rest := map[string]bool{}, map[string]bool{}, wanted{}
	for _, key := range want.keys {
		name, hasName := key["username"]
		email, hasEmail := key["email"]
		switch {
		case len(key) == 1 && hasName:
			names[name] = true
		case len(key) == 1 && hasEmail:
			emails[email] = true
		default:
			rest.keys = append(rest.keys, key)
		}
	}
	var found []*wireUser
	missing := wanted{ids: want.ids}
	for _, u := range all {
		if want.ids[u.ID] || names[u.Username] || u.Email != "" && emails[u.Email] || rest.hasKey(u) {
			found = append(found, u)
			delete(missing.ids, u.ID)
		}
	}
	if len(missing.ids) > 0 {
		more, err := s.lookUp(ctx, missing)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// directory reads all users, of which there are about n.
func (s *userSearch) directory(ctx context.Context, n int) ([]*wireUser, error) {
	return s.pager(s.r, nil, "users").all(ctx, n, s.c.each)
}

// pager reads a list of users in pages.
func (s *userSearch) pager(r request, query map[string]string, path ...string) pager[*wireUser] {
	size := s.c.page
	if !s.brief {
		size = s.c.fullPage
	}
	return pager[*wireUser]{
		size: size,
		page: func(ctx context.Context, first, limit int) ([]*wireUser, error) {
			page := make([]*wireUser, 0, limit)
			q := s.query(map[string]string{"first": strconv.Itoa(first), "max": strconv.Itoa(limit)})
			for k, v := range query {
				q[k] = v
			}
			err := s.c.get(ctx, r, q, &page, path...)
			return page, err
		},
		id: func(u *wireUser) string { return u.ID },
	}
}

func (s *userSearch) query(q map[string]string) map[string]string {
	q["briefRepresentation"] = strconv.FormatBool(s.brief)
	return q
}

// lookUp finds the wanted users by themselves.
func (s *userSearch) lookUp(ctx context.Context, want wanted) ([]*wireUser, error) {
	ids := make([]string, 0, len(want.ids))
	for id := range want.ids {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	chunks := slices.Collect(slices.Chunk(ids, idsAtOnce))
	got := make([][]*wireUser, len(chunks)+len(want.keys))
	err := s.c.each(ctx, len(got), func(ctx context.Context, i int) (err error) {
		if i < len(chunks) {
			got[i], err = s.byIDs(ctx, chunks[i])
			return err
		}
		got[i], err = s.byKey(ctx, want.keys[i-len(chunks)])
		return err
	})
	if err != nil {
		return nil, err
	}
	var found []*wireUser
	for i, users := range got {
		for _, u := range users {
			// A server that does not know a parameter would answer with anybody.
			if i < len(chunks) && want.ids[u.ID] || i >= len(chunks) && matches(u, want.keys[i-len(chunks)]) {
				found = append(found, u)
			}
		}
	}
	return found, nil
}

// byIDs asks for many ids at once. Where a proxy finds the URL too long, it
// asks for fewer.
func (s *userSearch) byIDs(ctx context.Context, ids []string) ([]*wireUser, error) {
	users := make([]*wireUser, 0, len(ids))
	q := s.query(map[string]string{"search": "id:" + strings.Join(ids, " "), "first": "0", "max": strconv.Itoa(len(ids))})
	err := s.c.get(ctx, s.r, q, &users, "users")
	var e *providers.Error
	if errors.As(err, &e) && (e.Status == 414 || e.Status == 431) && len(ids) > 1 {
		half := len(ids) / 2
		left, err := s.byIDs(ctx, ids[:half])
		if err != nil {
			return nil, err
		}
		right, err := s.byIDs(ctx, ids[half:])
		return append(left, right...), err
	}
	return users, err
}

func (s *userSearch) byKey(ctx context.Context, key map[string]string) ([]*wireUser, error) {
	q := s.query(map[string]string{"exact": "true"})
	switch {
	case key["username"] != "":
		q["username"] = key["username"]
	case key["email"] != "":
		q["email"] = key["email"]
	default:
		return nil, nil
	}
	return s.pager(s.r, q, "users").list(ctx)
}

// filtered finds the users that the arguments of a data block describe.
func (s *userSearch) filtered(ctx context.Context, args cty.Value) ([]*wireUser, error) {
	group, search, attributes := attr.String(args, "group"), attr.String(args, "search"), attr.Map(args, "attributes")
	if search != "" && len(attributes) > 0 {
		return nil, &providers.Error{
			Class: providers.Invalid, Attribute: "attributes",
			Summary: "Keycloak cannot filter users by search and attributes at once",
			Hint:    "Set one of them, and filter the result with a for expression",
		}
	}
	query := map[string]string{}
	if search != "" {
		query["search"] = search
	}
	if len(attributes) > 0 {
		query["q"] = attributeQuery(attributes)
	}
	if attr.IsSet(args, "enabled") {
		query["enabled"] = strconv.FormatBool(attr.Bool(args, "enabled", true))
	}
	full := *s
	full.brief = s.brief && len(attributes) == 0
	found, err := full.matching(ctx, group, query)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(u *wireUser) bool {
		if attr.IsSet(args, "enabled") && u.Enabled != attr.Bool(args, "enabled", true) {
			return true
		}
		for name, value := range attributes {
			if !slices.Contains(u.Attributes[name], value) {
				return true
			}
		}
		return false
	}), nil
}

// matching finds the users of a group, those that a query finds, or both: a
// group's list knows no query.
func (s *userSearch) matching(ctx context.Context, group string, query map[string]string) ([]*wireUser, error) {
	if group == "" {
		if query["search"] == "" && query["q"] == "" {
			n, err := s.c.countUsers(ctx, s.r)
			if err != nil {
				return nil, err
			}
			return s.pager(s.r, query, "users").all(ctx, n, s.c.each)
		}
		return s.pager(s.r, query, "users").list(ctx)
	}
	if !safeSegment(group) {
		return nil, nil
	}
	r := s.r
	r.doing = "list the members of a group"
	members, err := s.pager(r, nil, "groups", group, "members").list(ctx)
	if err != nil || query["search"] == "" {
		return members, err
	}
	found, err := s.pager(s.r, query, "users").list(ctx)
	if err != nil {
		return nil, err
	}
	in := make(map[string]bool, len(found))
	for _, u := range found {
		in[u.ID] = true
	}
	return slices.DeleteFunc(members, func(u *wireUser) bool { return !in[u.ID] }), nil
}

// attributeQuery writes Keycloak's q: name:value pairs, quoted for what is in
// them (its SearchQueryUtils).
func attributeQuery(attributes map[string]string) string {
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	}
	var pairs []string
	for name, value := range attributes {
		pairs = append(pairs, quote(name)+":"+quote(value))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, " ")
}
