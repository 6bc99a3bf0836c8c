package view_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

const appInstanceDiff = `--- myinfluxdb.yml
+++ myinfluxdb.yml
@@ -41,7 +41,13 @@
       admin:
         dsn:
           value: postgres://iox:CANARY-dsn@db.example.com:5432/iox
-        identityProvider: ""
+        identityProvider: "keycloak"
+        jwksEndpoint: "https://sso.example.com/realms/influxdb/protocol/openid-connect/certs"
-        users: []
+        users:
+          - id: (known after apply)
+            firstName: "Marty"
`

// everything is a plan with one object of each sort.
func everything(t testing.TB) *plan.Plan {
	w := &world{t: t}
	w.add(given{addr: at("realm", "influxdb"), id: "r1",
		desired: realm.with(attrs{
			"display_name": str("InfluxDB Clustered"), "issuer": cty.NullVal(cty.String),
			"webhook_secret": str("CANARY-new").Mark(resource.Sensitive),
			"smtp":           smtp(attrs{"host": str("smtp.example.com"), "port": cty.NumberIntVal(587), "from": str("idp@example.com"), "password": str("CANARY-smtp"), "password_version": cty.NumberIntVal(2)}),
		}),
		live: realm.with(attrs{
			"display_name": str("Renamed by hand"), "webhook_secret": str("CANARY-live"),
			"smtp": smtp(attrs{"host": str("smtp.example.com"), "port": cty.NumberIntVal(25), "from": str("idp@example.com")}),
		}),
		prior: realm.with(attrs{"smtp": smtp(attrs{"host": str("smtp.example.com"), "port": cty.NumberIntVal(25), "from": str("idp@example.com"), "password_version": cty.NumberIntVal(1)})}),
	})
	w.add(given{addr: at("user", "marty"), desired: marty.with(attrs{
		"attributes":       mapping("department", "time travel", "floor", "88"),
		"initial_password": str("CANARY-new"),
		"invite":           cty.True,
	})})
	w.add(given{addr: at("user", "emmett"), id: "8f14e45f-ceea-467f-8e4b-0e1f6a3c7a01",
		desired: user("emmett").with(attrs{"first_name": str("Emmett"), "last_name": cty.NullVal(cty.String), "attributes": mapping("b", "2", "c", "3"), "required_actions": cty.SetVal(strs("VERIFY_EMAIL", "CONFIGURE_TOTP"))}),
		live:    user("emmett").with(attrs{"attributes": mapping("a", "1", "b", "1", "c", "3"), "required_actions": cty.SetVal(strs("UPDATE_PASSWORD", "VERIFY_EMAIL"))}),
		prior:   user("emmett"),
	}).Attributes[0].Drift = true
	w.add(given{addr: at("user", "adopted"), id: "a1", desired: user("adopted"), live: user("adopted")})
	w.add(given{addr: at("user", "adopted_too"), id: "a2", desired: user("adopted_too").with(attrs{"first_name": str("Neu")}), live: user("adopted_too")})
	w.add(given{addr: at("user", "reclaimed"), id: "a3", marker: "ours", desired: user("reclaimed"), live: user("reclaimed")})
	w.add(given{addr: at("user", "gone"), id: "a4", desired: user("gone"), prior: user("gone")})
	w.add(given{addr: at("user", "renamed"), id: "a5", desired: user("renamed").with(attrs{"username": str("other@influxdata.com")}), live: user("renamed"), prior: user("renamed")})
	w.add(given{addr: at("user", "moved"), id: "a6", moved: at("user", "was"), desired: user("moved"), live: user("moved"), prior: user("moved")})
	w.add(given{addr: at("user", "undelivered"), id: "a7", undelivered: true, desired: user("undelivered"), live: user("undelivered"), prior: user("undelivered")})
	w.add(given{addr: at("user", "invited"), id: "a8", undelivered: true, desired: user("invited").with(attrs{"invite": cty.True}), live: user("invited"), prior: user("invited")})
	w.add(given{addr: at("user", "same"), id: "a9", desired: user("same"), live: user("same"), prior: user("same")})
	w.add(given{addr: at("group", "admins"), id: "g1",
		desired: attrs{"realm": str("influxdb"), "name": str("admins"), "members": cty.SetVal([]cty.Value{str("a1"), str("a9"), cty.UnknownVal(cty.String), cty.UnknownVal(cty.String)})},
		live:    attrs{"realm": str("influxdb"), "name": str("operators"), "members": cty.SetVal(strs("a9"))},
		prior:   attrs{"realm": str("influxdb"), "name": str("admins"), "members": cty.SetVal(strs("a9"))},
	})
	w.add(given{addr: at("user", "removed"), id: "d1", live: user("removed").with(attrs{"attributes": mapping("k", "v")}), prior: user("removed")})
	w.add(given{addr: at("user", "released"), id: "d2", live: user("released"), prior: user("released"), released: true})
	w.add(given{addr: at("realm", "old"), id: "d3",
		live:  realm.with(attrs{"name": str("old"), "webhook_secret": str("CANARY-live"), "smtp": smtp(attrs{"host": str("h"), "key": str("CANARY-live")})}),
		prior: realm.with(attrs{"name": str("old")}),
	})
	w.changes = append(w.changes, &plan.Change{
		Address: resource.Address{Mode: resource.Data, Kind: "user", Name: "doc"}, Kind: "user", Provider: "keycloak", Action: plan.Read,
		Desired: &resource.Desired{Args: cty.ObjectVal(attrs{"realm": cty.UnknownVal(cty.String), "email": str("doc@influxdata.com"), "username": cty.NullVal(cty.String)})},
	})
	targets := []*plan.TargetChange{
		{
			Address: resource.Address{Kind: "cluster", Name: "production", Target: "appinstance"}, Kind: "appinstance", Path: "myinfluxdb.yml",
			Action: plan.Update, Diff: appInstanceDiff, Added: []string{"Marty McFly <mcfly@influxdata.com>"}, Removed: []string{"removed@influxdata.com"},
			Fields: []string{"identityProvider", "jwksEndpoint"},
		},
		{Address: resource.Address{Kind: "cluster", Name: "test", Target: "appinstance"}, Kind: "appinstance", Path: "test.yml", Action: plan.NoOp},
	}
	outputs := []plan.OutputChange{
		{Name: "admins", Action: plan.Create, After: cty.ObjectVal(attrs{"emmett@influxdata.com": str("8f14e45f"), "mcfly@influxdata.com": cty.UnknownVal(cty.String)})},
		{Name: "issuer", Action: plan.Update, Before: str("https://old.example.com"), After: str("https://sso.example.com/realms/influxdb")},
		{Name: "password", Action: plan.Create, After: str("CANARY-output").Mark(resource.Sensitive), Sensitive: true},
		{Name: "same", Action: plan.NoOp, Before: str("x"), After: str("x")},
		{Name: "went", Action: plan.Delete, Before: cty.NumberIntVal(5)},
	}
	return w.plan(plan.Normal, targets, outputs)
}

