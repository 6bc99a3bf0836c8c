package state

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(path, got, 0o600))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s\nwant\n%s", path, got, want)
	}
}

// full has every field of the format.
func full() *State {
	marty := object("user.marty", "6a2f")
	marty.Owned = map[string]json.RawMessage{"groups": json.RawMessage(`["admins"]`)}
	marty.PreventDestroy, marty.ForceDestroy, marty.OnDestroy = true, true, "delete"
	marty.Sensitive = []string{"first_name"}
	team := object(`user.team["em\"m.ett"]`, "77aa")
	team.Origin, team.Written = Adopted, time.Time{}
	reset := Intent{
		Seq: 9, Verb: Update, Address: marty.Address, Kind: "user", Provider: "keycloak.eu", Parent: "influxdb",
		Key: map[string]string{"username": "marty", "email": "m@example.com"}, ID: "chosen",
		UpsertKey: "key", Restore: "0d5c", Marker: "a1b2", Since: marty.Written.Add(-time.Minute),
		Before: &Image{ID: "6a2f", Values: json.RawMessage(`{"first_name":"M <&>"}`)}, After: &marty,
		Credential: Password, ServerTime: marty.Written,
	}
	file := Target{
		Address: addr("cluster.production.appinstance"), Kind: "appinstance", Path: "deploy/my influxdb.yml",
		Name: "cluster-0", Namespace: "influxdb", Context: "prod", Server: "https://k8s.example.com:6443", UID: "0c7f6b0e-6a4b-4b39-9d0e-3f4b8f2f3c11",
		Owned: []string{"6a2f", "77aa"}, Release: "clustered", Chart: "influxdata/influxdb3-clustered", ReleaseNamespace: "prod", Former: []string{"5b1e"}, Hidden: []string{"email"}, Groups: true, IdentityProvider: "keycloak",
		JWKSEndpoint: "https://sso.example.com/realms/influxdb/protocol/openid-connect/certs",
	}
	write := Intent{Seq: 10, Verb: TargetWrite, Address: file.Address, Kind: file.Kind, Target: &file}
	return &State{
		Version: 1, ToolVersion: "1.2.3", Lineage: "3e1f0c52-9d6e-4c5f-8a49-6f1d3a1c7b10", Serial: 7, Namespace: "prod", Servers: map[string]string{"keycloak": "https://sso.example.com"},
		Run:     "0b7f9b52-0d0f-4a8e-a6f4-0f3a6c8f9d11",
		Objects: []Object{marty, team},
		Targets: []Target{file},
		Outputs: map[string]Output{
			"client_id": {Type: json.RawMessage(`"string"`), Value: json.RawMessage(`"influxctl"`)},
			"admins":    {Type: json.RawMessage(`["map","string"]`), Value: json.RawMessage(`{"marty":"6a2f"}`)},
			"smtp":      {Sensitive: true},
		},
		Pending: []Credential{{Address: marty.Address, ID: "6a2f", Kind: Invite, Intent: 4}},
		Intents: []Intent{reset, write},
		Gone:    []Gone{{Provider: "keycloak", Kind: "user", Parent: "influxdb", ID: "99bb", Written: marty.Written}},
	}
}

func TestGoldenSnapshot(t *testing.T) {
	data, err := full().Encode()
	must(t, err)
	golden(t, "snapshot.json", data)
	if !json.Valid(data) {
		t.Error("this is no JSON")
	}
	back, err := Decode("s", data)
	must(t, err)
	again, err := back.Encode()
	must(t, err)
	if !bytes.Equal(data, again) {
		t.Errorf("read and written again:\n%s", again)
	}
	if !back.sameContent(full()) {
		t.Errorf("read back: %+v", back)
	}
	empty, err := (&State{Version: 1, Lineage: "l"}).Encode()
	must(t, err)
	golden(t, "empty.json", empty)
}

func TestGoldenJournal(t *testing.T) {
	s := full()
	started := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var file []byte
	for i, records := range [][]Record{
		{
			Begin{Version: 1, Run: s.Run, Lineage: s.Lineage, Serial: 6, Namespace: "prod", Servers: map[string]string{"keycloak": "https://sso.example.com"}, Holder: Holder{
				User: "marty", Host: "ci-1", PID: 4711, Command: "idpctl apply", ToolVersion: "1.2.3", Started: started,
			}},
			s.Intents[0], s.Intents[1],
		},
		{Result{Intent: 9, Object: &s.Objects[0], Error: "the mail was refused"}, Result{Intent: 10, Target: &s.Targets[0]}},
		{Delivered{9}, Put{s.Objects[1]}, Remove{s.Objects[1].Address}, PutTarget{s.Targets[0]}, RemoveTarget{s.Targets[0].Address}},
		{Result{Intent: 11, Removed: true, Written: s.Gone[0].Written}, PutOutputs{s.Outputs}, PutOutputs{}, End{started}},
	} {
		var raw []json.RawMessage
		for _, r := range records {
			data, err := encodeRecord(r)
			must(t, err)
			raw = append(raw, data)
		}
		file = append(file, encodeLine(i+1, raw)...)
	}
	golden(t, "journal.jsonl", file)
	j, err := decodeJournal("x", file)
	must(t, err)
	if len(j.records) != 14 || !j.ended || j.torn != 0 || j.begin.Host != "ci-1" {
		t.Errorf("%+v", j)
	}
}

