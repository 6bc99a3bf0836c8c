package keycloak

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Nerzal/gocloak/v13"
	"golang.org/x/sync/singleflight"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
)

// token is one access token and what came with it.
type token struct {
	api     *gocloak.GoCloak
	access  string
	refresh string
	// renew is when to have a new one: before this one ends.
	renew time.Time
	// refreshEnds is when the refresh token can no longer be used.
	refreshEnds time.Time
	// realms counts those made before the token was issued.
	realms int64
}

// auth signs in, once at a time, and keeps the token.
type auth struct {
	c       *conn
	creds   credentials
	flight  singleflight.Group
	mu      sync.Mutex
	now     *token
	apis    map[string]*gocloak.GoCloak
	baseNow atomic.Pointer[string] // found by probing
}

// baseURL is the server's address with the path that it was found under.
func (a *auth) baseURL() string {
	if s := a.baseNow.Load(); s != nil {
		return *s
	}
	return a.creds.base.String()
}

// token returns one that is good for a while. Renewal happens once, however
// many wait for it, and is not cut short when one of them gives up.
func (a *auth) token(ctx context.Context) (*token, error) {
	if t := a.current(); t != nil {
		return t, nil
	}
	done := a.flight.DoChan("token", func() (any, error) {
		if t := a.current(); t != nil {
			return t, nil
		}
		return a.obtain(context.WithoutCancel(ctx))
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*token), nil
	case <-ctx.Done():
		return nil, &providers.Error{Class: providers.NotAttempted, Summary: "Interrupted while signing in", Err: ctx.Err()}
	}
}

func (a *auth) current() *token {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now != nil && a.now.access != "" && time.Now().Before(a.now.renew) {
		return a.now
	}
	return nil
}

// forget has the next call get a new token, unless somebody has done it
// already. The refresh token stays, to go on with the same session.
func (a *auth) forget(t *token) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.now == t {
		kept := *t
		kept.access = ""
		a.now = &kept
	}
}

// obtain renews the session, or begins one.
func (a *auth) obtain(ctx context.Context) (*token, error) {
	a.mu.Lock()
	old := a.now
	a.mu.Unlock()
	realms := a.c.realmsMade.Load()
	var t *token
	if old != nil && old.refresh != "" && time.Now().Before(old.refreshEnds) {
		// The session may have been ended at the server: then begin another.
		t, _ = a.grant(ctx, a.baseURL(), map[string]string{
			"grant_type": "refresh_token", "refresh_token": old.refresh,
		})
	}
	if t == nil {
		var err error
		if t, err = a.signIn(ctx); err != nil {
			return nil, err
		}
	}
	t.realms = realms
	a.mu.Lock()
	a.now = t
	a.mu.Unlock()
	return t, nil
}

// signIn begins a session. The first one also finds out whether the server's
// paths begin with /auth, as they did before Keycloak 17 and do where
// http-relative-path says so.
func (a *auth) signIn(ctx context.Context) (*token, error) {
	form := map[string]string{"grant_type": "client_credentials"}
	if a.creds.username != "" {
		form = map[string]string{"grant_type": "password", "username": a.creds.username, "password": a.creds.password}
	}
	bases := []string{a.baseURL()}
	if a.baseNow.Load() == nil {
		if before, ok := strings.CutSuffix(bases[0], "/auth"); ok {
			bases = append(bases, before)
		} else {
			bases = append(bases, bases[0]+"/auth")
		}
	}
	var first error
	for _, base := range bases {
		t, err := a.grant(ctx, base, form)
		if err == nil {
			a.baseNow.Store(&base)
			return t, nil
		}
		if first == nil {
			first = err
		}
		if !isElsewhere(err) {
			// A Keycloak is here: what it says counts.
			return nil, err
		}
	}
	return nil, first
}

// grant asks the token endpoint once. Asking twice only makes a second
// session, so a lost answer may be asked for again. The secret goes into the
// form: in a Basic header it would have to be encoded (RFC 6749, 2.3.1), and
// servers differ in whether they decode it.
func (a *auth) grant(ctx context.Context, base string, form map[string]string) (*token, error) {
	form["client_id"] = a.creds.clientID
	if a.creds.clientSecret != "" {
		form["client_secret"] = a.creds.clientSecret
	}
	api := a.api(base)
	var jwt gocloak.JWT
	asked := time.Now()
	ans, err := a.c.once(transport.Harmless(ctx), func(ctx context.Context) error {
		_, err := api.GetRequest(ctx).SetFormData(form).SetResult(&jwt).
			Post(base + "/realms/" + segment(a.creds.realm) + "/protocol/openid-connect/token")
		return err
	})
	if err != nil {
		return nil, err
	}
	if ans.status >= http.StatusBadRequest || jwt.AccessToken == "" {
		return nil, a.refused(base, ans)
	}
	if iat, ok := issuedAt(jwt.AccessToken); ok {
		a.c.clock.Observe(iat)
	}
	life := time.Duration(jwt.ExpiresIn) * time.Second
	t := &token{
		api: api, access: jwt.AccessToken, refresh: jwt.RefreshToken,
		renew: asked.Add(life - min(15*time.Second, life/4)),
	}
	if jwt.RefreshToken != "" {
		t.refreshEnds = asked.Add(time.Duration(jwt.RefreshExpiresIn)*time.Second - 5*time.Second)
		if jwt.RefreshExpiresIn == 0 { // of an offline session
			t.refreshEnds = asked.Add(24 * time.Hour)
		}
	}
	a.c.secrets.RememberTokens(jwt.AccessToken, jwt.RefreshToken)
	return t, nil
}

