package keycloak

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
)

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		name      string
		vals      map[string]string
		attribute string // that is refused; "-" for none
	}{
		{"password", map[string]string{"url": "https://sso.test", "username": "a", "password": "b"}, "-"},
		{"service account", map[string]string{"url": "https://sso.test/auth/", "client_id": "a", "client_secret": "b"}, "-"},
		{"password at a confidential client", map[string]string{"url": "https://sso.test", "username": "a", "password": "b", "client_id": "c", "client_secret": "d"}, "-"},
		{"no url", map[string]string{"username": "a", "password": "b"}, "url"},
		{"not a url", map[string]string{"url": "sso.test", "username": "a", "password": "b"}, "url"},
		{"another scheme", map[string]string{"url": "ftp://sso.test", "username": "a", "password": "b"}, "url"},
		{"credentials in the url", map[string]string{"url": "https://a:canary@sso.test", "username": "a", "password": "b"}, "url"},
		{"a query", map[string]string{"url": "https://sso.test?a=b", "username": "a", "password": "b"}, "url"},
		{"no credentials", map[string]string{"url": "https://sso.test"}, ""},
		{"no password", map[string]string{"url": "https://sso.test", "username": "a"}, "password"},
		{"no username", map[string]string{"url": "https://sso.test", "password": "canary"}, "username"},
		{"no secret", map[string]string{"url": "https://sso.test", "client_id": "a"}, "client_secret"},
		{"no client", map[string]string{"url": "https://sso.test", "client_secret": "canary"}, "client_id"},
		{"a realm that is a path", map[string]string{"url": "https://sso.test", "username": "a", "password": "b", "realm": "a/../b"}, "realm"},
		{"a CA file that is not there", map[string]string{"url": "https://sso.test", "username": "a", "password": "b", "ca_file": "/nowhere.pem"}, "ca_file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			vals := map[string]cty.Value{}
			for k, v := range c.vals {
				vals[k] = s(v)
			}
			_, err := New().Open(t.Context(), providers.Config{Attrs: blockOf(vals), Parallelism: 1})
			if c.attribute == "-" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *providers.Error
			if !errors.As(err, &e) || e.Class != providers.Invalid || e.Attribute != c.attribute || strings.Contains(e.Error(), "canary") {
				t.Errorf("got %#v", err)
			}
		})
	}
}

// A bulk that takes longer than a token lives: nothing is sent with a token
// that has ended, and nobody signs in more often than needed.
func TestRenewalDuringBulk(t *testing.T) {
	for _, c := range []struct {
		name   string
		over   map[string]string
		grants []string
	}{
		{"password", nil, []string{"password", "refresh_token", "refresh_token", "refresh_token"}},
		{"service account", map[string]string{"username": "", "password": "", "client_id": "sa", "client_secret": canaryClient},
			[]string{"client_credentials", "client_credentials", "client_credentials", "client_credentials"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var made atomic.Int64
				f := &fake{t: t, answer: func(w http.ResponseWriter, _ *http.Request) {
					time.Sleep(time.Second)
					w.Header().Set("Location", fmt.Sprintf("http://sso.test/admin/realms/r/users/id-%d", made.Add(1)))
					w.WriteHeader(201)
				}}
				conn := f.connect(c.over)
				ops := make([]providers.Operation, 8*150) // 150 seconds
				for i := range ops {
					ops[i] = newUser(t, "r", fmt.Sprintf("user%d", i), nil)
				}
				for i, res := range apply(t, conn, t.Context(), ops...) {
					if res.Err != nil || res.ID == "" {
						t.Fatalf("%d: %+v", i, res)
					}
				}
				if f.expired != 0 {
					t.Errorf("%d requests with a token that had ended", f.expired)
				}
				var grants []string
				for _, form := range f.signIns {
					grants = append(grants, form.Get("grant_type"))
				}
				if strings.Join(grants, " ") != strings.Join(c.grants, " ") {
					t.Errorf("signed in by %v, want %v", grants, c.grants)
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
				if want := map[bool]int{true: 1, false: 0}[c.name == "password"]; f.logouts != want {
					t.Errorf("%d log-outs, want %d", f.logouts, want)
				}
			})
		})
	}
}

// Many that begin at once sign in once.
func TestSingleSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t, answer: answering(404, `{"error":"Realm not found."}`)}
		conn := f.connect(nil)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := conn.List(t.Context(), providers.Query{Kind: "user", Parent: "r", IDs: []string{"x"}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(f.signIns) != 1 {
			t.Errorf("%d sign-ins", len(f.signIns))
		}
		form := f.signIns[0]
		if form.Get("client_id") != "admin-cli" || form.Get("username") != "admin" || form.Get("password") != canaryPassword {
			t.Errorf("signed in with %v", form)
		}
	})
}

// A token that the server has forgotten is replaced once; a refusal of the new
// one is an error.
func TestUnauthorized(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := 1
		f := &fake{t: t}
		f.answer = func(w http.ResponseWriter, _ *http.Request) {
			if refuse--; refuse >= 0 {
				reply(w, 401, `{"error":"HTTP 401 Unauthorized"}`)
				return
			}
			w.Header().Set("Location", "http://sso.test/admin/realms/r/users/new")
			w.WriteHeader(201)
		}
		conn := f.connect(nil)
		if res := apply(t, conn, t.Context(), newUser(t, "r", "marty", nil))[0]; res.Err != nil || res.ID != "new" {
			t.Errorf("%+v", res)
		}
		refuse = 100
		res := apply(t, conn, t.Context(), newUser(t, "r", "marty", nil))[0]
		if providers.ClassOf(res.Err) != providers.Unauthenticated || len(f.requests()) != 4 {
			t.Errorf("%+v after %d requests", res, len(f.requests()))
		}
	})
}

