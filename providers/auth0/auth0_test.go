package auth0

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/resource"
)

// connect connects to a server as a provider block says; more are further
// attributes of the block.
func connect(t *testing.T, server http.Handler, o Options, more map[string]string) *conn {
	t.Helper()
	client, stop := memnet.Serve(overTLS(server))
	t.Cleanup(stop)
	o.DialContext, o.PlainHTTP = client.Transport.(*http.Transport).DialContext, true
	vals := map[string]string{"domain": testDomain, "client_id": emulator.DefaultClientID, "client_secret": emulator.DefaultClientSecret}
	maps.Copy(vals, more)
	maps.DeleteFunc(vals, func(_, v string) bool { return v == "" })
	c, err := NewWith(o).Open(context.Background(), providers.Config{Attrs: block(vals), Parallelism: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.(*conn)
}

// object is an object of a kind with some attributes; defaults are not filled in.
func object(kind string, vals map[string]cty.Value) cty.Value {
	for _, k := range kinds() {
		if k.Name != kind {
			continue
		}
		all := attr.Nulls(k)
		maps.Copy(all, vals)
		if kind != "tenant" {
			all["tenant"] = cty.StringVal(testDomain)
		}
		return cty.ObjectVal(all)
	}
	panic(kind)
}

func text(s string) cty.Value { return cty.StringVal(s) }

// newUserOp is the creation of a user.
func newUserOp(n int, vals map[string]cty.Value) providers.Operation {
	all := map[string]cty.Value{"connection": text(emulator.DefaultConnection), "email": text(fmt.Sprintf("user%d@example.com", n))}
	maps.Copy(all, vals)
	return providers.Operation{
		Verb: providers.Create, Kind: "user", ID: fmt.Sprintf("%s%08d-0000-4000-8000-000000000000", idPrefix, n),
		Before: cty.NullVal(userKind().Type()), After: object("user", all),
	}
}

func apply(c *conn, ops ...providers.Operation) []providers.Result {
	out := make([]providers.Result, len(ops))
	c.Apply(context.Background(), ops, func(r providers.Result) { out[r.Index] = r })
	return out
}

// A thousand requests come as fast as the limit allows and are never refused,
// whatever the limit is.
func TestRequestsAreWithinTheLimit(t *testing.T) {
	odd := emulator.Rate{Global: emulator.Bucket{Burst: 7, Refill: 3, Per: time.Second}}
	for name, rate := range map[string]struct {
		rate emulator.Rate
		most time.Duration // for 120 users by themselves
	}{
		"free": {emulator.FreeRate(), 75 * time.Second}, "essentials": {emulator.EssentialsRate(), 20 * time.Second},
		"unknown": {odd, 3 * time.Minute}, "none": {emulator.Rate{}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := emulator.New(emulator.Options{Domain: testDomain, Rate: rate.rate})
				c := connect(t, server, Options{}, nil)
				var ids []string
				for i := range 120 {
					ids = append(ids, server.AddUser(map[string]any{"email": fmt.Sprintf("user%d@example.com", i), "email_verified": true}))
				}
				begin := time.Now()
				found, err := c.List(context.Background(), providers.Query{Kind: "user", Parent: testDomain, IDs: ids})
				if err != nil || len(found) != len(ids) {
					t.Fatalf("%d users, %v", len(found), err)
				}
				if n := server.Throttled(); n > 0 {
					t.Errorf("%d requests were refused", n)
				}
				if d := time.Since(begin); d > rate.most {
					t.Errorf("it took %s of a virtual clock", d)
				}
			})
		})
	}
}

