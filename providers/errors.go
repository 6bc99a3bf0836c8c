package providers

import (
	"errors"
	"time"

	"github.com/idpctl/idpctl/diag"
)

// Class says what an error means to the run.
type Class uint8

const (
	// Internal: a defect of idpctl or an answer that makes no sense.
	Internal Class = iota
	// Unreachable: no connection, no such host, TLS refused. Nothing was done.
	Unreachable
	// Unauthenticated: the credentials were refused.
	Unauthenticated
	// Forbidden: signed in, but not allowed to do this.
	Forbidden
	// NotFound: the object is not there.
	NotFound
	// Conflict: another object has the key.
	Conflict
	// Invalid: the server refused the values.
	Invalid
	// Throttled: too many requests, and repeating did not help. Not done.
	Throttled
	// Unavailable: the server failed and did not do it.
	Unavailable
	// Ambiguous: the request was sent and the answer was lost or was a
	// failure that does not tell: it may have been done. Look before doing.
	Ambiguous
	// NotAttempted: the run was interrupted before the operation began.
	NotAttempted
)

// Error is what went wrong at an identity provider, in words for its user. Its
// texts hold no secret, no body of a request and no control characters.
type Error struct {
	Class Class
	// Summary is one line: what failed and why.
	Summary string
	// Hint says what to do about it, in whole sentences; may be empty.
	Hint string
	// Attribute that the server complained about; empty if it did not say.
	Attribute string
	// Status is the HTTP status; 0 without an answer.
	Status int
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

// ClassOf is the class of an error, Internal if it is not an [*Error].
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Internal
}

// Clean makes a text from a server fit to be shown: see [diag.Clean].
func Clean(s string, limit int) string { return diag.Clean(s, limit) }
