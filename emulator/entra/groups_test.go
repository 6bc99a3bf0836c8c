package entra_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/entra"
)

const newGroup = `{"displayName":"admins","mailEnabled":false,"mailNickname":"admins","securityEnabled":true}`

// bind is a list of references.
func bind(ids ...string) string {
	refs := make([]string, len(ids))
	for i, id := range ids {
		refs[i] = `"https://graph.microsoft.com/v1.0/directoryObjects/` + id + `"`
	}
	return `[` + strings.Join(refs, ",") + `]`
}

// Names of groups are not unique, which emulators get wrong (9).
func TestGroups(t *testing.T) {
	tn := start(t, entra.Options{})
	first := tn.must(t, 201, "POST groups", newGroup).str("id")
	if second := tn.must(t, 201, "POST groups", newGroup).str("id"); first == second {
		t.Error("two requests, one group")
	}
	for body, message := range map[string]string{
		strings.ReplaceAll(newGroup, `"mailNickname":"admins",`, ""):                                                 "Property mailNickname value is required but is empty or missing.",
		strings.ReplaceAll(newGroup, `"mailNickname":"admins"`, `"mailNickname":"a b"`):                              "Invalid value specified for property 'mailNickname' of resource 'Group'.",
		strings.ReplaceAll(newGroup, `"securityEnabled":true`, `"securityEnabled":false`):                            "mail-enabled",
		strings.ReplaceAll(newGroup, `admins`, strings.Repeat("x", 257)):                                             "Invalid value",
		strings.ReplaceAll(newGroup, `}`, `,"colour":"red"}`):                                                        "Invalid property 'colour'.",
		strings.ReplaceAll(newGroup, `}`, `,"members@odata.bind":`+bind("00000000-0000-0000-0000-000000000001")+`}`): "Resource '00000000-0000-0000-0000-000000000001' does not exist",
	} {
		tn.refused(t, 400, "Request_BadRequest", message, "POST groups", body)
	}
	// A Microsoft 365 group's mailNickname is unique.
	unified := `{"displayName":"u","mailEnabled":true,"mailNickname":"u","securityEnabled":false,"groupTypes":["Unified"]}`
	u := tn.must(t, 201, "POST groups", unified).str("id")
	tn.refused(t, 400, "Request_BadRequest", "Another object with the same value for property mailNickname", "POST groups", unified)
	// Security groups are deleted for good, the others are not.
	tn.must(t, 204, "DELETE groups/"+first, "")
	tn.must(t, 204, "DELETE groups/"+u, "")
	equal(t, "bin", tn.must(t, 200, "GET directory/deletedItems/microsoft.graph.group", "").column("id"), []string{u})
	// Upsert.
	made := tn.must(t, 201, "PATCH groups(uniqueName='k')", newGroup, prefer).str("id")
	tn.must(t, 204, "PATCH groups(uniqueName='k')", newGroup, prefer)
	equal(t, "by key", tn.must(t, 200, "GET groups(uniqueName='k')", "").str("id"), made)
}