func TestPlan(t *testing.T) {
	outputsOnly := (&world{t: t}).plan(plan.Normal, nil, []plan.OutputChange{{Name: "n", Action: plan.Create, After: cty.NumberFloatVal(1.5)}})
	destroy := &world{t: t}
	destroy.add(given{addr: at("user", "marty"), id: "u1", live: marty, prior: marty}).Reason = ""
	warning := diag.Diagnostics{{Severity: diag.Warning, Summary: "Nobody can sign in as this user", Detail: "Set invite or generate_password.", Address: "user.marty"}}
	tests := map[string]struct {
		plan  *plan.Plan
		diags diag.Diagnostics
	}{
		"plan_everything":    {everything(t), warning},
		"plan_empty":         {(&world{t: t}).plan(plan.Normal, nil, nil), nil},
		"plan_empty_destroy": {(&world{t: t}).plan(plan.Destroy, nil, nil), nil},
		"plan_outputs_only":  {outputsOnly, nil},
		"plan_destroy":       {destroy.plan(plan.Destroy, nil, nil), nil},
		"plan_failed":        {nil, diag.Diagnostics{{Summary: "Identity provider not reachable", Detail: "No answer from https://sso.example.com."}}},
		"plan_values":        {valuesPlan(t), nil},
		"plan_files":         {filesPlan(t), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			golden(t, name, everyWay(t, view.Options{Kind: kinds}, func(v *view.View) error { return v.Plan(tt.plan, tt.diags, nil) }))
		})
	}
}

// filesPlan does to files whatever can be done to them.
func filesPlan(t testing.TB) *plan.Plan {
	file := func(cluster string, c plan.TargetChange) *plan.TargetChange {
		c.Address, c.Kind, c.Path = resource.Address{Kind: "cluster", Name: cluster, Target: "appinstance"}, "appinstance", cluster+".yml"
		return &c
	}
	return (&world{t: t}).plan(plan.Normal, []*plan.TargetChange{
		file("created", plan.TargetChange{Action: plan.Create, Added: []string{"a@example.com"}, Diff: "--- /dev/null\n+++ created.yml\n@@ -0,0 +1,2 @@\n+users:\n+  - id: \"1\"\n"}),
		file("recorded", plan.TargetChange{Action: plan.Update, Reason: "because the state does not know it yet; the file stays as it is"}),
		file("pruned", plan.TargetChange{Action: plan.Forget, Removed: []string{"a@example.com"}, Diff: "@@ -1 +1 @@\n-users:\n---\n+users: []\n\n"}),
		file("forgotten", plan.TargetChange{Action: plan.Forget}),
		file("unreached", plan.TargetChange{Action: plan.Update, OutOfReach: true, Added: []string{"user.c"}, Removed: []string{"user.a (1)", "user.b (2)"}, Reason: "because it is out of reach: The Kubernetes API server cannot be reached"}),
		file("replaced", plan.TargetChange{Action: plan.Replace, Updated: []string{"b@example.com"}}),
		file("deleted", plan.TargetChange{Action: plan.Delete, Fields: []string{"jwksEndpoint"}}),
	}, nil)
}

