package entra

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// New returns the provider.
func New() providers.Provider { return provider{} }

// Options change how a provider reaches Entra ID; they are for tests.
type Options struct {
	// DialContext takes the place of the network.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// Credential takes the place of the provider block's.
	Credential azcore.TokenCredential
	// Page is how many objects are asked for at once; 0 for the most.
	Page int32
}

// NewWith returns a provider for tests.
func NewWith(o Options) providers.Provider { return provider{o} }

type provider struct{ options Options }

// defaultLag is how long a read may be behind a write if the provider block does
// not say otherwise.
const defaultLag = 2 * time.Minute

// Info describes the provider; see [providers.Provider].
func (provider) Info() providers.Info {
	return providers.Info{
		Type: "entra",
		Name: "Microsoft Entra ID",
		Doc: "A tenant of Microsoft Entra ID, through Microsoft Graph. idpctl signs in as an application: with a secret, a certificate or a " +
			"federated token of the block, or else by Azure's own chain (environment, workload identity, managed identity, `az login`).",
		Example:          providerExample,
		Config:           configAttributes(),
		Env:              configEnv(),
		Kinds:            kinds(),
		ForeignKinds:     foreignKinds(),
		IdentityProvider: "azure",
		SubjectClaim:     "oid",
		Scopes:           []string{"{client_id}/.default"},
		SignInHints:      signInHints(),
		Origins:          graphOrigins(),
		Permissions:      permissions(),
		Lag:              defaultLag,
	}
}

func configAttributes() []resource.Attribute {
	notEmpty := resource.Check{MinLen: 1}
	return []resource.Attribute{
		{
			Name: "tenant_id", Type: cty.String, Required: true, Check: notEmpty,
			Doc: "Tenant to sign in at: its id, or one of its verified domains.",
		},
		{
			Name: "client_id", Type: cty.String, Check: notEmpty,
			Doc: "Application (client) id of the application that idpctl signs in as.",
		},
		{
			Name: "client_secret", Type: cty.String, Sensitive: true, Check: notEmpty,
			Doc: "Secret of that application.",
		},
		{
			Name: "client_certificate_path", Type: cty.String, Check: notEmpty,
			Doc: "PEM or PKCS#12 file with the certificate and the private key of that application.",
		},
		{
			Name: "client_certificate_password", Type: cty.String, Sensitive: true, Check: notEmpty,
			Doc: "Password of that file.",
		},
		{
			Name: "oidc_token_file", Type: cty.String, Check: notEmpty,
			Doc: "File with a federated token, as GitLab, Kubernetes and others write one. It is read again whenever idpctl signs in.",
		},
		{
			Name: "oidc_request_url", Type: cty.String, Check: resource.Check{URL: true},
			Doc: "Where GitHub Actions gives federated tokens; set there by itself for a job with `permissions: id-token: write`.",
		},
		{
			Name: "oidc_request_token", Type: cty.String, Sensitive: true, Check: notEmpty,
			Doc: "What that takes; set by GitHub Actions.",
		},
		{
			Name: "cloud", Type: cty.String, Default: cty.StringVal("public"), Check: resource.Check{OneOf: []string{"public", "usgovernment", "china"}},
			Doc: "The cloud that the tenant is in: `public`, `usgovernment` or `china`.",
		},
		{
			Name: "authority_endpoint", Type: cty.String, Check: resource.Check{URL: true},
			Doc: "Address to sign in at instead of the cloud's, for a proxy or an emulator. Only together with `graph_endpoint`, and over https.",
		},
		{
			Name: "graph_endpoint", Type: cty.String, Check: resource.Check{URL: true},
			Doc: "Address of Microsoft Graph instead of the cloud's, without `/v1.0`. Only together with `authority_endpoint`, and over https.",
		},
		{
			Name: "ca_file", Type: cty.String, Check: notEmpty,
			Doc: "PEM file with the certificate authority that signed the certificates of these, if the system does not trust it.",
		},
		{
			Name: "replication_timeout", Type: cty.Number, Default: cty.NumberIntVal(int64(defaultLag / time.Second)), Check: resource.Check{HasRange: true, Min: 0, Max: 3600},
			Doc: "Seconds within which what was written must be readable. Until then idpctl waits for the directory to replicate.",
		},
		{
			Name: "timeout", Type: cty.Number, Default: cty.NumberIntVal(60), Check: resource.Check{HasRange: true, Min: 1, Max: 3600},
			Doc: "Seconds that one request may take, its answer included.",
		},
	}
}

