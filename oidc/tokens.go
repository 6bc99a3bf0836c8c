package oidc

import (
	"time"

	"github.com/idpctl/idpctl/resource"
)

// DeviceCode is a sign-in that was begun (RFC 8628 section 3.2). UserCode and
// the URLs are to be shown to the person; they are printable ASCII or printable
// Unicode, and safe on a terminal.
type DeviceCode struct {
	// Code is what the token endpoint wants. It is a secret: with it anybody
	// can collect the token.
	Code resource.Secret
	// UserCode is what the person types.
	UserCode string
	// VerificationURI is where; an http or https URL.
	VerificationURI string
	// VerificationURIComplete is the same with the code in it, for a QR code
	// or a browser; empty if the server has none.
	VerificationURIComplete string
	// Expires is when the code runs out, by the local clock.
	Expires time.Time
	// Interval is how long to wait between two polls.
	Interval time.Duration
}

// Token is what a sign-in gives (RFC 6749 section 5.1).
type Token struct {
	AccessToken resource.Secret
	// RefreshToken and IDToken are zero if there were none.
	RefreshToken, IDToken resource.Secret
	// ExpiresIn is how long the access token lasts as the server says; 0 if it
	// does not.
	ExpiresIn time.Duration
	// Scopes that were granted; nil if the server does not say.
	Scopes []string
	// ReceivedAt is when the token came, by the local clock, and ServerTime
	// the same moment by the server's (its Date header); zero if it has none.
	ReceivedAt, ServerTime time.Time
}

// ServerNow is the server's clock at a moment of the local one; zero if the
// server did not tell its time.
func (t Token) ServerNow(local time.Time) time.Time {
	if t.ServerTime.IsZero() {
		return time.Time{}
	}
	return t.ServerTime.Add(local.Sub(t.ReceivedAt))
}
