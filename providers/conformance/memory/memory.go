// Package memory is an identity provider that lives in memory and keeps the
// contract of package providers to the letter. It is the test double of plan
// and apply, and what the conformance suite itself is tested with.
//
// It behaves like the real ones where that matters to a caller: it pages and
// limits bulk requests, lower-cases what they lower-case, never returns a
// write-only value, answers some creations with the object and others without,
// keeps objects of its own (a team "everyone" in every space), and can lag.
// Faults are injected by a function that sees every request ([Options.Fault]).
//
// There are six kinds: "space" is a realm, "person" a user, "team" a group,
// "client" a client of a realm, by the name that a cluster knows it by, "site" a tenant, which exists already, goes by two names and can only be
// adopted, and "app" an application of a tenant, which has no natural key, a
// marker, and a key that it is created by.
package memory

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// Options of a [Provider]; the zero Options are fit for most tests.
type Options struct {
	// Server tells this one from another.
	Server string
	// PageSize is how many objects one request of a List returns, and how many
	// ids or keys one look-up takes; 0 means 100.
	PageSize int
	// Bulk is how many creations of one kind go into one request; 0 or 1 means
	// that each is a request of its own.
	Bulk int
	// Lag is how long reads answer with the old state after a write.
	Lag time.Duration
	// Index is how long lists of persons, and quick queries for them, answer with the
	// old state after a write.
	Index time.Duration
	// Alternate: only every second read does, the first one among them. The
	// others are answered by a replica that has the new state already.
	Alternate bool
	// Now is the server's clock; nil means time.Now.
	Now func() time.Time
	// PlainApps: apps are created without an upsert key, so that only the marker
	// finds one whose creation was not answered.
	PlainApps bool
	// Password must be that of the provider block, if it is not empty.
	Password string
	// Retries is how often a request is repeated that was throttled or met an
	// unavailable server; 0 means 4, a negative number never. Nothing is
	// waited for in between; Config.Wait is told as if.
	Retries int
	// Fault decides what goes wrong with a request, before it is looked at.
	// It is called concurrently, and may block. Nil means nothing goes wrong.
	Fault func(context.Context, Request) Fault
}

// Request is one request of the connection to the server.
type Request struct {
	// Number counts all requests to the provider, repetitions included, from 1.
	Number int
	// Attempt counts the repetitions of this one, from 1.
	Attempt int
	// Kind of object that it is about.
	Kind string
	// Operations are what it does; none for a read. There is more than one only
	// in bulk requests.
	Operations []providers.Operation
	// Query is what it reads, for a read.
	Query providers.Query
}

// Mutates reports whether the request changes something.
func (r Request) Mutates() bool { return len(r.Operations) > 0 }

// Fault is something that goes wrong with a request.
type Fault uint8

const (
	// None: nothing goes wrong.
	None Fault = iota
	// TooManyRequests is a 429 with Retry-After: 1. Not done, and repeated.
	TooManyRequests
	// ServiceUnavailable is a 503. Not done, and repeated.
	ServiceUnavailable
	// InternalError is a 500 that does not tell whether it was done; it was
	// not. A read is repeated, anything else has the class Ambiguous.
	InternalError
	// DropBefore loses the connection before the server has done anything. The
	// client cannot know: Ambiguous, reads are repeated.
	DropBefore
	// DropAfter loses the answer of what the server has done. Ambiguous.
	DropAfter
	// Partly does the operation up to its last steps (partial attributes,
	// password, invitation), which fail with Unavailable: ID and Err are set.
	Partly
	// Refuse is a 403: Forbidden.
	Refuse
	// Expire is a 401 that renewing the token does not cure: Unauthenticated.
	Expire
)

// Requests counts the requests that a provider has received.
type Requests struct {
	// Total is the sum of the others.
	Total int
	// List counts reads, Create, Update and Delete requests that change.
	List, Create, Update, Delete int
}

// Stored is an object with what the API never returns.
type Stored struct {
	resource.Object
	// Parent is the name of its space or site, "" for those themselves.
	Parent string
	// WriteOnly holds the write-only values that were sent, by their path:
	// "pin", "mail.password".
	WriteOnly map[string]cty.Value
	// Password is the password that is valid, "" for none, Passwords how often
	// one was set, and Temporary whether it has to be changed.
	Password  string
	Passwords int
	Temporary bool
	// Invitations counts the mails that were sent.
	Invitations int
}

