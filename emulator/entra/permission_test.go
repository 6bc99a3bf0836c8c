package entra_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
)

// Every operation names the permissions that it needs, but for those that
// follow from a deleted item's type; and no permission is for an operation
// that does not exist.
func TestEveryOperationHasAPermission(t *testing.T) {
	routes := entra.Operations()
	for _, r := range routes {
		needs, has := entra.Permissions()[r]
		if !has || len(needs) == 0 && !strings.Contains(r, "directory/deletedItems/{id}") {
			t.Errorf("%s needs no permission", r)
		}
	}
	for r := range entra.Permissions() {
		if !slices.Contains(routes, r) {
			t.Errorf("%s has a permission, and is not emulated", r)
		}
	}
}

// The least permissions of section 11 are enough, and without them it is 403.
func TestLeastPermissions(t *testing.T) {
	for _, tt := range []struct{ least, request, body string }{
		{"Organization.Read.All", "GET organization", ""},
		{"Domain.Read.All", "GET domains", ""},
		{"User.Read.All", "GET users", ""},
		{"User.Read.All", "GET users/{user}", ""},
		{"User.ReadWrite.All", "POST users", newUser("new", "")},
		{"User.ReadWrite.All", "PATCH users/{user}", `{"displayName":"x"}`},
		{"User-PasswordProfile.ReadWrite.All", "PATCH users/{user}", `{"passwordProfile":{"password":"Passw0rd!!"}}`},
		{"User.EnableDisableAccount.All", "PATCH users/{user}", `{"accountEnabled":false}`},
		{"User.ReadWrite.All", "DELETE users/{user}", ""},
		{"User.Invite.All", "POST invitations", `{"invitedUserEmailAddress":"a@b.org","inviteRedirectUrl":"https://x.test"}`},
		{"GroupMember.Read.All", "GET groups/{group}/members", ""},
		{"GroupMember.ReadWrite.All", "POST groups/{group}/members/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/users/{user}"}`},
		{"GroupMember.ReadWrite.All", "PATCH groups/{group}", `{"members@odata.bind":["https://graph.microsoft.com/v1.0/users/{user}"]}`},
		{"Group.ReadWrite.All", "PATCH groups/{group}", `{"displayName":"x"}`},
		{"Group.Create", "POST groups", newGroup},
		{"Group.ReadWrite.All", "DELETE groups/{group}", ""},
		{"Directory.Read.All", "POST directoryObjects/getByIds", `{"ids":["{user}"]}`},
		{"Application.Read.All", "GET applications", ""},
		{"Application.ReadWrite.OwnedBy", "POST applications", `{"displayName":"x"}`},
		{"Application.ReadWrite.OwnedBy", "GET applications/{mine}", ""},
		{"Application.ReadWrite.OwnedBy", "PATCH applications/{mine}", `{"displayName":"x"}`},
		{"Application.ReadWrite.OwnedBy", "DELETE applications/{mine}", ""},
		{"Application.ReadWrite.OwnedBy", "POST servicePrincipals", `{"appId":"{mineApp}"}`},
		{"Application.ReadWrite.All", "PATCH applications/{app}", `{"displayName":"x"}`},
		{"User.Read.All", "GET directory/deletedItems/microsoft.graph.user", ""},
		{"User.Read.All", "GET directory/deletedItems/{deleted}", ""},
		{"User.ReadWrite.All", "POST directory/deletedItems/{deleted}/restore", ""},
	} {
		t.Run(tt.least+" "+tt.request, func(t *testing.T) {
			tn := start(t, entra.Options{Roles: []string{tt.least}})
			user, deleted := tn.AddUser(object{"userPrincipalName": "a@contoso.com"}), tn.AddUser(object{"userPrincipalName": "b@contoso.com"})
			tn.Remove(entra.KindUser, deleted)
			app, _, _ := tn.AddApplication(object{"displayName": "app"}, true)
			mine, mineApp, _ := tn.AddApplication(object{"displayName": "mine"}, false)
			tn.SetOwners(entra.KindApplication, mine, tn.AutomationID())
			named := strings.NewReplacer("{user}", user, "{deleted}", deleted, "{app}", app, "{mine}", mine, "{mineApp}", mineApp, "{group}", tn.AddGroup(object{"displayName": "g"}))
			request, body := named.Replace(tt.request), named.Replace(tt.body)
			least := tn.token
			tn.Revoke(tt.least)
			tn.token = tn.signIn(t)
			tn.refused(t, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", request, body)
			tn.token = least // what a token carries is not taken from it
			if a := tn.do(t, request, body); a.status >= 300 {
				t.Errorf("%d %s", a.status, a.text)
			}
		})
	}
}

// What the least permission does not open.
func TestPermissionsThatAreNotEnough(t *testing.T) {
	for _, tt := range []struct{ has, request, body string }{
		{"Application.ReadWrite.OwnedBy", "GET applications", ""},
		{"Application.ReadWrite.OwnedBy", "GET applications/{app}", ""},
		{"Application.ReadWrite.OwnedBy", "PATCH applications/{app}", `{"displayName":"x"}`},
		{"Application.ReadWrite.OwnedBy", "DELETE servicePrincipals/{sp}", ""},
		{"User.ReadWrite.All", "PATCH users/{user}", `{"passwordProfile":{"password":"Passw0rd!!"}}`},
		{"User.EnableDisableAccount.All", "PATCH users/{user}", `{"displayName":"x"}`},
		{"GroupMember.ReadWrite.All", "PATCH groups/{group}", `{"displayName":"x"}`},
		{"GroupMember.ReadWrite.All", "DELETE groups/{group}/members/{user}", ""},
		{"User.Read.All", "POST directory/deletedItems/{deleted}/restore", ""},
		{"User.Read.All", "GET users/{user}/memberOf", ""},
	} {
		t.Run(tt.has+" "+tt.request, func(t *testing.T) {
			tn := start(t, entra.Options{Roles: []string{tt.has}})
			user, deleted := tn.AddUser(object{"userPrincipalName": "a@contoso.com"}), tn.AddUser(object{"userPrincipalName": "b@contoso.com"})
			tn.Remove(entra.KindUser, deleted)
			app, _, sp := tn.AddApplication(object{"displayName": "app"}, true)
			named := strings.NewReplacer("{user}", user, "{deleted}", deleted, "{app}", app, "{sp}", sp, "{group}", tn.AddGroup(object{"displayName": "g"}, user))
			tn.refused(t, 403, "Authorization_RequestDenied", "", named.Replace(tt.request), named.Replace(tt.body))
		})
	}
}

// Tokens that Graph does not take (section 1).
func TestTokens(t *testing.T) {
	tn := start(t, entra.Options{TokenLifespan: time.Hour})
	_, client := tn.influx(t, publicV2)
	tn.user(t, "marty")
	good := tn.token
	for token, message := range map[string]string{
		"": "Access token is empty.", "x": "IDX14100", good + "x": "Invalid signature",
	} {
		tn.token = token
		tn.refused(t, 401, "InvalidAuthenticationToken", message, "GET users", "")
		tn.refused(t, 401, "InvalidAuthenticationToken", message, "POST $batch", `{"requests":[{"id":"1","method":"GET","url":"users"}]}`)
	}
	// One for another audience, and one for Graph by a user.
	for scope, want := range map[string]string{client + "/.default": "Invalid audience", "https://graph.microsoft.com/User.Read": ""} {
		d := tn.device(t, client, scope)
		if err := tn.browse(t, d, marty); err != nil {
			t.Fatal(err)
		}
		tn.token = tn.poll(t, client, d).str("access_token")
		if want == "" {
			equal(t, "scp", claims(t, tn.token)["scp"], any("User.Read"))
			tn.refused(t, 403, "Authorization_RequestDenied", "", "GET users", "")
			continue
		}
		tn.refused(t, 401, "InvalidAuthenticationToken", want, "GET users", "")
	}
	tn.token = good
	tn.now = tn.now.Add(time.Hour)
	tn.refused(t, 401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.", "GET users", "")
}
