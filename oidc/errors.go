package oidc

import (
	"errors"
	"strings"
	"time"

	"github.com/idpctl/idpctl/diag"
)

// ErrorKind says what sort of thing went wrong.
type ErrorKind uint8

const (
	// BadRequest: what the caller gave makes no sense, such as an issuer that
	// is not a URL. Nothing was sent.
	BadRequest ErrorKind = iota + 1
	// Interrupted: the caller's context ended.
	Interrupted
	// Unreachable: no such host, no connection, or it broke.
	Unreachable
	// Untrusted: TLS failed; mostly the certificate.
	Untrusted
	// TimedOut: the answer was not there, or not complete, in time.
	TimedOut
	// Redirected: the server sends elsewhere, or in circles.
	Redirected
	// BadStatus: an HTTP status that the protocol has no place for.
	BadStatus
	// TooLarge: the answer is larger than any sane one.
	TooLarge
	// Malformed: the answer is not what the protocol asks for.
	Malformed
	// IssuerMismatch: the document speaks for another issuer.
	IssuerMismatch
	// Incomplete: something that is required is missing.
	Incomplete
	// Insecure: http where codes and tokens travel.
	Insecure
	// ForeignOrigin: an endpoint on an origin that the issuer does not vouch for.
	ForeignOrigin
	// Refused: the server answered with an OAuth error; see Error.Code.
	Refused
	// Denied: the person refused to sign in.
	Denied
	// CodeExpired: nobody signed in before the device code ran out.
	CodeExpired
)

// Error is what went wrong, in words for the user. Its texts hold no secret and
// no control characters.
type Error struct {
	Kind ErrorKind
	// Summary is one line without a full stop: what failed, and why.
	Summary string
	// Hint says what to do about it, in whole sentences; may be empty.
	Hint string
	// Status is the HTTP status; 0 without an answer.
	Status int
	// Code is the OAuth error code (RFC 6749 section 5.2, RFC 8628 section
	// 3.5); empty if there was none.
	Code string
	// RetryAfter is the wait that the server asked for; 0 if it did not.
	RetryAfter time.Duration
	// Err is the cause, for errors.Is; it is not shown.
	Err error
}

// Error is the summary and the hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Summary
	}
	return e.Summary + ". " + e.Hint
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of an error of this package, 0 for any other.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}

// asError makes an *Error of any error.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Malformed, Summary: diag.Clean(err.Error(), textLimit), Err: err}
}

// textLimit is how many characters of a server's text are shown.
const textLimit = 200

// said quotes a server's text: cleaned, shortened, and without the secrets that
// the server may have repeated. It is empty if the server said nothing.
func said(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "(sensitive value)")
		}
	}
	return diag.Clean(text, textLimit)
}
