package oidc

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// New returns the provider.
func New() providers.Provider { return provider{} }

// Options change how a provider reaches the issuer; they are for tests.
type Options struct {
	// DialContext takes the place of the network.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
}

// NewWith returns a provider for tests.
func NewWith(o Options) providers.Provider { return provider{o} }

type provider struct{ options Options }

// Info describes the provider; see [providers.Provider].
func (provider) Info() providers.Info {
	return providers.Info{
		Type: "oidc",
		Name: "OpenID Connect",
		Doc: "Any identity provider with OpenID Connect discovery and the device flow, such as Dex, Okta or ZITADEL. " +
			"idpctl looks up the endpoints there and manages nothing: client and users are made with the provider's own tools, and `data` blocks say what they are.",
		Example:      providerExample,
		Config:       configAttributes(),
		Env:          configEnv(),
		Kinds:        kinds(),
		ForeignKinds: foreignKinds(),
		// InfluxDB compares this text with "azure" and with nothing else.
		IdentityProvider: defaultName,
		SubjectClaim:     defaultClaim,
		Scopes:           defaultScopes(),
		FromBlock: providers.FromBlock{
			IdentityProvider: "identity_provider", SubjectClaim: "subject_claim", Scopes: "scopes", Origins: "allowed_origins",
		},
		SignInHints: map[string]string{
			"invalid_scope": "The provider does not know one of the scopes that are asked for, or the client may not ask for it. Write those that it takes in `scopes` of the provider block; what it knows stands as scopes_supported in its discovery document.",
		},
	}
}

const (
	// defaultName is written where the user names the provider in no other way. The
	// cluster shows it; any text but "azure" means the same to it.
	defaultName  = "oidc"
	defaultClaim = "sub"
)

// defaultScopes are what any OpenID provider takes. Without openid the request is no
// OpenID request, and Dex refuses it (OpenID Connect Core 1.0, 3.1.2.1); profile and
// email have the token say who signed in, where it says so at all (5.4).
// offline_access is not among them although a refresh token spares people to sign in
// again: servers refuse it, or ask for more consent, unless the client was allowed to
// have it (11), and a default that keeps people out is a worse one than a default that
// has them sign in once a day.
func defaultScopes() []string { return []string{"openid", "profile", "email"} }

func configAttributes() []resource.Attribute {
	notEmpty := resource.Check{MinLen: 1}
	scopes := make([]cty.Value, 0, len(defaultScopes()))
	for _, s := range defaultScopes() {
		scopes = append(scopes, cty.StringVal(s))
	}
	return []resource.Attribute{
		{
			Name: "issuer", Type: cty.String, Required: true, Check: resource.Check{URL: true},
			Doc: "The issuer, letter by letter as tokens have it in `iss`: what stands before `/.well-known/openid-configuration`. It is https, or on this machine.",
		},
		{
			Name: "identity_provider", Type: cty.String, Default: cty.StringVal(defaultName), Check: notEmpty,
			Doc: "Name that the AppInstance gets as `identityProvider`, where the `cluster` block has none. InfluxDB takes any; `azure` alone has a meaning, and is for Entra ID.",
		},
		{
			Name: "subject_claim", Type: cty.String, Default: cty.StringVal(defaultClaim), Check: notEmpty,
			Doc: "Claim of the access token that is the user's id, for `idpctl verify`. It changes nothing of the cluster, which reads `sub`, or `oid` with the identity provider `azure`.",
		},
		{
			Name: "scopes", Type: cty.List(cty.String), Default: cty.ListVal(scopes),
			Doc: "Scopes that are asked for when a person signs in. With `offline_access` as well, people sign in once and not again when the token ran out, where the provider allows it. `{client_id}` stands for the client's id.",
		},
		{
			Name: "allowed_origins", Type: cty.Set(cty.String), Check: resource.Check{URL: true},
			Doc: "Origins beside the issuer's on which its endpoints may be, as in `https://oauth2.example.com`. Codes and tokens are sent nowhere else.",
		},
		{
			Name: "ca_file", Type: cty.String, Check: notEmpty,
			Doc: "PEM file with the certificate authority that signed the server's certificate, if the system does not trust it.",
		},
		{
			Name: "timeout", Type: cty.Number, Default: cty.NumberIntVal(60), Check: resource.Check{HasRange: true, Min: 1, Max: 3600},
			Doc: "Seconds that one request may take, its answer included.",
		},
	}
}

func configEnv() map[string][]string {
	return map[string][]string{
		"issuer":  {"OIDC_ISSUER", "OIDC_ISSUER_URL"},
		"ca_file": {"OIDC_CA_FILE"},
		"timeout": {"OIDC_CLIENT_TIMEOUT"},
	}
}

const providerExample = `provider "oidc" {
  issuer = "https://dex.example.com" # or OIDC_ISSUER
}

data "realm" "dex" {}

output "jwks_uri" {
  value = data.realm.dex.jwks_uri
}
`

// Open checks the provider block; see [providers.Provider].
func (p provider) Open(_ context.Context, cfg providers.Config) (providers.Conn, error) {
	timeout := time.Duration(attr.Int(cfg.Attrs, "timeout", 60)) * time.Second
	opts := transport.Options{
		Server: "The issuer", Config: cfg, CAHint: "ca_file", URLHint: "issuer", Timeout: timeout, MaxBody: maxBody,
		DialContext: p.options.DialContext,
	}
	if file := attr.String(cfg.Attrs, "ca_file"); file != "" {
		pool, err := transport.LoadCAs(cfg.Path(file), "ca_file")
		if err != nil {
			return nil, err
		}
		opts.RootCAs = pool
	}
	c := &conn{issuer: attr.String(cfg.Attrs, "issuer"), transport: transport.New(opts)}
	c.client = oidc.Client{
		HTTP: &http.Client{Transport: c.transport}, UserAgent: cfg.UserAgent, AllowedOrigins: attr.Strings(cfg.Attrs, "allowed_origins"),
		Timeout: longest,
	}
	if c.issuer == "" {
		return nil, work.Invalid("issuer", "Set issuer in the provider block, or OIDC_ISSUER", "The provider oidc has no issuer")
	}
	if err := c.client.ValidIssuer(c.issuer); err != nil {
		return nil, c.explain(err)
	}
	for _, o := range c.client.AllowedOrigins {
		if strings.HasPrefix(o, "http://") && c.client.ValidIssuer(o) != nil {
			return nil, work.Invalid("allowed_origins", "Whoever sits between reads codes and tokens: write https", "allowed_origins has %s, which is http on another machine", work.Quoted(o))
		}
	}
	return c, nil
}

const (
	// maxBody is more than package oidc reads, so that it is that one which refuses.
	maxBody = 2 << 20
	// longest is how long a document may take with all repetitions of the transport,
	// which has limits of its own for each of them.
	longest = 15 * time.Minute
)