// Members (section 5). What emulators get wrong: existing members are 400, not
// 409 (2), removing who is none is an error (13).
func TestMembers(t *testing.T) {
	tn := start(t, entra.Options{})
	var users []string
	for i := range 22 {
		users = append(users, tn.AddUser(object{"userPrincipalName": fmt.Sprintf("u%02d@contoso.com", i)}))
	}
	id := tn.must(t, 201, "POST groups", strings.ReplaceAll(newGroup, "}", `,"members@odata.bind":`+bind(users[0])+`,"owners@odata.bind":`+bind(users[1])+`}`)).str("id")
	group := "groups/" + id
	members := func() []string { return tn.Groups()[0].Members }
	sorted := func(ids ...string) []string { return slices.Sorted(slices.Values(ids)) }
	equal(t, "owners", tn.Groups()[0].Owners, users[1:2])
	tn.must(t, 204, "PATCH "+group, `{"members@odata.bind":`+bind(users[1:21]...)+`}`)
	equal(t, "members", members(), sorted(users[:21]...))
	// All or nothing, and at most 20.
	tn.refused(t, 400, "Request_BadRequest", "One or more added object references already exist for the following modified properties: 'members'.",
		"PATCH "+group, `{"displayName":"x","members@odata.bind":`+bind(users[21], users[0])+`}`)
	tn.refused(t, 400, "Request_BadRequest", "limited to 20", "PATCH "+group, `{"members@odata.bind":`+bind(users[:21]...)+`}`)
	tn.refused(t, 404, "Request_ResourceNotFound", "00000000-0000-0000-0000-000000000001", "PATCH "+group, `{"members@odata.bind":`+bind(users[21], "00000000-0000-0000-0000-000000000001")+`}`)
	equal(t, "after refusals", []any{members(), tn.Groups()[0].DisplayName}, []any{sorted(users[:21]...), "admins"})
	ref := func(user string) string {
		return `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/` + user + `"}`
	}
	tn.refused(t, 400, "Request_BadRequest", "already exist", "POST "+group+"/members/$ref", ref(users[0]))
	tn.refused(t, 404, "Request_ResourceNotFound", "", "POST "+group+"/members/$ref", ref("00000000-0000-0000-0000-000000000001"))
	tn.must(t, 204, "POST "+group+"/members/$ref", ref(users[21]))
	tn.must(t, 204, "DELETE "+group+"/members/"+users[21]+"/$ref", "")
	// The message names the group.
	tn.refused(t, 404, "Request_ResourceNotFound", "Resource '"+id+"' does not exist", "DELETE "+group+"/members/"+users[21]+"/$ref", "")
	// Without /$ref the member itself goes.
	tn.must(t, 204, "DELETE "+group+"/members/"+users[20], "")
	tn.must(t, 404, "GET users/"+users[20], "")
	// Service principals are left out; groups are not; casts select.
	nested := tn.AddGroup(object{"displayName": "nested"}, users[21])
	tn.SetMembers(id, users[0], nested, tn.AutomationID())
	list := tn.must(t, 200, "GET "+group+"/members?$select=id,userPrincipalName", "")
	equal(t, "members", slices.Sorted(slices.Values(list.column("id"))), sorted(users[0], nested))
	equal(t, "users", tn.must(t, 200, "GET "+group+"/members/microsoft.graph.user", "").column("id"), users[:1])
	equal(t, "transitive", slices.Sorted(slices.Values(tn.must(t, 200, "GET "+group+"/transitiveMembers/microsoft.graph.user", "").column("id"))), sorted(users[0], users[21]))
	equal(t, "memberOf", tn.must(t, 200, "GET users/"+users[21]+"/memberOf", "").column("id"), []string{nested})
	equal(t, "transitiveMemberOf", slices.Sorted(slices.Values(tn.must(t, 200, "GET users/"+users[21]+"/transitiveMemberOf/microsoft.graph.group", "").column("id"))), sorted(id, nested))
	tn.refused(t, 400, "Request_UnsupportedQuery", "The specified filter to the reference property query is currently not supported.",
		"GET "+group+"/members?$filter=displayName eq 'u00'", "")
	equal(t, "filtered", tn.must(t, 200, "GET "+group+"/members/microsoft.graph.user?$count=true&$filter=displayName eq 'u00'", "", "ConsistencyLevel: eventual").column("id"), users[:1])
}

// getByIds (section 4): up to 1,000, what is missing is left out.
func TestGetByIDs(t *testing.T) {
	tn := start(t, entra.Options{})
	user, group := tn.user(t, "marty"), tn.AddGroup(object{"displayName": "g"})
	body := `{"ids":["` + user + `","` + group + `","00000000-0000-0000-0000-000000000001"],"types":["user"]}`
	got := tn.must(t, 200, "POST directoryObjects/getByIds", body)
	equal(t, "found", []any{got.column("id"), got.column("@odata.type")}, []any{[]string{user}, []string{"#microsoft.graph.user"}})
	tn.refused(t, 400, "Request_BadRequest", "Invalid GUID specified.", "POST directoryObjects/getByIds", `{"ids":["marty"]}`)
	tn.refused(t, 400, "Request_BadRequest", "1000", "POST directoryObjects/getByIds", `{"ids":["`+strings.Repeat(user+`","`, 1000)+user+`"]}`)
}
