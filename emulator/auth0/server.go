package auth0

import (
	"errors"
	"io"
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
	opts   Options
	routes []route

	mu     sync.Mutex // guards what follows, and is held while a request is answered
	tables map[Kind]*table
	// users are the ids of users by their keys (userKeys).
	users map[string]string
	// settings of the tenant, and the credentials of clients by id of the client.
	settings    object
	credentials map[string][]*credential
	// deleted says when connections were deleted.
	deleted map[string]time.Time
	jobs    []*job
	tickets map[string]*ticket
	outbox  []Mail
	key     *oidc.Key
	meter   meter

	devices oidc.DeviceStore
	// asked are the audiences of device codes, toldExpired the codes whose
	// expiry was told already.
	asked       map[string]string
	toldExpired map[string]bool
	signIns     map[string]*signIn
	// opaque and refresh tokens, and the jti of client assertions with the
	// time until which they may not come again.
	opaque, refresh map[string]session
	used            map[string]time.Time

	requests map[string]int
}

// New returns a server whose tenant has the automation application with its
// grant, the Management API, a database connection unless the options say
// otherwise, and nothing else.
func New(opts Options) *Server {
	opts.fill()
	s := &Server{
		opts: opts, routes: routes(), key: opts.Key, tables: newTables(), users: map[string]string{}, credentials: map[string][]*credential{}, deleted: map[string]time.Time{},
		tickets: map[string]*ticket{}, toldExpired: map[string]bool{}, asked: map[string]string{}, signIns: map[string]*signIn{}, opaque: map[string]session{},
		refresh: map[string]session{}, used: map[string]time.Time{}, requests: map[string]int{},
	}
	s.devices.UserCode = s.userCode
	s.devices.Retain = func(oidc.Device) time.Duration { return time.Hour }
	s.seed()
	return s
}

func (s *Server) now() time.Time { return s.opts.Clock() }

// timestamp is how Auth0 writes a time: with three decimals (section 1).
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	hexadecimal  = "0123456789abcdef"
)

// newID is an id with a prefix, as in "rol_" and 16 characters (section 1).
func newID(prefix string) string { return prefix + oidc.RandomText(16, alphanumeric) }

// call is one request to the Management API on its way through the server,
// which is locked while it lasts.
type call struct {
	*Server
	r      *http.Request
	rt     *route
	params map[string]string
	query  url.Values
	body   []byte
	// scopes of the access token, client the application that it was given to.
	scopes []string
	client string
	header http.Header
}

// reply is the answer to a request. Without a body it is empty.
type reply struct {
	status int
	body   any
}

func ok(body any) (reply, error)      { return reply{http.StatusOK, body}, nil }
func created(body any) (reply, error) { return reply{http.StatusCreated, body}, nil }
func noContent() (reply, error)       { return reply{status: http.StatusNoContent}, nil }

// plainText is a body that is no JSON.
type plainText string

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody)) // before the lock is taken: it may come slowly
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	rep, text := s.answer(w.Header(), r, body)
	if render, is := rep.body.(func(http.ResponseWriter)); is {
		render(w)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8") // also of empty answers (section 1)
	}
	w.WriteHeader(rep.status)
	_, _ = w.Write(text) //nolint:gosec // JSON with its content type, or a sentence of this package
}

// answer answers under the lock. The text is made under it too: a body may
// refer to what others change.
func (s *Server) answer(header http.Header, r *http.Request, body []byte) (reply, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock() // also where a request panics: the next one goes on
	s.runJobs()
	header.Set("Date", s.now().UTC().Format(http.TimeFormat))
	var rep reply
	var err error
	if path := r.URL.EscapedPath(); path == "/api/v2" || strings.HasPrefix(path, "/api/v2/") {
		c := &call{Server: s, r: r, body: body, header: header}
		rep, err = c.dispatch()
	} else {
		v := &visit{Server: s, r: r, body: body, header: header}
		rep, err = v.dispatch()
	}
	if err != nil {
		rep = failure(header, err)
	}
	switch b := rep.body.(type) {
	case nil, func(http.ResponseWriter):
		return rep, nil
	case plainText:
		header.Set("Content-Type", "text/html; charset=utf-8")
		return rep, []byte(b)
	default:
		return rep, jsonvalue.Encode(b)
	}
}

func failure(header http.Header, err error) reply {
	var refused *oauthError
	if errors.As(err, &refused) {
		return reply{refused.status, refused.body()}
	}
	e := fail(http.StatusInternalServerError, "", "Internal Server Error")
	errors.As(err, &e)
	maps.Copy(header, e.header)
	return reply{e.status, e.body()}
}

// base is the URL under which the client sees the server, without a slash.
// It is also the issuer, which has one (section 10).
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
