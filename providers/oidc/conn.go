package oidc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// conn is a connection to one issuer; see [providers.Conn].
type conn struct {
	issuer    string
	transport *transport.Transport
	client    oidc.Client
	// found is what the issuer says of itself; it is read once a run.
	found work.Once[oidc.Discovery]
}

// List finds the issuer; see [providers.Conn]. Clients and users are given, so that
// there is none that it could find.
func (c *conn) List(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	switch q.Kind {
	case "realm":
		if !c.asked(q) {
			return nil, nil
		}
		d, err := c.found.Get(func() (oidc.Discovery, error) { return c.client.Require(ctx, c.issuer) })
		if err != nil {
			return nil, c.explain(err)
		}
		return []resource.Object{realm(d)}, nil
	case "client", "user":
		return nil, nil
	}
	return nil, work.UnknownKind("oidc", q.Kind)
}

// asked reports whether a query means the issuer.
func (c *conn) asked(q providers.Query) bool {
	return q.All || slices.Contains(q.IDs, c.issuer) ||
		slices.ContainsFunc(q.Keys, func(key map[string]string) bool { return key["issuer"] == c.issuer })
}

// realm is the object of an issuer.
func realm(d oidc.Discovery) resource.Object {
	o := attr.Nulls(realmKind())
	for name, s := range map[string]string{
		"id": d.Issuer, "issuer": d.Issuer, "jwks_uri": d.JWKSURI,
		"token_endpoint": d.TokenEndpoint, "device_authorization_endpoint": d.DeviceAuthorizationEndpoint,
	} {
		o[name] = attr.OfString(s)
	}
	return resource.Object{Kind: "realm", ID: d.Issuer, Attrs: cty.ObjectVal(o)}
}

// Check refuses all operations: there are none that could be done.
func (c *conn) Check(_ context.Context, ops []providers.Operation) []error {
	errs := make([]error, len(ops))
	for i := range ops {
		errs[i] = unmanaged(&ops[i])
	}
	return errs
}

// Apply refuses all operations; see [providers.Conn].
func (c *conn) Apply(ctx context.Context, ops []providers.Operation, report func(providers.Result)) {
	work.Each(ctx, ops, 1, func(op *providers.Operation) providers.Result {
		return providers.Result{Err: unmanaged(op)}
	}, report)
}

// unmanaged is the error of an operation, which only a broken state could ask for.
func unmanaged(op *providers.Operation) error {
	return work.Invalid("", fmt.Sprintf("Write data %q, and do it with the provider's own tools", op.Kind),
		"The provider oidc cannot %s a %s: OpenID Connect has no API for that", op.Verb, op.Kind)
}

// Server is the issuer; see [providers.Conn].
func (c *conn) Server() string { return c.issuer }

// Elsewhere is nowhere: each issuer has an address of its own.
func (c *conn) Elsewhere() string { return "" }

// ServerTime is the issuer's clock; see [providers.Conn].
func (c *conn) ServerTime() time.Time { return c.transport.Clock().Now() }

// Lag is none: nothing is written.
func (c *conn) Lag() time.Duration { return 0 }

// Close closes what is kept alive: there is no session.
func (c *conn) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

var _ providers.Conn = (*conn)(nil)
