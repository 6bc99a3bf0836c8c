package entra_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
)

// tenant is an emulated tenant and an application that asks Graph.
type tenant struct {
	*entra.Server
	now   time.Time
	token string
}

type object = map[string]any

// start makes a tenant whose clock stands still.
func start(t *testing.T, opts entra.Options) *tenant {
	t.Helper()
	tn := &tenant{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	opts.Clock = func() time.Time { return tn.now }
	if opts.VerifiedDomains == nil {
		opts.VerifiedDomains = []string{"contoso.com"}
	}
	tn.Server = entra.New(opts)
	tn.token = tn.signIn(t)
	return tn
}

// signIn gets a token by the application's secret.
func (tn *tenant) signIn(t *testing.T) string {
	t.Helper()
	got := tn.login(t, "POST /"+entra.DefaultTenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {entra.DefaultClientID}, "client_secret": {entra.DefaultClientSecret},
		"scope": {"https://graph.microsoft.com/.default"}})
	token, _ := got.body["access_token"].(string)
	if got.status != 200 || token == "" {
		t.Fatalf("token: %d %s", got.status, got.text)
	}
	return token
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	text   string
	body   object
}

// str is a text of the body, by a path such as "error.code".
func (a answer) str(path string) string {
	v := at(a.body, path)
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func at(v any, path string) any {
	if o, ok := v.(object); ok && o[path] != nil {
		return o[path] // "@odata.nextLink" is one name
	}
	for name := range strings.SplitSeq(path, ".") {
		o, ok := v.(object)
		if !ok {
			return nil
		}
		if v, ok = o[name]; !ok {
			return nil
		}
	}
	return v
}

// values are the elements of a list.
func (a answer) values() []object {
	list, _ := a.body["value"].([]any)
	out := make([]object, 0, len(list))
	for _, v := range list {
		out = append(out, v.(object))
	}
	return out
}

// column are the values of a property of the elements of a list.
func (a answer) column(name string) []string {
	out := []string{}
	for _, v := range a.values() {
		out = append(out, fmt.Sprint(v[name]))
	}
	return out
}

func (tn *tenant) send(t *testing.T, r *http.Request) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	tn.ServeHTTP(rec, r)
	a := answer{status: rec.Code, header: rec.Result().Header, text: rec.Body.String()}
	_ = json.Unmarshal([]byte(a.text), &a.body) // what is no JSON object leaves it nil
	return a
}

// do sends a request to Graph: "GET users", a body of JSON ("" for none), and
// headers as "Name: value".
func (tn *tenant) do(t *testing.T, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	if !strings.HasPrefix(path, "http") {
		path = "https://graph.test/v1.0/" + strings.ReplaceAll(path, " ", "%20")
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+tn.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
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
	if a.status != status || a.str("error.code") != code || !strings.Contains(a.str("error.message"), message) {
		t.Errorf("%s %s:\n got %d %s\nwant %d %s %q", request, body, a.status, a.text, status, code, message)
	}
}

// login sends a form to the login service.
func (tn *tenant) login(t *testing.T, request string, form url.Values) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, "https://login.test"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return tn.send(t, r)
}

// user makes a user through Graph and returns its id.
func (tn *tenant) user(t *testing.T, name string) string {
	t.Helper()
	return tn.must(t, 201, "POST users", newUser(name, "")).str("id")
}

// newUser is the body of a valid request; more is put into it.
func newUser(name, more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"accountEnabled":true,"displayName":"` + name + `","mailNickname":"` + name + `","userPrincipalName":"` + name + `@contoso.com",` +
		`"passwordProfile":{"password":"Passw0rd!","forceChangePasswordNextSignIn":false}` + more + `}`
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}
