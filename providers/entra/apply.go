package entra

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
)

// Apply does a set of operations; see [providers.Conn]. Each is written as if it
// were alone; what many of them ask at the same time goes into batches.
func (c *conn) Apply(ctx context.Context, ops []providers.Operation, report func(providers.Result)) {
	working, stop := transport.Finishing(ctx)
	defer stop()
	c.secrets.RememberOf(ops)
	if _, err := c.readTenant(ctx); err != nil {
		for i := range ops {
			if ctx.Err() != nil {
				err = work.NotAttempted(ctx)
			}
			report(providers.Result{Index: i, Err: err})
		}
		return
	}
	g := &gatherer{conn: c, interrupted: ctx, working: working, unstarted: len(ops), slots: make(chan struct{}, c.parallelism)}
	results := make(chan providers.Result, len(ops))
	begun := 0
	begin := func() {
		if begun == len(ops) {
			return
		}
		i := begun
		begun++
		if ctx.Err() != nil {
			g.start()
			g.finished()
			results <- providers.Result{Index: i, Err: work.NotAttempted(ctx)}
			return
		}
		g.start()
		go func() {
			w := &task{gatherer: g, op: &ops[i]}
			res := w.do()
			res.Index = i
			g.finished()
			results <- res
		}()
	}
	// As many as fill all batches that may be under way; the next begins when one
	// was reported.
	for range min(len(ops), c.parallelism*batchSize) {
		begin()
	}
	for range ops {
		report(<-results)
		begin()
		g.reported()
	}
}

// gatherer collects what operations ask until none of them can go on without an
// answer, or a batch is full.
type gatherer struct {
	*conn
	interrupted context.Context // ends when nothing new may begin
	working     context.Context
	slots       chan struct{} // as many as batches may be under way

	mu sync.Mutex
	// active operations are those that are not finished; waiting are those of
	// them that wait for an answer. Others are to be started yet.
	active, waiting, unstarted int
	// unreported are those that are finished, and of which nobody heard.
	unreported int
	// sending is how many batches are under way.
	sending int
	asked   []*question
}

type question struct {
	call   *call
	of     *task
	answer chan reply
}

// start counts an operation that begins.
func (g *gatherer) start() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unstarted--
	g.active++
}

// finished takes an operation out: the others may be all that is waited for.
func (g *gatherer) finished() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.active--
	g.unreported++
	g.flush()
}

// reported says that somebody heard of an operation, and that another has begun
// in its place if there is one.
func (g *gatherer) reported() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unreported--
	g.flush()
}

// flush sends what was asked once nobody else can ask: all wait, and none is to
// be started, or cannot be before something is answered. The lock is held.
func (g *gatherer) flush() {
	if len(g.asked) == 0 || g.waiting < g.active || g.unstarted > 0 && (g.sending > 0 || g.unreported > 0) {
		return
	}
	asked := g.asked
	g.asked = nil
	g.dispatch(asked)
}

// dispatch sends questions in the background.
func (g *gatherer) dispatch(asked []*question) {
	calls := make([]*call, len(asked))
	for i, q := range asked {
		calls[i] = q.call
	}
	for _, part := range split(calls) {
		g.sending++
		go func() {
			defer g.sent()
			g.slots <- struct{}{}
			defer func() { <-g.slots }()
			var going []int
			for _, i := range part {
				if w := asked[i].of; !w.began && g.interrupted.Err() != nil {
					g.deliver(asked[i], reply{err: work.NotAttempted(g.interrupted)})
					continue
				}
				asked[i].of.began = true
				going = append(going, i)
			}
			g.sendPart(g.working, calls, going, func(i int, r reply) { g.deliver(asked[i], r) })
		}()
	}
}

// deliver gives an operation its answer, from when on it can ask more.
func (g *gatherer) deliver(q *question, r reply) {
	g.mu.Lock()
	g.waiting--
	g.mu.Unlock()
	q.answer <- r
}

