package auth0

import "github.com/idpctl/idpctl/emulator/jsonvalue"

// clientSchema are the properties of a client that may be sent when it is
// created; PATCH takes client_secret too (section 4).
func clientSchema() schema {
	return schema{
		"name": "string!", "description": "string", "logo_uri": "string", "callbacks": "strings", "allowed_origins": "strings", "web_origins": "strings",
		"allowed_logout_urls": "strings", "allowed_clients": "strings", "client_aliases": "strings", "grant_types": "strings",
		"token_endpoint_auth_method": "string?", "is_token_endpoint_ip_header_trusted": "boolean", "client_authentication_methods": "object?",
		"app_type": "string", "is_first_party": "boolean", "oidc_conformant": "boolean", "jwt_configuration": "object", "encryption_key": "object?",
		"sso": "boolean", "sso_disabled": "boolean", "cross_origin_authentication": "boolean", "cross_origin_loc": "string?",
		"custom_login_page_on": "boolean", "custom_login_page": "string", "custom_login_page_preview": "string", "form_template": "string",
		"addons": "object?", "client_metadata": "object", "mobile": "object?", "initiate_login_uri": "string", "native_social_login": "object?",
		"refresh_token": "object?", "organization_usage": "string?", "organization_require_behavior": "string?", "organization_discovery_methods": "array?",
		"default_organization": "object?", "require_pushed_authorization_requests": "boolean", "require_proof_of_possession": "boolean",
		"signed_request_object": "object", "compliance_level": "string?", "oidc_logout": "object?", "oidc_backchannel_logout": "object",
		"session_transfer": "object?", "token_exchange": "object?", "token_quota": "object?", "par_request_expiry": "integer?",
		"resource_server_identifier": "string", "skip_non_verifiable_callback_uri_confirmation_prompt": "boolean?", "third_party_security_mode": "string",
	}
}

// patchable is a schema whose properties are optional and may be null.
func (s schema) patchable() schema {
	out := schema{}
	for name, t := range s {
		for t[len(t)-1] == '!' || t[len(t)-1] == '?' {
			t = t[:len(t)-1]
		}
		out[name] = t + "?"
	}
	return out
}

// deviceGrantType is the grant type of the device flow (RFC 8628).
const deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"

func appTypes() []string {
	return []string{"native", "spa", "regular_web", "non_interactive", "resource_server", "express_configuration", "rms", "box", "cloudbees", "concur",
		"dropbox", "mscrm", "echosign", "egnyte", "newrelic", "office365", "salesforce", "sentry", "sharepoint", "slack", "springcm", "zendesk", "zoom", "sso_integration", "oag"}
}

// clientDefaults fills in what Auth0 adds to a new client (section 4).
func clientDefaults(in object) {
	third := false
	if first, set := in["is_first_party"].(bool); set {
		third = !first
	}
	defaults(in, object{
		"is_first_party": true, "is_token_endpoint_ip_header_trusted": false, "oidc_conformant": third,
		"jwt_configuration": object{"secret_encoded": false, "lifetime_in_seconds": int64(36000)},
		"sso_disabled":      false, "cross_origin_authentication": false, "custom_login_page_on": true,
	})
	if third {
		defaults(in, object{"third_party_security_mode": "permissive"})
	}
	switch {
	case str(in, "app_type") == "resource_server":
		defaults(in, object{"grant_types": []any{}})
	case str(in, "token_endpoint_auth_method") == "none":
		defaults(in, object{"grant_types": jsonvalue.Anys([]string{"authorization_code", "implicit", "refresh_token"})})
	default:
		defaults(in, object{"grant_types": jsonvalue.Anys([]string{"authorization_code", "implicit", "refresh_token", "client_credentials"})})
	}
	refresh := object{"rotation_type": "non-rotating", "expiration_type": "non-expiring", "leeway": int64(0), "infinite_token_lifetime": true,
		"infinite_idle_token_lifetime": true, "token_lifetime": int64(2592000), "idle_token_lifetime": int64(1296000)}
	if str(in, "token_endpoint_auth_method") == "client_secret_post" {
		refresh["token_lifetime"], refresh["idle_token_lifetime"] = int64(31557600), int64(2592000)
	}
	if third {
		refresh["rotation_type"], refresh["expiration_type"] = "rotating", "expiring"
		refresh["infinite_token_lifetime"], refresh["infinite_idle_token_lifetime"] = false, false
	}
	sent, _ := in["refresh_token"].(object)
	in["refresh_token"] = merge(refresh, sent)
}
