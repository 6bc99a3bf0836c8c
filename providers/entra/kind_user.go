package entra

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

func userKind() resource.Kind {
	return resource.Kind{
		Name:    "user",
		Doc:     "A member of the tenant, or a guest. Tokens carry its id as `oid`, by which InfluxDB knows it.",
		Example: userExample,
		Attributes: []resource.Attribute{
			tenantRef(),
			{
				Name: "user_principal_name", Type: cty.String, Optional: true, Computed: true, DefaultFrom: "email", Normalize: resource.Lower,
				Check: resource.Check{MinLen: 3, MaxLen: 113, Pattern: `[A-Za-z0-9'.\-_!#^~]+@[A-Za-z0-9.\-]+`, PatternDoc: "letters, digits and '.-_!#^~, then @ and a domain"},
				Doc:   "Name that a member signs in with; its domain is one of the tenant's verified ones. Unset: the e-mail that the user is created with. That of a guest is the e-mail, with which a guest signs in at home.",
			},
			{
				Name: "email", Type: cty.String, Required: true, Normalize: resource.Lower, Check: resource.Check{Email: true, MaxLen: 255},
				Doc: "E-mail. A guest is invited by it.",
			},
			{
				Name: "first_name", Type: cty.String, Check: resource.Check{MaxLen: 64},
				Doc: "Given name.",
			},
			{
				Name: "last_name", Type: cty.String, Check: resource.Check{MaxLen: 64},
				Doc: "Surname.",
			},
			{
				Name: "display_name", Type: cty.String, Optional: true, Computed: true, MadeOf: []string{"first_name", "last_name", "email"}, Check: fits,
				Doc: "Name shown to others. Unset: first and last name, or the e-mail, of a new user; later it is left as it is.",
			},
			{
				Name: "mail_nickname", Type: cty.String, Optional: true, Computed: true,
				Check: nickname,
				Doc:   "Mail alias. Unset: the part of the user principal name before the @ of a new member; later it is left as it is.",
			},
			{
				Name: "other_mails", Type: stringSet, Optional: true, Computed: true,
				Doc: "Further e-mail addresses; all of them. Unset: as they are.",
			},
			{
				Name: "usage_location", Type: cty.String, Optional: true, Computed: true, Check: resource.Check{MinLen: 2, MaxLen: 2, Pattern: "[A-Z]{2}", PatternDoc: "two capital letters (ISO 3166)"},
				Doc: "Country, which licences need, as two letters. Unset: as it is.",
			},
			{
				Name: "enabled", Type: cty.Bool, Default: cty.True,
				Doc: "Whether the user can sign in.",
			},
			{
				Name: "guest", Type: cty.Bool, Default: cty.False, ForceNew: true,
				Doc: "Whether the user is invited from elsewhere: a guest signs in at home, and has no password here.",
			},
			{
				Name: "invite", Type: cty.Bool, OnCreate: true, Default: cty.False,
				Doc: "Whether Entra ID sends a new guest an invitation by mail. Without it the guest is there all the same, and can sign in.",
			},
			{
				Name: "invite_redirect_url", Type: cty.String, OnCreate: true, Check: resource.Check{URL: true},
				Doc: "Where a guest lands who accepts the invitation. Unset: the portal of the user's applications.",
			},
			{
				Name: "invite_message", Type: cty.String, OnCreate: true, Check: resource.Check{MaxLen: 2000},
				Doc: "What the invitation says beside Entra ID's own text.",
			},
			{
				Name: "redemption_version", Type: cty.Number, Local: true, Trigger: true,
				Doc: "Another number resets the redemption of a guest: the guest is invited anew, by mail if `invite` is `true`, and accepts with another account. The id stays.",
			},
			{
				Name: "initial_password", Type: cty.String, WriteOnly: true, OnCreate: true, Sensitive: true, Check: resource.Check{MinLen: 8, MaxLen: 256},
				Doc: "First password of a member. It is sent when the user is created, never read back and not kept in the state.",
			},
			{
				Name: "initial_password_temporary", Type: cty.Bool, OnCreate: true,
				Doc: "Whether the user must change `initial_password` at the first sign-in; `true` if unset.",
			},
			{
				Name: "generate_password", Type: cty.Bool, OnCreate: true, Default: cty.False,
				Doc: "Whether idpctl makes a first password, temporary and shown once.",
			},
		},
		Key:      []string{"user_principal_name"},
		Unique:   [][]string{{"email"}},
		Parent:   "tenant",
		Restores: true,
		Lookup:   [][]string{{"email"}, {"user_principal_name"}, {"id"}},
		Plural:   "users",
		Filters: []resource.Attribute{
			tenantRef(),
			{
				Name: "group", Type: cty.String, Ref: &resource.Ref{Kinds: []string{"group"}, Attr: "id"},
				Doc: "Only members of this group, those of the groups in it included.",
			},
			{Name: "enabled", Type: cty.Bool, Doc: "Only users that can sign in, or only those that cannot."},
			{Name: "guest", Type: cty.Bool, Doc: "Only guests, or only members."},
		},
		Enabled:    "enabled",
		Credential: &resource.Credential{Password: "initial_password", Temporary: "initial_password_temporary", Generate: "generate_password", Invite: "invite", Elsewhere: "guest"},
	}
}

const userExample = `provider "entra" {
  tenant_id = "00000000-0000-0000-0000-000000000001"
}

tenant "influxdb" {
  domain = "example.com"
}

user "marty" {
  tenant            = tenant.influxdb
  email             = "mcfly@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true
}

user "emmett" {
  tenant = tenant.influxdb
  email  = "brown@partner.example.net"
  guest  = true
  invite = true
}

output "marty" {
  value = user.marty.id
}
`
