package oidc

import (
	"fmt"
	"net/http"
)

// Codes of RFC 6749 section 5.2 and RFC 8628 section 3.5, and two that are in
// use beside them.
const (
	codePending       = "authorization_pending"
	codeSlowDown      = "slow_down"
	codeDenied        = "access_denied"
	codeDeclined      = "authorization_declined"
	codeExpired       = "expired_token"
	codeBadCode       = "bad_verification_code"
	codeInvalidGrant  = "invalid_grant"
	codeInvalidClient = "invalid_client"
	codeUnauthorized  = "unauthorized_client"
	codeInvalidScope  = "invalid_scope"
	codeBadRequest    = "invalid_request"
	codeBadGrantType  = "unsupported_grant_type"
	codeBadTarget     = "invalid_target"
	codeServerError   = "server_error"
	codeUnavailable   = "temporarily_unavailable"
)

// refusal reads the OAuth error of an answer; nil if it holds none. secrets are
// what the server may have repeated in its text.
func (a answer) refusal(clientID string, secrets ...string) *Error {
	o, err := a.object("an OAuth error")
	if err != nil || !o.has("error") {
		return nil
	}
	code := said(o.lenient("error"), secrets...)
	if code == "" {
		return nil
	}
	e := &Error{Kind: Refused, Status: a.status, Code: code, RetryAfter: a.retryAfter()}
	e.Summary = fmt.Sprintf("%s answers %s", a.url, code)
	if text := said(o.lenient("error_description"), secrets...); text != "" {
		e.Summary += fmt.Sprintf(" (%q)", text)
	}
	e.Hint = explain(code, a.status, said(clientID))
	switch code {
	case codeDenied, codeDeclined:
		e.Kind = Denied
	case codeExpired:
		e.Kind = CodeExpired
	}
	return e
}

// explain says what an OAuth error code means for the user's client.
func explain(code string, status int, clientID string) string {
	switch code {
	case codeInvalidClient:
		return fmt.Sprintf("There is no client %q here, it is disabled, or it needs a secret. influxctl sends none: the client has to be public (no client authentication).", clientID)
	case codeUnauthorized:
		if status == http.StatusUnauthorized {
			return fmt.Sprintf("The client %q exists and needs a secret. influxctl sends none: make the client public (no client authentication), and allow it the device flow.", clientID)
		}
		return fmt.Sprintf("The client %q may not use the device flow. Switch on the device authorization grant for it, and see that it is public.", clientID)
	case codeBadGrantType:
		return fmt.Sprintf("The device flow is switched off, for the client %q or altogether. Switch on the device authorization grant.", clientID)
	case codeInvalidScope:
		return "The client may not ask for one of these scopes. Correct them, or allow them to the client."
	case codeBadTarget:
		return "The audience is not known here, or the client may not use it."
	case codeBadRequest:
		return "The server misses something, or does not take a parameter. Check client id, scopes and audience."
	case codeDenied, codeDeclined:
		return "The person refused, or is not allowed to use this client. Sign in once more, and see that the person is allowed to."
	case codeExpired:
		return "Nobody signed in before the code ran out. Start again."
	case codeInvalidGrant, codeBadCode:
		return "The code is not known here any more: it has run out, or was used up, maybe by a sign-in whose answer was lost on the way. Start again."
	case codeServerError, codeUnavailable:
		return "The identity provider is not well. Look at its log, and try again later."
	default:
		return "Look at the identity provider's log."
	}
}

// unexpected is an answer without a sense: neither success nor OAuth error.
func (a answer) unexpected(what string) *Error {
	e := &Error{Kind: BadStatus, Status: a.status, RetryAfter: a.retryAfter(),
		Summary: fmt.Sprintf("%s answers %s instead of %s", a.url, statusText(a.status), what)}
	switch {
	case a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed:
		e.Hint = "There is no such endpoint at this URL. Use the one of the issuer's discovery document."
	case a.status == http.StatusTooManyRequests:
		e.Hint = "Too many requests. Wait, and try again."
	case a.status >= 500:
		e.Hint = "The identity provider, or a proxy in front of it, is not well. Look at its log, and try again later."
	case a.status == http.StatusForbidden || a.status == http.StatusUnauthorized:
		e.Hint = "Something before the identity provider (a firewall, a proxy) may refuse the request."
	default:
		e.Hint = "Look at the identity provider's log."
	}
	return e
}
