package entra_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
)

// The tenant and its domains (section 9).
func TestOrganization(t *testing.T) {
	tn := start(t, entra.Options{VerifiedDomains: []string{"contoso.com", "contoso.de"}, TenantName: "Contoso Ltd"})
	org := tn.must(t, 200, "GET organization", "").values()[0]
	equal(t, "organization", []any{org["id"], org["displayName"], org["tenantType"]}, []any{entra.DefaultTenantID, "Contoso Ltd", "AAD"})
	var domains []string
	for _, d := range org["verifiedDomains"].([]any) {
		o := d.(object)
		domains = append(domains, fmt.Sprintf("%v %v %v", o["name"], o["isDefault"], o["isInitial"]))
	}
	equal(t, "domains", domains, []string{"contoso.com true false", "contoso.de false false", "contoso.onmicrosoft.com false true"})
	equal(t, "domains", tn.must(t, 200, "GET domains", "").column("id"), []string{"contoso.com", "contoso.de", "contoso.onmicrosoft.com"})
	equal(t, "domain", tn.must(t, 200, "GET domains/contoso.de", "").body["isVerified"], any(true))
	tn.must(t, 404, "GET domains/fabrikam.com", "")
	tn.must(t, 201, "POST users", `{"accountEnabled":true,"displayName":"x","mailNickname":"x","userPrincipalName":"x@contoso.onmicrosoft.com","passwordProfile":{"password":"Passw0rd!"}}`)
}

// What other administrators do, seen by clients at once, lag or not.
func TestBehindTheBack(t *testing.T) {
	tn := start(t, entra.Options{Lag: entra.Lag{Max: time.Minute}})
	id := tn.AddUser(object{"userPrincipalName": "marty@contoso.com", "passwordProfile": object{"password": "x"}, "otherMails": []string{"a@b.org"}})
	if !tn.PasswordIs("marty@contoso.com", "x") {
		t.Error("no password")
	}
	if !tn.Change(entra.KindUser, id, func(p map[string]any) { p["displayName"] = "Marty" }) {
		t.Error("nobody changed")
	}
	equal(t, "name", tn.must(t, 200, "GET users/"+id, "").str("displayName"), "Marty")
	u := tn.Users()[0]
	equal(t, "user", []any{u.ID, u.DisplayName, u.OtherMails, u.Enabled, u.HasPassword, u.UserType}, []any{id, "Marty", []string{"a@b.org"}, true, true, "Member"})
	guest := tn.AddGuest("brown@gmail.com")
	group := tn.AddGroup(object{"displayName": "g"}, id, guest)
	equal(t, "members", len(tn.must(t, 200, "GET groups/"+group+"/members", "").values()), 2)
	tn.SetMembers(group, guest)
	equal(t, "members", tn.must(t, 200, "GET groups/"+group+"/members", "").column("id"), []string{guest})
	app, appID, sp := tn.AddApplication(object{"displayName": "a", "uniqueName": "u"}, true)
	equal(t, "application", tn.must(t, 200, "GET applications(appId='"+appID+"')", "").str("id"), app)
	if !tn.Remove(entra.KindApplication, app) || tn.Remove(entra.KindApplication, app) || tn.Remove(entra.KindUser, "x") {
		t.Error("removed what is not there, or not what is")
	}
	equal(t, "service principals", len(tn.ServicePrincipals()), 0)
	var bin []entra.Kind
	for _, d := range tn.DeletedItems() {
		bin = append(bin, d.Kind)
	}
	equal(t, "bin", bin, []entra.Kind{entra.KindApplication, entra.KindServicePrincipal})
	if !tn.Purge(entra.KindServicePrincipal, sp) || !tn.Purge(entra.KindApplication, app) || len(tn.DeletedItems()) != 0 {
		t.Error("not purged")
	}
	if !tn.Remove(entra.KindUser, guest) {
		t.Error("not removed")
	}
	tn.now = tn.now.Add(time.Minute)
	equal(t, "members", tn.must(t, 200, "GET groups/"+group+"/members", "").column("id"), []string{})
}

// A large directory takes no time to make, and none to page through.
func TestTenThousandUsers(t *testing.T) {
	tn := start(t, entra.Options{})
	users := make([]map[string]any, 10_000)
	for i := range users {
		users[i] = object{"userPrincipalName": fmt.Sprintf("u%05d@contoso.com", i), "mail": fmt.Sprintf("u%05d@mail.org", i)}
	}
	ids := tn.AddUsers(users...)
	seen, pages := 0, 0
	for next := "users?$top=999&$select=id,userPrincipalName,accountEnabled,mail"; next != ""; pages++ {
		a := tn.must(t, 200, "GET "+next, "")
		seen += len(a.values())
		next = a.str("@odata.nextLink")
	}
	equal(t, "users and pages", []int{seen, pages}, []int{10_000, 11})
	equal(t, "one of them", tn.must(t, 200, "GET users?$filter=mail eq 'u09999@mail.org'", "").column("id"), ids[9999:])
	equal(t, "requests", tn.Requests()["GET users"], 12)
}
