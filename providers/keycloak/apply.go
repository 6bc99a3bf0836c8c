package keycloak

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/resource"
)

// Apply does a set of operations; see [providers.Conn].
func (c *conn) Apply(ctx context.Context, ops []providers.Operation, report func(providers.Result)) {
	working, stop := transport.Finishing(ctx)
	defer stop()

	for i := range ops {
		c.remember(password(&ops[i]))
		for _, s := range ops[i].Secrets {
			c.remember(s.Reveal())
		}
		// A mail server's can come back with any mail that is not sent.
		c.remember(attr.String(resource.Attr(ops[i].After, "smtp_server"), "password"))
	}
	run := &batch{conn: c, interrupted: ctx, facts: map[string]*realmKnowledge{}}
	// Nobody waits to hand something over: where the server has the processors,
	// each wait costs a turn of theirs.
	todo, results := make(chan int, len(ops)), make(chan providers.Result, len(ops))
	for i := range ops {
		todo <- i
	}
	close(todo)
	var wg sync.WaitGroup
	for range min(len(ops), c.parallelism) {
		wg.Go(func() {
			for i := range todo {
				res := providers.Result{Err: notAttempted(ctx)}
				if ctx.Err() == nil {
					res = run.do(working, &ops[i])
				}
				res.Index = i
				results <- res
			}
		})
	}
	go func() {
		wg.Wait()
		close(results)
	}()
	for res := range results {
		report(res)
	}
}

func notAttempted(ctx context.Context) error {
	return &providers.Error{Class: providers.NotAttempted, Summary: "Not begun: the run was interrupted", Err: ctx.Err()}
}

// batch is one call of Apply.
type batch struct {
	*conn
	// interrupted ends when no new step may begin.
	interrupted context.Context
	// ofNewRealms is the profile of realms to come; nil where none is.
	ofNewRealms *userProfile

	mu    sync.Mutex
	facts map[string]*realmKnowledge
}

// do does one operation.
func (b *batch) do(ctx context.Context, op *providers.Operation) providers.Result {
	if err := b.refuse(op); err != nil {
		return providers.Result{Err: err}
	}
	var id string
	var obj *resource.Object
	var err error
	switch op.Kind {
	case "realm":
		id, err = b.applyRealm(ctx, op)
	case "client":
		id, obj, err = b.applyClient(ctx, op)
	case "user":
		id, err = b.applyUser(ctx, op)
	case "group":
		id, err = b.applyGroup(ctx, op)
	}
	return providers.Result{ID: id, Object: obj, Err: b.redacted(err)}
}

// redacted is an error whose texts are fit to be shown: what is written about an
// operation may name its values.
func (c *conn) redacted(err error) error {
	var e *providers.Error
	if !errors.As(err, &e) {
		return err
	}
	clean := *e
	clean.Summary, clean.Hint = c.mask(e.Summary), c.mask(e.Hint)
	return &clean
}

// refuse says why an operation cannot be: a path made from it would mean
// something else, or the kind has no such operation.
func (b *batch) refuse(op *providers.Operation) error {
	if _, ok := b.blanks[op.Kind]; !ok {
		return unknownKind(op.Kind)
	}
	invalid := func(attribute, value string) error {
		return &providers.Error{
			Class: providers.Invalid, Attribute: attribute,
			Summary: fmt.Sprintf("%s is not a value of %s that Keycloak can have", quoted(value), attribute),
		}
	}
	switch op.Verb {
	case providers.Create:
		if op.ID != "" && !safeSegment(op.ID) {
			return invalid("id", op.ID)
		}
	case providers.Update, providers.Delete:
		if !safeSegment(op.ID) {
			return invalid("id", op.ID)
		}
	default:
		return &providers.Error{Class: providers.Internal, Summary: "An operation without a verb"}
	}
	if realm := realmOf(op); !safeSegment(realm) {
		return invalid("realm", realm)
	}
	return nil
}

// realmOf is the realm that an operation is about, by the name that it has now.
func realmOf(op *providers.Operation) string {
	if name := attr.String(op.Before, "realm"); name != "" {
		return name
	}
	return attr.String(op.After, "realm")
}

// changes reports whether an attribute is to be written: all that is set of a
// new object, and what differs of an existing one.
func changes(op *providers.Operation, name string) bool {
	if op.Verb == providers.Create {
		return attr.IsSet(op.After, name)
	}
	return slices.Contains(op.Changed, name)
}

// emptyValue refuses values that Keycloak would drop without a word, so that
// the next plan would ask for them again.
func emptyValue(attribute, name string) error {
	return &providers.Error{
		Class: providers.Invalid, Attribute: attribute,
		Summary: fmt.Sprintf("%s.%s is empty: Keycloak keeps no empty value", attribute, providers.Clean(name, 100)),
		Hint:    "Leave it out, or give it a value",
	}
}

// realmKnowledge is what a batch reads of a realm once, if it needs it.
type realmKnowledge struct {
	profile once[*userProfile]
	actions once[map[string]bool]
	scopes  once[map[string]string]
}

func (b *batch) realm(name string) *realmKnowledge {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, ok := b.facts[name]
	if !ok {
		k = &realmKnowledge{}
		b.facts[name] = k
	}
	return k
}

// once reads something once for all who need it. A read that failed is tried
// again by the next.
type once[T any] struct {
	mu   sync.Mutex
	done bool
	val  T
}

func (o *once[T]) get(read func() (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return o.val, nil
	}
	val, err := read()
	if err == nil {
		o.val, o.done = val, true
	}
	return val, err
}
