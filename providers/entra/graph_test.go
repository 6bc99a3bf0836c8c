package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/resource"
)

// someToken is a credential that always has one.
type someToken struct{}

func (someToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token-canary", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

const (
	tenantGUID = "11111111-1111-1111-1111-111111111111"
	userGUID   = "22222222-2222-2222-2222-222222222222"
)

// script answers as Graph does where a test does not say otherwise, and notes what
// it was asked.
type script struct {
	// item answers one request, alone or of a batch.
	item func(method, path, body string) (status int, header map[string]string, answer string)

	mu      sync.Mutex
	asked   []string // method, path and body
	batches []int    // how many items each batch had
}

func (s *script) answer(method, path, body string) (int, map[string]string, string) {
	s.mu.Lock()
	s.asked = append(s.asked, method+" "+path+" "+body)
	s.mu.Unlock()
	switch {
	case strings.HasPrefix(path, "/organization"):
		return 200, nil, `{"value":[{"id":"` + tenantGUID + `","displayName":"Contoso","verifiedDomains":[{"name":"contoso.com","isDefault":true},{"name":"contoso.onmicrosoft.com","isInitial":true}]}]}`
	case s.item != nil:
		return s.item(method, path, body)
	}
	return 404, nil, `{"error":{"code":"Request_ResourceNotFound","message":"no"}}`
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.RequestURI(), "/v1.0")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.Contains(path, "openid-configuration"):
		_, _ = io.WriteString(w, `{"issuer":"https://login/`+tenantGUID+`/v2.0","jwks_uri":"j","token_endpoint":"t","device_authorization_endpoint":"d"}`)
	case path == "/$batch":
		var in batchRequest
		if err := json.Unmarshal(raw, &in); err != nil {
			w.WriteHeader(400)
			return
		}
		s.mu.Lock()
		s.batches = append(s.batches, len(in.Requests))
		s.mu.Unlock()
		var out []map[string]any
		for i := len(in.Requests) - 1; i >= 0; i-- { // in any order
			q := in.Requests[i]
			status, header, answer := s.answer(q.Method, q.URL, string(q.Body))
			one := map[string]any{"id": q.ID, "status": status, "headers": header}
			if answer != "" {
				one["body"] = json.RawMessage(answer)
			}
			out = append(out, one)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"responses": out})
	default:
		status, header, answer := s.answer(r.Method, path, string(raw))
		for name, v := range header {
			w.Header().Set(name, v)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}
}

// connect opens a connection to a script, or to another server.
func connect(t *testing.T, s http.Handler) *conn {
	t.Helper()
	client, stop := memnet.Serve(s)
	cfg := providers.Config{Parallelism: 4}
	tr := transport.New(transport.Options{Server: "Entra ID", Config: cfg, DialContext: client.Transport.(*http.Transport).DialContext})
	c := newConn(settings{tenantID: tenantGUID, authority: "http://login/", graph: "http://graph", lag: time.Minute}, cfg, tr, someToken{})
	t.Cleanup(func() {
		_ = c.Close()
		stop()
	})
	return c
}

// user is an object of the kind with some attributes set.
func user(set map[string]cty.Value) cty.Value {
	k := userKind()
	vals := map[string]cty.Value{}
	for name, ty := range k.Type().AttributeTypes() {
		vals[name] = cty.NullVal(ty)
	}
	vals["tenant"], vals["enabled"], vals["guest"] = cty.StringVal(tenantGUID), cty.True, cty.False
	for name, v := range set {
		vals[name] = v
	}
	return cty.ObjectVal(vals)
}

func creations(n int) []providers.Operation {
	ops := make([]providers.Operation, n)
	for i := range ops {
		ops[i] = providers.Operation{
			Verb: providers.Create, Kind: "user", Before: cty.NullVal(userKind().Type()),
			After: user(map[string]cty.Value{"email": cty.StringVal(fmt.Sprintf("u%d@contoso.com", i))}),
		}
	}
	return ops
}

func apply(c *conn, ops []providers.Operation) []providers.Result {
	out := make([]providers.Result, len(ops))
	c.Apply(context.Background(), ops, func(r providers.Result) { out[r.Index] = r })
	return out
}

