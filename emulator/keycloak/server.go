package keycloak

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// Options say what a new server is like.
type Options struct {
	// AdminUser and AdminPassword sign in to the realm master with the role
	// admin. The defaults are "admin" and "admin".
	AdminUser, AdminPassword string
	// Now is the clock; the default is time.Now.
	Now func() time.Time
	// BasePath is "" or what stands before /realms and /admin, as "/auth" did
	// before Keycloak 17.
	BasePath string
	// TokenLifespan is how long access tokens of the realm master live; the
	// default is 60 s, as on a real server. Realms that are created have
	// their own lifespan, 5 minutes by default.
	TokenLifespan time.Duration
}

// Server is an emulated Keycloak, an [http.Handler]. Its URLs and issuers
// follow the Host header and the scheme of each request, as the real one's do.
// It may be used concurrently.
type Server struct {
	opts Options

	mu       sync.Mutex
	realms   map[string]*realm // by name
	master   *realm
	outbox   []Mail
	requests map[string]int
}

// New returns a server that holds the realm master only.
func New(opts Options) *Server {
	if opts.AdminUser == "" {
		opts.AdminUser = "admin"
	}
	if opts.AdminPassword == "" {
		opts.AdminPassword = "admin"
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.TokenLifespan == 0 {
		opts.TokenLifespan = time.Minute
	}
	opts.BasePath = strings.TrimSuffix(opts.BasePath, "/")
	s := &Server{opts: opts, requests: map[string]int{}}
	s.newMaster()
	return s
}

func (s *Server) now() time.Time { return s.opts.Now() }

// call is one request on its way through the server. The server is locked
// while it lasts.
type call struct {
	*Server
	r      *http.Request
	params map[string]string
	query  url.Values
	body   []byte
	// realm of the path, admin who asks; both set where the route needs them.
	realm *realm
	admin *admin
	// header of the answer; redirects and cookies are put here.
	header http.Header
}

// reply is the answer to a call. A body that is a func writes itself.
type reply struct {
	status int
	body   any
	// contentType of a body that is not JSON, or is JSON of another name.
	contentType string
}

// ok is 200 with JSON as the admin API writes it.
func ok(body any) (reply, error) { return reply{status: http.StatusOK, body: body}, nil }

// noContent is 204.
func noContent() (reply, error) { return reply{status: http.StatusNoContent}, nil }

// created is 201 with the place of what was created.
func (c *call) created(location string) (reply, error) {
	c.header.Set("Location", location)
	return reply{status: http.StatusCreated}, nil
}

// redirect is 302.
func (c *call) redirect(location string) (reply, error) {
	c.header.Set("Location", location)
	return reply{status: http.StatusFound}, nil
}

// answer makes the answer to a call, and its text if that is no page. Both
// under the lock, because a body may refer to what others change.
func (s *Server) answer(c *call) (rep reply, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock() // also where a call panics: the next one goes on
	rep, err := c.dispatch()
	if err != nil {
		e := errCrash()
		errors.As(err, &e)
		maps.Copy(c.header, e.header)
		rep = reply{status: e.status, body: e.body, contentType: "application/json"}
	}
	if _, isPage := rep.body.(func(http.ResponseWriter)); rep.body != nil && !isPage {
		text = jsonvalue.Encode(rep.body)
	}
	return rep, text
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The body is read before the lock is taken: it may come slowly.
	body := readBody(r.Body)
	c := &call{Server: s, r: r, query: r.URL.Query(), body: body, header: w.Header()}
	h := w.Header()
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("X-Robots-Tag", "none")

	rep, text := s.answer(c)
	render, isPage := rep.body.(func(http.ResponseWriter))

	switch {
	case isPage:
		render(w)
	case rep.body == nil:
		w.WriteHeader(rep.status)
	default:
		if rep.contentType == "" {
			rep.contentType = "application/json;charset=UTF-8"
		}
		h.Set("Content-Type", rep.contentType)
		w.WriteHeader(rep.status)
		_, _ = w.Write(text)
	}
}

// dispatch finds the route and runs it.
func (c *call) dispatch() (reply, error) {
	path := c.r.URL.EscapedPath()
	if strings.Contains(path, "//") || strings.Contains(path, "/./") || strings.Contains(path, "/../") {
		return reply{}, oauth(http.StatusBadRequest, "missingNormalization", "Request path not normalized")
	}
	rest, ok := strings.CutPrefix(path, c.opts.BasePath+"/")
	if !ok {
		return reply{}, plain(http.StatusNotFound, "Unable to find matching target resource method")
	}
	var segments []string
	for s := range strings.SplitSeq(strings.TrimSuffix(rest, "/"), "/") {
		u, err := url.PathUnescape(s)
		if err != nil {
			return reply{}, errNotFound()
		}
		segments = append(segments, u)
	}
	rt, params, other := find(c.r.Method, segments)
	switch {
	case rt != nil:
		c.params = params
		c.requests[rt.method+" /"+rt.pattern]++
		return rt.serve(c)
	case other != nil:
		// Keycloak answers 405 on the resource of a path, and 404 on what lies
		// below a single user, client or group.
		if strings.Contains(other.pattern, "{id}") {
			return reply{}, errNotFound()
		}
		return reply{}, errMethod()
	default:
		c.requests[c.r.Method+" (not emulated)"]++
		return reply{}, errNotEmulated(c.r.Method + " " + c.r.URL.Path)
	}
}

// base is the URL under which the client sees the server, without a slash.
func (c *call) base() string {
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.r.Host + c.opts.BasePath
}

// here is the URL of the request without its query.
func (c *call) here() string {
	return c.base() + strings.TrimPrefix(c.r.URL.EscapedPath(), c.opts.BasePath)
}

// frontend is the base URL of a realm's issuer and endpoints.
func (c *call) frontend(rm *realm) string {
	if u := rm.attributes["frontendUrl"]; u != "" {
		return strings.TrimSuffix(u, "/")
	}
	return c.base()
}

// issuer is the "iss" of a realm's tokens.
func (c *call) issuer(rm *realm) string {
	return c.frontend(rm) + "/realms/" + url.PathEscape(rm.name)
}

// isJSON checks the Content-Type of a request with a JSON body.
func (c *call) isJSON() bool {
	t, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(t), "application/json")
}

