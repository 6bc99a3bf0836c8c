package view_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

func outputs() []view.OutputValue {
	return []view.OutputValue{
		{Name: "admins", Value: mapping("emmett@influxdata.com", "8f14e45f-ceea-467f-8e4b-0e1f6a3c7a01", "mcfly@influxdata.com", "0b7a")},
		{Name: "client_id", Value: str("influxctl")},
		{Name: "count", Value: cty.NumberIntVal(123456789)},
		{Name: "empty", Value: cty.EmptyTupleVal},
		{Name: "list", Value: cty.TupleVal([]cty.Value{str("a"), cty.True, cty.NullVal(cty.String)})},
		{Name: "nothing", Value: cty.NullVal(cty.String)},
		{Name: "pem", Value: str("-----BEGIN-----\nabc\n-----END-----\n")},
		{Name: "password", Value: str("CANARY-output"), Sensitive: true},
		{Name: "partly", Value: cty.ObjectVal(attrs{"a": str("CANARY-output").Mark(resource.Sensitive), "b": str("open")})},
	}
}

func objects() []*plan.Prior {
	k, _ := kinds("", "realm")
	u, _ := kinds("", "user")
	return []*plan.Prior{
		{Address: at("realm", "influxdb"), Provider: "keycloak", Kind: "realm", ID: "0d6e2b1c-0000-4000-8000-0123456789ab", Origin: resource.Created,
			Attrs: resource.Record(of(k.All(), realm.with(attrs{"smtp": smtp(attrs{"host": str("smtp.example.com"), "key": str("CANARY-live")}), "webhook_secret": str("CANARY-live")})))},
		{Address: resource.Address{Kind: "user", Name: "team", Key: resource.StringKey("emmett")}, Provider: "keycloak.eu", Kind: "user", ID: "8f14e45f-ceea-467f-8e4b-0e1f6a3c7a01",
			Origin: resource.Adopted, Attrs: resource.Record(of(u.All(), user("emmett"))), DependsOn: []resource.Address{at("realm", "influxdb")}, Undelivered: true},
	}
}

func stateFiles() []view.StateFile {
	return []view.StateFile{{Address: resource.Address{Kind: "cluster", Name: "production", Target: "appinstance"}, Kind: "appinstance", Path: "myinfluxdb.yml", Admins: 2}}
}

