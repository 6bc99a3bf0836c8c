//go:build keycloak

package keycloak

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
)

func TestRealRealm(t *testing.T) {
	r := open(t, nil)
	name := r.newRealm(map[string]cty.Value{"display_name": s("One"), "attributes": cty.MapVal(map[string]cty.Value{"mine": s("1")})})
	q := providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": name}}}
	live := r.list(q)[0]
	base := r.auth.baseURL() + "/realms/" + name
	same(t, live, map[string]cty.Value{
		"realm": s(name), "display_name": s("One"), "enabled": cty.True, "password_policy": s(""), "login_theme": s(""),
		"access_token_lifespan": n(300), "oauth2_device_code_lifespan": n(600), "ssl_required": s("external"),
		"issuer": s(base), "jwks_uri": s(base + "/protocol/openid-connect/certs"),
		"token_endpoint":                s(base + "/protocol/openid-connect/token"),
		"device_authorization_endpoint": s(base + "/protocol/openid-connect/auth/device"),
	})
	if live.Builtin || live.Marker != "" {
		t.Errorf("builtin %v, marker %q", live.Builtin, live.Marker)
	}
	if v := live.Attr("attributes").AsValueMap(); v["mine"] != s("1") || v["oauth2DeviceCodeLifespan"] != cty.NilVal {
		t.Errorf("attributes %v", v)
	}

	// A marker comes, the user's attributes change, those of others stay.
	if code := r.raw("PUT", "/admin/realms/"+name, map[string]any{"attributes": map[string]string{"mine": "1", "theirs": "x"}}, nil); code != 204 {
		t.Fatal(code)
	}
	op := r.changeOp("realm", live, map[string]cty.Value{
		"attributes":   cty.MapVal(map[string]cty.Value{"new": s("2")}),
		"display_name": s(""), "oauth2_device_code_lifespan": n(700), "password_policy": s("length(9)"), "registration_allowed": cty.True,
	})
	op.Before = r.object("realm", map[string]cty.Value{"realm": s(name), "attributes": cty.MapVal(map[string]cty.Value{"mine": s("1")})})
	op.Marker = "marker-1"
	r.do(op)
	live = r.list(q)[0]
	same(t, live, map[string]cty.Value{
		"display_name": s(""), "oauth2_device_code_lifespan": n(700), "password_policy": s("length(9)"), "registration_allowed": cty.True,
	})
	v := live.Attr("attributes").AsValueMap()
	if _, there := v["mine"]; there || v["new"] != s("2") || v["theirs"] != s("x") || v[markerAttribute] != cty.NilVal {
		t.Errorf("attributes %v", v)
	}
	if live.Marker != "marker-1" {
		t.Errorf("marker %q", live.Marker)
	}
	// A change of something else keeps all of it.
	r.do(r.changeOp("realm", live, map[string]cty.Value{"enabled": cty.False}))
	live = r.one("realm", "", live.ID)
	if live.Marker != "marker-1" || live.Attr("attributes").AsValueMap()["theirs"] != s("x") {
		t.Errorf("lost: %q, %v", live.Marker, live.Attr("attributes"))
	}
	same(t, live, map[string]cty.Value{"enabled": cty.False, "issuer": s(base)})
}