// A file that somebody formatted or sorted says the same.
func TestDecodeTakesAnyLayout(t *testing.T) {
	data, err := full().Encode()
	must(t, err)
	var pretty bytes.Buffer
	must(t, json.Indent(&pretty, data, "", "\t"))
	s, err := Decode("s", pretty.Bytes())
	must(t, err)
	if !s.sameContent(full()) {
		t.Errorf("an indented file reads as %+v", s)
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"empty", "", []string{"dir/s: the state file is empty", "Put a copy back"}},
		{"only space", " \n\n", []string{"is empty"}},
		{"cut off", "{\n  \"version\": 1,\n  \"lin", []string{"dir/s:3:7: ", "ends in the middle", "put a copy back"}},
		{"no JSON", "{\n  \"version\": 1,\n  'lineage': 2}", []string{"dir/s:3:3: ", `invalid character '\''`}},
		{"conflict markers", "<<<<<<< HEAD\n{}", []string{"dir/s:1:1: ", "invalid character '<'"}},
		{"something after it", "{\"version\":1,\"lineage\":\"l\"}\n{}", []string{"dir/s:1:28: ", "something after its end"}},
		{"a wrong type", "{\n\"version\": 1,\n\"serial\": \"7\"}", []string{"dir/s:3:", "serial cannot be a string"}},
		{"an unknown field", `{"version":1,"lineage":"l","colour":1}`, []string{`unknown field "colour"`, "update this one"}},
		{"a bad address", `{"version":1,"lineage":"l","objects":[{"address":"user"}]}`, []string{`"user" is not an address`}},
		{"newer", `{"version":2,"tool_version":"9.0.0","lineage":"l"}`, []string{"version 2, made by idpctl 9.0.0; this idpctl reads version 1", "Update idpctl"}},
		{"newer with new fields", `{"version":2,"fancy":{}}`, []string{"version 2, made by a later idpctl", "Update idpctl"}},
		{"another program's file", `{"version":4,"terraform_version":"1.11.4","serial":1}`, []string{"version 4"}},
		{"no version", `{"lineage":"l"}`, []string{"it has no version"}},
		{"no lineage", `{"version":1}`, []string{"it has no lineage"}},
		{"twice", `{"version":1,"lineage":"l","objects":[` + marty + "," + marty + `]}`, []string{"user.marty is in it twice"}},
		{"no id", `{"version":1,"lineage":"l","objects":[{"address":"user.marty","kind":"user","origin":"created"}]}`, []string{"user.marty has no kind or no id"}},
		{"odd origin", strings.Replace(`{"version":1,"lineage":"l","objects":[`+marty+`]}`, "created", "found", 1), []string{`origin "found"`}},
		{"a file twice", `{"version":1,"lineage":"l","targets":[{"address":"cluster.a.b","kind":"b","path":""},{"address":"cluster.a.b","kind":"b","path":""}]}`, []string{"twice"}},
		{"a stored secret", `{"version":1,"lineage":"l","outputs":{"x":{"sensitive":true,"value":"y"}}}`, []string{`"x" is sensitive`}},
		{"a bad intent", `{"version":1,"lineage":"l","intents":[{"seq":1,"verb":"frob","address":"user.marty","kind":"user"}]}`, []string{`verb "frob"`}},
		{"an intent twice", `{"version":1,"lineage":"l","intents":[` + gone + "," + gone + `]}`, []string{"intent 1 (user.marty) is in it twice"}},
		{"a bad credential", `{"version":1,"lineage":"l","pending":[{"address":"user.marty","id":"1","kind":"x","intent":1}]}`, []string{`kind "x"`}},
		{"a credential of no intent", `{"version":1,"lineage":"l","pending":[{"address":"user.marty","id":"1","kind":"invite","intent":0}]}`, []string{"user.marty"}},
		{"escape sequences", "{\"version\":1,\"lineage\":\"l\",\"\u001b[31m\":1}", []string{"not valid"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Decode("dir/s", []byte(c.data))
			if s != nil {
				t.Errorf("a state: %+v", s)
			}
			wantErr(t, err, c.want...)
			if err != nil && strings.ContainsRune(err.Error(), 0x1b) {
				t.Errorf("a terminal escape in %q", err)
			}
		})
	}
}

const (
	marty = `{"address":"user.marty","kind":"user","provider":"keycloak","id":"1","origin":"created"}`
	gone  = `{"seq":1,"verb":"delete","address":"user.marty","kind":"user","before":{"id":"1"}}`
)
