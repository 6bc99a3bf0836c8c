package auth0

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// deviceGrant is the grant type of the device flow (RFC 8628, 3.4).
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

func clientKind() resource.Kind {
	seconds := func(name, doc string, least int64) resource.Attribute {
		return resource.Attribute{
			Name: name, Type: cty.Number, Optional: true, Computed: true, Check: resource.Check{HasRange: true, Min: least, Max: 157788000},
			Doc: doc + " Unset: as it is, and Auth0's default for a new client.",
		}
	}
	return resource.Kind{
		Name:    "client",
		Doc:     "The application that influxctl signs in with: a native one, public, for the device flow.",
		Example: clientExample,
		Attributes: []resource.Attribute{
			tenantRef(),
			{
				Name: "name", Type: cty.String, DefaultFrom: resource.FromLabel, Check: resource.Check{MinLen: 1, MaxLen: 255, Pattern: "[^<>]+", PatternDoc: "anything but < and >"},
				Doc: "Name, which the sign-in page shows. It is not unique, so idpctl never finds an application by it.",
			},
			{
				Name: "client_id", Type: cty.String, Optional: true, Computed: true, ForceNew: true,
				Check: resource.Check{MinLen: 1, MaxLen: 64, Pattern: `[A-Za-z0-9_\-]+`, PatternDoc: "letters, digits, _ and -"},
				Doc:   "Client id, which influxctl signs in with. Set it to adopt the application that has it.",
			},
			{
				Name: "api", Type: cty.String, Local: true, Ref: &resource.Ref{Kinds: []string{"api"}, Attr: "identifier"},
				Doc: "The API that influxctl asks tokens for, as in `api.influxdb`. Without one, Auth0's access tokens are opaque, and the cluster refuses them.",
			},
			{
				Name: "description", Type: cty.String, Check: resource.Check{MaxLen: 140},
				Doc: "What the application is for.",
			},
			{
				Name: "logo_uri", Type: cty.String, Check: resource.Check{URL: true},
				Doc: "Picture that the sign-in page shows.",
			},
			{
				Name: "app_type", Type: cty.String, Default: cty.StringVal("native"), Check: resource.Check{OneOf: []string{"native", "spa", "regular_web", "non_interactive"}},
				Doc: "Type of the application.",
			},
			{
				Name: "grant_types", Type: stringSet, Default: cty.SetVal([]cty.Value{cty.StringVal("refresh_token"), cty.StringVal(deviceGrant)}), Always: []string{deviceGrant},
				Doc: "Grant types; all of them. The device flow's is among them always.",
			},
			{
				Name: "token_endpoint_auth_method", Type: cty.String, Default: cty.StringVal("none"), Check: resource.Check{OneOf: []string{"none", "client_secret_post", "client_secret_basic"}},
				Doc: "How the application proves itself. influxctl has no secret: `none`.",
			},
			{
				Name: "oidc_conformant", Type: cty.Bool, Default: cty.True,
				Doc: "Whether Auth0 follows OpenID Connect to the letter. The device flow needs it.",
			},
			{
				Name: "is_first_party", Type: cty.Bool, Default: cty.True,
				Doc: "Whether it is an application of your own. A third party's can use connections only that are promoted to the domain level.",
			},
			{
				Name: "connections", Type: stringSet, Partial: true, Optional: true, Computed: true, DefaultFrom: resource.FromServer,
				Doc: "Names of the connections that users sign in with. Others stay. Unset: the tenant's database connection, if it has only one.",
			},
			{
				Name: "refresh_token_rotation", Type: cty.Bool, Default: cty.True,
				Doc: "Whether each use of a refresh token gives another one, and ends the first. They expire then.",
			},
			seconds("refresh_token_leeway", "Seconds for which a refresh token can still be used after that.", 0),
			seconds("refresh_token_lifetime", "Seconds after which a refresh token ends.", 1),
			seconds("refresh_token_idle_lifetime", "Seconds without use after which a refresh token ends.", 1),
			{
				Name: "client_metadata", Type: stringMap, Partial: true,
				Check: resource.Check{MaxLen: metadataMost},
				Doc:   "Metadata, 8 keys at most beside two of idpctl's. Those that are not named stay.",
			},
		},
		Unique:    [][]string{{"client_id"}},
		Parent:    "tenant",
		Lookup:    [][]string{{"client_id"}, {"id"}},
		UpsertKey: true,
		Marked:    true,
		DeviceFlow: map[string]cty.Value{
			"app_type": cty.StringVal("native"), "token_endpoint_auth_method": cty.StringVal("none"), "oidc_conformant": cty.True,
		},
		Audience: "api",
	}
}

// metadataMost is how many keys of client_metadata are left beside idpctl's: Auth0
// takes ten (https://auth0.com/docs/manage-users/user-accounts/metadata).
const metadataMost = 8

const clientExample = `provider "auth0" {
  domain = "example.eu.auth0.com"
}

tenant "influxdb" {
  domain = "example.eu.auth0.com"
}

api "influxdb" {
  tenant     = tenant.influxdb
  identifier = "https://influxdb.example.com"
}

client "influxctl" {
  tenant = tenant.influxdb
  api    = api.influxdb
}

output "client_id" {
  value = client.influxctl.client_id
}
`
