package auth0

import "github.com/idpctl/idpctl/resource"

// Where names that Auth0 does not have are known from.
const (
	keycloak  = "Keycloak"
	entra     = "Microsoft Entra ID"
	terraform = "Terraform's provider auth0"
)

// foreignKinds are the blocks of the other identity providers.
func foreignKinds() map[string]resource.Foreign {
	return map[string]resource.Foreign{
		"realm":           {Of: keycloak, Instead: "Write tenant, with its domain"},
		"role":            {Of: terraform, Instead: "Write group"},
		"resource_server": {Of: terraform, Instead: "Write api"},
	}
}

// foreign are the names of a kind's arguments with other identity providers and
// tools, and what to write here.
func foreign(kind string) map[string]resource.Foreign {
	write := func(of, name string) resource.Foreign { return resource.Foreign{Of: of, Instead: "Write " + name} }
	switch kind {
	case "tenant":
		return map[string]resource.Foreign{
			"realm":       write(keycloak, "domain"),
			"device_flow": write(terraform, "device_code_charset and device_code_mask"),
		}
	case "api":
		return map[string]resource.Foreign{
			"skip_consent_for_verifiable_first_party_clients": write(terraform, "skip_consent"),
			"audience": {Of: "OAuth", Instead: "Write identifier"},
		}
	case "client":
		return map[string]resource.Foreign{
			"realm":               write(keycloak, "tenant = tenant.NAME"),
			"display_name":        write(entra, "name"),
			"public_client":       write(entra, "token_endpoint_auth_method = \"none\""),
			"client_secret":       {Of: keycloak, Instead: "The device client is public and needs no secret: leave it out"},
			"callbacks":           {Of: terraform, Instead: "The device flow needs none: leave it out"},
			"valid_redirect_uris": {Of: keycloak, Instead: "The device flow needs none: leave it out"},
			"assignment_required": {Of: entra, Instead: "Leave it out"},
			"oauth2_device_authorization_grant_enabled": write(keycloak, "grant_types"),
			"refresh_token": write(terraform, "refresh_token_rotation and refresh_token_lifetime"),
			"metadata":      write(terraform, "client_metadata"),
		}
	case "user":
		return map[string]resource.Foreign{
			"realm":                      write(keycloak, "tenant = tenant.NAME"),
			"user_principal_name":        {Of: entra, Instead: "Auth0's users sign in with their e-mail: leave it out"},
			"given_name":                 write(terraform, "first_name"),
			"family_name":                write(terraform, "last_name"),
			"display_name":               write(entra, "name"),
			"connection_name":            write(terraform, "connection"),
			"password":                   write(terraform, "initial_password, or generate_password = true"),
			"enabled":                    write(keycloak, "blocked, which is the opposite"),
			"attributes":                 write(keycloak, "user_metadata or app_metadata"),
			"required_actions":           {Of: keycloak, Instead: "Leave it out"},
			"guest":                      {Of: entra, Instead: "Leave it out"},
			"verify_email":               {Of: terraform, Instead: "Write email_verified"},
			"initial_password_temporary": {Of: keycloak, Instead: "Auth0 has no passwords that must be changed; invite = true lets the user set one"},
		}
	case "group":
		return map[string]resource.Foreign{
			"realm":         write(keycloak, "tenant = tenant.NAME"),
			"display_name":  write(entra, "name"),
			"parent":        {Of: keycloak, Instead: "Roles of Auth0 have none: leave it out"},
			"owners":        {Of: entra, Instead: "Leave it out"},
			"mail_nickname": {Of: entra, Instead: "Leave it out"},
			"attributes":    {Of: keycloak, Instead: "Leave it out"},
		}
	}
	return nil
}
