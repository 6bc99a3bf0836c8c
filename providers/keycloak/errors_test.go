package keycloak

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// What the server says when it refuses, and what becomes of it. The bodies are
// those of Keycloak 26.7.3.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name      string
		status    int
		body      string
		class     providers.Class
		attribute string
		want      string
	}{
		{"same user name", 409, `{"errorMessage":"User exists with same username"}`, providers.Conflict, "username", "User exists with same username"},
		{"same e-mail", 409, `{"errorMessage":"User exists with same email"}`, providers.Conflict, "email", "same email"},
		{"one field", 400, `{"field":"email","errorMessage":"error-invalid-email","params":["email","bad"]}`, providers.Invalid, "email", "email is not an e-mail address"},
		{"several fields", 400, `{"errors":[{"field":"firstName","errorMessage":"error-invalid-length-too-long","params":["firstName",null,255]},` +
			`{"field":"email","errorMessage":"error-invalid-email","params":["email","bad"]}]}`, providers.Invalid, "first_name", "firstName must have at most 255 characters; email is not"},
		{"an attribute of the profile", 400, `{"field":"department","errorMessage":"error-user-attribute-required","params":["department"]}`, providers.Invalid, "attributes", "department must be set"},
		{"user name read-only", 400, `{"field":"username","errorMessage":"error-user-attribute-read-only","params":["username"]}`, providers.Invalid, "username", "edit_username_allowed = true"},
		{"password policy", 400, `{"error":"invalidPasswordMinLengthMessage","error_description":"Invalid password: minimum length 8."}`, providers.Invalid, "initial_password", "minimum length 8"},
		{"unknown field", 400, `{"error":"Invalid json representation for UserRepresentation. Unrecognized field \"foo\" at line 1 column 27."}`, providers.Invalid, "", "version 26"},
		{"forbidden", 403, `{"error":"HTTP 403 Forbidden"}`, providers.Forbidden, "", `User "admin" may not create user "marty" in realm "r". Give it the role manage-users of the client r-realm`},
		{"realm not there", 404, `{"error":"Realm not found."}`, providers.NotFound, "", "Realm not found"},
		{"500", 500, `{"error":"unknown_error","error_description":"For more on this error consult the server log."}`, providers.Ambiguous, "", "consult the server log"},
		{"a message of another shape", 400, `{"error":{"a":1},"errors":"none"}`, providers.Invalid, "", "refuses to create user"},
		{"no JSON at all", 400, `oops`, providers.Invalid, "", "refuses to create user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{t: t, answer: answering(c.status, c.body)}
				res := apply(t, f.connect(nil), t.Context(), newUser(t, "r", "marty", nil))[0]
				var e *providers.Error
				if !errors.As(res.Err, &e) || e.Class != c.class || e.Attribute != c.attribute || !strings.Contains(e.Error(), c.want) {
					t.Errorf("got %#v", res.Err)
				}
				if res.ID != "" {
					t.Errorf("id %q of what was not created", res.ID)
				}
			})
		})
	}
}

// An answer that is not Keycloak's is never taken for an empty one.
func TestNotKeycloak(t *testing.T) {
	html := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, "<html>\x1b[31mlog in here</html>")
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"200": html(200), "404": html(404), "405": html(405),
		"JSON of another kind": answering(200, `"hello"`),
		"broken JSON":          answering(200, `[{"id":`),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{t: t, answer: answer}
				conn := f.connect(nil)
				for _, q := range []providers.Query{
					{Kind: "realm", Keys: []map[string]string{{"realm": "r"}}},
					{Kind: "client", Parent: "r", Keys: []map[string]string{{"client_id": "x"}}},
					{Kind: "user", Parent: "r", IDs: []string{"x"}},
					{Kind: "group", Parent: "r", Keys: []map[string]string{{"name": "x"}}},
				} {
					_, err := conn.List(t.Context(), q)
					var e *providers.Error
					if !errors.As(err, &e) || e.Class == providers.NotFound || e.Hint == "" || strings.ContainsRune(e.Error(), 0x1b) {
						t.Errorf("%s: got %#v", q.Kind, err)
					}
				}
				if name == "404" {
					gone := providers.Operation{Verb: providers.Delete, Kind: "user", ID: "x", Before: objectOf(t, "user", person("r", "x"))}
					if res := apply(t, conn, t.Context(), gone)[0]; res.Err == nil {
						t.Error("a proxy's 404 counts as deleted")
					}
				}
			})
		})
	}
}

// A redirect to a log-in page elsewhere carries no token there.
func TestRedirectElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t, answer: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.test/?from="+r.Header.Get("Authorization"), http.StatusFound)
		}}
		_, err := f.connect(nil).List(t.Context(), providers.Query{Kind: "realm", All: true})
		var e *providers.Error
		if !errors.As(err, &e) || e.Class != providers.Unreachable || !strings.Contains(e.Error(), "https://login.test") || strings.Contains(e.Error(), "canary") {
			t.Errorf("got %v", err)
		}
	})
}

