package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/hashicorp/go-retryablehttp"

	"github.com/idpctl/idpctl/providers"
)

// Defaults of [Options].
const (
	// DefaultTimeout bounds one attempt, from dialling to the last byte.
	DefaultTimeout = 60 * time.Second
	// DefaultMaxBody bounds the body of a response.
	DefaultMaxBody = 64 << 20
)

// Options say how a [Transport] talks to one server.
type Options struct {
	// Server is its name in messages: "Keycloak".
	Server string
	// Config gives Parallelism, UserAgent, Log and Wait.
	Config providers.Config
	// Timeout bounds one attempt, body included; 0 means [DefaultTimeout].
	Timeout time.Duration
	// MaxBody bounds a response's body in bytes; 0 means [DefaultMaxBody].
	MaxBody int64
	// RootCAs are trusted instead of the system's; nil for the system's.
	RootCAs *x509.CertPool
	// InsecureSkipVerify switches the check of the certificate off. Anybody on
	// the way can then read and change everything, credentials included.
	InsecureSkipVerify bool
	// CAHint is the provider attribute that names a CA file, for the message
	// about an unknown authority; empty if there is none.
	CAHint string
	// URLHint names the provider attributes that hold the server's address, for the
	// message about a redirect; empty for url.
	URLHint string
	// TLSOnly: messages do not propose http.
	TLSOnly bool
	// Pacer keeps requests within the server's limits; nil: there are none that are
	// told beforehand.
	Pacer Pacer
	// DialContext replaces the dialler, for tests.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Pacer keeps requests within limits that a server tells with each answer.
type Pacer interface {
	// Enter waits until a request may be sent. wait is told, once, of a wait that is
	// long enough to be noticed. The error is that of the context.
	Enter(req *http.Request, wait func(d time.Duration)) error
	// Leave is told of the answer, nil if there was none.
	Leave(req *http.Request, resp *http.Response)
	// RetryAfter is how long an answer with status 429 asks to wait, if it says so.
	RetryAfter(resp *http.Response) (time.Duration, bool)
	// Limit is what the requests are limited by: "Auth0's rate limit".
	Limit() string
}

// Transport is an [http.RoundTripper]; see the package's documentation. Its
// methods may be called concurrently.
type Transport struct {
	opts     Options
	base     *http.Transport
	once     *http.Client // one attempt
	slots    chan struct{}
	requests atomic.Int64
	clock    Clock

	mu    sync.Mutex
	pause time.Time // no attempt begins before it
}

// New makes a transport. It sends nothing.
func New(opts Options) *Transport {
	if opts.Server == "" {
		opts.Server = "the server"
	}
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	if opts.MaxBody <= 0 {
		opts.MaxBody = DefaultMaxBody
	}
	n := max(opts.Config.Parallelism, 1)

	base := cleanhttp.DefaultPooledTransport()
	base.MaxIdleConnsPerHost = n
	base.TLSClientConfig = &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    opts.RootCAs,
		//nolint:gosec // off unless the user asks for it, with a warning in its documentation
		InsecureSkipVerify: opts.InsecureSkipVerify,
	}
	if opts.DialContext != nil {
		base.DialContext, base.Proxy = opts.DialContext, nil
	}
	t := &Transport{opts: opts, base: base, slots: make(chan struct{}, n)}
	t.once = &http.Client{
		Transport: roundTripper(t.attempt),
		// The caller's client follows redirects, so that each hop is checked.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return t
}

// Requests is how many requests were sent, repetitions included.
func (t *Transport) Requests() int64 { return t.requests.Load() }

// Clock is the server's clock as its Date headers tell it.
func (t *Transport) Clock() *Clock { return &t.clock }

// CloseIdleConnections closes what is kept alive and not in use.
func (t *Transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// RoundTrip sends a request, again if need be. Every error is an
// [*providers.Error].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ex := t.newExchange(req)
	ctx := context.WithValue(req.Context(), exchangeKey{}, ex)
	req = req.Clone(ctx)
	if req.Header.Get("User-Agent") == "" && t.opts.Config.UserAgent != "" {
		req.Header.Set("User-Agent", t.opts.Config.UserAgent)
	}
	again, err := retryablehttp.FromRequest(req)
	if err != nil {
		return nil, &providers.Error{Class: providers.Internal, Summary: "The body of a request could not be read", Err: err}
	}
	client := &retryablehttp.Client{
		HTTPClient:   t.once,
		RetryMax:     maxTries - 1,
		CheckRetry:   ex.check,
		Backoff:      ex.backoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	resp, err := client.Do(again)
	if err != nil {
		return nil, ex.failure(err)
	}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= http.StatusInternalServerError {
		return nil, ex.refusal(resp)
	}
	resp.Request = req
	return resp, nil
}

// attempt sends the request once, reads the whole body and logs.
func (t *Transport) attempt(req *http.Request) (*http.Response, error) {
	ex, _ := req.Context().Value(exchangeKey{}).(*exchange)
	if err := t.enter(req.Context()); err != nil {
		return nil, err
	}
	defer func() { <-t.slots }()
	if p := t.opts.Pacer; p != nil {
		if err := p.Enter(req, t.paced); err != nil {
			return nil, err
		}
	}
	ex.tries++
	ex.sentNow.Store(false)

	ctx, cancel := context.WithTimeoutCause(req.Context(), t.opts.Timeout, errTimeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() {
		ex.sentNow.Store(true)
		ex.sent.Store(true)
	}})

	start := time.Now()
	t.requests.Add(1)
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if p := t.opts.Pacer; p != nil {
		p.Leave(req, resp)
	}
	if err == nil {
		t.clock.observeDate(resp.Header)
		if err = t.readAll(resp); err == nil {
			err = t.checkRedirect(req, resp)
		}
	}
	if err != nil && req.Context().Err() == nil && errors.Is(context.Cause(ctx), errTimeout) {
		err = errTimeout
	}
	t.log(req, resp, ex.tries, time.Since(start), err)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// paced tells that a request waits for the server's limit.
func (t *Transport) paced(d time.Duration) {
	if t.opts.Config.Wait != nil {
		t.opts.Config.Wait("waiting for "+t.opts.Pacer.Limit(), d)
	}
}

// enter waits for the end of a pause that the server asked for and for a free
// place among the requests under way.
func (t *Transport) enter(ctx context.Context) error {
	for {
		t.mu.Lock()
		wait := time.Until(t.pause)
		t.mu.Unlock()
		if wait > 0 {
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
				continue
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
		}
		select {
		case t.slots <- struct{}{}:
			if err := ctx.Err(); err != nil {
				<-t.slots
				return err
			}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Hold lets no request begin for d: the server said that there are too many.
func (t *Transport) Hold(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if until := time.Now().Add(d); until.After(t.pause) {
		t.pause = until
	}
}

// readAll replaces the body by one in memory, so that an answer cut short is
// an error of this attempt.
func (t *Transport) readAll(resp *http.Response) error {
	defer resp.Body.Close()
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= t.opts.MaxBody {
		buf.Grow(int(n) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(resp.Body, t.opts.MaxBody+1))
	if err != nil {
		return fmt.Errorf("the answer ended early: %w", err)
	}
	if n > t.opts.MaxBody {
		return errTooLarge
	}
	resp.Body = io.NopCloser(&buf)
	resp.ContentLength = n
	return nil
}

// checkRedirect refuses a redirect that would carry credentials elsewhere, or
// that would silently turn a change into a read.
func (t *Transport) checkRedirect(req *http.Request, resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		if !reads(req.Method) {
			return &redirectError{from: req.URL, status: resp.StatusCode}
		}
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	to, err := resp.Location()
	if err != nil {
		return nil // no Location: not to be followed
	}
	if origin(to) != origin(req.URL) {
		return &redirectError{from: req.URL, to: to, status: resp.StatusCode}
	}
	return nil
}

func (t *Transport) log(req *http.Request, resp *http.Response, try int, d time.Duration, err error) {
	if t.opts.Config.Log == nil {
		return
	}
	entry := providers.RequestLog{Method: req.Method, URL: LogURL(req.URL), Attempt: try, Duration: d}
	if resp != nil {
		entry.Status = resp.StatusCode
	}
	if err != nil {
		entry.Err = errors.New(reason(err))
	}
	t.opts.Config.Log(entry)
}

// LogURL is u without credentials and without the values of its query.
func LogURL(u *url.URL) string {
	var names []string
	for name := range u.Query() {
		names = append(names, url.QueryEscape(name))
	}
	slices.Sort(names)
	s := display(u) + u.EscapedPath()
	if len(names) > 0 {
		s += "?" + strings.Join(names, "&")
	}
	return providers.Clean(s, 500)
}

// origin is scheme, host and port (RFC 6454), the port written out.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Scheme) + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// display is scheme, host and port as they were written.
func display(u *url.URL) string { return strings.ToLower(u.Scheme) + "://" + u.Host }

func reads(method string) bool { return method == http.MethodGet || method == http.MethodHead }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
