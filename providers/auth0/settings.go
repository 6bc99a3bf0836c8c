package auth0

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

func configAttributes() []resource.Attribute {
	notEmpty := resource.Check{MinLen: 1}
	return []resource.Attribute{
		{
			Name: "domain", Type: cty.String, Required: true, Normalize: resource.Lower, Check: domainCheck(),
			Doc: "Domain of the tenant, as in `example.eu.auth0.com`: the one that Auth0 gave it, also where users sign in at a custom one.",
		},
		{
			Name: "client_id", Type: cty.String, Check: notEmpty,
			Doc: "Client id of the application that idpctl signs in as: a machine-to-machine one with a grant for the Management API.",
		},
		{
			Name: "client_secret", Type: cty.String, Sensitive: true, Check: notEmpty,
			Doc: "Secret of that application.",
		},
		{
			Name: "client_assertion_private_key", Type: cty.String, Sensitive: true, Check: notEmpty,
			Doc: "Private key (PEM) by which that application proves itself instead, as in `file(\"key.pem\")`.",
		},
		{
			Name: "client_assertion_signing_alg", Type: cty.String, Default: cty.StringVal("RS256"), Check: resource.Check{OneOf: []string{"RS256", "RS384", "PS256"}},
			Doc: "How it signs with that key, as its credential at Auth0 says.",
		},
		{
			Name: "api_token", Type: cty.String, Sensitive: true, Check: notEmpty,
			Doc: "Token for the Management API, instead of these.",
		},
		{
			Name: "audience", Type: cty.String, Check: notEmpty,
			Doc: "Identifier of the Management API. Unset: `https://DOMAIN/api/v2/`, which it is also where a custom domain is used.",
		},
		{
			Name: "custom_domain_header", Type: cty.String, Normalize: resource.Lower, Check: domainCheck(),
			Doc: "Custom domain that the mails of a tenant with several of them are from.",
		},
		{
			Name: "ca_file", Type: cty.String, Check: notEmpty,
			Doc: "PEM file with the certificate authority that signed the certificate of a proxy or an emulator, if the system does not trust it.",
		},
		{
			Name: "timeout", Type: cty.Number, Default: cty.NumberIntVal(60), Check: resource.Check{HasRange: true, Min: 1, Max: 3600},
			Doc: "Seconds that one request may take, its answer included.",
		},
	}
}

// configEnv are the variables that Auth0's own tools use
// (https://github.com/auth0/terraform-provider-auth0, docs/index.md).
func configEnv() map[string][]string {
	return map[string][]string{
		"domain":                       {"AUTH0_DOMAIN"},
		"client_id":                    {"AUTH0_CLIENT_ID"},
		"client_secret":                {"AUTH0_CLIENT_SECRET"},
		"client_assertion_private_key": {"AUTH0_CLIENT_ASSERTION_PRIVATE_KEY"},
		"client_assertion_signing_alg": {"AUTH0_CLIENT_ASSERTION_SIGNING_ALG"},
		"api_token":                    {"AUTH0_API_TOKEN"},
		"audience":                     {"AUTH0_AUDIENCE"},
		"custom_domain_header":         {"AUTH0_CUSTOM_DOMAIN_HEADER"},
		"ca_file":                      {"AUTH0_CA_FILE"},
	}
}

// settings are the provider block.
type settings struct {
	domain, audience, mailDomain string
	clientID, clientSecret       string
	privateKey, algorithm        string
	token                        string
}

// readSettings checks the provider block.
func readSettings(cfg providers.Config) (settings, error) {
	get := func(name string) string { return attr.String(cfg.Attrs, name) }
	s := settings{
		domain: get("domain"), audience: get("audience"), mailDomain: get("custom_domain_header"), clientID: get("client_id"), clientSecret: get("client_secret"),
		privateKey: get("client_assertion_private_key"), algorithm: get("client_assertion_signing_alg"), token: get("api_token"),
	}
	if s.audience == "" {
		s.audience = "https://" + s.domain + "/api/v2/"
	}
	switch {
	case s.token != "":
	case s.clientID == "":
		return s, work.Invalid("client_id", "Write client_id, or set AUTH0_CLIENT_ID; a token in api_token will do, too",
			"It is not said as which application to sign in at Auth0")
	case s.clientSecret == "" && s.privateKey == "":
		return s, work.Invalid("client_secret", "Write client_secret or client_assertion_private_key, or set AUTH0_CLIENT_SECRET; a token in api_token will do, too",
			"The application %s has nothing to prove itself with", work.Quoted(s.clientID))
	case s.privateKey != "":
		if _, err := s.assertion(); err != nil {
			return s, work.Invalid("client_assertion_private_key", "Write a private RSA key in PEM form, as in file(\"key.pem\")", "The private key cannot be used: %s", err)
		}
	}
	return s, nil
}

// url is an address on the tenant's domain.
func (s settings) url(path string) string {
	return "https://" + s.domain + "/" + strings.TrimPrefix(path, "/")
}