// decode reads the body as one representation; nil if there is none.
func (c *call) decode(typ string) (object, error) {
	if len(c.body) > 0 && !c.isJSON() {
		return nil, plain(http.StatusUnsupportedMediaType, "The content-type header value did not match the value in @Consumes")
	}
	o, err := decodeObject(c.body, typ)
	if err != nil {
		return nil, decodeError(err)
	}
	return o, nil
}

// need is decode where a missing body makes the server throw.
func (c *call) need(typ string) (object, error) {
	o, err := c.decode(typ)
	if err == nil && o == nil {
		return nil, errCrash()
	}
	return o, err
}

// integer is a query parameter; a text that is no number makes the route
// unknown to the server.
func (c *call) integer(name string, fallback int) (int, error) {
	v := c.query.Get(name)
	if v == "" {
		return fallback, nil
	}
	n, err := toInt(v, -1<<31, 1<<31-1)
	if err != nil {
		return 0, errNotFound()
	}
	return int(n.(int64)), nil
}

// page cuts a list by the parameters first and max. A negative number is
// none. fallback is the default of max; a negative one means all.
func page[T any](c *call, list []T, fallback int) ([]T, error) {
	first, err := c.integer("first", 0)
	if err != nil {
		return nil, err
	}
	size, err := c.integer("max", fallback)
	if err != nil {
		return nil, err
	}
	list = list[min(max(first, 0), len(list)):]
	if size >= 0 {
		list = list[:min(size, len(list))]
	}
	return slices.Clip(list), nil
}

// boolean is a query parameter; what is not "true" is false.
func (c *call) boolean(name string, fallback bool) bool {
	if !c.query.Has(name) {
		return fallback
	}
	return strings.EqualFold(c.query.Get(name), "true")
}
