package auth0

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
)

// auth has a token for the Management API. It lives for a day, and is kept for
// one run only.
type auth struct {
	c      *conn
	flight singleflight.Group

	mu    sync.Mutex
	now   string
	renew time.Time
}

// token returns one that is good for a while. Many who wait get it by one request.
func (a *auth) token(ctx context.Context) (string, error) {
	if s := a.c.settings.token; s != "" {
		return s, nil
	}
	if t := a.current(); t != "" {
		return t, nil
	}
	done := a.flight.DoChan("token", func() (any, error) {
		if t := a.current(); t != "" {
			return t, nil
		}
		return a.obtain(context.WithoutCancel(ctx))
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return "", r.Err
		}
		return r.Val.(string), nil
	case <-ctx.Done():
		return "", &providers.Error{Class: providers.NotAttempted, Summary: "Interrupted while signing in", Err: ctx.Err()}
	}
}

func (a *auth) current() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.renew) {
		return a.now
	}
	return ""
}

// forget has the next call get a new token, unless somebody has done it already.
// It reports false for a token that was given: there is no other.
func (a *auth) forget(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.c.settings.token != "" {
		return false
	}
	if a.now == token {
		a.now, a.renew = "", time.Time{}
	}
	return true
}

// obtain asks for a token by client credentials
// (https://auth0.com/docs/api/authentication/client-credential-flow). Asking twice
// changes nothing.
func (a *auth) obtain(ctx context.Context) (string, error) {
	s := a.c.settings
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.clientID}, "audience": {s.audience}}
	if s.privateKey != "" {
		assertion, err := s.assertion()
		if err != nil {
			return "", &providers.Error{Class: providers.Invalid, Attribute: "client_assertion_private_key", Summary: "The private key cannot be used", Err: err}
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	} else {
		form.Set("client_secret", s.clientSecret)
	}
	asked := time.Now()
	ans, err := a.c.plain(transport.Harmless(ctx), http.MethodPost, s.url("oauth/token"), form)
	if err != nil {
		return "", a.c.explain(err)
	}
	var got struct {
		Token   string `json:"access_token"`
		Expires int    `json:"expires_in"`
	}
	if ans.status != http.StatusOK || json.Unmarshal(ans.body, &got) != nil || got.Token == "" || got.Expires <= 0 {
		return "", a.refused(ans)
	}
	a.c.secrets.RememberTokens(got.Token)
	life := time.Duration(got.Expires) * time.Second
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now, a.renew = got.Token, asked.Add(life-min(5*time.Minute, life/4))
	return got.Token, nil
}

// assertion is a JWT by which the application proves itself
// (https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt).
func (s settings) assertion() (string, error) {
	block, _ := pem.Decode([]byte(s.privateKey))
	if block == nil {
		return "", errors.New("it is no PEM")
	}
	key, err := parsePrivateKey(block.Bytes)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.algorithm), Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", errors.New("it does not fit the algorithm")
	}
	now := time.Now()
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: s.clientID, Subject: s.clientID, Audience: jwt.Audience{s.url("")}, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Minute)),
	}).Serialize()
}

func parsePrivateKey(der []byte) (*rsa.PrivateKey, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("it is no private key in PKCS#1 or PKCS#8 form")
	}
	if key, is := key.(*rsa.PrivateKey); is {
		return key, nil
	}
	return nil, errors.New("it is no RSA key")
}

// refused is the error of a sign-in that Auth0 did not allow
// (https://auth0.com/docs/api/authentication/client-credential-flow, errors).
func (a *auth) refused(ans *answer) error {
	s := a.c.settings
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	decoded := json.Unmarshal(ans.body, &said) == nil && said.Error != ""
	text := providers.Clean(a.c.secrets.Redact(said.Description), 300)
	e := &providers.Error{Class: providers.Unauthenticated, Status: ans.status, Attribute: "client_secret"}
	who := fmt.Sprintf("application %s at %s", work.Quoted(s.clientID), s.domain)
	switch {
	case !decoded:
		return a.c.notAuth0(ans)
	case strings.HasPrefix(said.Description, "Service not enabled within domain"):
		e.Attribute = "audience"
		e.Summary = fmt.Sprintf("%s knows no API %s", s.domain, work.Quoted(s.audience))
		e.Hint = "Write the domain that Auth0 gave the tenant in domain, not a custom one; the Management API's identifier is that with /api/v2/"
	case strings.Contains(said.Description, "is not authorized to access resource server"):
		e.Class, e.Attribute = providers.Forbidden, "client_id"
		e.Summary = fmt.Sprintf("The %s has no grant for the Management API: %s", who, text)
		e.Hint = grantHint("")
	case said.Error == "unauthorized_client":
		e.Attribute = "client_id"
		e.Summary = fmt.Sprintf("The %s may not sign in by itself: %s", who, text)
		e.Hint = "Take a machine-to-machine application, whose grant types have client_credentials"
	case s.privateKey != "":
		e.Attribute = "client_assertion_private_key"
		e.Summary = fmt.Sprintf("Auth0 refused the private key or the client id of the %s: %s", who, text)
		e.Hint = "Check client_id and client_assertion_signing_alg, and that the application has the public key among its credentials"
	default:
		e.Summary = fmt.Sprintf("Auth0 refused the secret or the client id of the %s: %s", who, text)
		e.Hint = "Check domain, client_id and client_secret in the provider block, or where they are not in it AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET; the secret is in the application's settings"
	}
	return e
}

// plain makes a request without a token.
func (c *conn) plain(ctx context.Context, method, address string, form url.Values) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, &providers.Error{Class: providers.Internal, Summary: "A request to Auth0 could not be made", Err: err}
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		req.Body, req.ContentLength = nil, 0
	}
	resp, err := c.client.Do(req)
	if err != nil {
		var ours *providers.Error
		if errors.As(err, &ours) {
			return nil, ours
		}
		return nil, &providers.Error{Class: providers.Internal, Summary: "A request to Auth0 could not be made", Err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body) // it is in memory
	if err != nil {
		return nil, &providers.Error{Class: providers.Internal, Summary: "Auth0's answer could not be read", Err: err}
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}
