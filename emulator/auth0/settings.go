package auth0

import (
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

func settingsSchema() schema {
	return schema{
		"friendly_name": "string?", "picture_url": "string?", "support_email": "string?", "support_url": "string?", "allowed_logout_urls": "strings",
		"default_audience": "string?", "default_directory": "string?", "default_redirection_uri": "string", "default_token_quota": "object?",
		"session_lifetime": "number?", "idle_session_lifetime": "number?", "ephemeral_session_lifetime": "number?", "idle_ephemeral_session_lifetime": "number?",
		"session_cookie": "object?", "sessions": "object?", "sandbox_version": "string", "legacy_sandbox_version": "string", "enabled_locales": "strings",
		"flags": "object", "change_password": "object?", "error_page": "object?", "guardian_mfa_page": "object?", "device_flow": "object?",
		"oidc_logout": "object", "mtls": "object?", "acr_values_supported": "array?", "customize_mfa_in_postlogin_action": "boolean?",
		"allow_organization_name_in_authentication_api": "boolean?", "pushed_authorization_requests_supported": "boolean?",
		"authorization_response_iss_parameter_supported": "boolean?", "skip_non_verifiable_callback_uri_confirmation_prompt": "boolean?",
		"resource_parameter_profile": "string", "phone_consolidated_experience": "boolean", "enable_ai_guide": "boolean",
		"client_id_metadata_document_supported": "boolean?", "dynamic_client_registration_security_mode": "string",
	}
}

// newSettings are those of a tenant that nobody changed. What is not set is
// left out, device_flow above all (section 8).
func newSettings() object {
	return object{
		"enabled_locales": []any{"en"}, "sandbox_version": "22", "session_lifetime": int64(168), "idle_session_lifetime": int64(72),
		"oidc_logout": object{"rp_logout_end_session_endpoint_discovery": true},
		"flags": object{"allow_changing_enable_sso": false, "allow_legacy_delegation_grant_types": false, "allow_legacy_ro_grant_types": false,
			"disable_impersonation": true, "enable_sso": true, "universal_login": true, "cannot_change_enforce_client_authentication_on_passwordless_start": true,
			"enforce_client_authentication_on_passwordless_start": true, "revoke_refresh_token_grant": false},
	}
}

// patchOnlyFlags stand in answers to PATCH alone (section 8).
func patchOnlyFlags() []string {
	return []string{"enforce_client_authentication_on_passwordless_start", "cannot_change_enforce_client_authentication_on_passwordless_start"}
}

// getSettings has the versions that one may choose, which PATCH has not.
func (c *call) getSettings() (reply, error) {
	o, _ := jsonvalue.Clone(c.settings).(object)
	flags := sub(o, "flags")
	for _, name := range patchOnlyFlags() {
		delete(flags, name)
	}
	o["sandbox_versions_available"] = []any{"22", "18"}
	return ok(c.pickOne(o, nil))
}

// patchSettings merges flags and change_password by key, and replaces the rest
// (section 8).
func (c *call) patchSettings() (reply, error) {
	in, err := c.decode(settingsSchema())
	if err != nil {
		return reply{}, err
	}
	if err := checkDeviceFlow(sub(in, "device_flow")); err != nil {
		return reply{}, err
	}
	for _, name := range []string{"flags", "change_password"} {
		if part := sub(in, name); part != nil {
			in[name] = merge(sub(c.settings, name), part)
		}
	}
	if audience := str(in, "default_audience"); audience != "" && c.find(KindAPI, "identifier", audience) == nil {
		return reply{}, badBody("default_audience", "There is no API with the identifier %s", audience)
	}
	c.settings = merge(c.settings, in)
	if c.settings["default_redirection_uri"] == "" {
		delete(c.settings, "default_redirection_uri")
	}
	return ok(c.settings)
}

// checkDeviceFlow: codes of the base20 alphabet have 8 places and more, those
// of digits 9, and none is longer than 20 characters (section 10).
func checkDeviceFlow(in object) error {
	if in == nil {
		return nil
	}
	if err := (schema{"charset": "string", "mask": "string"}).check(in); err != nil {
		return err
	}
	if err := oneOf(in, "charset", "base20", "digits"); err != nil {
		return err
	}
	mask, sent := in["mask"].(string)
	least := 8
	if str(in, "charset") == "digits" {
		least = 9
	}
	switch {
	case !sent:
	case len(mask) > 20:
		return badBody("device_flow.mask", "String is too long (%d chars), maximum 20", len(mask))
	case strings.Trim(mask, "*- ") != "" || strings.Count(mask, "*") < least:
		return badBody("device_flow.mask", "Object didn't pass validation for format device-flow-mask: %s", mask)
	}
	return nil
}

// listDomains are the custom domains, all of them verified.
func (c *call) listDomains() (reply, error) {
	out := []object{}
	for i, d := range c.opts.CustomDomains {
		out = append(out, object{"custom_domain_id": "cd_" + strings.Repeat("0", 15) + string(rune('A'+i)), "domain": d, "primary": i == 0,
			"is_default": i == 0, "status": "ready", "type": "auth0_managed_certs"})
	}
	return ok(out)
}