func TestRenderings(t *testing.T) {
	short := []view.User{
		{Address: "user.marty", ID: str("8f14e45f-ceea-467f-8e4b-0e1f6a3c7a01"), Email: str("mcfly@influxdata.com"), FirstName: str("Marty"), LastName: str("McFly")},
		{Address: "data.user.emmett", ID: str("0b7ad5a2-1111-4111-8111-0123456789ab"), Email: str("brown@influxdata.com"), FirstName: str("Emmett"), LastName: str("Brown")},
	}
	people := []view.User{
		{Address: "user.marty", ID: str("8f14e45f-ceea-467f-8e4b-0e1f6a3c7a01"), Email: str("mcfly@influxdata.com"), FirstName: str("Marty"), LastName: str("McFly")},
		{Address: `data.users.admins["emmett.lathrop.brown@research.hill-valley.example.com"]`, ID: str("0b7ad5a2-1111-4111-8111-0123456789ab"), Email: str("emmett.lathrop.brown@research.hill-valley.example.com"), FirstName: str("Emmett"), LastName: str("Brown")},
		{Address: "user.secret", ID: str("x"), Email: str("CANARY@example.com").Mark(resource.Sensitive), FirstName: str("CANARY").Mark(resource.Sensitive), LastName: str("Open")},
		{Address: "user.東京", ID: str("short"), Email: str("tokyo@example.com"), FirstName: str("東京"), LastName: str("タワー")},
	}
	checks := []view.Check{
		{ID: "token.signature", Name: "Signature", Status: view.Passed, Value: `RS256, key "abc"`, Want: "not shown", Hint: "not shown"},
		{ID: "token.subject", Name: "Subject is an admin of the cluster", Status: view.Failed, Value: "8f14e45f-ceea-467f-8e4b-0e1f6a3c7a01", Want: "one of the 2 ids in myinfluxdb.yml", Hint: "Add the user to admins of the cluster block, and apply. What the user gets from influxctl until then is 401."},
		{ID: "client.pkce", Name: "PKCE", Status: view.Warned, Hint: "Newer versions of influxctl may ask for it."},
		{ID: "token.audience", Name: "Audience", Status: view.Skipped, Hint: "Keycloak sends none."},
	}
	const earlier = "Could not be checked: an earlier check failed."
	unreachable := []view.Check{
		{ID: "issuer.url", Name: "Issuer URL", Status: view.Passed, Value: "https://sso.example.com/realms/influxdb"},
		{ID: "issuer.discovery", Name: "Discovery document", Status: view.Failed, Value: "https://sso.example.com/realms/influxdb/.well-known/openid-configuration cannot be reached: connection refused", Hint: "Check host and port, and that the identity provider runs."},
		{ID: "issuer.match", Name: "Issuer in the document", Status: view.Skipped, Hint: earlier},
		{ID: "issuer.device_endpoint", Name: "Device authorization endpoint", Status: view.Skipped, Hint: earlier},
		{ID: "issuer.token_endpoint", Name: "Token endpoint", Status: view.Skipped, Hint: earlier},
		{ID: "issuer.device_grant", Name: "Device grant announced", Status: view.Skipped, Value: "not listed", Hint: "Nothing to do."},
		{ID: "issuer.keys", Name: "Signing keys", Status: view.Skipped, Hint: earlier},
		{ID: "cluster.files", Name: "Files of the cluster", Status: view.Passed, Value: "as the configuration says"},
		{ID: "device.answer", Name: "Device code", Status: view.Skipped, Hint: earlier},
	}
	terminal := view.Options{Kind: kinds, Terminal: true}
	pipe := view.Options{Kind: kinds}
	tests := map[string]struct {
		o view.Options
		r rendering
	}{
		"users":            {terminal, func(v *view.View) error { return v.Users("Admins of cluster.production", people) }},
		"users_short":      {terminal, func(v *view.View) error { return v.Users("Admins of cluster.production", short) }},
		"users_pipe":       {pipe, func(v *view.View) error { return v.Users("Admins of cluster.production", people) }},
		"state_list":       {terminal, func(v *view.View) error { return v.StateList(objects(), stateFiles(), false) }},
		"state_list_table": {pipe, func(v *view.View) error { return v.StateList(objects(), stateFiles(), true) }},
		"state_list_pipe":  {pipe, func(v *view.View) error { return v.StateList(objects(), stateFiles(), false) }},
		"show":             {terminal, func(v *view.View) error { return v.Show(objects(), stateFiles(), outputs()[:2]) }},
		"show_no_outputs":  {pipe, func(v *view.View) error { return v.Show(objects()[:1], nil, nil) }},
		"outputs":          {terminal, func(v *view.View) error { return v.Outputs(outputs()) }},
		"outputs_table":    {terminal, func(v *view.View) error { return v.Outputs(outputs()[1:6]) }},
		"output_map":       {pipe, func(v *view.View) error { return v.Output(outputs()[0]) }},
		"output_string":    {pipe, func(v *view.View) error { return v.Output(outputs()[1]) }},
		"output_sensitive": {pipe, func(v *view.View) error { return v.Output(outputs()[7]) }},
		"checks":           {terminal, func(v *view.View) error { return v.Checks("Token of mcfly@influxdata.com", checks) }},
		"checks_skipped":   {terminal, func(v *view.View) error { return v.Checks("cluster.production", unreachable) }},
		"checks_none":      {terminal, func(v *view.View) error { return v.Checks("", nil) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text := everyWay(t, tt.o, tt.r)
			if strings.Contains(text, "CANARY") {
				t.Error("a secret is shown")
			}
			golden(t, name, text)
		})
	}
}

func TestShowWithoutKinds(t *testing.T) {
	list := objects()[1:]
	text := rendered(t, view.Options{}, func(v *view.View) error { return v.Show(list, nil, nil) })
	if !strings.Contains(text, `email      = "emmett@influxdata.com"`) {
		t.Errorf("attributes are not shown:\n%s", text)
	}
}

