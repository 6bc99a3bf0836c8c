package keycloak

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Nerzal/gocloak/v13"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
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
	// blanks are objects of each kind with everything null.
	blanks map[string]map[string]cty.Value

	mu      sync.Mutex
	tokens  []string        // the latest
	secrets map[string]bool // that were sent
	// visible notes where it was seen that the account may read, by
	// kind and realm.
	visible map[string]bool
	realms  map[string]realmFacts
}

func newConn(creds credentials, t *transport.Transport, parallelism int) *conn {
	c := &conn{
		transport: t, parallelism: parallelism, page: pageSize, fullPage: fullPageSize,
		secrets: map[string]bool{}, visible: map[string]bool{}, realms: map[string]realmFacts{}, blanks: map[string]map[string]cty.Value{},
	}
	c.auth = &auth{c: c, creds: creds, apis: map[string]*gocloak.GoCloak{}}
	for _, k := range (provider{}).Info().Kinds {
		c.blanks[k.Name] = attr.Nulls(k)
	}
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
	return nil, unknownKind(q.Kind)
}

// blank is a new object of a kind, to be filled.
func (c *conn) blank(kind string) map[string]cty.Value { return maps.Clone(c.blanks[kind]) }

func unknownKind(kind string) error {
	return &providers.Error{Class: providers.Internal, Summary: fmt.Sprintf("The provider keycloak has no kind %s", quoted(kind))}
}

// ServerTime is the server's clock; see [providers.Conn]. Keycloak sends no
// Date header; the time at which it issued a token is its own clock, where a
// Date header would be that of a proxy.
func (c *conn) Server() string { return c.auth.creds.base.String() }

// ServerTime is Keycloak's clock; see [providers.Conn].
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

// rememberTokens and remember keep what no error may repeat: the latest tokens,
// and the passwords that were sent.
func (c *conn) rememberTokens(tokens ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens = append(c.tokens, tokens...)
	if n := len(c.tokens); n > 8 {
		c.tokens = c.tokens[n-8:]
	}
}

func (c *conn) remember(secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if secret != "" {
		c.secrets[secret] = true
	}
}

// known are all of these, the longest first: one may be part of another.
func (c *conn) known() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := append([]string{c.auth.creds.password, c.auth.creds.clientSecret}, c.tokens...)
	list = slices.AppendSeq(list, maps.Keys(c.secrets))
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
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

// each calls do for 0 to n-1, at most Parallelism at once, and returns the
// first error. It stops at an error.
func (c *conn) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(c.parallelism)
	for i := range n {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error {
			if inner.Err() != nil {
				return nil
			}
			return do(inner, i)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return &providers.Error{Class: providers.NotAttempted, Summary: "Interrupted", Err: err}
	}
	return nil
}

// isAbsent reports whether an error says that something is not there.
func isAbsent(err error) bool { return err != nil && providers.ClassOf(err) == providers.NotFound }