// valuesPlan changes values of all sorts.
func valuesPlan(t testing.TB) *plan.Plan {
	w := &world{t: t}
	long := strings.Repeat("0123456789", 1000)
	w.add(given{addr: at("realm", "influxdb"), id: "r1",
		desired: realm.with(attrs{"display_name": str("x" + long), "session_lifetime": cty.NumberIntVal(3600), "banner": str("Welcome\nto the future\nof time\n"), "locales": cty.ListVal(strs("de", "en", "fr"))}),
		live:    realm.with(attrs{"display_name": str(long), "session_lifetime": cty.NumberIntVal(1800), "banner": str("Welcome\nto the past\nof time\n"), "locales": cty.ListVal(strs("en", "fr", "it"))}),
		prior:   realm,
	})
	w.add(given{addr: at("realm", "tail"), id: "r2",
		desired: realm.with(attrs{"name": str("tail"), "display_name": str(long + "b"), "banner": str("one line\nand another")}),
		live:    realm.with(attrs{"name": str("tail"), "display_name": str(long + "a"), "banner": str("one line")}),
		prior:   realm,
	})
	w.add(given{addr: at("realm", "wide"), id: "r3",
		desired: realm.with(attrs{"name": str("wide"), "display_name": str(strings.Repeat("new name ", 6)), "banner": str("tab\tand ${interpolation} and \"quotes\""), "smtp": cty.NullVal(smtp(nil).Type())}),
		live:    realm.with(attrs{"name": str("wide"), "display_name": str(strings.Repeat("old name ", 6)), "smtp": smtp(attrs{"host": str("h"), "key": str("CANARY-live")})}),
		prior:   realm.with(attrs{"smtp": smtp(attrs{"host": str("h")})}),
	})
	w.add(given{addr: at("realm", "new"),
		desired: realm.with(attrs{"name": cty.UnknownVal(cty.String), "issuer": cty.NullVal(cty.String), "locales": cty.ListVal(strs("de")), "banner": str("a\nb"), "smtp": smtp(attrs{"host": str("h"), "key": str("CANARY-new")})}),
	})
	person := func(name string, age int64) cty.Value {
		return cty.ObjectVal(attrs{"name": str(name), "age": cty.NumberIntVal(age)})
	}
	outputs := []plan.OutputChange{
		{Name: "emptied", Action: plan.Update, Before: cty.MapVal(attrs{"a": str("1")}), After: cty.MapValEmpty(cty.String)},
		{Name: "list", Action: plan.Update, Before: cty.TupleVal([]cty.Value{person("a", 1), person("b", 2)}), After: cty.TupleVal([]cty.Value{person("a", 1), person("b", 3), cty.True})},
		{Name: "null", Action: plan.Create, After: cty.NullVal(cty.String)},
		{Name: "retyped", Action: plan.Update, Before: cty.ListVal(strs("a")), After: cty.ObjectVal(attrs{"a": cty.EmptyTupleVal})},
		{Name: "shown", Action: plan.Update, Before: cty.NullVal(cty.String), After: str("no more secret")},
		{Name: "unknown", Action: plan.Update, Before: cty.ListVal(strs("a", "b")), After: cty.UnknownVal(cty.List(cty.String))},
		{Name: "partly", Action: plan.Create, After: cty.ObjectVal(attrs{"open": str("o"), "shut": str("CANARY-output").Mark(resource.Sensitive)})},
	}
	return w.plan(plan.Normal, nil, outputs)
}

