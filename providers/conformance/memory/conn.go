package memory

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// conn is the client.
type conn struct {
	p        *Provider
	cfg      providers.Config
	password string
	lag      time.Duration
	answered atomic.Bool // the server's clock is known
}

// ServerTime is the server's clock; the local one before the first answer.
func (c *conn) ServerTime() time.Time {
	if !c.answered.Load() {
		return time.Now()
	}
	return c.p.server.clock()
}

// Server is what the options call it.
func (c *conn) Server() string { return c.p.opts.Server }

// Elsewhere is nowhere.
func (c *conn) Elsewhere() string { return "" }

// Lag is that of the options, unless the provider block says otherwise.
func (c *conn) Lag() time.Duration { return c.lag }

// SearchLag is that of the index, if there is one; see [providers.Searcher].
func (c *conn) SearchLag() time.Duration { return c.p.opts.Index }

// Close does nothing.
func (c *conn) Close() error { return nil }

// List answers a query; see [providers.Conn].
func (c *conn) List(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	k, ok := kindNamed(q.Kind)
	if !ok {
		return nil, refused(providers.Internal, "", "there is no kind %q", q.Kind)
	}
	var all []resource.Object
	pages := func(read func(first int) []resource.Object) error {
		for first := 0; ; first += c.p.opts.PageSize {
			var page []resource.Object
			_, err := c.request(ctx, Request{Kind: q.Kind, Query: q}, func(bool) { page = read(first) })
			if err != nil {
				return err
			}
			all = append(all, page...)
			if len(page) < c.p.opts.PageSize {
				return nil
			}
		}
	}
	if q.Deleted {
		_, err := c.request(ctx, Request{Kind: q.Kind, Query: q}, func(bool) { all = c.p.server.deleted(q.Kind, q.Parent, q) })
		return all, err
	}
	if q.All {
		err := pages(func(first int) []resource.Object {
			return c.p.server.page(q.Kind, q.Parent, first, c.p.opts.PageSize)
		})
		return finish(k, q, all), err
	}
	if q.Filters != cty.NilVal && !q.Filters.IsNull() {
		err := pages(func(first int) []resource.Object {
			return c.p.server.filter(q.Kind, q.Parent, q.Filters, first, c.p.opts.PageSize)
		})
		if err != nil {
			return nil, err
		}
	}
	for _, by := range c.looks(k, q) {
		by.Quick = q.Quick
		_, err := c.request(ctx, Request{Kind: q.Kind, Query: q}, func(bool) {
			all = append(all, c.p.server.find(q.Kind, q.Parent, by)...)
		})
		if err != nil {
			return nil, err
		}
	}
	return finish(k, q, all), nil
}

// looks are the look-ups of a query, each with as much as one request takes.
// Those by key come first: an object that goes by several names has the one that
// it was asked for by.
func (c *conn) looks(k resource.Kind, q providers.Query) []providers.Query {
	var out []providers.Query
	for keys := range slices.Chunk(q.Keys, c.p.opts.PageSize) {
		out = append(out, providers.Query{Keys: keys})
	}
	for ids := range slices.Chunk(q.IDs, c.p.opts.PageSize) {
		out = append(out, providers.Query{IDs: ids})
	}
	if k.UpsertKey {
		for keys := range slices.Chunk(q.UpsertKeys, c.p.opts.PageSize) {
			out = append(out, providers.Query{UpsertKeys: keys})
		}
	}
	for markers := range slices.Chunk(q.Markers, c.p.opts.PageSize) {
		out = append(out, providers.Query{Markers: markers})
	}
	return out
}

// finish returns each object once, and in brief if that was asked for.
func finish(k resource.Kind, q providers.Query, all []resource.Object) []resource.Object {
	seen := map[string]bool{}
	all = slices.DeleteFunc(all, func(o resource.Object) bool {
		again := seen[o.ID]
		seen[o.ID] = true
		return again
	})
	for i := range all {
		if q.Brief {
			all[i] = brief(k, all[i])
		} else if len(q.Omit) > 0 {
			all[i].Attrs = without(all[i].Attrs, q.Omit)
		}
	}
	return all
}

// Apply does operations; see [providers.Conn].
func (c *conn) Apply(ctx context.Context, ops []providers.Operation, report func(providers.Result)) {
	var (
		reports sync.Mutex
		workers sync.WaitGroup
		slots   = make(chan struct{}, c.cfg.Parallelism)
	)
	once := func(r providers.Result) {
		reports.Lock()
		defer reports.Unlock()
		report(r)
	}
	for _, batch := range c.batches(ops) {
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			c.batch(ctx, ops, batch, once)
		})
	}
	workers.Wait()
}

