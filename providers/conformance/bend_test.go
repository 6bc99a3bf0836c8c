package conformance

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
	"github.com/idpctl/idpctl/resource"
)

// bend is one way in which a provider can be wrong; each function that is set
// changes what passes through.
type bend struct {
	opts   memory.Options
	info   func(*providers.Info)
	op     func(*providers.Operation)
	object func(*resource.Object)
	result func(providers.Operation, *providers.Result)
	list   func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error)
	apply  func(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result))
	check  func(ctx context.Context, c providers.Conn, ops []providers.Operation) []error
	clock  func(time.Time) time.Time
	lag    func(time.Duration) time.Duration
	config func(*providers.Config)
}

// bent is a provider in memory with a bend in it.
type bent struct {
	*memory.Provider
	bend bend
}

func (p bent) Info() providers.Info {
	info := p.Provider.Info()
	if p.bend.info != nil {
		p.bend.info(&info)
	}
	return info
}

func (p bent) Open(ctx context.Context, cfg providers.Config) (providers.Conn, error) {
	if p.bend.config != nil {
		p.bend.config(&cfg)
	}
	c, err := p.Provider.Open(ctx, cfg)
	return bentConn{c, p.bend}, err
}

type bentConn struct {
	providers.Conn
	bend bend
}

func (c bentConn) List(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	list := c.Conn.List
	if c.bend.list != nil {
		list = func(ctx context.Context, q providers.Query) ([]resource.Object, error) {
			return c.bend.list(ctx, c.Conn, q)
		}
	}
	found, err := list(ctx, q)
	if c.bend.object != nil {
		for i := range found {
			c.bend.object(&found[i])
		}
	}
	return found, err
}

func (c bentConn) Apply(ctx context.Context, ops []providers.Operation, report func(providers.Result)) {
	ops = slices.Clone(ops)
	if c.bend.op != nil {
		for i := range ops {
			c.bend.op(&ops[i])
		}
	}
	apply := c.Conn.Apply
	if c.bend.apply != nil {
		apply = func(ctx context.Context, ops []providers.Operation, report func(providers.Result)) {
			c.bend.apply(ctx, c.Conn, ops, report)
		}
	}
	apply(ctx, ops, func(res providers.Result) {
		if c.bend.result != nil {
			c.bend.result(ops[res.Index], &res)
		}
		if c.bend.object != nil && res.Object != nil {
			c.bend.object(res.Object)
		}
		report(res)
	})
}

func (c bentConn) Check(ctx context.Context, ops []providers.Operation) []error {
	if c.bend.check != nil {
		return c.bend.check(ctx, c.Conn, ops)
	}
	return c.Conn.Check(ctx, ops)
}

func (c bentConn) ServerTime() time.Time {
	if c.bend.clock != nil {
		return c.bend.clock(c.Conn.ServerTime())
	}
	return c.Conn.ServerTime()
}

func (c bentConn) Lag() time.Duration {
	if c.bend.lag != nil {
		return c.bend.lag(c.Conn.Lag())
	}
	return c.Conn.Lag()
}

// with is an object value with some attributes replaced, if it is not null.
func with(v cty.Value, changes map[string]cty.Value) cty.Value {
	if v == cty.NilVal || v.IsNull() {
		return v
	}
	m := v.AsValueMap()
	maps.Copy(m, changes)
	return cty.ObjectVal(m)
}

// on bends only what concerns one kind.
func on(kind string, f func(*providers.Operation)) func(*providers.Operation) {
	return func(op *providers.Operation) {
		if op.Kind == kind {
			f(op)
		}
	}
}

func onUpdate(kind string, f func(*providers.Operation)) func(*providers.Operation) {
	return on(kind, func(op *providers.Operation) {
		if op.Verb == providers.Update {
			f(op)
		}
	})
}

func objectOf(kind string, f func(*resource.Object)) func(*resource.Object) {
	return func(o *resource.Object) {
		if o.Kind == kind {
			f(o)
		}
	}
}

// setAll sets an attribute of every object of a kind that is returned.
func setAll(kind, attr string, v cty.Value) func(*resource.Object) {
	return objectOf(kind, func(o *resource.Object) { o.Attrs = with(o.Attrs, map[string]cty.Value{attr: v}) })
}

// attribute changes the specification of one attribute.
func attribute(kind, attr string, f func(*resource.Attribute)) func(*providers.Info) {
	return func(info *providers.Info) {
		for i := range info.Kinds {
			for j := range info.Kinds[i].Attributes {
				if info.Kinds[i].Name == kind && info.Kinds[i].Attributes[j].Name == attr {
					f(&info.Kinds[i].Attributes[j])
				}
			}
		}
	}
}

// reclass gives errors of one class another.
func reclass(from, to providers.Class) func(providers.Operation, *providers.Result) {
	return func(_ providers.Operation, res *providers.Result) {
		if res.Err != nil && providers.ClassOf(res.Err) == from {
			res.Err = &providers.Error{Class: to, Summary: "something is wrong"}
		}
	}
}
