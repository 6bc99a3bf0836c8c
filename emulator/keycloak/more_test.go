package keycloak_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/keycloak"
)

// TestProfilePage fills in the page on which a user completes the account.
func TestProfilePage(t *testing.T) {
	for _, tg := range targets(t) {
		t.Run(tg.name, func(t *testing.T) {
			vars := tg.realm(t, people()...)
			tg.step(t, vars, step{do: "PUT /users/{noname}", body: `{"emailVerified":true}`, status: 204})
			b := &browser{t: t, tg: tg}
			_, page := b.open("GET", tg.startDevice(t, vars), nil)
			_, page = b.open("POST", found(t, actionPattern, page), url.Values{"username": {"noname"}, "password": {"pw"}})
			send := func(email, first, last string) {
				t.Helper()
				_, page = b.open("POST", found(t, actionPattern, page), url.Values{"email": {email}, "firstName": {first}, "lastName": {last}})
			}
			for _, try := range []struct{ email, first, last, want string }{
				{"noname@x.de", "", "Family", "Please specify this field."},
				{"bad", "F", "Family", "Invalid email address."},
				{"noname@x.de", "F<", "Family", "Value contains invalid character."},
				{"alice@x.de", "F", "Family", "Email already exists."},
				{"new@x.de", "F", "Family", "Grant Access to dev"},
			} {
				send(try.email, try.first, try.last)
				if !strings.Contains(page, try.want) {
					t.Errorf("%+v: %s", try, page)
				}
			}
			tg.step(t, vars, step{do: "GET /users/{noname}", status: 200, want: `{"email":"new@x.de","firstName":"F","lastName":"Family","emailVerified":false}`})
		})
	}
}

// TestPasswordPage makes the mistakes that the page of a new password knows.
func TestPasswordPage(t *testing.T) {
	for _, tg := range targets(t) {
		t.Run(tg.name, func(t *testing.T) {
			vars := tg.realm(t, people()...)
			b := &browser{t: t, tg: tg}
			_, page := b.open("GET", tg.startDevice(t, vars), nil)
			_, page = b.open("POST", found(t, actionPattern, page), url.Values{"username": {"temporary"}, "password": {"pw"}})
			for _, try := range []struct{ one, two, want string }{
				{"", "", "Please specify password."},
				{"abcd", "abce", "Passwords don"},
				{"abcd", "abcd", "Grant Access to dev"},
			} {
				_, page = b.open("POST", found(t, actionPattern, page), url.Values{"password-new": {try.one}, "password-confirm": {try.two}})
				if !strings.Contains(page, try.want) {
					t.Errorf("%+v: %s", try, page)
				}
			}
			tg.step(t, vars, step{do: tokenURL, form: password("pub", "temporary", "abcd"), status: 200})
		})
	}
}

// TestMappers adds claims by protocol mappers of a client scope.
func TestMappers(t *testing.T) {
	mapper := func(name, kind, config string) string {
		return `{"name":"` + name + `","protocol":"openid-connect","protocolMapper":"` + kind + `","config":{"access.token.claim":"true",` + config + `}}`
	}
	for _, tg := range targets(t) {
		t.Run(tg.name, func(t *testing.T) {
			vars := tg.realm(t, append(people(),
				step{do: "POST /client-scopes", body: `{"id":"{realm}-s","name":"mine","protocol":"openid-connect","protocolMappers":[` + strings.Join([]string{
					mapper("audience", "oidc-audience-mapper", `"included.custom.audience":"https://api.example.com"`),
					mapper("audience2", "oidc-audience-mapper", `"included.client.audience":"conf"`),
					mapper("hard", "oidc-hardcoded-claim-mapper", `"claim.name":"a.b","claim.value":"x","jsonType.label":"String"`),
					mapper("dotted", "oidc-hardcoded-claim-mapper", `"claim.name":"https://x\\.de/y","claim.value":"z","jsonType.label":"String"`),
					mapper("groups", "oidc-group-membership-mapper", `"claim.name":"groups","full.path":"true"`),
					mapper("names", "oidc-group-membership-mapper", `"claim.name":"names","full.path":"false"`),
				}, ",") + `]}`, status: 201},
				step{do: "POST /groups", body: `{"name":"g"}`, status: 201, save: map[string]string{"g": "@location"}},
				step{do: "PUT /users/{alice}/groups/{g}", status: 204},
				step{do: "POST /clients", body: `{"clientId":"mapped","publicClient":true,"directAccessGrantsEnabled":true,"defaultClientScopes":["basic","roles","mine"]}`, status: 201},
				step{do: tokenURL, form: password("mapped", "alice", "pw"), status: 200, want: `{"scope":"mine"}`, save: map[string]string{"access": "access_token"}},
			)...)
			var want any
			if err := json.Unmarshal([]byte(`{"aud":{"$set":["https://api.example.com","conf","account"]},"a":{"b":"x"},"https://x.de/y":"z","groups":["/g"],"names":["g"],"scope":"mine"}`), &want); err != nil {
				t.Fatal(err)
			}
			if d := compare(any(claimsOf(t, vars["access"])), want, false, "claims"); d != "" {
				t.Errorf("%s: %v", d, claimsOf(t, vars["access"]))
			}
		})
	}
}

