package auth0

import "strings"

// Parameters that many lists take (section 1).
var (
	paging  = []string{"page", "per_page", "include_totals"}
	fields  = []string{"fields", "include_fields"}
	forward = []string{"from", "take"}
)

// takes puts lists of parameters together.
func takes(names []string, more ...[]string) []string {
	out := append([]string{}, names...)
	for _, m := range more {
		out = append(out, m...)
	}
	return out
}

// need are scopes of which a route needs one.
func need(scopes ...string) []string { return scopes }

// routes are all of the Management API that is emulated. The first one that
// matches counts.
func routes() []route {
	list := []route{
		{method: "GET", pattern: "tenants/settings", handle: (*call).getSettings, scopes: need("read:tenant_settings"), query: fields},
		{method: "PATCH", pattern: "tenants/settings", handle: (*call).patchSettings, scopes: need("update:tenant_settings")},
		{method: "GET", pattern: "custom-domains", handle: (*call).listDomains, scopes: need("read:custom_domains")},

		{method: "GET", pattern: "connections", handle: (*call).listConnections, scopes: need("read:connections"), group: readConnections,
			query: takes(paging, fields, forward, []string{"name", "strategy"})},
		{method: "POST", pattern: "connections", handle: (*call).createConnection, scopes: need("create:connections")},
		{method: "GET", pattern: "connections/{id}", handle: (*call).getConnection, scopes: need("read:connections"), group: readConnections, query: fields},
		{method: "PATCH", pattern: "connections/{id}", handle: (*call).patchConnection, scopes: need("update:connections")},
		{method: "DELETE", pattern: "connections/{id}", handle: (*call).deleteConnection, scopes: need("delete:connections")},
		{method: "GET", pattern: "connections/{id}/clients", handle: (*call).listEnabled, scopes: need("read:connections"), group: readConnections, query: forward},
		{method: "PATCH", pattern: "connections/{id}/clients", handle: (*call).patchEnabled, scopes: need("update:connections")},

		{method: "GET", pattern: "resource-servers", handle: (*call).listAPIs, scopes: need("read:resource_servers"),
			query: takes(paging, forward, []string{"include_fields", "fields", "identifiers"})},
		{method: "POST", pattern: "resource-servers", handle: (*call).createAPI, scopes: need("create:resource_servers")},
		{method: "GET", pattern: "resource-servers/{id}", handle: (*call).getAPI, scopes: need("read:resource_servers"), query: fields},
		{method: "PATCH", pattern: "resource-servers/{id}", handle: (*call).patchAPI, scopes: need("update:resource_servers")},
		{method: "DELETE", pattern: "resource-servers/{id}", handle: (*call).deleteAPI, scopes: need("delete:resource_servers")},

		{method: "GET", pattern: "client-grants", handle: (*call).listGrants, scopes: need("read:client_grants"),
			query: takes(paging, forward, []string{"audience", "client_id", "subject_type"})},
		{method: "POST", pattern: "client-grants", handle: (*call).createGrant, scopes: need("create:client_grants")},
		{method: "GET", pattern: "client-grants/{id}", handle: (*call).getGrant, scopes: need("read:client_grants")},
		{method: "PATCH", pattern: "client-grants/{id}", handle: (*call).patchGrant, scopes: need("update:client_grants")},
		{method: "DELETE", pattern: "client-grants/{id}", handle: (*call).deleteGrant, scopes: need("delete:client_grants")},

		{method: "POST", pattern: "tickets/password-change", handle: (*call).passwordTicket, scopes: need("create:user_tickets")},
		{method: "POST", pattern: "jobs/users-imports", handle: (*call).importUsers, scopes: need("create:users")},
		{method: "GET", pattern: "jobs/{id}", handle: (*call).getJob, scopes: need("create:users", "read:users")},
		{method: "GET", pattern: "jobs/{id}/errors", handle: (*call).jobErrors, scopes: need("create:users", "read:users")},
	}
	list = append(list, clientRoutes()...)
	list = append(list, userRoutes()...)
	list = append(list, roleRoutes()...)
	for i := range list {
		list[i].segments = strings.Split(list[i].pattern, "/")
	}
	return list
}

