package entra

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoft/kiota-abstractions-go/store"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
)

// nature says what doing a request twice means.
type nature uint8

const (
	// read changes nothing.
	read nature = iota
	// repeatable may be done twice: setting values, deleting, an upsert.
	repeatable
	// once makes something new each time.
	once
)

// call is one request to Graph: sent alone, or as an item of a batch.
type call struct {
	info *abstractions.RequestInformation
	// doing completes "Entra ID …": "create user marty@example.com".
	doing string
	// needs is the application permission that the request takes; see permissions.
	needs  string
	nature nature
	// lagging reports whether an answer may be that of a replica which does not
	// know yet what was just written, so that the request is to be repeated; nil
	// for none.
	lagging func(reply) bool
	// missing: the answer 404 is no error, and leaves the body empty.
	missing bool
}

// reply is the answer to a call. err is a [*providers.Error], or nil.
type reply struct {
	status int
	header http.Header
	body   []byte
	err    error
}

// parse reads a reply's body as a model of the SDK; false if there is none.
func parse[T serialization.Parsable](r reply, factory serialization.ParsableFactory) (out T, ok bool, err error) {
	if len(bytes.TrimSpace(r.body)) == 0 || string(bytes.TrimSpace(r.body)) == "null" {
		return out, false, nil
	}
	node, err := jsonserialization.NewJsonParseNode(r.body)
	if err == nil {
		var v serialization.Parsable
		if v, err = node.GetObjectValue(factory); err == nil {
			if out, ok = v.(T); ok {
				return out, true, nil
			}
		}
	}
	return out, false, unexpected("is not the JSON that was expected", err)
}

// builders is what the SDK's request builders ask for: it makes bodies, and sends
// nothing.
type builders struct{}

var _ abstractions.RequestAdapter = builders{}

// GetSerializationWriterFactory makes JSON.
func (builders) GetSerializationWriterFactory() serialization.SerializationWriterFactory {
	return jsonserialization.NewJsonSerializationWriterFactory()
}

// EnableBackingStore does nothing: models are written once.
func (builders) EnableBackingStore(store.BackingStoreFactory) {}

// SetBaseUrl does nothing: the address is a path parameter of each builder.
func (builders) SetBaseUrl(string) {} //nolint:staticcheck // the SDK's name

// GetBaseUrl is empty.
func (builders) GetBaseUrl() string { return "" } //nolint:staticcheck // the SDK's name

func notSent() error {
	return &providers.Error{Class: providers.Internal, Summary: "A request to Microsoft Graph was to be sent past the transport"}
}

// Send and its siblings are not to be called: requests are sent by [graph].
func (builders) Send(context.Context, *abstractions.RequestInformation, serialization.ParsableFactory, abstractions.ErrorMappings) (serialization.Parsable, error) {
	return nil, notSent()
}

// SendEnum is not to be called.
func (builders) SendEnum(context.Context, *abstractions.RequestInformation, serialization.EnumFactory, abstractions.ErrorMappings) (any, error) {
	return nil, notSent()
}

// SendCollection is not to be called.
func (builders) SendCollection(context.Context, *abstractions.RequestInformation, serialization.ParsableFactory, abstractions.ErrorMappings) ([]serialization.Parsable, error) {
	return nil, notSent()
}

// SendEnumCollection is not to be called.
func (builders) SendEnumCollection(context.Context, *abstractions.RequestInformation, serialization.EnumFactory, abstractions.ErrorMappings) ([]any, error) {
	return nil, notSent()
}

// SendPrimitive is not to be called.
func (builders) SendPrimitive(context.Context, *abstractions.RequestInformation, string, abstractions.ErrorMappings) (any, error) {
	return nil, notSent()
}

// SendPrimitiveCollection is not to be called.
func (builders) SendPrimitiveCollection(context.Context, *abstractions.RequestInformation, string, abstractions.ErrorMappings) ([]any, error) {
	return nil, notSent()
}

// SendNoContent is not to be called.
func (builders) SendNoContent(context.Context, *abstractions.RequestInformation, abstractions.ErrorMappings) error {
	return notSent()
}

// ConvertToNativeRequest is not to be called.
func (builders) ConvertToNativeRequest(context.Context, *abstractions.RequestInformation) (any, error) {
	return nil, notSent()
}

// path is where the SDK's builders begin: the address of Graph.
func (c *conn) path() map[string]string { return map[string]string{"baseurl": c.graphURL} }

// single sends one request by itself.
func (c *conn) single(ctx context.Context, q *call) reply {
	u, err := q.info.GetUri()
	if err != nil {
		return reply{err: badRequest(err)}
	}
	var headers http.Header = map[string][]string{}
	for _, name := range q.info.Headers.ListKeys() {
		for _, v := range q.info.Headers.Get(name) {
			headers.Add(name, v)
		}
	}
	return c.post(ctx, q, q.info.Method.String(), u, headers, q.info.Content)
}

func badRequest(err error) error {
	return &providers.Error{Class: providers.Internal, Summary: "A request to Microsoft Graph could not be made", Err: err}
}

// post sends one HTTP request with a token, and again with a new one if that was
// refused: then it was not done.
func (c *conn) post(ctx context.Context, q *call, method string, u *url.URL, headers http.Header, body []byte) reply {
	switch q.nature {
	case read:
		ctx = transport.Harmless(ctx)
	case repeatable:
		ctx = transport.Idempotent(ctx)
	case once:
		ctx = transport.NoRetry(ctx)
	}
	for try := 1; ; try++ {
		token, err := c.auth.token(ctx)
		if err != nil {
			return reply{err: err}
		}
		var content io.Reader
		if body != nil {
			content = bytes.NewReader(body)
		}
		req, err := http.NewRequestWithContext(ctx, method, u.String(), content)
		if err != nil {
			return reply{err: badRequest(err)}
		}
		for name, values := range headers {
			req.Header[http.CanonicalHeaderKey(name)] = values
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := c.transport.RoundTrip(req)
		if err != nil {
			return reply{err: c.explain(err)}
		}
		r := reply{status: resp.StatusCode, header: resp.Header}
		r.body, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close() // it is in memory
		if err != nil {
			return reply{err: badRequest(err)}
		}
		c.slowDown(r.header)
		if r.status == http.StatusUnauthorized && try == 1 {
			c.auth.forget(token)
			continue
		}
		if r.status >= 300 && r.status < 400 {
			// To the same server, else the transport would have refused it.
			return reply{err: &providers.Error{
				Class: providers.Unreachable, Status: r.status,
				Summary: fmt.Sprintf("What answers at %s is not Microsoft Graph: it redirects (status %d)",
					providers.Clean(u.Scheme+"://"+u.Host+u.EscapedPath(), 300), r.status),
				Hint: graphHint,
			}}
		}
		return r
	}
}

// relative is a URL as an item of a batch has it: without the address of Graph.
func (c *conn) relative(u *url.URL) string {
	return "/" + strings.TrimPrefix(strings.TrimPrefix(u.String(), c.graphURL), "/")
}
