package auth0

import (
	"github.com/idpctl/idpctl/providers"
)

// The scopes of the Management API that idpctl uses, the least that each operation
// takes (https://auth0.com/docs/api/management/v2).
const (
	readTenant      = "read:tenant_settings"
	updateSettings  = "update:tenant_settings"
	readDomains     = "read:custom_domains"
	readConnections = "read:connections"
	enableOn        = "update:connections"
	readClients     = "read:clients"
	createClients   = "create:clients"
	updateClients   = "update:clients"
	deleteClients   = "delete:clients"
	readAPIs        = "read:resource_servers"
	createAPIs      = "create:resource_servers"
	updateAPIs      = "update:resource_servers"
	deleteAPIs      = "delete:resource_servers"
	readUsers       = "read:users"
	createUsers     = "create:users"
	updateUsers     = "update:users"
	deleteUsers     = "delete:users"
	readRoles       = "read:roles"
	createRoles     = "create:roles"
	updateRoles     = "update:roles"
	deleteRoles     = "delete:roles"
)

func tenantSettings() []string {
	return []string{"friendly_name", "support_email", "support_url", "session_lifetime", "idle_session_lifetime", "device_code_charset", "device_code_mask", "default_audience"}
}

// permissions are these with what they are for.
func permissions() []providers.Permission {
	return []providers.Permission{
		{Name: readTenant, Why: "read the settings of the tenant"},
		{Name: readDomains, Why: "know a custom domain at which users sign in"},
		{Name: updateSettings, Why: "change the settings of the tenant", Kind: "tenant", Managed: true, Attributes: tenantSettings()},
		{Name: readConnections, Why: "find connections", Kind: "client"},
		{Name: readConnections, Why: "find the database connections, and whether people sign up to them", Kind: "user"},
		{Name: readClients, Why: "find applications", Kind: "client"},
		{Name: createClients, Why: "create applications", Kind: "client", Managed: true},
		{Name: updateClients, Why: "change applications", Kind: "client", Managed: true},
		{Name: deleteClients, Why: "delete applications that are not in the configuration any more", Kind: "client", Managed: true},
		{Name: enableOn, Why: "enable connections on applications", Kind: "client", Managed: true},
		{Name: readAPIs, Why: "find APIs", Kind: "api"},
		{Name: createAPIs, Why: "create APIs", Kind: "api", Managed: true},
		{Name: updateAPIs, Why: "change APIs", Kind: "api", Managed: true},
		{Name: deleteAPIs, Why: "delete APIs that are not in the configuration any more", Kind: "api", Managed: true},
		{Name: readUsers, Why: "find users", Kind: "user"},
		{Name: createUsers, Why: "create users, one by one and by jobs", Kind: "user", Managed: true},
		{Name: updateUsers, Why: "change users", Kind: "user", Managed: true},
		{Name: deleteUsers, Why: "delete users that are not in the configuration any more", Kind: "user", Managed: true},
		{Name: readRoles, Why: "find roles and who has them", Kind: "group"},
		{Name: readUsers, Why: "find who has a role", Kind: "group"},
		{Name: readRoles, Why: "find the users who have a role", Kind: "user", Attributes: []string{"group"}},
		{Name: createRoles, Why: "create roles", Kind: "group", Managed: true},
		{Name: updateRoles, Why: "change roles, and give them to users", Kind: "group", Managed: true},
		{Name: deleteRoles, Why: "delete roles that are not in the configuration any more", Kind: "group", Managed: true},
		{Name: updateUsers, Why: "take roles from users", Kind: "group", Managed: true, Attributes: []string{"members"}},
	}
}

// grantHint says how a scope is granted to the application that idpctl signs in as.
func grantHint(scope string) string {
	if scope == "" {
		return "In the dashboard: Applications, APIs, Auth0 Management API, Machine to Machine Applications: authorize the application. `idpctl providers permissions` lists the scopes"
	}
	return "In the dashboard: Applications, APIs, Auth0 Management API, Machine to Machine Applications, the application: add the scope " + providers.Clean(scope, 120) + ". `idpctl providers permissions` lists all that the configuration needs"
}
