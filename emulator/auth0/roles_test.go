package auth0_test

import (
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// Roles with their odd codes: POST and DELETE are 200, a second DELETE is 404
// (section 3).
func TestRoles(t *testing.T) {
	for _, typed := range []bool{false, true} {
		tn := start(t, auth0.Options{RoleType: typed})
		a := tn.must(t, 200, "POST roles", `{"name":"admins"}`)
		id := a.str("id")
		want := object{"id": id, "name": "admins"}
		if typed {
			want["type"] = "tenant"
		}
		equal(t, "created", a.body, want)
		want["description"] = ""
		equal(t, "read", tn.must(t, 200, "GET roles/"+id, "").body, want)
		want["description"] = "d"
		equal(t, "changed", tn.must(t, 200, "PATCH roles/"+id, `{"description":"d"}`).body, want)
		tn.refused(t, 409, "", "already exists", "POST roles", `{"name":"admins"}`)
		tn.refused(t, 400, "invalid_body", "Missing required property: name", "POST roles", `{}`)
		tn.must(t, 200, "POST roles", `{"name":"Readers","description":null}`)
		for filter, names := range map[string]string{"": "admins Readers", "?name_filter=read": "Readers", "?name_filter=x": ""} {
			equal(t, filter, strings.Join(tn.must(t, 200, "GET roles"+filter, "").column("", "name"), " "), names)
		}
		equal(t, "deleted", tn.must(t, 200, "DELETE roles/"+id, "{}").text, "{}")
		tn.refused(t, 404, "", "The role does not exist.", "DELETE roles/"+id, "")
		tn.refused(t, 404, "", "The role does not exist.", "GET roles/"+id, "null")
	}
}

// Whether names may repeat is a switch, as nothing documents it.
func TestRoleNames(t *testing.T) {
	tn := start(t, auth0.Options{RoleNamesRepeat: true})
	tn.must(t, 200, "POST roles", `{"name":"admins"}`)
	tn.must(t, 200, "POST roles", `{"name":"admins"}`)
	equal(t, "roles", len(tn.Roles()), 2)
}

// Members from both sides; a user's roles come by name (sections 1 and 3).
func TestRoleMembers(t *testing.T) {
	tn := start(t, auth0.Options{})
	marty, doc := tn.user(t, "marty"), tn.user(t, "doc")
	b := tn.must(t, 200, "POST roles", `{"name":"b"}`).str("id")
	a := tn.must(t, 200, "POST roles", `{"name":"a"}`).str("id")
	equal(t, "200 {}", tn.must(t, 200, "POST roles/"+b+"/users", `{"users":["`+doc+`","`+marty+`"]}`).text, "{}")
	tn.must(t, 200, "POST roles/"+b+"/users", `{"users":["`+marty+`"]}`)
	equal(t, "204", tn.must(t, 204, "POST users/"+marty+"/roles", `{"roles":["`+a+`"]}`).text, "")
	list := tn.must(t, 200, "GET roles/"+b+"/users", "")
	equal(t, "members", list.column("", "user_id"), []string{doc, marty})
	equal(t, "properties", len(list.list[0].(object)), 4)
	equal(t, "roles", tn.must(t, 200, "GET users/"+marty+"/roles", "").column("", "name"), []string{"a", "b"})
	tn.must(t, 204, "DELETE users/"+marty+"/roles", `{"roles":["`+b+`"]}`)
	tn.must(t, 204, "DELETE users/"+marty+"/roles", `{"roles":["`+b+`"]}`)
	tn.must(t, 204, "DELETE users/"+doc, "")
	equal(t, "roles", []int{len(tn.Roles()[1].Members), len(tn.Users()[0].Roles)}, []int{0, 1})
	tn.refused(t, 404, "inexistent_user", "", "POST roles/"+b+"/users", `{"users":["x"]}`)
	tn.refused(t, 404, "", "The role does not exist.", "POST users/"+marty+"/roles", `{"roles":["x"]}`)
	tn.refused(t, 404, "inexistent_user", "", "GET users/x/roles", "")
	tn.refused(t, 400, "invalid_body", "Array is too short", "POST roles/"+b+"/users", `{"users":[]}`)
	tn.refused(t, 400, "invalid_body", "Array items are not unique (indexes 0 and 1)", "POST users/"+marty+"/roles", `{"roles":["`+b+`","`+b+`"]}`)
}

// Permissions: 201 {} to add, a body to remove, by name, with their sources
// (sections 1, 3 and 5).
func TestPermissions(t *testing.T) {
	tn := start(t, auth0.Options{})
	user := tn.user(t, "marty")
	tn.AddAPI(object{"identifier": "https://api.test", "name": "API", "scopes": []object{{"value": "w", "description": "write"}, {"value": "r"}}})
	role := tn.AddRole("admins", "", user)
	body := func(names ...string) string {
		var all []string
		for _, n := range names {
			all = append(all, `{"resource_server_identifier":"https://api.test","permission_name":"`+n+`"}`)
		}
		return `{"permissions":[` + strings.Join(all, ",") + `]}`
	}
	for _, of := range []string{"roles/" + role, "users/" + user} {
		equal(t, of, tn.must(t, 201, "POST "+of+"/permissions", body("w", "r")).text, "{}")
		tn.must(t, 201, "POST "+of+"/permissions", body("r"))
		equal(t, of, tn.must(t, 200, "GET "+of+"/permissions", "").column("", "permission_name"), []string{"r", "w"})
		tn.refused(t, 404, "inexistent_permission", "", "POST "+of+"/permissions", body("x"))
		tn.refused(t, 400, "invalid_body", "permissions", "POST "+of+"/permissions", `{}`)
	}
	tn.must(t, 204, "DELETE users/"+user+"/permissions", body("r"))
	all := tn.must(t, 200, "GET users/"+user+"/permissions", "").list
	equal(t, "of the user", all[1], object{"permission_name": "w", "description": "write", "resource_server_name": "API", "resource_server_identifier": "https://api.test",
		"sources": []any{object{"source_id": "", "source_name": "", "source_type": "DIRECT"}, object{"source_id": role, "source_name": "admins", "source_type": "ROLE"}}})
	equal(t, "by role", len(all[0].(object)["sources"].([]any)), 1)
	equal(t, "of the role", tn.Roles()[0].Permissions, []string{"https://api.test r", "https://api.test w"})
	tn.refused(t, 404, "", "The role does not exist.", "GET roles/x/permissions", "")
	tn.refused(t, 404, "inexistent_user", "", "POST users/x/permissions", body("r"))
}