func TestOutputRaw(t *testing.T) {
	tests := map[string]struct {
		value    cty.Value
		terminal bool
		want     string
		err      string
	}{
		"string":         {str("a\nb\x1b"), false, "a\nb\x1b", ""},
		"on a terminal":  {str("a\nb\x1b[2J"), true, "a\nb [2J", ""},
		"number":         {cty.NumberFloatVal(1.5), false, "1.5", ""},
		"big number":     {cty.MustParseNumberVal("12345678901234567890"), false, "12345678901234567890", ""},
		"bool":           {cty.False, false, "false", ""},
		"null":           {cty.NullVal(cty.String), false, "", "is null"},
		"none":           {cty.NilVal, false, "", "is null"},
		"unknown":        {cty.UnknownVal(cty.String), false, "", "not known before apply"},
		"list":           {cty.ListVal(strs("a")), false, "", "is a list of string; -raw writes strings, numbers and bools only"},
		"object":         {cty.EmptyObjectVal, false, "", "is an object"},
		"sensitive":      {str("CANARY").Mark(resource.Sensitive), false, "", "is sensitive"},
		"sensitive part": {cty.ListVal([]cty.Value{str("CANARY").Mark(resource.Sensitive)}), false, "", "is sensitive"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := view.New(view.Options{Out: &out, Terminal: tt.terminal}).OutputRaw(view.OutputValue{Name: "x", Value: tt.value})
			if out.String() != tt.want {
				t.Errorf("wrote %q, want %q", out.String(), tt.want)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

// hostile is what a server may answer to harm whoever looks at it.
var hostile = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202egnp.exe\u2066\u200b\r\nuser.root: Creation complete\t${x}" + strings.Repeat("A", 10000)

func TestHostileTexts(t *testing.T) {
	w := &world{t: t}
	bad := user("bad").with(attrs{"first_name": str(hostile), "attributes": mapping(hostile, hostile)})
	w.add(given{addr: resource.Address{Kind: "user", Name: "bad", Key: resource.StringKey(hostile)}, id: hostile, live: bad, prior: bad, desired: user("bad")})
	w.add(given{addr: at("user", hostile), id: "x", live: bad, prior: bad})
	w.add(given{addr: at("user", "new"), desired: user("new").with(attrs{"last_name": str(hostile)})})
	p := w.plan(plan.Normal, []*plan.TargetChange{{
		Address: at("cluster", "c"), Kind: hostile, Path: hostile, Action: plan.Update, Diff: "@@\n+" + hostile, Added: []string{hostile}, Fields: []string{hostile}, Reason: hostile,
	}}, []plan.OutputChange{{Name: hostile, Action: plan.Create, After: str(hostile)}})
	prior := &plan.Prior{Address: at("user", hostile), ID: hostile, Provider: hostile, Origin: resource.Origin(hostile), Attrs: resource.Record(cty.ObjectVal(attrs{hostile: str(hostile)}))}
	out := view.OutputValue{Name: hostile, Value: cty.TupleVal([]cty.Value{str(hostile), mapping(hostile, "x")})}
	all := map[string]rendering{
		"plan": func(v *view.View) error { return v.Plan(p, nil, nil) },
		"state list": func(v *view.View) error {
			return v.StateList([]*plan.Prior{prior}, []view.StateFile{{Address: at("cluster", hostile), Path: hostile, Kind: hostile}}, true)
		},
		"show": func(v *view.View) error {
			return v.Show([]*plan.Prior{prior}, []view.StateFile{{Address: at("cluster", hostile), Path: hostile, Kind: hostile}}, []view.OutputValue{out})
		},
		"outputs": func(v *view.View) error { return v.Outputs([]view.OutputValue{out}) },
		"output":  func(v *view.View) error { return v.Output(out) },
		"users": func(v *view.View) error {
			return v.Users(hostile, []view.User{{Address: hostile, ID: str(hostile), Email: str(hostile), FirstName: str(hostile)}})
		},
		"checks": func(v *view.View) error {
			return v.Checks(hostile, []view.Check{{Name: hostile, Status: view.CheckStatus(hostile), Value: hostile, Want: hostile, Hint: hostile}})
		},
		"table": func(v *view.View) error { return v.Table([]string{"a"}, [][]string{{hostile, "more"}, {}}) },
	}
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			for _, terminal := range []bool{false, true} {
				text := rendered(t, view.Options{Kind: kinds, Terminal: terminal}, r)
				checkText(t, text)
				for l := range strings.Lines(text) {
					if strings.HasPrefix(l, "user.root: Creation complete") {
						t.Errorf("a server's text stands as a line of its own: %.60q", l)
					}
				}
			}
			text := rendered(t, view.Options{Kind: kinds, JSON: true}, r)
			checkText(t, text)
			if text == "" { // a table for people only
				return
			}
			var back any
			if err := json.Unmarshal([]byte(text), &back); err != nil {
				t.Fatal(err)
			}
			if name != "table" && name != "state list" && !strings.Contains(fmt.Sprint(back), hostile) {
				t.Error("JSON lost a part of the text")
			}
		})
	}
}

// FORMAT.md documents every member of every JSON object.
func TestFormatIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range files {
		if f.IsDir() || strings.HasPrefix(f.Name(), "output_") { // bare values
			continue
		}
		raw, err := os.ReadFile("testdata/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		_, part, ok := strings.Cut(string(raw), "======== JSON\n")
		if !ok {
			if part = string(raw); !strings.HasPrefix(part, "{") {
				continue
			}
		}
		dec := json.NewDecoder(strings.NewReader(part))
		for dec.More() {
			var v any
			if err := dec.Decode(&v); err != nil {
				t.Fatalf("%s: %v", f.Name(), err)
			}
			members(v, seen)
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d members found in the golden files", len(seen))
	}
	for name := range seen {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("FORMAT.md does not mention %q", name)
		}
	}
	if !strings.Contains(string(doc), `"`+view.FormatVersion+`"`) {
		t.Errorf("FORMAT.md does not say that the version is %q", view.FormatVersion)
	}
}

// members collects the names of members, apart from those that are names of
// things: attributes, outputs.
func members(v any, seen map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			members(e, seen)
		}
	case map[string]any:
		for name, e := range v {
			seen[name] = true
			switch name {
			case "before", "after", "after_unknown", "before_sensitive", "after_sensitive", "values", "value", "type":
				continue
			case "outputs", "output_changes":
				if named, ok := e.(map[string]any); ok {
					for _, o := range named {
						members(o, seen)
					}
					continue
				}
			}
			members(e, seen)
		}
	}
}

func TestNewHasDefaults(t *testing.T) {
	v := view.New(view.Options{})
	if err := v.Outputs(outputs()); err != nil {
		t.Error(err)
	}
	if err := v.Credentials(nil); err != nil {
		t.Error(err)
	}
	if reflect.ValueOf(v).Elem().IsZero() {
		t.Error("no defaults")
	}
}
