package entra_test

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/entra"
)

const eventual = "ConsistencyLevel: eventual"

// Filters of section 4, and those that need more than a plain request
// (section 1), which emulators let pass (12).
func TestFilters(t *testing.T) {
	tn := start(t, entra.Options{})
	tn.AddUsers(
		object{"userPrincipalName": "marty@contoso.com", "displayName": "Marty O'Fly", "mail": "mcfly@influxdata.com", "otherMails": []string{"m@home.org"}},
		object{"userPrincipalName": "emmett@contoso.com", "displayName": "Emmett", "accountEnabled": false},
		object{"userPrincipalName": "jennifer@contoso.com", "displayName": "Jennifer"})
	in := func(n int) string {
		names := make([]string, n)
		for i := range names {
			names[i] = "'u" + strconv.Itoa(i) + "@contoso.com'"
		}
		return "userPrincipalName in (" + strings.Join(names, ",") + ",'marty@contoso.com')"
	}
	or := strings.TrimSuffix(strings.Repeat("displayName eq 'x' or ", 16), " or ")
	for _, tt := range []struct {
		filter string
		plain  string // users found, or the code of the error
		rich   string // the same with $count=true and the header
	}{
		{"userPrincipalName eq 'MARTY@contoso.com'", "marty", "marty"},
		{"displayName eq 'Marty O''Fly'", "marty", "marty"},
		{"mail in ('x@y.z','mcfly@influxdata.com')", "marty", "marty"},
		{"startsWith(displayName,'em')", "emmett", "emmett"},
		{"startswith(mail,'mc') or displayName eq 'Jennifer'", "jennifer marty", "jennifer marty"},
		{"accountEnabled eq false", "emmett", "emmett"},
		{"userType eq 'Member' and (displayName eq 'Emmett' or displayName eq 'Jennifer')", "emmett jennifer", "emmett jennifer"},
		{"otherMails/any(x:x eq 'M@home.org')", "marty", "marty"},
		{"proxyAddresses/any(p:p eq 'smtp:mcfly@influxdata.com')", "marty", "marty"},
		{in(14), "marty", "marty"},
		{in(15), "Request_UnsupportedQuery", "marty"},
		{or, "Request_UnsupportedQuery", ""},
		{"displayName ne 'Emmett'", "Request_UnsupportedQuery", "jennifer marty"},
		{"not(startsWith(displayName,'e'))", "Request_UnsupportedQuery", "jennifer marty"},
		{"endsWith(mail,'influxdata.com')", "Request_UnsupportedQuery", "marty"},
		{"createdDateTime ge 2026-01-02T03:04:05Z and startsWith(displayName,'m')", "marty", "marty"},
		{"createdDateTime le 2026-01-02T03:04:04Z", "", ""},
		{"displayName ge 'x'", "Request_UnsupportedQuery", "Request_UnsupportedQuery"},
		{"companyName eq 'x'", "Request_UnsupportedQuery", ""},
		{"postalCode eq 'x'", "Request_UnsupportedQuery", "Request_UnsupportedQuery"},
		{"nickname eq 'x'", "BadRequest", "BadRequest"},
		{"displayName eq", "BadRequest", "BadRequest"},
	} {
		for _, advanced := range []bool{false, true} {
			q, want, headers := "users?$filter="+url.QueryEscape(tt.filter), tt.plain, []string(nil)
			if advanced {
				q, want, headers = q+"&$count=true", tt.rich, []string{eventual}
			}
			a := tn.do(t, "GET "+q, "", headers...)
			names := a.column("userPrincipalName")
			for i := range names {
				names[i] = strings.TrimSuffix(names[i], "@contoso.com")
			}
			slices.Sort(names)
			if got := strings.Join(names, " ") + a.str("error.code"); got != want {
				t.Errorf("%s (advanced %v): %q, want %q: %s", tt.filter, advanced, got, want, a.text)
			}
		}
	}
	tn.refused(t, 400, "Request_UnsupportedQuery", "Too many child clauses specified in search filter expression containing 'OR' operators: 16. Max allowed: 15.",
		"GET users?$filter="+url.QueryEscape(in(15)), "")
	tn.refused(t, 400, "Request_UnsupportedQuery", "Request with $search query parameter only works through MSGraph with a special request header",
		"GET users?$search=%22displayName:marty%22", "")
	equal(t, "search", tn.must(t, 200, "GET users?$search=%22displayName:fly%22", "", eventual).column("displayName"), []string{})
	equal(t, "search", tn.must(t, 200, "GET users?$search=%22displayName:mar%22", "", eventual).column("displayName"), []string{"Marty O'Fly"})
	tn.refused(t, 400, "Request_UnsupportedQuery", "", "GET users?$orderby=displayName&$filter=accountEnabled%20eq%20true", "")
	tn.refused(t, 400, "Request_BadRequest", "'$skip'", "GET users?$skip=1", "")
	tn.refused(t, 400, "BadRequest", "nickname", "GET users?$select=nickname", "")
	// $count.
	tn.refused(t, 400, "Request_BadRequest", "$count is not currently supported.", "GET users/$count", "")
	equal(t, "count", tn.must(t, 200, "GET users/$count", "", eventual).text, "3")
	if _, has := tn.must(t, 200, "GET users?$count=true", "").body["@odata.count"]; has {
		t.Error("$count=true without the header is not ignored")
	}
	long := "GET users?$count=true&$filter=" + url.QueryEscape(in(100))
	tn.refused(t, 400, "Request_BadRequest", "longer than 2048", long, "", eventual)
}