// The reads of a plan take pages, and not a request for each.
func TestQuickReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := emulator.New(emulator.Options{Domain: testDomain})
		c := connect(t, server, Options{}, nil)
		var users []map[string]any
		for i := range 1000 {
			users = append(users, map[string]any{"email": fmt.Sprintf("user%d@example.com", i), "email_verified": true})
		}
		var ids []string
		for some := range slices.Chunk(users, 100) {
			ids = append(ids, server.AddUsers(some...)...)
			time.Sleep(time.Millisecond)
		}
		ask := func(q providers.Query, found, most int) {
			t.Helper()
			server.ResetRequests()
			q.Kind, q.Parent = "user", testDomain
			list, err := c.List(context.Background(), q)
			if err != nil || len(list) != found {
				t.Errorf("%d users, %v", len(list), err)
			}
			n := 0
			for route, times := range server.Requests() {
				if strings.Contains(route, "users") {
					n += times
				}
			}
			if n > most {
				t.Errorf("%d requests: %v", n, server.Requests())
			}
		}
		var keys []map[string]string
		for i := range 1000 {
			keys = append(keys, map[string]string{"connection": emulator.DefaultConnection, "email": fmt.Sprintf("user%d@example.com", i)})
		}
		ask(providers.Query{IDs: ids, Quick: true}, 1000, 10)
		ask(providers.Query{IDs: ids[:5], Quick: true}, 5, 1)
		ask(providers.Query{Keys: keys, Quick: true}, 1000, 10)
		ask(providers.Query{All: true}, 1000, 11)
		for i := range 1500 {
			time.Sleep(time.Millisecond)
			server.AddUser(map[string]any{"email": fmt.Sprintf("other%d@example.com", i), "email_verified": true})
		}
		ask(providers.Query{IDs: ids, Quick: true}, 1000, 11) // one to see how many there are
		ask(providers.Query{All: true}, 2500, 30)             // a search finds a thousand at most
	})
}

// No search is longer than an address may be, and none is left out.
func TestSearchesFitIntoAddresses(t *testing.T) {
	var conditions []string
	for i := range 250 {
		conditions = append(conditions, fmt.Sprintf("email:%q", strings.Repeat("x", i)+"@example.com"))
	}
	parts := fittingURL(conditions, 100)
	var all []string
	for _, part := range parts {
		if n := len(url.QueryEscape(strings.Join(part, " OR "))); n > urlMost || len(part) > 100 || len(part) == 0 {
			t.Errorf("%d conditions of %d bytes", len(part), n)
		}
		all = append(all, part...)
	}
	if !slices.Equal(all, conditions) {
		t.Error("some are missing")
	}
	if n := len(fittingURL([]string{strings.Repeat("x", 2*urlMost)}, 100)); n != 1 {
		t.Errorf("one that is too long by itself is sent %d times", n)
	}
}

// What a job cannot import is told of the user that it is, and the others are there.
func TestImports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := emulator.New(emulator.Options{Domain: testDomain, ImportDuration: 20 * time.Second})
		c := connect(t, server, Options{}, nil)
		server.AddUser(map[string]any{"email": "user3@example.com"})
		var ops []providers.Operation
		for i := range 25 {
			ops = append(ops, newUserOp(i, nil))
		}
		ops[7] = newUserOp(7, map[string]cty.Value{"email": text("nobody")})
		ops = append(ops, newUserOp(25, nil))
		ops[25].Password = resource.NewSecret("Correct-Horse-7")
		results := apply(c, ops...)
		for i, r := range results {
			switch {
			case i == 3:
				if providers.ClassOf(r.Err) != providers.Conflict || !strings.Contains(r.Err.Error(), "user3@example.com") {
					t.Errorf("the e-mail of somebody else: %v", r.Err)
				}
			case i == 7:
				if providers.ClassOf(r.Err) != providers.Invalid || !strings.Contains(r.Err.Error(), "nobody") {
					t.Errorf("no e-mail: %v", r.Err)
				}
			case r.Err != nil || r.ID != ops[i].ID || r.Object == nil:
				t.Errorf("%d: %+v", i, r)
			}
		}
		if n := len(server.Users()); n != 25 {
			t.Errorf("there are %d users", n)
		}
		if !server.PasswordIs(ops[25].ID, "Correct-Horse-7") {
			t.Error("the password of who has one is not set")
		}
		if n := server.Requests()["POST users"]; n != 1 {
			t.Errorf("%d users were made one by one: %v", n, server.Requests())
		}
	})
}

