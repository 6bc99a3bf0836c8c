package oidc

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/idpctl/idpctl/resource"
)

// deviceGrant is the grant type of RFC 8628 section 3.4.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

const (
	// defaultInterval is the time between polls if the server names none (RFC
	// 8628 section 3.2), and what slow_down adds (section 3.5).
	defaultInterval = 5 * time.Second
	// defaultLifetime of a code is taken if a server leaves the required
	// expires_in out, as influxctl does not insist on it either.
	defaultLifetime = 10 * time.Minute
	// maxLifetime bounds how long a code is waited for.
	maxLifetime = 24 * time.Hour
	// maxUserCode is what a person can be asked to type.
	maxUserCode = 64
	// maxToken bounds codes and tokens, in bytes.
	maxToken = 64 << 10
)

// DeviceFlow signs a person in as influxctl does: as a public client, without a
// secret (RFC 8628).
type DeviceFlow struct {
	// Client sends the requests; nil for the zero Client.
	Client   *Client
	ClientID string
	// Scopes to ask for, and Audience for servers that want one; may be empty.
	Scopes   []string
	Audience string
	// DeviceURL is the device authorization endpoint, TokenURL the token
	// endpoint.
	DeviceURL, TokenURL string
	// Hints say what to do about the server's own errors, where it has more of them
	// than OAuth: by code ("AADSTS65001"), or by words that it says ("Service not
	// enabled"). They are looked for in error_description, and the first one counts.
	Hints map[string]string
}

// refusal reads the OAuth error of an answer; nil if it holds none.
func (f DeviceFlow) refusal(ans answer, secrets ...string) *Error {
	e := ans.refusal(f.ClientID, secrets...)
	if e == nil || len(f.Hints) == 0 {
		return e
	}
	o, err := ans.object("an OAuth error")
	if err != nil {
		return e
	}
	said, first := o.lenient("error_description"), -1
	for words, hint := range f.Hints {
		if at := wordsAt(said, words); at >= 0 && (first < 0 || at < first) {
			e.Hint, first = hint, at
		}
	}
	return e
}

// wordsAt is where words stand in a text, as whole ones; -1 if they do not.
func wordsAt(text, words string) int {
	inWord := func(r rune, _ int) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	for from := 0; ; {
		at := strings.Index(text[from:], words)
		if at < 0 {
			return -1
		}
		at += from
		if !inWord(utf8.DecodeLastRuneInString(text[:at])) && !inWord(utf8.DecodeRuneInString(text[at+len(words):])) {
			return at
		}
		from = at + 1
	}
}

// Start begins a sign-in. Errors are [*Error]; a server that does not know the
// client, or does not allow it the device flow, is of the kind Refused.
func (f DeviceFlow) Start(ctx context.Context) (DeviceCode, error) {
	if err := f.check(f.DeviceURL, "device authorization endpoint"); err != nil {
		return DeviceCode{}, err
	}
	form := url.Values{"client_id": {f.ClientID}}
	if len(f.Scopes) > 0 {
		form.Set("scope", strings.Join(f.Scopes, " "))
	}
	if f.Audience != "" {
		form.Set("audience", f.Audience)
	}
	ans, err := f.client().post(ctx, f.DeviceURL, form)
	if err != nil {
		return DeviceCode{}, err
	}
	if e := f.refusal(ans); e != nil {
		return DeviceCode{}, e
	}
	if ans.status != http.StatusOK {
		return DeviceCode{}, ans.unexpected("a device code")
	}
	o, err := ans.object("a device authorization response")
	if err != nil {
		return DeviceCode{}, err
	}
	return f.deviceCode(o, ans)
}

func (f DeviceFlow) client() *Client {
	if f.Client == nil {
		return &Client{}
	}
	return f.Client
}

// check refuses to send codes to an endpoint that is none.
func (f DeviceFlow) check(endpoint, what string) error {
	if f.ClientID == "" {
		return &Error{Kind: BadRequest, Summary: "the client id is empty"}
	}
	if endpoint == "" {
		return &Error{Kind: Incomplete, Summary: "there is no " + what,
			Hint: "The issuer's discovery document has none, or it was not set."}
	}
	u, err := parseURL(endpoint)
	if err != nil {
		return &Error{Kind: BadRequest, Summary: fmt.Sprintf("the %s, %q, %s", what, shown(endpoint), err)}
	}
	return f.client().secure("the "+what, u)
}

