package dashboard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/dashboard"
	"github.com/idpctl/idpctl/emulator/pages/pagetest"
)

// fake is an emulator that holds what a test wants.
type fake struct {
	overview dashboard.Overview
	mu       sync.Mutex
	seen     []string
}

func (f *fake) Overview(int) dashboard.Overview { return f.overview }

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+r.URL.Path)
	f.mu.Unlock()
	switch r.URL.Path {
	case "/missing":
		w.WriteHeader(http.StatusNotFound)
	case "/nothing": // answered with 200 by net/http
	case "/early":
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
	case "/drop":
		panic(http.ErrAbortHandler)
	default:
		_, _ = fmt.Fprint(w, "hello")
	}
}

// ask sends a request, with a form if there is one.
func ask(h http.Handler, method, target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	w := httptest.NewRecorder()
	func() {
		defer func() { _ = recover() }() // a dropped connection
		h.ServeHTTP(w, r)
	}()
	return w
}

// words are the texts of a page in one line.
func words(w *httptest.ResponseRecorder) string {
	return strings.Join(strings.Fields(regexp.MustCompile(`(?s)<style>.*</style>|<[^>]*>`).ReplaceAllString(w.Body.String(), " ")), " ")
}

func page(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	w := ask(h, "GET", dashboard.Path, nil)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	pagetest.Check(t, w.Code, w.Header(), w.Body.String())
	return w
}

// hostile are names that somebody gave to objects.
var hostile = []string{"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "\u202egnp.exe", "a\x1b[2Jb\x00c", strings.Repeat("x", 5000), "{{.Path}}", "javascript:alert(1)"}

// What somebody else named is text, and no more of it than fits.
func TestHostileNames(t *testing.T) {
	f := &fake{overview: dashboard.Overview{Service: "Example", Sent: 1}}
	users := dashboard.Table{Title: "Users", Columns: []string{"Name", "ID"}, Note: hostile[0]}
	for _, name := range hostile {
		users.Add(100, name, name)
		f.overview.Mails = []dashboard.Mail{{To: name, Subject: name}}
		f.overview.Tables = []dashboard.Table{users}
		h := dashboard.New(f, dashboard.Options{})
		r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
		r.URL.Path, r.Method = "/"+name, name
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(httptest.NewRecorder(), r)
		}()
		body := page(t, h).Body.String()
		for _, bad := range []string{"<script", "<img", "\u202e", "\x1b", "\x00", strings.Repeat("x", 301), "href=\"javascript"} {
			if strings.Contains(body, bad) {
				t.Errorf("the name %.40q is on the page as %q", name, bad)
			}
		}
	}
	if body := page(t, dashboard.New(f, dashboard.Options{})).Body.String(); !strings.Contains(body, "{{.Path}}") || !strings.Contains(body, "&lt;script&gt;") {
		t.Error("the names are not on the page")
	}
}

// The last requests are listed, without what they carried, and not more of
// them than fit.
func TestRequests(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	f := &fake{overview: dashboard.Overview{Service: "Example"}}
	h := dashboard.New(f, dashboard.Options{Now: func() time.Time { now = now.Add(time.Millisecond); return now }})
	if got := words(page(t, h)); !strings.Contains(got, "Requests None yet.") {
		t.Errorf("before: %s", got)
	}
	ask(h, "POST", "/token?key=query-secret", url.Values{"password": {"form-secret"}}, "Authorization", "Bearer header-secret")
	ask(h, "GET", "/missing", nil)
	ask(h, "GET", "/nothing", nil)
	ask(h, "GET", "/drop", nil)
	ask(h, "GET", "/early", nil)
	w := page(t, h)
	for _, want := range []string{"5 so far", "GET /early 418 1.0 ms 12:00:00 GET /drop cut 1.0 ms", "GET /nothing 200 1.0 ms", "GET /missing 404 1.0 ms", "POST /token ?… 200 1.0 ms"} {
		if !strings.Contains(words(w), want) {
			t.Errorf("%q is missing in %s", want, words(w))
		}
	}
	if strings.Contains(w.Body.String(), "secret") {
		t.Error("what a request carried is on the page")
	}
	for i := range 250 {
		ask(h, "GET", fmt.Sprintf("/n%d", i), nil)
	}
	if got := words(page(t, h)); !strings.Contains(got, "255 so far, of which the last 100 are listed") || !strings.Contains(got, "/n249 ") || !strings.Contains(got, "/n150 ") || strings.Contains(got, "/n149 ") {
		t.Errorf("many: %s", got)
	}
	if n := strings.Count(page(t, h).Body.String(), "<code>"); n != 100 {
		t.Errorf("%d rows", n)
	}
	if strings.Join(f.seen[:4], ", ") != "POST /token, GET /missing, GET /nothing, GET /drop" || len(f.seen) != 255 {
		t.Errorf("the emulator saw %d: %v", len(f.seen), f.seen[:4])
	}
}

// The link of a mail is not on the page, and opens through its number.
func TestMails(t *testing.T) {
	f := &fake{overview: dashboard.Overview{Service: "Example", Sent: 7, Mails: []dashboard.Mail{
		{To: "a@x.de", Subject: "first", Link: "https://127.0.0.1/act?key=secret-a"}, {To: "b@x.de", Subject: "second"}, {To: "c@x.de", Subject: "third", Link: "https://127.0.0.1/act?key=secret-c"}}}}
	h := dashboard.New(f, dashboard.Options{})
	w := page(t, h)
	if got := words(w); !strings.Contains(got, "7 so far") || !strings.Contains(got, "c@x.de third Open – b@x.de second – – a@x.de first Open") || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the page says %s", got)
	}
	for n, want := range map[string]string{"7": "https://127.0.0.1/act?key=secret-c", "5": "https://127.0.0.1/act?key=secret-a", "6": "", "4": "", "8": "", "x": ""} {
		w := ask(h, "GET", dashboard.Path+"mail/"+n, nil)
		if got := w.Header().Get("Location"); got != want || (w.Code == http.StatusFound) != (want != "") || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("mail %s: %d %s", n, w.Code, got)
		}
	}
}

