//go:build keycloak

package keycloak

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

func multi(m map[string][]string) cty.Value { return multiMapVal(m) }

// allow sets what the realm does with attributes that its profile lacks.
func (r *real) allow(realm, policy string) {
	r.t.Helper()
	var profile map[string]any
	r.raw("GET", "/admin/realms/"+realm+"/users/profile", nil, &profile)
	profile["unmanagedAttributePolicy"] = policy
	if policy == "" {
		delete(profile, "unmanagedAttributePolicy")
	}
	if code := r.raw("PUT", "/admin/realms/"+realm+"/users/profile", profile, nil); code != 200 {
		r.t.Fatalf("status %d", code)
	}
}

func TestRealUser(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	r.allow(realm, "ENABLED")
	before := r.ServerTime()
	id := r.create("user", map[string]cty.Value{
		"realm": s(realm), "username": s("Marty"), "email": s("McFly@Example.com"), "first_name": s("Marty"), "last_name": s("McFly"),
		"email_verified": cty.True, "attributes": multi(map[string][]string{"dept": {"b", "a"}, "x": {"1"}}), "required_actions": set("CONFIGURE_TOTP"),
	})
	live := r.one("user", realm, id)
	same(t, live, map[string]cty.Value{
		"username": s("marty"), "email": s("mcfly@example.com"), "first_name": s("Marty"), "last_name": s("McFly"), "enabled": cty.True,
		"email_verified": cty.True, "attributes": multi(map[string][]string{"dept": {"a", "b"}, "x": {"1"}}),
	})
	if live.Created.Before(before) || live.Created.After(before.Add(time.Minute)) {
		t.Errorf("created %s, but the server's clock showed %s before", live.Created, before)
	}
	// Attributes of the configuration come and go, others stay, and so do the names.
	op := r.changeOp("user", live, map[string]cty.Value{"attributes": multi(map[string][]string{"dept": {"c"}, "new": {"1", "2"}})})
	vals := op.Before.AsValueMap()
	vals["attributes"] = multi(map[string][]string{"dept": {"a", "b"}})
	op.Before = cty.ObjectVal(vals)
	r.do(op)
	live = r.one("user", realm, id)
	same(t, live, map[string]cty.Value{
		"username": s("marty"), "email": s("mcfly@example.com"), "first_name": s("Marty"), "last_name": s("McFly"), "email_verified": cty.True,
		"attributes": multi(map[string][]string{"dept": {"c"}, "new": {"1", "2"}, "x": {"1"}}),
	})
	// One name alone, and everything else stays.
	r.do(r.changeOp("user", live, map[string]cty.Value{"first_name": s("Martin"), "enabled": cty.False, "email_verified": cty.False, "email": s("New@example.com")}))
	live = r.one("user", realm, id)
	same(t, live, map[string]cty.Value{
		"first_name": s("Martin"), "last_name": s("McFly"), "enabled": cty.False, "email_verified": cty.False, "email": s("new@example.com"),
		"attributes": multi(map[string][]string{"dept": {"c"}, "new": {"1", "2"}, "x": {"1"}}),
	})
	// All of the configuration's attributes removed.
	op = r.changeOp("user", live, map[string]cty.Value{"attributes": cty.NullVal(multiMap)})
	r.do(op)
	live = r.one("user", realm, id)
	same(t, live, map[string]cty.Value{"attributes": cty.MapValEmpty(stringSet), "last_name": s("McFly"), "email": s("new@example.com")})

	del := providers.Operation{Verb: providers.Delete, Kind: "user", ID: id, Before: live.Attrs}
	r.do(del)
	r.do(del)
	if len(r.list(providers.Query{Kind: "user", Parent: realm, IDs: []string{id}})) != 0 {
		t.Error("the user is still there")
	}
	if res := r.try(r.changeOp("user", live, map[string]cty.Value{"first_name": s("X")})); providers.ClassOf(res[0].Err) != providers.NotFound {
		t.Errorf("changing who is gone: %v", res[0].Err)
	}
}

