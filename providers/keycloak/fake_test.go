package keycloak

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
)

// The secrets of these tests; no error may hold one.
const (
	canaryPassword = "canary-password"
	canaryClient   = "canary-client-secret"
	canaryInitial  = "canary-initial-password"
	canarySMTP     = "canary-smtp-password"
)

// fake is a server of which a test says what it answers. It knows nothing of
// Keycloak but its token endpoint.
type fake struct {
	t *testing.T
	// base is the path that everything is under.
	base string
	// life is how long its tokens live; 60 s unless it is set.
	life time.Duration
	// answer is asked for everything but tokens.
	answer http.HandlerFunc

	mu      sync.Mutex
	signIns []url.Values
	seen    []string
	expired int
	logouts int
}

// token is the nth token: a JWT in form, with the server's time in it.
func (f *fake) token(n int) string {
	claims := fmt.Sprintf(`{"iat":%d,"exp":%d,"n":%d,"canary":"canary-token"}`, time.Now().Unix(), time.Now().Add(f.life).Unix(), n)
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".canary-signature"
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, f.base)
	if !ok || !strings.HasPrefix(path, "/realms/") && !strings.HasPrefix(path, "/admin/") {
		http.NotFound(w, r)
		return
	}
	switch {
	case strings.HasSuffix(path, "/protocol/openid-connect/token"):
		_ = r.ParseForm()
		f.mu.Lock()
		f.signIns = append(f.signIns, r.PostForm)
		n := len(f.signIns)
		f.mu.Unlock()
		refresh := ""
		if r.PostForm.Get("grant_type") != "client_credentials" {
			refresh = fmt.Sprintf(`"refresh_token":"canary-refresh-%d","refresh_expires_in":1800,`, n)
		}
		reply(w, 200, fmt.Sprintf(`{"access_token":%q,%s"expires_in":%d,"token_type":"Bearer"}`, f.token(n), refresh, int(f.life.Seconds())))
		return
	case strings.HasSuffix(path, "/protocol/openid-connect/logout"):
		_ = r.ParseForm()
		f.mu.Lock()
		f.logouts++
		f.mu.Unlock()
		w.WriteHeader(204)
		return
	}
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+path)
	if until, ok := ends(r.Header.Get("Authorization")); ok && !time.Now().Before(until) {
		f.expired++
	}
	f.mu.Unlock()
	f.answer(w, r)
}

// ends is when the token of a header ends.
func ends(header string) (time.Time, bool) {
	parts := strings.Split(strings.TrimPrefix(header, "Bearer "), ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var iat, exp, n int64
	if err != nil {
		return time.Time{}, false
	}
	_, err = fmt.Sscanf(string(payload), `{"iat":%d,"exp":%d,"n":%d`, &iat, &exp, &n)
	return time.Unix(exp, 0), err == nil
}

func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.seen...)
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// answering is a handler that gives the same answer to everything.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { reply(w, status, body) }
}

// connect starts the server in memory and opens a connection to it.
func (f *fake) connect(over map[string]string) *conn {
	f.t.Helper()
	if f.life == 0 {
		f.life = time.Minute
	}
	l := memnet.Listen()
	srv := &http.Server{Handler: f, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Hour}
	go func() { _ = srv.Serve(l) }()
	f.t.Cleanup(func() { _ = srv.Close() })

	vals := map[string]cty.Value{"url": cty.StringVal("http://sso.test"), "username": cty.StringVal("admin"), "password": cty.StringVal(canaryPassword)}
	for k, v := range over {
		vals[k] = attr.OfString(v)
	}
	creds, err := readCredentials(blockOf(vals))
	if err != nil {
		f.t.Fatal(err)
	}
	tr := transport.New(transport.Options{Server: "Keycloak", DialContext: l.Dial, Config: providers.Config{Parallelism: 8}, CAHint: "ca_file"})
	c := newConn(creds, tr, 8)
	f.t.Cleanup(tr.CloseIdleConnections)
	return c
}

// blockOf is a provider block.
func blockOf(vals map[string]cty.Value) cty.Value {
	out := map[string]cty.Value{}
	for _, a := range New().Info().Config {
		out[a.Name] = cty.NullVal(a.Type)
		if v, ok := vals[a.Name]; ok {
			out[a.Name] = v
		}
	}
	return cty.ObjectVal(out)
}

// objectOf is a value of a kind, with its defaults.
func objectOf(t testing.TB, kind string, attrs map[string]cty.Value) cty.Value {
	t.Helper()
	k, _ := New().Info().Kind(kind)
	vals := attr.Nulls(k)
	for _, a := range k.Attributes {
		if a.Default != cty.NilVal {
			vals[a.Name] = a.Default
		}
	}
	for name, v := range attrs {
		a, ok := k.Attribute(name)
		if !ok {
			t.Fatalf("%s has no attribute %s", kind, name)
		}
		conv, err := convert.Convert(v, a.Type)
		if err != nil {
			t.Fatalf("%s.%s: %v", kind, name, err)
		}
		vals[name] = conv
	}
	return cty.ObjectVal(vals)
}

// apply does operations and returns their results in order. It fails the test
// if a result is missing, comes twice or while another is being reported.
func apply(t testing.TB, c *conn, ctx context.Context, ops ...providers.Operation) []providers.Result {
	t.Helper()
	out := make([]providers.Result, len(ops))
	times := make([]int, len(ops))
	var busy sync.Mutex
	c.Apply(ctx, ops, func(res providers.Result) {
		if !busy.TryLock() {
			t.Error("two results are reported at once")
			return
		}
		defer busy.Unlock()
		out[res.Index] = res
		times[res.Index]++
	})
	for i, n := range times {
		if n != 1 {
			t.Errorf("operation %d was reported %d times", i, n)
		}
	}
	return out
}

// Short forms for values.
func s(v string) cty.Value       { return cty.StringVal(v) }
func n(v int64) cty.Value        { return cty.NumberIntVal(v) }
func set(vs ...string) cty.Value { return attr.OfStrings(vs) }

func person(realm, name string) map[string]cty.Value {
	return map[string]cty.Value{
		"realm": s(realm), "username": s(name), "email": s(name + "@example.com"), "first_name": s("First"), "last_name": s("Last"),
	}
}

// newUser is the operation that creates a user.
func newUser(t testing.TB, realm, name string, over map[string]cty.Value) providers.Operation {
	t.Helper()
	attrs := person(realm, name)
	for k, v := range over {
		attrs[k] = v
	}
	return providers.Operation{Verb: providers.Create, Kind: "user", After: objectOf(t, "user", attrs)}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func readCloser(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }
