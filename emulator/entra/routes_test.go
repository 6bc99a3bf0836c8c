package entra_test

import (
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
)

// The smaller routes: counts, single objects, selections.
func TestSmallerRoutes(t *testing.T) {
	tn := start(t, entra.Options{})
	user := tn.user(t, "marty")
	group := tn.AddGroup(object{"displayName": "g"}, user)
	id, appID, sp := tn.AddApplication(object{"displayName": "a", "tags": []string{"idpctl"}}, true)
	for request, want := range map[string]string{
		"GET applications/$count": "2", "GET servicePrincipals/$count": "3", "GET groups/$count": "1", "GET groups/" + group + "/members/$count": "1",
		"GET applications/$count?$filter=appId eq '" + appID + "'": "1",
	} {
		equal(t, request, tn.must(t, 200, request, "", eventual).text, want)
		tn.refused(t, 400, "Request_BadRequest", "$count is not currently supported.", request, "")
	}
	for request, want := range map[string]string{
		"GET applications?$filter=tags/any(x:x eq 'idpctl')&$select=id":                   id,
		"GET servicePrincipals?$filter=appId in ('" + appID + "','x')&$select=id":         sp,
		"GET servicePrincipals?$filter=servicePrincipalNames/any(n:n eq '" + appID + "')": sp,
		"GET groups?$filter=displayName eq 'g' and securityEnabled eq true&$select=id":    group,
		"GET users?$filter=id in ('" + user + "')&$select=id":                             user,
		"GET directory/deletedItems/microsoft.graph.user?$filter=displayName eq 'nobody'": "",
		"GET organization?$select=displayName":                                            "",
	} {
		a := tn.must(t, 200, request, "")
		if got := a.column("id"); want != "" && (len(got) != 1 || got[0] != want) {
			t.Errorf("%s: %v, want %s", request, got, want)
		}
	}
	equal(t, "selected", tn.must(t, 200, "GET organization?$select=displayName", "").values(), []object{{"displayName": "Contoso"}})
	tn.refused(t, 400, "BadRequest", "nickname", "GET domains?$select=nickname", "")
	equal(t, "object", tn.must(t, 200, "GET directoryObjects/"+group, "").str("@odata.type"), "#microsoft.graph.group")
	tn.must(t, 404, "GET directoryObjects/"+appID, "")
	// Grants are changed and refused.
	graph := tn.must(t, 200, "GET servicePrincipals(appId='00000003-0000-0000-c000-000000000000')", "").str("id")
	base := `"clientId":"` + sp + `","resourceId":"` + graph + `"`
	grant := "oauth2PermissionGrants/" + tn.must(t, 201, "POST oauth2PermissionGrants", `{`+base+`,"consentType":"AllPrincipals","scope":"User.Read"}`).str("id")
	tn.must(t, 204, "PATCH "+grant, `{"scope":"User.Read openid"}`)
	equal(t, "scope", tn.must(t, 200, "GET "+grant, "").str("scope"), "User.Read openid")
	tn.refused(t, 400, "Request_BadRequest", "'clientId' is read-only", "PATCH "+grant, `{"clientId":"x"}`)
	tn.refused(t, 409, "Request_MultipleObjectsWithSameKeyValue", "already exists", "POST oauth2PermissionGrants", `{`+base+`,"consentType":"AllPrincipals","scope":"openid"}`)
	tn.refused(t, 400, "Request_BadRequest", "consentType", "POST oauth2PermissionGrants", `{`+base+`,"consentType":"Everybody"}`)
	tn.refused(t, 400, "Request_BadRequest", "principalId", "POST oauth2PermissionGrants", `{`+base+`,"consentType":"Principal"}`)
	tn.refused(t, 404, "Request_ResourceNotFound", user, "POST oauth2PermissionGrants", `{"clientId":"`+user+`","resourceId":"`+graph+`","consentType":"AllPrincipals"}`)
	// A service principal goes by itself, and what refers to it goes with its purge.
	tn.must(t, 204, "DELETE servicePrincipals(appId='"+appID+"')", "")
	tn.must(t, 200, "GET directory/deletedItems/"+sp+"/microsoft.graph.servicePrincipal", "")
	tn.must(t, 404, "GET directory/deletedItems/"+sp+"/microsoft.graph.user", "")
	tn.must(t, 204, "DELETE directory/deletedItems/"+sp, "")
	tn.must(t, 404, "GET "+grant, "")
	// It is not restored without its application.
	again := tn.must(t, 201, "POST servicePrincipals", `{"appId":"`+appID+`"}`).str("id")
	tn.must(t, 204, "DELETE applications/"+id, "")
	tn.refused(t, 400, "Request_BadRequest", "does not reference a valid application object.", "POST directory/deletedItems/"+again+"/restore", "")
}

// Permissions that are given later need a new token, and what tests look at.
func TestGrantAndInspect(t *testing.T) {
	tn := start(t, entra.Options{Roles: []string{"User.Read.All"}, SoftDeleteSecurityGroups: true})
	group := tn.AddGroup(object{"displayName": "g"})
	tn.Grant("Group.ReadWrite.All")
	tn.must(t, 403, "DELETE groups/"+group, "")
	tn.token = tn.signIn(t)
	tn.must(t, 204, "DELETE groups/"+group, "")
	equal(t, "bin", tn.DeletedItems(), []entra.Deleted{{Kind: entra.KindGroup, ID: group, DisplayName: "g", Since: tn.now}})
	tn.must(t, 200, "POST directory/deletedItems/"+group+"/restore", "")
	props, has := tn.Object(entra.KindGroup, group)
	if _, other := tn.Object(entra.KindUser, group); !has || other || props["deletedDateTime"] != nil {
		t.Errorf("object %v", props)
	}
	tn.ResetRequests()
	equal(t, "requests", len(tn.Requests()), 0)
	o := tn.Options()
	equal(t, "defaults", []any{o.TenantID, o.Throttle.Units, o.Throttle.WriteWindow, o.Lag.Replicas}, []any{entra.DefaultTenantID, 3500.0, 150 * time.Second, 3})
	defer func() {
		if recover() == nil {
			t.Error("two users of one name")
		}
	}()
	tn.AddUsers(object{"userPrincipalName": "a@contoso.com"}, object{"userPrincipalName": "A@contoso.com"})
}
