package formclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/emulator/memnet"
)

// Pages as different providers write them.
const (
	loginPage = `<html><title>T</title><body><h1>Log in</h1><form method="get" action="/search"><input name="q"></form>
		<form method="POST" action="?step=2"><input type="hidden" name="state" value="s"><label for="u">E-mail</label><input id="u" name="email" type="email">
		<input name="pass" type="password"><input type="checkbox" name="remember"><button type="button" name="show">Show</button><button name="action" value="go">Continue</button></form>`
	passwordPage = `<h1>New password</h1><form method="post" action="/?step=3"><input type="password" name="new"><input type="password" name="again"><input type="submit" value="OK"></form>`
	consentPage  = `<h1>Allow access?</h1><form method="post" action="http://127.0.0.1/?step=4"><input type="hidden" name="code" value="c"><button type="submit" name="accept" value="yes">Yes</button><button type="submit" name="cancel" value="no">No</button></form>`
	donePage     = `<h1>Done</h1><p>You may close the window.</p>`
)

// script answers with one page after another and notes what was sent.
type script struct {
	pages []string
	sent  []string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.sent = append(s.sent, r.Method+" "+r.URL.RequestURI()+" "+string(body))
	page := s.pages[0]
	if len(s.pages) > 1 {
		s.pages = s.pages[1:]
	}
	if status, rest, ok := strings.Cut(page, "|"); ok {
		var code int
		fmt.Sscan(status, &code)
		w.WriteHeader(code)
		page = rest
	}
	_, _ = io.WriteString(w, page)
}

func signIn(t *testing.T, h http.Handler, cred formclient.Credentials) error {
	t.Helper()
	client, stop := memnet.Serve(h)
	defer stop()
	return formclient.SignIn(t.Context(), client, "http://127.0.0.1/device?user_code=A", cred)
}

