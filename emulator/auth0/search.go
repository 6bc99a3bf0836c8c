package auth0

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// searchUsers is GET /users: late by Options.Lag.Search, and 1,000 users at
// most (section 5).
func (c *call) searchUsers() (reply, error) {
	if engine := c.query.Get("search_engine"); engine != "" && engine != "v3" {
		return reply{}, notEmulated("the search engine %s", engine)
	}
	if c.query.Has("primary_order") {
		return reply{}, notEmulated("primary_order")
	}
	q, err := parseQuery(c.query.Get("q"))
	if err != nil {
		return reply{}, fail(http.StatusBadRequest, "invalid_query_string", "Failed parsing query string: %s", err)
	}
	var out []object
	for _, st := range c.listed(KindUser) {
		if name := c.query.Get("connection"); name != "" && str(jsonvalue.Objects(st.props["identities"])[0], "connection") != name {
			continue
		}
		if q == nil || q(st.props) {
			out = append(out, st.props)
		}
	}
	if err := c.sort(out); err != nil {
		return reply{}, err
	}
	return c.answerList(list{items: "users", id: "user_id", length: true, most: 1000}, out)
}

// sort orders users by "field:1" or "field:-1".
func (c *call) sort(users []object) error {
	if !c.query.Has("sort") {
		return nil
	}
	field, direction, found := strings.Cut(c.query.Get("sort"), ":")
	if !found || direction != "1" && direction != "-1" {
		return badQuery("sort", "String does not match pattern ^((([a-zA-Z0-9_\\.]+)\\:((1)|(-1))))(,)?$")
	}
	slices.SortStableFunc(users, func(a, b object) int {
		n := cmp.Compare(first(valuesAt(a, field)), first(valuesAt(b, field)))
		if direction == "-1" {
			return -n
		}
		return n
	})
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// valuesAt are the scalar values at a path, as text. Arrays on the way have no
// level of their own (section 5).
func valuesAt(v any, path string) []string {
	switch v := v.(type) {
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, valuesAt(e, path)...)
		}
		return out
	case object:
		if path == "" {
			return nil
		}
		if path == "email.domain" {
			_, domain, _ := strings.Cut(str(v, "email"), "@")
			return []string{domain}
		}
		name, rest, _ := strings.Cut(path, ".")
		return valuesAt(v[name], rest)
	case nil:
		return nil
	}
	if path != "" {
		return nil
	}
	if s, is := v.(string); is {
		return []string{s}
	}
	return []string{string(jsonvalue.Encode(v))}
}

// normalized are the fields in which a search does not look at the case, and
// which a term without a field is searched in (section 5).
func normalized() []string { return []string{"email", "name", "given_name", "family_name", "nickname"} }

// term is one term of a query.
type term struct {
	field, text string
	// exact: it was quoted.
	exact bool
}

// matches reports whether a user has the term. A quoted one has to be the whole
// value; another one may be one of its words.
func (t term) matches(user object) bool {
	fields := []string{t.field}
	if t.field == "" {
		fields = normalized()
	}
	for _, f := range fields {
		want, fold := t.text, slices.Contains(normalized(), f) || f == "email.domain"
		if fold {
			want = strings.ToLower(want)
		}
		for _, v := range valuesAt(user, f) {
			if fold {
				v = strings.ToLower(v)
			}
			if v == want || !t.exact && t.loosely(f, v, want) {
				return true
			}
		}
	}
	return false
}

func (t term) loosely(field, value, want string) bool {
	if strings.Contains(want, "*") {
		return !strings.HasPrefix(field, "user_metadata") && wildcard(value, want)
	}
	return slices.Contains(strings.Fields(value), want)
}

// wildcard matches a pattern in which * is any text.
func wildcard(value, pattern string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(value, parts[0]) {
		return false
	}
	value = value[len(parts[0]):]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(value, p)
		if i < 0 {
			return false
		}
		value = value[i+len(p):]
	}
	return strings.HasSuffix(value, parts[len(parts)-1])
}

// span is a range: [min TO max], with curly brackets where an end is not
// part of it, and * where it is open.
type span struct {
	field, least, most     string
	withoutLow, withoutTop bool
}

func (s span) matches(user object) bool {
	if strings.HasPrefix(s.field, "user_metadata") {
		return false // section 5: not available there
	}
	return slices.ContainsFunc(valuesAt(user, s.field), func(v string) bool {
		low, top := compare(v, s.least), compare(v, s.most)
		return (s.least == "*" || low > 0 || low == 0 && !s.withoutLow) && (s.most == "*" || top < 0 || top == 0 && !s.withoutTop)
	})
}

// compare compares times as times and numbers as numbers.
func compare(a, b string) int {
	at, errA := when(a)
	bt, errB := when(b)
	if errA == nil && errB == nil {
		return at.Compare(bt)
	}
	va, errA := parse([]byte(a))
	vb, errB := parse([]byte(b))
	if errA == nil && errB == nil {
		return cmp.Compare(number(object{"n": va}, "n"), number(object{"n": vb}, "n"))
	}
	return cmp.Compare(a, b)
}

func when(s string) (time.Time, error) {
	if len(s) == len(time.DateOnly) {
		return time.Parse(time.DateOnly, s)
	}
	return time.Parse(time.RFC3339, s)
}
