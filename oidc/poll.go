package oidc

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/idpctl/idpctl/resource"
)

// PollEvent says what a poll has brought.
type PollEvent uint8

const (
	// Pending: nobody has signed in yet.
	Pending PollEvent = iota
	// SlowedDown: the server wants to be asked less often.
	SlowedDown
	// Retrying: there was no answer, or one that may be better next time.
	Retrying
)

// PollProgress is told after each poll that was not the last.
type PollProgress struct {
	Event PollEvent
	// Next is the wait before the next poll.
	Next time.Duration
	// Left is how long the code still lives.
	Left time.Duration
	// Err is why a poll is repeated; nil for the other events.
	Err error
}

// maxBackoff is the longest wait after a poll without an answer, unless the
// server's own interval is longer.
const maxBackoff = time.Minute

// Poll asks for the token until somebody has signed in, refused, or the code has
// run out (RFC 8628 sections 3.4 and 3.5). It waits the interval before the
// first poll. slow_down adds five seconds for good. After a poll without an
// answer the wait doubles, up to a minute, until there is one again; Retry-After
// is kept. progress may be nil.
//
// Errors are [*Error] of the kind Denied, CodeExpired, Refused, Interrupted (ctx
// ended) or another one that repeating would not help.
func (f DeviceFlow) Poll(ctx context.Context, code DeviceCode, progress func(PollProgress)) (Token, error) {
	if err := f.check(f.TokenURL, "token endpoint"); err != nil {
		return Token{}, err
	}
	if code.Code.IsZero() {
		return Token{}, &Error{Kind: BadRequest, Summary: "there is no device code; start a sign-in first"}
	}
	interval := code.Interval
	if interval < time.Second {
		interval = defaultInterval
	}
	wait, silent := interval, 0
	for {
		if left := time.Until(code.Expires); left <= wait {
			// The next poll would come too late, and an earlier one is not
			// allowed.
			if err := sleep(ctx, left); err != nil {
				return Token{}, err
			}
			return Token{}, &Error{Kind: CodeExpired, Summary: "nobody signed in before the code ran out",
				Hint: "Start again. Not every identity provider tells that the person refused, or that its page showed an error: it may end like this, too."}
		}
		if err := sleep(ctx, wait); err != nil {
			return Token{}, err
		}
		token, err := f.poll(ctx, code)
		if err == nil {
			return token, nil
		}
		e := asError(err)
		p := PollProgress{}
		switch {
		case e.Code == codePending:
			silent = 0
		case e.Code == codeSlowDown:
			silent = 0
			interval += defaultInterval
			p.Event = SlowedDown
		case e.transient():
			silent++
			p.Event, p.Err = Retrying, e
		default:
			return Token{}, err
		}
		// RFC 8628 section 3.5: after a timeout clients must ask less often,
		// such as by doubling the interval.
		wait = interval
		for range silent {
			wait = min(2*wait, max(maxBackoff, interval))
		}
		wait = max(wait, e.RetryAfter)
		if progress != nil {
			p.Next, p.Left = wait, time.Until(code.Expires)
			progress(p)
		}
	}
}

// transient reports whether the same poll may succeed later. A refusal of the
// code or the client never does.
func (e *Error) transient() bool {
	switch e.Kind {
	case Unreachable, TimedOut:
		return true
	case BadStatus:
		return e.Status == http.StatusTooManyRequests || e.Status >= 500
	case Refused:
		return e.Code == codeServerError || e.Code == codeUnavailable
	default:
		return false
	}
}

// poll asks once.
func (f DeviceFlow) poll(ctx context.Context, code DeviceCode) (Token, error) {
	return f.grant(ctx, deviceGrant, "device_code", code.Code)
}

// grant asks for tokens by a grant of a type, whose secret is the value of a
// parameter. Errors are [*Error].
func (f DeviceFlow) grant(ctx context.Context, kind, parameter string, value resource.Secret) (Token, error) {
	secret := value.Reveal()
	ans, err := f.client().post(ctx, f.TokenURL, url.Values{"grant_type": {kind}, parameter: {secret}, "client_id": {f.ClientID}})
	if err != nil {
		return Token{}, err
	}
	// The member "error" decides, not the status: servers disagree on it.
	if e := f.refusal(ans, secret); e != nil {
		return Token{}, e
	}
	if ans.status != http.StatusOK {
		return Token{}, ans.unexpected("a token")
	}
	o, err := ans.object("a token response")
	if err != nil {
		return Token{}, err
	}
	return readToken(o, ans)
}

// readToken reads a token response (RFC 6749 section 5.1).
func readToken(o object, ans answer) (Token, error) {
	bad := func(member, why string) error {
		return &Error{Kind: Malformed, Status: ans.status,
			Summary: fmt.Sprintf("%s of the answer of %s %s", member, ans.url, why),
			Hint:    "The identity provider does not keep to RFC 6749, or this is not its token endpoint."}
	}
	token := Token{ReceivedAt: ans.at, ServerTime: ans.date()}
	for _, m := range []struct {
		name     string
		into     *resource.Secret
		required bool
	}{
		{"access_token", &token.AccessToken, true},
		{"refresh_token", &token.RefreshToken, false},
		{"id_token", &token.IDToken, false},
	} {
		s, err := o.text(m.name)
		switch {
		case err != nil:
			return Token{}, bad(m.name, err.Error())
		case s == "" && m.required:
			return Token{}, bad(m.name, "is missing")
		case s == "":
			continue
		case !isCredential(s):
			return Token{}, bad(m.name, "is too long, or holds characters that it must not hold")
		}
		*m.into = resource.NewSecret(s)
	}
	if kind := o.lenient("token_type"); kind != "" && !strings.EqualFold(kind, "Bearer") {
		return Token{}, &Error{Kind: Malformed, Status: ans.status,
			Summary: fmt.Sprintf("the token of %s is of the type %q, not Bearer", ans.url, said(kind)),
			Hint:    "influxctl sends bearer tokens. Switch off what binds the client's tokens to a key (DPoP, mutual TLS)."}
	}
	// How long it lasts is read from the token itself; this one only informs.
	token.ExpiresIn, _, _ = o.seconds("expires_in", maxLifetime*365)
	for _, s := range strings.Fields(o.lenient("scope")) {
		token.Scopes = append(token.Scopes, said(s))
	}
	return token, nil
}

// sleep waits d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	if ctx.Err() == nil {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
			return nil
		}
	}
	return interrupted(ctx)
}
