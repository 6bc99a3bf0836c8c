package auth0

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// route is one method of one path of the Management API. Segments in braces
// are parameters.
type route struct {
	method, pattern string
	handle          func(*call) (reply, error)
	// scopes of which the caller needs one (section 12).
	scopes []string
	// query are the parameters that it takes.
	query []string
	// group is the rate limit that it counts towards; empty are all others.
	group rateGroup

	segments []string
}

// name is how a route is called in counts.
func (rt *route) name() string { return rt.method + " " + rt.pattern }

// match compares the segments of a path, which are still percent-encoded: an
// id may have an encoded slash in it (section 1).
func (rt *route) match(path []string) (map[string]string, bool) {
	if len(path) != len(rt.segments) {
		return nil, false
	}
	params := map[string]string{}
	for i, p := range rt.segments {
		segment, err := url.PathUnescape(path[i])
		if err != nil || segment == "" {
			return nil, false
		}
		if name, isParam := strings.CutPrefix(p, "{"); isParam {
			params[strings.TrimSuffix(name, "}")] = segment
		} else if p != segment {
			return nil, false
		}
	}
	return params, true
}

// dispatch finds the route and runs it: who asks, how often, whether they may.
func (c *call) dispatch() (reply, error) {
	path := strings.Split(strings.TrimPrefix(strings.TrimPrefix(c.r.URL.EscapedPath(), "/api/v2"), "/"), "/")
	for i := range c.routes {
		if params, matches := c.routes[i].match(path); matches && c.routes[i].method == c.r.Method {
			c.rt, c.params = &c.routes[i], params
			break
		}
	}
	if c.rt == nil {
		c.requests[c.r.Method+" (not emulated)"]++
		return reply{}, notEmulated("%s %s", c.r.Method, c.r.URL.Path)
	}
	c.requests[c.rt.name()]++
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return reply{}, badQuery("", "not well-formed")
	}
	c.query = query
	if err := c.authenticate(); err != nil {
		return reply{}, err
	}
	if err := c.limit(); err != nil {
		return reply{}, err
	}
	if !c.holds(c.rt.scopes...) {
		return reply{}, fail(http.StatusForbidden, "insufficient_scope", "Insufficient scope, expected any of: %s", strings.Join(c.rt.scopes, ","))
	}
	for _, name := range sortedKeys(query) {
		if !slices.Contains(c.rt.query, name) {
			return reply{}, badQuery("", "Additional properties not allowed: %s", name)
		}
	}
	return c.rt.handle(c)
}

// authenticate finds out who asks, by an access token for the Management API.
func (c *call) authenticate() error {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if token = strings.TrimSpace(token); token == "" || !strings.EqualFold(scheme, "Bearer") {
		e := unauthorized("Missing authentication")
		e.attribute = false
		return e
	}
	var claims struct {
		Audience any    `json:"aud"`
		Expiry   int64  `json:"exp"`
		Client   string `json:"azp"`
		Scope    string `json:"scope"`
	}
	if c.key == nil || c.key.Verify(token, &claims) != nil {
		return unauthorized("Invalid token")
	}
	if one, _ := claims.Audience.(string); one != c.opts.audience() && !slices.Contains(jsonvalue.Texts(claims.Audience), c.opts.audience()) {
		return unauthorized("Bad audience: " + one)
	}
	if !c.now().Before(time.Unix(claims.Expiry, 0)) {
		return unauthorized("Expired token received for JSON Web Token validation")
	}
	c.client, c.scopes = claims.Client, strings.Fields(claims.Scope)
	return nil
}

// holds reports whether the caller has one of some scopes.
func (c *call) holds(anyOf ...string) bool {
	return slices.ContainsFunc(anyOf, func(s string) bool { return slices.Contains(c.scopes, s) })
}

// Operations are all operations of the Management API that are emulated, such
// as "GET users/{id}", each with the scopes of which a caller needs one.
func Operations() map[string][]string {
	out := map[string][]string{}
	for _, rt := range routes() {
		out[rt.name()] = slices.Clone(rt.scopes)
	}
	return out
}

// everyScope is what the emulated routes need.
func everyScope() []string {
	seen := map[string]bool{}
	for _, rt := range routes() {
		for _, s := range rt.scopes {
			seen[s] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// Mutates tells requests that change something: for fault.Injector's Mutating.
// What signs a client or a user in does not.
func Mutates(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	return strings.HasPrefix(r.URL.Path, "/api/v2/") || r.URL.Path == "/dbconnections/change_password"
}
