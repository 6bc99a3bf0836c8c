package auth0

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"

	"github.com/auth0/go-auth0/management"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
)

// nature says whether a request may be sent twice.
type nature uint8

const (
	// repeatable: doing it twice is as good as once. Reading is, by itself.
	repeatable nature = iota + 1
	// once: it must not be done twice.
	once
)

// call says what a request is for, so that its error can.
type call struct {
	// doing completes "Auth0 refused to …": "create user marty".
	doing string
	// scope that it needs.
	scope  string
	nature nature
}

// answer is what a request brought back. The SDK folds errors into text, and
// leaves out the code; here is what it was made of.
type answer struct {
	err    error // of the transport
	status int
	header http.Header
	body   []byte
	json   bool
}

type (
	answerKey struct{}
	tokenKey  struct{}
)

// recorder puts the token into each request and notes its answer in the context
// that the request carries.
type recorder struct {
	next  http.RoundTripper
	plain bool // for tests: without TLS
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if token, ok := req.Context().Value(tokenKey{}).(string); ok {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if r.plain {
		u := *req.URL
		u.Scheme = "http"
		req.URL = &u
	}
	resp, err := r.next.RoundTrip(req)
	a, ok := req.Context().Value(answerKey{}).(*answer)
	if !ok {
		return resp, err
	}
	*a = answer{err: err}
	if err != nil {
		return nil, err
	}
	a.status, a.header = resp.StatusCode, resp.Header
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	a.json = media == "application/json"
	a.body, _ = io.ReadAll(resp.Body) // it is in memory
	resp.Body = io.NopCloser(bytes.NewReader(a.body))
	return resp, nil
}

// ask makes one request to the Management API: do sends exactly one. It signs in
// again when the token is not accepted any more.
func (c *conn) ask(ctx context.Context, q call, do func(ctx context.Context, api *management.Management) error) (*answer, error) {
	switch q.nature {
	case repeatable:
		ctx = transport.Idempotent(ctx)
	case once:
		ctx = transport.NoRetry(ctx)
	}
	for try := 1; ; try++ {
		token, err := c.auth.token(ctx)
		if err != nil {
			return nil, err
		}
		a := &answer{}
		err = do(context.WithValue(context.WithValue(ctx, answerKey{}, a), tokenKey{}, token), c.api)
		switch {
		case a.err != nil:
			return a, c.explain(a.err)
		case a.status == 0 && err != nil:
			return a, &providers.Error{Class: providers.Internal, Summary: "A request to Auth0 could not be made", Err: err}
		case a.status == http.StatusUnauthorized && try == 1 && c.auth.forget(token):
			continue // it was not done
		case a.status >= http.StatusBadRequest:
			return a, c.refusal(q, a)
		case len(bytes.TrimSpace(a.body)) > 0 && !a.json, err != nil:
			return a, c.notAuth0(a)
		}
		return a, nil
	}
}

// get reads JSON from a path of the Management API.
func (c *conn) get(ctx context.Context, q call, into any, path []string, options ...management.RequestOption) error {
	_, err := c.ask(ctx, q, func(ctx context.Context, api *management.Management) error {
		return api.Request(ctx, http.MethodGet, api.URI(path...), into, options...)
	})
	return err
}

// send sends JSON and decodes the answer into what is not nil. The SDK's models
// leave out null, which removes a value; a map does not.
func (c *conn) send(ctx context.Context, q call, method string, body, into any, path ...string) error {
	a, err := c.ask(ctx, q, func(ctx context.Context, api *management.Management) error {
		return api.Request(ctx, method, api.URI(path...), &payload{body})
	})
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return c.unclear(q, a, err)
	}
	return nil
}

// payload is what the SDK sends, and decodes the answer into: which is recorded.
type payload struct{ out any }

// MarshalJSON is that of what is sent.
func (p *payload) MarshalJSON() ([]byte, error) { return json.Marshal(p.out) }

// UnmarshalJSON leaves the answer alone.
func (p *payload) UnmarshalJSON([]byte) error { return nil }

// unclear is the error of a change that was done, and of which the answer makes no
// sense.
func (c *conn) unclear(q call, a *answer, err error) error {
	return &providers.Error{Class: providers.Ambiguous, Status: a.status, Summary: "Auth0's answer does not tell whether it did this: " + q.doing, Err: err}
}
