package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/idpctl/idpctl/providers"
)

var (
	errTimeout  = errors.New("no answer in time")
	errTooLarge = errors.New("the answer is too large")
)

// ResponseError is the answer behind an error, for a provider that can tell
// more from it. It is not fit to be shown.
type ResponseError struct {
	Status int
	Header http.Header
	// Body is the answer's, at most 64 KiB of it.
	Body []byte
}

// Error is the status alone.
func (e *ResponseError) Error() string { return fmt.Sprintf("HTTP status %d", e.Status) }

// redirectError is a redirect that is not followed.
type redirectError struct {
	from, to *url.URL
	status   int
}

func (e *redirectError) Error() string {
	if e.to == nil {
		return fmt.Sprintf("redirected (%d)", e.status)
	}
	return fmt.Sprintf("redirected (%d) to another origin, %s", e.status, providers.Clean(display(e.to), 200))
}

// permanent reports whether trying again cannot help.
func permanent(err error) bool {
	var (
		verify   *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		dns      *net.DNSError
		redirect *redirectError
	)
	switch {
	case errors.As(err, &verify), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &redirect):
		return true
	case errors.As(err, &dns):
		return dns.IsNotFound
	case errors.Is(err, errTooLarge):
		return true
	}
	s := err.Error()
	return strings.Contains(s, "server gave HTTP response to HTTPS client") ||
		strings.Contains(s, "unsupported protocol scheme") || strings.Contains(s, "invalid header field")
}

// reason is an error in a few words of our own, where there are any: what
// libraries write may hold URLs with a query.
func reason(err error) string {
	var (
		dns      *net.DNSError
		redirect *redirectError
		urlErr   *url.Error
		op       *net.OpError
	)
	switch {
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return errTimeout.Error()
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.As(err, &redirect):
		return redirect.Error()
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed by the server"
	case errors.Is(err, errTooLarge):
		return errTooLarge.Error()
	case errors.As(err, &op) && op.Err != nil:
		return providers.Clean(op.Err.Error(), 200)
	case errors.As(err, &urlErr):
		return providers.Clean(urlErr.Err.Error(), 200)
	}
	return providers.Clean(err.Error(), 200)
}

// what names the exchange in messages: the method and the URL without query.
func (ex *exchange) what() string {
	return ex.method + " " + providers.Clean(display(ex.url)+ex.url.EscapedPath(), 300)
}

// failure is the error of an exchange that ended without an answer.
func (ex *exchange) failure(err error) error {
	name, at := ex.t.opts.Server, display(ex.url)
	var ours *providers.Error
	if errors.As(err, &ours) {
		return ours
	}
	if e := ex.tlsFailure(err); e != nil {
		return e
	}
	e := &providers.Error{Class: providers.Unreachable, Err: err}
	var redirect *redirectError
	switch {
	case errors.As(err, &redirect):
		e.Summary = fmt.Sprintf("%s at %s answers with a redirect that is not followed: %s", name, at, reason(err))
		e.Hint = "Set " + cmp.Or(ex.t.opts.URLHint, "url") + " to the address that the server really has, with https:// where it wants TLS"
		return e
	case errors.Is(err, errTooLarge):
		e.Class = providers.Internal
		e.Summary = fmt.Sprintf("%s: the answer is larger than %d MiB", ex.what(), ex.t.opts.MaxBody>>20)
		e.Hint = "Check the URL: " + name + " gives no such answer"
		return e
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		if ex.mayBeDone() {
			break
		}
		e.Class, e.Summary = providers.NotAttempted, ex.what()+": interrupted"
		return e
	}
	if ex.mayBeDone() {
		e.Class = providers.Ambiguous
		e.Summary = fmt.Sprintf("%s: the answer was lost (%s); it may or may not have been done", ex.what(), reason(err))
		return e
	}
	e.Summary = fmt.Sprintf("%s at %s cannot be reached: %s", name, at, ex.reason(err))
	if ex.sent.Load() {
		e.Summary = fmt.Sprintf("%s: no complete answer: %s", ex.what(), ex.reason(err))
	}
	e.Hint = "Check the URL, that the server runs, and that neither a firewall nor a proxy is in the way"
	return e
}