// A thousand users are fifty batches and the reading of the tenant.
func TestCreationsGoIntoBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		var mu sync.Mutex
		s := &script{item: func(string, string, string) (int, map[string]string, string) {
			mu.Lock()
			defer mu.Unlock()
			n++
			return 201, nil, fmt.Sprintf(`{"id":"22222222-2222-2222-2222-%012d"}`, n)
		}}
		for i, r := range apply(connect(t, s), creations(1000)) {
			if r.Err != nil || r.ID == "" || r.Object == nil {
				t.Fatalf("user %d: %+v", i, r)
			}
		}
		if len(s.batches) != 50 || n != 1000 {
			t.Errorf("%d batches for %d users", len(s.batches), n)
		}
	})
}

// An item that is throttled waits as long as it is told, decimals included, and
// is sent again without the others.
func TestThrottledItemIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var again time.Time
		first := map[string]bool{}
		var mu sync.Mutex
		start := time.Now()
		s := &script{item: func(_, _, body string) (int, map[string]string, string) {
			mu.Lock()
			defer mu.Unlock()
			if strings.Contains(body, "u1@") && !first["u1"] {
				first["u1"] = true
				return 429, map[string]string{"Retry-After": "7.5"}, `{"error":{"code":"TooManyRequests","message":"Too many requests."}}`
			}
			if strings.Contains(body, "u1@") {
				again = time.Now()
			}
			return 201, nil, `{"id":"` + userGUID + `"}`
		}}
		for i, r := range apply(connect(t, s), creations(3)) {
			if r.Err != nil {
				t.Errorf("user %d: %v", i, r.Err)
			}
		}
		if wait := again.Sub(start); wait < 7500*time.Millisecond || wait > 9*time.Second {
			t.Errorf("sent again after %s", wait)
		}
	})
}

// A creation that fails in a way that does not tell is not repeated: it may have
// been done.
func TestCreationIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{item: func(string, string, string) (int, map[string]string, string) {
			return 504, nil, `{"error":{"code":"UnknownError","message":""}}`
		}}
		for i, r := range apply(connect(t, s), creations(2)) {
			if providers.ClassOf(r.Err) != providers.Ambiguous {
				t.Errorf("user %d: %v", i, r.Err)
			}
		}
		if len(s.batches) != 1 {
			t.Errorf("%d batches", len(s.batches))
		}
	})
}

// What Entra ID makes of a guest is read, and not guessed: a guess that is wrong
// would be waited for until the directory must have replicated.
func TestGuests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{item: func(method, path, _ string) (int, map[string]string, string) {
			switch {
			case path == "/invitations":
				return 201, nil, `{"id":"i","invitedUser":{"id":"` + userGUID + `"}}`
			case method == http.MethodGet:
				return 200, nil, `{"value":[{"id":"` + userGUID + `","userPrincipalName":"Brown_example.net#EXT#@contoso.onmicrosoft.com",` +
					`"mail":"Brown@example.net","otherMails":["brown@example.net"],"userType":"Guest","accountEnabled":true,"mailNickname":"brown_example.net#EXT#"}]}`
			}
			return 204, nil, ""
		}}
		c := connect(t, s)
		r := apply(c, []providers.Operation{{
			Verb: providers.Create, Kind: "user", Before: cty.NullVal(userKind().Type()),
			After: user(map[string]cty.Value{"email": cty.StringVal("brown@example.net"), "guest": cty.True, "first_name": cty.StringVal("Emmett")}),
		}})[0]
		if r.Err != nil || r.ID != userGUID || r.Object != nil {
			t.Fatalf("%+v", r)
		}
		if last := s.asked[len(s.asked)-1]; !strings.HasPrefix(last, "PATCH /users/"+userGUID) || !strings.Contains(last, "Emmett") {
			t.Errorf("what an invitation cannot say was not set: %s", last)
		}
		found, err := c.List(context.Background(), providers.Query{Kind: "user", Parent: tenantGUID, IDs: []string{r.ID}})
		if err != nil || len(found) != 1 {
			t.Fatalf("%v %+v", err, found)
		}
		for name, want := range map[string]cty.Value{
			"email": cty.StringVal("brown@example.net"), "user_principal_name": cty.StringVal("brown@example.net"), // what a guest signs in with
			"guest": cty.True, "mail_nickname": cty.StringVal("brown_example.net#EXT#"),
		} {
			if got := resource.Attr(found[0].Attrs, name); !got.RawEquals(want) {
				t.Errorf("%s: %#v", name, got)
			}
		}
	})
}

