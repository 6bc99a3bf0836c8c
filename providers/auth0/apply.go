package auth0

import (
	"context"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
)

// batch is one call of Apply.
type batch struct {
	*conn
	interrupted context.Context // ends when nothing new may begin
	working     context.Context
	// clients are those that were made with the keys of creations, read once.
	clients work.Once[map[string]wireClient]
	keys    []string
}

// Apply does a set of operations; see [providers.Conn]. Many new users without a
// password are imported by jobs, all else is done one by one.
func (c *conn) Apply(ctx context.Context, ops []providers.Operation, report func(providers.Result)) {
	working, stop := transport.Finishing(ctx)
	defer stop()
	c.secrets.RememberOf(ops)
	b := &batch{conn: c, interrupted: ctx, working: working}
	for i := range ops {
		if ops[i].Kind == "client" && ops[i].Verb == providers.Create {
			b.keys = append(b.keys, ops[i].ID)
		}
	}
	imported, single := c.split(ops)
	if len(imported) == 0 {
		b.each(ops, single, report)
		return
	}
	results := make(chan providers.Result)
	go func() {
		defer close(results)
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.imports(ops, imported, func(r providers.Result) { results <- r })
		}()
		b.each(ops, single, func(r providers.Result) { results <- r })
		<-done
	}()
	for r := range results {
		report(r)
	}
}

// each does the operations of some indexes, one by one.
func (b *batch) each(ops []providers.Operation, indexes []int, report func(providers.Result)) {
	some := make([]providers.Operation, len(indexes))
	for i, at := range indexes {
		some[i] = ops[at]
	}
	work.Each(b.interrupted, some, b.parallelism, b.do, func(r providers.Result) {
		r.Index = indexes[r.Index]
		report(r)
	})
}

// do does one operation.
func (b *batch) do(op *providers.Operation) providers.Result {
	if err := b.refuse(op); err != nil {
		if work.IsAbsent(err) && op.Verb == providers.Delete {
			err = nil // it is not here
		}
		return providers.Result{Err: err}
	}
	var res providers.Result
	switch op.Kind {
	case "tenant":
		res = b.applyTenant(op)
	case "client":
		res = b.applyClient(op)
	case "api":
		res = b.applyAPI(op)
	case "user":
		res = b.applyUser(op)
	case "group":
		res = b.applyRole(op)
	}
	res.Err = b.secrets.Redacted(res.Err)
	return res
}

// refuse says why an operation cannot be.
func (b *batch) refuse(op *providers.Operation) error {
	if _, ok := b.blanks[op.Kind]; !ok {
		return work.UnknownKind("auth0", op.Kind)
	}
	switch op.Verb {
	case providers.Create:
	case providers.Update, providers.Delete:
		if !safeID(op.ID) {
			return work.Invalid("id", "", "%s is not an id that Auth0 can have", work.Quoted(op.ID))
		}
	default:
		return work.NoVerb()
	}
	if op.Kind == "tenant" {
		return nil
	}
	at := op.After
	if op.Verb == providers.Delete {
		at = op.Before
	}
	if tenant := attr.String(at, "tenant"); tenant != "" && tenant != b.settings.domain {
		return &providers.Error{
			Class: providers.NotFound, Attribute: "tenant",
			Summary: "The provider is signed in at tenant " + work.Quoted(b.settings.domain) + ", and " + work.Quoted(tenant) + " is not there",
		}
	}
	return nil
}
