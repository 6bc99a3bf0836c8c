package entra

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/singleflight"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// conn is a connection to one tenant; see [providers.Conn].
type conn struct {
	settings    settings
	config      providers.Config
	transport   *transport.Transport
	auth        *auth
	graphURL    string // without a slash at its end
	parallelism int
	// page is how many objects are asked for at once.
	page int32
	// deadline is how long a replica may be behind.
	deadline time.Duration
	// secrets are what no text may repeat.
	secrets work.Secrets
	// blanks are objects of each kind with everything null.
	blanks map[string]map[string]cty.Value

	mu     sync.Mutex
	tenant *tenant // once it was read
	// reading reads the tenant once for all who ask at the same time, also when it
	// fails: a server that hangs is waited for once.
	reading singleflight.Group
}

func newConn(s settings, cfg providers.Config, t *transport.Transport, credential azcore.TokenCredential) *conn {
	c := &conn{
		settings: s, config: cfg, transport: t, graphURL: strings.TrimSuffix(s.graph, "/") + "/v1.0",
		parallelism: max(cfg.Parallelism, 1), page: pageSize, deadline: s.lag,
		auth:   &auth{credential: credential, scope: strings.TrimSuffix(s.graphResource, "/") + "/.default", clientID: s.clientID},
		blanks: work.Blanks(kinds()),
	}
	c.secrets.Remember(s.clientSecret, s.certificatePassword, s.requestToken)
	c.auth.redact, c.auth.keep = c.secrets.Redact, c.secrets.RememberTokens
	return c
}

// pageSize is the most that Graph gives at once ("$top", Graph's users list).
const pageSize = 999

// List finds objects; see [providers.Conn].
func (c *conn) List(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	if q.Kind == "tenant" {
		return c.listTenant(ctx, q)
	}
	if is, err := c.isTenant(ctx, q.Parent); err != nil || !is {
		return nil, err
	}
	switch q.Kind {
	case "client":
		return c.listClients(ctx, q)
	case "user":
		return c.listUsers(ctx, q)
	case "group":
		return c.listGroups(ctx, q)
	}
	return nil, work.UnknownKind("entra", q.Kind)
}

// blank is a new object of a kind, to be filled.
func (c *conn) blank(kind string) map[string]cty.Value { return maps.Clone(c.blanks[kind]) }

// Server is the tenant as the provider block names it; see [providers.Conn].
func (c *conn) Server() string {
	return strings.TrimSuffix(c.settings.authority, "/") + "/" + c.settings.tenantID
}

// ServerTime is Graph's clock; see [providers.Conn].
func (c *conn) ServerTime() time.Time { return c.transport.Clock().Now() }

// Elsewhere names the overridden endpoints; see [providers.Conn].
func (c *conn) Elsewhere() string {
	if !c.settings.overridden {
		return ""
	}
	return "signs in at " + c.settings.authority + " and takes " + c.settings.graph + " for Microsoft Graph"
}

// Lag is how long a replica may be behind; see [providers.Conn].
func (c *conn) Lag() time.Duration { return c.deadline }

// Close closes what is kept alive: a token for an application has no session.
func (c *conn) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

func (c *conn) clientID() string { return c.settings.clientID }

// redact makes a text of the server fit to be shown: without anything that was
// sent as a secret.
func (c *conn) redact(text string) string { return c.secrets.Redact(text) }

// isNotFound reports that an answer says that an object is not there, which a
// replica that is behind says, too. A change is of an object that was there when
// it was planned: most likely it still is.
func isNotFound(r reply) bool { return r.status == 404 }