// Who signs up without confirming the e-mail may be anybody.
func TestDoubts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := emulator.New(emulator.Options{Domain: testDomain})
		c := connect(t, server, Options{}, nil)
		stranger := server.AddUser(map[string]any{"email": "a@example.com"})
		server.AddUser(map[string]any{"email": "b@example.com", "email_verified": true})
		server.AddUser(map[string]any{"email": "c@example.com", "user_id": "0e9d1f3a-6b1c-4d55-9c53-5a4b3c2d1e0f"})
		doubtful := func() []string {
			var out []string
			list, err := c.List(context.Background(), providers.Query{Kind: "user", Parent: testDomain, All: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range list {
				if o.Doubts["email"] != "" {
					out = append(out, o.ID)
				}
			}
			return out
		}
		if got := doubtful(); !slices.Equal(got, []string{stranger}) {
			t.Errorf("doubtful are %v, not %s", got, stranger)
		}
		id := server.Connections()[0].ID
		server.Change(emulator.KindConnection, id, func(props map[string]any) {
			props["options"].(map[string]any)["disable_signup"] = true
		})
		c = connect(t, server, Options{}, nil)
		if got := doubtful(); len(got) > 0 {
			t.Errorf("nobody signs up, and %v is doubtful", got)
		}
	})
}

// What Auth0 would refuse, or leave to the sign-in page, is said by the plan.
func TestCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := emulator.New(emulator.Options{Domain: testDomain})
		server.AddConnection(map[string]any{"name": "Closed", "strategy": "auth0"})
		server.AddConnection(map[string]any{"name": "google", "strategy": "google-oauth2"})
		c := connect(t, server, Options{}, nil)
		client := func(vals map[string]cty.Value) providers.Operation {
			return providers.Operation{Verb: providers.Create, Kind: "client", After: object("client", vals), Before: cty.NullVal(clientKind().Type())}
		}
		tenant := func(vals map[string]cty.Value, changed ...string) providers.Operation {
			return providers.Operation{Verb: providers.Update, Kind: "tenant", ID: testDomain, After: object("tenant", vals), Before: object("tenant", nil), Changed: changed}
		}
		api := func(identifier string) providers.Operation {
			return providers.Operation{Verb: providers.Create, Kind: "api", After: object("api", map[string]cty.Value{"identifier": text(identifier)}), Before: cty.NullVal(apiKind().Type())}
		}
		set := func(names ...string) cty.Value { return attr.OfStrings(names) }
		for _, test := range []struct {
			op   providers.Operation
			want string
		}{
			{newUserOp(1, nil), ""},
			{newUserOp(1, map[string]cty.Value{"initial_password": text("Correct-Horse-7")}), ""},
			{newUserOp(1, map[string]cty.Value{"initial_password": text("password")}), "too weak"},
			{newUserOp(1, map[string]cty.Value{"connection": text("Nothing")}), "has no connection"},
			{newUserOp(1, map[string]cty.Value{"connection": text("Closed")}), "may not create users in connection"},
			{newUserOp(1, map[string]cty.Value{"connection": text("google")}), "is no database"},
			{client(map[string]cty.Value{"connections": set("Closed")}), ""},
			{client(map[string]cty.Value{"connections": set("Nothing")}), "has no connection"},
			{client(map[string]cty.Value{"connections": set("Closed"), "is_first_party": cty.False}), "not promoted to the domain level"},
			{client(map[string]cty.Value{"client_id": text("abc")}), "no application with the client id"},
			{client(map[string]cty.Value{"client_metadata": cty.MapVal(map[string]cty.Value{keyMetadata: text("x")})}), "idpctl's own"},
			{api("https://" + testDomain + "/api/v2/"), "Auth0's own API"},
			{api("https://api.example.com/api/v2/"), ""},
			{tenant(map[string]cty.Value{"device_code_mask": text("***-***")}, "device_code_mask"), "has 6 stars"},
			{tenant(map[string]cty.Value{"device_code_mask": text("****-****"), "device_code_charset": text("digits")}, "device_code_charset"), "at least 9"},
		} {
			err := c.Check(context.Background(), []providers.Operation{test.op})[0]
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s %v: %v, wanted %q", test.op.Kind, test.op.After, err, test.want)
			}
		}
	})
}

