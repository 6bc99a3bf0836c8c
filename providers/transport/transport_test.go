package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/providers"
)

// answers is a handler that gives one answer after the other, the last again
// and again; 0 means: take the request and hang up.
func answers(seen *atomic.Int64, statuses ...int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := int(seen.Add(1))
		status := statuses[min(n, len(statuses))-1]
		_, _ = io.Copy(io.Discard, r.Body)
		if status == 0 {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "answer %d", n)
	}
}

func send(tr *Transport, ctx context.Context, method string) (*http.Response, error) {
	var body io.Reader
	if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		body = strings.NewReader("body of the request")
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://idp.test/path?secret=canary", body)
	if err != nil {
		return nil, err
	}
	return tr.RoundTrip(req)
}

// What is repeated, and what the class is when it does not help.
func TestRetryPolicy(t *testing.T) {
	plain := func(ctx context.Context) context.Context { return ctx }
	for _, c := range []struct {
		name     string
		method   string
		ctx      func(context.Context) context.Context
		statuses []int
		want     int // status, 0 for an error
		class    providers.Class
		requests int64
	}{
		{"get, first answer", "GET", plain, []int{200}, 200, 0, 1},
		{"get after 503", "GET", plain, []int{503, 502, 504, 200}, 200, 0, 4},
		{"get after a lost connection", "GET", plain, []int{0, 0, 200}, 200, 0, 3},
		{"get after 429", "GET", plain, []int{429, 200}, 200, 0, 2},
		{"get, 503 for ever", "GET", plain, []int{503}, 0, providers.Unavailable, maxTries},
		{"get, 500", "GET", plain, []int{500}, 0, providers.Unavailable, 1},
		{"get, 429 for ever", "GET", plain, []int{429}, 0, providers.Throttled, maxTries},
		{"get, lost for ever", "GET", plain, []int{0}, 0, providers.Unreachable, maxTries},
		{"get, 404 is an answer", "GET", plain, []int{404}, 404, 0, 1},
		{"put after a lost connection", "PUT", plain, []int{0, 204}, 204, 0, 2},
		{"put, 503 for ever", "PUT", plain, []int{503}, 0, providers.Ambiguous, maxTries},
		{"delete after 503", "DELETE", plain, []int{503, 404}, 404, 0, 2},
		{"put not to be repeated, lost", "PUT", NoRetry, []int{0, 204}, 0, providers.Ambiguous, 1},
		{"put not to be repeated, 503", "PUT", NoRetry, []int{503, 204}, 0, providers.Ambiguous, 1},
		{"put not to be repeated, 429", "PUT", NoRetry, []int{429, 204}, 204, 0, 2},
		{"post after 429", "POST", plain, []int{429, 429, 201}, 201, 0, 3},
		{"post, 429 for ever", "POST", plain, []int{429}, 0, providers.Throttled, maxTries},
		{"post, lost", "POST", plain, []int{0, 201}, 0, providers.Ambiguous, 1},
		{"post, 503", "POST", plain, []int{503, 201}, 0, providers.Ambiguous, 1},
		{"post, 500", "POST", plain, []int{500, 201}, 0, providers.Ambiguous, 1},
		{"patch, 502", "PATCH", plain, []int{502, 200}, 0, providers.Ambiguous, 1},
		{"post, 409 is an answer", "POST", plain, []int{409}, 409, 0, 1},
		{"idempotent post, lost", "POST", Idempotent, []int{0, 503, 204}, 204, 0, 3},
		{"idempotent post, 503 for ever", "POST", Idempotent, []int{503}, 0, providers.Ambiguous, maxTries},
		{"sign-in, lost", "POST", Harmless, []int{0, 503, 200}, 200, 0, 3},
		{"sign-in, 503 for ever", "POST", Harmless, []int{503}, 0, providers.Unavailable, maxTries},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var seen atomic.Int64
				l := serve(t, answers(&seen, c.statuses...), nil)
				tr := New(Options{Server: "Test", DialContext: l.Dial})
				defer tr.CloseIdleConnections()
				resp, err := send(tr, c.ctx(t.Context()), c.method)
				if c.want != 0 {
					if err != nil || resp.StatusCode != c.want {
						t.Fatalf("got %v, %v; want status %d", resp, err, c.want)
					}
				} else {
					var e *providers.Error
					if !errors.As(err, &e) || e.Class != c.class {
						t.Fatalf("got error %v (class %d), want class %d", err, providers.ClassOf(err), c.class)
					}
					if strings.Contains(err.Error(), "canary") {
						t.Errorf("the error holds the query: %v", err)
					}
				}
				if seen.Load() != c.requests || tr.Requests() != c.requests {
					t.Errorf("%d requests arrived and %d were counted, want %d", seen.Load(), tr.Requests(), c.requests)
				}
			})
		})
	}
}

