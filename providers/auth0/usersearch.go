package auth0

import (
	"context"
	"maps"
	"net/url"
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

// userSearch gathers what finds users.
type userSearch struct {
	*conn
	found map[string]wireUser
}

func (c *conn) listUsers(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	s := &userSearch{conn: c, found: map[string]wireUser{}}
	var err error
	switch {
	case q.Filters != cty.NilVal && !q.Filters.IsNull():
		err = s.filtered(ctx, q.Filters)
	case q.All:
		err = s.everybody(ctx, "")
	default:
		err = s.lookUp(ctx, q)
	}
	if err != nil {
		return nil, err
	}
	out := make([]resource.Object, 0, len(s.found))
	for _, w := range s.found {
		if w.ID != "" {
			out = append(out, c.userObject(w))
		}
	}
	return c.doubts(ctx, q, out)
}

// lookUp finds users by ids and keys: by the search where that will do, and else
// each by itself, which shows what was written a moment ago
// (https://auth0.com/docs/manage-users/user-search/user-search-best-practices).
func (s *userSearch) lookUp(ctx context.Context, q providers.Query) error {
	by := work.Asked(q, "email")
	ids, emails := by["id"], map[string]bool{}
	for email := range by["email"] {
		emails[strings.ToLower(email)] = true
	}
	if err := s.find(ctx, q.Quick, ids, emails); err != nil {
		return err
	}
	// A search may find more than was asked for.
	maps.DeleteFunc(s.found, func(id string, w wireUser) bool {
		return !ids[id] && !slices.ContainsFunc(q.Keys, w.has)
	})
	return nil
}

// has reports whether a user has what a key says.
func (w *wireUser) has(key map[string]string) bool {
	for name, want := range key {
		have := map[string]string{"id": w.ID, "email": strings.ToLower(w.Email), "connection": w.connection()}[name]
		if name == "email" {
			want = strings.ToLower(want)
		}
		if have != want {
			return false
		}
	}
	return true
}

func (s *userSearch) find(ctx context.Context, quick bool, ids, emails map[string]bool) error {
	if !quick {
		wanted := slices.Concat(keysOf(ids, "id"), keysOf(emails, "email"))
		results := make([][]wireUser, len(wanted))
		err := work.All(ctx, len(wanted), s.parallelism, func(ctx context.Context, i int) (err error) {
			if wanted[i][0] == "id" {
				results[i], err = s.readUser(ctx, wanted[i][1])
			} else {
				results[i], err = s.readByEmail(ctx, wanted[i][1])
			}
			return err
		})
		for _, list := range results {
			s.keep(list)
		}
		return err
	}
	all := slices.Concat(terms("user_id", ids), terms("email", emails))
	if searches := (len(all) + s.page - 1) / s.page; searches > 1 {
		// Everybody may take fewer requests.
		done, err := s.everybodyWithin(ctx, searches)
		if err != nil || done {
			return err
		}
	}
	return s.search(ctx, all)
}

func keysOf(set map[string]bool, kind string) [][2]string {
	var out [][2]string
	for _, v := range slices.Sorted(maps.Keys(set)) {
		out = append(out, [2]string{kind, v})
	}
	return out
}

// terms are the conditions of a search for values of a field
// (https://auth0.com/docs/manage-users/user-search/user-search-query-syntax).
func terms(field string, values map[string]bool) []string {
	var out []string
	for _, v := range slices.Sorted(maps.Keys(values)) {
		if !strings.ContainsAny(v, "\r\n\x00") {
			out = append(out, field+`:"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v)+`"`)
		}
	}
	return out
}

// search does a search for each so many conditions as a page has places for what
// they find.
func (s *userSearch) search(ctx context.Context, conditions []string) error {
	parts := fittingURL(conditions, s.page)
	results := make([][]wireUser, len(parts))
	err := work.All(ctx, len(parts), s.parallelism, func(ctx context.Context, i int) error {
		return s.searchPages(ctx, 0, strings.Join(parts[i], " OR "), func(list []wireUser) { results[i] = append(results[i], list...) })
	})
	for _, list := range results {
		s.keep(list)
	}
	return err
}

// urlMost is how long a search may be in an address. Auth0 answers 414 to one that is
// too long (https://auth0.com/docs/manage-users/user-search/user-search-best-practices)
// and does not say what that is; servers take 8 KB as a rule.
const urlMost = 7000

// fittingURL splits conditions into searches of at most so many, none of which is too
// long for an address.
func fittingURL(conditions []string, most int) [][]string {
	var out [][]string
	size := 0
	for _, condition := range conditions {
		n := len(url.QueryEscape(condition + " OR "))
		if k := len(out); k == 0 || len(out[k-1]) >= most || size+n > urlMost {
			out, size = append(out, nil), 0
		}
		out[len(out)-1], size = append(out[len(out)-1], condition), size+n
	}
	return out
}

func (s *userSearch) keep(list []wireUser) {
	for _, w := range list {
		s.found[w.ID] = w
	}
}

func findUsers() call { return call{doing: "find users", scope: readUsers} }

// searchPages pages through what a query finds.
func (s *userSearch) searchPages(ctx context.Context, first int, query string, keep func([]wireUser)) error {
	return s.pages(ctx, findUsers(), first, []string{"users"}, searchOptions(query), usersPage(keep))
}

func searchOptions(query string) []management.RequestOption {
	options := []management.RequestOption{userFields()}
	if query == "" {
		return append(options, management.Parameter("search_engine", "v3"))
	}
	return append(options, management.Query(query))
}

func usersPage(keep func([]wireUser)) func(raw []byte) (int, int, error) {
	return func(raw []byte) (int, int, error) {
		var page struct {
			Total int        `json:"total"`
			Users []wireUser `json:"users"`
		}
		err := decode(raw, &page)
		keep(page.Users)
		return len(page.Users), page.Total, err
	}
}

// everybodyWithin reads all users of the tenant if that takes no more than so many
// requests, this first one left out; else nothing of it is of use.
func (s *userSearch) everybodyWithin(ctx context.Context, searches int) (bool, error) {
	var first []wireUser
	_, total, err := s.onePage(ctx, findUsers(), 0, []string{"users"}, searchOptions(""), usersPage(func(list []wireUser) { first = list }))
	if err != nil {
		return false, err
	}
	pages := (total + s.page - 1) / s.page
	if total > searchMost || pages-1 > searches {
		return false, nil
	}
	s.keep(first)
	rest := max(pages-1, 0)
	results := make([][]wireUser, rest)
	err = work.All(ctx, rest, s.parallelism, func(ctx context.Context, i int) error {
		_, _, err := s.onePage(ctx, findUsers(), i+1, []string{"users"}, searchOptions(""), usersPage(func(list []wireUser) { results[i] = list }))
		return err
	})
	for _, list := range results {
		s.keep(list)
	}
	return true, err
}

// everybody reads all users that a query finds, "" for all. Of what a query finds a
// thousand can be paged through, so that the next one begins where those end: at the
// time when the last of them was made.
func (s *userSearch) everybody(ctx context.Context, query string) error {
	q := query
	for {
		var last time.Time
		total, got := 0, 0
		page := usersPage(func(list []wireUser) {
			s.keep(list)
			if n := len(list); n > 0 {
				last = list[n-1].Created
			}
		})
		for n := 0; n == 0 || got < min(total, searchMost); n++ {
			options := append(searchOptions(q), management.Sort("created_at:1"))
			more, all, err := s.onePage(ctx, findUsers(), n, []string{"users"}, options, page)
			if err != nil {
				return err
			}
			if total = all; more == 0 {
				break
			}
			got += more
		}
		if total <= searchMost || got == 0 {
			return nil
		}
		next := "created_at:[" + last.UTC().Format(searchTime) + " TO *]"
		if query != "" {
			next = "(" + query + ") AND " + next
		}
		if next == q {
			return &providers.Error{
				Class: providers.Invalid, Summary: "More users were made in one moment than Auth0's search can list", Hint: "Narrow the data block down, by group or connection",
			}
		}
		q = next
	}
}

const searchTime = "2006-01-02T15:04:05.000Z"

// readUser reads one user; none is no error.
func (s *userSearch) readUser(ctx context.Context, id string) ([]wireUser, error) {
	if !safeID(id) {
		return nil, nil
	}
	var w wireUser
	err := s.get(ctx, call{doing: "read user " + work.Quoted(id), scope: readUsers}, &w, []string{"users", id}, userFields())
	if work.IsAbsent(err) {
		return nil, nil
	}
	return []wireUser{w}, err
}

func (s *userSearch) readByEmail(ctx context.Context, email string) ([]wireUser, error) {
	var list []wireUser
	err := s.get(ctx, call{doing: "find users by e-mail", scope: readUsers}, &list, []string{"users-by-email"}, management.Parameter("email", email), userFields())
	return list, err
}

// filtered finds the users of a plural data block.
func (s *userSearch) filtered(ctx context.Context, args cty.Value) error {
	var parts []string
	if name := attr.String(args, "connection"); name != "" {
		parts = append(parts, terms("identities.connection", map[string]bool{name: true})...)
	}
	if attr.IsSet(args, "blocked") {
		if attr.Bool(args, "blocked", false) {
			parts = append(parts, "blocked:true")
		} else {
			parts = append(parts, "NOT blocked:true")
		}
	}
	group := attr.String(args, "group")
	if group == "" {
		return s.everybody(ctx, strings.Join(parts, " AND "))
	}
	ids, err := s.membersOf(ctx, group)
	if err != nil {
		return err
	}
	members := map[string]bool{}
	for _, id := range ids {
		members[id] = true
	}
	const few = 10 // each by itself
	if err := s.find(ctx, len(ids) > few, members, nil); err != nil {
		return err
	}
	if len(ids) > few { // those that the search does not know yet
		missing := map[string]bool{}
		for id := range members {
			if _, there := s.found[id]; !there {
				missing[id] = true
			}
		}
		if err := s.find(ctx, false, missing, nil); err != nil {
			return err
		}
	}
	maps.DeleteFunc(s.found, func(id string, w wireUser) bool {
		return !members[id] || attr.IsSet(args, "blocked") && attr.Bool(args, "blocked", false) != w.Blocked ||
			attr.IsSet(args, "connection") && attr.String(args, "connection") != w.connection()
	})
	return nil
}
