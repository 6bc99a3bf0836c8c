package oidc

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// DefaultTimeout is how long one request may take, redirects and the whole
// answer included.
const DefaultTimeout = 10 * time.Second

const (
	// maxAnswer bounds an answer, in bytes. The largest discovery documents
	// and key sets in use have some tens of kilobytes.
	maxAnswer = 1 << 20
	// maxRedirects bounds the redirects of one GET, all on one origin.
	maxRedirects = 5
)

// Client sends the requests of this package. The zero Client is ready to use.
type Client struct {
	// HTTP gives the transport: proxy, CA file, TLS settings. Its redirect
	// policy, cookies and timeout are not used. Nil: http.DefaultTransport.
	HTTP *http.Client
	// Timeout of one request; 0 for DefaultTimeout.
	Timeout time.Duration
	// UserAgent is sent with every request if set.
	UserAgent string
	// AllowedOrigins are origins ("https://login.example.com") on which
	// endpoints may be although the issuer is on another one.
	AllowedOrigins []string
	// UnusedOrigins are origins on which the endpoints may be that InfluxDB and
	// influxctl do not use (authorization, user info); on others they are
	// reported by CheckIssuer.
	UnusedOrigins []string
	// AllowHTTP accepts http URLs that are not on this machine. Without it
	// they are refused.
	AllowHTTP bool
}

// answer is a whole HTTP answer.
type answer struct {
	url    string
	status int
	header http.Header
	body   []byte
	tls    *tls.ConnectionState
	// at is when the headers arrived, by the local clock.
	at time.Time
}

// get fetches a JSON document. Redirects are followed on the same origin only.
func (c *Client) get(ctx context.Context, target string) (answer, error) {
	return c.do(ctx, http.MethodGet, target, nil)
}

// post sends a form. Redirects are not followed at all: the form holds codes,
// and its sender must know who gets them.
func (c *Client) post(ctx context.Context, target string, form url.Values) (answer, error) {
	return c.do(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
}

func (c *Client) do(parent context.Context, method, rawURL string, body io.Reader) (answer, error) {
	target := shown(rawURL)
	timeout := c.timeout()
	ctx, cancel := context.WithTimeout(parent, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, rawURL, body)
	if err != nil {
		return answer{}, &Error{Kind: BadRequest, Summary: target + " is not a URL"}
	}
	req.Header.Set("Accept", "application/json, application/jwk-set+json")
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.UserAgent != "" {
		req.Header.Set("User-Agent", c.UserAgent)
	}
	res, err := c.httpClient().Do(req)
	if err != nil {
		return answer{}, transportError(parent, target, timeout, false, err)
	}
	defer func() { _ = res.Body.Close() }()
	ans := answer{url: target, status: res.StatusCode, header: res.Header, tls: res.TLS, at: time.Now()}
	if res.StatusCode >= 300 && res.StatusCode < 400 && method == http.MethodPost {
		return ans, &Error{Kind: Redirected, Status: res.StatusCode,
			Summary: fmt.Sprintf("%s redirects to %q; a request that carries codes is not sent on", target, shown(res.Header.Get("Location"))),
			Hint:    "Use the URL that the server redirects to, if it is the right one. A proxy that turns http into https does this: write https."}
	}
	ans.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil {
		// A server that sees the connection close ends its answer in good
		// order, and what came until then would pass for the whole.
		err = ctx.Err()
	}
	if err != nil {
		return ans, transportError(parent, target, timeout, true, err)
	}
	if len(ans.body) > maxAnswer {
		e := &Error{Kind: TooLarge, Status: res.StatusCode,
			Summary: fmt.Sprintf("%s answers with more than %d KiB", target, maxAnswer>>10),
			Hint:    "This is not an identity provider's document. Check the URL."}
		if res.Uncompressed { // it may have been small on the wire
			e.Summary += " once it is unpacked"
		}
		return ans, e
	}
	return ans, nil
}

func (c *Client) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return DefaultTimeout
}

// httpClient is the caller's transport under this package's redirect policy.
func (c *Client) httpClient() *http.Client {
	hc := &http.Client{CheckRedirect: checkRedirect}
	if c.HTTP != nil {
		hc.Transport = c.HTTP.Transport
	}
	return hc
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method == http.MethodPost {
		return http.ErrUseLastResponse
	}
	from, to := origin(first.URL), origin(req.URL)
	switch {
	case to == from && len(via) > maxRedirects:
		return &Error{Kind: Redirected,
			Summary: fmt.Sprintf("%s redirects more than %d times", shown(first.URL.String()), maxRedirects),
			Hint:    "The server, or a proxy in front of it, redirects in circles. Check the URL and the proxy."}
	case to == from:
		return nil
	case strings.TrimPrefix(to, "https") == strings.TrimPrefix(from, "http"):
		return &Error{Kind: Redirected,
			Summary: fmt.Sprintf("%s redirects from http to https", shown(first.URL.String())),
			Hint:    "Write https in the URL."}
	default:
		where := shown(to)
		if req.URL.User != nil {
			where += ", with a user name or password in the URL"
		}
		return &Error{Kind: Redirected,
			Summary: fmt.Sprintf("%s redirects to another origin, %s", shown(first.URL.String()), where),
			Hint:    "An answer from there says nothing about this issuer. If it is the right server, write its URL; if not, something stands between (a captive portal, a sign-in proxy)."}
	}
}