// deviceCode reads a device authorization response (RFC 8628 section 3.2).
func (f DeviceFlow) deviceCode(o object, ans answer) (DeviceCode, error) {
	bad := func(member, format string, args ...any) error {
		return &Error{Kind: Malformed, Status: ans.status,
			Summary: fmt.Sprintf("%s of the answer of %s %s", member, ans.url, fmt.Sprintf(format, args...)),
			Hint:    "The identity provider does not keep to RFC 8628, or this is not its device authorization endpoint."}
	}
	var code DeviceCode
	device, err := o.text("device_code")
	switch {
	case err != nil:
		return DeviceCode{}, bad("device_code", "%s", err)
	case device == "":
		return DeviceCode{}, bad("device_code", "is missing")
	case !isCredential(device):
		return DeviceCode{}, bad("device_code", "is too long, or holds characters that it must not hold")
	}
	code.Code = resource.NewSecret(device)

	code.UserCode, err = o.text("user_code")
	switch {
	case err != nil:
		return DeviceCode{}, bad("user_code", "%s", err)
	case code.UserCode == "":
		return DeviceCode{}, bad("user_code", "is missing")
	case utf8.RuneCountInString(code.UserCode) > maxUserCode:
		return DeviceCode{}, bad("user_code", "has more than %d characters, which nobody can type", maxUserCode)
	case !utf8.ValidString(code.UserCode) || strings.ContainsFunc(code.UserCode, func(r rune) bool { return !unicode.IsPrint(r) }):
		return DeviceCode{}, bad("user_code", "holds control or invisible characters")
	}

	for _, m := range []struct {
		name, other string // other is a spelling from before RFC 8628
		into        *string
		required    bool
	}{
		{"verification_uri", "verification_url", &code.VerificationURI, true},
		{"verification_uri_complete", "verification_url_complete", &code.VerificationURIComplete, false},
	} {
		name := m.name
		if !o.has(name) {
			name = m.other
		}
		s, err := o.text(name)
		if err == nil && s == "" {
			if m.required {
				return DeviceCode{}, bad(m.name, "is missing")
			}
			continue
		}
		if err == nil {
			err = f.checkPage(s)
		}
		if err != nil {
			return DeviceCode{}, bad(m.name, "%s", err)
		}
		*m.into = s
	}

	lifetime, ok, err := o.seconds("expires_in", maxLifetime)
	switch {
	case err != nil:
		return DeviceCode{}, bad("expires_in", "%s", err)
	case !ok:
		lifetime = defaultLifetime
	case lifetime < time.Second:
		return DeviceCode{}, bad("expires_in", "is zero: the code is over before it begins")
	}
	code.Interval, ok, err = o.seconds("interval", maxLifetime)
	switch {
	case err != nil:
		return DeviceCode{}, bad("interval", "%s", err)
	case !ok || code.Interval < time.Second:
		code.Interval = defaultInterval
	case code.Interval >= lifetime:
		return DeviceCode{}, bad("interval", "(%s) is not shorter than the life of the code (%s): it could not be asked for even once", code.Interval, lifetime)
	}
	code.Expires = ans.at.Add(lifetime)
	return code, nil
}

// checkPage judges the URL of a page that a person is sent to. It need not be on
// the issuer's origin: RFC 8628 wants it short.
func (f DeviceFlow) checkPage(s string) error {
	u, err := parseURL(s)
	if err != nil {
		return err
	}
	if f.client().secure("the page", u) != nil {
		return fmt.Errorf("is http on another machine (%s): a person would type a password there", origin(u))
	}
	return nil
}

// isCredential reports whether a code or token is visible ASCII (RFC 6749
// appendix A) and of a sane size.
func isCredential(s string) bool {
	if s == "" || len(s) > maxToken {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Probe checks what can be checked of the device flow without a person: that the
// device authorization endpoint answers, knows the client, allows it the device
// flow, and answers as RFC 8628 wants. It begins a sign-in and leaves it to run
// out. Servers that look at the client later only pass it whatever its id is.
func (f DeviceFlow) Probe(ctx context.Context) []Check {
	const (
		idEndpoint, nameEndpoint = "device.endpoint", "Device authorization"
		idClient, nameClient     = "device.client", "Client"
		idAnswer, nameAnswer     = "device.answer", "Device code"
		idLink, nameLink         = "device.link", "Link with the code in it"
	)
	checks := []Check{
		{ID: idEndpoint, Name: nameEndpoint, Value: shown(f.DeviceURL)},
		{ID: idClient, Name: nameClient, Value: said(f.ClientID)},
		{ID: idAnswer, Name: nameAnswer},
		{ID: idLink, Name: nameLink},
	}
	failAt := func(i int, err error) []Check {
		checks[i] = failure(checks[i].ID, checks[i].Name, err)
		for j := i + 1; j < len(checks); j++ {
			checks[j].Status, checks[j].Value = Skipped, ""
			checks[j].Hint = "Could not be checked: an earlier check failed."
		}
		return checks
	}
	code, err := f.Start(ctx)
	if err != nil {
		switch e := asError(err); {
		case slices.Contains([]string{codeInvalidClient, codeUnauthorized, codeBadGrantType, codeInvalidScope, codeBadTarget, codeBadRequest, codeDenied}, e.Code):
			return failAt(1, err)
		case e.Kind == Malformed:
			return failAt(2, err)
		default:
			return failAt(0, err)
		}
	}
	checks[2].Value = fmt.Sprintf("to be typed at %s within %s, asked for every %s",
		shown(code.VerificationURI), approx(time.Until(code.Expires)), code.Interval)
	checks[3].Value = "offered"
	if code.VerificationURIComplete == "" {
		checks[3].Status, checks[3].Value = Skipped, "not offered"
		checks[3].Hint = "Nothing to do: people type the code. The link is optional (RFC 8628 section 3.3.1)."
	}
	return checks
}
