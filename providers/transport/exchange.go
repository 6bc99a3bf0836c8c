package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// How often and how long a request is repeated.
const (
	maxTries = 8
	// dialTries bounds the tries when no connection can be made at all: the
	// URL is probably wrong, and its user waits.
	dialTries = 4
	// slowTries bounds the tries when the answer does not come in time: each
	// of them takes as long as one request may.
	slowTries = 3
	// firstWait doubles with each try up to longestWait; a random quarter is
	// added or taken away.
	firstWait   = 300 * time.Millisecond
	longestWait = 10 * time.Second
	// budget bounds the whole exchange, throttleBudget one that the server
	// asks to slow down.
	budget         = 2 * time.Minute
	throttleBudget = 5 * time.Minute
)

type (
	exchangeKey struct{}
	nature      struct{}
)

// What a request is, whatever its method says.
const (
	notIdempotent = iota + 1
	idempotent
	harmless
)

// NoRetry returns a context whose requests must not be done twice, whatever
// their method: they are repeated only when it is certain that the first was
// not done.
func NoRetry(ctx context.Context) context.Context {
	return context.WithValue(ctx, nature{}, notIdempotent)
}

// Idempotent returns a context whose requests may be done twice with the same
// outcome, whatever their method, like a PUT.
func Idempotent(ctx context.Context) context.Context {
	return context.WithValue(ctx, nature{}, idempotent)
}

// Harmless returns a context whose requests change nothing that matters,
// whatever their method, like a GET: a sign-in, or a query sent by POST.
func Harmless(ctx context.Context) context.Context {
	return context.WithValue(ctx, nature{}, harmless)
}

// exchange is one request with its repetitions. Its tries follow one another.
type exchange struct {
	t      *Transport
	method string
	url    *url.URL
	// repeatable: doing it twice is the same as once; harmless: doing it
	// changes nothing that matters.
	repeatable, harmless bool
	start                time.Time
	tries                int
	// sentNow: this try got as far as writing the request; sent: one of them did.
	sentNow, sent atomic.Bool
	why           string
}

func (t *Transport) newExchange(req *http.Request) *exchange {
	ex := &exchange{t: t, method: req.Method, url: req.URL, start: time.Now()}
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		ex.repeatable = true
	}
	ex.harmless = reads(req.Method)
	switch told, _ := req.Context().Value(nature{}).(int); told {
	case notIdempotent:
		ex.repeatable, ex.harmless = false, false
	case idempotent:
		ex.repeatable = true
	case harmless:
		ex.repeatable, ex.harmless = true, true
	}
	return ex
}

// mayBeDone reports whether the request may have changed something although
// its answer does not tell.
func (ex *exchange) mayBeDone() bool { return ex.sent.Load() && !ex.harmless }

// check decides whether to try again (a retryablehttp.CheckRetry). It returns
// no error of its own: that of the try is classified at the end.
func (ex *exchange) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil || ex.tries >= maxTries {
		return false, nil
	}
	limit, wait := budget, longest(ex.tries)
	switch {
	case err != nil && !ex.sentNow.Load():
		if permanent(err) || ex.tries >= dialTries {
			return false, nil
		}
	case err != nil:
		if permanent(err) || !ex.repeatable || errors.Is(err, errTimeout) && ex.tries >= slowTries {
			return false, nil
		}
	case resp.StatusCode == http.StatusTooManyRequests:
		limit = throttleBudget
	case resp.StatusCode == http.StatusBadGateway, resp.StatusCode == http.StatusServiceUnavailable,
		resp.StatusCode == http.StatusGatewayTimeout:
		if !ex.repeatable {
			return false, nil
		}
	default:
		return false, nil
	}
	if err != nil {
		ex.why = reason(err)
	} else {
		ex.why = resp.Status
		if asked, ok := ex.t.retryAfter(resp); ok {
			wait = asked
		}
	}
	return time.Since(ex.start)+wait <= limit, nil
}

// backoff is how long to wait before the next try (a retryablehttp.Backoff).
func (ex *exchange) backoff(_, _ time.Duration, _ int, resp *http.Response) time.Duration {
	wait := jittered(ex.tries)
	if resp != nil {
		if asked, ok := ex.t.retryAfter(resp); ok {
			// Not all at the same moment: some of the first second is random.
			wait = asked + rand.N(firstWait)
		}
		if resp.StatusCode == http.StatusTooManyRequests {
			ex.t.Hold(wait)
		}
	}
	if ex.t.opts.Config.Wait != nil {
		ex.t.opts.Config.Wait(ex.t.opts.Server+": "+ex.why, wait)
	}
	return wait
}

// longest is the longest wait after a number of tries.
func longest(tries int) time.Duration {
	d := firstWait << min(tries-1, 10)
	return min(d, longestWait) * 5 / 4
}

func jittered(tries int) time.Duration {
	d := min(firstWait<<min(tries-1, 10), longestWait)
	return d*3/4 + rand.N(d/2)
}

// retryAfter is the wait that a response asks for, in the server's own way too.
func (t *Transport) retryAfter(resp *http.Response) (time.Duration, bool) {
	if d, ok := retryAfter(resp, time.Now()); ok || t.opts.Pacer == nil || resp.StatusCode != http.StatusTooManyRequests {
		return d, ok
	}
	return t.opts.Pacer.RetryAfter(resp)
}

// retryAfter is the wait that a response asks for: seconds or a date (RFC
// 9110, 10.2.3). A date is measured by the response's own clock if it has one.
func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	value := resp.Header.Get("Retry-After")
	if value == "" {
		return 0, false
	}
	if s, err := strconv.ParseInt(value, 10, 64); err == nil {
		if s < 0 {
			return 0, false
		}
		return time.Duration(min(s, int64(24*time.Hour/time.Second))) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now = date
	}
	return max(at.Sub(now), 0), true
}