func clientRoutes() []route {
	read := need("read:clients", "read:client_keys", "read:client_credentials", "read:client_summary")
	update := need("update:clients", "update:client_keys", "update:client_credentials")
	return []route{
		{method: "GET", pattern: "clients", handle: (*call).listClients, scopes: read, group: readClients,
			query: takes(paging, fields, forward, []string{"is_global", "is_first_party", "app_type"})},
		{method: "POST", pattern: "clients", handle: (*call).createClient, scopes: need("create:clients")},
		{method: "GET", pattern: "clients/{id}", handle: (*call).getClient, scopes: read, group: readClients, query: fields},
		{method: "PATCH", pattern: "clients/{id}", handle: (*call).patchClient, scopes: update},
		{method: "DELETE", pattern: "clients/{id}", handle: (*call).deleteClient, scopes: need("delete:clients")},
		{method: "GET", pattern: "clients/{id}/connections", handle: (*call).connectionsOfClient, scopes: need("read:connections"), group: readClients,
			query: takes(fields, forward, []string{"strategy"})},
		{method: "GET", pattern: "clients/{id}/credentials", handle: (*call).listCredentials, scopes: need("read:client_credentials")},
		{method: "POST", pattern: "clients/{id}/credentials", handle: (*call).createCredential, scopes: need("create:client_credentials")},
		{method: "GET", pattern: "clients/{id}/credentials/{credential}", handle: (*call).getCredential, scopes: need("read:client_credentials")},
		{method: "DELETE", pattern: "clients/{id}/credentials/{credential}", handle: (*call).deleteCredential, scopes: need("delete:client_credentials")},
	}
}

func userRoutes() []route {
	return []route{
		{method: "GET", pattern: "users", handle: (*call).searchUsers, scopes: need("read:users", "read:user_idp_tokens"), group: readUsers,
			query: takes(paging, fields, []string{"q", "search_engine", "sort", "connection", "primary_order"})},
		{method: "POST", pattern: "users", handle: (*call).createUser, scopes: need("create:users"), group: writeUsers},
		{method: "GET", pattern: "users-by-email", handle: (*call).usersByEmail, scopes: need("read:users"), group: readUsers, query: takes(fields, []string{"email"})},
		{method: "GET", pattern: "users/{id}", handle: (*call).getUser, scopes: need("read:users", "read:current_user", "read:user_idp_tokens"), group: readUsers, query: fields},
		{method: "PATCH", pattern: "users/{id}", handle: (*call).patchUser, scopes: need("update:users", "update:users_app_metadata"), group: writeUsers},
		{method: "DELETE", pattern: "users/{id}", handle: (*call).deleteUser, scopes: need("delete:users"), group: deleteUsers},
		{method: "GET", pattern: "users/{id}/roles", handle: (*call).rolesOfUser, scopes: need("read:users", "read:roles"), query: paging},
		{method: "POST", pattern: "users/{id}/roles", handle: (*call).addRoles, scopes: need("update:users", "create:role_members")},
		{method: "DELETE", pattern: "users/{id}/roles", handle: (*call).removeRoles, scopes: need("update:users", "delete:role_members")},
		{method: "GET", pattern: "users/{id}/permissions", handle: (*call).userPermissions, scopes: need("read:users"), query: paging},
		{method: "POST", pattern: "users/{id}/permissions", handle: addPermissions(KindUser, noUser), scopes: need("update:users")},
		{method: "DELETE", pattern: "users/{id}/permissions", handle: removePermissions(KindUser, noUser), scopes: need("update:users")},
	}
}

func roleRoutes() []route {
	return []route{
		{method: "GET", pattern: "roles", handle: (*call).listRoles, scopes: need("read:roles"), query: takes(paging, []string{"name_filter"})},
		{method: "POST", pattern: "roles", handle: (*call).createRole, scopes: need("create:roles")},
		{method: "GET", pattern: "roles/{id}", handle: (*call).getRole, scopes: need("read:roles")},
		{method: "PATCH", pattern: "roles/{id}", handle: (*call).patchRole, scopes: need("update:roles")},
		{method: "DELETE", pattern: "roles/{id}", handle: (*call).deleteRole, scopes: need("delete:roles")},
		{method: "GET", pattern: "roles/{id}/users", handle: (*call).roleUsers, scopes: need("read:users", "read:roles", "read:role_members"), query: takes(paging, forward)},
		{method: "POST", pattern: "roles/{id}/users", handle: (*call).addRoleUsers, scopes: need("update:roles", "create:role_members")},
		{method: "GET", pattern: "roles/{id}/permissions", handle: (*call).rolePermissions, scopes: need("read:roles"), query: paging},
		{method: "POST", pattern: "roles/{id}/permissions", handle: addPermissions(KindRole, noRole), scopes: need("update:roles")},
		{method: "DELETE", pattern: "roles/{id}/permissions", handle: removePermissions(KindRole, noRole), scopes: need("update:roles")},
	}
}
