package auth0

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// idPrefix begins the ids of the users of database connections
// (https://auth0.com/docs/manage-users/user-accounts/identify-users).
const idPrefix = "auth0|"

func userKind() resource.Kind {
	return resource.Kind{
		Name:    "user",
		Doc:     "A user of a database connection. Tokens carry its id as `sub`, by which InfluxDB knows it.",
		Example: userExample,
		Attributes: []resource.Attribute{
			tenantRef(),
			{
				Name: "connection", Type: cty.String, Optional: true, Computed: true, ForceNew: true, DefaultFrom: resource.FromServer,
				Check: resource.Check{MinLen: 1, MaxLen: 128},
				Doc:   "Name of the database connection that the user is in. Unset: the tenant's only one.",
			},
			{
				Name: "email", Type: cty.String, Required: true, Normalize: resource.Lower, Check: resource.Check{Email: true, MaxLen: 255},
				Doc: "E-mail, in lower case as Auth0 stores it. It is unique within the connection.",
			},
			{
				Name: "email_verified", Type: cty.Bool, Optional: true, Computed: true, Initial: cty.False,
				Doc: "Whether the e-mail counts as the user's own. Unset: as it is, and `false` for a new user. Auth0 sends no mail to have it confirmed.",
			},
			{
				Name: "username", Type: cty.String, Optional: true, Computed: true, Normalize: resource.Lower, Check: resource.Check{MinLen: 1, MaxLen: 128},
				Doc: "User name, for connections that ask for one. Unset: as it is.",
			},
			{
				Name: "first_name", Type: cty.String, Check: resource.Check{MaxLen: 150},
				Doc: "Given name.",
			},
			{
				Name: "last_name", Type: cty.String, Check: resource.Check{MaxLen: 150},
				Doc: "Family name.",
			},
			{
				Name: "name", Type: cty.String, Optional: true, Computed: true, MadeOf: []string{"first_name", "last_name", "email"}, Check: resource.Check{MinLen: 1, MaxLen: 300},
				Doc: "Full name. Unset: first and last name, or the e-mail, of a new user; later it is left as it is.",
			},
			{
				Name: "nickname", Type: cty.String, Optional: true, Computed: true, Check: resource.Check{MinLen: 1, MaxLen: 300},
				Doc: "Nickname. Unset: the part of the e-mail before the @ of a new user; later it is left as it is.",
			},
			{
				Name: "blocked", Type: cty.Bool, Default: cty.False,
				Doc: "Whether the user cannot sign in.",
			},
			{
				Name: "app_metadata", Type: stringMap, Partial: true,
				Doc: "Metadata that the user cannot change. Keys that are not named stay; values that are no texts are shown as JSON.",
			},
			{
				Name: "user_metadata", Type: stringMap, Partial: true,
				Doc: "Metadata that the user can change. Keys that are not named stay; values that are no texts are shown as JSON.",
			},
			{
				Name: "initial_password", Type: cty.String, WriteOnly: true, OnCreate: true, Sensitive: true, Check: resource.Check{MinLen: 1, MaxLen: 72},
				Doc: "First password. It is sent when the user is created, never read back and not kept in the state. Auth0 has no passwords that must be changed.",
			},
			{
				Name: "generate_password", Type: cty.Bool, OnCreate: true, Default: cty.False,
				Doc: "Whether idpctl makes a first password, shown once.",
			},
			{
				Name: "invite", Type: cty.Bool, OnCreate: true, Default: cty.False,
				Doc: "Whether Auth0 sends a mail with a link to set the password.",
			},
		},
		Key:      []string{"connection", "email"},
		Parent:   "tenant",
		Lookup:   [][]string{{"email"}, {"connection", "email"}, {"id"}},
		ChosenID: true,
		IDPrefix: idPrefix,
		Plural:   "users",
		Filters: []resource.Attribute{
			tenantRef(),
			{
				Name: "group", Type: cty.String, Ref: &resource.Ref{Kinds: []string{"group"}, Attr: "id"},
				Doc: "Only those who have this role.",
			},
			{Name: "connection", Type: cty.String, Check: resource.Check{MinLen: 1}, Doc: "Only users of this connection."},
			{Name: "blocked", Type: cty.Bool, Doc: "Only users that cannot sign in, or only those that can."},
		},
		Disabled:   "blocked",
		Credential: &resource.Credential{Password: "initial_password", SignIn: "email", Lasting: true, Generate: "generate_password", Invite: "invite"},
	}
}

const userExample = `provider "auth0" {
  domain = "example.eu.auth0.com"
}

tenant "influxdb" {
  domain = "example.eu.auth0.com"
}

user "marty" {
  tenant            = tenant.influxdb
  email             = "mcfly@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true
}

user "emmett" {
  tenant        = tenant.influxdb
  email         = "brown@example.com"
  invite        = true
  user_metadata = { team = "research" }
}

output "marty" {
  value = user.marty.id
}
`
