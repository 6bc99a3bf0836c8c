package entra

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// Server is an emulated tenant, an [http.Handler]. It may be used concurrently.
type Server struct {
	opts  Options
	cloud cloud
	graph []route
	items http.Handler // answers the items of batches

	mu  sync.Mutex // guards what follows, and is held while a request is answered
	dir store
	// bin says since when objects are in the recycle bin.
	bin map[Kind]map[string]time.Time
	// reads counts the requests that replicas took in turn.
	reads uint64
	key   *oidc.Key
	// refresh signs refresh tokens, which only the server itself reads.
	refresh *oidc.Secret
	devices oidc.DeviceStore
	signIns map[string]*signIn
	// redemptions are the invitations that somebody has open in a browser.
	redemptions map[string]*redemption
	meter       meter

	invitations     []Invitation
	requests, inner map[string]int
	batches         int
}

// New returns a server whose tenant has the automation application, Graph's
// service principal, and nothing else.
func New(opts Options) *Server {
	opts.fill()
	s := &Server{
		opts: opts, cloud: cloudOf(opts.Cloud), graph: routes(), dir: newStore(), refresh: oidc.NewSecret(),
		key: opts.Key, bin: map[Kind]map[string]time.Time{}, signIns: map[string]*signIn{}, redemptions: map[string]*redemption{}, requests: map[string]int{}, inner: map[string]int{},
	}
	for kind := range typeNames {
		s.bin[kind] = map[string]time.Time{}
	}
	s.devices.UserCode = func() string { return oidc.RandomText(9, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789") }
	s.devices.Retain = func(oidc.Device) time.Duration { return time.Hour }
	s.items = http.HandlerFunc(s.serveItem)
	if opts.Items != nil {
		s.items = opts.Items(s.items)
	}
	s.seed()
	return s
}

func (s *Server) now() time.Time { return s.opts.Clock() }

// timestamp is how Graph writes a time.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// call is one request on its way through the server. The server is locked
// while it lasts.
type call struct {
	*Server
	r      *http.Request
	rt     *route
	params map[string]string
	query  url.Values
	body   []byte
	caller *caller
	// replica that answers; fresh for delegated tokens.
	replica int
	// batched: it is an item of a batch.
	batched bool
	header  http.Header
}

// reply is the answer to a call. A body that is a func writes itself.
type reply struct {
	status int
	body   any
}

func ok(body any) (reply, error) { return reply{http.StatusOK, body}, nil }

func noContent() (reply, error) { return reply{status: http.StatusNoContent}, nil }

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if path == "/v1.0" || strings.HasPrefix(path, "/v1.0/") {
		s.serveGraph(w, r)
		return
	}
	s.serveLogin(w, r)
}

func (s *Server) serveGraph(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r) // before the lock is taken: it may come slowly
	if err != nil {
		s.writeGraph(w, r, reply{}, err)
		return
	}
	if r.Method == http.MethodPost && r.URL.Path == "/v1.0/$batch" {
		s.serveBatch(w, r, body)
		return
	}
	c := &call{Server: s, r: r, body: body, header: w.Header()}
	rep, text, err := s.answer(c)
	s.writeText(w, r, rep, text, err)
}

// answer answers a call under the lock. The text is made under it too: a body
// may refer to what others change.
func (s *Server) answer(c *call) (rep reply, text []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock() // also where a call panics: the next one goes on
	rep, err = c.dispatch()
	if err == nil && rep.body != nil {
		if plain, isText := rep.body.(plainText); isText {
			c.header.Set("Content-Type", "text/plain")
			return rep, []byte(plain), nil
		}
		text = jsonvalue.Encode(rep.body)
	}
	return rep, text, err
}

// plainText is a body that is no JSON, as that of $count.
type plainText string

func (s *Server) writeGraph(w http.ResponseWriter, r *http.Request, rep reply, err error) {
	var text []byte
	if err == nil && rep.body != nil {
		text = jsonvalue.Encode(rep.body)
	}
	s.writeText(w, r, rep, text, err)
}

func (s *Server) writeText(w http.ResponseWriter, r *http.Request, rep reply, text []byte, err error) {
	h := w.Header()
	id, clientID := oidc.NewID(), r.Header.Get("client-request-id")
	if clientID == "" {
		clientID = id
	}
	h.Set("request-id", id)
	h.Set("client-request-id", clientID)
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("Strict-Transport-Security", "max-age=31536000")
	if err != nil {
		e := graphError(http.StatusInternalServerError, "Service_InternalServerError", "Encountered an internal server error.")
		errors.As(err, &e)
		maps.Copy(h, e.header)
		rep.status = e.status
		text = jsonvalue.Encode(e.body(id, clientID, s.now()))
	}
	if text == nil {
		w.WriteHeader(rep.status)
		return
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	}
	h.Set("OData-Version", "4.0")
	w.WriteHeader(rep.status)
	_, _ = w.Write(text)
}

// body is the JSON of an error (section 1); its date has no zone.
func (e *apiError) body(id, clientID string, now time.Time) object {
	inner := object{"code": e.code, "message": e.message, "innerError": object{
		"date": now.UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": clientID}}
	if e.details != nil {
		inner["details"] = e.details
	}
	return object{"error": inner}
}

// base is the URL under which the client sees the server, without a slash.
func (s *Server) base(r *http.Request) string {
	if s.opts.BaseURL != "" {
		return s.opts.BaseURL
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// context is the @odata.context of an answer.
func (c *call) context(fragment string) string {
	return c.base(c.r) + "/v1.0/$metadata#" + fragment
}
