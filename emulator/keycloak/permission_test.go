package keycloak_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestPermissions asks for everything with every admin role, one at a time:
// what a service account with that role gets.
func TestPermissions(t *testing.T) {
	const users, query, groups = "view-users manage-users realm-admin", "view-users manage-users query-users realm-admin", "view-users manage-users query-groups realm-admin"
	const clients, listClients, realm = "view-clients manage-clients realm-admin", "view-clients manage-clients query-clients realm-admin", "view-realm manage-realm realm-admin"
	const changeUsers, changeClients, changeRealm = "manage-users realm-admin", "manage-clients realm-admin", "manage-realm realm-admin"
	const each = "view-realm view-users view-clients view-events manage-realm manage-users create-client manage-clients query-users query-clients query-groups query-realms realm-admin view-identity-providers"
	roles := append(strings.Fields(each), "none", "impersonation")
	tests := []struct {
		do, body string
		// status for the roles that are allowed; the others get 403.
		status int
		roles  string
		// want is the body for all who are allowed.
		want string
	}{
		{"GET ", "", 200, each, `{"realm":"{realm}"}`},
		{"PUT ", "{}", 204, changeRealm, ""},
		{"GET /users", "", 200, query, ""},
		{"GET /users/count", "", 200, query, "1"},
		{"GET /users/{alice}", "", 200, users, ""},
		{"GET /users/nope", "", 404, query, noSuchUser},
		{"PUT /users/{alice}", "{}", 204, changeUsers, ""},
		{"POST /users", `{"username":""}`, 400, changeUsers, ""},
		{"DELETE /users/nope", "", 404, query, noSuchUser},
		{"PUT /users/{alice}/reset-password", "{}", 400, changeUsers, ""},
		{"PUT /users/{alice}/execute-actions-email", `["NOPE"]`, 400, changeUsers, ""},
		{"GET /users/{alice}/groups", "", 200, users, ""},
		{"PUT /users/{alice}/groups/{g}", "", 204, changeUsers, ""},
		{"GET /users/{alice}/credentials", "", 200, users, "[]"},
		{"GET /users/{alice}/role-mappings", "", 200, users, ""},
		{"POST /users/{alice}/role-mappings/realm", "[]", 204, changeUsers, ""},
		{"GET /groups", "", 200, groups, ""},
		{"GET /groups/count", "", 200, groups, `{"count":1}`},
		{"GET /groups/{g}", "", 200, users, ""},
		{"PUT /groups/{g}", "{}", 400, changeUsers, ""},
		{"POST /groups", "{}", 400, changeUsers, ""},
		{"GET /groups/{g}/members", "", 200, users, ""},
		{"GET /groups/{g}/children", "", 200, users, ""},
		{"POST /groups/{g}/children", "{}", 400, changeUsers, ""},
		{"GET /groups/nope", "", 404, each + " none impersonation", noSuchGroup},
		{"DELETE /groups/nope", "", 404, each + " none impersonation", noSuchGroup},
		{"GET /group-by-path/g", "", 200, users, ""},
		{"GET /clients", "", 200, listClients, ""},
		{"GET /clients/{c}", "", 200, clients, ""},
		{"GET /clients/nope", "", 404, listClients, noSuchClient},
		{"PUT /clients/{c}", "{}", 204, changeClients, ""},
		{"POST /clients", `{"clientId":""}`, 400, changeClients, ""},
		{"DELETE /clients/nope", "", 404, listClients, noSuchClient},
		{"GET /clients/{c}/client-secret", "", 200, clients, ""},
		{"GET /clients/{c}/default-client-scopes", "", 200, clients, ""},
		{"PUT /clients/{c}/default-client-scopes/nope", "", 404, changeClients, ""},
		{"GET /clients/{c}/service-account-user", "", 400, clients, ""},
		{"GET /clients/{c}/roles", "", 200, clients, "[]"},
		{"GET /client-scopes", "", 200, listClients, ""},
		{"GET /default-default-client-scopes", "", 200, clients, ""},
		{"GET /users/profile", "", 200, "view-realm view-users manage-realm manage-users query-users realm-admin", ""},
		{"PUT /users/profile", "", 200, changeRealm, ""},
		{"POST /partialImport", "{}", 200, changeRealm, ""},
		{"GET /roles", "", 200, realm, ""},
		{"GET /roles/offline_access", "", 200, realm, ""},
		{"GET /keys", "", 200, realm, ""},
		{"GET /default-groups", "", 200, realm, "[]"},
		{"GET /authentication/required-actions", "", 200, "view-realm view-users manage-realm query-users realm-admin", ""},
		{"GET /attack-detection/brute-force/users/{alice}", "", 200, users, `{"numFailures":0,"disabled":false}`},
		{"GET /admin/realms", "", 200, each, `[{"realm":"{realm}"}]`},
		{"GET /admin/realms/{realm}-nope", "", 404, each + " none impersonation", noSuchRealm},
		{"GET /admin/realms/master", "", 403, each, forbidden},
		{"DELETE /admin/realms/master", "", 403, each, forbidden},
		{"POST /admin/realms", "{}", 403, each, forbidden},
	}
	steps := []step{
		{do: "POST /groups", body: `{"name":"g"}`, status: 201, save: map[string]string{"g": "@location"}},
		{do: "POST /users", body: `{"username":"alice","email":"a@x.de","enabled":true}`, status: 201, save: map[string]string{"alice": "@location"}},
		{do: "POST /clients", body: `{"clientId":"c"}`, status: 201, save: map[string]string{"c": "@location"}},
		{do: "GET /clients?clientId=realm-management", status: 200, save: map[string]string{"management": "0/id"}},
	}
	for i, r := range roles {
		v := fmt.Sprint("role", i)
		steps = append(steps,
			step{do: "POST /clients", body: `{"clientId":"` + r + `","secret":"s","serviceAccountsEnabled":true}`, status: 201, save: map[string]string{v + "client": "@location"}},
			step{do: "GET /clients/{" + v + "client}/service-account-user", status: 200, save: map[string]string{v + "user": "id"}})
		if r != "none" {
			steps = append(steps,
				step{do: "GET /clients/{management}/roles/" + r, status: 200, save: map[string]string{v + "id": "id"}},
				step{do: "POST /users/{" + v + "user}/role-mappings/clients/{management}", body: `[{"id":"{` + v + `id}","name":"` + r + `"}]`, status: 204})
		}
		steps = append(steps, step{do: tokenURL, form: map[string]string{"grant_type": "client_credentials", "client_id": r, "client_secret": "s"}, status: 200,
			save: map[string]string{v: "access_token"}})
		for _, tt := range tests {
			st := step{do: tt.do, as: v, status: 403, want: forbidden}
			if tt.body != "" {
				st.body = tt.body
			}
			if slices.Contains(strings.Fields(tt.roles), r) {
				st.status, st.want = tt.status, tt.want
			}
			steps = append(steps, st)
		}
		// Whoever may only ask whether somebody is there sees nobody.
		switch r {
		case "query-users":
			steps = append(steps, step{do: "GET /users", as: v, status: 200, want: `[]`}, step{do: "GET /users?search=id:{alice}", as: v, status: 200, want: `[]`})
		case "view-users":
			steps = append(steps, step{do: "GET /users", as: v, status: 200, want: `[{"username":"alice","access":{"manage":false}}]`},
				step{do: "GET ", as: v, status: 200, want: `{"registrationEmailAsUsername":false,"enabled":"<absent>","bruteForceProtected":false,"id":"<absent>"}`})
		case "query-groups":
			steps = append(steps, step{do: "GET /groups", as: v, status: 200, want: `[]`})
		case "query-clients":
			steps = append(steps, step{do: "GET /clients", as: v, status: 200, want: `[]`}, step{do: "GET /client-scopes", as: v, status: 200, want: `[]`})
		case "view-clients":
			steps = append(steps, step{do: "GET /clients/{c}", as: v, status: 200, want: `{"access":{"view":true,"configure":false,"manage":false}}`})
		}
	}
	run(t, nil, steps)
}

