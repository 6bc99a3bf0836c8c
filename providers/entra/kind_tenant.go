package entra

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// stringSet is the type of what has no order.
var stringSet = cty.Set(cty.String)

// fits is what every text of Graph's fits in.
var fits = resource.Check{MinLen: 1, MaxLen: 256}

// nickname is what a mail nickname may be, of users and of groups.
var nickname = resource.Check{MinLen: 1, MaxLen: 64, Pattern: `[!#$%&'*+\-./0-9=?A-Z^_{|}~a-z]+`, PatternDoc: "ASCII without spaces and @()\\[]\";:<>,"}

func tenantKind() resource.Kind {
	computed := func(name, doc string) resource.Attribute {
		return resource.Attribute{Name: name, Type: cty.String, Computed: true, Doc: doc}
	}
	return resource.Kind{
		Name:    "tenant",
		Doc:     "The tenant that the provider block signs in at. It exists already: it is checked, and never created or changed.",
		Example: tenantExample,
		Attributes: []resource.Attribute{
			{
				Name: "domain", Type: cty.String, Required: true, Normalize: resource.Lower, Check: fits,
				Doc: "One of the tenant's verified domains, or its id. Another tenant's is an error, before anything is planned.",
			},
			computed("display_name", "Name of the organization."),
			computed("default_domain", "The domain that new user names get by default."),
			computed("initial_domain", "The domain that the tenant was made with, which ends in `.onmicrosoft.com` in the public cloud."),
			computed("issuer", "Issuer of the tokens, as `iss` has it."),
			computed("jwks_uri", "Where the keys of the tokens are: the AppInstance's `jwksEndpoint`."),
			computed("token_endpoint", "Token endpoint, for influxctl's profile."),
			computed("device_authorization_endpoint", "Device authorization endpoint, for influxctl's profile."),
		},
		Key:       []string{"domain"},
		Lookup:    [][]string{{"domain"}},
		AdoptOnly: true,
	}
}

const tenantExample = `provider "entra" {
  tenant_id = "00000000-0000-0000-0000-000000000001"
}

tenant "influxdb" {
  domain = "example.onmicrosoft.com"
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
