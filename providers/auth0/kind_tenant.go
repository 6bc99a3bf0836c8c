package auth0

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

func tenantKind() resource.Kind {
	computed := func(name, doc string) resource.Attribute {
		return resource.Attribute{Name: name, Type: cty.String, Computed: true, Doc: doc}
	}
	asItIs := func(name string, typ cty.Type, check resource.Check, doc string) resource.Attribute {
		return resource.Attribute{Name: name, Type: typ, Optional: true, Computed: true, Check: check, Doc: doc + " Unset: as it is."}
	}
	hours := resource.Check{HasRange: true, Min: 1, Max: 8760}
	return resource.Kind{
		Name:    "tenant",
		Doc:     "The tenant of the provider block. It exists already: of its settings those are managed that are written.",
		Example: tenantExample,
		Attributes: []resource.Attribute{
			{
				Name: "domain", Type: cty.String, Required: true, Normalize: resource.Lower, Check: domainCheck(),
				Doc: "Domain at which users sign in: the tenant's own, or one of its verified custom domains. Issuer and endpoints are on it.",
			},
			asItIs("friendly_name", cty.String, resource.Check{MinLen: 1, MaxLen: 128}, "Name that the sign-in pages show."),
			asItIs("support_email", cty.String, resource.Check{Email: true}, "E-mail that users are told to write to."),
			asItIs("support_url", cty.String, resource.Check{URL: true}, "Page that users are sent to for help."),
			asItIs("session_lifetime", cty.Number, hours, "Hours after which users have to sign in again."),
			asItIs("idle_session_lifetime", cty.Number, hours, "Hours without use after which users have to sign in again."),
			asItIs("device_code_charset", cty.String, resource.Check{OneOf: []string{"base20", "digits"}}, "Characters of the codes that users type at the device flow: `base20` or `digits`."),
			asItIs("device_code_mask", cty.String, resource.Check{MinLen: 1, MaxLen: 20, Pattern: `[*\- ]+`, PatternDoc: "stars, hyphens and spaces"},
				"How these codes look, as in `****-****`: with `base20` 8 stars at least, with `digits` 9; 20 characters at most."),
			asItIs("default_audience", cty.String, resource.Check{}, "API whose tokens clients get that ask for none. Other applications of the tenant then get them, too."),
			computed("issuer", "Issuer of the tokens, as `iss` has it: with a slash at its end."),
			computed("jwks_uri", "Where the keys of the tokens are: the AppInstance's `jwksEndpoint`."),
			computed("token_endpoint", "Token endpoint, for influxctl's profile."),
			computed("device_authorization_endpoint", "Device authorization endpoint, for influxctl's profile."),
		},
		Key:       []string{"domain"},
		Lookup:    [][]string{{"domain"}},
		AdoptOnly: true,
	}
}

// domainCheck is that of a host name.
func domainCheck() resource.Check {
	return resource.Check{MinLen: 3, MaxLen: 253, Pattern: `[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?(:[0-9]+)?`, PatternDoc: "a host name, without https://"}
}

const tenantExample = `provider "auth0" {
  domain = "example.eu.auth0.com"
}

tenant "influxdb" {
  domain           = "example.eu.auth0.com"
  friendly_name    = "InfluxDB"
  session_lifetime = 12
}

output "issuer" {
  value = tenant.influxdb.issuer
}
`

// tenantRef is the attribute by which everything else says where it lives.
func tenantRef() resource.Attribute {
	return resource.Attribute{
		Name: "tenant", Type: cty.String, Required: true, ForceNew: true,
		Ref: &resource.Ref{Kinds: []string{"tenant"}, Attr: "id"}, Elsewhere: "Write realm = realm.NAME",
		Doc: "The tenant that it is in.",
	}
}