// TestRealmCreator makes a realm by a service account of master that may do
// nothing else.
func TestRealmCreator(t *testing.T) {
	for _, tg := range targets(t) {
		t.Run(tg.name, func(t *testing.T) {
			vars := tg.realm(t)
			steps := []step{
				{do: "POST /admin/realms/master/clients", body: `{"clientId":"{realm}-robot","secret":"s","serviceAccountsEnabled":true}`, status: 201, save: map[string]string{"client": "@location"}},
				{do: "GET /admin/realms/master/clients/{client}/service-account-user", status: 200, save: map[string]string{"account": "id"}},
				{do: "POST /realms/master/protocol/openid-connect/token", form: map[string]string{"grant_type": "client_credentials", "client_id": "{realm}-robot", "client_secret": "s"}, status: 200, save: map[string]string{"token": "access_token"}},
				{do: "POST /admin/realms", as: "token", body: `{"realm":"{realm}-made","enabled":true}`, status: 403, want: forbidden},
				{do: "GET /admin/realms", as: "token", status: 403, want: forbidden},
				{do: "GET /admin/realms/master/roles/create-realm", status: 200, save: map[string]string{"role": "id"}},
				{do: "POST /admin/realms/master/users/{account}/role-mappings/realm", body: `[{"id":"{role}","name":"create-realm"}]`, status: 204},
				// The same token: roles are looked up at each request, so that a
				// realm which was just made can be filled at once.
				{do: "POST /admin/realms", as: "token", body: `{"realm":"{realm}-made","enabled":true}`, status: 201},
				{do: "GET /admin/realms/{realm}-made", as: "token", status: 200, want: `{"enabled":true}`},
				{do: "POST /admin/realms/{realm}-made/users", as: "token", body: `{"username":"alice"}`, status: 201},
				{do: "POST /admin/realms/{realm}-made/clients", as: "token", body: `{"clientId":"c"}`, status: 201},
				{do: "GET /admin/realms/{realm}-made/users", as: "token", status: 200, want: `[{"username":"alice"}]`},
				{do: "GET /admin/realms?briefRepresentation=true", as: "token", status: 200, want: `[{"realm":"{realm}-made","enabled":true}]`},
				// Of others it sees the name.
				{do: "GET ", as: "token", status: 200, want: `{"realm":"{realm}","bruteForceProtected":false,"supportedLocales":[],"id":"<absent>"}`},
				{do: "GET /users", as: "token", status: 403, want: forbidden},
				{do: "PUT ", as: "token", body: `{}`, status: 403, want: forbidden},
				{do: "DELETE ", as: "token", status: 403, want: forbidden},
				{do: "GET /admin/realms/{realm}-none", as: "token", status: 404, want: noSuchRealm},
				{do: "DELETE /admin/realms/{realm}-made", as: "token", status: 204},
				{do: "GET /admin/realms", as: "token", status: 403, want: forbidden},
			}
			t.Cleanup(func() {
				tg.send(t, vars, step{do: "DELETE /admin/realms/{realm}-made"})
				tg.send(t, vars, step{do: "DELETE /admin/realms/master/clients/{client}"})
			})
			for _, st := range steps {
				tg.step(t, vars, st)
			}
		})
	}
}
