package keycloak

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/Nerzal/gocloak/v13"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
)

// request says what a call is for, so that its error can.
type request struct {
	// doing completes "Keycloak …": "create user marty".
	doing string
	// realm that the call is about; empty for the server itself.
	realm string
	// role that the account needs there.
	role string
}

// answer is what a call brought back. gocloak folds errors into text; here is
// what it was made of.
type answer struct {
	err    error // of the transport
	status int
	header http.Header
	// body is kept for statuses from 400 and for what is not JSON.
	body []byte
	json bool
}

type answerKey struct{}

// recorder notes each answer in the context that its request carries.
type recorder struct{ next http.RoundTripper }

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
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
	a.json = media == "application/json" || strings.HasSuffix(media, "+json")
	if resp.StatusCode >= http.StatusBadRequest || !a.json {
		a.body, _ = io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		resp.Body = io.NopCloser(bytes.NewReader(a.body))
	}
	return resp, nil
}

// once makes one request without a token and returns its answer; an error is
// one of the transport's, or that of an answer that cannot be read.
func (c *conn) once(ctx context.Context, do func(context.Context) error) (*answer, error) {
	a := &answer{}
	err := do(context.WithValue(ctx, answerKey{}, a))
	switch {
	case a.err != nil:
		return a, a.err
	case a.status == 0 && err != nil:
		return a, &providers.Error{Class: providers.Internal, Summary: "A request to Keycloak could not be made", Err: err}
	case a.status < http.StatusBadRequest && len(a.body) > 0 && !a.json:
		return a, c.notKeycloak(a)
	case a.status < http.StatusBadRequest && err != nil:
		return a, &providers.Error{
			Class: providers.Internal, Status: a.status, Err: err,
			Summary: "Keycloak's answer is not the JSON that was expected",
			Hint:    "Check that url is the address of a Keycloak server of version 26 or later",
		}
	}
	return a, nil
}

// call makes one request with a token: do sends exactly one. It signs in again
// when the server has forgotten the token, and when a token from before the
// creation of a realm does not yet hold the roles for it.
func (c *conn) call(ctx context.Context, r request, do func(ctx context.Context, api *gocloak.GoCloak, token string) error) error {
	_, err := c.callAnswer(ctx, r, do)
	return err
}

func (c *conn) callAnswer(ctx context.Context, r request, do func(ctx context.Context, api *gocloak.GoCloak, token string) error) (*answer, error) {
	for try := 1; ; try++ {
		t, err := c.auth.token(ctx)
		if err != nil {
			return nil, err
		}
		a, err := c.once(ctx, func(ctx context.Context) error { return do(ctx, t.api, t.access) })
		if err != nil {
			return a, c.explain(err)
		}
		if a.status < http.StatusBadRequest {
			return a, nil
		}
		// Neither of these was done, so that any request can be repeated.
		stale := a.status == http.StatusUnauthorized ||
			a.status == http.StatusForbidden && t.realms < c.realmsMade.Load()
		if stale && try == 1 {
			c.auth.forget(t)
			continue
		}
		return a, c.refusal(r, a)
	}
}

// get reads JSON from a path below /admin/realms/{realm}.
func (c *conn) get(ctx context.Context, r request, query map[string]string, into any, path ...string) error {
	return c.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
		_, err := api.GetRequestWithBearerAuth(ctx, token).SetQueryParams(query).SetResult(into).
			Get(c.adminURL(r.realm, path...))
		return err
	})
}

// one reads one object; nil if there is none.
func one[T any](ctx context.Context, c *conn, r request, query map[string]string, path ...string) (*T, error) {
	var w T
	err := c.get(ctx, r, query, &w, path...)
	if work.IsAbsent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &w, nil
}

// lookUp finds objects one by one, by ids and by names. An id that no path can have is
// nobody's.
func lookUp[T any](ctx context.Context, c *conn, ids, names map[string]bool, byID, byName func(context.Context, string) ([]T, error)) ([]T, error) {
	type look struct {
		key string
		by  func(context.Context, string) ([]T, error)
	}
	var all []look
	for id := range ids {
		if safeSegment(id) {
			all = append(all, look{id, byID})
		}
	}
	for name := range names {
		all = append(all, look{name, byName})
	}
	got := make([][]T, len(all))
	err := c.each(ctx, len(all), func(ctx context.Context, i int) (err error) {
		got[i], err = all[i].by(ctx, all[i].key)
		return err
	})
	return slices.Concat(got...), err
}

// explain adds what the server said to an error of the transport: a 5xx has a
// text at times.
func (c *conn) explain(err error) error {
	var e *providers.Error
	var re *transport.ResponseError
	if !errors.As(err, &e) || !errors.As(err, &re) {
		return err
	}
	said := parseRefusal(re.Body)
	if text := c.redact(said.text()); text != "" {
		out := *e
		out.Summary += ": " + text
		return &out
	}
	return err
}

// adminURL is that of something in a realm, or of the realms if it is empty.
func (c *conn) adminURL(realm string, path ...string) string {
	s := c.auth.baseURL() + "/admin/realms"
	if realm != "" {
		s += "/" + segment(realm)
	}
	for _, p := range path {
		s += "/" + segment(p)
	}
	return s
}
