package entra_test

import (
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/entra"
)

const prefer = "Prefer: create-if-missing"

// The upsert of section 2, and what emulators get wrong (5): 201 with a body
// the first time, 204 without one later, 404 without the header.
func TestUpsertOfAnApplication(t *testing.T) {
	tn := start(t, entra.Options{})
	const key = "PATCH applications(uniqueName='my%20app%2Fx')"
	tn.refused(t, 404, "Request_ResourceNotFound", "Resource 'my app/x' does not exist", key, `{"displayName":"My app"}`)
	tn.refused(t, 400, "Request_BadRequest", "Property displayName value is required", key, `{}`, prefer)
	tn.refused(t, 400, "Request_BadRequest", "passwordCredentials", key, `{"displayName":"My app","passwordCredentials":[]}`, prefer)
	made := tn.must(t, 201, key, `{"displayName":"My app"}`, prefer)
	equal(t, "uniqueName", made.str("uniqueName"), "my app/x")
	if again := tn.must(t, 204, key, `{"displayName":"Other name"}`, prefer); again.text != "" {
		t.Errorf("the second upsert has the body %s", again.text)
	}
	tn.must(t, 204, key, `{"displayName":"My app"}`)
	for _, path := range []string{"applications(uniqueName='my%20app%2Fx')", "applications(appId='" + made.str("appId") + "')", "applications/" + made.str("id"),
		"applications('" + made.str("id") + "')"} {
		equal(t, path, tn.must(t, 200, "GET "+path, "").str("id"), made.str("id"))
	}
	// Immutable, except that one PATCH may fill an empty one.
	tn.refused(t, 400, "Request_BadRequest", "'uniqueName'", "PATCH applications/"+made.str("id"), `{"uniqueName":"y"}`)
	late := tn.must(t, 201, "POST applications", `{"displayName":"Late"}`).str("id")
	tn.refused(t, 400, "Request_BadRequest", "Another object with the same value for property uniqueName already exists.", "PATCH applications/"+late, `{"uniqueName":"MY app/x"}`)
	tn.must(t, 204, "PATCH applications/"+late, `{"uniqueName":"z"}`)
	tn.refused(t, 400, "Request_BadRequest", "Another object", "POST applications", `{"displayName":"Twice","uniqueName":"z"}`)
	// Not filterable.
	tn.refused(t, 400, "Request_UnsupportedQuery", "uniqueName", "GET applications?$filter=uniqueName eq 'z'", "")
}

// Soft deletion keeps the uniqueName, which emulators get wrong (4).
func TestDeletedApplicationKeepsItsUniqueName(t *testing.T) {
	tn := start(t, entra.Options{})
	const key = "PATCH applications(uniqueName='x')"
	made := tn.must(t, 201, key, `{"displayName":"X"}`, prefer)
	id, appID := made.str("id"), made.str("appId")
	sp := tn.must(t, 201, "PATCH servicePrincipals(appId='"+appID+"')", `{"tags":["own"]}`, prefer).str("id")
	tn.must(t, 204, "DELETE applications(uniqueName='x')", "")
	for range 2 {
		tn.refused(t, 400, "Request_BadRequest", "Another object with the same value for property uniqueName already exists.", key, `{"displayName":"X"}`, prefer)
	}
	tn.must(t, 404, "GET servicePrincipals/"+sp, "")
	// The cast is required.
	tn.must(t, 404, "GET directory/deletedItems/x", "")
	equal(t, "bin", tn.must(t, 200, "GET directory/deletedItems/microsoft.graph.application", "").column("id"), []string{id})
	equal(t, "bin", tn.must(t, 200, "GET directory/deletedItems/microsoft.graph.servicePrincipal", "").column("id"), []string{sp})
	tn.must(t, 200, "POST directory/deletedItems/"+id+"/restore", "")
	tn.must(t, 404, "GET servicePrincipals/"+sp, "")
	tn.must(t, 200, "POST directory/deletedItems/"+sp+"/restore", "")
	tn.must(t, 200, "GET servicePrincipals(appId='"+appID+"')", "")
	tn.must(t, 204, "DELETE applications/"+id, "")
	tn.must(t, 204, "DELETE directory/deletedItems/"+id, "")
	if other := tn.must(t, 201, key, `{"displayName":"X"}`, prefer).str("appId"); other == appID {
		t.Error("the same appId after a purge")
	}
}

