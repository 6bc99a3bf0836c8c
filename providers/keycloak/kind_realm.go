package keycloak

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// realmField is an attribute of a realm that is one field of Keycloak's
// RealmRepresentation, of the same type.
type realmField struct {
	resource.Attribute
	json string
}

// asItIs ends the documentation of a setting that is left alone when unset.
const asItIs = " Unset: as it is at the server."

// realmFields are the settings of a realm. All but `enabled` are left to the
// server when they are not set, so that adopting a realm changes nothing that
// the configuration does not name.
func realmFields() []realmField {
	setting := func(name, json string, ty cty.Type, check resource.Check, doc string) realmField {
		return realmField{resource.Attribute{
			Name: name, Type: ty, Optional: true, Computed: true, Check: check, Doc: doc + asItIs,
		}, json}
	}
	text := func(name, json, doc string) realmField {
		return setting(name, json, cty.String, resource.Check{MaxLen: 255}, doc+" `\"\"` removes it.")
	}
	toggle := func(name, json, doc string) realmField {
		return setting(name, json, cty.Bool, resource.Check{}, doc)
	}
	duration := func(name, json, doc string) realmField {
		return setting(name, json, cty.Number, seconds, doc+" In seconds.")
	}
	life := func(name, json, doc string) realmField {
		return setting(name, json, cty.Number, lifetime, doc+" In seconds.")
	}
	number := func(name, json, doc string) realmField {
		return setting(name, json, cty.Number, count, doc)
	}
	return []realmField{
		{resource.Attribute{
			Name: "enabled", Type: cty.Bool, Default: cty.True,
			Doc: "Whether users can sign in at the realm.",
		}, "enabled"},
		text("display_name", "displayName", "Name shown to users."),
		setting("ssl_required", "sslRequired", cty.String, resource.Check{OneOf: []string{"none", "external", "all"}},
			"Which requests must use HTTPS: `none`, `external` (all but those from private addresses) or `all`."),

		toggle("registration_allowed", "registrationAllowed",
			"Whether anybody can create an account. While this is on, idpctl adopts no user by an unverified e-mail."),
		toggle("registration_email_as_username", "registrationEmailAsUsername", "Whether the e-mail is used as user name."),
		toggle("edit_username_allowed", "editUsernameAllowed",
			"Whether user names can be changed, by users themselves and by idpctl: Keycloak refuses a new `username` while this is off."),
		toggle("verify_email", "verifyEmail", "Whether users must confirm their e-mail at the first sign-in."),
		toggle("reset_password_allowed", "resetPasswordAllowed", "Whether the log-in page offers \"Forgot password\"."),
		toggle("remember_me", "rememberMe", "Whether the log-in page offers \"Remember me\"."),
		toggle("login_with_email_allowed", "loginWithEmailAllowed", "Whether users can log in with their e-mail."),
		toggle("duplicate_emails_allowed", "duplicateEmailsAllowed",
			"Whether several users may have one e-mail. It cannot be on together with `login_with_email_allowed` or `registration_email_as_username`."),

		text("login_theme", "loginTheme", "Theme of the log-in pages."),
		text("email_theme", "emailTheme", "Theme of the mails."),
		setting("password_policy", "passwordPolicy", cty.String, resource.Check{},
			"Rules for passwords, such as `length(12) and notUsername`. `\"\"` removes them."),

		toggle("brute_force_protected", "bruteForceProtected", "Whether accounts are locked after failed log-ins."),
		toggle("permanent_lockout", "permanentLockout", "Whether a locked account stays locked until an administrator unlocks it."),
		number("max_login_failures", "failureFactor", "Failed log-ins after which an account is locked."),
		duration("wait_increment_seconds", "waitIncrementSeconds", "How much longer each further lock lasts."),
		duration("max_failure_wait_seconds", "maxFailureWaitSeconds", "The longest time that an account is locked."),
		duration("failure_reset_time_seconds", "maxDeltaTimeSeconds", "When failures are forgotten."),
		duration("minimum_quick_login_wait_seconds", "minimumQuickLoginWaitSeconds", "How long to lock after log-ins that follow each other too fast."),
		number("quick_login_check_milli_seconds", "quickLoginCheckMilliSeconds", "Log-ins that fail within this many milliseconds follow each other too fast."),

		life("access_token_lifespan", "accessTokenLifespan", "How long an access token is valid."),
		duration("sso_session_idle_timeout", "ssoSessionIdleTimeout", "After what time without use a session ends; it bounds how long influxctl can renew its token."),
		duration("sso_session_max_lifespan", "ssoSessionMaxLifespan", "After what time a session ends at the latest."),
		duration("client_session_idle_timeout", "clientSessionIdleTimeout", "The same for the session of one client; 0 for that of `sso_session_idle_timeout`, which it must not exceed."),
		duration("client_session_max_lifespan", "clientSessionMaxLifespan", "The same for the session of one client; 0 for that of `sso_session_max_lifespan`, which it must not exceed."),
		duration("offline_session_idle_timeout", "offlineSessionIdleTimeout", "After what time without use an offline session ends."),
		toggle("offline_session_max_lifespan_enabled", "offlineSessionMaxLifespanEnabled", "Whether offline sessions end at all while they are used."),
		duration("offline_session_max_lifespan", "offlineSessionMaxLifespan", "After what time an offline session ends at the latest."),
		toggle("revoke_refresh_token", "revokeRefreshToken", "Whether a refresh token can be used only once."),
		life("action_token_generated_by_admin_lifespan", "actionTokenGeneratedByAdminLifespan", "How long the link in an invitation is valid."),
		life("action_token_generated_by_user_lifespan", "actionTokenGeneratedByUserLifespan", "How long the link in a mail that a user asked for is valid."),
		life("oauth2_device_code_lifespan", "oauth2DeviceCodeLifespan", "How long a user has to enter the code of the device flow."),
		life("oauth2_device_polling_interval", "oauth2DevicePollingInterval", "How often a client of the device flow may ask whether the user has signed in."),
	}
}