func (ex *exchange) reason(err error) string {
	s := reason(err)
	if s == errTimeout.Error() {
		s = fmt.Sprintf("no answer within %s", ex.t.opts.Timeout.Round(time.Millisecond))
	}
	if ex.tries > 1 {
		s += fmt.Sprintf(" (%d tries)", ex.tries)
	}
	return s
}

// tlsFailure is the error of a connection that TLS refused, or nil. Nothing
// was sent.
func (ex *exchange) tlsFailure(err error) *providers.Error {
	at := display(ex.url)
	e := &providers.Error{Class: providers.Unreachable, Err: err}
	var (
		unknown  x509.UnknownAuthorityError
		invalid  x509.CertificateInvalidError
		host     x509.HostnameError
		verify   *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		ca, when = "Add its certificate to those that the system trusts", ""
	)
	if ex.t.opts.CAHint != "" {
		ca = fmt.Sprintf("Set %s in the provider block to a PEM file with its certificate, or add it to those that the system trusts", ex.t.opts.CAHint)
	}
	switch {
	case errors.As(err, &unknown):
		e.Summary = fmt.Sprintf("The certificate of %s is signed by an authority that is not trusted here", at)
		e.Hint = ca
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		if invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore) {
			when = "is not valid before " + invalid.Cert.NotBefore.UTC().Format(time.RFC3339)
		} else if invalid.Cert != nil {
			when = "expired on " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339)
		}
		e.Summary = fmt.Sprintf("The certificate of %s %s", at, when)
		e.Hint = "Renew it at the server; if it is current, check this machine's clock"
	case errors.As(err, &host):
		names := ""
		if host.Certificate != nil {
			names = strings.Join(host.Certificate.DNSNames, ", ")
		}
		e.Summary = fmt.Sprintf("The certificate of %s is not for %s but for: %s", at,
			providers.Clean(host.Host, 200), providers.Clean(names, 300))
		e.Hint = "Use the name in the certificate as the URL's host, or have a certificate issued for this one"
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		e.Summary = fmt.Sprintf("The server at %s does not speak TLS", at)
		e.Hint = "If it is meant to be reached without TLS, write http:// in the URL; otherwise check the port"
		if ex.t.opts.TLSOnly {
			e.Hint = "Check the port: secrets go there, and are sent over TLS only"
		}
	case errors.As(err, &verify), errors.As(err, &alert):
		e.Summary = fmt.Sprintf("The TLS connection to %s was refused: %s", at, reason(err))
	default:
		return nil
	}
	return e
}

// refusal is the error of an exchange whose last answer was 429 or 5xx.
func (ex *exchange) refusal(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	e := &providers.Error{
		Class: providers.Unavailable, Status: resp.StatusCode,
		Err: &ResponseError{Status: resp.StatusCode, Header: resp.Header, Body: body},
	}
	e.RetryAfter, _ = retryAfter(resp, time.Now())
	tries := ""
	if ex.tries > 1 {
		tries = fmt.Sprintf(" (%d tries)", ex.tries)
	}
	status := fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		e.Class = providers.Throttled
		e.Summary = fmt.Sprintf("%s: %s answers %s%s", ex.what(), ex.t.opts.Server, status, tries)
		e.Hint = "Try again later, or with a lower -parallelism"
		if e.RetryAfter > 0 {
			wait := e.RetryAfter.Round(time.Second).String()
			if e.RetryAfter > 24*time.Hour {
				wait = "for more than a day"
			}
			e.Hint = fmt.Sprintf("The server asks to wait %s. %s", wait, e.Hint)
		}
	case ex.mayBeDone():
		e.Class = providers.Ambiguous
		e.Summary = fmt.Sprintf("%s: %s answers %s%s; it may or may not have been done", ex.what(), ex.t.opts.Server, status, tries)
	default:
		e.Summary = fmt.Sprintf("%s: %s answers %s%s", ex.what(), ex.t.opts.Server, status, tries)
		e.Hint = "See the server's log for the cause"
	}
	return e
}
