package entra

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/idpctl/idpctl/providers"
)

const (
	// batchSize is how many requests one batch may hold
	// (https://learn.microsoft.com/graph/json-batching).
	batchSize = 20
	// itemTries bounds how often an item of a batch is sent.
	itemTries = 10
	firstWait = 200 * time.Millisecond
	mostWait  = 20 * time.Second
	// throttleBudget bounds how long an item waits because the server says that
	// there are too many requests, as the transport's does for a whole request.
	throttleBudget = 5 * time.Minute
)

// batchRequest and batchResponse are the envelope of a batch.
type batchRequest struct {
	Requests []batchItem `json:"requests"`
}

type batchItem struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

type batchResponse struct {
	Responses []struct {
		ID      string            `json:"id"`
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	} `json:"responses"`
}

// send does all calls, as few requests as they fit in, and tells each answer as
// soon as it is there; tell is not called concurrently. Calls of different
// natures are never in one batch, as it is repeated, or not, as a whole.
func (c *conn) send(ctx context.Context, calls []*call, tell func(i int, r reply)) {
	type answer struct {
		i int
		r reply
	}
	answers := make(chan answer, len(calls))
	var group errgroup.Group
	group.SetLimit(c.parallelism)
	go func() {
		for _, part := range split(calls) {
			group.Go(func() error {
				c.sendPart(ctx, calls, part, func(i int, r reply) { answers <- answer{i, r} })
				return nil
			})
		}
		_ = group.Wait() // the parts tell of their errors themselves
		close(answers)
	}()
	for a := range answers {
		tell(a.i, a.r)
	}
}

// all does calls and returns their answers in order.
func (c *conn) all(ctx context.Context, calls []*call) []reply {
	out := make([]reply, len(calls))
	c.send(ctx, calls, func(i int, r reply) { out[i] = r })
	return out
}

// do does one call.
func (c *conn) do(ctx context.Context, q *call) reply { return c.all(ctx, []*call{q})[0] }

// split divides calls into batches, by their places.
func split(calls []*call) [][]int {
	var parts [][]int
	var open [once + 1][]int
	for i, q := range calls {
		open[q.nature] = append(open[q.nature], i)
		if len(open[q.nature]) == batchSize {
			parts = append(parts, open[q.nature])
			open[q.nature] = nil
		}
	}
	for _, rest := range open {
		if len(rest) > 0 {
			parts = append(parts, rest)
		}
	}
	return parts
}

// sendPart does the calls of one batch, and those again that were throttled or
// met a replica that is behind.
func (c *conn) sendPart(ctx context.Context, calls []*call, part []int, tell func(int, reply)) {
	began := time.Now()
	for try := 1; len(part) > 0; try++ {
		replies := c.attempt(ctx, calls, part)
		var again []int
		var wait time.Duration
		var why string
		for n, i := range part {
			r := replies[n]
			pause, reason := c.repeat(calls[i], r, try, time.Since(began))
			if pause <= 0 || ctx.Err() != nil && calls[i].nature != read {
				tell(i, c.finish(calls[i], r))
				continue
			}
			again = append(again, i)
			if pause > wait {
				wait, why = pause, reason
			}
		}
		part = again
		if len(part) > 0 {
			c.pause(ctx, wait, why)
		}
	}
}

// attempt sends one request for all calls of a part.
func (c *conn) attempt(ctx context.Context, calls []*call, part []int) []reply {
	if len(part) == 1 {
		return []reply{c.single(ctx, calls[part[0]])}
	}
	out := make([]reply, len(part))
	fail := func(err error) []reply {
		for n := range out {
			out[n] = reply{err: err}
		}
		return out
	}
	var body batchRequest
	for n, i := range part {
		item, err := c.item(strconv.Itoa(n), calls[i])
		if err != nil {
			return fail(badRequest(err))
		}
		body.Requests = append(body.Requests, item)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return fail(badRequest(err))
	}
	at, err := url.Parse(c.graphURL + "/$batch")
	if err != nil {
		return fail(badRequest(err))
	}
	whole := &call{nature: calls[part[0]].nature, doing: fmt.Sprintf("do %d requests at once", len(part)), needs: calls[part[0]].needs}
	r := c.post(ctx, whole, http.MethodPost, at, http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}, raw)
	if r.err != nil {
		return fail(r.err)
	}
	if r.status != http.StatusOK {
		return fail(c.refusal(whole, r))
	}
	var answered batchResponse
	if err := json.Unmarshal(r.body, &answered); err != nil {
		return fail(lostAnswer(whole.nature, err))
	}
	for n := range out {
		out[n] = reply{err: lostAnswer(whole.nature, errors.New("no answer to an item"))}
	}
	seen := map[int]bool{}
	for _, a := range answered.Responses {
		n, err := strconv.Atoi(a.ID)
		if err != nil || n < 0 || n >= len(out) || seen[n] {
			return fail(lostAnswer(whole.nature, errors.New("an answer to an item that was not asked, or a second one")))
		}
		seen[n] = true
		if a.Status < 200 {
			continue // it does not tell what became of the item
		}
		header := http.Header{}
		for name, v := range a.Headers {
			header.Set(name, v)
		}
		out[n] = reply{status: a.Status, header: header, body: itemBody(a.Body)}
	}
	return out
}

