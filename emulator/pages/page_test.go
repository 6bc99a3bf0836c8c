package pages_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/idpctl/idpctl/emulator/pages"
	"github.com/idpctl/idpctl/emulator/pages/pagetest"
)

// every is a page with everything that a page may have, and hostile texts.
func every() pages.Page {
	return pages.Page{
		ID: "login", Title: "<T>", Brand: "<b>Brand</b>", Heading: "Sign in", Emulates: "Example", Outcome: pages.Failed,
		Alert: "<script>alert(1)</script>", AlertIsError: true,
		Text: []string{"one & two"}, List: []string{"three"},
		Links: []pages.Link{{URL: "http://127.0.0.1/next?a=1&b=2", Label: "next"}, {URL: "javascript:alert(1)", Label: "bad"}},
		Form: &pages.Form{ID: "f", Action: "/post?a=1&b=2", Fields: []pages.Field{
			{Name: "username", Label: "User name", Type: "text", Value: `"x`, Autofocus: true, Autocomplete: "username", Hint: "as in a@b.c"},
			{ID: "pw", Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password", Error: "wrong", Alerted: true},
			{Name: "code", Type: "hidden", Value: "c"},
		}, Buttons: []pages.Button{{Label: "Go"}, {ID: "no", Name: "cancel", Value: "No", Label: "No", Secondary: true}}},
	}
}

func render(p pages.Page) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	pages.Render(w, 200, p)
	return w
}

// What a page promises: its policy, a label for every input, texts that stay
// texts, what is wrong tied to where it is wrong.
func TestRender(t *testing.T) {
	w := render(every())
	body := w.Body.String()
	pagetest.Check(t, w.Code, w.Header(), body)
	for _, bad := range []string{"<b>Brand", "javascript:alert", `value=""x`} {
		if strings.Contains(body, bad) {
			t.Errorf("the page contains %s", bad)
		}
	}
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"username": "aria-describedby=hint-username autocapitalize=none autocomplete=username id=username name=username spellcheck=false type=text value=\"x",
		// The one that is wrong has the cursor, and says where it is explained.
		"password": "aria-describedby=input-error-pw page-alert aria-invalid=true autocomplete=current-password autofocus= id=pw name=password type=password value=",
		"code":     "name=code type=hidden value=c",
		"cancel":   "class=secondary id=no name=cancel type=submit value=No",
	} {
		if got := pagetest.Attributes(root, name); got != want {
			t.Errorf("%s has %s\nwant %s", name, got, want)
		}
	}
	if title := pagetest.Title(root); title != "Error: <T>" {
		t.Errorf("title %q", title)
	}
}

// The policy has the hash of what stands in the page, and no other source.
func TestPolicy(t *testing.T) {
	body := render(every()).Body.String()
	_, style, _ := strings.Cut(body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	if got := render(every()).Header().Get("Content-Security-Policy"); got != want || len(style) < 1000 {
		t.Errorf("the policy is\n%s\nwant\n%s", got, want)
	}
}

// A page leads on by itself to http and https alone, with a link to the same place.
func TestOnward(t *testing.T) {
	for address, want := range map[string]string{
		"":                            "",
		"javascript:alert(1)":         "",
		"data:text/html,x":            "",
		"//elsewhere.test/":           "",
		"https:///path":               "",
		"https://influx.test/?a=1&b=": "0; url=https://influx.test/?a=1&b=",
		"http://influx.test/\"><b>":   "0; url=http://influx.test/%22%3E%3Cb%3E",
		"http://influx.test/?\"><b>":  "0; url=http://influx.test/?\"><b>",
	} {
		p := every()
		p.Onward, p.Links = address, []pages.Link{{URL: address, Label: "Continue"}}
		w := render(p)
		if strings.Contains(w.Body.String(), "<b>") {
			t.Errorf("%s is part of the page", address)
		}
		_, got, _ := strings.Cut(w.Body.String(), `<meta http-equiv="refresh" content="`)
		got, _, _ = strings.Cut(got, `"`)
		if html.UnescapeString(got) != want {
			t.Errorf("%s leads to %q, want %q", address, got, want)
		}
	}
}

// A page without an error has a title without one, and the cursor where the
// page wants it.
func TestNoError(t *testing.T) {
	p := every()
	p.Outcome, p.AlertIsError = pages.Open, false
	p.Form.Fields[1].Error, p.Form.Fields[1].Alerted = "", false
	w := render(p)
	pagetest.Check(t, w.Code, w.Header(), w.Body.String())
	root, err := html.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if title := pagetest.Title(root); title != "<T>" {
		t.Errorf("title %q", title)
	}
	if got := pagetest.Attributes(root, "username"); !strings.Contains(got, "autofocus=") || strings.Contains(got, "aria-invalid") {
		t.Errorf("the first field has %s", got)
	}
}