// The body of the request is whole at every try.
func TestRetryBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		l := serve(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(b))
			if len(bodies) < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}, nil)
		tr := New(Options{DialContext: l.Dial})
		defer tr.CloseIdleConnections()
		if _, err := send(tr, t.Context(), "PUT"); err != nil {
			t.Fatal(err)
		}
		for _, b := range bodies {
			if b != "body of the request" {
				t.Errorf("body %q", b)
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name, value string
		status      int
		want        time.Duration // least wait; the most is 1 s more
	}{
		{"seconds", "90", 429, 90 * time.Second},
		{"seconds with 503", "7", 503, 7 * time.Second},
		{"date", "date+40s", 429, 40 * time.Second},
		{"nonsense", "soon", 429, 200 * time.Millisecond},
		{"negative", "-5", 429, 200 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n int
				l := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					// The server's clock is an hour ahead: a date means what it means there.
					now := time.Now().Add(time.Hour)
					w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
					if n++; n == 1 {
						v := c.value
						if rest, ok := strings.CutPrefix(v, "date+"); ok {
							d, _ := time.ParseDuration(rest)
							v = now.Add(d).UTC().Format(http.TimeFormat)
						}
						w.Header().Set("Retry-After", v)
						w.WriteHeader(c.status)
					}
				}, nil)
				var waits []time.Duration
				tr := New(Options{Server: "Test", DialContext: l.Dial, Config: providers.Config{
					Wait: func(_ string, d time.Duration) { waits = append(waits, d) },
				}})
				defer tr.CloseIdleConnections()
				start := time.Now()
				if _, err := send(tr, t.Context(), "GET"); err != nil {
					t.Fatal(err)
				}
				took := time.Since(start)
				if took < c.want || took > c.want+time.Second {
					t.Errorf("waited %s, want %s", took, c.want)
				}
				if len(waits) != 1 || waits[0] != took {
					t.Errorf("told to wait %v, waited %s", waits, took)
				}
				if d := time.Until(tr.Clock().Now()); d < 59*time.Minute || d > time.Hour {
					t.Errorf("the server's clock is %s ahead, want an hour", d)
				}
			})
		})
	}
}

// A server that asks for more patience than there is gets none.
func TestRetryAfterTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}, nil)
		tr := New(Options{Server: "Test", DialContext: l.Dial})
		defer tr.CloseIdleConnections()
		start := time.Now()
		_, err := send(tr, t.Context(), "POST")
		var e *providers.Error
		if !errors.As(err, &e) || e.Class != providers.Throttled || e.RetryAfter != time.Hour || e.Status != 429 {
			t.Errorf("got %#v", err)
		}
		if time.Since(start) != 0 {
			t.Errorf("waited %s", time.Since(start))
		}
	})
}

