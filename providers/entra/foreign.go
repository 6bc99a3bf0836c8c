package entra

import "github.com/idpctl/idpctl/resource"

// Where names that Entra ID does not have are known from.
const (
	keycloak  = "Keycloak"
	auth0     = "Auth0"
	terraform = "Terraform's provider azuread"
)

// foreignKinds are the blocks of the other identity providers.
func foreignKinds() map[string]resource.Foreign {
	return map[string]resource.Foreign{
		"realm": {Of: keycloak, Instead: "Write tenant, with its domain"},
		"api":   {Of: auth0, Instead: "Leave it out: Entra ID's access tokens need none"},
	}
}

// foreign are the names of a kind's arguments with other identity providers and
// tools, and what to write here.
func foreign(kind string) map[string]resource.Foreign {
	write := func(of, name string) resource.Foreign { return resource.Foreign{Of: of, Instead: "Write " + name} }
	switch kind {
	case "tenant":
		return map[string]resource.Foreign{
			"realm":     write(keycloak, "domain"),
			"tenant_id": write(terraform, "domain, which may be the tenant's id"),
		}
	case "client":
		return map[string]resource.Foreign{
			"realm":                                     write(keycloak, "tenant = tenant.NAME"),
			"display_name":                              write(terraform, "name"),
			"application_id":                            {Of: terraform, Instead: "It is client_id, and Entra ID decides on it: leave it out"},
			"fallback_public_client_enabled":            write(terraform, "public_client"),
			"requested_access_token_version":            write(terraform, "access_token_version"),
			"app_role_assignment_required":              write(terraform, "assignment_required"),
			"client_secret":                             {Of: keycloak, Instead: "The device client is public and has no secret: leave it out"},
			"valid_redirect_uris":                       {Of: keycloak, Instead: "The device flow needs none: leave it out"},
			"oauth2_device_authorization_grant_enabled": write(keycloak, "public_client"),
			"app_type":                                  {Of: auth0, Instead: "A client is a public one: leave it out"},
			"grant_types":                               write(auth0, "public_client"),
		}
	case "user":
		return map[string]resource.Foreign{
			"realm":                 write(keycloak, "tenant = tenant.NAME"),
			"username":              write(keycloak, "user_principal_name"),
			"given_name":            write(terraform, "first_name"),
			"surname":               write(terraform, "last_name"),
			"mail":                  write(terraform, "email"),
			"account_enabled":       write(terraform, "enabled"),
			"password":              write(terraform, "initial_password, or generate_password = true"),
			"force_password_change": write(terraform, "initial_password_temporary"),
			"email_verified":        {Of: keycloak, Instead: "Leave it out"},
			"attributes":            {Of: keycloak, Instead: "Leave it out"},
			"required_actions":      {Of: keycloak, Instead: "Leave it out"},
			"connection":            {Of: auth0, Instead: "Leave it out"},
		}
	case "group":
		return map[string]resource.Foreign{
			"realm":            write(keycloak, "tenant = tenant.NAME"),
			"display_name":     write(terraform, "name"),
			"parent":           {Of: keycloak, Instead: "Put this group among the members of the other one"},
			"attributes":       {Of: keycloak, Instead: "Leave it out"},
			"security_enabled": {Of: terraform, Instead: "It is one: leave it out"},
		}
	}
	return nil
}