// A cloud without upsert (seen in national clouds): an update by key works, a
// creation does not, and a second POST is refused.
func TestNoUpsert(t *testing.T) {
	tn := start(t, entra.Options{NoUpsert: true})
	tn.must(t, 404, "PATCH applications(uniqueName='x')", `{"displayName":"X"}`, prefer)
	tn.must(t, 201, "POST applications", `{"displayName":"X","uniqueName":"x"}`)
	tn.refused(t, 400, "Request_BadRequest", "Another object", "POST applications", `{"displayName":"X","uniqueName":"x"}`)
	tn.must(t, 204, "PATCH applications(uniqueName='x')", `{"displayName":"Y"}`, prefer)
}

// Defaults and limits of section 2.
func TestApplicationDefaults(t *testing.T) {
	tn := start(t, entra.Options{})
	made := tn.must(t, 201, "POST applications", `{"displayName":"X"}`)
	for path, want := range map[string]any{
		"isFallbackPublicClient": nil, "signInAudience": "AzureADMyOrg", "publisherDomain": "contoso.com", "identifierUris": []any{}, "tags": []any{},
		"api.requestedAccessTokenVersion": nil, "requiredResourceAccess": []any{}, "publicClient.redirectUris": []any{}, "uniqueName": nil,
	} {
		equal(t, path, at(made.body, path), want)
	}
	id, appID := made.str("id"), made.str("appId")
	patch := "PATCH applications/" + id
	for body, message := range map[string]string{
		`{"displayName":"` + strings.Repeat("x", 257) + `"}`:      "Invalid value specified for property 'displayName' of resource 'Application'.",
		`{"description":"` + strings.Repeat("x", 1025) + `"}`:     "Invalid value specified for property 'description'",
		`{"identifierUris":["api://x"]}`:                          "Failed to add identifier URI api://x. All newly added URIs must contain",
		`{"api":{"requestedAccessTokenVersion":3}}`:               "requestedAccessTokenVersion",
		`{"api":{"accessTokenVersion":2}}`:                        "Invalid property 'accessTokenVersion'.",
		`{"signInAudience":"AzureADandPersonalMicrosoftAccount"}`: "requestedAccessTokenVersion",
		`{"signInAudience":"Everybody"}`:                          "signInAudience",
		`{"appId":"x"}`:                                           "Property 'appId' is read-only",
	} {
		tn.refused(t, 400, "Request_BadRequest", message, patch, body)
	}
	tn.must(t, 204, patch, `{"identifierUris":["api://`+appID+`","api://`+entra.DefaultTenantID+`/`+appID+`","https://influx.contoso.com"]}`)
	// Parts of an object are changed one by one.
	tn.must(t, 204, patch, `{"api":{"requestedAccessTokenVersion":2},"isFallbackPublicClient":true}`)
	tn.must(t, 204, patch, `{"api":{"acceptMappedClaims":true}}`)
	equal(t, "version", at(tn.must(t, 200, "GET applications/"+id, "").body, "api.requestedAccessTokenVersion"), any(2.0))
	got := tn.Applications()[0]
	equal(t, "inspection", []any{got.PublicClient, got.TokenVersion, got.Owners}, []any{true, int64(2), []string{tn.AutomationID()}})
	tn.must(t, 204, "PATCH applications/"+id, `{"requiredResourceAccess":[{"resourceAppId":"00000003-0000-0000-c000-000000000000","resourceAccess":[{"id":"e1fe6dd8-ba31-4d61-89e7-88639da4683d","type":"Scope"}]}]}`)
}