// sent counts a batch that was answered.
func (g *gatherer) sent() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sending--
	g.flush()
}

// task is one operation under way.
type task struct {
	*gatherer
	op *providers.Operation
	// began: something of it was sent.
	began bool
}

// ask does a call, together with those of others.
func (w *task) ask(q *call) reply {
	mine := &question{call: q, of: w, answer: make(chan reply, 1)}
	g := w.gatherer
	g.mu.Lock()
	g.waiting++
	g.asked = append(g.asked, mine)
	full := 0
	for _, other := range g.asked {
		if other.call.nature == q.nature {
			full++
		}
	}
	if full >= batchSize {
		var rest, batch []*question
		for _, other := range g.asked {
			if other.call.nature == q.nature {
				batch = append(batch, other)
			} else {
				rest = append(rest, other)
			}
		}
		g.asked = rest
		g.dispatch(batch)
	}
	g.flush()
	g.mu.Unlock()
	return <-mine.answer
}

// do does one operation.
func (w *task) do() providers.Result {
	if err := w.refuse(); work.IsAbsent(err) && w.op.Verb == providers.Delete {
		return providers.Result{} // it is not here
	} else if err != nil {
		return providers.Result{Err: err}
	}
	var res providers.Result
	switch w.op.Kind {
	case "tenant":
		res = w.applyTenant()
	case "client":
		res = w.applyClient()
	case "user":
		res = w.applyUser()
	case "group":
		res = w.applyGroup()
	}
	return res
}

// refuse says why an operation cannot be.
func (w *task) refuse() error {
	if _, ok := w.blanks[w.op.Kind]; !ok {
		return work.UnknownKind("entra", w.op.Kind)
	}
	switch w.op.Verb {
	case providers.Create:
	case providers.Update, providers.Delete:
		if !isID(w.op.ID) {
			return invalid("id", "%s is not an id that Entra ID can have", work.Quoted(w.op.ID))
		}
	default:
		return work.NoVerb()
	}
	if w.op.Kind == "tenant" {
		return nil
	}
	at := w.op.After
	if w.op.Verb == providers.Delete {
		at = w.op.Before
	}
	if tenant := attr.String(at, "tenant"); tenant != "" && !strings.EqualFold(tenant, w.tenantID()) {
		return &providers.Error{
			Class: providers.NotFound, Attribute: "tenant",
			Summary: fmt.Sprintf("The provider is signed in at tenant %s, and %s is not there", w.tenantID(), work.Quoted(tenant)),
		}
	}
	return nil
}

// applyTenant changes nothing: an adopted tenant is only named.
func (w *task) applyTenant() providers.Result {
	if w.op.Verb != providers.Update {
		return providers.Result{Err: &providers.Error{Class: providers.Invalid, Summary: "A tenant cannot be created or deleted through Microsoft Graph"}}
	}
	objects, err := w.listTenant(w.working, providers.Query{Keys: []map[string]string{{"domain": attr.String(w.op.After, "domain")}}})
	if err != nil || len(objects) == 0 {
		return providers.Result{Err: err}
	}
	return providers.Result{ID: w.op.ID, Object: &objects[0]}
}

// behind is the [call.lagging] of what the operation's own object is asked: whether
// a replica may not know it yet.
func (w *task) behind() func(reply) bool {
	if w.op.Old {
		return nil
	}
	return isNotFound
}

// describe names an object in a message.
func describe(kind, name string) string { return kind + " " + work.Quoted(name) }

// Check tells what Entra ID would refuse; see [providers.Conn].
func (c *conn) Check(ctx context.Context, ops []providers.Operation) []error {
	errs := make([]error, len(ops))
	t, err := c.readTenant(ctx)
	if err != nil {
		return errs // what cannot be read is told by the operation itself
	}
	for i := range ops {
		errs[i] = t.check(&ops[i])
	}
	return errs
}

var _ providers.Conn = (*conn)(nil)