// batches groups the indexes of operations that travel together: creations of
// one kind, up to the bulk limit.
func (c *conn) batches(ops []providers.Operation) [][]int {
	var out [][]int
	open := map[string]int{} // kind to the batch that takes more
	for i, op := range ops {
		if at, ok := open[op.Kind]; ok && op.Verb == providers.Create && len(out[at]) < c.p.opts.Bulk {
			out[at] = append(out[at], i)
			continue
		}
		if op.Verb == providers.Create {
			open[op.Kind] = len(out)
		}
		out = append(out, []int{i})
	}
	return out
}

func (c *conn) batch(ctx context.Context, ops []providers.Operation, batch []int, report func(providers.Result)) {
	if ctx.Err() != nil {
		for _, i := range batch {
			report(providers.Result{Index: i, Err: &providers.Error{
				Class: providers.NotAttempted, Summary: "not attempted: the run was interrupted", Err: ctx.Err()}})
		}
		return
	}
	req := Request{Kind: ops[batch[0]].Kind}
	for _, i := range batch {
		req.Operations = append(req.Operations, ops[i])
	}
	var results []providers.Result
	partly, err := c.request(ctx, req, func(partly bool) {
		for _, i := range batch {
			id, err := c.p.server.do(ops[i], partly)
			results = append(results, providers.Result{Index: i, ID: id, Err: err})
		}
	})
	for n, i := range batch {
		r := providers.Result{Index: i, Err: err}
		if err == nil {
			r = results[n]
		}
		switch {
		case r.Err == nil && partly:
			r.Err = &providers.Error{Class: providers.Unavailable, Status: http.StatusServiceUnavailable,
				Summary: "the object was written, but not all of it: the server is unavailable"}
		case r.Err == nil && answers(ops[i]):
			r.Object = c.p.server.one(ops[i].Kind, r.ID)
		}
		report(r)
	}
}

// answers reports whether the answer to an operation holds the object.
func answers(op providers.Operation) bool {
	switch op.Kind {
	case "person", "site":
		return false
	case "app":
		return op.Verb == providers.Create
	default:
		return op.Verb != providers.Delete
	}
}

// request sends one request through the faults, repeats it where that is safe,
// and reports whether its last steps failed.
func (c *conn) request(ctx context.Context, r Request, do func(partly bool)) (partly bool, err error) {
	for r.Attempt = 1; ; r.Attempt++ {
		fault := c.p.admit(ctx, r)
		if err := ctx.Err(); err != nil && fault == None && !r.Mutates() {
			return false, &providers.Error{Class: providers.NotAttempted, Summary: "not read: the run was interrupted", Err: err}
		}
		if fault == None && c.p.opts.Password != "" && c.password != c.p.opts.Password {
			fault = Expire
		}
		failed := outcome(fault, do)
		c.log(r, failed)
		if failed == nil {
			c.answered.Store(true)
			return fault == Partly, nil
		}
		again := failed.Class == providers.Throttled || failed.Class == providers.Unavailable ||
			!r.Mutates() && failed.Class == providers.Ambiguous
		if !again || r.Attempt > c.p.opts.Retries || ctx.Err() != nil {
			if failed.Class == providers.Ambiguous && !r.Mutates() {
				failed.Class = providers.Unreachable
			}
			return false, failed
		}
		if c.cfg.Wait != nil {
			c.cfg.Wait(failed.Summary, max(failed.RetryAfter, time.Second))
		}
	}
}

// outcome does the request as far as the fault lets it.
func outcome(fault Fault, do func(partly bool)) *providers.Error {
	fail := func(class providers.Class, summary string) *providers.Error {
		return &providers.Error{Class: class, Summary: summary, Status: status(class)}
	}
	switch fault {
	case TooManyRequests:
		e := fail(providers.Throttled, "the server asks for fewer requests")
		e.RetryAfter = time.Second
		return e
	case ServiceUnavailable:
		return fail(providers.Unavailable, "the server is unavailable")
	case InternalError:
		return fail(providers.Ambiguous, "the server failed")
	case DropBefore, DropAfter:
		if fault == DropAfter {
			do(false) // nobody learns what came of it
		}
		e := fail(providers.Ambiguous, "the connection was lost before the answer came")
		e.Status = 0
		return e
	case Refuse:
		return fail(providers.Forbidden, "the account may not do this")
	case Expire:
		return fail(providers.Unauthenticated, "the server did not accept the credentials")
	}
	do(fault == Partly)
	return nil
}

func (c *conn) log(r Request, err *providers.Error) {
	if c.cfg.Log == nil {
		return
	}
	l := providers.RequestLog{Method: http.MethodGet, URL: "memory:///" + r.Kind, Status: http.StatusOK, Attempt: r.Attempt}
	if r.Mutates() {
		l.Method = map[providers.Verb]string{
			providers.Create: http.MethodPost, providers.Update: http.MethodPut, providers.Delete: http.MethodDelete,
		}[r.Operations[0].Verb]
	}
	if err != nil {
		l.Status, l.Err = err.Status, err
	}
	c.cfg.Log(l)
}