// What is to be empty is written as null: leaving it out would keep it.
func TestEmptyIsNull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{item: func(string, string, string) (int, map[string]string, string) { return 204, nil, "" }}
		op := providers.Operation{
			Verb: providers.Update, Kind: "user", ID: userGUID, Changed: []string{"first_name"},
			Before: user(map[string]cty.Value{"first_name": cty.StringVal("Marty"), "user_principal_name": cty.StringVal("m@contoso.com")}),
			After:  user(map[string]cty.Value{"user_principal_name": cty.StringVal("m@contoso.com")}),
		}
		if r := apply(connect(t, s), []providers.Operation{op})[0]; r.Err != nil {
			t.Fatal(r.Err)
		}
		last := s.asked[len(s.asked)-1]
		if !strings.Contains(last, `"givenName":null`) || !strings.HasPrefix(last, "PATCH /users/"+userGUID+" ") {
			t.Errorf("asked: %s", last)
		}
	})
}

// A next link to another server would get the token.
func TestNextLinkOfAnotherServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{item: func(string, string, string) (int, map[string]string, string) {
			return 200, nil, `{"value":[],"@odata.nextLink":"http://graph.evil.example/v1.0/users?$skiptoken=x"}`
		}}
		_, err := connect(t, s).List(context.Background(), providers.Query{Kind: "user", Parent: tenantGUID, All: true})
		if err == nil || !strings.Contains(err.Error(), "another server") {
			t.Errorf("error: %v", err)
		}
	})
}

// Ten thousand e-mails are looked for fifteen with a filter and twenty filters with
// a request, and nothing has %24 where a batch takes it literally.
func TestLookUpsGoIntoBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{item: func(string, string, string) (int, map[string]string, string) { return 200, nil, `{"value":[]}` }}
		q := providers.Query{Kind: "user", Parent: tenantGUID}
		for i := range 300 {
			q.Keys = append(q.Keys, map[string]string{"user_principal_name": fmt.Sprintf("u%d@contoso.com", i)})
		}
		found, err := connect(t, s).List(context.Background(), q)
		if err != nil || len(found) != 0 {
			t.Fatal(found, err)
		}
		if len(s.batches) != 1 || s.batches[0] != 20 {
			t.Errorf("batches of %v", s.batches)
		}
		for _, a := range s.asked {
			if strings.HasPrefix(a, "GET /users") && strings.Contains(a, "%24") {
				t.Fatalf("asked: %s", a)
			}
		}
	})
}

// An error says what lacks and how to grant it, and nothing of what was sent as a
// secret.
func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			status    int
			body      string
			class     providers.Class
			attribute string
			says      string
		}{
			"permission": {403, `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`, providers.Forbidden, "", writeUsers},
			"duplicate":  {400, `{"error":{"code":"Request_BadRequest","message":"Another object with the same value for property userPrincipalName already exists.","details":[{"code":"ObjectConflict"}]}}`, providers.Conflict, "user_principal_name", "already exists"},
			"domain":     {400, `{"error":{"code":"Request_BadRequest","message":"The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization."}}`, providers.Invalid, "user_principal_name", "verified"},
			"password":   {400, `{"error":{"code":"Request_BadRequest","message":"The specified password does not comply with password complexity requirements."}}`, providers.Invalid, "initial_password", "too weak"},
			"nickname":   {400, `{"error":{"code":"Request_BadRequest","message":"Invalid value specified for property 'mailNickname' of resource 'User'."}}`, providers.Invalid, "mail_nickname", "mailNickname"},
			"secrets":    {400, `{"error":{"code":"Request_BadRequest","message":"No: pass-canary, token-canary \u001b[31m"}}`, providers.Invalid, "", "(sensitive value)"},
			"no json":    {400, `<html>`, providers.Invalid, "", "refused to create user"},
		} {
			s := &script{item: func(string, string, string) (int, map[string]string, string) { return c.status, nil, c.body }}
			ops := creations(1)
			ops[0].Password = resource.NewSecret("pass-canary")
			err := apply(connect(t, s), ops)[0].Err
			var e *providers.Error
			if !asError(err, &e) || e.Class != c.class || e.Attribute != c.attribute || !strings.Contains(e.Error(), c.says) {
				t.Errorf("%s: %+v", name, err)
			}
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%s: a secret or an escape in %q", name, err)
			}
		}
	})
}

func asError(err error, to **providers.Error) bool {
	e, ok := err.(*providers.Error)
	*to = e
	return ok
}