// After 429 nothing else is sent before the time is over either.
func TestThrottleHoldsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var first atomic.Bool
		start := time.Now()
		var mu sync.Mutex
		var late []time.Duration
		l := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if first.CompareAndSwap(false, true) {
				w.Header().Set("Retry-After", "20")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			mu.Lock()
			late = append(late, time.Since(start))
			mu.Unlock()
		}, nil)
		tr := New(Options{Server: "Test", DialContext: l.Dial, Config: providers.Config{Parallelism: 4}})
		defer tr.CloseIdleConnections()
		go func() { _, _ = send(tr, t.Context(), "GET") }()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { _, _ = send(tr, t.Context(), "POST") })
		}
		wg.Wait()
		synctest.Wait()
		for _, d := range late {
			if d < 20*time.Second {
				t.Errorf("a request was sent after %s", d)
			}
		}
	})
}

func TestParallelism(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		l := serve(t, func(http.ResponseWriter, *http.Request) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second)
			now.Add(-1)
		}, nil)
		tr := New(Options{DialContext: l.Dial, Config: providers.Config{Parallelism: 3}})
		defer tr.CloseIdleConnections()
		start := time.Now()
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				if _, err := send(tr, t.Context(), "GET"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if most.Load() != 3 || time.Since(start) != 4*time.Second {
			t.Errorf("%d at once, %s in all; want 3 and 4s", most.Load(), time.Since(start))
		}
	})
}

func TestTimeout(t *testing.T) {
	for _, c := range []struct {
		method string
		class  providers.Class
		tries  int64
	}{
		{"GET", providers.Unreachable, 5}, // 5 × 30 s: the next would pass the budget
		{"POST", providers.Ambiguous, 1},
	} {
		t.Run(c.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := serve(t, func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					// The beginning of an answer, and no end.
					w.Header().Set("Content-Length", "100")
					w.WriteHeader(200)
					w.(http.Flusher).Flush()
					<-r.Context().Done()
				}, nil)
				tr := New(Options{Server: "Test", DialContext: l.Dial, Timeout: 30 * time.Second})
				defer tr.CloseIdleConnections()
				_, err := send(tr, t.Context(), c.method)
				if providers.ClassOf(err) != c.class {
					t.Errorf("got %v", err)
				}
				if tr.Requests() > c.tries || tr.Requests() == 0 {
					t.Errorf("%d requests, want at most %d", tr.Requests(), c.tries)
				}
			})
		})
	}
}

func TestInterrupted(t *testing.T) {
	for _, c := range []struct {
		method string
		class  providers.Class
	}{{"GET", providers.NotAttempted}, {"POST", providers.Ambiguous}} {
		t.Run(c.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := serve(t, func(_ http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body) // or the server does not see the hang-up
					<-r.Context().Done()
				}, nil)
				tr := New(Options{DialContext: l.Dial})
				defer tr.CloseIdleConnections()
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				_, err := send(tr, ctx, c.method)
				if providers.ClassOf(err) != c.class {
					t.Errorf("under way: got %v", err)
				}
				_, err = send(tr, ctx, c.method)
				if providers.ClassOf(err) != providers.NotAttempted || !errors.Is(err, context.Canceled) {
					t.Errorf("before it began: got %v", err)
				}
				if tr.Requests() != 1 {
					t.Errorf("%d requests, want 1", tr.Requests())
				}
			})
		})
	}
}

// No connection: nothing was sent, so even a POST is tried again, a few times.
func TestUnreachable(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		tries int
		want  string
	}{
		{"refused", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, dialTries, "connection refused"},
		{"no such host", &net.DNSError{Err: "no such host", Name: "idp.test", IsNotFound: true}, 1, "no such host"},
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(c.name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tries := 0
					tr := New(Options{Server: "Test", DialContext: func(context.Context, string, string) (net.Conn, error) {
						tries++
						return nil, c.err
					}})
					_, err := send(tr, t.Context(), method)
					if providers.ClassOf(err) != providers.Unreachable || !strings.Contains(err.Error(), c.want) ||
						!strings.Contains(err.Error(), "http://idp.test") {
						t.Errorf("got %v", err)
					}
					if tries != c.tries {
						t.Errorf("%d tries, want %d", tries, c.tries)
					}
				})
			})
		}
	}
}

func TestMaxBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2000)) }, nil)
		tr := New(Options{DialContext: l.Dial, MaxBody: 1999})
		defer tr.CloseIdleConnections()
		_, err := send(tr, t.Context(), "GET")
		if err == nil || !strings.Contains(err.Error(), "larger") || tr.Requests() != 1 {
			t.Errorf("got %v after %d requests", err, tr.Requests())
		}
		tr.opts.MaxBody = 2000
		resp, err := send(tr, t.Context(), "GET")
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(resp.Body); len(b) != 2000 {
			t.Errorf("%d bytes", len(b))
		}
	})
}

// The log has every attempt, and no value of the query, header or body.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen atomic.Int64
		l := serve(t, answers(&seen, 0, 503, 200), nil)
		var got []string
		tr := New(Options{Server: "Test", DialContext: l.Dial, Config: providers.Config{
			UserAgent: "idpctl/test",
			Log: func(e providers.RequestLog) {
				got = append(got, fmt.Sprintf("%s %s %d %d %v", e.Method, e.URL, e.Status, e.Attempt, e.Err))
			},
		}})
		defer tr.CloseIdleConnections()
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "http://idp.test/a%2Fb?email=canary&exact=canary", nil)
		req.Header.Set("Authorization", "Bearer canary")
		if _, err := tr.RoundTrip(req); err != nil {
			t.Fatal(err)
		}
		u := "GET http://idp.test/a%2Fb?email&exact "
		want := []string{u + "0 1 connection closed by the server", u + "503 2 <nil>", u + "200 3 <nil>"}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s", strings.Join(got, "\n"))
		}
	})
}

func TestUserAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var agent string
		l := serve(t, func(_ http.ResponseWriter, r *http.Request) { agent = r.UserAgent() }, nil)
		tr := New(Options{DialContext: l.Dial, Config: providers.Config{UserAgent: "idpctl/1.2"}})
		defer tr.CloseIdleConnections()
		if _, err := send(tr, t.Context(), "GET"); err != nil || agent != "idpctl/1.2" {
			t.Errorf("agent %q, %v", agent, err)
		}
	})
}

func TestResponseErrorKeepsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			_, _ = w.Write([]byte(`{"errorMessage":"canary"}`))
		}, nil)
		tr := New(Options{DialContext: l.Dial})
		defer tr.CloseIdleConnections()
		_, err := send(tr, t.Context(), "POST")
		var re *ResponseError
		if !errors.As(err, &re) || re.Status != 500 || !strings.Contains(string(re.Body), "canary") {
			t.Fatalf("got %#v", err)
		}
		if strings.Contains(err.Error()+re.Error(), "canary") {
			t.Error("the texts hold the body")
		}
	})
}

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Clock
		if c.Known() || !c.Now().Equal(time.Now()) {
			t.Error("an unset clock does not show the local time")
		}
		server := func() time.Time { return time.Now().Add(-time.Hour) }
		c.Observe(server().Add(-900 * time.Millisecond)) // whole seconds only
		time.Sleep(10 * time.Second)
		c.Observe(server().Add(-100 * time.Millisecond))
		time.Sleep(time.Minute)
		c.Observe(server().Add(-500 * time.Millisecond))
		if got := server().Sub(c.Now()); got != 100*time.Millisecond {
			t.Errorf("the clock is off by %s, want 100ms", got)
		}
	})
}

func TestLoadCAs(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, filepath.Join(t.TempDir(), "absent.pem")} {
		_, err := LoadCAs(file, "ca_file")
		var e *providers.Error
		if !errors.As(err, &e) || e.Class != providers.Invalid || e.Attribute != "ca_file" {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

func TestLogURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://user:canary@IDP.test/a/b?c=canary&a=canary&c=2#canary": "https://IDP.test/a/b?a&c",
		"http://idp.test:8080/x%2Fy":                                    "http://idp.test:8080/x%2Fy",
		"https://idp.test/?%1b[31m=1":                                   "https://idp.test/?%1B%5B31m",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := LogURL(u); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}
