package oidc

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// kinds are the kinds of objects, homes first.
func kinds() []resource.Kind {
	all := []resource.Kind{realmKind(), clientKind(), userKind()}
	for i := range all {
		all[i].Foreign = foreign(all[i].Name)
	}
	return all
}

func realmKind() resource.Kind {
	computed := func(name, doc string) resource.Attribute {
		return resource.Attribute{Name: name, Type: cty.String, Computed: true, Doc: doc}
	}
	id := computed("id", "The issuer.")
	return resource.Kind{
		Name: "realm",
		Doc: "The issuer of the provider block, as its discovery document describes it. A plan reads that document and the signing keys, " +
			"and refuses an issuer with which influxctl or InfluxDB could not work.",
		Example: realmExample,
		ID:      &id,
		Attributes: []resource.Attribute{
			computed("issuer", "Issuer of the tokens, as `iss` has it."),
			computed("jwks_uri", "Where the signing keys are: the AppInstance's `jwksEndpoint`."),
			computed("token_endpoint", "Token endpoint, for influxctl's profile."),
			computed("device_authorization_endpoint", "Device authorization endpoint, for influxctl's profile."),
		},
		Key:      []string{"issuer"},
		Lookup:   [][]string{{}},
		DataOnly: true,
	}
}

const realmExample = `provider "oidc" {
  issuer = "https://dex.example.com"
}

data "realm" "dex" {}

output "device_url" {
  value = data.realm.dex.device_authorization_endpoint
}
`

// realmRef is the attribute by which everything else says where it lives.
func realmRef() resource.Attribute {
	return resource.Attribute{
		Name: "realm", Type: cty.String, Required: true, ForceNew: true,
		Ref: &resource.Ref{Kinds: []string{"realm"}, Attr: "id"}, Elsewhere: "Write tenant = tenant.NAME",
		Doc: "The realm that it is in.",
	}
}

func clientKind() resource.Kind {
	id := resource.Attribute{Name: "id", Type: cty.String, Computed: true, Doc: "The `client_id`."}
	return resource.Kind{
		Name: "client",
		Doc: "The client that influxctl signs in with: a public one that may use the device flow, made with the provider's own tools. " +
			"`idpctl verify` proves that it can.",
		Example: clientExample,
		ID:      &id,
		Attributes: []resource.Attribute{
			realmRef(),
			{
				Name: "client_id", Type: cty.String, DefaultFrom: resource.FromLabel, Check: visible(255),
				Doc: "The client's id at the provider.",
			},
			{
				Name: "audience", Type: cty.String, Check: resource.Check{MinLen: 1},
				Doc: "What the access tokens shall be for, where the provider gives none that a cluster can check without being asked for it: the parameter `audience` of a sign-in.",
			},
		},
		Key:      []string{"client_id"},
		Parent:   "realm",
		Lookup:   [][]string{{"client_id"}},
		DataOnly: true,
		Given:    true,
		Audience: "audience",
	}
}

const clientExample = `provider "oidc" {
  issuer = "https://dex.example.com"
}

data "realm" "dex" {}

data "client" "influxctl" {
  realm     = data.realm.dex
  client_id = "influxctl"
}

output "client_id" {
  value = data.client.influxctl.client_id
}
`

func userKind() resource.Kind {
	// OpenID Connect Core 1.0, section 2: sub has at most 255 ASCII characters, and
	// case matters.
	id := resource.Attribute{
		Name: "id", Type: cty.String, Required: true, Check: visible(255),
		Doc: "The user's id: what the access token has in `sub`, letter by letter. It is not looked up but taken as true: `idpctl verify` proves it by signing in, and says the id of whoever did.",
	}
	name := func(name, doc string) resource.Attribute {
		return resource.Attribute{Name: name, Type: cty.String, Required: true, Check: resource.Check{MinLen: 1, MaxLen: 255}, Doc: doc}
	}
	return resource.Kind{
		Name: "user",
		Doc: "A user, as the configuration says: an OpenID provider can be asked for nobody. Name and e-mail are shown by the cluster; " +
			"who is let in is decided by the id alone.",
		Example: userExample,
		ID:      &id,
		Attributes: []resource.Attribute{
			realmRef(),
			{
				Name: "email", Type: cty.String, Required: true, Normalize: resource.Lower, Check: resource.Check{Email: true},
				Doc: "E-mail, for people to know the user by.",
			},
			name("first_name", "First name."),
			name("last_name", "Last name."),
		},
		Key:      []string{"id"},
		Parent:   "realm",
		Lookup:   [][]string{{"id"}},
		DataOnly: true,
		Given:    true,
	}
}

const userExample = `provider "oidc" {
  issuer = "https://dex.example.com"
}

data "realm" "dex" {}

data "user" "jane" {
  realm      = data.realm.dex
  id         = "CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs"
  email      = "jane@example.com"
  first_name = "Jane"
  last_name  = "Doe"
}

locals {
  others = {
    "brown@example.com" = { id = "00u1a2b3", first_name = "Emmett", last_name = "Brown" }
    "marty@example.com" = { id = "00u1a2b4", first_name = "Marty", last_name = "McFly" }
  }
}

data "user" "other" {
  for_each   = local.others
  realm      = data.realm.dex
  id         = each.value.id
  email      = each.key
  first_name = each.value.first_name
  last_name  = each.value.last_name
}

output "admins" {
  value = concat([data.user.jane.id], values(data.user.other)[*].id)
}
`

// visible is a text of visible ASCII characters.
func visible(most int) resource.Check {
	return resource.Check{
		MinLen: 1, MaxLen: most,
		Pattern: `[!-~]([ -~]*[!-~])?`, PatternDoc: "visible ASCII characters, without spaces at its ends",
	}
}