func (a *auth) api(base string) *gocloak.GoCloak {
	a.mu.Lock()
	defer a.mu.Unlock()
	api, ok := a.apis[base]
	if !ok {
		api = gocloak.NewClient(base)
		api.RestyClient().SetTransport(recorder{a.c.transport}).SetLogger(silent{}).SetDisableWarn(true).SetRetryCount(0)
		a.apis[base] = api
	}
	return api
}

// end ends the session of a password sign-in. Service accounts have none.
func (a *auth) end(ctx context.Context) error {
	a.mu.Lock()
	t := a.now
	a.now = nil
	a.mu.Unlock()
	if t == nil || t.refresh == "" {
		return nil
	}
	form := map[string]string{"client_id": a.creds.clientID, "refresh_token": t.refresh}
	if a.creds.clientSecret != "" {
		form["client_secret"] = a.creds.clientSecret
	}
	r := request{doing: "end the session", realm: a.creds.realm}
	ans, err := a.c.once(transport.Harmless(ctx), func(ctx context.Context) error {
		_, err := t.api.GetRequest(ctx).SetFormData(form).
			Post(a.baseURL() + "/realms/" + segment(a.creds.realm) + "/protocol/openid-connect/logout")
		return err
	})
	if err != nil {
		return err
	}
	if ans.status >= http.StatusInternalServerError {
		return a.c.refusal(r, ans)
	}
	return nil // 400: the session is over already
}

// refused is the error of a sign-in that the server did not allow.
func (a *auth) refused(base string, ans *answer) error {
	said := parseRefusal(ans.body)
	text := a.c.redact(said.text())
	at := fmt.Sprintf("at realm %s of %s", work.Quoted(a.creds.realm), base)
	e := &providers.Error{Class: providers.Unauthenticated, Status: ans.status}
	fail := func(attribute, summary, hint string) error {
		e.Attribute, e.Summary, e.Hint = attribute, summary, hint
		return e
	}
	switch {
	case ans.status == http.StatusNotFound && said.err == "Realm does not exist":
		return fail("realm", fmt.Sprintf("Keycloak at %s has no realm %s to sign in at", base, work.Quoted(a.creds.realm)),
			"Set realm in the provider block, or KEYCLOAK_REALM, to the realm of the account; administrators of the whole server are in master")
	case ans.status == http.StatusNotFound, ans.status == http.StatusMethodNotAllowed, ans.status == http.StatusNotImplemented, !ans.json:
		return a.c.notKeycloak(ans)
	case said.err == "invalid_grant" && strings.Contains(said.description, "not fully set up"):
		return fail("username", fmt.Sprintf("Keycloak refused to sign in %s %s: %s", a.creds.who(), at, text),
			"Sign in once with a browser to do what is required, or take an account that needs no second factor")
	case said.err == "invalid_grant":
		return fail("password", fmt.Sprintf("Keycloak refused the user name or the password of %s %s: %s", a.creds.who(), at, text),
			"Check username, password and realm in the provider block, or where they are not in it KEYCLOAK_USER, KEYCLOAK_PASSWORD and KEYCLOAK_REALM; after several failures the account may be locked for a while")
	case said.err == "invalid_client":
		return fail("client_id", fmt.Sprintf("Keycloak refused the client %s %s: %s", work.Quoted(a.creds.clientID), at, text),
			"Check client_id and realm in the provider block, or where they are not in it KEYCLOAK_CLIENT_ID and KEYCLOAK_REALM: there is no such client in the realm, or it is disabled or asks users for consent")
	case said.err == "unauthorized_client" && strings.Contains(said.description, "Invalid client"):
		// So Keycloak calls a wrong secret of a client that exists.
		return fail("client_secret", fmt.Sprintf("Keycloak refused the secret of the client %s %s: %s", work.Quoted(a.creds.clientID), at, text),
			"Check client_secret in the provider block, or KEYCLOAK_CLIENT_SECRET; the current one is in the client's tab \"Credentials\"")
	case said.err == "unauthorized_client" && a.creds.username != "":
		return fail("client_id", fmt.Sprintf("The client %s %s may not sign in like this: %s", work.Quoted(a.creds.clientID), at, text),
			"Switch on \"Direct access grants\" of the client, or leave client_id out to sign in with admin-cli")
	case said.err == "unauthorized_client":
		return fail("client_id", fmt.Sprintf("The client %s %s may not sign in like this: %s", work.Quoted(a.creds.clientID), at, text),
			"Switch on \"Client authentication\" and \"Service accounts roles\" of the client")
	case ans.status == http.StatusForbidden:
		return fail("realm", fmt.Sprintf("Keycloak allows no sign-in %s: %s", at, text), "Check that the realm is enabled")
	case ans.status < http.StatusBadRequest:
		e.Class = providers.Internal
		return fail("", "Keycloak's token endpoint answered without an access token", "Check that url is the address of a Keycloak server")
	}
	if text == "" {
		text = fmt.Sprintf("status %d, and no reason", ans.status)
	}
	return fail("", fmt.Sprintf("Keycloak refused to sign in %s %s: %s", a.creds.who(), at, text), "See the server's log for the cause")
}

// issuedAt reads the claim iat of a token without checking it: it comes from
// the server that we ask anyway, and is only its clock.
func issuedAt(jwt string) (time.Time, bool) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		IAT int64 `json:"iat"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.IAT <= 0 {
		return time.Time{}, false
	}
	return time.Unix(claims.IAT, 0), true
}

// silent swallows what resty would print to standard error.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
