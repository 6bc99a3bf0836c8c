package auth0

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/auth0/go-auth0/management"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// conn is a connection to one tenant; see [providers.Conn].
type conn struct {
	settings    settings
	transport   *transport.Transport
	client      *http.Client
	api         *management.Management
	auth        *auth
	pace        *pace
	secrets     work.Secrets
	parallelism int
	// page is how many objects are asked for at once, importLeast how many new users
	// are imported by a job.
	page, importLeast, importMost int
	// blanks are objects of each kind with everything null.
	blanks map[string]map[string]cty.Value

	discoveredMu sync.Mutex
	discovered   map[string]*work.Once[discovery] // by domain
	domains      work.Once[[]string]
	// connections are those of databases, everyConnection all.
	connections, everyConnection work.Once[[]connection]
}

// Sizes of what is asked for at once.
const (
	// pageSize is the most that a list gives
	// (https://auth0.com/docs/manage-users/user-search/retrieve-users-with-get-users-endpoint).
	pageSize = 100
	// searchMost is how many results of a search can be paged through.
	searchMost = 1000
	// enabledPage is that of the clients of a connection, and how many can be changed
	// at once.
	enabledPage = 50
)

func newConn(s settings, cfg providers.Config, t *transport.Transport, p *pace, o Options) (*conn, error) {
	c := &conn{
		settings: s, transport: t, pace: p, parallelism: max(cfg.Parallelism, 1), page: pageSize, importLeast: importLeast,
		blanks: work.Blanks(kinds()), discovered: map[string]*work.Once[discovery]{},
	}
	if o.Page > 0 {
		c.page = o.Page
	}
	if o.ImportLeast > 0 {
		c.importLeast = o.ImportLeast
	}
	if c.importMost = o.ImportMost; c.importMost == 0 {
		c.importMost = math.MaxInt
	}
	c.secrets.Remember(s.clientSecret, s.privateKey, s.token)
	c.auth = &auth{c: c}
	c.client = &http.Client{Transport: recorder{t, o.PlainHTTP}}
	options := []management.Option{
		management.WithClient(c.client), management.WithStaticToken("-"), // recorder puts the token in
		management.WithNoRetries(), management.WithNoAuth0ClientInfo(), management.WithUserAgent(cfg.UserAgent),
	}
	if s.mailDomain != "" {
		options = append(options, management.WithCustomDomainHeader(s.mailDomain))
	}
	api, err := management.New(s.domain, options...)
	if err != nil {
		return nil, work.Invalid("domain", "Write the host name alone, as in example.eu.auth0.com", "domain %s is none", work.Quoted(s.domain))
	}
	c.api = api
	return c, nil
}

// List finds objects; see [providers.Conn].
func (c *conn) List(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	if q.Kind != "tenant" && q.Parent != c.settings.domain {
		return nil, nil // of another tenant
	}
	switch q.Kind {
	case "tenant":
		return c.listTenant(ctx, q)
	case "client":
		return c.listClients(ctx, q)
	case "api":
		return c.listAPIs(ctx, q)
	case "user":
		return c.listUsers(ctx, q)
	case "group":
		return c.listRoles(ctx, q)
	}
	return nil, work.UnknownKind("auth0", q.Kind)
}

// blank is a new object of a kind, to be filled.
func (c *conn) blank(kind string) map[string]cty.Value {
	vals := maps.Clone(c.blanks[kind])
	if kind != "tenant" {
		vals["tenant"] = cty.StringVal(c.settings.domain)
	}
	return vals
}

// Server is the tenant's domain; see [providers.Conn].
func (c *conn) Server() string { return c.settings.url("") }

// ServerTime is Auth0's clock; see [providers.Conn].
func (c *conn) ServerTime() time.Time { return c.transport.Clock().Now() }

// Elsewhere is nowhere: each tenant has a domain of its own.
func (c *conn) Elsewhere() string { return "" }

// Lag is none: what is read by its id or e-mail is as it was written
// (https://auth0.com/docs/manage-users/user-search/user-search-best-practices).
func (c *conn) Lag() time.Duration { return 0 }

// searchLag is how long the search is taken to be behind. Auth0 promises nothing;
// it says seconds.
const searchLag = time.Minute

// SearchLag is that of GET /users; see [providers.Searcher].
func (c *conn) SearchLag() time.Duration { return searchLag }

// Close closes what is kept alive: an application has no session.
func (c *conn) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

// clientID is the application that idpctl signs in as; of a token the one that it
// was made for, "" if it does not tell.
func (c *conn) clientID() string {
	if c.settings.token == "" {
		return c.settings.clientID
	}
	parts := strings.Split(c.settings.token, ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Azp string `json:"azp"`
	}
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.Azp
}

var (
	_ providers.Conn      = (*conn)(nil)
	_ providers.Searcher  = (*conn)(nil)
	_ providers.Defaulter = (*conn)(nil)
	_ providers.Estimator = (*conn)(nil)
)
