package auth0_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// The part of Lucene's syntax that Auth0 documents (section 5).
func TestSearch(t *testing.T) {
	tn := start(t, auth0.Options{})
	other := tn.AddConnection(object{"name": "other"})
	tn.AddUser(object{"email": "jane@example.com", "name": "Jane Smith", "given_name": "Jane", "app_metadata": object{"plan": "gold", "n": 5, "tags": []any{object{"k": "v"}}}})
	tn.now = tn.now.Add(23 * time.Hour)
	tn.AddUser(object{"email": "john@other.org", "name": "John Smith", "blocked": true, "user_metadata": object{"city": "Paris"}})
	tn.AddUser(object{"email": "anna@example.com", "name": "Anna Jones", "email_verified": true, "connection": "other"})
	if other == "" {
		t.Fatal("no connection")
	}
	for q, want := range map[string]string{
		``:                                "jane john anna",
		`email:"jane@example.com"`:        "jane",
		`email:"JANE@example.com"`:        "jane",
		`email:jane@example.com`:          "jane",
		`email:"jane@example"`:            "",
		`name:"jane smith"`:               "jane",
		`name:"smith"`:                    "",
		`name:smith`:                      "jane john",
		`smith`:                           "jane john",
		`name:j*`:                         "jane john",
		`name:*mith`:                      "jane john",
		`name:*one*`:                      "anna",
		`email:*@example.com`:             "jane anna",
		`email.domain:"other.org"`:        "john",
		`blocked:true`:                    "john",
		`NOT blocked:true`:                "jane anna",
		`-blocked:true`:                   "jane anna",
		`_exists_:given_name`:             "jane",
		`NOT _exists_:given_name`:         "john anna",
		`app_metadata.plan:"gold"`:        "jane",
		`app_metadata.plan:"Gold"`:        "",
		`app_metadata.tags.k:"v"`:         "jane",
		`app_metadata.n:[5 TO 6}`:         "jane",
		`app_metadata.n:[4 TO 5}`:         "",
		`app_metadata.n:[4 TO 5]`:         "jane",
		`app_metadata.n:{5 TO *]`:         "",
		`user_metadata.city:"Paris"`:      "john",
		`user_metadata.city:Par*`:         "",
		`user_metadata.city:[A TO Z]`:     "",
		`name:smith AND NOT blocked:true`: "jane",
		`name:(jane OR anna)`:             "jane anna",
		`name:jane name:anna`:             "jane anna",
		`(name:jane OR name:john) AND email:*@other.org`:    "john",
		`user_id:"x" OR email:"anna@example.com"`:           "anna",
		`created_at:[2026-01-03 TO *]`:                      "john anna",
		`created_at:[* TO 2026-01-02T23:59:59.000Z]`:        "jane",
		`identities.connection:"other"`:                     "anna",
		`email:"jane\@example.com" OR email:john@other.org`: "jane john",
	} {
		a := tn.must(t, 200, "GET users?search_engine=v3&q="+url.QueryEscape(q), "")
		equal(t, q, strings.Join(a.column("", "nickname"), " "), want)
	}
	for _, q := range []string{`name:"jane`, `(name:jane`, `name:jane)`, `name:`, `name:*sa`, `name:[1 TO`, `name:[1 2]`, `[1 TO 2]`, `a AND`, `:x`} {
		tn.refused(t, 400, "invalid_query_string", "", "GET users?q="+url.QueryEscape(q), "")
	}
	equal(t, "connection", tn.must(t, 200, "GET users?connection=other", "").column("", "nickname"), []string{"anna"})
	for sort, want := range map[string]string{"email:1": "anna jane john", "email:-1": "john jane anna", "created_at:-1": "john anna jane"} {
		equal(t, sort, strings.Join(tn.must(t, 200, "GET users?sort="+sort, "").column("", "nickname"), " "), want)
	}
	tn.refused(t, 400, "invalid_query_string", "sort", "GET users?sort=email", "")
	tn.must(t, 501, "GET users?search_engine=v2", "")
}

