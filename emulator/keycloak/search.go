package keycloak

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// matcher decides whether a user is in a list.
type matcher func(*user) bool

// listUsers is GET /users: by user name, 100 of them unless "max" says
// otherwise.
func (c *call) listUsers() (reply, error) {
	list, err := c.foundUsers(true)
	if err != nil {
		return reply{}, err
	}
	brief, manage := c.boolean("briefRepresentation", false), c.may("manage-users")
	access := map[string]bool{"manage": manage}
	out := make([]userRepresentation, len(list))
	for i, u := range list {
		out[i] = u.representation(brief)
		out[i].Access = access
	}
	return ok(out)
}

// countUsers is GET /users/count.
func (c *call) countUsers() (reply, error) {
	list, err := c.foundUsers(false)
	if err != nil {
		return reply{}, err
	}
	return ok(len(list))
}

// foundUsers are the users that the query asks for, cut to a page if paged.
func (c *call) foundUsers(paged bool) ([]*user, error) {
	if ids, byID := strings.CutPrefix(c.query.Get("search"), "id:"); byID {
		// In the order asked for, as often as asked for, and not cut.
		list := []*user{}
		for _, id := range strings.Fields(ids) {
			if u := c.realm.users.byID[id]; u != nil && c.may(viewUsers...) {
				list = append(list, u)
			}
		}
		return list, nil
	}
	matchers, accounts, err := c.matchers()
	if err != nil {
		return nil, err
	}
	// Whoever may only query sees nobody, but may count.
	if paged && !c.may(viewUsers...) {
		return []*user{}, nil
	}
	list := c.realm.users.sorted
	if candidate, exact := c.exactUser(); exact {
		list = candidate
	}
	if len(matchers) > 0 || !accounts {
		list = slices.DeleteFunc(slices.Clone(list), func(u *user) bool {
			return !accounts && u.serviceAccount != nil ||
				slices.ContainsFunc(matchers, func(m matcher) bool { return !m(u) })
		})
	}
	if !paged {
		return list, nil
	}
	return page(c, list, 100)
}

// exactUser is the only user that a look-up by exact user name or e-mail can
// find, so that it need not go through all.
func (c *call) exactUser() ([]*user, bool) {
	if c.query.Has("search") || !c.boolean("exact", false) {
		return nil, false
	}
	var u *user
	switch name, email := c.query.Get("username"), c.query.Get("email"); {
	case name != "":
		u = c.realm.users.byUsername[strings.ToLower(name)]
	case email != "" && !is(c.realm.rep, "duplicateEmailsAllowed"):
		u = c.realm.users.byEmail[strings.ToLower(email)]
	default:
		return nil, false
	}
	if u == nil {
		return []*user{}, true
	}
	return []*user{u}, true
}

// matchers are the conditions of a query. Service accounts are listed only
// when there is one, and it is not "search".
func (c *call) matchers() (list []matcher, accounts bool, err error) {
	q := c.query
	if q.Has("search") {
		for term := range strings.FieldsSeq(strings.ToLower(q.Get("search"))) {
			list = append(list, searchTerm(term))
		}
	} else {
		list = c.fieldMatchers()
		accounts = slices.ContainsFunc([]string{"username", "email", "firstName", "lastName", "emailVerified", "enabled",
			"exact", "idpAlias", "idpUserId", "createdAfter", "createdBefore"}, func(p string) bool { return q.Get(p) != "" }) ||
			len(searchFields(q.Get("q"))) > 0
	}
	for name, of := range map[string]func(*user) bool{
		"enabled":       func(u *user) bool { return u.enabled },
		"emailVerified": func(u *user) bool { return u.emailVerified },
	} {
		if want := c.boolean(name, false); q.Get(name) != "" {
			list = append(list, func(u *user) bool { return of(u) == want })
		}
	}
	for name, wrong := range map[string]func(created, limit int64) bool{
		"createdAfter":  func(created, limit int64) bool { return created < limit },
		"createdBefore": func(created, limit int64) bool { return created > limit },
	} {
		if q.Get(name) == "" {
			continue
		}
		limit, ok := epoch(q.Get(name), name == "createdBefore")
		if !ok {
			return nil, false, plain(http.StatusBadRequest,
				"Invalid value for '"+name+"', expected format is yyyy-MM-dd or an Epoch timestamp")
		}
		list = append(list, func(u *user) bool { return !wrong(u.created, limit) })
	}
	return list, accounts, nil
}