// A server that repeats whatever it was told, in every shape that Keycloak's
// errors have: no secret and no escape gets into an error.
func TestNoSecretInErrors(t *testing.T) {
	all := strings.Join([]string{canaryPassword, canaryClient, canaryInitial, canarySMTP, "canary-refresh-1"}, " ") + `\u001b[31m\u0007`
	for _, shape := range []string{
		`{"error":"X"}`, `{"error":"e","error_description":"X"}`, `{"errorMessage":"X"}`,
		`{"field":"X","errorMessage":"X","params":["X","X","X"]}`, `{"errors":[{"field":"email","errorMessage":"error-invalid-length","params":["X","X","X"]}]}`,
		`{"errorMessage":"Failed to send execute actions email: X"}`, `X`,
	} {
		for _, status := range []int{400, 401, 403, 404, 409, 418, 500, 503} {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{t: t}
				f.answer = func(w http.ResponseWriter, r *http.Request) {
					token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
					reply(w, status, strings.ReplaceAll(shape, "X", all+token))
				}
				conn := f.connect(map[string]string{"client_id": "c", "client_secret": canaryClient})
				user := newUser(t, "r", "marty", nil)
				user.Password, user.Invite = resource.NewSecret(canaryInitial), true
				mail := smtpVal(nil).AsValueMap()
				mail["host"], mail["username"], mail["password"] = s("h"), s("u"), s(canarySMTP)
				invited := providers.Operation{Verb: providers.Update, Kind: "user", ID: "id", Invite: true, Password: user.Password, Before: user.After, After: user.After}
				realm := providers.Operation{Verb: providers.Create, Kind: "realm", After: objectOf(t, "realm", map[string]cty.Value{"realm": s("r"), "smtp_server": cty.ObjectVal(mail)})}
				for _, res := range apply(t, conn, t.Context(), user, invited, realm) {
					if res.Err == nil {
						t.Errorf("%d: no error", status)
						continue
					}
					var e *providers.Error
					if !errors.As(res.Err, &e) {
						t.Fatalf("%T", res.Err)
					}
					text := e.Summary + e.Hint + e.Attribute + fmt.Sprintf("%v %s", e, e)
					if strings.Contains(text, "canary") || strings.ContainsFunc(text, unicode.IsControl) {
						t.Errorf("%d %s: %q", status, shape, text)
					}
				}
			})
		}
	}
}

// The same for a refused sign-in.
func TestNoSecretInSignInErrors(t *testing.T) {
	for _, body := range []string{
		`{"error":"invalid_grant","error_description":"` + canaryPassword + ` is wrong \u001b[0m"}`,
		`{"error":"invalid_client","error_description":"` + canaryClient + `"}`,
		`{"error":"unauthorized_client","error_description":"` + canaryClient + `"}`,
		`{"error":"` + canaryPassword + `"}`, `{}`, ``, `<html>` + canaryPassword,
	} {
		for _, status := range []int{200, 400, 401, 403, 404, 500} {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{t: t}
				conn := f.connect(map[string]string{"client_id": "c", "client_secret": canaryClient})
				refuse := func(req *http.Request) (*http.Response, error) {
					rec := &http.Response{
						StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: readCloser(body), Request: req,
						ProtoMajor: 1, ProtoMinor: 1,
					}
					return rec, nil
				}
				conn.auth.api("http://sso.test").RestyClient().SetTransport(recorder{roundTrip(refuse)})
				conn.auth.api("http://sso.test/auth").RestyClient().SetTransport(recorder{roundTrip(refuse)})
				_, err := conn.List(t.Context(), providers.Query{Kind: "realm", All: true})
				var e *providers.Error
				if !errors.As(err, &e) {
					t.Fatalf("%d %s: %v", status, body, err)
				}
				if text := e.Summary + e.Hint; strings.Contains(text, "canary") || strings.ContainsFunc(text, unicode.IsControl) {
					t.Errorf("%d %s: %q", status, body, text)
				}
			})
		}
	}
}

func FuzzRefusal(f *testing.F) {
	f.Add([]byte(`{"errors":[{"field":"email","errorMessage":"error-invalid-length","params":["email",3,255]}]}`))
	f.Add([]byte(`{"field":"x","errorMessage":"error-invalid-length-too-long"}`))
	f.Add([]byte("{\"error\":\"\\u001b[31m" + canaryPassword + "\"}"))
	c := newConn(credentials{password: canaryPassword}, nil, 1)
	f.Fuzz(func(t *testing.T, body []byte) {
		text := c.redact(parseRefusal(body).text())
		if strings.ContainsFunc(text, unicode.IsControl) || strings.Contains(text, canaryPassword) {
			t.Errorf("%q", text)
		}
	})
}
