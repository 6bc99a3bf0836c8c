package keycloak

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

func userKind() resource.Kind {
	return resource.Kind{
		Name:    "user",
		Doc:     "A user of a realm. Tokens carry its id as `sub`, by which InfluxDB knows it.",
		Example: userExample,
		Attributes: []resource.Attribute{
			realmRef(),
			{
				Name: "username", Type: cty.String, DefaultFrom: "email", Normalize: resource.Lower, Check: printable,
				Doc: "User name, in lower case as Keycloak stores it. Unset: the e-mail that the user is created with; it stays when the e-mail changes. " +
					"It can be changed only while the realm has `edit_username_allowed = true`.",
			},
			{
				Name: "email", Type: cty.String, Required: true, Normalize: resource.Lower, Check: resource.Check{Email: true, MaxLen: 255},
				Doc: "E-mail, in lower case as Keycloak stores it.",
			},
			{
				Name: "email_verified", Type: cty.Bool, Optional: true, Computed: true, Initial: cty.False,
				Doc: "Whether the e-mail counts as the user's own. Unset: as it is, and `false` for a new user.",
			},
			{
				Name: "first_name", Type: cty.String, Required: true, Check: resource.Check{MinLen: 1, MaxLen: 255},
				Doc: "First name. Without it Keycloak ends the device flow with \"Account is not fully set up\".",
			},
			{
				Name: "last_name", Type: cty.String, Required: true, Check: resource.Check{MinLen: 1, MaxLen: 255},
				Doc: "Last name. Without it Keycloak ends the device flow with \"Account is not fully set up\".",
			},
			{
				Name: "enabled", Type: cty.Bool, Default: cty.True,
				Doc: "Whether the user can sign in.",
			},
			{
				Name: "attributes", Type: multiMap, Partial: true,
				Doc: "Further attributes, each with one or more values, as in `{ department = [\"platform\"] }`. Those that are not named stay. " +
					"The realm's user profile must declare them, or allow unmanaged attributes.",
			},
			{
				Name: "required_actions", Type: stringSet, OnCreate: true,
				Doc: "What a new user must do at the first sign-in, such as `CONFIGURE_TOTP`. Keycloak strikes off what was done, so this is not compared afterwards.",
			},
			{
				Name: "initial_password", Type: cty.String, WriteOnly: true, OnCreate: true, Sensitive: true, Check: notEmpty,
				Doc: "First password. It is sent when the user is created, never read back and not kept in the state.",
			},
			{
				Name: "initial_password_temporary", Type: cty.Bool, OnCreate: true,
				Doc: "Whether the user must change `initial_password` at the first sign-in; `true` if unset.",
			},
			{
				Name: "generate_password", Type: cty.Bool, OnCreate: true, Default: cty.False,
				Doc: "Whether idpctl makes a first password, temporary and shown once.",
			},
			{
				Name: "invite", Type: cty.Bool, OnCreate: true, Default: cty.False,
				Doc: "Whether Keycloak sends a mail with a link to set the password. The realm needs an `smtp_server`.",
			},
		},
		Key:    []string{"username"},
		Unique: [][]string{{"email"}},
		Parent: "realm",
		Lookup: [][]string{{"email"}, {"username"}, {"id"}},
		Plural: "users",
		Filters: []resource.Attribute{
			realmRef(),
			{
				Name: "group", Type: cty.String, Ref: &resource.Ref{Kinds: []string{"group"}, Attr: "id"},
				Doc: "Only the members of this group; those of its subgroups are not among them.",
			},
			{
				Name: "search", Type: cty.String, Check: notEmpty,
				Doc: "Only users whose user name, e-mail or one of whose names begins with this; `*text*` finds it anywhere. It is what the search field of Keycloak's console does.",
			},
			{Name: "enabled", Type: cty.Bool, Doc: "Only users that can sign in, or only those that cannot."},
			{
				Name: "attributes", Type: stringMap,
				Doc: "Only users whose attributes have these values. It cannot be combined with `search`.",
			},
		},
		Enabled:    "enabled",
		Credential: &resource.Credential{Password: "initial_password", Temporary: "initial_password_temporary", Generate: "generate_password", Invite: "invite"},
	}
}

const userExample = `provider "keycloak" {
  url      = "https://sso.example.com"
  username = "admin"
  password = var.keycloak_password
}

variable "keycloak_password" {
  type      = string
  sensitive = true
}

realm "influxdb" {}

user "marty" {
  realm             = realm.influxdb
  email             = "mcfly@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true
  required_actions  = ["CONFIGURE_TOTP"]
}

locals {
  team = {
    emmett   = { email = "brown@example.com", first = "Emmett", last = "Brown" }
    jennifer = { email = "parker@example.com", first = "Jennifer", last = "Parker" }
  }
}

user "team" {
  for_each          = local.team
  realm             = realm.influxdb
  username          = each.key
  email             = each.value.email
  first_name        = each.value.first
  last_name         = each.value.last
  generate_password = true
}

output "marty" {
  value = user.marty.id
}
`
