// Package formclient signs a user in on an identity provider's pages without a
// browser: it loads a page, fills in its form by the meaning of its fields and
// sends it, until the pages end. It runs no script. It is for tests and
// demonstrations, on emulators and on real servers alike.
package formclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// Credentials are what the forms are filled in with.
type Credentials struct {
	// Username is the user name or e-mail, Password the current password.
	Username, Password string
	// NewPassword is set if the provider demands a new one.
	NewPassword string
	// Refuse has the consent refused, by the last form and button of its page, which
	// are those that do not go on.
	Refuse bool
	// UserCode is entered where a page asks for the code of the device first:
	// not every provider has a URL with the code in it.
	UserCode string
}

// StoppedError says at which page a sign-in came to an end before its time.
type StoppedError struct {
	// Page is the heading of the page.
	Page string
	// Status is its HTTP status.
	Status int
	// Reason says why the client did not go on.
	Reason string
	// Message is what the page says is wrong; may be empty.
	Message string
}

// Error is all of it in one line.
func (e *StoppedError) Error() string {
	s := fmt.Sprintf("the sign-in stopped at the page %q (HTTP %d): %s", e.Page, e.Status, e.Reason)
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// maxPages is more than any sign-in needs.
const maxPages = 20

// SignIn opens the verification URL of a device authorization with the user
// code in it ("verification_uri_complete"), or the one without if the
// credentials have the code; it signs in, sets a new password if
// one is asked for, consents, and returns nil when the pages say that all is
// done. Otherwise the error is a [*StoppedError] or that of a request.
//
// hc is the client to use, nil for one of its own; its cookies are not used
// and not changed. Cookies marked Secure are kept on http for loopback hosts,
// as browsers do.
func SignIn(ctx context.Context, hc *http.Client, verificationURIComplete string, cred Credentials) error {
	c := &http.Client{}
	if hc != nil {
		*c = *hc
	} else {
		// No connection of our own outlives the sign-in.
		t := &http.Transport{Proxy: http.ProxyFromEnvironment}
		defer t.CloseIdleConnections()
		c.Transport = t
	}
	// This jar takes http on a loopback host for secure, as browsers do.
	c.Jar, _ = cookiejar.New(nil) // fails on options only
	s := &signIn{client: c, cred: cred, done: map[step]bool{}}
	p, err := s.load(ctx, http.MethodGet, verificationURIComplete, nil)
	for range maxPages {
		if err != nil {
			return err
		}
		next, end, stop := s.advance(p)
		switch {
		case stop != nil:
			return stop
		case end:
			return nil
		}
		p, err = s.load(ctx, http.MethodPost, next.action, next.values)
	}
	return errors.New("the sign-in did not end after " + fmt.Sprint(maxPages) + " pages")
}

// step is something that a sign-in does at most once.
type step string

const (
	enterCode   step = "the code"
	logIn       step = "user name and password"
	newPassword step = "a new password"
	consent     step = "the consent"
)

type signIn struct {
	client *http.Client
	cred   Credentials
	done   map[step]bool
}

// load requests a page, following redirects.
func (s *signIn) load(ctx context.Context, method, address string, form url.Values) (*page, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return parse(resp)
}

// submission is a form that is filled in.
type submission struct {
	action string
	values url.Values
}

// advance decides what to do with a page: the form to send, or that this is
// the end, or why it cannot go on.
func (s *signIn) advance(p *page) (next submission, end bool, stop *StoppedError) {
	stopped := func(format string, args ...any) (submission, bool, *StoppedError) {
		return submission{}, false, &StoppedError{Page: p.heading, Status: p.status, Reason: fmt.Sprintf(format, args...),
			Message: p.message()}
	}
	f := p.form()
	switch {
	case p.status >= 400 || p.failed:
		return stopped("the provider refused")
	case f == nil && s.done[consent]:
		return submission{}, true, nil
	case f == nil:
		return stopped("there is nothing to fill in, and the consent was not asked for")
	}
	passwords, others := f.visible("password"), f.visible("")
	values := f.hidden()
	var todo step
	switch {
	case len(passwords) == 0 && len(others) == 1 && (s.cred.UserCode != "" || others[0].value != ""):
		// A page may show the code of its address, and have it sent once more.
		todo = enterCode
		values.Set(others[0].name, cmp.Or(s.cred.UserCode, others[0].value))
	case len(passwords) == 1 && len(others) >= 1:
		todo = logIn
		values.Set(others[0].name, s.cred.Username)
		values.Set(passwords[0].name, s.cred.Password)
	case len(passwords) >= 1 && len(others) == 0:
		todo = newPassword
		if s.cred.NewPassword == "" {
			return stopped("a new password is asked for, and none is given")
		}
		for _, in := range passwords {
			values.Set(in.name, s.cred.NewPassword)
		}
	case len(passwords) == 0 && len(others) == 0:
		todo = consent
		if s.cred.Refuse {
			f = p.lastForm()
			values = f.hidden()
		}
	default:
		names := make([]string, len(others))
		for i, in := range others {
			names[i] = in.label(p)
		}
		return stopped("it asks for %s, which this client does not fill in", strings.Join(names, ", "))
	}
	if s.done[todo] {
		return stopped("%s was not accepted", todo)
	}
	s.done[todo] = true
	if b := f.button(todo == consent && s.cred.Refuse); b != nil {
		values.Set(b.name, b.value)
	}
	action, err := p.url.Parse(f.action)
	if err != nil {
		return stopped("its form has no valid address")
	}
	return submission{action.String(), values}, false, nil
}