// Faults are added, do what they say, and are removed again.
func TestFaults(t *testing.T) {
	f := &fake{overview: dashboard.Overview{Service: "Example"}}
	h := dashboard.New(f, dashboard.Options{})
	add := func(kind, scope, part, times string) *httptest.ResponseRecorder {
		return ask(h, "POST", dashboard.Path+"faults", url.Values{"kind": {kind}, "scope": {scope}, "part": {part}, "times": {times}})
	}
	if w := add("503", "changes", "/users", "2"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != dashboard.Path+"#faults" {
		t.Fatalf("adding: %d %s", w.Code, w.Body)
	}
	add("403", "reads", "/a.b", "")
	for _, tt := range []struct {
		method, path string
		want         int
	}{{"GET", "/users", 200}, {"POST", "/groups", 200}, {"POST", "/users/1", 503}, {"PUT", "/users/1", 503}, {"PUT", "/users/1", 200}, {"GET", "/a.b", 403}, {"GET", "/aXb", 200}} {
		if w := ask(h, tt.method, tt.path, nil); w.Code != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, w.Code, tt.want)
		}
	}
	w := page(t, h)
	for _, want := range []string{"Answer 503, retry after 1 s, requests that change something and have /users in their path 2 of 2 done", "Answer 403, requests that only read and have /a.b in their path every time, 1 so far"} {
		if !strings.Contains(words(w), want) {
			t.Errorf("%q is missing in %s", want, words(w))
		}
	}
	ask(h, "POST", dashboard.Path+"faults/clear", url.Values{"n": {"2"}})
	if got := words(page(t, h)); strings.Contains(got, "Answer 403, requests") || !strings.Contains(got, "2 of 2 done") || ask(h, "GET", "/a.b", nil).Code != 200 {
		t.Errorf("after the second was removed: %s", got)
	}
	add("drop", "all", "", "")
	if w := ask(h, "GET", dashboard.Path, nil); w.Code != 200 {
		t.Errorf("the dashboard is touched by faults: %d", w.Code)
	}
	ask(h, "POST", dashboard.Path+"faults/clear", url.Values{})
	if got := words(page(t, h)); !strings.Contains(got, "None: everything is answered") {
		t.Errorf("after all were removed: %s", got)
	}
}

// What is wrong in the form is said, and nothing is added.
func TestFaultsRefused(t *testing.T) {
	f := &fake{overview: dashboard.Overview{Service: "Example"}}
	h := dashboard.New(f, dashboard.Options{})
	for _, tt := range []struct{ kind, scope, part, times, want string }{
		{"503", "all", "", "x", "Write a whole number"}, {"503", "all", "", "-1", "Write a whole number"}, {"503", "all", "", "1000001", "Write a whole number"},
		{"nope", "all", "", "", "The form is not complete"}, {"503", "nope", "", "", "The form is not complete"},
		{"503", "all", strings.Repeat("p", 201), "1", "Write at most 200 characters"}, {"503", "all", strings.Repeat("p", 201), "x", "Write a whole number"},
		{"503", "all", strings.Repeat("p", 20<<10), "1", "could not be read"},
	} {
		w := ask(h, "POST", dashboard.Path+"faults", url.Values{"kind": {tt.kind}, "scope": {tt.scope}, "part": {tt.part}, "times": {tt.times}})
		if w.Code < 400 || !strings.Contains(words(w), tt.want) {
			t.Errorf("%.60v: %d %s", tt, w.Code, words(w))
		}
		pagetest.Check(t, w.Code, w.Header(), w.Body.String())
	}
	if got := words(page(t, h)); !strings.Contains(got, "None: everything is answered") {
		t.Error("something was added")
	}
	good := url.Values{"kind": {"500"}, "scope": {"all"}, "part": {"/x"}}
	for range 20 {
		ask(h, "POST", dashboard.Path+"faults", good)
	}
	if w := ask(h, "POST", dashboard.Path+"faults", good); w.Code != http.StatusUnprocessableEntity || !strings.Contains(words(w), "There are 20 faults already") {
		t.Errorf("one more than fit: %d", w.Code)
	}
}

