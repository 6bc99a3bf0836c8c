package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/memnet"
)

// origin is a server that remembers what reached it.
type origin struct {
	mu   sync.Mutex
	seen []string
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	o.seen = append(o.seen, r.Method+" "+r.URL.Path+" "+string(body))
	o.mu.Unlock()
	w.Header().Set("Location", "http://"+r.Host+"/made")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"answer":"0123456789"}`)
}

func (o *origin) requests() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.seen, ";")
}

// answer is what a client got.
type answer struct {
	status int
	body   string
	header http.Header
	err    error
}

func do(t *testing.T, c *http.Client, method, path, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://host.test"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, string(b), resp.Header, err}
}

// setups are an injector in front of a handler, and one in front of a server.
func setups(t *testing.T, f func(t *testing.T, i *fault.Injector, c *http.Client, o *origin)) {
	t.Run("handler", func(t *testing.T) {
		o := &origin{}
		i := fault.New(o)
		c, stop := memnet.Serve(i)
		defer stop()
		f(t, i, c, o)
	})
	t.Run("proxy", func(t *testing.T) {
		o := &origin{}
		server := httptest.NewServer(o)
		defer server.Close()
		target, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		i := fault.NewProxy(target)
		defer i.Close()
		c, stop := memnet.Serve(i)
		defer stop()
		f(t, i, c, o)
	})
}

const made = `{"answer":"0123456789"}`

func TestActions(t *testing.T) {
	tests := []struct {
		name    string
		action  fault.Action
		status  int
		body    string // of the answer
		err     error
		reaches bool // the server does it
	}{
		{"status", fault.Status(503, `{"error":"busy"}`, http.Header{"Retry-After": {"7"}}), 503, `{"error":"busy"}`, nil, false},
		{"html", fault.HTML(), 200, "Sign in to the network", nil, false},
		{"drop before", fault.DropBefore(), 0, "", io.EOF, false},
		{"commit, then drop", fault.CommitThenDrop(), 0, "", io.EOF, true},
		{"truncate", fault.Truncate(5), 201, made[:5], io.ErrUnexpectedEOF, true},
		{"truncate nothing", fault.Truncate(100), 201, made, nil, true},
		{"before", fault.Before(func(int) {}), 201, made, nil, true},
		{"after", fault.After(func(int) {}), 201, made, nil, true},
	}
	setups(t, func(t *testing.T, i *fault.Injector, c *http.Client, o *origin) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				i.Reset()
				o.seen = nil
				i.Add(fault.Rule{Method: "POST", Times: 1, Do: tt.action})
				got := do(t, c, "POST", "/things", "x")
				if got.status != tt.status || !strings.Contains(got.body, tt.body) || !errors.Is(got.err, tt.err) || (got.err != nil) != (tt.err != nil) {
					t.Errorf("got %+v", got)
				}
				if reached := o.requests() == "POST /things x"; reached != tt.reaches {
					t.Errorf("reached the server: %v", o.requests())
				}
				switch tt.name {
				case "status":
					if got.header.Get("Retry-After") != "7" || got.header.Get("Content-Type") != "application/json" {
						t.Errorf("headers %v", got.header)
					}
				case "html":
					if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
						t.Errorf("headers %v", got.header)
					}
				}
				// The rule was for one request; the next one passes, with the
				// host that the client asked for.
				got = do(t, c, "POST", "/things", "y")
				if got.status != 201 || got.body != made || got.header.Get("Location") != "http://host.test/made" {
					t.Errorf("the next request got %+v", got)
				}
			})
		}
	})
}

func TestRules(t *testing.T) {
	refuse := fault.Status(500, "", nil)
	tests := []struct {
		name string
		rule fault.Rule
		want string // the statuses of the requests below
	}{
		{"all", fault.Rule{Do: refuse}, "500 500 500 500 500 500"},
		{"method", fault.Rule{Method: "POST", Do: refuse}, "201 500 500 201 500 201"},
		{"path", fault.Rule{Path: regexp.MustCompile(`/users$`), Do: refuse}, "500 201 500 201 500 201"},
		{"mutating", fault.Rule{Mutating: true, Do: refuse}, "201 201 500 500 500 201"},
		{"second mutation", fault.Rule{Mutation: 2, Do: refuse}, "201 201 201 500 201 201"},
		{"twice", fault.Rule{Method: "POST", Times: 2, Do: refuse}, "201 500 500 201 201 201"},
		{"after two", fault.Rule{Method: "POST", Skip: 2, Do: refuse}, "201 201 201 201 500 201"},
	}
	requests := []string{"GET /users", "POST /realms/r/protocol/openid-connect/token", "POST /users", "PUT /users/1", "POST /users", "GET /users/1"}
	setups(t, func(t *testing.T, i *fault.Injector, c *http.Client, _ *origin) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				i.Reset()
				remove := i.Add(tt.rule)
				var got []string
				for _, r := range requests {
					method, path, _ := strings.Cut(r, " ")
					got = append(got, map[int]string{201: "201", 500: "500"}[do(t, c, method, path, "").status])
				}
				if s := strings.Join(got, " "); s != tt.want {
					t.Errorf("got %s, want %s", s, tt.want)
				}
				remove()
				if got := do(t, c, "POST", "/users", ""); got.status != 201 {
					t.Errorf("after its removal: %+v", got)
				}
				if n := i.Mutations(); n != 4 {
					t.Errorf("%d mutations", n)
				}
				if n := i.Count("POST", regexp.MustCompile("^/users$")); n != 3 {
					t.Errorf("%d requests", n)
				}
				if n := i.Counts()[fault.Request{Method: "GET", Path: "/users/1"}]; n != 1 {
					t.Errorf("%d requests for one user", n)
				}
			})
		}
	})
}

// TestCallbacks checks what has happened when a callback is called.
func TestCallbacks(t *testing.T) {
	setups(t, func(t *testing.T, i *fault.Injector, c *http.Client, o *origin) {
		var calls []string
		i.Add(fault.Rule{Mutating: true, Do: fault.Before(func(n int) {
			calls = append(calls, "before "+string(rune('0'+n))+": "+o.requests())
		})})
		i.Add(fault.Rule{Mutating: true, Do: fault.After(func(n int) {
			calls = append(calls, "after "+string(rune('0'+n))+": "+o.requests())
		})})
		do(t, c, "GET", "/a", "")
		do(t, c, "POST", "/b", "")
		do(t, c, "DELETE", "/c", "")
		want := "before 1: GET /a ; after 1: GET /a ;POST /b ; before 2: GET /a ;POST /b ; after 2: GET /a ;POST /b ;DELETE /c "
		if got := strings.Join(calls, "; "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestDelay waits under a virtual clock, and ends when the client gives up.
func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &origin{}
		i := fault.New(o)
		c, stop := memnet.Serve(i)
		defer stop()
		i.Add(fault.Rule{Do: fault.Delay(time.Hour)})
		begin := time.Now()
		if got := do(t, c, "POST", "/x", ""); got.status != 201 || time.Since(begin) != time.Hour {
			t.Errorf("after %s: %+v", time.Since(begin), got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://host.test/y", nil)
		resp, err := c.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(o.requests(), "/y") {
			t.Errorf("error %v, requests %s", err, o.requests())
		}
	})
}

// TestConcurrent adds and removes rules while requests pass.
func TestConcurrent(t *testing.T) {
	i := fault.New(&origin{})
	c, stop := memnet.Serve(i)
	defer stop()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				remove := i.Add(fault.Rule{Method: "PUT", Times: 1, Do: fault.Status(500, "", nil)})
				do(t, c, "POST", "/x", "")
				remove()
				i.Counts()
			}
		})
	}
	all.Wait()
	if n := i.Mutations(); n != 160 {
		t.Errorf("%d mutations", n)
	}
}

// TestUnreachable stands in front of nothing.
func TestUnreachable(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	target, _ := url.Parse(server.URL)
	server.Close()
	i := fault.NewProxy(target)
	defer i.Close()
	c, stop := memnet.Serve(i)
	defer stop()
	if got := do(t, c, "GET", "/", ""); got.status != http.StatusBadGateway {
		t.Errorf("got %+v", got)
	}
}

// The rules tell what they did, and a server that runs for long keeps no counts.
func TestRulesAreListed(t *testing.T) {
	i := fault.New(&origin{})
	i.Uncounted = true
	c, stop := memnet.Serve(i)
	defer stop()
	remove := i.Add(fault.Rule{Name: "first", Method: "POST", Skip: 1, Times: 1, Do: fault.Status(500, "", nil)})
	i.Add(fault.Rule{Name: "second", Do: fault.Status(501, "", nil)})
	for range 3 {
		do(t, c, "POST", "/x", "")
	}
	do(t, c, "GET", "/y", "")
	var got []string
	for _, r := range i.Rules() {
		got = append(got, fmt.Sprintf("%s %d %d", r.Name, r.Seen, r.Used))
	}
	if s := strings.Join(got, ", "); s != "first 2 1, second 4 4" {
		t.Errorf("rules %s", s)
	}
	if remove(); len(i.Rules()) != 1 {
		t.Errorf("rules after one was removed: %v", i.Rules())
	}
	if n := len(i.Counts()); n != 0 || i.Mutations() != 3 {
		t.Errorf("%d counts, %d mutations", n, i.Mutations())
	}
}