func TestMoreOfUsers(t *testing.T) {
	run(t, nil, append(people(), []step{
		{do: "GET /users/{alice}/credentials", status: 200, save: map[string]string{"cred": "0/id"}},
		{do: "DELETE /users/{alice}/credentials/nope", status: 404, want: `{"error":"Credential not found"}`},
		{do: "DELETE /users/{alice}/credentials/{cred}", status: 204},
		{do: "GET /users/{alice}/credentials", status: 200, want: `[]`},
		{do: tokenURL, form: password("pub", "alice", "pw"), status: 400, want: badPassword},
		{do: "POST /clients", body: `{"clientId":"noaccount","secret":"s"}`, status: 201},
		{do: tokenURL, form: map[string]string{"grant_type": "client_credentials", "client_id": "noaccount", "client_secret": "s"}, status: 401,
			want: `{"error":"unauthorized_client","error_description":"Client not enabled to retrieve service account"}`},
		// The user name is the e-mail.
		{do: "PUT ", body: `{"registrationEmailAsUsername":true}`, status: 204},
		{do: "POST /users", body: `{"username":"ignored","email":"Mail@x.de"}`, status: 201, save: map[string]string{"mail": "@location"}},
		{do: "GET /users/{mail}", status: 200, want: `{"username":"mail@x.de","email":"mail@x.de"}`},
		{do: "PUT ", body: `{"registrationEmailAsUsername":false,"duplicateEmailsAllowed":true}`, status: 204},
		{do: "POST /users", body: `{"username":"second","email":"mail@x.de"}`, status: 201, save: map[string]string{"second": "@location"}},
		{do: "GET /users?email=mail@x.de&exact=true", status: 200, want: `[{"username":"mail@x.de"},{"username":"second"}]`},
		{do: "DELETE /users/{mail}", status: 204},
		{do: "GET /users?email=mail@x.de&exact=true", status: 200, want: `[{"username":"second"}]`},
		{do: "PUT ", body: `{"duplicateEmailsAllowed":false,"loginWithEmailAllowed":true}`, status: 204},
		{do: "POST /users", body: `{"username":"third","email":"mail@x.de"}`, status: 409, want: `{"errorMessage":"User exists with same email"}`},
		// An overwritten user comes back when the import fails.
		{do: "POST /groups", body: `{"name":"g"}`, status: 201, save: map[string]string{"g": "@location"}},
		{do: "PUT /users/{second}/groups/{g}", status: 204},
		{do: "POST /partialImport", body: `{"ifResourceExists":"OVERWRITE","users":[{"username":"second"},{"username":"x","groups":["/nope"]}]}`, status: 500, want: crash},
		{do: "GET /users/{second}", status: 200, want: `{"username":"second","email":"mail@x.de"}`},
		{do: "GET /groups/{g}/members", status: 200, want: `[{"username":"second"}]`},
		{do: "GET /default-optional-client-scopes", status: 200, want: `{"$set":[{"name":"offline_access","protocol":"openid-connect"},{"name":"address"},{"name":"phone"},{"name":"microprofile-jwt"},{"name":"organization"}]}`},
	}...))
}

// TestRealmContent is about parts of a new realm that make it fail.
func TestRealmContent(t *testing.T) {
	run(t, nil, []step{
		{do: "POST /admin/realms", body: `{"realm":"{realm}-c","enabled":true,"groups":[{"name":"g"}],"defaultGroups":["/g"],"loginTheme":"keycloak","smtpServer":{"from":"a@b.c"}}`, status: 201},
		{do: "GET /admin/realms/{realm}-c", status: 200, want: `{"defaultGroups":["/g"],"loginTheme":"keycloak"}`},
		{do: "POST /admin/realms/{realm}-c/users", body: `{"username":"alice"}`, status: 201, save: map[string]string{"alice": "@location"}},
		{do: "GET /admin/realms/{realm}-c/users/{alice}/groups", status: 200, want: `[{"name":"g"}]`},
		{do: "DELETE /admin/realms/{realm}-c", status: 204},
	})
}

// TestNotEmulated is refused rather than lost.
func TestNotEmulated(t *testing.T) {
	underClock(t, keycloak.Options{AdminUser: "root", AdminPassword: "secret"}, func(t *testing.T, tg *target) {
		tg.user, tg.password = "root", "secret"
		vars := tg.realm(t, append(people(), step{do: "POST /groups", body: `{"name":"g"}`, status: 201})...)
		for _, st := range []step{
			{do: "POST /admin/realms", body: `{"realm":"x","components":{}}`},
			{do: "PUT /users/{alice}", body: `{"federationLink":"x"}`},
			{do: "POST /partialImport", body: `{"identityProviders":[]}`},
			{do: "POST /partialImport", body: `{"ifResourceExists":"OVERWRITE","clients":[{"clientId":"pub"}]}`},
			{do: "POST /partialImport", body: `{"ifResourceExists":"OVERWRITE","groups":[{"name":"g","path":"/g"}]}`},
			{do: "POST /roles", body: `{"name":"x","composites":{}}`},
			{do: "GET /events"},
			{do: "GET /resources/style.css", as: "nobody"},
			{do: "POST /realms/{realm}/protocol/openid-connect/logout", form: map[string]string{"client_id": "pub"}},
		} {
			st.status = 501
			st.want = `{"error":"*"}`
			tg.step(t, vars, st)
		}
		if tg.emulator.Users("x") != nil {
			t.Error("the refused realm is there")
		}
	})
}