func TestSignIn(t *testing.T) {
	s := &script{pages: []string{loginPage, passwordPage, consentPage, donePage}}
	err := signIn(t, s, formclient.Credentials{Username: "me@x.de", Password: "p w", NewPassword: "new"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"GET /device?user_code=A ", "POST /device?step=2 action=go&email=me%40x.de&pass=p+w&state=s", "POST /?step=3 again=new&new=new", "POST /?step=4 accept=yes&code=c"}
	if got := strings.Join(s.sent, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("sent\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// TestUserCode enters the code of the device where a page asks for it.
func TestUserCode(t *testing.T) {
	codePage := `<h1>Enter code</h1><form method="post" action="/code"><label for="o">Code</label><input id="o" name="otc" type="text"><button>Next</button></form>`
	s := &script{pages: []string{codePage, loginPage, consentPage, donePage}}
	if err := signIn(t, s, formclient.Credentials{Username: "me", Password: "p", UserCode: "A-1"}); err != nil {
		t.Fatal(err)
	}
	if s.sent[1] != "POST /code otc=A-1" {
		t.Errorf("sent %q", s.sent[1])
	}
	err := signIn(t, &script{pages: []string{codePage, codePage}}, formclient.Credentials{UserCode: "A-1"})
	if want := `the sign-in stopped at the page "Enter code" (HTTP 200): the code was not accepted`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestCodeOfTheAddress has a page that shows the code of its address send it.
func TestCodeOfTheAddress(t *testing.T) {
	codePage := `<h2>Enter User Code</h2><form method="post" action="/code" method="get"><input id="user_code" name="user_code" type="text" value="A-1"/><button type=submit>Submit</button></form>`
	s := &script{pages: []string{codePage, loginPage, consentPage, donePage}}
	if err := signIn(t, s, formclient.Credentials{Username: "me", Password: "p"}); err != nil {
		t.Fatal(err)
	}
	if s.sent[1] != "POST /code user_code=A-1" {
		t.Errorf("sent %q", s.sent[1])
	}
}

// TestRefuse takes the last way on from a page of consent: a button, or a form.
func TestRefuse(t *testing.T) {
	for want, page := range map[string]string{
		"POST /c cancel=yes&code=c": `<form method=post action="/c"><input type=hidden name=code value=c><button name=accept value=yes>Yes</button><button name=cancel value=yes>No</button></form>`,
		"POST /c approval=rejected&req=r": `<form method=post action="/c"><input type=hidden name=req value=r><input type=hidden name=approval value=approve><button type=submit>Grant</button></form>
			<form method=post action="/c"><input type=hidden name=req value=r><input type=hidden name=approval value=rejected><button type=submit>Cancel</button></form>`,
	} {
		s := &script{pages: []string{loginPage, page, `500|<h1>No</h1>`}}
		err := signIn(t, s, formclient.Credentials{Username: "me", Password: "p", Refuse: true})
		if err == nil || len(s.sent) != 3 || s.sent[2] != want {
			t.Errorf("sent %q, want %s (%v)", s.sent, want, err)
		}
	}
}

// TestNameless: a field without a name is not sent. Pages have one with the user
// name beside a new password, for password managers.
func TestNameless(t *testing.T) {
	renew := strings.Replace(passwordPage, "<input", `<input type="text" autocomplete="username" value="me" hidden readonly><input`, 1)
	s := &script{pages: []string{loginPage, renew, consentPage, donePage}}
	if err := signIn(t, s, formclient.Credentials{Username: "me", Password: "p", NewPassword: "new"}); err != nil {
		t.Fatal(err)
	}
	if want := "POST /?step=3 again=new&new=new"; s.sent[2] != want {
		t.Errorf("sent %q, want %q", s.sent[2], want)
	}
}

func TestStops(t *testing.T) {
	wrong := strings.Replace(loginPage, "<h1>", `<div class="alert-box">Wrong <b>password</b>.</div><h1>`, 1)
	tests := []struct {
		name  string
		pages []string
		want  string
	}{
		{"wrong password", []string{loginPage, wrong}, `the sign-in stopped at the page "Log in" (HTTP 200): user name and password was not accepted: Wrong password .`},
		{"no new password", []string{passwordPage}, `the sign-in stopped at the page "New password" (HTTP 200): a new password is asked for, and none is given`},
		{"another question", []string{`<h1>Code</h1><form method=post><label for=o>One-time code</label><input id=o name=otp></form>`}, `the sign-in stopped at the page "Code" (HTTP 200): it asks for “One-time code”, which this client does not fill in`},
		{"error page", []string{loginPage, `400|<h1>We are sorry...</h1><p class="instruction">Cookie` + "\x1b[31m" + ` not found</p>`}, `the sign-in stopped at the page "We are sorry..." (HTTP 400): the provider refused: Cookie [31m not found`},
		{"no form", []string{`<title>Only a title</title><p>Hello`}, `the sign-in stopped at the page "Only a title" (HTTP 200): there is nothing to fill in, and the consent was not asked for`},
		{"consent again", []string{consentPage}, `the sign-in stopped at the page "Allow access?" (HTTP 200): the consent was not accepted`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := signIn(t, &script{pages: tt.pages}, formclient.Credentials{Username: "me", Password: "secret"})
			var stopped *formclient.StoppedError
			if !errors.As(err, &stopped) || err.Error() != tt.want {
				t.Errorf("error\n%v, want\n%v", err, tt.want)
			}
		})
	}
}

// TestErrorInAddress: a last page whose address has an error is none of
// success.
func TestErrorInAddress(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			http.Redirect(w, r, "/status?error=expired_token", http.StatusFound)
		case r.URL.Path == "/status":
			_, _ = io.WriteString(w, `<h1>Login Failed</h1><p class="instruction">The code has expired.</p>`)
		default:
			_, _ = io.WriteString(w, consentPage)
		}
	})
	if err := signIn(t, h, formclient.Credentials{}); err == nil || !strings.Contains(err.Error(), "The code has expired.") {
		t.Errorf("error %v", err)
	}
}

// TestCookies keeps Secure cookies on http for this machine only, through
// redirects.
func TestCookies(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("session"); r.URL.Path == "/next" && err == nil {
			_, _ = io.WriteString(w, consentPage)
			return
		} else if r.URL.Path == "/next" {
			http.Error(w, "<h1>No cookie</h1>", http.StatusBadRequest)
			return
		}
		if r.Method == http.MethodPost {
			_, _ = io.WriteString(w, donePage)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode})
		http.Redirect(w, r, "/next", http.StatusFound)
	})
	client, stop := memnet.Serve(h)
	defer stop()
	for host, works := range map[string]bool{"127.0.0.1": true, "127.0.0.1:8080": true, "localhost:8080": true, "[::1]:8080": true, "idp.localhost": true, "example.test": false} {
		err := formclient.SignIn(t.Context(), client, "http://"+host+"/", formclient.Credentials{})
		if (err == nil) != works {
			t.Errorf("%s: %v", host, err)
		}
	}
	if client.Jar != nil {
		t.Error("the caller's client was changed")
	}
}

func TestRequestFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client, stop := memnet.Serve(http.NotFoundHandler())
	defer stop()
	if err := formclient.SignIn(ctx, client, "http://127.0.0.1/", formclient.Credentials{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	var bad *url.Error
	if err := formclient.SignIn(t.Context(), nil, "http://127.0.0.1:1/", formclient.Credentials{}); !errors.As(err, &bad) {
		t.Errorf("error %v", err)
	}
}

// FuzzPage feeds pages to the client: it ends, and what it says of them has no
// control characters.
func FuzzPage(f *testing.F) {
	for _, p := range []string{loginPage, passwordPage, consentPage, donePage, "", "<form method=post action='%zz'>", "<h1>\x1b[2J\u202e</h1>"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, page string) {
		// Forms may lead anywhere; only the one page is looked at.
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, page)
		})
		err := signIn(t, h, formclient.Credentials{Username: "me", Password: "p"})
		var stopped *formclient.StoppedError
		if errors.As(err, &stopped) && strings.ContainsFunc(stopped.Error(), func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x202e }) {
			t.Errorf("%q", stopped.Error())
		}
	})
}
