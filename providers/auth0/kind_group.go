package auth0

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

func groupKind() resource.Kind {
	return resource.Kind{
		Name:    "group",
		Doc:     "A role and those who have it.",
		Example: groupExample,
		Attributes: []resource.Attribute{
			tenantRef(),
			{
				Name: "name", Type: cty.String, DefaultFrom: resource.FromLabel, Check: resource.Check{MinLen: 1, MaxLen: 50, Pattern: "[^<>]+", PatternDoc: "anything but < and >"},
				Doc: "Name of the role.",
			},
			{
				Name: "description", Type: cty.String, Check: resource.Check{MaxLen: 255},
				Doc: "What the role is for.",
			},
			{
				Name: "members", Type: stringSet, Partial: true, Exclusive: "exclusive",
				Ref: &resource.Ref{Kinds: []string{"user", "users"}, Attr: "id"},
				Doc: "Users that have the role, as in `[user.marty, data.user.emmett]`. Others keep it, unless `exclusive` is set.",
			},
			{
				Name: "exclusive", Type: cty.Bool, Local: true, Default: cty.False,
				Doc: "Whether `members` is the whole list, so that others lose the role.",
			},
		},
		Key:      []string{"name"},
		LooseKey: true,
		Parent:   "tenant",
		Lookup:   [][]string{{"name"}, {"id"}},
	}
}

const groupExample = `provider "auth0" {
  domain = "example.eu.auth0.com"
}

tenant "influxdb" {
  domain = "example.eu.auth0.com"
}

user "marty" {
  tenant            = tenant.influxdb
  email             = "mcfly@example.com"
  generate_password = true
}

group "admins" {
  tenant      = tenant.influxdb
  description = "Administrators of InfluxDB"
  members     = [user.marty]
}
`