// Provider is the identity provider: client and server in one.
type Provider struct {
	opts   Options
	server *server

	mu    sync.Mutex // guards what follows
	count Requests
	fault func(context.Context, Request) Fault
}

// New makes a provider that holds one site, and nothing else.
func New(opts Options) *Provider {
	opts.PageSize = cmp.Or(opts.PageSize, 100)
	opts.Bulk = max(opts.Bulk, 1)
	opts.Retries = max(cmp.Or(opts.Retries, 4), 0)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Provider{opts: opts, fault: opts.Fault, server: newServer(opts)}
}

// Info describes the provider; see [providers.Info].
func (p *Provider) Info() providers.Info {
	return providers.Info{
		Type: "memory", Name: "Memory",
		Doc:     "An identity provider in memory, for tests.",
		Example: "provider \"memory\" {}\n",
		Config: []resource.Attribute{
			{Name: "url", Type: cty.String, Optional: true, Doc: "Where it is; not used."},
			{Name: "password", Type: cty.String, Optional: true, Sensitive: true, Doc: "The password to sign in with."},
			{Name: "lag", Type: cty.Number, Optional: true, Doc: "For how many seconds after a write a read may answer as before it.",
				Check: resource.Check{HasRange: true, Max: 3600}},
		},
		Env:              map[string][]string{"password": {"MEMORY_PASSWORD"}},
		Kinds:            p.kinds(),
		IdentityProvider: "memory",
		SubjectClaim:     "sub",
		Lag:              p.opts.Lag,
	}
}

func (p *Provider) kinds() []resource.Kind {
	all := kinds()
	for i := range all {
		all[i].UpsertKey = all[i].UpsertKey && !p.opts.PlainApps
	}
	return all
}

// Open prepares a connection; the first request checks the password.
func (p *Provider) Open(_ context.Context, cfg providers.Config) (providers.Conn, error) {
	if cfg.Parallelism < 1 {
		return nil, &providers.Error{Class: providers.Invalid, Summary: "parallelism must be at least 1"}
	}
	password := ""
	if v := resource.Attr(cfg.Attrs, "password"); !v.IsNull() {
		password = v.AsString()
	}
	lag := p.opts.Lag
	if v := resource.Attr(cfg.Attrs, "lag"); !v.IsNull() {
		seconds, _ := v.AsBigFloat().Int64()
		lag = time.Duration(seconds) * time.Second
	}
	return &conn{p: p, cfg: cfg, password: password, lag: lag}, nil
}

// SetFault replaces [Options.Fault]; nil ends all faults.
func (p *Provider) SetFault(f func(context.Context, Request) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Requests tells how many requests there were since New or ResetRequests.
func (p *Provider) Requests() Requests {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// ResetRequests begins to count anew.
func (p *Provider) ResetRequests() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count = Requests{}
}

// admit counts a request and asks what goes wrong with it.
func (p *Provider) admit(ctx context.Context, r Request) Fault {
	p.mu.Lock()
	p.count.Total++
	r.Number = p.count.Total
	if !r.Mutates() {
		p.count.List++
	} else {
		switch r.Operations[0].Verb {
		case providers.Create:
			p.count.Create++
		case providers.Update:
			p.count.Update++
		case providers.Delete:
			p.count.Delete++
		}
	}
	fault := p.fault
	p.mu.Unlock()
	if fault == nil {
		return None
	}
	return fault(ctx, r)
}

// Snapshot returns everything there is without regard to the lag, in the order
// of kinds, parents and keys.
func (p *Provider) Snapshot() []Stored {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	var all []Stored
	for _, r := range p.server.records {
		if s := r.now(); s != nil {
			all = append(all, s.clone())
		}
	}
	slices.SortFunc(all, func(a, b Stored) int {
		return cmp.Or(
			cmp.Compare(kindOrder(a.Kind), kindOrder(b.Kind)),
			cmp.Compare(a.Parent, b.Parent),
			cmp.Compare(keyOf(a.Object), keyOf(b.Object)),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return all
}

// Find returns the object of a kind with a key (a name or a user name) in a
// parent ("" for a kind without one), without regard to the lag.
func (p *Provider) Find(kind, parent, key string) (Stored, bool) {
	for _, s := range p.Snapshot() {
		if s.Kind == kind && s.Parent == parent && keyOf(s.Object) == key {
			return s, true
		}
	}
	return Stored{}, false
}
