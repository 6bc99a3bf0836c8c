package oidc

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/idpctl/idpctl/resource"
)

// checkRefresh is the identifier of the check that CheckSession makes.
const checkRefresh = "session.refresh"

// Refresh gets a new access token for a refresh token (RFC 6749 section 6), with
// the scopes that were granted. The server may give a new refresh token with it
// and void the old one. Errors are [*Error].
func (f DeviceFlow) Refresh(ctx context.Context, refreshToken resource.Secret) (Token, error) {
	if err := f.check(f.TokenURL, "token endpoint"); err != nil {
		return Token{}, err
	}
	if refreshToken.IsZero() {
		return Token{}, &Error{Kind: BadRequest, Summary: "there is no refresh token; sign in first"}
	}
	token, err := f.grant(ctx, "refresh_token", "refresh_token", refreshToken)
	if err == nil {
		return token, nil
	}
	e := asError(err)
	switch e.Code { // what these mean is said of device codes elsewhere
	case codeInvalidGrant, codeBadRequest:
		e.Hint = "The refresh token is not taken, although it came moments ago. Look at the identity provider's settings of refresh tokens and sessions for this client, and at its log."
	case codeBadGrantType, codeUnauthorized:
		e.Hint = fmt.Sprintf("The client %q is given refresh tokens and may not use them. Allow it the grant type refresh_token.", said(f.ClientID))
	}
	return Token{}, e
}

// CheckSession reports for how long a person who signed in can work. If a refresh
// token came, it is used, and the new access token is judged by verify as the
// first one was. Without one the session ends with the access token.
func (f DeviceFlow) CheckSession(ctx context.Context, token Token, verify func(Token) []Check) Check {
	check := Check{ID: checkRefresh, Name: "Session"}
	life := "with the access token"
	if token.ExpiresIn > 0 {
		life = "in " + approx(token.ExpiresIn)
	}
	if token.RefreshToken.IsZero() {
		check.Value = fmt.Sprintf("no refresh token came: the session ends %s, and influxctl asks to sign in again then", life)
		if token.ExpiresIn > 0 && token.ExpiresIn < 5*time.Minute {
			check.Status, check.Want = Warned, "5 minutes or more"
			check.Hint = "People will be asked to sign in all the time. Lengthen the life of access tokens, or have the client get refresh tokens."
		}
		return check
	}
	fresh, err := f.Refresh(ctx, token.RefreshToken)
	if err != nil {
		e := asError(err)
		check.Status, check.Value, check.Want = Warned, e.Summary, "a new access token for the refresh token"
		check.Hint = strings.TrimSpace(e.Hint + " Until that works, the session ends " + life + ", and influxctl asks to sign in again then.")
		return check
	}
	for _, c := range verify(fresh) {
		if c.Status == Failed {
			check.Status = Failed
			check.Value = fmt.Sprintf("the new access token would be refused: %s", c.Name)
			if c.Value != "" {
				check.Value += ": " + c.Value
			}
			check.Want = c.Want
			check.Hint = "The first access token of the session and the one that replaces it differ in this. " + c.Hint
			return check
		}
	}
	check.Value = "the refresh token gives a new access token, which the cluster would accept too"
	if !fresh.RefreshToken.IsZero() && fresh.RefreshToken.Reveal() != token.RefreshToken.Reveal() {
		check.Value += "; it was replaced by a new one"
	}
	return check
}
