package oidc_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/resource"
)

// signedIn is a token response with a good access token.
func signedIn(t *testing.T) oidc.Token {
	t.Helper()
	return oidc.Token{
		AccessToken:  rsaSigner().token(t, goodClaims(time.Now())),
		RefreshToken: resource.NewSecret("refresh-" + canary), ExpiresIn: 5 * time.Minute, ReceivedAt: time.Now(),
	}
}

// TestCheckSession: a refresh token is used once and its fruit judged; without
// one the length of the session is told.
func TestCheckSession(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(token *oidc.Token)
		answer func(t *testing.T) (int, map[string]any)
		status oidc.Status
		says   []string
	}{
		{name: "replaced", answer: func(t *testing.T) (int, map[string]any) {
			return 200, map[string]any{"access_token": rsaSigner().token(t, goodClaims(time.Now())).Reveal(), "refresh_token": "second-" + canary}
		}, says: []string{"accept too; it was replaced by a new one"}},
		{name: "kept", answer: func(t *testing.T) (int, map[string]any) {
			return 200, map[string]any{"access_token": rsaSigner().token(t, goodClaims(time.Now())).Reveal(), "refresh_token": "refresh-" + canary}
		}, says: []string{"accept too"}},
		{name: "for somebody else", answer: func(t *testing.T) (int, map[string]any) {
			return 200, map[string]any{"access_token": rsaSigner().token(t, with(goodClaims(time.Now()), map[string]any{"sub": "id-biff"})).Reveal()}
		}, status: oidc.Failed, says: []string{"would be refused: User (sub): marty (id-biff)", "one of 2 admins", "The cluster would refuse this user"}},
		{name: "opaque", answer: func(*testing.T) (int, map[string]any) {
			return 200, map[string]any{"access_token": "opaque-" + canary}
		}, status: oidc.Failed, says: []string{"would be refused: Access token: opaque"}},
		{name: "refused with the token in the text", answer: func(*testing.T) (int, map[string]any) {
			return 400, map[string]any{"error": "invalid_grant", "error_description": "Token refresh-" + canary + " is not active\x1b[2J"}
		}, status: oidc.Warned, says: []string{"Token (sensitive value) is not active", "is not taken", "the session ends in 5 minutes"}},
		{name: "refused as Dex does", answer: func(*testing.T) (int, map[string]any) {
			return 400, map[string]any{"error": "invalid_request", "error_description": "Refresh token is invalid or has already been claimed by another client."}
		}, status: oidc.Warned, says: []string{"invalid_request", "although it came moments ago"}},
		{name: "grant not allowed", answer: func(*testing.T) (int, map[string]any) {
			return 403, map[string]any{"error": "unauthorized_client"}
		}, status: oidc.Warned, says: []string{"Allow it the grant type refresh_token"}},
		{name: "down", answer: func(*testing.T) (int, map[string]any) { return 503, map[string]any{} },
			status: oidc.Warned, says: []string{"503 Service Unavailable", "the session ends in 5 minutes"}},
		{name: "none", change: func(token *oidc.Token) { token.RefreshToken = resource.Secret{} },
			says: []string{"no refresh token came: the session ends in 5 minutes, and influxctl asks to sign in again then"}},
		{name: "none, and short", change: func(token *oidc.Token) { token.RefreshToken, token.ExpiresIn = resource.Secret{}, time.Minute },
			status: oidc.Warned, says: []string{"ends in 60 seconds", "5 minutes or more"}},
		{name: "none, and no length", change: func(token *oidc.Token) { token.RefreshToken, token.ExpiresIn = resource.Secret{}, 0 },
			says: []string{"ends with the access token"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				token := signedIn(t)
				if tc.change != nil {
					tc.change(&token)
				}
				asked := 0
				w.mux.HandleFunc(tokenPath, func(rw http.ResponseWriter, r *http.Request) {
					asked++
					for name, want := range map[string]string{"grant_type": "refresh_token", "refresh_token": "refresh-" + canary, "client_id": "influxctl", "scope": ""} {
						if got := r.PostFormValue(name); got != want {
							t.Errorf("%s is %q", name, got)
						}
					}
					status, body := tc.answer(t)
					writeJSON(rw, status, body)
				})
				keys := keySet(t, rsaSigner().jwk(nil))
				check := w.flow().CheckSession(t.Context(), token, func(fresh oidc.Token) []oidc.Check {
					want := wanted()
					want.Audience = ""
					return oidc.VerifyAccessToken(fresh.AccessToken, keys, want)
				})
				said := render([]oidc.Check{check})
				for _, want := range tc.says {
					if !strings.Contains(said, want) {
						t.Errorf("%q is missing in\n%s", want, said)
					}
				}
				if check.Status != tc.status || check.ID != "session.refresh" {
					t.Errorf("%s", said)
				}
				if strings.Contains(said, canary) || strings.Contains(said, "\x1b") {
					t.Errorf("not clean: %q", said)
				}
				if want := tc.answer != nil; (asked == 1) != want || asked > 1 {
					t.Errorf("asked %d times", asked)
				}
			})
		})
	}
}

func TestRefreshRefusesNonsense(t *testing.T) {
	flow := oidc.DeviceFlow{ClientID: "influxctl", TokenURL: "https://sso.example.com/t"}
	if _, err := flow.Refresh(t.Context(), resource.Secret{}); oidc.KindOf(err) != oidc.BadRequest {
		t.Error(err)
	}
	flow.TokenURL = "http://sso.example.com/t"
	if _, err := flow.Refresh(t.Context(), resource.NewSecret(canary)); oidc.KindOf(err) != oidc.Insecure {
		t.Error(err)
	}
}
