package keycloak

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Nerzal/gocloak/v13"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// conn is a connection to one server; see [providers.Conn].
type conn struct {
	transport   *transport.Transport
	auth        *auth
	clock       transport.Clock
	parallelism int
	// page and fullPage are how many objects are asked for at once, and how many
	// users with their attributes.
	page, fullPage int
	// realmsMade counts the realms created here: older tokens of a service
	// account do not hold the roles for them.
	realmsMade atomic.Int64
	// secrets are what no text may repeat.
	secrets work.Secrets
	// blanks are objects of each kind with everything null.
	blanks map[string]map[string]cty.Value

	mu sync.Mutex
	// visible notes where it was seen that the account may read, by
	// kind and realm.
	visible map[string]bool
	realms  map[string]realmFacts
	made    map[string]string // names of the realms made here, by id
}

func newConn(creds credentials, t *transport.Transport, parallelism int) *conn {
	c := &conn{
		transport: t, parallelism: parallelism, page: pageSize, fullPage: fullPageSize,
		visible: map[string]bool{}, realms: map[string]realmFacts{}, made: map[string]string{}, blanks: work.Blanks((provider{}).Info().Kinds),
	}
	c.secrets.Remember(creds.password, creds.clientSecret)
	c.auth = &auth{c: c, creds: creds, apis: map[string]*gocloak.GoCloak{}}
	return c
}

// List finds objects; see [providers.Conn].
func (c *conn) List(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	if q.Kind != "realm" && !safeSegment(q.Parent) {
		return nil, nil // no realm has such a name
	}
	switch q.Kind {
	case "realm":
		return c.listRealms(ctx, q)
	case "client":
		return c.listClients(ctx, q)
	case "user":
		return c.listUsers(ctx, q)
	case "group":
		return c.listGroups(ctx, q)
	}
	return nil, work.UnknownKind("keycloak", q.Kind)
}

// blank is a new object of a kind, to be filled.
func (c *conn) blank(kind string) map[string]cty.Value { return maps.Clone(c.blanks[kind]) }

// Server is the address of the server; see [providers.Conn].
func (c *conn) Server() string { return c.auth.creds.base.String() }

// ServerTime is Keycloak's clock; see [providers.Conn]. Keycloak sends no Date
// header; the time at which it issued a token is its own clock, where a Date
// header would be that of a proxy.
func (c *conn) ServerTime() time.Time {
	if !c.clock.Known() {
		return c.transport.Clock().Now()
	}
	return c.clock.Now()
}

// Elsewhere is nowhere: every Keycloak has an address of its own.
func (c *conn) Elsewhere() string { return "" }

// Lag is none: Keycloak reads its own writes.
func (c *conn) Lag() time.Duration { return 0 }

// Close ends the session; see [providers.Conn].
func (c *conn) Close() error {
	defer c.transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return c.auth.end(ctx)
}

// wasSeen and see remember that the account may read what is of a kind in a
// realm, so that an empty answer can be believed.
func (c *conn) wasSeen(kind, realm string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.visible[kind+"/"+realm]
}

func (c *conn) see(kind, realm string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.visible[kind+"/"+realm] = true
}

// each calls do for 0 to n-1, at most Parallelism at once; see [work.All].
func (c *conn) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	return work.All(ctx, n, c.parallelism, do)
}
