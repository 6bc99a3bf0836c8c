package keycloak

import (
	"context"
	"math"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// New returns the provider.
func New() providers.Provider { return provider{} }

// Options change how a provider reaches Keycloak; they are for tests.
type Options struct {
	// DialContext takes the place of the network.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
}

// NewWith returns a provider for tests.
func NewWith(o Options) providers.Provider { return provider{o} }

type provider struct{ options Options }

// defaultClientID is the client that every realm has for its administrators'
// command line tools; it allows the password grant.
const defaultClientID = "admin-cli"

// Info describes the provider; see [providers.Provider].
func (provider) Info() providers.Info {
	return providers.Info{
		Type: "keycloak",
		Name: "Keycloak",
		Doc: "A Keycloak server, version 26 or later. Sign in with `username` and `password`, or with `client_id` and " +
			"`client_secret` of a client with a service account.",
		Example: providerExample,
		Config: []resource.Attribute{
			{
				Name: "url", Type: cty.String, Required: true, Check: resource.Check{URL: true},
				Doc: "Address of the server. A path in front of `/realms`, such as `/auth`, is part of it; `/auth` is found without being written.",
			},
			{
				Name: "realm", Type: cty.String, Default: cty.StringVal("master"), Check: realmName,
				Doc: "Realm to sign in at. An account of `master` can manage every realm, one of another realm only its own.",
			},
			{
				Name: "username", Type: cty.String, Check: notEmpty,
				Doc: "User to sign in as, with `password`.",
			},
			{
				Name: "password", Type: cty.String, Sensitive: true, Check: notEmpty,
				Doc: "Password of the user.",
			},
			{
				Name: "client_id", Type: cty.String, Check: notEmpty,
				Doc: "Client to sign in with. With `username` the default is `admin-cli`; without it, this is the client whose service account is used.",
			},
			{
				Name: "client_secret", Type: cty.String, Sensitive: true, Check: notEmpty,
				Doc: "Secret of the client, if it is not public.",
			},
			{
				Name: "ca_file", Type: cty.String, Check: notEmpty,
				Doc: "PEM file with the certificate authority that signed the server's certificate, if the system does not trust it.",
			},
			{
				Name: "tls_insecure_skip_verify", Type: cty.Bool, Default: cty.False,
				Doc: "**Dangerous.** `true` accepts any certificate: whoever is in between can read the administrator's password and " +
					"change everything that is sent. Use `ca_file` instead.",
			},
			{
				Name: "timeout", Type: cty.Number, Default: cty.NumberIntVal(60), Check: resource.Check{HasRange: true, Min: 1, Max: 3600},
				Doc: "Seconds that one request may take, its answer included.",
			},
		},
		Env: map[string][]string{
			"url":                      {"KEYCLOAK_URL"},
			"realm":                    {"KEYCLOAK_REALM"},
			"username":                 {"KEYCLOAK_USER", "KEYCLOAK_USERNAME"},
			"password":                 {"KEYCLOAK_PASSWORD"},
			"client_id":                {"KEYCLOAK_CLIENT_ID"},
			"client_secret":            {"KEYCLOAK_CLIENT_SECRET"},
			"ca_file":                  {"KEYCLOAK_CA_FILE"},
			"tls_insecure_skip_verify": {"KEYCLOAK_TLS_INSECURE_SKIP_VERIFY"},
			"timeout":                  {"KEYCLOAK_CLIENT_TIMEOUT"},
		},
		Kinds:            kinds(),
		ForeignKinds:     foreignKinds(),
		IdentityProvider: "keycloak",
		SubjectClaim:     "sub",
		Permissions:      permissions(),
	}
}

// permissions are roles of the client realm-management (in master: of the client
// REALM-realm), but for create-realm, which is a role of the realm master.
func permissions() []providers.Permission {
	return []providers.Permission{
		{Name: "view-realm", Why: "read a realm's settings"},
		{Name: "create-realm", Why: "create a realm that is not there", Kind: "realm", Managed: true},
		{Name: "manage-realm", Why: "change and delete a realm", Kind: "realm", Managed: true},
		{Name: "view-clients", Why: "find clients", Kind: "client"},
		{Name: "manage-clients", Why: "create, change and delete clients", Kind: "client", Managed: true},
		{Name: "view-users", Why: "find users and groups", Kind: "user"},
		{Name: "view-users", Why: "find users and groups", Kind: "group"},
		{Name: "manage-users", Why: "create, change and delete users and groups", Kind: "user", Managed: true},
		{Name: "manage-users", Why: "create, change and delete users and groups", Kind: "group", Managed: true},
	}
}

const providerExample = `provider "keycloak" {
  url      = "https://sso.example.com" # or KEYCLOAK_URL
  username = "admin"                   # or KEYCLOAK_USER
  password = var.keycloak_password     # or KEYCLOAK_PASSWORD
}

provider "keycloak" {
  alias    = "staging"
  url      = "https://sso-staging.example.com"
  username = "admin"
  password = var.keycloak_password
  timeout  = 30
}

variable "keycloak_password" {
  type      = string
  sensitive = true
}

realm "influxdb" {}

realm "influxdb-staging" {
  provider = keycloak.staging
}
`

// kinds are the kinds of objects, homes first.
func kinds() []resource.Kind {
	all := []resource.Kind{realmKind(), clientKind(), userKind(), groupKind()}
	for i := range all {
		all[i].Foreign = foreign(all[i].Name)
	}
	return all
}

// Open checks the provider block; see [providers.Provider].
func (p provider) Open(_ context.Context, cfg providers.Config) (providers.Conn, error) {
	creds, err := readCredentials(cfg.Attrs)
	if err != nil {
		return nil, err
	}
	opts := transport.Options{
		Server:             "Keycloak",
		Config:             cfg,
		CAHint:             "ca_file",
		InsecureSkipVerify: attr.Bool(cfg.Attrs, "tls_insecure_skip_verify", false),
		Timeout:            time.Duration(attr.Int(cfg.Attrs, "timeout", 60)) * time.Second,
		DialContext:        p.options.DialContext,
	}
	if file := attr.String(cfg.Attrs, "ca_file"); file != "" {
		if opts.RootCAs, err = transport.LoadCAs(cfg.Path(file), "ca_file"); err != nil {
			return nil, err
		}
	}
	return newConn(creds, transport.New(opts), max(cfg.Parallelism, 1)), nil
}

// credentials say where and as whom to sign in.
type credentials struct {
	base         *url.URL // without a slash at its end
	realm        string
	clientID     string
	clientSecret string
	username     string
	password     string
}

// who names the account in messages.
func (c credentials) who() string {
	if c.username != "" {
		return "user " + work.Quoted(c.username)
	}
	return "the service account of client " + work.Quoted(c.clientID)
}

func readCredentials(attrs cty.Value) (credentials, error) {
	c := credentials{
		realm:        attr.String(attrs, "realm"),
		clientID:     attr.String(attrs, "client_id"),
		clientSecret: attr.String(attrs, "client_secret"),
		username:     attr.String(attrs, "username"),
		password:     attr.String(attrs, "password"),
	}
	refuse := func(attribute, summary, hint string) (credentials, error) {
		return c, &providers.Error{Class: providers.Invalid, Attribute: attribute, Summary: summary, Hint: hint}
	}
	raw := strings.TrimSpace(attr.String(attrs, "url"))
	base, err := url.Parse(raw)
	switch {
	case raw == "":
		return refuse("url", "The provider keycloak has no url", "Set url in the provider block, or KEYCLOAK_URL")
	case err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http":
		return refuse("url", "url is not the address of a server", "Write it as in https://sso.example.com")
	case base.User != nil:
		return refuse("url", "url holds credentials", "Set username and password instead")
	case base.RawQuery != "" || base.Fragment != "":
		return refuse("url", "url has a query or a fragment", "Write it as in https://sso.example.com")
	}
	base.Path, base.RawPath = strings.TrimRight(base.Path, "/"), ""
	c.base = base
	if c.realm == "" {
		c.realm = "master"
	}
	if !safeSegment(c.realm) {
		return refuse("realm", "realm is not the name of a realm", "")
	}
	switch {
	case c.username != "" && c.password == "":
		return refuse("password", "The provider keycloak has a username but no password",
			"Set password in the provider block, or KEYCLOAK_PASSWORD")
	case c.username == "" && c.password != "":
		return refuse("username", "The provider keycloak has a password but no username",
			"Set username in the provider block, or KEYCLOAK_USER")
	case c.username != "" && c.clientID == "":
		c.clientID = defaultClientID
	case c.username != "":
	case c.clientID == "" && c.clientSecret == "":
		return refuse("", "The provider keycloak has no credentials",
			"Set username and password, or client_id and client_secret, in the provider block or by KEYCLOAK_USER, KEYCLOAK_PASSWORD, KEYCLOAK_CLIENT_ID and KEYCLOAK_CLIENT_SECRET")
	case c.clientID == "":
		return refuse("client_id", "The provider keycloak has a client_secret but no client_id",
			"Set client_id in the provider block, or KEYCLOAK_CLIENT_ID")
	case c.clientSecret == "":
		return refuse("client_secret", "The provider keycloak has a client_id but neither a client_secret nor a username",
			"Set client_secret, or username and password")
	}
	return c, nil
}

// pathDots are names that a URL's path cannot carry (RFC 3986, 5.2.4).
var pathDots = []string{".", ".."}

const noName = "a step in a path, which Keycloak could not address"

// Checks that several attributes share.
var (
	notEmpty = resource.Check{MinLen: 1}
	// realmName excludes what Keycloak refuses in a realm's name (its
	// ReservedCharValidator), which is also what a path could not carry.
	realmName = resource.Check{
		MinLen: 1, MaxLen: 255,
		Pattern:    `[^\s\pC:/?#@!$&()*+,;=\[\]\\%]([^\pC:/?#@!$&()*+,;=\[\]\\%]*[^\s\pC:/?#@!$&()*+,;=\[\]\\%])?`,
		PatternDoc: "printable, without spaces at its ends and without any of : / ? # @ ! $ & ( ) * + , ; = [ ] \\ %",
		NotOneOf:   pathDots, NotOneOfDoc: noName,
	}
	// printable is a name that can be read, and told from another by reading.
	printable = resource.Check{
		MinLen: 1, MaxLen: 255,
		Pattern: `[^\s\pC]([^\pC]*[^\s\pC])?`, PatternDoc: "printable, without spaces at its ends",
		NotOneOf: pathDots, NotOneOfDoc: noName,
	}
	// clientID leaves out the clients that every realm is made with.
	clientID = resource.Check{
		MinLen: 1, MaxLen: 255, Pattern: printable.Pattern, PatternDoc: printable.PatternDoc,
		NotOneOf: append([]string{
			"account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console",
		}, pathDots...),
		NotOneOfDoc: "not free for a client of one's own: Keycloak makes it itself, or cannot address it",
	}
	seconds = resource.Check{HasRange: true, Min: 0, Max: math.MaxInt32}
	// lifetime is a time that must not be none: a token or code that ends at
	// once locks everybody out.
	lifetime = resource.Check{HasRange: true, Min: 1, Max: math.MaxInt32}
	count    = resource.Check{HasRange: true, Min: 0, Max: math.MaxInt32}
)
