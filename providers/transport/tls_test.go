package transport

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/providers"
)

func TestTLS(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		name, host string
		from, to   time.Duration
		trusted    bool
		want       string
	}{
		{"good", "idp.test", -day, day, true, ""},
		{"unknown authority", "idp.test", -day, day, false, "not trusted here. Set ca_file"},
		{"expired", "idp.test", -2 * day, -day, true, "expired on 1999-12-31"},
		{"not yet valid", "idp.test", day, 2 * day, true, "is not valid before 2000-01-02"},
		{"wrong host", "other.test", -day, day, true, "is not for idp.test but for: other.test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cert, pool := mint(t, c.host, time.Now().Add(c.from), time.Now().Add(c.to))
				if !c.trusted {
					_, pool = mint(t, c.host, time.Now(), time.Now())
				}
				l := serve(t, func(http.ResponseWriter, *http.Request) {}, cert)
				tr := New(Options{Server: "Test", DialContext: l.Dial, RootCAs: pool, CAHint: "ca_file"})
				defer tr.CloseIdleConnections()
				req, _ := http.NewRequestWithContext(t.Context(), "POST", "https://idp.test/", strings.NewReader("x"))
				_, err := tr.RoundTrip(req)
				if c.want == "" {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				if providers.ClassOf(err) != providers.Unreachable || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v", err)
				}
				if tr.Requests() != 1 {
					t.Errorf("%d requests, want 1", tr.Requests())
				}
			})
		})
	}
}

func TestPlainInsteadOfTLS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := serve(t, func(http.ResponseWriter, *http.Request) {}, nil)
		for _, only := range []bool{false, true} {
			tr := New(Options{DialContext: l.Dial, TLSOnly: only})
			defer tr.CloseIdleConnections()
			req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://idp.test/", nil)
			_, err := tr.RoundTrip(req)
			if providers.ClassOf(err) != providers.Unreachable || !strings.Contains(err.Error(), "does not speak TLS") || strings.Contains(err.Error(), "write http://") == only {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestRedirects(t *testing.T) {
	for _, c := range []struct {
		name, method, to string
		status           int
		refused          bool
	}{
		{"same origin", "GET", "/other", 302, false},
		{"same origin, port written out", "GET", "http://idp.test:80/other", 307, false},
		{"other host", "GET", "http://evil.test/", 302, true},
		{"other scheme", "GET", "https://idp.test/", 301, true},
		{"other port", "POST", "http://idp.test:8080/", 307, true},
		{"post that would become a get", "POST", "/other", 302, true},
		{"post that stays one", "POST", "/other", 308, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := serve(t, func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/path" {
						w.Header().Set("Location", c.to)
						w.WriteHeader(c.status)
					}
				}, nil)
				tr := New(Options{DialContext: l.Dial, URLHint: "endpoint"})
				defer tr.CloseIdleConnections()
				req, _ := http.NewRequestWithContext(t.Context(), c.method, "http://idp.test/path", nil)
				resp, err := (&http.Client{Transport: tr}).Do(req)
				if c.refused {
					var e *providers.Error
					if !errors.As(err, &e) || e.Class != providers.Unreachable || !strings.Contains(err.Error(), "redirect") || !strings.Contains(err.Error(), "Set endpoint to") {
						t.Errorf("got %v, %v", resp, err)
					}
					if tr.Requests() != 1 {
						t.Errorf("%d requests, want 1", tr.Requests())
					}
				} else if err != nil || resp.StatusCode != 200 || resp.Request.Method != c.method {
					t.Errorf("got %v, %v", resp, err)
				}
			})
		})
	}
}