// Nobody but a person on this machine: no other name, no form of another page.
func TestOnlyHere(t *testing.T) {
	f := &fake{overview: dashboard.Overview{Service: "Example"}}
	h := dashboard.New(f, dashboard.Options{})
	for host, want := range map[string]int{"127.0.0.1:8080": 200, "localhost": 200, "LOCALHOST:1": 200, "[::1]:8080": 200, "idp.localhost:80": 200,
		"evil.example": 403, "evil.example:8080": 403, "localhost.evil.example": 403, "192.0.2.1": 403, "": 403, "notlocalhost": 403} {
		if w := ask(h, "GET", dashboard.Path, nil, "Host", host); w.Code != want {
			t.Errorf("%q: %d", host, w.Code)
		} else {
			pagetest.Check(t, w.Code, w.Header(), w.Body.String())
		}
	}
	good := url.Values{"kind": {"500"}, "scope": {"all"}}
	for _, site := range []string{"cross-site", "same-site"} {
		if w := ask(h, "POST", dashboard.Path+"faults", good, "Sec-Fetch-Site", site, "Origin", "https://evil.example"); w.Code != http.StatusForbidden {
			t.Errorf("a form of %s: %d", site, w.Code)
		}
	}
	if w := ask(h, "POST", dashboard.Path+"faults", good, "Sec-Fetch-Site", "", "Origin", "null"); w.Code != http.StatusForbidden {
		t.Errorf("a form of nowhere: %d", w.Code)
	}
	if got := words(page(t, h)); !strings.Contains(got, "None: everything is answered") {
		t.Error("another page set a fault")
	}
}

// What belongs to the dashboard never reaches the emulator, and the reverse.
func TestPaths(t *testing.T) {
	f := &fake{overview: dashboard.Overview{Service: "Example"}}
	h := dashboard.New(f, dashboard.Options{})
	if w := ask(h, "GET", "/_emulator", nil); w.Header().Get("Location") != dashboard.Path {
		t.Errorf("without a slash: %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"nope", "faults", "mail/"} {
		if w := ask(h, "GET", dashboard.Path+path, nil); w.Code != 404 && w.Code != 405 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if len(f.seen) != 0 {
		t.Errorf("the emulator saw %v", f.seen)
	}
	if w := ask(h, "GET", "/_emulators", nil); w.Body.String() != "hello" {
		t.Errorf("/_emulators: %s", w.Body)
	}
	w := ask(h, "GET", dashboard.Path+"?refresh=5", nil)
	pagetest.Check(t, w.Code, w.Header(), w.Body.String())
	if !strings.Contains(w.Body.String(), `<meta http-equiv="refresh" content="5">`) || strings.Contains(page(t, h).Body.String(), "http-equiv") {
		t.Error("the page refreshes itself when it should not, or not when it should")
	}
}

// A table has a bound, and says what it leaves out.
func TestLongTable(t *testing.T) {
	users := dashboard.Table{Title: "Users", Columns: []string{"Name"}}
	for i := range 12 {
		users.Add(10, fmt.Sprintf("user %d", i))
	}
	f := &fake{overview: dashboard.Overview{Service: "Example", Tables: []dashboard.Table{users}}}
	if got := words(page(t, dashboard.New(f, dashboard.Options{}))); !strings.Contains(got, "12 Users") || !strings.Contains(got, "The first 10 of 12") || strings.Contains(got, "user 10") {
		t.Errorf("the page says %s", got)
	}
}

// Requests, faults and the page itself at the same time.
func TestConcurrent(t *testing.T) {
	h := dashboard.New(&fake{overview: dashboard.Overview{Service: "Example"}}, dashboard.Options{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 30 {
				ask(h, "GET", "/x", nil)
				ask(h, "POST", dashboard.Path+"faults", url.Values{"kind": {"500"}, "scope": {"reads"}, "times": {"1"}})
				ask(h, "GET", dashboard.Path, nil)
				ask(h, "POST", dashboard.Path+"faults/clear", url.Values{})
			}
		})
	}
	all.Wait()
	if got := words(page(t, h)); !strings.Contains(got, "240 so far") {
		t.Errorf("the page says %s", got)
	}
}