// Endpoints are on the domain that the tenant block names.
func TestCustomDomain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := emulator.New(emulator.Options{Domain: testDomain, CustomDomains: []string{"login.example.com"}})
		c := connect(t, server, Options{}, nil)
		for domain, want := range map[string]string{testDomain: "https://" + testDomain + "/", "login.example.com": "https://login.example.com/", "login.example.net": ""} {
			list, err := c.List(context.Background(), providers.Query{Kind: "tenant", Keys: []map[string]string{{"domain": domain}}})
			if want == "" {
				if err == nil || !strings.Contains(err.Error(), "login.example.com") {
					t.Errorf("%s: %v", domain, err)
				}
				continue
			}
			if err != nil || len(list) != 1 {
				t.Errorf("%s: %v", domain, err)
				continue
			}
			if got := attr.String(list[0].Attrs, "issuer"); got != want || list[0].ID != testDomain {
				t.Errorf("%s: issuer %s, id %s", domain, got, list[0].ID)
			}
		}
	})
}

// An API of the tenant can be what clients get tokens for that ask for none.
func TestDefaultAudience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := emulator.New(emulator.Options{Domain: testDomain})
		server.AddAPI(map[string]any{"identifier": "https://api.example.com", "name": "api"})
		c := connect(t, server, Options{}, nil)
		op := providers.Operation{
			Verb: providers.Update, Kind: "tenant", ID: testDomain, Changed: []string{"default_audience"},
			Before: object("tenant", nil), After: object("tenant", map[string]cty.Value{"domain": text(testDomain), "default_audience": text("https://api.example.com")}),
		}
		if r := apply(c, op)[0]; r.Err != nil || server.Settings()["default_audience"] != "https://api.example.com" {
			t.Errorf("%v, %v", r.Err, server.Settings()["default_audience"])
		}
	})
}

// Each way to sign in works, and a wrong one is told for what it is.
func TestSignIn(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	keyed := emulator.App{Key: key.Public()}
	for name, test := range map[string]struct {
		app   emulator.App
		block map[string]string
		want  string
	}{
		"secret":            {emulator.App{}, nil, ""},
		"private key":       {keyed, map[string]string{"client_secret": "", "client_assertion_private_key": private}, ""},
		"wrong secret":      {emulator.App{}, map[string]string{"client_secret": "wrong"}, "refused the secret or the client id"},
		"key not known":     {emulator.App{}, map[string]string{"client_secret": "", "client_assertion_private_key": private}, "refused the private key"},
		"other audience":    {emulator.App{}, map[string]string{"audience": "https://elsewhere.example.com/"}, "knows no API"},
		"token not a token": {emulator.App{}, map[string]string{"api_token": "nonsense"}, "token was not accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := connect(t, emulator.New(emulator.Options{Domain: testDomain, App: test.app}), Options{}, test.block)
				_, err := c.List(context.Background(), providers.Query{Kind: "group", Parent: testDomain, All: true})
				if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("%v, wanted %q", err, test.want)
				}
			})
		})
	}
}

// A block that cannot work is refused before any request.
func TestBlockIsChecked(t *testing.T) {
	for want, vals := range map[string]map[string]string{
		"as which application":       {"domain": testDomain},
		"nothing to prove itself":    {"domain": testDomain, "client_id": "a"},
		"private key cannot be used": {"domain": testDomain, "client_id": "a", "client_assertion_private_key": "not a key"},
	} {
		_, err := New().Open(context.Background(), providers.Config{Attrs: block(vals)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, wanted %q", err, want)
		}
	}
}

// A missing scope is named, with where it is granted.
func TestMissingScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := emulator.New(emulator.Options{Domain: testDomain, Scopes: []string{"read:users", "read:connections"}})
		c := connect(t, server, Options{}, nil)
		r := apply(c, newUserOp(1, nil))[0]
		if providers.ClassOf(r.Err) != providers.Forbidden || !strings.Contains(r.Err.Error(), "create:users") || !strings.Contains(r.Err.Error(), "dashboard") {
			t.Errorf("%v", r.Err)
		}
	})
}
