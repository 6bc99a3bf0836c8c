package auth0_test

import (
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// What an administrator does is there at once, also with lag.
func TestEdit(t *testing.T) {
	tn := start(t, auth0.Options{Lag: auth0.Lag{Search: time.Minute, Lists: time.Minute}})
	user := tn.AddUser(object{"email": "Marty@example.com", "password": "weak", "user_id": "m"})
	role := tn.AddRole("admins", "those who may", user)
	client := tn.AddClient(object{"name": "influxctl", "client_metadata": object{"k": "v"}})
	con := tn.AddConnection(object{"name": "other", "enabled_clients": []string{client}})
	api := tn.AddAPI(object{"identifier": "https://api.test", "scopes": []object{{"value": "r"}}})
	equal(t, "user", tn.must(t, 200, "GET users", "").column("", "user_id"), []string{"auth0|m"})
	equal(t, "role", tn.Roles(), []auth0.Role{{ID: role, Name: "admins", Description: "those who may", Members: []string{user}}})
	equal(t, "client", tn.Clients()[0].Metadata, map[string]any{"k": "v"})
	equal(t, "connection", tn.Connections()[1].Clients, []string{client})
	equal(t, "API", tn.APIs(), []auth0.API{{ID: api, Identifier: "https://api.test", Name: "https://api.test", TokenLifetime: 86400, Scopes: []string{"r"}}})
	if !tn.Change(auth0.KindUser, user, func(p object) { p["email_verified"] = true }) || !tn.Users()[0].EmailVerified {
		t.Error("not verified")
	}
	if !tn.SetPassword(user, "x") || !tn.PasswordIs(user, "x") || tn.PasswordIs(user, "weak") {
		t.Error("another password")
	}
	equal(t, "roles", tn.Users()[0].Roles, []string{"admins"})
	tn.ChangeSettings(func(s map[string]any) { s["friendly_name"] = "X" })
	equal(t, "settings", tn.Settings()["friendly_name"], any("X"))
	if o, found := tn.Object(auth0.KindAPI, api); !found || o["name"] != "https://api.test" {
		t.Errorf("object: %v", o)
	}
	for kind, id := range map[auth0.Kind]string{auth0.KindUser: user, auth0.KindRole: role, auth0.KindClient: client, auth0.KindConnection: con, auth0.KindAPI: api} {
		if !tn.Remove(kind, id) || tn.Remove(kind, id) || tn.Change(kind, id, func(object) {}) {
			t.Errorf("%s was not removed", kind)
		}
		if _, found := tn.Object(kind, id); found {
			t.Errorf("%s is still there", kind)
		}
	}
	equal(t, "users", tn.must(t, 200, "GET users", "").text, "[]")
}
