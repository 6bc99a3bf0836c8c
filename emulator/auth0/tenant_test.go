package auth0_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/oidc"
)

type object = map[string]any

// signingKey is one for all tests: it takes a moment to make.
var signingKey = sync.OnceValue(func() *oidc.Key {
	k, err := oidc.NewKey("RS256", "sig", auth0.DefaultDomain, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	return k
})

// tenant is an emulated tenant and an application that asks it.
type tenant struct {
	*auth0.Server
	now   time.Time
	token string
	// host that requests go to.
	host string
}

// start makes a tenant whose clock stands still.
func start(t *testing.T, opts auth0.Options) *tenant {
	t.Helper()
	tn := &tenant{now: time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC), host: auth0.DefaultDomain}
	opts.Clock = func() time.Time { return tn.now }
	if opts.Key == nil {
		opts.Key = signingKey()
	}
	tn.Server = auth0.New(opts)
	if opts.App.Key == nil {
		tn.token = tn.signIn(t)
	}
	return tn
}

// signIn gets a token by the application's secret.
func (tn *tenant) signIn(t *testing.T) string {
	t.Helper()
	a := tn.oauth(t, "POST /oauth/token", object{"grant_type": "client_credentials", "client_id": auth0.DefaultClientID,
		"client_secret": auth0.DefaultClientSecret, "audience": tn.Audience()})
	if a.status != 200 {
		t.Fatalf("token: %d %s", a.status, a.text)
	}
	return a.str("access_token")
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	text   string
	body   object
	list   []any
}

// str is a text of the body, by a path such as "jwt_configuration.alg".
func (a answer) str(path string) string {
	var v any = a.body
	for name := range strings.SplitSeq(path, ".") {
		o, _ := v.(object)
		v = o[name]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// column are the values of a property of the elements of a list, which is the
// body or a property of it.
func (a answer) column(list, name string) []string {
	all := a.list
	if list != "" {
		all, _ = a.body[list].([]any)
	}
	out := []string{}
	for _, v := range all {
		out = append(out, fmt.Sprint(v.(object)[name]))
	}
	return out
}

func (tn *tenant) send(t *testing.T, r *http.Request) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	tn.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Result().Header, text: rec.Body.String()}
	_ = json.Unmarshal([]byte(a.text), &a.body) // what is no JSON object leaves it nil
	_ = json.Unmarshal([]byte(a.text), &a.list)
	return a
}

func (tn *tenant) request(t *testing.T, request, body string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "https://"+tn.host+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// do sends a request to the Management API: "GET users", and a body of JSON
// ("" for none), with headers as "Name: value".
func (tn *tenant) do(t *testing.T, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := tn.request(t, method+" /api/v2/"+path, body)
	r.Header.Set("Authorization", "Bearer "+tn.token)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return tn.send(t, r)
}

// must is do that has to end with a status.
func (tn *tenant) must(t *testing.T, status int, request, body string, headers ...string) answer {
	t.Helper()
	a := tn.do(t, request, body, headers...)
	if a.status != status {
		t.Fatalf("%s: %d, want %d: %s", request, a.status, status, a.text)
	}
	return a
}

// refused is do that has to end with an error.
func (tn *tenant) refused(t *testing.T, status int, code, message, request, body string, headers ...string) {
	t.Helper()
	a := tn.do(t, request, body, headers...)
	got := []any{a.status, a.str("statusCode"), a.str("error"), a.str("errorCode")}
	want := []any{status, fmt.Sprint(status), http.StatusText(status), code}
	if !reflect.DeepEqual(got, want) || !strings.Contains(a.str("message"), message) {
		t.Errorf("%s %s:\n got %d %s\nwant %d %s %q", request, body, a.status, a.text, status, code, message)
	}
}

// oauth sends JSON to the Authentication API.
func (tn *tenant) oauth(t *testing.T, request string, body object) answer {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return tn.send(t, tn.request(t, request, string(text)))
}

// refusedByOAuth checks an error of the Authentication API (section 10).
func refusedByOAuth(t *testing.T, a answer, status int, code, description string) {
	t.Helper()
	if a.status != status || a.str("error") != code || !strings.Contains(a.str("error_description"), description) || a.body["statusCode"] != nil {
		t.Errorf("got %d %s\nwant %d %s %q", a.status, a.text, status, code, description)
	}
}

// user makes a user through the API and returns its id.
func (tn *tenant) user(t *testing.T, name string) string {
	t.Helper()
	return tn.must(t, 201, "POST users", newUser(name, "")).str("user_id")
}

// newUser is the body of a valid request; more is put into it.
func newUser(name, more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"connection":"` + auth0.DefaultConnection + `","email":"` + name + `@example.com","password":"Passw0rd!"` + more + `}`
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}
