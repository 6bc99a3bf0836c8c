package pagetest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/idpctl/idpctl/emulator/htmltree"
)

// Direct serves requests of any host by a handler, without a network.
type Direct struct{ http.Handler }

// RoundTrip implements [http.RoundTripper].
func (d Direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header = r.Header
	rec := httptest.NewRecorder()
	d.ServeHTTP(rec, in)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// Browser opens pages and sends their forms, and keeps cookies.
type Browser struct {
	client *http.Client
	// Check is called with every page.
	Check func(status int, header http.Header, body string)
	page  *Page
}

// NewBrowser returns a browser that uses a transport.
func NewBrowser(transport http.RoundTripper) *Browser {
	jar, _ := cookiejar.New(nil) // fails on options only
	return &Browser{client: &http.Client{Transport: transport, Jar: jar}}
}

// Walk has every page that is loaded from now on checked by [Check], and for saying that
// it is not the service that it emulates. It returns the ids of the pages, which it goes
// on to add to.
func (b *Browser) Walk(t testing.TB, emulates string) (seen map[string]bool) {
	seen = map[string]bool{}
	b.Check = func(status int, header http.Header, body string) {
		t.Helper()
		Check(t, status, header, body)
		_, id, _ := strings.Cut(body, `data-page-id="`)
		id, _, _ = strings.Cut(id, `"`)
		seen[id] = true
		if !strings.Contains(body, "This is not "+emulates+".") {
			t.Errorf("the page %s does not say what it is", id)
		}
	}
	return seen
}

// Page is a page as a person sees it, and what its form asks for.
type Page struct {
	Status int
	// Heading is the first one, Alerts are what is wrong.
	Heading, Alerts string
	// Fields of the form, as [Fields] has them.
	Fields []string
	Body   string

	address *url.URL
	root    *html.Node
}

// See demands a page with a heading, with alerts that begin with alert, or none if that is
// empty, and with fields as [Page] has them, joined by ", ".
func (p *Page) See(t testing.TB, status int, heading, alert, fields string) {
	t.Helper()
	if got := strings.Join(p.Fields, ", "); p.Status != status || p.Heading != heading || got != fields || !strings.HasPrefix(p.Alerts, alert) || (alert == "") != (p.Alerts == "") {
		t.Errorf("%d %q %q with %s\nwant %d %q %q with %s", p.Status, p.Heading, p.Alerts, got, status, heading, alert, fields)
	}
}

// Open loads a page.
func (b *Browser) Open(t testing.TB, address string) *Page {
	t.Helper()
	return b.load(t, http.MethodGet, address, nil)
}

// Submit sends the form of the last page with some values, and what the page
// itself sends along. A button that is pressed is one of the values.
func (b *Browser) Submit(t testing.TB, values ...string) *Page {
	t.Helper()
	form := htmltree.First(b.page.root, func(n *html.Node) bool { return n.DataAtom == atom.Form })
	if form == nil {
		t.Fatalf("the page %q has no form", b.page.Heading)
	}
	send := url.Values{}
	for n := range form.Descendants() {
		if n.DataAtom == atom.Input && htmltree.Attr(n, "type") == "hidden" {
			send.Set(htmltree.Attr(n, "name"), htmltree.Attr(n, "value"))
		}
	}
	for i := 0; i < len(values); i += 2 {
		if !slices.ContainsFunc(b.page.Fields, func(f string) bool { return strings.HasPrefix(f, values[i]+" ") }) {
			t.Errorf("the page %q has no field %s, but %v", b.page.Heading, values[i], b.page.Fields)
		}
		send.Set(values[i], values[i+1])
	}
	next, err := b.page.address.Parse(htmltree.Attr(form, "action"))
	if err != nil {
		t.Fatal(err)
	}
	return b.load(t, http.MethodPost, next.String(), send)
}

func (b *Browser) load(t testing.TB, method, address string, form url.Values) *Page {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b.Check != nil {
		b.Check(resp.StatusCode, resp.Header, string(raw))
	}
	p := &Page{Status: resp.StatusCode, Body: string(raw), Fields: Fields(string(raw)), address: resp.Request.URL}
	if p.root, err = html.Parse(strings.NewReader(p.Body)); err != nil {
		t.Fatal(err)
	}
	var alerts []string
	for n := range p.root.Descendants() {
		switch {
		case n.DataAtom == atom.H1 && p.Heading == "":
			p.Heading = strings.Join(strings.Fields(text(n)), " ")
		case htmltree.Attr(n, "role") == "alert":
			alerts = append(alerts, text(n))
		}
	}
	p.Alerts = strings.Join(alerts, " ")
	b.page = p
	return p
}

// Root is the document of the last page.
func (b *Browser) Root() *html.Node { return b.page.root }

// Links are the addresses that the page leads to.
func (p *Page) Links() []string {
	var list []string
	for n := range p.root.Descendants() {
		if n.DataAtom == atom.A {
			list = append(list, htmltree.Attr(n, "href"))
		}
	}
	return list
}