func TestRealUserRefused(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(map[string]cty.Value{"password_policy": s("length(8)")})
	r.create("user", person(realm, "taken"))
	with := func(name string, over map[string]cty.Value) providers.Operation {
		attrs := person(realm, name)
		for k, v := range over {
			attrs[k] = v
		}
		return providers.Operation{Verb: providers.Create, Kind: "user", After: r.object("user", attrs)}
	}
	short := with("short", nil)
	short.Password = resource.NewSecret("canary")
	ops := []providers.Operation{
		with("taken", map[string]cty.Value{"email": s("other@example.com")}),
		with("other", map[string]cty.Value{"email": s("Taken@example.com")}),
		with("xx", nil),
		with("longname", map[string]cty.Value{"first_name": s(strings.Repeat("x", 256))}),
		with("swallowed", map[string]cty.Value{"attributes": multi(map[string][]string{"dept": {"a"}})}),
		with("empty", map[string]cty.Value{"attributes": multi(map[string][]string{"dept": {}})}),
		with("root", map[string]cty.Value{"attributes": multi(map[string][]string{"firstName": {"a"}})}),
		with("action", map[string]cty.Value{"required_actions": set("CONFIGURE_OTP")}),
		short,
	}
	res := r.try(ops...)
	for i, attribute := range []string{"username", "email"} {
		var e *providers.Error
		if !errors.As(res[i].Err, &e) || e.Class != providers.Conflict || e.Attribute != attribute {
			t.Errorf("got %v, want a conflict of %s", res[i].Err, attribute)
		}
	}
	for i, attribute := range []string{"username", "first_name", "attributes", "attributes", "attributes", "required_actions", "initial_password"} {
		invalid(t, res[i+2].Err, attribute)
		if res[i+2].ID != "" {
			t.Errorf("%d: an id of what was not created", i)
		}
	}
	if err := res[4].Err; err == nil || !strings.Contains(err.Error(), "Unmanaged attributes") {
		t.Errorf("does not say how to allow it: %v", err)
	}
	if objs := r.list(providers.Query{Kind: "user", Parent: realm, All: true}); len(objs) != 1 {
		t.Errorf("%d users, want the one from before", len(objs))
	}

	// A declared attribute and ADMIN_EDIT are kept, ADMIN_VIEW is not.
	for policy, kept := range map[string]bool{"ADMIN_EDIT": true, "ADMIN_VIEW": false} {
		r.allow(realm, policy)
		res := r.try(with("policy-"+lower(policy), map[string]cty.Value{"attributes": multi(map[string][]string{"dept": {"a"}})}))[0]
		if kept && res.Err != nil {
			t.Errorf("%s: %v", policy, res.Err)
		} else if !kept {
			invalid(t, res.Err, "attributes")
		}
	}
}

func TestRealUsername(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	id := r.create("user", person(realm, "before"))
	live := r.one("user", realm, id)
	res := r.try(r.changeOp("user", live, map[string]cty.Value{"username": s("after")}))[0]
	invalid(t, res.Err, "username")
	if res.Err != nil && !strings.Contains(res.Err.Error(), "edit_username_allowed") {
		t.Errorf("does not say what to do: %v", res.Err)
	}
	home := r.list(providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": realm}}})[0]
	r.do(r.changeOp("realm", home, map[string]cty.Value{"edit_username_allowed": cty.True}))
	r.do(r.changeOp("user", live, map[string]cty.Value{"username": s("After")}))
	same(t, r.one("user", realm, id), map[string]cty.Value{"username": s("after"), "email": live.Attr("email")})
}

// canSignIn asks for a token with a password, as a client with direct access
// grants would.
func canSignIn(t *testing.T, realm, user, password string) error {
	t.Helper()
	attrs := config(t, map[string]cty.Value{
		"url": s(setting(t, "IDPCTL_TEST_KEYCLOAK")), "realm": s(realm), "username": s(user), "password": s(password),
	})
	conn, err := New().Open(t.Context(), providers.Config{Attrs: attrs})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.List(t.Context(), providers.Query{Kind: "user", Parent: realm, IDs: []string{"x"}})
	if providers.ClassOf(err) == providers.Forbidden {
		return nil // signed in, and not allowed to look
	}
	return err
}

func TestRealPasswords(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	op := func(name, password string, temporary bool) providers.Operation {
		return providers.Operation{
			Verb: providers.Create, Kind: "user", After: r.object("user", person(realm, name)),
			Password: resource.NewSecret(password), PasswordTemporary: temporary,
		}
	}
	res := r.try(op("lasting", "canary-1", false), op("passing", "canary-2", true))
	if err := canSignIn(t, realm, "lasting", "canary-1"); err != nil {
		t.Errorf("lasting: %v", err)
	}
	err := canSignIn(t, realm, "passing", "canary-2")
	if providers.ClassOf(err) != providers.Unauthenticated || !strings.Contains(err.Error(), "not fully set up") || strings.Contains(err.Error(), "canary") {
		t.Errorf("temporary: %v", err)
	}
	// The credential of a run that died is set anew.
	again := providers.Operation{Verb: providers.Update, Kind: "user", ID: res[1].ID, Password: resource.NewSecret("canary-3")}
	again.Before = r.one("user", realm, res[1].ID).Attrs
	again.After = again.Before
	r.do(again)
	if err := canSignIn(t, realm, "passing", "canary-3"); err == nil || !strings.Contains(err.Error(), "not fully set up") {
		t.Logf("%v", err) // the required action of the first password stays
	}
	if err := canSignIn(t, realm, "passing", "canary-2"); err == nil || !strings.Contains(err.Error(), "refused the user name or the password") {
		t.Errorf("the old password: %v", err)
	}
	if objs := r.list(providers.Query{Kind: "user", Parent: realm, IDs: []string{res[0].ID}}); !objs[0].Attr("initial_password").IsNull() {
		t.Error("a password was read")
	}
}

// mailbox is a mail server that counts what it gets.
func mailbox(t *testing.T) (port int64, count *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	count = &atomic.Int64{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				fmt.Fprint(conn, "220 test\r\n")
				data := false
				for in := bufio.NewScanner(conn); in.Scan(); {
					line := in.Text()
					switch {
					case data && line == ".":
						data = false
						count.Add(1)
						fmt.Fprint(conn, "250 ok\r\n")
					case data:
					case strings.HasPrefix(line, "DATA"):
						data = true
						fmt.Fprint(conn, "354 go on\r\n")
					case strings.HasPrefix(line, "QUIT"):
						fmt.Fprint(conn, "221 bye\r\n")
						return
					default:
						fmt.Fprint(conn, "250 ok\r\n")
					}
				}
			}()
		}
	}()
	return int64(l.Addr().(*net.TCPAddr).Port), count
}