// epoch reads a day or milliseconds since 1970.
func epoch(v string, endOfDay bool) (int64, bool) {
	if ms, err := strconv.ParseInt(v, 10, 64); err == nil {
		return ms, true
	}
	day, err := time.Parse(time.DateOnly, v)
	if endOfDay {
		day = day.AddDate(0, 0, 1).Add(-time.Millisecond)
	}
	return day.UnixMilli(), err == nil
}

// fieldMatchers are the conditions on single fields and attributes. Without
// "exact", a text is searched anywhere in a field, and the wildcards of SQL
// in it work; an attribute must be equal unless "exact" is false.
func (c *call) fieldMatchers() (list []matcher) {
	q, exact := c.query, c.boolean("exact", false)
	fields := map[string]string{}
	for _, name := range rootAttributes {
		if v := q.Get(name); v != "" {
			fields[name] = v
		}
	}
	attributes := map[string]string{}
	for k, v := range searchFields(q.Get("q")) {
		if slices.Contains(rootAttributes, k) {
			fields[k] = v
		} else {
			attributes[k] = v
		}
	}
	for name, v := range fields {
		v = strings.ToLower(v)
		matches := func(s string) bool { return s == v }
		if !exact {
			matches = func(s string) bool { return s != "" && like(s, "%"+v+"%", 0) }
		}
		list = append(list, func(u *user) bool { return matches(strings.ToLower(u.field(name))) })
	}
	for name, v := range attributes {
		v = strings.ToLower(v)
		part := q.Has("exact") && !exact
		list = append(list, func(u *user) bool {
			return slices.ContainsFunc(u.attributes[name], func(s string) bool {
				s = strings.ToLower(s)
				return s == v || part && strings.Contains(s, v)
			})
		})
	}
	if q.Get("idpAlias") != "" || q.Get("idpUserId") != "" {
		list = append(list, func(*user) bool { return false }) // nobody comes from another provider here
	}
	return list
}

func (u *user) field(name string) string {
	switch name {
	case "username":
		return u.username
	case "email":
		return u.email
	case "firstName":
		return u.firstName
	default:
		return u.lastName
	}
}

// searchTerm is one word of "search": the beginning of a user name, e-mail or
// name; anything where it has asterisks; the whole in double quotes.
func searchTerm(term string) matcher {
	matches := func(s string) bool { return s == term[1:len(term)-1] }
	if len(term) < 2 || term[0] != '"' || term[len(term)-1] != '"' {
		pattern := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`, "*", "%").Replace(term)
		if !strings.HasSuffix(term, "*") {
			pattern += "%"
		}
		matches = func(s string) bool { return s != "" && like(s, pattern, '\\') }
	}
	return func(u *user) bool {
		return slices.ContainsFunc(rootAttributes, func(f string) bool { return matches(strings.ToLower(u.field(f))) })
	}
}

// like is SQL's LIKE; escape is 0 for none.
func like(s, pattern string, escape byte) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '%':
			pattern = pattern[1:]
			for i := 0; i <= len(s); i++ {
				if like(s[i:], pattern, escape) {
					return true
				}
			}
			return false
		case s == "":
			return false
		case escape != 0 && pattern[0] == escape && len(pattern) > 1:
			if pattern[1] != s[0] {
				return false
			}
			pattern, s = pattern[2:], s[1:]
		case pattern[0] == '_' || pattern[0] == s[0]:
			pattern, s = pattern[1:], s[1:]
		default:
			return false
		}
	}
	return s == ""
}

// searchFields reads the parameter "q": fields as key:value, with spaces
// between them; values may stand in double quotes. What has no colon is
// passed over.
func searchFields(q string) map[string]string {
	fields := map[string]string{}
	for q = strings.TrimSpace(q); q != ""; q = strings.TrimSpace(q) {
		quoted := false
		i := strings.IndexFunc(q, func(r rune) bool {
			if r == '"' {
				quoted = !quoted
			}
			return r == ' ' && !quoted
		})
		word, rest := q, ""
		if i >= 0 {
			word, rest = q[:i], q[i:]
		}
		if k, v, ok := strings.Cut(word, ":"); ok {
			fields[strings.Trim(k, `"`)] = strings.Trim(v, `"`)
		}
		q = rest
	}
	return fields
}
