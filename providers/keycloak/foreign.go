package keycloak

import "github.com/idpctl/idpctl/resource"

// Where names that Keycloak does not have are known from.
const (
	entra = "Microsoft Entra ID"
	auth0 = "Auth0"
)

// foreignKinds are the blocks of the other identity providers.
func foreignKinds() map[string]resource.Foreign {
	return map[string]resource.Foreign{
		"tenant": {Of: entra + " and " + auth0, Instead: "Write realm"},
		"api":    {Of: auth0, Instead: "Leave it out: Keycloak's access tokens need none"},
	}
}

// foreign are the names of a kind's arguments with other identity providers and
// with Terraform's provider for Keycloak, and what to write here.
func foreign(kind string) map[string]resource.Foreign {
	write := func(of, name string) resource.Foreign { return resource.Foreign{Of: of, Instead: "Write " + name} }
	const terraform = "Terraform's provider for Keycloak"
	var names map[string]resource.Foreign
	switch kind {
	case "realm":
		names = map[string]resource.Foreign{
			"name":                        write("other kinds", "realm"),
			"internal_id":                 write(terraform, "id"),
			"default_domain":              {Of: entra},
			"friendly_name":               write(auth0, "display_name"),
			"session_lifetime":            write(auth0, "sso_session_max_lifespan, in seconds"),
			"idle_session_lifetime":       write(auth0, "sso_session_idle_timeout, in seconds"),
			"security_defenses":           write(terraform, "brute_force_protected and its settings"),
			"default_signature_algorithm": {Of: terraform, Instead: "The realm's keys are RS256; leave it out"},
		}
	case "client":
		names = map[string]resource.Foreign{
			"display_name":                   write(entra, "name"),
			"application_id":                 write(entra, "client_id"),
			"sign_in_audience":               {Of: entra, Instead: "A client serves its realm alone: leave it out"},
			"public_client":                  write("Keycloak's API", `access_type = "PUBLIC"`),
			"is_fallback_public_client":      write(entra, `access_type = "PUBLIC"`),
			"fallback_public_client_enabled": write(entra, `access_type = "PUBLIC"`),
			"requested_access_token_version": {Of: entra, Instead: "Leave it out"},
			"assignment_required":            {Of: entra, Instead: "The admins of a cluster block say who has access"},
			"owners":                         {Of: entra, Instead: "Leave it out"},
			"tags":                           write(entra, "attributes"),
			"notes":                          write(entra, "description"),
			"app_type":                       {Of: auth0, Instead: "A client is a public one with the device flow: leave it out"},
			"grant_types":                    write(auth0, "oauth2_device_authorization_grant_enabled and the other flows by their names"),
			"token_endpoint_auth_method":     write(auth0, "access_type"),
			"oidc_conformant":                {Of: auth0, Instead: "Leave it out"},
			"callbacks":                      write(auth0, "valid_redirect_uris"),
			"refresh_token":                  write(auth0, "revoke_refresh_token in the realm"),
			"connections":                    {Of: auth0, Instead: "All users of the realm can sign in with the client"},
			"client_metadata":                write(auth0, "attributes"),
		}
	case "user":
		names = map[string]resource.Foreign{
			"user_principal_name": write(entra, "username"),
			"mail":                write(entra, "email"),
			"mail_nickname":       write(entra, "username"),
			"other_mails":         write(entra, "attributes"),
			"display_name":        write(entra, "first_name and last_name"),
			"surname":             write(entra, "last_name"),
			"usage_location":      {Of: entra, Instead: "Leave it out"},
			"account_enabled":     write(entra, "enabled"),
			"guest":               {Of: entra, Instead: "Leave it out"},
			"given_name":          write(entra+" and "+auth0, "first_name"),
			"family_name":         write(auth0, "last_name"),
			"name":                write(auth0, "first_name and last_name"),
			"nickname":            write(auth0, "username"),
			"connection":          {Of: auth0, Instead: "The realm holds the users: leave it out"},
			"blocked":             write(auth0, "enabled = false"),
			"verified":            write(auth0, "email_verified"),
			"user_metadata":       write(auth0, "attributes"),
			"app_metadata":        write(auth0, "attributes"),
			"password":            write(auth0, "initial_password, generate_password or invite"),
		}
	case "group":
		names = map[string]resource.Foreign{
			"display_name":     write(entra, "name"),
			"mail_nickname":    {Of: entra, Instead: "Leave it out"},
			"owners":           {Of: entra, Instead: "Leave it out"},
			"security_enabled": {Of: entra, Instead: "Leave it out"},
			"description":      write(entra+" and "+auth0, "attributes"),
			"permissions":      {Of: auth0, Instead: "Leave it out"},
			"parent_id":        write(terraform, "parent"),
		}
	}
	if kind != "realm" {
		names["tenant"] = write(entra+" and "+auth0, "realm")
		names["realm_id"] = write(terraform, "realm")
	}
	return names
}
