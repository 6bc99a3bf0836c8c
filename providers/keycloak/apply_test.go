package keycloak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/resource"
)

// hangUp takes a request and closes the connection without an answer.
func hangUp(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = c.Close()
	}
}

// A user who was created although the invitation failed has an id and an error.
func TestInviteFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		mail  http.HandlerFunc
		class providers.Class
		want  string
		tries int
	}{
		{"no mail server", answering(500, `{"errorMessage":"Failed to send execute actions email: Please provide a valid address"}`), providers.Unavailable, "smtp_server", 1},
		{"lost", hangUp, providers.Ambiguous, "may or may not", 1},
		{"busy", answering(503, `{}`), providers.Ambiguous, "may or may not", 1},
		{"no e-mail", answering(400, `{"errorMessage":"User email missing"}`), providers.Invalid, "User email missing", 1},
		{"later", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(429)
		}, providers.Throttled, "wait", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mails := 0
				f := &fake{t: t, answer: func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodPost {
						w.Header().Set("Location", "http://sso.test/admin/realms/r/users/new")
						w.WriteHeader(201)
						return
					}
					mails++
					c.mail(w, r)
				}}
				op := newUser(t, "r", "marty", nil)
				op.Invite = true
				res := apply(t, f.connect(nil), t.Context(), op)[0]
				if res.ID != "new" || providers.ClassOf(res.Err) != c.class || !strings.Contains(res.Err.Error(), c.want) || mails != c.tries {
					t.Errorf("%+v after %d mails", res, mails)
				}
			})
		})
	}
}

// A creation of which the answer was lost is not repeated.
func TestCreateLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t, answer: hangUp}
		conn := f.connect(nil)
		for _, op := range []providers.Operation{
			newUser(t, "r", "marty", nil),
			{Verb: providers.Create, Kind: "realm", ID: "x", After: objectOf(t, "realm", map[string]cty.Value{"realm": s("r")})},
			{Verb: providers.Create, Kind: "client", ID: "x", After: objectOf(t, "client", map[string]cty.Value{"realm": s("r"), "client_id": s("c")})},
			{Verb: providers.Create, Kind: "group", After: objectOf(t, "group", map[string]cty.Value{"realm": s("r"), "name": s("g")})},
		} {
			before := len(f.requests())
			res := apply(t, conn, t.Context(), op)[0]
			if providers.ClassOf(res.Err) != providers.Ambiguous || res.ID != "" || len(f.requests()) != before+1 {
				t.Errorf("%s: %+v after %d requests", op.Kind, res, len(f.requests())-before)
			}
		}
	})
}

// With attributes, a PUT on a user must hold every name, or Keycloak empties it.
func TestUserPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var put []map[string]any
		f := &fake{t: t, answer: func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/profile"):
				reply(w, 200, `{"unmanagedAttributePolicy":"ADMIN_EDIT","attributes":[]}`)
			case r.Method == http.MethodGet:
				reply(w, 200, `{"id":"id","username":"marty","email":"m@example.com","firstName":"Marty","lastName":"McFly","attributes":{"kept":["1"],"old":["2"]}}`)
			default:
				var body map[string]any
				_ = json.NewDecoder(r.Body).Decode(&body)
				put = append(put, body)
				w.WriteHeader(204)
			}
		}}
		op := providers.Operation{Verb: providers.Update, Kind: "user", ID: "id", Changed: []string{"first_name"}}
		op.Before = objectOf(t, "user", person("r", "marty"))
		after := person("r", "marty")
		after["first_name"] = s("Martin")
		op.After = objectOf(t, "user", after)
		conn := f.connect(nil)
		apply(t, conn, t.Context(), op)
		op.Changed = []string{"first_name", "attributes"}
		before := op.Before.AsValueMap()
		before["attributes"] = multiMapVal(map[string][]string{"old": {"2"}})
		op.Before = cty.ObjectVal(before)
		vals := op.After.AsValueMap()
		vals["attributes"] = multiMapVal(map[string][]string{"new": {"3"}})
		op.After = cty.ObjectVal(vals)
		apply(t, conn, t.Context(), op)
		got, _ := json.Marshal(put)
		want := `[{"firstName":"Martin","id":"id"},{"attributes":{"kept":["1"],"new":["3"]},"email":"m@example.com","firstName":"Martin","id":"id","lastName":"McFly","username":"marty"}]`
		if string(got) != want {
			t.Errorf("put %s\nwant %s", got, want)
		}
	})
}

// Where the account may not read the user profile, the user is read back.
func TestSwallowedWithoutProfile(t *testing.T) {
	for _, kept := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{t: t, answer: func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/profile"):
					reply(w, 403, `{"error":"HTTP 403 Forbidden"}`)
				case r.Method == http.MethodGet && kept:
					reply(w, 200, `{"id":"new","attributes":{"dept":["a"]}}`)
				case r.Method == http.MethodGet:
					reply(w, 200, `{"id":"new"}`)
				default:
					w.Header().Set("Location", "http://sso.test/admin/realms/r/users/new")
					w.WriteHeader(201)
				}
			}}
			op := newUser(t, "r", "marty", map[string]cty.Value{"attributes": multiMapVal(map[string][]string{"dept": {"a"}})})
			res := apply(t, f.connect(nil), t.Context(), op)[0]
			if res.ID != "new" || kept && res.Err != nil || !kept && (providers.ClassOf(res.Err) != providers.Invalid || !strings.Contains(res.Err.Error(), "ADMIN_EDIT")) {
				t.Errorf("%+v", res)
			}
		})
	}
}

