package keycloak_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestSearchUsers asks for users in every way, and for their number.
func TestSearchUsers(t *testing.T) {
	const everybody = "alice bob bob2 bob3 bob4"
	tests := []struct {
		query string
		want  string // user names in order
		count int    // -1: as many
	}{
		{"", everybody, -1},
		{"username=ALICE", "alice", -1},
		{"username=lic", "alice", -1},
		{"username=ali&exact=true", "", -1},
		{"username=ALICE&exact=true", "alice", -1},
		{"username=alice&exact=false", "alice", -1},
		{"email=x.de", "alice bob", -1},
		{"email=ALICE@X.DE&exact=true", "alice", -1},
		{"email=alice&exact=true", "", -1},
		{"firstName=a", "alice", -1},
		{"firstName=a&exact=true", "alice", -1},
		{"lastName=idd", "alice", -1},
		{"lastName=idd&exact=true", "", -1},
		{"username=bob&lastName=zzz", "", -1},
		{"username=alice&email=bob", "", -1},
		{"username=b%25", "bob bob2 bob3 bob4", -1},
		{"username=b_b", "bob bob2 bob3 bob4", -1},
		{"username=b*b", "", -1},
		{"username=%20alice", "", -1},
		{"search=ali", "alice", -1},
		{"search=lic", "", -1},
		{"search=*lic*", "alice", -1},
		{"search=ali*", "alice", -1},
		{"search=%22alice%22", "alice", -1},
		{"search=%22ali%22", "", -1},
		{"search=%22alice@x.de%22", "alice", -1},
		{"search=alice%20bob", "", -1},
		{"search=A%20Lid", "alice", -1},
		{"search=", everybody, -1},
		{"search=%20", everybody, -1},
		{"search=x.de", "", -1},
		{"search=alice@x", "alice", -1},
		{"search=b_b", "", -1},
		{"search=b%25", "", -1},
		{"search=alice&exact=true", "alice", -1},
		{"search=alice&username=bob", "alice", -1},
		{"search=id:{alice}", "alice", -1},
		{"search=id:{bob}%20{alice}%20{alice}", "bob alice alice", -1},
		{"search=id:{alice}%20nope", "alice", -1},
		{"search=id:%20{alice}", "alice", -1},
		{"search=id:nope", "", -1},
		{"search=id:", "", -1},
		{"search=ID:{alice}", "", -1},
		{"search=id:{alice},{bob}", "", -1},
		{"search=id:{alice}%20{bob}&max=1", "alice bob", -1},
		{"search=id:{alice}%20{bob}&first=1", "alice bob", -1},
		{"search=id:{alice}&enabled=false", "alice", -1},
		{"enabled=true", "alice bob2", -1},
		{"enabled=false", "bob bob3 bob4", -1},
		{"enabled=x", "bob bob3 bob4", -1},
		{"search=b&enabled=true", "bob2", -1},
		{"emailVerified=true", "bob3", -1},
		{"first=1&max=2", "bob bob2", 5},
		{"first=-1", everybody, -1},
		{"max=-1", everybody, -1},
		{"max=0", "", 5},
		{"first=100", "", 5},
		{"exact=true", everybody, -1},
		{"nope=1", everybody, -1},
		{"idpAlias=x", "", -1},
		{"createdAfter=1", everybody, -1},
		{"createdBefore=1", "", -1},
		{"createdBefore=1999-12-31", "", -1},
		{"username=&exact=true", everybody, -1},
		{"q=foo", everybody, -1},
		{"q=", everybody, -1},
		{"q=username:alice", "alice", -1},
		{"q=dept:dev", "bob bob2", -1},
		{"q=dept:DEV", "bob bob2", -1},
		{"q=dept:de", "", -1},
		{"q=dept:de&exact=false", "bob bob2", -1},
		{"q=dept:%22dev%22", "bob bob2", -1},
		{"q=dept:dev&username=bob2", "bob2", -1},
		{"q=nope:x", "", -1},
	}
	steps := []step{
		{do: "GET /users/profile", status: 200},
		{do: "PUT /users/profile", body: `{"attributes":[{"name":"username"},{"name":"email"}],"unmanagedAttributePolicy":"ENABLED"}`, status: 200},
		{do: "POST /users", body: `{"username":"alice","email":"alice@x.de","firstName":"A","lastName":"Liddell","enabled":true}`, status: 201, save: map[string]string{"alice": "@location"}},
		{do: "POST /users", body: `{"username":"bob","email":"bob@x.de","attributes":{"dept":["ops","dev"]}}`, status: 201, save: map[string]string{"bob": "@location"}},
		{do: "POST /users", body: `{"username":"bob2","enabled":true,"attributes":{"dept":"Dev"}}`, status: 201},
		{do: "POST /users", body: `{"username":"bob3","emailVerified":true}`, status: 201},
		{do: "POST /users", body: `{"username":"bob4"}`, status: 201},
		{do: "GET /users?first=x", status: 404, want: notFound},
		{do: "GET /users?max=x", status: 404, want: notFound},
		{do: "GET /users?createdAfter=x", status: 400, want: `{"error":"Invalid value for 'createdAfter', expected format is yyyy-MM-dd or an Epoch timestamp"}`},
		// The brief form.
		{do: "GET /users?username=bob2&briefRepresentation=true", status: 200, want: `[{"username":"bob2","emailVerified":false,"enabled":true,"createdTimestamp":"*",
			"access":{"manage":true},"attributes":"<absent>","requiredActions":"<absent>","totp":"<absent>","notBefore":"<absent>"}]`},
		{do: "GET /users?username=bob2", status: 200, want: `[{"attributes":{"dept":["Dev"]},"requiredActions":[],"totp":false,"notBefore":0,"disableableCredentialTypes":[],"access":{"manage":true}}]`},
	}
	for _, tt := range tests {
		names := strings.Fields(tt.want)
		list := make([]string, len(names))
		for i, n := range names {
			list[i] = fmt.Sprintf(`{"username":%q}`, n)
		}
		count := tt.count
		if count < 0 {
			count = len(names)
		}
		steps = append(steps,
			step{do: "GET /users?" + tt.query, status: 200, want: "[" + strings.Join(list, ",") + "]"},
			step{do: "GET /users/count?" + tt.query, status: 200, want: fmt.Sprint(count)})
	}
	run(t, nil, steps)
}

// TestPages goes through a list that is longer than a page is by default.
func TestPages(t *testing.T) {
	var users []string
	for i := range 120 {
		users = append(users, fmt.Sprintf(`{"username":"user%03d"}`, i))
	}
	list := func(from, to int) string { return "[" + strings.Join(users[from:to], ",") + "]" }
	run(t, nil, []step{
		{do: "POST /partialImport", body: `{"users":` + list(0, 120) + `}`, status: 200, want: `{"added":120,"skipped":0,"overwritten":0}`},
		{do: "GET /users", status: 200, want: list(0, 100)},
		{do: "GET /users?first=100", status: 200, want: list(100, 120)},
		{do: "GET /users?first=95&max=10", status: 200, want: list(95, 105)},
		{do: "GET /users?max=1000", status: 200, want: list(0, 120)},
		{do: "GET /users/count", status: 200, want: "120"},
	})
}
