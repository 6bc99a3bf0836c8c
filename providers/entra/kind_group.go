package entra

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

func groupKind() resource.Kind {
	return resource.Kind{
		Name:    "group",
		Doc:     "A security group. Names of groups are not unique in Entra ID: two with the same one are an error that lists both.",
		Example: groupExample,
		Attributes: []resource.Attribute{
			tenantRef(),
			{
				Name: "name", Type: cty.String, DefaultFrom: resource.FromLabel, Check: fits,
				Doc: "Display name.",
			},
			{
				Name: "description", Type: cty.String, Check: resource.Check{MaxLen: 1024},
				Doc: "What the group is for.",
			},
			{
				Name: "mail_nickname", Type: cty.String, Optional: true, Computed: true,
				Check: nickname,
				Doc:   "Mail alias, which Entra ID asks for even of a group without mail. Unset: made from the name of a new group.",
			},
			{
				Name: "members", Type: stringSet, Partial: true, Exclusive: "exclusive",
				Ref: &resource.Ref{Kinds: []string{"user", "users", "group"}, Attr: "id"},
				Doc: "Users and groups that are in the group, as in `[user.marty, data.user.emmett]`. Other members stay, unless `exclusive` is set.",
			},
			{
				Name: "exclusive", Type: cty.Bool, Local: true, Default: cty.False,
				Doc: "Whether `members` is the whole list, so that others are removed.",
			},
			{
				Name: "owners", Type: stringSet, Partial: true,
				Ref: &resource.Ref{Kinds: []string{"user", "users"}, Attr: "id"},
				Doc: "Users that may change the group. Other owners stay.",
			},
		},
		Key:       []string{"name"},
		LooseKey:  true,
		Parent:    "tenant",
		Lookup:    [][]string{{"name"}, {"id"}},
		UpsertKey: true,
	}
}

const groupExample = `provider "entra" {
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

group "admins" {
  tenant  = tenant.influxdb
  members = [user.marty]
}
`