// Where the roles are in the token, a realm that was just made needs a new one.
func TestForbiddenAfterNewRealm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t}
		f.answer = func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/admin/realms":
				w.WriteHeader(201)
			case strings.Contains(r.Header.Get("Authorization"), f.firstToken()):
				reply(w, 403, `{"error":"HTTP 403 Forbidden"}`)
			default:
				w.Header().Set("Location", "http://sso.test/admin/realms/r/users/new")
				w.WriteHeader(201)
			}
		}
		conn := f.connect(map[string]string{"username": "", "password": "", "client_id": "sa", "client_secret": canaryClient})
		// Forbidden before: no reason to sign in again.
		if res := apply(t, conn, t.Context(), newUser(t, "r", "marty", nil))[0]; providers.ClassOf(res.Err) != providers.Forbidden ||
			!strings.Contains(res.Err.Error(), "role manage-users of the client r-realm in realm master") {
			t.Errorf("%+v", res)
		}
		if len(f.signIns) != 1 {
			t.Errorf("%d sign-ins", len(f.signIns))
		}
		realm := providers.Operation{Verb: providers.Create, Kind: "realm", ID: "chosen", After: objectOf(t, "realm", map[string]cty.Value{"realm": s("r")})}
		if res := apply(t, conn, t.Context(), realm)[0]; res.Err != nil || res.ID != "chosen" {
			t.Errorf("%+v", res)
		}
		time.Sleep(time.Second) // another token has another time in it
		if res := apply(t, conn, t.Context(), newUser(t, "r", "marty", nil))[0]; res.Err != nil {
			t.Errorf("%+v", res)
		}
		if len(f.signIns) != 2 {
			t.Errorf("%d sign-ins", len(f.signIns))
		}
	})
}

// firstToken is how the first token begins, its time included.
func (f *fake) firstToken() string { return "eyJhbGciOiJub25lIn0." + firstClaims }

// The claims of a token issued when a bubble's clock begins (2000-01-01).
const firstClaims = "eyJpYXQiOjk0NjY4NDgwMCwi"

func TestBasePath(t *testing.T) {
	for _, c := range []struct {
		url, base string
		signIns   bool
	}{
		{"http://sso.test", "", true},
		{"http://sso.test/", "/auth", true},
		{"http://sso.test/auth", "", true},
		{"http://sso.test/auth/", "/auth", true},
		{"http://sso.test/keycloak", "/keycloak", true},
		{"http://sso.test/keycloak", "/keycloak/auth", true},
		{"http://sso.test", "/keycloak", false},
		{"http://sso.test/realms/master", "/keycloak", false},
	} {
		t.Run(c.url+" "+c.base, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{t: t, base: c.base, answer: answering(200, `[]`)}
				conn := f.connect(map[string]string{"url": c.url})
				_, err := conn.List(t.Context(), providers.Query{Kind: "realm", All: true})
				if !c.signIns {
					var e *providers.Error
					if !errors.As(err, &e) || e.Class != providers.Unreachable || e.Attribute != "url" || !strings.Contains(e.Hint, "KEYCLOAK_URL") {
						t.Fatalf("got %v", err)
					}
					if _, path, _ := strings.Cut(c.url, "sso.test"); (path != "") != strings.Contains(e.Hint, "Is its path "+strconv.Quote(path)+" right?") {
						t.Errorf("about the path %q is told: %s", path, e.Hint)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := f.requests(); len(got) != 1 || got[0] != "GET /admin/realms" {
					t.Errorf("sent %v", got)
				}
			})
		})
	}
}

// A server that does not know the address of the sign-in is asked at a wrong path.
func TestSignInElsewhere(t *testing.T) {
	for _, status := range []int{404, 405, 501} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{t: t}
			conn := f.connect(map[string]string{"url": "http://sso.test/admin"})
			refuse := recorder{roundTrip(func(req *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: readCloser(`{"error":"unknown"}`), Request: req, ProtoMajor: 1, ProtoMinor: 1}, nil
			})}
			conn.auth.api("http://sso.test/admin").RestyClient().SetTransport(refuse)
			conn.auth.api("http://sso.test/admin/auth").RestyClient().SetTransport(refuse)
			_, err := conn.List(t.Context(), providers.Query{Kind: "realm", All: true})
			var e *providers.Error
			if !errors.As(err, &e) || e.Attribute != "url" || !strings.Contains(e.Hint, `Is its path "/admin" right?`) {
				t.Errorf("%d: %#v", status, err)
			}
		})
	}
}

// The server's clock is that of its tokens.
func TestServerTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t, answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)) // a proxy's
			reply(w, 200, `[]`)
		}}
		conn := f.connect(nil)
		if !conn.ServerTime().Equal(time.Now()) {
			t.Error("not the local time before the first answer")
		}
		time.Sleep(300 * time.Millisecond)
		if _, err := conn.List(t.Context(), providers.Query{Kind: "realm", All: true}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if d := time.Since(conn.ServerTime()); d != 300*time.Millisecond {
			t.Errorf("off by %s: a token tells whole seconds", d)
		}
	})
}
