package keycloak

import (
	"context"
	"fmt"
	"sync"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// Apply does a set of operations; see [providers.Conn].
func (c *conn) Apply(ctx context.Context, ops []providers.Operation, report func(providers.Result)) {
	working, stop := transport.Finishing(ctx)
	defer stop()

	c.secrets.RememberOf(ops)
	for i := range ops { // a mail server's can come back with any mail that is not sent
		c.secrets.Remember(attr.String(resource.Attr(ops[i].After, "smtp_server"), "password"))
	}
	run := &batch{conn: c, interrupted: ctx, facts: map[string]*realmKnowledge{}}
	work.Each(ctx, ops, c.parallelism, func(op *providers.Operation) providers.Result { return run.do(working, op) }, report)
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
	return providers.Result{ID: id, Object: obj, Err: b.secrets.Redacted(err)}
}

// refuse says why an operation cannot be: a path made from it would mean
// something else, or the kind has no such operation.
func (b *batch) refuse(op *providers.Operation) error {
	if _, ok := b.blanks[op.Kind]; !ok {
		return work.UnknownKind("keycloak", op.Kind)
	}
	invalid := func(attribute, value string) error {
		return &providers.Error{
			Class: providers.Invalid, Attribute: attribute,
			Summary: fmt.Sprintf("%s is not a value of %s that Keycloak can have", work.Quoted(value), attribute),
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
		return work.NoVerb()
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
	profile work.Once[*userProfile]
	actions work.Once[map[string]bool]
	scopes  work.Once[map[string]string]
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
