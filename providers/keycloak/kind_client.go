package keycloak

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// realmRef is the attribute by which everything in a realm refers to it.
func realmRef() resource.Attribute {
	return resource.Attribute{
		Name: "realm", Type: cty.String, Required: true, ForceNew: true, Check: realmName,
		Ref: &resource.Ref{Kinds: []string{"realm"}, Attr: "realm"},
		Doc: "The realm, as in `realm.influxdb`.",
	}
}

// basicScope is the client scope that puts `sub` into tokens, since Keycloak 25.
const basicScope = "basic"

func clientKind() resource.Kind {
	flow := func(name, doc string, on bool) resource.Attribute {
		return resource.Attribute{Name: name, Type: cty.Bool, Default: cty.BoolVal(on), Doc: doc}
	}
	lifespan := func(name, doc string) resource.Attribute {
		return resource.Attribute{Name: name, Type: cty.Number, Check: lifetime, Doc: doc + " In seconds; unset: the realm's."}
	}
	return resource.Kind{
		Name:    "client",
		Doc:     "The application that influxctl signs in as: public, with the device flow and nothing else switched on.",
		Example: clientExample,
		Attributes: []resource.Attribute{
			realmRef(),
			{
				Name: "client_id", Type: cty.String, DefaultFrom: resource.FromLabel, Check: clientID,
				Doc: "The client ID, which influxctl is told.",
			},
			{Name: "name", Type: cty.String, Check: resource.Check{MinLen: 1, MaxLen: 255}, Doc: "Name shown to users, who are asked to grant it access."},
			{Name: "description", Type: cty.String, Check: resource.Check{MinLen: 1, MaxLen: 255}, Doc: "What it is for."},
			flow("enabled", "Whether users can sign in with it.", true),
			{
				Name: "access_type", Type: cty.String, Default: cty.StringVal("PUBLIC"), Check: resource.Check{OneOf: []string{"PUBLIC", "CONFIDENTIAL"}},
				Doc: "`PUBLIC`, or `CONFIDENTIAL` for a client with a secret, which influxctl cannot use since 2.9.8. The secret is Keycloak's and is not read.",
			},
			flow("oauth2_device_authorization_grant_enabled", "Whether the device flow is on, by which influxctl signs in.", true),
			lifespan("oauth2_device_code_lifespan", "How long a user has to enter the code of the device flow."),
			lifespan("oauth2_device_polling_interval", "How often the client may ask whether the user has signed in."),
			flow("standard_flow_enabled", "Whether the authorization code flow is on.", false),
			flow("implicit_flow_enabled", "Whether the implicit flow is on, which OAuth 2.1 has abolished.", false),
			flow("direct_access_grants_enabled", "Whether the client may ask users for their password itself.", false),
			flow("service_accounts_enabled", "Whether the client has an account of its own.", false),
			{
				Name: "valid_redirect_uris", Type: stringSet, Default: noStrings,
				Doc: "Where the authorization code flow may lead back to. The device flow needs none.",
			},
			lifespan("access_token_lifespan", "How long the client's access tokens are valid."),
			{
				Name: "default_scopes", Type: stringSet, Partial: true, Default: cty.SetVal([]cty.Value{cty.StringVal(basicScope)}), Always: []string{basicScope},
				Doc: "Client scopes that every token gets. Those that never were named, such as the realm's defaults, stay; one that was, and is no more, is removed. `basic`, which carries `sub`, is always among them.",
			},
			{
				Name: "optional_scopes", Type: stringSet, Partial: true,
				Doc: "Client scopes that a token gets when it is asked for with them. Those that are not named stay.",
			},
			flow("full_scope_allowed", "Whether tokens carry all roles of the user, not only those of the client's scope.", true),
			flow("consent_required", "Whether users are asked for consent in the other flows as well. In the device flow they always are.", false),
			{
				Name: "attributes", Type: stringMap, Partial: true,
				Doc: "Further attributes of the client, by Keycloak's names. Those that are not named stay as they are. Keycloak keeps no empty value.",
			},
		},
		Key: []string{"client_id"},
		DeviceFlow: map[string]cty.Value{
			"enabled": cty.True, "access_type": cty.StringVal("PUBLIC"), "oauth2_device_authorization_grant_enabled": cty.True,
		},
		Parent:   "realm",
		Lookup:   [][]string{{"client_id"}, {"id"}},
		ChosenID: true,
		Marked:   true,
	}
}

const clientExample = `provider "keycloak" {
  url      = "https://sso.example.com"
  username = "admin"
  password = var.keycloak_password
}

variable "keycloak_password" {
  type      = string
  sensitive = true
}

realm "influxdb" {}

# Public, with the device flow and nothing else: right by default.
client "influxctl" {
  realm                       = realm.influxdb
  name                        = "InfluxDB command line"
  access_token_lifespan       = 900
  oauth2_device_code_lifespan = 300
}

output "client_id" {
  value = client.influxctl.client_id
}
`