// transportError says why there is no answer, or no whole one.
func transportError(parent context.Context, target string, timeout time.Duration, begun bool, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	if parent.Err() != nil {
		return interrupted(parent)
	}
	e := &Error{Kind: Unreachable, Err: err}
	var netErr net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &netErr) && netErr.Timeout() {
		e.Kind = TimedOut
		e.Summary = fmt.Sprintf("%s did not answer within %s", target, timeout)
		if begun {
			e.Summary = fmt.Sprintf("%s began to answer, and had not finished after %s", target, timeout)
		}
		e.Hint = "The server is overloaded, or a firewall or proxy holds the connection."
		return e
	}
	if tlsError(e, target, err) {
		return e
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		e.Kind = Malformed
		e.Summary = target + " says that its answer is compressed (gzip), and it is not, or broken"
		e.Hint = "The server, or a proxy that compresses its answers, has to be repaired."
	case errors.As(err, &dns):
		e.Summary = fmt.Sprintf("%s cannot be reached: the host name %s is not known", target, said(dns.Name))
		e.Hint = "Check the URL and this machine's DNS."
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Summary = target + " cannot be reached: connection refused"
		e.Hint = "Check host and port, and that the identity provider runs."
	case begun, errors.Is(err, io.ErrUnexpectedEOF):
		e.Summary = target + " broke the connection before its answer was complete"
		e.Hint = "The server, or a proxy in front of it, gave up. Look at its log, and try again."
	case errors.Is(err, io.EOF):
		e.Summary = target + " closed the connection without an answer"
		e.Hint = "The server, or a proxy in front of it, does not want the request, or ended. Check host and port, and look at its log."
	default:
		e.Summary = fmt.Sprintf("%s cannot be reached: %s", target, said(cause(err)))
		e.Hint = "Check the URL, and that an identity provider answers there."
	}
	return e
}

// tlsError fills e in if TLS is what failed.
func tlsError(e *Error, target string, err error) bool {
	var (
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		verify  *tls.CertificateVerificationError
		alert   *net.OpError // crypto/tls has no type of its own for an alert
	)
	alerted := errors.As(err, &alert) && alert.Op == "remote error"
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Summary = fmt.Sprintf("the TLS certificate of %s is not valid now", target)
		if invalid.Cert != nil {
			e.Summary += fmt.Sprintf(": it is valid from %s to %s",
				invalid.Cert.NotBefore.UTC().Format(time.DateOnly), invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
		}
		e.Hint = "Renew the certificate. If its dates are right, this machine's clock is wrong."
		if invalid.Cert != nil && invalid.Cert.NotBefore.After(time.Now()) {
			e.Hint = "It begins later: this machine's clock is behind, or that of whoever issued it was ahead."
		}
	case errors.As(err, &unknown):
		e.Summary = fmt.Sprintf("the TLS certificate of %s is signed by an authority that is not known here", target)
		e.Hint = "If it is a private CA, give its certificate (ca_file), and give it to the cluster too (egress.customCertificates), which fetches the signing keys itself."
	case errors.As(err, &host):
		e.Summary = fmt.Sprintf("the TLS certificate of %s is for another host name", target)
		e.Hint = "Use a host name that the certificate names, or have it issued for this one."
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		e.Summary = target + " does not speak TLS"
		e.Hint = "The port serves plain http, or something else. Check the port."
	case alerted && strings.Contains(alert.Err.Error(), "protocol version"), strings.Contains(err.Error(), "unsupported protocol version"):
		e.Summary = fmt.Sprintf("%s speaks no TLS that is safe: it refuses versions 1.2 and 1.3", target)
		e.Hint = "Versions before 1.2 are broken (RFC 8996), and neither influxctl nor the cluster speaks them. Update the server, or the proxy in front of it."
	case alerted:
		e.Summary = fmt.Sprintf("%s refuses to speak TLS: %s", target, said(alert.Err.Error()))
		e.Hint = "It may want a certificate of the client, which neither influxctl nor the cluster has, or have no cipher in common. Check its TLS settings."
	case errors.As(err, &verify), errors.As(err, &invalid):
		e.Summary = fmt.Sprintf("TLS with %s failed: %s", target, said(cause(err)))
		e.Hint = "Check the server's certificate chain and TLS settings."
	default:
		return false
	}
	e.Kind = Untrusted
	return true
}

// cause is the text of err without what net/http puts before it: the URL, which
// may hold a query, and that the connection broke.
func cause(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return strings.TrimPrefix(err.Error(), "net/http: HTTP/1.x transport connection broken: ")
}

func interrupted(ctx context.Context) *Error {
	e := &Error{Kind: Interrupted, Summary: "interrupted", Err: context.Cause(ctx)}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Summary = "the time for this was over before it was done"
	}
	return e
}

// retryAfter reads the header of that name (RFC 9110 section 10.2.3): seconds
// or a date. 0 if there is none; at most a day.
func (a answer) retryAfter() time.Duration {
	v := strings.TrimSpace(a.header.Get("Retry-After"))
	var d time.Duration
	if n, err := strconv.ParseInt(v, 10, 32); err == nil {
		d = time.Duration(n) * time.Second
	} else if t, err := http.ParseTime(v); err == nil {
		d = t.Sub(a.at)
	}
	return min(max(d, 0), 24*time.Hour)
}

// date is the server's clock when it answered; zero if it does not tell.
func (a answer) date() time.Time {
	t, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}

// allowed reports whether the caller has named an origin.
func (c *Client) allowed(o string) bool { return among(c.AllowedOrigins, o) }

// among reports whether an origin is one of a list that a person wrote.
func among(list []string, o string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		u, err := parseURL(strings.TrimSuffix(s, "/"))
		return err == nil && origin(u) == o
	})
}