// Service principals (section 3).
func TestServicePrincipals(t *testing.T) {
	tn := start(t, entra.Options{})
	app := tn.must(t, 201, "POST applications", `{"displayName":"X","tags":["app"]}`)
	appID := app.str("appId")
	tn.refused(t, 400, "Request_BadRequest", "does not reference a valid application object.", "POST servicePrincipals", `{"appId":"00000000-0000-0000-0000-000000000009"}`)
	tn.refused(t, 404, "Request_ResourceNotFound", appID, "PATCH servicePrincipals(appId='"+appID+"')", `{"tags":["own"]}`)
	sp := tn.must(t, 201, "PATCH servicePrincipals(appId='"+appID+"')", `{"tags":["own"]}`, prefer)
	equal(t, "tags", sp.body["tags"], any([]any{"app", "own"}))
	equal(t, "defaults", []any{sp.body["accountEnabled"], sp.body["appRoleAssignmentRequired"], sp.body["displayName"]}, []any{true, false, "X"})
	if again := tn.must(t, 204, "PATCH servicePrincipals(appId='"+appID+"')", `{"appRoleAssignmentRequired":true}`, prefer); again.text != "" {
		t.Errorf("body %s", again.text)
	}
	tn.refused(t, 409, "Request_MultipleObjectsWithSameKeyValue", "the service principal name "+appID+" is already in use.", "POST servicePrincipals", `{"appId":"`+appID+`"}`)
	// Assignments.
	user, id := tn.user(t, "marty"), sp.str("id")
	assignment := `{"principalId":"` + user + `","resourceId":"` + id + `","appRoleId":"00000000-0000-0000-0000-000000000000"}`
	made := tn.must(t, 201, "POST servicePrincipals/"+id+"/appRoleAssignedTo", assignment)
	tn.refused(t, 400, "Request_BadRequest", "Permission being assigned already exists on the object", "POST servicePrincipals/"+id+"/appRoleAssignedTo", assignment)
	list := tn.must(t, 200, "GET servicePrincipals/"+id+"/appRoleAssignedTo", "")
	equal(t, "assigned", list.column("principalDisplayName"), []string{"marty"})
	tn.must(t, 204, "DELETE servicePrincipals/"+id+"/appRoleAssignedTo/"+made.str("id"), "")
	equal(t, "assigned", tn.Assignments(id), []string(nil))
	// Grants.
	graph := tn.must(t, 200, "GET servicePrincipals(appId='00000003-0000-0000-c000-000000000000')?$select=id", "").str("id")
	grant := tn.must(t, 201, "POST oauth2PermissionGrants", `{"clientId":"`+id+`","consentType":"AllPrincipals","resourceId":"`+graph+`","scope":"User.Read"}`).str("id")
	equal(t, "grants", tn.must(t, 200, "GET oauth2PermissionGrants?$filter=clientId eq '"+id+"' and consentType eq 'AllPrincipals'", "").column("id"), []string{grant})
	tn.must(t, 204, "DELETE oauth2PermissionGrants/"+grant, "")
	equal(t, "grants", tn.must(t, 200, "GET servicePrincipals/"+id+"/oauth2PermissionGrants", "").column("id"), []string{})
	// Owners.
	tn.must(t, 204, "POST applications/"+app.str("id")+"/owners/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/`+user+`"}`)
	equal(t, "owners", len(tn.must(t, 200, "GET applications/"+app.str("id")+"/owners", "").values()), 2)
}

// The quota counts what is in the recycle bin too (section 2).
func TestQuota(t *testing.T) {
	tn := start(t, entra.Options{ObjectQuota: 2})
	app := tn.must(t, 201, "POST applications", `{"displayName":"X"}`)
	tn.must(t, 201, "POST servicePrincipals", `{"appId":"`+app.str("appId")+`"}`)
	tn.must(t, 204, "DELETE applications/"+app.str("id"), "")
	tn.refused(t, 403, "Directory_QuotaExceeded", "The directory object quota limit for the Principal", "POST applications", `{"displayName":"Y"}`)
	tn.must(t, 204, "DELETE directory/deletedItems/"+app.str("id"), "")
	tn.must(t, 201, "POST applications", `{"displayName":"Y"}`)
}
