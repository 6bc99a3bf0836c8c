package keycloak

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

func groupKind() resource.Kind {
	return resource.Kind{
		Name:    "group",
		Doc:     "A group of users. A group that still has subgroups is not deleted.",
		Example: groupExample,
		Attributes: []resource.Attribute{
			realmRef(),
			{
				Name: "name", Type: cty.String, DefaultFrom: resource.FromLabel, Check: printable,
				Doc: "Name of the group, unique among the groups of one parent.",
			},
			{
				Name: "parent", Type: cty.String, Ref: &resource.Ref{Kinds: []string{"group"}, Attr: "id"},
				Doc: "The group that this one is in; unset: a group at the top.",
			},
			{
				Name: "attributes", Type: multiMap, Partial: true,
				Doc: "Attributes of the group, each with one or more values. Those that are not named stay as they are.",
			},
			{
				Name: "members", Type: stringSet, Partial: true, Exclusive: "exclusive",
				Ref: &resource.Ref{Kinds: []string{"user", "users"}, Attr: "id"},
				Doc: "Users that are in the group, as in `[user.marty, data.user.emmett]`. Other members stay, unless `exclusive` is set.",
			},
			{
				Name: "exclusive", Type: cty.Bool, Local: true, Default: cty.False,
				Doc: "Whether `members` is the whole list, so that others are removed.",
			},
		},
		Key:    []string{"parent", "name"},
		Parent: "realm",
		Lookup: [][]string{{"name"}, {"parent", "name"}, {"id"}},
	}
}

const groupExample = `provider "keycloak" {
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
}

group "admins" {
  realm   = realm.influxdb
  members = [user.marty]
}

group "oncall" {
  realm      = realm.influxdb
  parent     = group.admins
  attributes = { rota = ["weekdays", "weekends"] }
}
`