// lostAnswer is the error of a request of which the answer does not tell whether
// it was done.
func lostAnswer(n nature, err error) error {
	class := providers.Ambiguous
	if n == read {
		class = providers.Internal
	}
	return &providers.Error{Class: class, Summary: "Microsoft Graph's answer to a batch does not fit its requests", Hint: graphHint, Err: err}
}

// itemBody is the body of an item: JSON, or a text that holds something else in
// base64url.
func itemBody(raw json.RawMessage) []byte {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return raw
	}
	if plain, err := base64.URLEncoding.DecodeString(s); err == nil {
		return plain
	}
	return []byte(s)
}

// item is a call as part of a batch.
func (c *conn) item(id string, q *call) (batchItem, error) {
	u, err := q.info.GetUri()
	if err != nil {
		return batchItem{}, err
	}
	// The builders write "$select" as "%24select", which a batch takes literally.
	item := batchItem{ID: id, Method: q.info.Method.String(), URL: strings.ReplaceAll(c.relative(u), "%24", "$"), Headers: map[string]string{}}
	for _, name := range q.info.Headers.ListKeys() {
		if v := q.info.Headers.Get(name); len(v) > 0 {
			item.Headers[http.CanonicalHeaderKey(name)] = strings.Join(v, ", ")
		}
	}
	if q.info.Content != nil {
		item.Body = q.info.Content
		item.Headers["Content-Type"] = "application/json"
	}
	return item, nil
}

// repeat says how long to wait before an answered call is sent again, and why; 0
// if it is not to be.
func (c *conn) repeat(q *call, r reply, try int, since time.Duration) (time.Duration, string) {
	backoff := min(firstWait<<min(try-1, 10), mostWait)
	backoff = backoff*3/4 + rand.N(backoff/2)
	if r.err != nil {
		return 0, "" // the transport has tried
	}
	if q.lagging != nil && q.lagging(r) {
		if since+backoff > c.deadline {
			return 0, ""
		}
		return backoff, "waiting for the directory to replicate"
	}
	if try >= itemTries {
		return 0, ""
	}
	wait := backoff
	if asked, ok := retryAfter(r.header); ok {
		wait = asked + rand.N(firstWait)
	}
	if since+wait > throttleBudget {
		return 0, ""
	}
	switch r.status {
	case http.StatusTooManyRequests:
		return wait, "too many requests"
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if q.nature != once {
			return wait, http.StatusText(r.status)
		}
	case http.StatusConflict:
		if parseError(r.body).Code == "Directory_ConcurrencyViolation" {
			return backoff, "another request changes the same object"
		}
	}
	return 0, ""
}

// retryAfter is the wait that an answer asks for, in seconds that may have
// decimals.
func retryAfter(h http.Header) (time.Duration, bool) {
	s, err := strconv.ParseFloat(strings.TrimSpace(h.Get("Retry-After")), 64)
	if err != nil || s < 0 || math.IsNaN(s) {
		return 0, false
	}
	return max(time.Duration(min(s, 24*3600)*float64(time.Second)), time.Millisecond), true
}

// slowDown lets some time pass when the server says that the quota is nearly
// used up (https://learn.microsoft.com/graph/throttling).
func (c *conn) slowDown(h http.Header) {
	used, err := strconv.ParseFloat(h.Get("x-ms-throttle-limit-percentage"), 64)
	if err == nil && used >= 0.8 {
		c.transport.Hold(time.Duration(min(used, 2) * float64(time.Second)))
	}
}

// pause waits, and has all other requests of the connection wait as well if the
// server said that there are too many.
func (c *conn) pause(ctx context.Context, d time.Duration, why string) {
	if c.config.Wait != nil {
		c.config.Wait("Microsoft Graph: "+why, d)
	}
	if why == "too many requests" {
		c.transport.Hold(d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// finish turns an answer that is a refusal into an error.
func (c *conn) finish(q *call, r reply) reply {
	switch {
	case r.err != nil, r.status < http.StatusBadRequest:
	case q.missing && r.status == http.StatusNotFound:
		r.body = nil
	default:
		r.err = c.refusal(q, r)
	}
	return r
}