// configEnv are the variables that users of Azure's tools and of Terraform's
// azuread provider have set.
func configEnv() map[string][]string {
	return map[string][]string{
		"tenant_id":                   {"AZURE_TENANT_ID", "ARM_TENANT_ID"},
		"client_id":                   {"AZURE_CLIENT_ID", "ARM_CLIENT_ID"},
		"client_secret":               {"AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET"},
		"client_certificate_path":     {"AZURE_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_CERTIFICATE_PATH"},
		"client_certificate_password": {"AZURE_CLIENT_CERTIFICATE_PASSWORD", "ARM_CLIENT_CERTIFICATE_PASSWORD"},
		"oidc_token_file":             {"AZURE_FEDERATED_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH"},
		"oidc_request_url":            {"ACTIONS_ID_TOKEN_REQUEST_URL", "ARM_OIDC_REQUEST_URL"},
		"oidc_request_token":          {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ARM_OIDC_REQUEST_TOKEN"},
		"cloud":                       {"ARM_ENVIRONMENT"},
		"authority_endpoint":          {"ENTRA_AUTHORITY_ENDPOINT"},
		"graph_endpoint":              {"ENTRA_GRAPH_ENDPOINT"},
		"ca_file":                     {"ENTRA_CA_FILE"},
	}
}

const providerExample = `provider "entra" {
  tenant_id = "00000000-0000-0000-0000-000000000001" # or AZURE_TENANT_ID
  client_id = "00000000-0000-0000-0000-000000000002" # or AZURE_CLIENT_ID
}

tenant "influxdb" {
  domain = "example.onmicrosoft.com"
}
`

// kinds are the kinds of objects, homes first.
func kinds() []resource.Kind {
	all := []resource.Kind{tenantKind(), clientKind(), userKind(), groupKind()}
	for i := range all {
		all[i].Foreign = foreign(all[i].Name)
	}
	return all
}

// settings are the provider block.
type settings struct {
	tenantID, clientID, clientSecret string
	certificate                      []byte
	certificatePassword              string
	tokenFile                        string
	requestURL, requestToken         string
	authority, graph                 string
	// graphResource is what tokens for Graph are asked for.
	graphResource string
	// overridden: the endpoints are not a cloud's.
	overridden bool
	lag        time.Duration
	// attribute is the one that the credentials are from, for messages.
	attribute string
}

// clouds are the addresses of each (https://learn.microsoft.com/graph/deployments).
func clouds() map[string][2]string {
	return map[string][2]string{
		"public":       {"https://login.microsoftonline.com/", "https://graph.microsoft.com"},
		"usgovernment": {"https://login.microsoftonline.us/", "https://graph.microsoft.us"},
		"china":        {"https://login.chinacloudapi.cn/", "https://microsoftgraph.chinacloudapi.cn"},
	}
}

// graphOrigins are where the user info endpoints of the clouds are.
func graphOrigins() []string {
	var out []string
	for _, hosts := range clouds() {
		out = append(out, hosts[1])
	}
	slices.Sort(out)
	return out
}

func invalid(attribute, format string, args ...any) error {
	return &providers.Error{Class: providers.Invalid, Attribute: attribute, Summary: fmt.Sprintf(format, args...)}
}

// invalidBlock is the error of an attribute of the provider block, with what to do.
func invalidBlock(attribute, hint, format string, args ...any) error {
	return &providers.Error{Class: providers.Invalid, Attribute: attribute, Summary: fmt.Sprintf(format, args...), Hint: hint}
}

// tenantIDRunes are those of ids and domains: a tenant is part of addresses.
const tenantIDRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

// readSettings checks the provider block.
func readSettings(cfg providers.Config) (settings, error) {
	get := func(name string) string { return attr.String(cfg.Attrs, name) }
	s := settings{
		tenantID: get("tenant_id"), clientID: get("client_id"), clientSecret: get("client_secret"),
		certificatePassword: get("client_certificate_password"), tokenFile: get("oidc_token_file"),
		requestURL: get("oidc_request_url"), requestToken: get("oidc_request_token"),
		lag: time.Duration(attr.Int(cfg.Attrs, "replication_timeout", int64(defaultLag/time.Second))) * time.Second,
	}
	if strings.ContainsFunc(s.tenantID, func(r rune) bool { return !strings.ContainsRune(tenantIDRunes, r) }) {
		return s, invalidBlock("tenant_id", "az account show --query tenantId prints the id of the tenant that you are signed in to",
			"tenant_id %s is neither the id of a tenant nor a domain", work.Quoted(s.tenantID))
	}
	hosts := clouds()[cmp.Or(get("cloud"), "public")]
	s.authority, s.graph, s.graphResource = hosts[0], hosts[1], hosts[1]
	authority, graph := get("authority_endpoint"), get("graph_endpoint")
	switch {
	case (authority == "") != (graph == ""):
		return s, invalidBlock("graph_endpoint", "Set both, or neither for Microsoft's own; ENTRA_AUTHORITY_ENDPOINT and ENTRA_GRAPH_ENDPOINT count as set, too",
			"authority_endpoint and graph_endpoint belong together: one of them alone would send a token of one place to the other")
	case authority != "":
		for name, address := range map[string]string{"authority_endpoint": authority, "graph_endpoint": graph} {
			if !safeEndpoint(address) {
				return s, invalidBlock(name, "Secrets and tokens go there. Write the address as https://HOST, with ca_file if its certificate is signed by an authority of your own",
					"%s must be an https address (http on this machine only), without a query", name)
			}
		}
		if strings.HasSuffix(strings.TrimSuffix(graph, "/"), "/v1.0") {
			return s, invalid("graph_endpoint", "graph_endpoint is written without /v1.0, which idpctl adds")
		}
		s.authority, s.graph, s.overridden = strings.TrimSuffix(authority, "/")+"/", graph, true
	}
	if file := get("client_certificate_path"); file != "" {
		raw, err := os.ReadFile(cfg.Path(file))
		if err != nil {
			return s, invalidBlock("client_certificate_path", "Relative paths are relative to the folder of the configuration", "The certificate cannot be read: %s", providers.Clean(err.Error(), 200))
		}
		s.certificate = raw
	}
	if s.tokenFile != "" {
		s.tokenFile = cfg.Path(s.tokenFile)
	}
	chosen := []string{}
	for name, set := range map[string]bool{"client_secret": s.clientSecret != "", "client_certificate_path": s.certificate != nil, "oidc_token_file": s.tokenFile != ""} {
		if set {
			chosen = append(chosen, name)
			s.attribute = name
		}
	}
	if len(chosen) > 0 && s.clientID == "" {
		return s, invalidBlock(s.attribute, "Set client_id, or AZURE_CLIENT_ID", "%s needs client_id, the application that it is of", s.attribute)
	}
	if s.clientID == "" {
		s.requestURL = "" // GitHub's is set in every job
	}
	return s, nil
}

// safeEndpoint reports whether tokens may be sent to an address: over https, or
// to this machine.
func safeEndpoint(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())) && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Open checks the provider block; see [providers.Provider].
func (p provider) Open(_ context.Context, cfg providers.Config) (providers.Conn, error) {
	s, err := readSettings(cfg)
	if err != nil {
		return nil, err
	}
	opts := transport.Options{
		Server: "Entra ID", Config: cfg, CAHint: "ca_file", URLHint: "authority_endpoint or graph_endpoint", TLSOnly: true, DialContext: p.options.DialContext,
		Timeout: time.Duration(attr.Int(cfg.Attrs, "timeout", 60)) * time.Second,
	}
	if file := attr.String(cfg.Attrs, "ca_file"); file != "" {
		if opts.RootCAs, err = transport.LoadCAs(cfg.Path(file), "ca_file"); err != nil {
			return nil, err
		}
	}
	t := transport.New(opts)
	own := s.attribute != "" || s.requestURL != "" // and not Azure's chain, which asks this machine's services
	credential, sent := p.options.Credential, &doer{client: &http.Client{Transport: t}, tls: own}
	if credential == nil {
		if strings.HasPrefix(s.authority, "http:") {
			return nil, invalidBlock("authority_endpoint", "Write https://, with ca_file if the certificate there is signed by an authority of your own",
				"authority_endpoint must be an https address: Azure's library signs in nowhere else")
		}
		credential, err = newCredential(s, sent)
	}
	if err != nil {
		return nil, &providers.Error{
			Class: providers.Invalid, Err: err, Attribute: s.attribute,
			Summary: "The credentials of the provider block cannot be used: " + providers.Clean(firstLine(err.Error()), 200),
		}
	}
	c := newConn(s, cfg, t, credential)
	if own {
		c.auth.sent = sent
	}
	if p.options.Page > 0 {
		c.page = p.options.Page
	}
	return c, nil
}
