package auth0_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// A new database connection (section 6).
func TestConnectionDefaults(t *testing.T) {
	tn := start(t, auth0.Options{})
	a := tn.must(t, 201, "POST connections", `{"name":"influx","strategy":"auth0"}`)
	if !strings.HasPrefix(a.str("id"), "con_") || len(a.str("id")) != 20 {
		t.Errorf("id %s", a.str("id"))
	}
	for property, want := range map[string]any{"is_domain_connection": false, "authentication": object{"active": true}, "connected_accounts": object{"active": false},
		"enabled_clients": []any{}, "realms": []any{"influx"}} {
		equal(t, property, a.body[property], want)
	}
	options := a.body["options"].(object)
	for property, want := range map[string]any{"mfa": object{"active": true, "return_enroll_settings": true}, "passwordPolicy": "good", "strategy_version": 2.0,
		"brute_force_protection": true, "authentication_methods": object{"password": object{"enabled": true, "api_behavior": "required"}, "passkey": object{"enabled": false}}} {
		equal(t, property, options[property], want)
	}
}

// A patch replaces options; only what is refilled comes back (section 6).
func TestPatchConnection(t *testing.T) {
	tn := start(t, auth0.Options{})
	id := tn.must(t, 201, "POST connections", `{"name":"influx","strategy":"auth0"}`).str("id")
	a := tn.must(t, 200, "PATCH connections/"+id, `{"options":{"disable_signup":true}}`)
	var names []string
	for name := range a.body["options"].(object) {
		names = append(names, name)
	}
	equal(t, "options", len(names), 3)
	for _, name := range []string{"disable_signup", "authentication_methods", "passkey_options"} {
		if a.body["options"].(object)[name] == nil {
			t.Errorf("no %s in %v", name, names)
		}
	}
	tn.refused(t, 400, "invalid_body", "Additional properties not allowed: enabled_clients", "PATCH connections/"+id, `{"enabled_clients":[]}`)
	tn.refused(t, 400, "invalid_body", "Additional properties not allowed: name", "PATCH connections/"+id, `{"name":"x"}`)
	tn.refused(t, 400, "invalid_body", "No enum match for: x", "PATCH connections/"+id, `{"options":{"passwordPolicy":"x"}}`)
	tn.refused(t, 409, "connection_conflict", "A connection with the same name already exists", "POST connections", `{"name":"influx","strategy":"auth0"}`)
	tn.refused(t, 400, "invalid_body", "on property name", "POST connections", `{"name":"-x","strategy":"auth0"}`)
	tn.refused(t, 404, "inexistent_connection", "The connection does not exist", "GET connections/x", "")
}

// Answers to GET and PATCH lack enabled_clients since July 2026 (section 6).
func TestEnabledClients(t *testing.T) {
	for _, old := range []bool{false, true} {
		tn := start(t, auth0.Options{EnabledClients: old})
		id := tn.must(t, 201, "POST connections", `{"name":"influx","strategy":"auth0","enabled_clients":["`+auth0.DefaultClientID+`"]}`).str("id")
		for _, request := range []string{"GET connections/" + id, "PATCH connections/" + id} {
			_, has := tn.must(t, 200, request, `{"display_name":"x"}`).body["enabled_clients"]
			equal(t, request, has, old)
		}
		if old {
			tn.must(t, 200, "PATCH connections/"+id, `{"enabled_clients":[]}`)
			equal(t, "clients", len(tn.must(t, 200, "GET connections/"+id+"/clients", "").column("clients", "client_id")), 0)
		}
	}
}

// The clients of a connection: a delta, 50 a call, in pages of 50 (section 6).
func TestConnectionClients(t *testing.T) {
	tn := start(t, auth0.Options{})
	path := "connections/" + tn.Connections()[0].ID + "/clients"
	ids := make([]string, 51)
	var changes []object
	for i := range ids {
		ids[i] = tn.AddClient(object{"name": fmt.Sprint(i)})
		changes = append(changes, object{"client_id": ids[i], "status": true})
	}
	send := func(status int, list ...object) answer {
		body, _ := json.Marshal(list)
		return tn.must(t, status, "PATCH "+path, string(body))
	}
	send(400, changes...)
	a := send(204, changes[:50]...)
	equal(t, "empty", []string{a.text, a.header.Get("Content-Type")}, []string{"", "application/json; charset=utf-8"})
	send(204, changes[50], object{"client_id": ids[0], "status": false}, changes[1])
	first := tn.must(t, 200, "GET "+path, "")
	equal(t, "first page", len(first.column("clients", "client_id")), 50)
	second := tn.must(t, 200, "GET "+path+"?take=50&from="+first.str("next"), "")
	equal(t, "second page", []any{second.column("clients", "client_id"), second.body["next"]}, []any{[]string{ids[50]}, nil})
	send(404, object{"client_id": "x", "status": true})
	send(400, object{"client_id": ids[0]})
	send(400)
}

// By name whatever the case, by name and strategy, and by fields (section 1).
func TestListConnections(t *testing.T) {
	tn := start(t, auth0.Options{NoConnection: true})
	for _, c := range []string{`{"name":"b","strategy":"auth0"}`, `{"name":"C","strategy":"google-oauth2"}`, `{"name":"a","strategy":"auth0"}`} {
		tn.must(t, 201, "POST connections", c)
	}
	for query, want := range map[string]string{"": "a b C", "?name=b": "b", "?strategy=auth0": "a b", "?strategy=auth0&strategy=google-oauth2": "a b C", "?name=c": ""} {
		equal(t, query, strings.Join(tn.must(t, 200, "GET connections"+query, "").column("", "name"), " "), want)
	}
	one := tn.must(t, 200, "GET connections?fields=strategy,name&name=a", "").list[0].(object)
	var names []string
	for name := range one {
		names = append(names, name)
	}
	equal(t, "fields", len(names), 6) // id, is_domain_connection, authentication and connected_accounts come too
}

// Deletion is 202 with a time; the users go along (section 3).
func TestDeleteConnection(t *testing.T) {
	for _, again := range []time.Duration{0, time.Minute} {
		tn := start(t, auth0.Options{DeletedConnections: again})
		id := tn.Connections()[0].ID
		user := tn.user(t, "marty")
		equal(t, "deleted_at", tn.must(t, 202, "DELETE connections/"+id, "").str("deleted_at"), "2026-01-02T03:04:05.678Z")
		tn.must(t, 404, "GET connections/"+id, "")
		tn.must(t, 404, "GET users/"+user, "")
		tn.now = tn.now.Add(10 * time.Second)
		if again > 0 {
			equal(t, "deleted_at", tn.must(t, 202, "DELETE connections/"+id, "").str("deleted_at"), "2026-01-02T03:04:05.678Z")
			tn.now = tn.now.Add(time.Minute)
		}
		tn.must(t, 204, "DELETE connections/"+id, "")
	}
}