// Searches are late, what reads one user is not (section 5).
func TestLag(t *testing.T) {
	tn := start(t, auth0.Options{Lag: auth0.Lag{Search: 10 * time.Second, Lists: 5 * time.Second}})
	search := func() string {
		return strings.Join(tn.must(t, 200, "GET users?q=email:*@example.com", "").column("", "email"), " ")
	}
	names := func(list string) string {
		return strings.Join(tn.must(t, 200, "GET "+list, "").column("", "name"), " ")
	}
	id := tn.user(t, "marty")
	role := tn.must(t, 200, "POST roles", `{"name":"admins"}`).str("id")
	tn.must(t, 200, "POST roles/"+role+"/users", `{"users":["`+id+`"]}`)
	equal(t, "search", search(), "")
	equal(t, "roles", names("roles"), "")
	equal(t, "members", tn.must(t, 200, "GET roles/"+role+"/users", "").text, "[]")
	tn.must(t, 200, "GET users/"+id, "")
	tn.must(t, 200, "GET roles/"+role, "")
	tn.now = tn.now.Add(5 * time.Second)
	equal(t, "roles", names("roles"), "admins")
	equal(t, "members", tn.must(t, 200, "GET roles/"+role+"/users", "").column("", "user_id"), []string{id})
	tn.must(t, 200, "PATCH users/"+id, `{"email":"doc@example.com"}`)
	equal(t, "search", search(), "")
	tn.now = tn.now.Add(5 * time.Second)
	equal(t, "search", search(), "marty@example.com")
	tn.now = tn.now.Add(5 * time.Second)
	equal(t, "search", search(), "doc@example.com")
	tn.must(t, 204, "DELETE users/"+id, "")
	tn.must(t, 404, "GET users/"+id, "")
	equal(t, "search", search(), "doc@example.com")
	again := tn.user(t, "doc")
	equal(t, "search", search(), "doc@example.com")
	tn.now = tn.now.Add(10 * time.Second)
	equal(t, "search", tn.must(t, 200, "GET users", "").column("", "user_id"), []string{again})
	tn.user(t, "late")
	tn.Settle()
	equal(t, "search", search(), "doc@example.com late@example.com")
}

// Pages and their envelopes (section 1).
func TestPages(t *testing.T) {
	tn := start(t, auth0.Options{})
	role := tn.AddRole("admins", "")
	var all []map[string]any
	for i := range 1010 {
		all = append(all, object{"email": fmt.Sprintf("u%04d@example.com", i)})
	}
	ids := tn.AddUsers(all...)
	tn.SetMembers(auth0.KindRole, role, ids...)
	equal(t, "default", len(tn.must(t, 200, "GET users", "").list), 50)
	a := tn.must(t, 200, "GET users?page=2&per_page=100&include_totals=true", "")
	equal(t, "users", []any{a.body["start"], a.body["limit"], a.body["length"], a.body["total"], len(a.body["users"].([]any))}, []any{200.0, 100.0, 100.0, 1010.0, 100})
	b := tn.must(t, 200, "GET roles/"+role+"/users?include_totals=true", "")
	equal(t, "members", []any{b.body["start"], b.body["limit"], b.body["length"], b.body["total"]}, []any{0.0, 50.0, nil, 1010.0})
	equal(t, "the last page", tn.must(t, 200, "GET users?page=9&per_page=100", "").column("", "user_id")[99], ids[999])
	for _, list := range []string{"users", "roles/" + role + "/users"} {
		tn.refused(t, 400, "invalid_paging", "Requesting page 10 exceeds the allowed maximum of 1000 records.", "GET "+list+"?page=10&per_page=100", "")
	}
	for query, why := range map[string]string{"per_page=101": "Value 101 is greater than maximum 100", "page=-1": "less than minimum 0", "page=x": "Expected type integer", "include_totals=x": "Expected type boolean"} {
		tn.refused(t, 400, "invalid_query_string", why, "GET users?"+query, "")
	}
	var read []string
	from := ""
	for {
		a := tn.must(t, 200, "GET roles/"+role+"/users?take=100&include_totals=true&per_page=3"+from, "")
		if a.body["total"] != nil {
			t.Fatal("take has no totals")
		}
		read = append(read, a.column("users", "user_id")...)
		if a.body["next"] == nil {
			break
		}
		if from == "" { // the mark stays where it is when what it names is gone
			tn.Remove(auth0.KindUser, read[99])
		}
		from = "&from=" + a.str("next")
	}
	equal(t, "all", len(read), 1010)
	tn.refused(t, 400, "invalid_query_string", "from", "GET roles/"+role+"/users?take=100&from=x", "")
	tn.refused(t, 400, "invalid_query_string", "take", "GET users?take=100", "")
	empty := start(t, auth0.Options{EmptyLastPage: true})
	empty.AddClient(object{"name": "a"})
	first := empty.must(t, 200, "GET clients?take=50", "")
	second := empty.must(t, 200, "GET clients?take=50&from="+first.str("next"), "")
	equal(t, "an empty page", []any{first.str("next") != "", second.body["clients"], second.body["next"]}, []any{true, []any{}, nil})
}
