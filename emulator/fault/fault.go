// Package fault makes an HTTP server misbehave on command: it drops
// connections, answers with errors, delays and truncates, and it runs a
// callback at an exact point of an exchange, so that a test can kill a client
// just then. It knows nothing of identity providers; it stands in front of an
// emulator in the same process ([New]) or of any server ([NewProxy]).
package fault

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"sync"
)

// Action changes how one exchange goes. It wraps the handler that would have
// answered; [Mutation] tells it the number of the request.
type Action func(next http.Handler) http.Handler

// Rule says which requests an action applies to. The zero value of every
// condition means any. Rules apply in the order in which they were added, the
// first one outermost, so that a delay and an error can be combined.
type Rule struct {
	// Name is what a person calls it, for Rules.
	Name string
	// Method is the HTTP method.
	Method string
	// Path is searched in the decoded path of the URL.
	Path *regexp.Regexp
	// Mutating: only requests that change something (see Injector.Mutating).
	Mutating bool
	// Reading: only the others.
	Reading bool
	// Mutation is the number of a mutating request, counted from 1 since the
	// injector was made or reset. It implies Mutating.
	Mutation int
	// Skip lets that many matching requests pass before the rule applies.
	Skip int
	// Times is how often the rule applies; 0 is until it is removed.
	Times int
	// Do is what happens. Several actions may be given as several rules.
	Do Action
}

// Request identifies requests in the counts.
type Request struct{ Method, Path string }

// Injector is an [http.Handler] that applies rules to the requests that pass
// through it, and counts them. It may be used concurrently; rules may be added
// and removed while it serves.
type Injector struct {
	// Mutating reports whether a request changes something at the server. The
	// default is POST, PUT, PATCH and DELETE without the requests by which a
	// client or a user signs in. Set it before the first request.
	Mutating func(*http.Request) bool
	// Uncounted keeps no counts of requests by path, for servers that run for
	// long: there is no end of paths. Set it before the first request.
	Uncounted bool

	next  http.Handler
	close func()

	mu        sync.Mutex
	rules     []*armed
	counts    map[Request]int
	mutations int
}

// armed is a rule and how often it has been used.
type armed struct {
	Rule
	seen, used int
}

// New returns an injector in front of a handler.
func New(next http.Handler) *Injector {
	return &Injector{next: next, Mutating: Mutates, close: func() {}, counts: map[Request]int{}}
}

// NewProxy returns an injector in front of the server at target. The Host
// header is passed on as the client sent it, because servers such as Keycloak
// derive their issuer and their Location headers from it. A target that
// cannot be reached gives 502.
func NewProxy(target *url.URL) *Injector {
	// Not the default transport: no proxy of the environment, no compression
	// that would change bodies, and connections that Close can end.
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		ErrorLog:  log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
	}
	i := New(proxy)
	i.close = transport.CloseIdleConnections
	return i
}

// Close ends the idle connections of a proxy to its target.
func (i *Injector) Close() { i.close() }

// signIn matches the paths of OAuth endpoints and sign-in pages.
var signIn = regexp.MustCompile(`/protocol/openid-connect/|/login-actions/|/oauth2?/|/device$|/token$`)

// Mutates is the default of Injector.Mutating.
func Mutates(r *http.Request) bool {
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return !signIn.MatchString(r.URL.Path)
	}
	return false
}

// Add puts a rule to work and returns what removes it again.
func (i *Injector) Add(r Rule) (remove func()) {
	a := &armed{Rule: r}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules = append(i.rules, a)
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.rules = slices.DeleteFunc(i.rules, func(o *armed) bool { return o == a })
	}
}

// RuleStatus is a rule that is at work, and what it has done.
type RuleStatus struct {
	Rule
	// Seen is how many requests matched, Used to how many the rule applied.
	Seen, Used int
}

// Rules returns the rules in the order in which they were added, those too that
// apply no more.
func (i *Injector) Rules() []RuleStatus {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := make([]RuleStatus, len(i.rules))
	for n, a := range i.rules {
		list[n] = RuleStatus{a.Rule, a.seen, a.used}
	}
	return list
}

// Reset removes all rules and sets all counts to zero.
func (i *Injector) Reset() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rules, i.counts, i.mutations = nil, map[Request]int{}, 0
}

// Counts returns how many requests came, by method and path.
func (i *Injector) Counts() map[Request]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	counts := make(map[Request]int, len(i.counts))
	for r, n := range i.counts {
		counts[r] = n
	}
	return counts
}

// Count returns how many requests came with a method ("" for any) and a path
// that matches (nil for any).
func (i *Injector) Count(method string, path *regexp.Regexp) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := 0
	for r, c := range i.counts {
		if (method == "" || r.Method == method) && (path == nil || path.MatchString(r.Path)) {
			n += c
		}
	}
	return n
}

// Mutations returns how many mutating requests came.
func (i *Injector) Mutations() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.mutations
}

// ServeHTTP counts the request, and passes it on through the actions of the
// rules that match.
func (i *Injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, actions := i.admit(r)
	h := i.next
	for _, do := range slices.Backward(actions) {
		h = do(h)
	}
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), mutationKey{}, n)))
}

// admit counts r and returns its number and the actions that it is due.
func (i *Injector) admit(r *http.Request) (n int, actions []Action) {
	mutating := i.Mutating(r)
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.Uncounted {
		i.counts[Request{r.Method, r.URL.Path}]++
	}
	if mutating {
		i.mutations++
		n = i.mutations
	}
	for _, a := range i.rules {
		switch {
		case a.Method != "" && a.Method != r.Method,
			a.Path != nil && !a.Path.MatchString(r.URL.Path),
			a.Mutating && !mutating, a.Reading && mutating,
			a.Mutation != 0 && a.Mutation != n,
			a.Times != 0 && a.used >= a.Times:
			continue
		}
		a.seen++
		if a.seen <= a.Skip {
			continue
		}
		a.used++
		actions = append(actions, a.Do)
	}
	return n, actions
}

type mutationKey struct{}

// Mutation returns the number of a mutating request, counted from 1, within an
// [Action]; 0 if the request changes nothing.
func Mutation(r *http.Request) int {
	n, _ := r.Context().Value(mutationKey{}).(int)
	return n
}