// The view does not rely on the marks of the plan alone: what the kind calls
// sensitive, and what is marked on the other side of a change, is masked.
// Many objects are written at once, and stand in the plan's order.
func TestPlanOfMany(t *testing.T) {
	w := &world{t: t}
	var want []string
	for i := range 1000 {
		name := fmt.Sprintf("u%03d", i)
		w.add(given{addr: at("user", name), desired: user(name)})
		want = append(want, "# user."+name+" will be created")
	}
	var out strings.Builder
	v := view.New(view.Options{Out: &out, Kind: kinds})
	if err := v.Plan(w.plan(plan.Normal, nil, nil), nil, nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for l := range strings.Lines(out.String()) {
		if strings.HasPrefix(l, "  # user.") {
			got = append(got, strings.TrimSpace(l))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d headings, the first %q", len(got), got[:min(len(got), 3)])
	}
}

func TestPlanMasks(t *testing.T) {
	r := func(display cty.Value, secret string) cty.Value {
		k, _ := kinds("", "realm")
		return of(k.All(), realm.with(attrs{"display_name": display, "webhook_secret": str(secret)}))
	}
	marked := str("CANARY-new").Mark(resource.Sensitive)
	p := &plan.Plan{Changes: []*plan.Change{{
		Address: at("realm", "r"), Kind: "realm", Provider: "keycloak", Action: plan.Replace, ID: "r1",
		Before: r(str("CANARY-live"), "CANARY-live"), After: r(marked, "CANARY-new"),
		Attributes: []plan.AttrChange{
			{Path: "display_name", Before: str("CANARY-live"), After: marked},
			{Path: "webhook_secret", Before: str("CANARY-live"), After: str("CANARY-new")},
		},
	}}}
	for _, o := range []view.Options{{Kind: kinds}, {Kind: kinds, JSON: true}} {
		text := rendered(t, o, func(v *view.View) error { return v.Plan(p, nil, nil) })
		if strings.Contains(text, "CANARY") || !strings.Contains(text, "webhook_secret") {
			t.Errorf("JSON %v: %s", o.JSON, text)
		}
	}
}

// Without the description of kinds, only what the state has recorded is shown
// of the objects before.
func TestPlanWithoutKinds(t *testing.T) {
	for i, p := range []*plan.Plan{everything(t), valuesPlan(t)} {
		for _, asJSON := range []bool{false, true} {
			text := rendered(t, view.Options{JSON: asJSON}, func(v *view.View) error { return v.Plan(p, nil, nil) })
			if !asJSON {
				checkText(t, text)
			}
			for _, c := range canaries {
				if strings.Contains(text, c) {
					t.Errorf("JSON %v: %s is shown", asJSON, c)
				}
			}
			if i == 0 && !strings.Contains(text, `"removed@influxdata.com"`) {
				t.Error("a recorded value of a deleted object is not shown")
			}
		}
	}
}

// Any change of any value is shown without a panic and without control
// characters, and JSON has all of it.
func FuzzValues(f *testing.F) {
	f.Add(`{"a":[1,"x",{"b":null}]}`, `{"a":[1,"y",{"b":true}],"\u001b":"\u202e"}`)
	f.Add(`"one\ntwo\n"`, `"one\n2"`)
	f.Add(`[[],{},"a","b"]`, `[]`)
	f.Fuzz(func(t *testing.T, before, after string) {
		b, ok := decode(before)
		a, okA := decode(after)
		if !ok || !okA {
			return
		}
		p := (&world{t: t}).plan(plan.Normal, nil, []plan.OutputChange{{Name: "o", Action: plan.Update, Before: b, After: a}})
		text := rendered(t, view.Options{}, func(v *view.View) error { return v.Plan(p, nil, nil) })
		checkText(t, strings.ReplaceAll(strings.ReplaceAll(text, "CANARY", ""), "\t", " "))
		raw := rendered(t, view.Options{JSON: true}, func(v *view.View) error { return v.Output(view.OutputValue{Value: a}) })
		if back, ok := decode(raw); !ok || !back.RawEquals(a) {
			t.Errorf("JSON is %s of %#v", raw, a)
		}
	})
}

func decode(text string) (cty.Value, bool) {
	typ, err := ctyjson.ImpliedType([]byte(text))
	if err != nil {
		return cty.NilVal, false
	}
	v, err := ctyjson.Unmarshal([]byte(text), typ)
	return v, err == nil
}

// A plan of many objects is written in time that grows with their number.
func BenchmarkPlan(b *testing.B) {
	w := &world{t: b}
	for i := range 1000 {
		w.add(given{addr: resource.Address{Kind: "user", Name: "team", Key: resource.IntKey(i)}, desired: user(fmt.Sprintf("u%d", i))})
	}
	p := w.plan(plan.Normal, nil, nil)
	for _, asJSON := range []bool{false, true} {
		b.Run(fmt.Sprintf("json=%v", asJSON), func(b *testing.B) {
			for b.Loop() {
				rendered(b, view.Options{Kind: kinds, JSON: asJSON}, func(v *view.View) error { return v.Plan(p, nil, nil) })
			}
		})
	}
}