// smtpAttributes are those of the block smtp_server.
func smtpAttributes() []resource.Attribute {
	return []resource.Attribute{
		{Name: "host", Type: cty.String, Check: notEmpty, Doc: "Host that takes the mails. A block without it removes the server."},
		{Name: "port", Type: cty.Number, Check: resource.Check{HasRange: true, Min: 1, Max: 65535}, Doc: "Port; unset: 25, or 465 with `ssl`."},
		{Name: "from", Type: cty.String, Check: resource.Check{Email: true}, Doc: "Address of the sender. Keycloak wants one."},
		{Name: "from_display_name", Type: cty.String, Check: notEmpty, Doc: "Name of the sender."},
		{Name: "reply_to", Type: cty.String, Check: resource.Check{Email: true}, Doc: "Address for answers."},
		{Name: "reply_to_display_name", Type: cty.String, Check: notEmpty, Doc: "Name of that address."},
		{Name: "envelope_from", Type: cty.String, Check: resource.Check{Email: true}, Doc: "Address for bounces."},
		{Name: "starttls", Type: cty.Bool, Default: cty.False, Doc: "Whether to use STARTTLS."},
		{Name: "ssl", Type: cty.Bool, Default: cty.False, Doc: "Whether to use TLS from the start."},
		{Name: "username", Type: cty.String, Check: notEmpty, Doc: "User name at the mail server; unset: no authentication."},
		{
			Name: "password", Type: cty.String, WriteOnly: true, Sensitive: true, Version: "password_version", Check: notEmpty,
			Doc: "Password at the mail server. It is sent, never read back and not kept in the state.",
		},
		{
			Name: "password_version", Type: cty.Number, Local: true,
			Doc: "Raise it to send a changed `password`.",
		},
	}
}

// endpoints are the outputs of a realm, from its discovery document.
func endpoints() []resource.Attribute {
	output := func(name, doc string) resource.Attribute {
		return resource.Attribute{Name: name, Type: cty.String, Computed: true, Doc: doc}
	}
	return []resource.Attribute{
		output("issuer", "The issuer that stands in the realm's tokens, as the discovery document tells it at the provider's `url`. "+
			"If it differs from the one that users reach, set the hostname option of the server."),
		output("jwks_uri", "Where the realm's public keys are: `jwksEndpoint` of the AppInstance."),
		output("token_endpoint", "Where tokens are issued: `token_url` of influxctl."),
		output("device_authorization_endpoint", "Where the device flow begins: `device_url` of influxctl."),
	}
}

func realmKind() resource.Kind {
	attrs := []resource.Attribute{{
		Name: "realm", Type: cty.String, DefaultFrom: resource.FromLabel, ForceNew: true, Check: realmName,
		Doc: "Name of the realm. It stands in the issuer and in every URL, so changing it makes a new realm with new users.",
	}}
	for _, f := range realmFields() {
		attrs = append(attrs, f.Attribute)
	}
	attrs = append(attrs,
		resource.Attribute{
			Name: "smtp_server", Type: resource.BlockType(smtpAttributes()), Block: smtpAttributes(), Optional: true, Computed: true,
			Doc: "The mail server, which `invite` needs. Without the block it stays as it is.",
		},
		resource.Attribute{
			Name: "attributes", Type: stringMap, Partial: true,
			Doc: "Further attributes of the realm. Those that are not named stay as they are.",
		},
	)
	return resource.Kind{
		Name:       "realm",
		Doc:        "The home of clients, users and groups, with its own sign-in rules and issuer. The realm `master` can be adopted, but is never created or deleted.",
		Example:    realmExample,
		Attributes: append(attrs, endpoints()...),
		Key:        []string{"realm"},
		Lookup:     [][]string{{"realm"}, {"id"}},
		ChosenID:   true,
		Marked:     true,
		Contains:   []string{"client", "user", "group"},
	}
}

const realmExample = `provider "keycloak" {
  url      = "https://sso.example.com"
  username = "admin"
  password = var.keycloak_password
}

variable "keycloak_password" {
  type      = string
  sensitive = true
}

variable "smtp_password" {
  type      = string
  sensitive = true
}

realm "influxdb" {
  display_name = "InfluxDB Clustered"

  password_policy       = "length(12) and notUsername and notEmail"
  brute_force_protected = true
  max_login_failures    = 10

  access_token_lifespan          = 300
  sso_session_idle_timeout       = 1800
  sso_session_max_lifespan       = 36000
  oauth2_device_code_lifespan    = 600
  oauth2_device_polling_interval = 5

  smtp_server {
    host             = "smtp.example.com"
    port             = 587
    from             = "sso@example.com"
    starttls         = true
    username         = "sso"
    password         = var.smtp_password
    password_version = 1
  }
}

output "issuer" {
  value = realm.influxdb.issuer
}
`