func TestRealInvite(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	op := providers.Operation{Verb: providers.Create, Kind: "user", After: r.object("user", person(realm, "guest")), Invite: true}
	res := r.try(op)[0]
	var e *providers.Error
	if !errors.As(res.Err, &e) || e.Attribute != "invite" || e.Class == providers.Ambiguous || res.ID == "" || !strings.Contains(e.Hint, "smtp_server") {
		t.Fatalf("without a mail server: %+v", res)
	}
	port, count := mailbox(t)
	home := r.list(providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": realm}}})[0]
	vals := smtpVal(nil).AsValueMap()
	vals["host"], vals["port"], vals["from"] = s("127.0.0.1"), n(port), s("sso@example.com")
	r.do(r.changeOp("realm", home, map[string]cty.Value{"smtp_server": cty.ObjectVal(vals)}))
	live := r.one("user", realm, res.ID)
	r.do(providers.Operation{Verb: providers.Update, Kind: "user", ID: live.ID, Before: live.Attrs, After: live.Attrs, Invite: true})
	if count.Load() != 1 {
		t.Errorf("%d mails, want 1", count.Load())
	}
}

func TestRealDoubt(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	verified, unverified, squatter := person(realm, "verified"), person(realm, "unverified"), person(realm, "admin@example.com")
	verified["email_verified"], squatter["email_verified"] = cty.True, cty.True
	squatter["email"] = s("attacker@example.org")
	ids := map[string]string{"v": r.create("user", verified), "u": r.create("user", unverified), "s": r.create("user", squatter)}
	doubt := func(c *real, who, by string) string { return c.one("user", realm, ids[who]).Doubt(by) }
	squats := func(when string) {
		t.Helper()
		if d := doubt(r, "s", "username"); !strings.Contains(d, "e-mail other than its own") {
			t.Errorf("%s, the user name of the squatter is not doubted: %q", when, d)
		}
		if d := doubt(r, "s", "email"); d != "" {
			t.Errorf("%s, the squatter's own e-mail is doubted: %q", when, d)
		}
	}
	for _, who := range []string{"v", "u"} {
		if d := doubt(r, who, "username"); d != "" {
			t.Errorf("%s without self-registration: %s", who, d)
		}
	}
	squats("without self-registration")
	home := r.list(providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": realm}}})[0]
	r.do(r.changeOp("realm", home, map[string]cty.Value{"registration_allowed": cty.True}))
	if doubt(r, "v", "username") != "" || !strings.Contains(doubt(r, "u", "email"), "not verified") {
		t.Errorf("with self-registration: %q, %q", doubt(r, "v", "username"), doubt(r, "u", "email"))
	}
	squats("with self-registration")
	limited := r.serviceAccount(realm, "limited", "manage-users")
	if d := doubt(limited, "u", "email"); !strings.Contains(d, "view-realm") {
		t.Errorf("without view-realm: %q", d)
	}
}

func TestRealGroups(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	var users []string
	for _, name := range []string{"one", "two", "three"} {
		users = append(users, r.create("user", person(realm, name)))
	}
	group := func(name string, over map[string]cty.Value) map[string]cty.Value {
		attrs := map[string]cty.Value{"realm": s(realm), "name": s(name)}
		for k, v := range over {
			attrs[k] = v
		}
		return attrs
	}
	top := r.create("group", group("ops", map[string]cty.Value{"members": set(users[0]), "attributes": multi(map[string][]string{"a": {"2", "1"}})}))
	other := r.create("group", group("other", nil))
	child := r.create("group", group("ops", map[string]cty.Value{"parent": s(top)}))
	grandchild := r.create("group", group("deep", map[string]cty.Value{"parent": s(child), "members": set(users...)}))
	same(t, r.one("group", realm, top), map[string]cty.Value{"name": s("ops"), "parent": nullString, "members": set(users[0]), "attributes": multi(map[string][]string{"a": {"1", "2"}})})
	same(t, r.one("group", realm, grandchild), map[string]cty.Value{"parent": s(child), "members": set(users...)})

	find := func(q providers.Query) []string {
		q.Kind, q.Parent = "group", realm
		var ids []string
		for _, o := range r.list(q) {
			ids = append(ids, o.ID)
		}
		slices.Sort(ids)
		return ids
	}
	sorted := func(ids ...string) []string { slices.Sort(ids); return ids }
	for _, c := range []struct {
		name string
		q    providers.Query
		want []string
	}{
		{"any of the name", providers.Query{Keys: []map[string]string{{"name": "ops"}}}, sorted(top, child)},
		{"at the top", providers.Query{Keys: []map[string]string{{"name": "ops", "parent": ""}}}, []string{top}},
		{"under the parent", providers.Query{Keys: []map[string]string{{"name": "ops", "parent": top}}}, []string{child}},
		{"part of a name", providers.Query{Keys: []map[string]string{{"name": "op"}}}, nil},
		{"by ids", providers.Query{IDs: []string{grandchild, other, "nope"}}, sorted(grandchild, other)},
		{"all", providers.Query{All: true, Brief: true}, sorted(top, other, child, grandchild)},
	} {
		if got := find(c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}

	// Members: only the difference is touched.
	live := r.one("group", realm, grandchild)
	op := r.changeOp("group", live, map[string]cty.Value{"members": set(users[0])})
	vals := op.Before.AsValueMap()
	vals["members"] = set(users[1])
	op.Before = cty.ObjectVal(vals)
	r.reset()
	r.do(op)
	if len(r.sent()) != 2 {
		t.Errorf("sent %v", r.sent())
	}
	same(t, r.one("group", realm, grandchild), map[string]cty.Value{"members": set(users[0], users[2])})

	// Renamed and moved, with its id and what is in it.
	r.do(r.changeOp("group", r.one("group", realm, child), map[string]cty.Value{"name": s("renamed"), "parent": s(other), "attributes": multi(map[string][]string{"b": {"x"}})}))
	same(t, r.one("group", realm, child), map[string]cty.Value{"name": s("renamed"), "parent": s(other), "attributes": multi(map[string][]string{"b": {"x"}})})
	r.do(r.changeOp("group", r.one("group", realm, child), map[string]cty.Value{"parent": nullString}))
	same(t, r.one("group", realm, child), map[string]cty.Value{"parent": nullString, "name": s("renamed")})

	res := r.try(
		providers.Operation{Verb: providers.Create, Kind: "group", After: r.object("group", group("other", nil))},
		providers.Operation{Verb: providers.Delete, Kind: "group", ID: child, Before: r.one("group", realm, child).Attrs},
		r.changeOp("group", r.one("group", realm, other), map[string]cty.Value{"members": set("not-a-user")}),
	)
	var e *providers.Error
	if !errors.As(res[0].Err, &e) || e.Class != providers.Conflict || e.Attribute != "name" {
		t.Errorf("same name: %v", res[0].Err)
	}
	if res[1].Err == nil || !strings.Contains(res[1].Err.Error(), "subgroups") {
		t.Errorf("deleting a group with subgroups: %v", res[1].Err)
	}
	if providers.ClassOf(res[2].Err) != providers.NotFound || res[2].ID == "" {
		t.Errorf("a member that is not there: %+v", res[2])
	}
	for _, id := range []string{grandchild, child, child} {
		r.do(providers.Operation{Verb: providers.Delete, Kind: "group", ID: id, Before: r.object("group", group("x", nil))})
	}
	if got := find(providers.Query{All: true, Brief: true}); !slices.Equal(got, sorted(top, other)) {
		t.Errorf("left: %v", got)
	}
}

func TestRealInterrupted(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ops := make([]providers.Operation, 60)
	for i := range ops {
		ops[i] = providers.Operation{Verb: providers.Create, Kind: "user", After: r.object("user", person(realm, fmt.Sprintf("user%d", i)))}
	}
	done, not := 0, 0
	r.Apply(ctx, ops, func(res providers.Result) {
		switch {
		case res.Err == nil && res.ID != "":
			done++
		case providers.ClassOf(res.Err) == providers.NotAttempted && res.ID == "":
			not++
		default:
			t.Errorf("%+v", res)
		}
		if done == 5 {
			cancel()
		}
	})
	if got := len(r.list(providers.Query{Kind: "user", Parent: realm, All: true})); got != done || done+not != len(ops) || not == 0 {
		t.Errorf("%d done, %d not begun, %d there", done, not, got)
	}
}