func TestRealSMTP(t *testing.T) {
	r := open(t, nil)
	block := func(password cty.Value, host string) cty.Value {
		vals := smtpVal(nil).AsValueMap()
		vals["host"], vals["port"], vals["from"], vals["username"], vals["password"] = s(host), n(2525), s("a@example.com"), s("u"), password
		vals["starttls"], vals["from_display_name"] = cty.True, s("SSO")
		return cty.ObjectVal(vals)
	}
	name := r.newRealm(map[string]cty.Value{"smtp_server": block(s("canary"), "one.example.com")})
	live := r.list(providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": name}}})[0]
	want := block(nullString, "one.example.com")
	same(t, live, map[string]cty.Value{"smtp_server": want})
	// Without the password in it, the one that is there stays.
	r.do(r.changeOp("realm", live, map[string]cty.Value{"smtp_server": block(nullString, "two.example.com")}))
	var rep struct{ SMTPServer map[string]string }
	r.raw("GET", "/admin/realms/"+name, nil, &rep)
	if rep.SMTPServer["host"] != "two.example.com" || rep.SMTPServer["password"] != keptPassword {
		t.Errorf("%v", rep.SMTPServer)
	}
	// An empty block removes the server.
	r.do(r.changeOp("realm", live, map[string]cty.Value{"smtp_server": smtpVal(nil)}))
	live = r.one("realm", "", live.ID)
	same(t, live, map[string]cty.Value{"smtp_server": smtpVal(nil)})

	res := r.try(r.changeOp("realm", live, map[string]cty.Value{"smtp_server": cty.ObjectVal(func() map[string]cty.Value {
		vals := smtpVal(nil).AsValueMap()
		vals["host"], vals["username"], vals["password"] = s("h"), s("u"), s("canary")
		return vals
	}())}))[0]
	invalid(t, res.Err, "smtp_server")
}

// invalid checks that an error is one of the values, of an attribute.
func invalid(t testing.TB, err error, attribute string) {
	t.Helper()
	e, ok := err.(*providers.Error)
	if !ok || e.Class != providers.Invalid || e.Attribute != attribute {
		t.Errorf("got %#v, want an invalid %s", err, attribute)
		return
	}
	if strings.Contains(e.Error(), "canary") {
		t.Errorf("a secret is in: %v", e)
	}
}

func TestRealRealmKeys(t *testing.T) {
	r := open(t, nil)
	name := r.newRealm(nil)
	id := r.list(providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": name}}, Brief: true})[0].ID
	res := r.try(
		providers.Operation{Verb: providers.Create, Kind: "realm", ID: id, After: r.object("realm", map[string]cty.Value{"realm": s(name + "-2")})},
		providers.Operation{Verb: providers.Create, Kind: "realm", After: r.object("realm", map[string]cty.Value{"realm": s(name)})},
		providers.Operation{Verb: providers.Delete, Kind: "realm", ID: id, Before: r.object("realm", map[string]cty.Value{"realm": s("kp-test-absent")})},
		providers.Operation{Verb: providers.Delete, Kind: "realm", ID: id, Before: r.object("realm", map[string]cty.Value{"realm": s("master")})},
	)
	if providers.ClassOf(res[0].Err) != providers.Conflict || providers.ClassOf(res[1].Err) != providers.Conflict {
		t.Errorf("got %v, %v", res[0].Err, res[1].Err)
	}
	if res[2].Err != nil {
		t.Errorf("deleting what is not there: %v", res[2].Err)
	}
	invalid(t, res[3].Err, "realm")
	for kind, q := range map[string]providers.Query{
		"user":   {Kind: "user", Parent: "kp-test-absent", All: true},
		"user2":  {Kind: "user", Parent: "kp-test-absent", IDs: []string{id}, Keys: []map[string]string{{"username": "x"}, {"email": "x@y.z"}}},
		"client": {Kind: "client", Parent: "kp-test-absent", Keys: []map[string]string{{"client_id": "x"}}},
		"group":  {Kind: "group", Parent: "kp-test-absent", Keys: []map[string]string{{"name": "x"}}},
		"realm":  {Kind: "realm", IDs: []string{"no-such-id"}, Keys: []map[string]string{{"realm": "kp-test-absent"}}},
	} {
		if objs := r.list(q); len(objs) != 0 {
			t.Errorf("%s: %d objects in a realm that is not there", kind, len(objs))
		}
	}
	// Deleting by name alone would take another realm of that name.
	r.do(providers.Operation{Verb: providers.Delete, Kind: "realm", ID: "another-id", Before: r.object("realm", map[string]cty.Value{"realm": s(name)})})
	if len(r.list(providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": name}}})) != 1 {
		t.Error("a realm with another id was deleted")
	}
	master := r.list(providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": "master"}}, Brief: true})
	if len(master) != 1 || !master[0].Builtin {
		t.Errorf("master: %v", master)
	}
}

func TestRealClient(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	q := providers.Query{Kind: "client", Parent: realm, Keys: []map[string]string{{"client_id": "influxctl"}}}
	if len(r.list(q)) != 0 {
		t.Fatal("a client before it is created")
	}
	op := providers.Operation{
		Verb: providers.Create, Kind: "client", ID: "0b1f6f0e-0000-4000-8000-000000000001", Marker: "m1",
		After: r.object("client", map[string]cty.Value{"realm": s(realm), "client_id": s("influxctl")}),
	}
	op.ID = r.list(providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": realm}}})[0].ID // ids of realms and clients are apart
	res := r.try(op)[0]
	if res.Err != nil || res.ID != op.ID || res.Object == nil {
		t.Fatalf("%v", res)
	}
	live := r.list(q)[0]
	if !live.Attrs.RawEquals(res.Object.Attrs) {
		t.Errorf("answered %#v\nbut is %#v", res.Object.Attrs, live.Attrs)
	}
	same(t, live, map[string]cty.Value{
		"access_type": s("PUBLIC"), "enabled": cty.True, "oauth2_device_authorization_grant_enabled": cty.True,
		"standard_flow_enabled": cty.False, "direct_access_grants_enabled": cty.False, "implicit_flow_enabled": cty.False,
		"service_accounts_enabled": cty.False, "full_scope_allowed": cty.True, "consent_required": cty.False,
		"valid_redirect_uris": noStrings, "name": nullString, "access_token_lifespan": nullNumber,
	})
	if live.Marker != "m1" || live.Builtin {
		t.Errorf("marker %q, builtin %v", live.Marker, live.Builtin)
	}
	if !strings.Contains(strings.Join(attr.StringsOf(live.Attr("default_scopes")), " "), "basic") {
		t.Error("the scope basic is lost")
	}

	// Everything set, then unset again.
	full := map[string]cty.Value{
		"client_id": s("renamed"), "name": s("N"), "description": s("D"), "enabled": cty.False, "access_type": s("CONFIDENTIAL"),
		"oauth2_device_authorization_grant_enabled": cty.False, "oauth2_device_code_lifespan": n(77), "oauth2_device_polling_interval": n(7),
		"standard_flow_enabled": cty.True, "implicit_flow_enabled": cty.True, "direct_access_grants_enabled": cty.True,
		"service_accounts_enabled": cty.True, "valid_redirect_uris": set("http://localhost:1/*", "http://localhost:2/*"),
		"access_token_lifespan": n(99), "full_scope_allowed": cty.False, "consent_required": cty.True,
		"attributes": cty.MapVal(map[string]cty.Value{"a": s("1"), "b": s("2")}),
	}
	r.do(r.changeOp("client", live, full))
	live = r.one("client", realm, live.ID)
	full["attributes"] = live.Attr("attributes") // more is in it
	same(t, live, full)
	if v := live.Attr("attributes").AsValueMap(); v["a"] != s("1") || v["b"] != s("2") {
		t.Errorf("attributes %v", v)
	}
	back := map[string]cty.Value{
		"name": nullString, "description": nullString, "access_type": s("PUBLIC"), "oauth2_device_code_lifespan": nullNumber,
		"oauth2_device_polling_interval": nullNumber, "access_token_lifespan": nullNumber, "valid_redirect_uris": noStrings,
		"oauth2_device_authorization_grant_enabled": cty.True, "standard_flow_enabled": cty.False, "service_accounts_enabled": cty.False,
		"attributes": cty.MapVal(map[string]cty.Value{"b": s("3")}),
	}
	op = r.changeOp("client", live, back)
	vals := op.Before.AsValueMap()
	vals["attributes"] = cty.MapVal(map[string]cty.Value{"a": s("1"), "b": s("2")})
	op.Before = cty.ObjectVal(vals)
	r.do(op)
	live = r.one("client", realm, live.ID)
	delete(back, "attributes")
	same(t, live, back)
	v := live.Attr("attributes").AsValueMap()
	if _, there := v["a"]; there || v["b"] != s("3") || live.Marker != "m1" {
		t.Errorf("attributes %v, marker %q", v, live.Marker)
	}
}

func TestRealClientScopes(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	res := r.try(providers.Operation{Verb: providers.Create, Kind: "client", After: r.object("client", map[string]cty.Value{
		"realm": s(realm), "client_id": s("typo"), "default_scopes": set("basic", "nonsense"),
	})})[0]
	invalid(t, res.Err, "default_scopes")
	if len(r.list(providers.Query{Kind: "client", Parent: realm, Keys: []map[string]string{{"client_id": "typo"}}})) != 0 {
		t.Error("the client was created all the same")
	}
	// phone is optional by the realm's defaults, and moves.
	id := r.create("client", map[string]cty.Value{
		"realm": s(realm), "client_id": s("c"), "default_scopes": set("basic", "phone"), "optional_scopes": set("service_account"),
	})
	live := r.one("client", realm, id)
	has := func(attribute, scope string) bool {
		for _, name := range attr.StringsOf(live.Attr(attribute)) {
			if name == scope {
				return true
			}
		}
		return false
	}
	if !has("default_scopes", "phone") || has("optional_scopes", "phone") || !has("optional_scopes", "service_account") || !has("default_scopes", "profile") {
		t.Errorf("scopes %#v, %#v", live.Attr("default_scopes"), live.Attr("optional_scopes"))
	}
	// What was named and is no longer goes, basic never.
	op := r.changeOp("client", live, map[string]cty.Value{"default_scopes": set("email"), "optional_scopes": noStrings})
	vals := op.Before.AsValueMap()
	vals["default_scopes"], vals["optional_scopes"] = set("basic", "phone"), set("service_account")
	op.Before = cty.ObjectVal(vals)
	r.do(op)
	live = r.one("client", realm, id)
	if has("default_scopes", "phone") || has("optional_scopes", "service_account") || !has("default_scopes", "basic") || !has("default_scopes", "profile") {
		t.Errorf("scopes %#v, %#v", live.Attr("default_scopes"), live.Attr("optional_scopes"))
	}
}

func TestRealClientKeys(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	id := r.create("client", map[string]cty.Value{"realm": s(realm), "client_id": s("c")})
	res := r.try(
		providers.Operation{Verb: providers.Create, Kind: "client", After: r.object("client", map[string]cty.Value{"realm": s(realm), "client_id": s("c")})},
		providers.Operation{Verb: providers.Delete, Kind: "client", ID: "not-there", Before: r.object("client", map[string]cty.Value{"realm": s(realm), "client_id": s("x")})},
		providers.Operation{Verb: providers.Update, Kind: "client", ID: "not-there", Changed: []string{"name"}, Before: r.object("client", map[string]cty.Value{"realm": s(realm), "client_id": s("x")}), After: r.object("client", map[string]cty.Value{"realm": s(realm), "client_id": s("x"), "name": s("y")})},
		providers.Operation{Verb: providers.Create, Kind: "client", After: r.object("client", map[string]cty.Value{"realm": s(realm), "client_id": s("e"), "attributes": cty.MapVal(map[string]cty.Value{"x": s("")})})},
		providers.Operation{Verb: providers.Create, Kind: "client", After: r.object("client", map[string]cty.Value{"realm": s(realm), "client_id": s("f"), "valid_redirect_uris": set("no uri at all")})},
		providers.Operation{Verb: providers.Delete, Kind: "client", ID: "..", Before: r.object("client", map[string]cty.Value{"realm": s(realm), "client_id": s("x")})},
	)
	e, _ := res[0].Err.(*providers.Error)
	if e == nil || e.Class != providers.Conflict || e.Attribute != "client_id" {
		t.Errorf("conflict: %v", res[0].Err)
	}
	if res[1].Err != nil || providers.ClassOf(res[2].Err) != providers.NotFound {
		t.Errorf("delete and update of what is not there: %v, %v", res[1].Err, res[2].Err)
	}
	invalid(t, res[3].Err, "attributes")
	invalid(t, res[4].Err, "valid_redirect_uris")
	invalid(t, res[5].Err, "id")
	if objs := r.list(providers.Query{Kind: "client", Parent: realm, All: true, Brief: true}); len(objs) != 7 {
		t.Errorf("%d clients, want 6 of Keycloak's and one", len(objs))
	} else {
		for _, o := range objs {
			if o.Builtin == (o.ID == id) {
				t.Errorf("%v: builtin %v", attr.String(o.Attrs, "client_id"), o.Builtin)
			}
		}
	}
	for _, o := range r.list(providers.Query{Kind: "client", Parent: "master", Keys: []map[string]string{{"client_id": realm + "-realm"}, {"client_id": "admin-cli"}}}) {
		if !o.Builtin {
			t.Errorf("%v is not built in", attr.String(o.Attrs, "client_id"))
		}
	}
}