// Pages (section 4): 100 by default, 999 at most, whole nextLinks, a count on
// the first one only, empty ones in between.
func TestPages(t *testing.T) {
	for _, empty := range []bool{false, true} {
		t.Run("empty pages "+strconv.FormatBool(empty), func(t *testing.T) {
			tn := start(t, entra.Options{EmptyPages: empty})
			var all []object
			for i := range 250 {
				all = append(all, object{"userPrincipalName": fmt.Sprintf("u%03d@contoso.com", i), "displayName": fmt.Sprintf("User %03d", 249-i)})
			}
			tn.AddUsers(all...)
			for _, tt := range []struct {
				query string
				pages int
			}{{"", 3}, {"?$top=999", 1}, {"?$top=100&$select=id,displayName", 3}, {"?$orderby=displayName&$top=125", 2},
				{"?$count=true&$top=249&$filter=startsWith(displayName,'user')&$orderby=displayName desc", 2}} {
				var seen []string
				pages, counted := 0, 0
				for next := "users" + tt.query; next != ""; {
					a := tn.must(t, 200, "GET "+next, "", eventual)
					if n := len(a.values()); n > 0 {
						pages++
					} else if !empty {
						t.Errorf("%s: an empty page", next)
					}
					if a.body["@odata.count"] != nil {
						counted++
						equal(t, "count", a.body["@odata.count"], any(250.0))
					}
					if strings.Contains(tt.query, "$select") && len(a.values()) > 0 {
						equal(t, "properties", len(a.values()[0]), 2)
					}
					seen = append(seen, a.column("displayName")...)
					next = a.str("@odata.nextLink")
					if next != "" && !strings.Contains(next, "$skiptoken=") {
						t.Fatalf("nextLink %s", next)
					}
				}
				if strings.Contains(tt.query, "$orderby") && !slices.IsSorted(seen) && !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) {
					t.Errorf("%s: not in order", tt.query)
				}
				slices.Sort(seen)
				equal(t, tt.query+" users", len(slices.Compact(seen)), 250)
				equal(t, tt.query+" pages", pages, tt.pages)
				equal(t, tt.query+" counted", counted, map[bool]int{true: 1}[strings.Contains(tt.query, "$count")])
			}
			tn.refused(t, 400, "Request_BadRequest", "Invalid page size", "GET users?$top=1000", "")
		})
	}
}

// Graph promises no order; that of creation would be one to rely on.
func TestUsersAreNotInTheOrderOfCreation(t *testing.T) {
	tn := start(t, entra.Options{})
	var want []string
	for i := range 20 {
		want = append(want, tn.AddUser(object{"userPrincipalName": fmt.Sprintf("u%02d@contoso.com", i)}))
	}
	if slices.Equal(tn.must(t, 200, "GET users", "").column("id"), want) {
		t.Error("the order of creation")
	}
}
