package auth0

import (
	"context"
	"net"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/resource"
)

// New returns the provider.
func New() providers.Provider { return provider{} }

// Options change how a provider reaches Auth0; they are for tests.
type Options struct {
	// DialContext takes the place of the network, and PlainHTTP that of TLS.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	PlainHTTP   bool
	// Page is how many objects are asked for at once; 0 for the most.
	Page int
	// ImportLeast is from how many new users on they are imported, and ImportMost how
	// many go into one job; 0 for the usual.
	ImportLeast, ImportMost int
}

// NewWith returns a provider for tests.
func NewWith(o Options) providers.Provider { return provider{o} }

type provider struct{ options Options }

// Types of collections.
var (
	stringSet = cty.Set(cty.String)
	stringMap = cty.Map(cty.String)
)

// Info describes the provider; see [providers.Provider].
func (provider) Info() providers.Info {
	return providers.Info{
		Type: "auth0",
		Name: "Auth0",
		Doc: "A tenant of Auth0, through its Management API. idpctl signs in as an application: with its secret or its private key, or with a token. " +
			"A tenant of the Free plan (2 requests a second) will do.",
		Example:          providerExample,
		Config:           configAttributes(),
		Env:              configEnv(),
		Kinds:            kinds(),
		ForeignKinds:     foreignKinds(),
		IdentityProvider: "auth0",
		SubjectClaim:     "sub",
		SignInHints:      signInHints(),
		Permissions:      permissions(),
	}
}

// kinds are the kinds of objects, homes first.
func kinds() []resource.Kind {
	all := []resource.Kind{tenantKind(), apiKind(), clientKind(), userKind(), groupKind()}
	for i := range all {
		all[i].Foreign = foreign(all[i].Name)
	}
	return all
}

const providerExample = `provider "auth0" {
  domain    = "example.eu.auth0.com"             # or AUTH0_DOMAIN
  client_id = "9Zp4tQeW1xKcV7mRbN2sLhYd5uJgFa8T" # or AUTH0_CLIENT_ID
}

tenant "influxdb" {
  domain = "example.eu.auth0.com"
}
`

// Open checks the provider block; see [providers.Provider].
func (p provider) Open(_ context.Context, cfg providers.Config) (providers.Conn, error) {
	s, err := readSettings(cfg)
	if err != nil {
		return nil, err
	}
	pace := newPace()
	opts := transport.Options{
		Server: "Auth0", Config: cfg, CAHint: "ca_file", URLHint: "domain", TLSOnly: true, DialContext: p.options.DialContext, Pacer: pace,
		Timeout: time.Duration(attr.Int(cfg.Attrs, "timeout", 60)) * time.Second,
	}
	if file := attr.String(cfg.Attrs, "ca_file"); file != "" {
		if opts.RootCAs, err = transport.LoadCAs(cfg.Path(file), "ca_file"); err != nil {
			return nil, err
		}
	}
	return newConn(s, cfg, transport.New(opts), pace, p.options)
}
