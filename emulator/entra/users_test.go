package entra_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/entra"
)

// What a user shows without $select (section 4), and what an emulator gets
// wrong (8): no more than that.
func TestDefaultPropertiesOfAUser(t *testing.T) {
	tn := start(t, entra.Options{})
	made := tn.must(t, 201, "POST users", newUser("marty", `"mail":"marty@contoso.com"`))
	want := []string{"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
		"preferredLanguage", "surname", "userPrincipalName"}
	for what, got := range map[string]object{"created": made.body, "read": tn.must(t, 200, "GET users/"+made.str("id"), "").body,
		"listed": tn.must(t, 200, "GET users", "").values()[0]} {
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(got)), func(n string) bool { return strings.HasPrefix(n, "@") })
		equal(t, what, names, want)
	}
	got := tn.must(t, 200, "GET users/marty@contoso.com?$select=accountEnabled,proxyAddresses,userType,mailNickname,passwordProfile", "")
	delete(got.body, "@odata.context")
	equal(t, "selected", got.body, object{"accountEnabled": true, "proxyAddresses": []any{"SMTP:marty@contoso.com"}, "userType": "Member",
		"mailNickname": "marty", "passwordProfile": nil})
}

// What the directory refuses (sections 1 and 4). A duplicate is a 400, which
// emulators get wrong (2).
func TestRefusedUsers(t *testing.T) {
	tn := start(t, entra.Options{})
	tn.must(t, 201, "POST users", newUser("marty", `"mail":"m@contoso.com"`))
	valid := newUser("emmett", "")
	for _, tt := range []struct{ name, body, message string }{
		{"same name", newUser("MARTY", ""), "Another object with the same value for property userPrincipalName already exists."},
		{"same mail", newUser("emmett", `"mail":"M@contoso.com"`), "Another object with the same value for property proxyAddresses already exists."},
		{"foreign domain", strings.ReplaceAll(valid, "@contoso.com", "@elsewhere.com"), "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization."},
		{"characters", strings.ReplaceAll(valid, "emmett@", "em mett@"), "Invalid value specified for property 'userPrincipalName' of resource 'User'."},
		{"nickname", strings.ReplaceAll(valid, `"mailNickname":"emmett"`, `"mailNickname":"em@mett"`), "Invalid value specified for property 'mailNickname' of resource 'User'."},
		{"no nickname", strings.ReplaceAll(valid, `"mailNickname":"emmett",`, ``), "Property mailNickname value is required but is empty or missing."},
		{"no password", strings.ReplaceAll(valid, `"password":"Passw0rd!",`, ``), "Property password value is required"},
		{"weak password", strings.ReplaceAll(valid, `Passw0rd!`, `password1`), "The specified password does not comply with password complexity requirements. Please provide a different password."},
		{"short password", strings.ReplaceAll(valid, `Passw0rd!`, `Pa0!`), "The specified password does not comply"},
		{"unknown property", newUser("emmett", `"nickname":"doc"`), "Invalid property 'nickname'."},
		{"unknown part", strings.ReplaceAll(valid, `"password"`, `"pasword"`), "Invalid property 'pasword'."},
		{"read-only", newUser("emmett", `"proxyAddresses":[]`), "Property 'proxyAddresses' is read-only"},
		{"type", strings.ReplaceAll(valid, `"accountEnabled":true`, `"accountEnabled":"true"`), "Invalid value specified for property 'accountEnabled' of resource 'User'."},
		{"empty text", newUser("emmett", `"givenName":""`), "Invalid value specified for property 'givenName' of resource 'User'."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tn.refused(t, 400, "Request_BadRequest", tt.message, "POST users", tt.body)
		})
	}
	equal(t, "users", len(tn.Users()), 1)
	// mailNicknames of users may repeat.
	tn.must(t, 201, "POST users", strings.ReplaceAll(valid, `"mailNickname":"emmett"`, `"mailNickname":"marty"`))
	a := tn.do(t, "POST users", newUser("marty", ""))
	details := fmt.Sprint(at(a.body, "error.details"))
	if !strings.Contains(details, "ObjectConflict") || !strings.Contains(details, "ConflictingObjects") {
		t.Errorf("details %s", details)
	}
}

// PATCH, password, soft deletion and restoring (section 4).
func TestUserLifecycle(t *testing.T) {
	tn := start(t, entra.Options{})
	id := tn.user(t, "marty")
	if a := tn.must(t, 204, "PATCH users/"+id, `{"displayName":"Marty","givenName":null,"passwordProfile":{"password":"Changed1!"}}`); a.text != "" {
		t.Errorf("204 with %q", a.text)
	}
	if !tn.PasswordIs("marty@contoso.com", "Changed1!") || tn.PasswordIs("marty@contoso.com", "Passw0rd!") {
		t.Error("the password is another one")
	}
	tn.refused(t, 404, "Request_ResourceNotFound", "Resource 'nobody@contoso.com' does not exist or one of its queried reference-property objects are not present.",
		"PATCH users/nobody@contoso.com", `{"displayName":"x"}`)
	group := tn.AddGroup(object{"displayName": "g"}, id)
	tn.must(t, 204, "DELETE users/"+id, "")
	tn.must(t, 404, "GET users/"+id, "")
	tn.must(t, 404, "DELETE users/"+id, "")
	equal(t, "members", tn.must(t, 200, "GET groups/"+group+"/members", "").column("id"), []string{})
	bin := tn.must(t, 200, "GET directory/deletedItems/microsoft.graph.user", "")
	equal(t, "bin", bin.column("id"), []string{id})
	equal(t, "mangled name", bin.column("userPrincipalName"), []string{strings.ReplaceAll(id, "-", "") + "marty@contoso.com"})
	// The name is free, and whoever has it is in the way of the restoration.
	other := tn.user(t, "marty")
	tn.refused(t, 400, "Request_BadRequest", "Another object with the same value for property userPrincipalName", "POST directory/deletedItems/"+id+"/restore", "")
	tn.must(t, 204, "DELETE users/"+other, "")
	tn.must(t, 204, "DELETE directory/deletedItems/"+other, "")
	tn.must(t, 404, "POST directory/deletedItems/"+other+"/restore", "")
	equal(t, "restored", tn.must(t, 200, "POST directory/deletedItems/"+id+"/restore", "").str("id"), id)
	equal(t, "name", tn.must(t, 200, "GET users/"+id, "").str("userPrincipalName"), "marty@contoso.com")
	equal(t, "members", tn.must(t, 200, "GET groups/"+group+"/members", "").column("id"), []string{id})
	// After 30 days nothing is left.
	tn.must(t, 204, "DELETE users/"+id, "")
	tn.now = tn.now.AddDate(0, 0, 31)
	tn.token = tn.signIn(t)
	tn.must(t, 404, "GET directory/deletedItems/"+id, "")
	equal(t, "bin", len(tn.DeletedItems()), 0)
	equal(t, "members", tn.Groups()[0].Members, []string{})
}