// No id that is a path, and no realm that is one, gets into a request.
func TestNoPathFromIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t, answer: answering(200, `[]`)}
		conn := f.connect(nil)
		for _, bad := range []string{"..", ".", "x/../../realms/master", "a?b", ""} {
			user := objectOf(t, "user", person("r", "x"))
			group := objectOf(t, "group", map[string]cty.Value{"realm": s("r"), "name": s("g"), "members": set(bad + "/..")})
			moved := objectOf(t, "group", map[string]cty.Value{"realm": s("r"), "name": s("g"), "parent": s(bad + "/..")})
			for _, op := range []providers.Operation{
				{Verb: providers.Delete, Kind: "user", ID: bad, Before: user},
				{Verb: providers.Update, Kind: "client", ID: bad, Before: user, After: user},
				{Verb: providers.Delete, Kind: "user", ID: "x", Before: objectOf(t, "user", person(bad+"/..", "x"))},
				{Verb: providers.Update, Kind: "group", ID: "x", Changed: []string{"members"}, Before: group, After: group},
				{Verb: providers.Update, Kind: "group", ID: "x", Changed: []string{"parent"}, Before: moved, After: moved},
			} {
				if op.Changed != nil && op.Changed[0] == "members" {
					vals := op.Before.AsValueMap()
					vals["members"] = noStrings
					op.Before = cty.ObjectVal(vals)
				}
				if res := apply(t, conn, t.Context(), op)[0]; providers.ClassOf(res.Err) != providers.Invalid {
					t.Errorf("%q: %s %s: %+v", bad, op.Verb, op.Kind, res)
				}
			}
			for _, kind := range []string{"client", "group", "user"} {
				if objs, err := conn.List(t.Context(), providers.Query{Kind: kind, Parent: bad + "/..", All: true}); err != nil || len(objs) != 0 {
					t.Errorf("%q: %v, %v", bad, objs, err)
				}
			}
		}
		if got := f.requests(); len(got) != 0 {
			t.Errorf("sent %v", got)
		}
	})
}

// An interruption lets what has begun end and begins nothing; what does not
// end within the grace is cut off.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var made atomic.Int64
		f := &fake{t: t, answer: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			n := made.Add(1)
			if n == 8 {
				<-r.Context().Done() // never answers
				return
			}
			time.Sleep(5 * time.Second)
			w.Header().Set("Location", fmt.Sprintf("http://sso.test/admin/realms/r/users/id-%d", n))
			w.WriteHeader(201)
		}}
		conn := f.connect(nil)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		ops := make([]providers.Operation, 20)
		for i := range ops {
			ops[i] = newUser(t, "r", fmt.Sprintf("user%d", i), nil)
		}
		start := time.Now()
		count := map[string]int{}
		for _, res := range apply(t, conn, ctx, ops...) {
			switch {
			case res.Err == nil && res.ID != "":
				count["done"]++
			case providers.ClassOf(res.Err) == providers.Ambiguous:
				count["cut off"]++
			case providers.ClassOf(res.Err) == providers.NotAttempted && errors.Is(res.Err, context.Canceled):
				count["not begun"]++
			}
		}
		if fmt.Sprint(count) != "map[cut off:1 done:7 not begun:12]" || time.Since(start) != 2*time.Second+transport.Grace {
			t.Errorf("%v after %s", count, time.Since(start))
		}
	})
}

// Ids that a proxy finds too many are asked for in smaller groups.
func TestTooManyIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{t: t, answer: func(w http.ResponseWriter, r *http.Request) {
			ids := strings.Fields(strings.TrimPrefix(r.URL.Query().Get("search"), "id:"))
			if len(ids) > 60 {
				w.WriteHeader(414)
				return
			}
			var users []map[string]any
			for _, id := range ids {
				users = append(users, map[string]any{"id": id, "username": "n-" + id, "emailVerified": true})
			}
			body, _ := json.Marshal(users)
			reply(w, 200, string(body))
		}}
		var ids []string
		for i := range 350 {
			ids = append(ids, fmt.Sprintf("id-%d", i))
		}
		objs, err := f.connect(nil).List(t.Context(), providers.Query{Kind: "user", Parent: "r", IDs: ids})
		if err != nil || len(objs) != 350 {
			t.Errorf("%d users, %v", len(objs), err)
		}
	})
}

// A temporary password goes with the user, in one request.
func TestInlinePassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var body string
		f := &fake{t: t, answer: func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			body = string(b)
			w.Header().Set("Location", "http://sso.test/admin/realms/r/users/new")
			w.WriteHeader(201)
		}}
		op := newUser(t, "r", "marty", nil)
		op.Password, op.PasswordTemporary = resource.NewSecret(canaryInitial), true
		res := apply(t, f.connect(nil), t.Context(), op)[0]
		want := `"credentials":[{"temporary":true,"type":"password","value":"` + canaryInitial + `"}]`
		if res.Err != nil || res.Object != nil || !strings.Contains(body, want) || len(f.requests()) != 1 {
			t.Errorf("%+v, sent %s", res, body)
		}
	})
}
