package auth0

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

func apiKind() resource.Kind {
	return resource.Kind{
		Name:    "api",
		Doc:     "An API (resource server). Who asks for it gets access tokens that the cluster can check; without one they are opaque.",
		Example: apiExample,
		Attributes: []resource.Attribute{
			tenantRef(),
			{
				Name: "identifier", Type: cty.String, Required: true, ForceNew: true,
				Check: resource.Check{MinLen: 1, MaxLen: 600, Pattern: `[^\s]+`, PatternDoc: "anything without spaces", NotOneOf: nil},
				Doc:   "Identifier, the `aud` of its tokens. It looks like an address and need not be one; it cannot be changed.",
			},
			{
				Name: "name", Type: cty.String, DefaultFrom: resource.FromLabel, Check: resource.Check{MinLen: 1, MaxLen: 200, Pattern: "[^<>]+", PatternDoc: "anything but < and >"},
				Doc: "Name, for people.",
			},
			{
				Name: "signing_alg", Type: cty.String, Default: cty.StringVal("RS256"), Check: resource.Check{OneOf: []string{"RS256"}},
				Doc: "How its tokens are signed. Only with RS256 can the cluster check them by the tenant's JWKS.",
			},
			{
				Name: "token_lifetime", Type: cty.Number, Optional: true, Computed: true, Check: resource.Check{HasRange: true, Min: 1, Max: 2592000},
				Doc: "Seconds for which a token is valid. Unset: as it is, and a day for a new API.",
			},
			{
				Name: "allow_offline_access", Type: cty.Bool, Optional: true, Computed: true,
				Doc: "Whether it takes refresh tokens, for clients that ask for the scope `offline_access`. Unset: as it is, and `false` for a new API.",
			},
			{
				Name: "skip_consent", Type: cty.Bool, Optional: true, Computed: true,
				Doc: "Whether users of first-party clients are not asked for consent. Unset: as it is, and `false` for a new API.",
			},
			{
				Name: "scopes", Type: stringMap, Partial: true,
				Doc: "Scopes with what they mean, as in `{ \"read:data\" = \"Read data\" }`. Those that are not named stay.",
			},
			{
				Name: "parameters", Type: stringMap, Computed: true,
				Doc: "What influxctl's profile has as `parameters`: the audience.",
			},
		},
		Key:    []string{"identifier"},
		Parent: "tenant",
		Lookup: [][]string{{"identifier"}, {"id"}},
	}
}

const apiExample = `provider "auth0" {
  domain = "example.eu.auth0.com"
}

tenant "influxdb" {
  domain = "example.eu.auth0.com"
}

api "influxdb" {
  tenant         = tenant.influxdb
  identifier     = "https://influxdb.example.com"
  token_lifetime = 3600
}

output "parameters" {
  value = api.influxdb.parameters
}
`
