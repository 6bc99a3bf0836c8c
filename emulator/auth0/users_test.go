package auth0_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// What Auth0 makes of a new user, and what it does not echo (section 5).
func TestCreateUser(t *testing.T) {
	tn := start(t, auth0.Options{})
	a := tn.must(t, 201, "POST users", newUser("Marty", `"given_name":"Marty","verify_email":false`))
	id := strings.TrimPrefix(a.str("user_id"), "auth0|")
	equal(t, "user", a.body, object{
		"user_id": "auth0|" + id, "email": "marty@example.com", "email_verified": false, "name": "marty@example.com", "nickname": "marty", "given_name": "Marty",
		"picture":    "https://s.gravatar.com/avatar/f890e643910bbd23f9c62a6a667f2d49?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fma.png",
		"created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:05.678Z",
		"identities": []any{object{"connection": auth0.DefaultConnection, "user_id": id, "provider": "auth0", "isSocial": false}}})
	equal(t, "length of the id", len(id), 24)
	equal(t, "read", tn.must(t, 200, "GET users/auth0%7C"+id, "").body, a.body)
	b := tn.must(t, 201, "POST users", newUser("doc", `"user_id":"x","name":"Emmett","user_metadata":{"a":1,"b":null},"blocked":true`))
	equal(t, "sent", []any{b.str("user_id"), b.str("name"), b.body["user_metadata"], b.body["blocked"]}, []any{"auth0|x", "Emmett", object{"a": 1.0}, true})
	for _, taken := range []string{newUser("MARTY", ""), newUser("other", `"user_id":"x"`)} {
		tn.refused(t, 409, "auth0_idp_error", "The user already exists.", "POST users", taken)
	}
	for body, why := range map[string]string{
		`{"email":"a@b.c","password":"Passw0rd!"}`:                                "Missing required property: connection",
		`{"connection":"` + auth0.DefaultConnection + `","password":"Passw0rd!"}`: "Missing required property: email",
		`{"connection":"` + auth0.DefaultConnection + `","email":"a@b.c"}`:        "Missing required property: password",
		newUser("a b", ""):              "Object didn't pass validation for format email: a b@example.com",
		newUser("a", `"age":1`):         "Additional properties not allowed: age",
		newUser("a", `"blocked":"yes"`): "Expected type boolean but found type string",
	} {
		tn.refused(t, 400, "invalid_body", why, "POST users", body)
	}
	tn.refused(t, 400, "inexistent_connection", "The connection does not exist", "POST users", `{"connection":"x","email":"a@b.c","password":"Passw0rd!"}`)
	tn.refused(t, 400, "operation_not_supported", "requires_username", "POST users", newUser("a", `"username":"a"`))
	tn.SetMembers(auth0.KindConnection, tn.Connections()[0].ID)
	tn.refused(t, 400, "", "Connection must be enabled for this client", "POST users", newUser("a", ""))
}

// With two verified custom domains a user is created by a header (section 2).
func TestCustomDomains(t *testing.T) {
	tn := start(t, auth0.Options{CustomDomains: []string{"a.example.com", "b.example.com"}})
	tn.refused(t, 409, "custom_domain_conflict", "The tenant has multiple verified custom domains.", "POST users", newUser("a", ""))
	tn.must(t, 201, "POST users", newUser("a", ""), "auth0-custom-domain: b.example.com")
	equal(t, "domains", tn.must(t, 200, "GET custom-domains", "").column("", "domain"), []string{"a.example.com", "b.example.com"})
}

// The policies of a connection (section 6).
func TestPasswords(t *testing.T) {
	for policy, tt := range map[string]struct{ good, bad string }{
		"none":      {"a", ""},
		"low":       {"abcdef", "abcde"},
		"fair":      {"Abcdefg1", "abcdefg1"},
		"good":      {"abcdef1!", "abcdefg1"},
		"excellent": {"Abcdefgh1!", "Abcccdefg1!"},
	} {
		tn := start(t, auth0.Options{})
		tn.Change(auth0.KindConnection, tn.Connections()[0].ID, func(p object) { p["options"].(object)["passwordPolicy"] = policy })
		user := func(password string) string {
			return `{"connection":"` + auth0.DefaultConnection + `","email":"a@example.com","password":"` + password + `"}`
		}
		if tt.bad != "" {
			tn.refused(t, 400, "", "PasswordStrengthError: Password is too weak", "POST users", user(tt.bad))
		}
		id := tn.must(t, 201, "POST users", user(tt.good)).str("user_id")
		if !tn.PasswordIs(id, tt.good) {
			t.Errorf("%s: another password", policy)
		}
	}
}

// Changes: metadata by key, null removes, {} empties (section 5).
func TestPatchUser(t *testing.T) {
	for name, tt := range map[string]struct{ patch, property, want string }{
		"merged":         {`{"user_metadata":{"b":{"y":2},"a":null}}`, "user_metadata", `{"b":{"y":2},"c":3}`},
		"emptied":        {`{"user_metadata":{}}`, "user_metadata", `{}`},
		"app":            {`{"app_metadata":{"r":1}}`, "app_metadata", `{"r":1}`},
		"other stays":    {`{"app_metadata":{"r":1}}`, "user_metadata", `{"a":1,"b":{"x":1},"c":3}`},
		"removed":        {`{"given_name":null}`, "given_name", `null`},
		"name stays":     {`{"given_name":"Doc"}`, "name", `"marty@example.com"`},
		"e-mail":         {`{"email":"Doc@Example.com"}`, "email", `"doc@example.com"`},
		"not verified":   {`{"email":"doc@example.com"}`, "email_verified", `false`},
		"still verified": {`{"email":"marty@example.com"}`, "email_verified", `true`},
		"verified":       {`{"email":"doc@example.com","email_verified":true}`, "email_verified", `true`},
		"reset":          {`{"password":"N3w-secret"}`, "last_password_reset", `"2026-01-02T03:05:05.678Z"`},
		"updated":        {`{"blocked":true}`, "updated_at", `"2026-01-02T03:05:05.678Z"`},
	} {
		t.Run(name, func(t *testing.T) {
			tn := start(t, auth0.Options{})
			id := tn.must(t, 201, "POST users", newUser("marty", `"given_name":"Marty","email_verified":true,"user_metadata":{"a":1,"b":{"x":1},"c":3}`)).str("user_id")
			tn.now = tn.now.Add(time.Minute)
			got, _ := json.Marshal(tn.must(t, 200, "PATCH users/"+id, tt.patch).body[tt.property])
			equal(t, tt.property, string(got), tt.want)
		})
	}
}

// What may not be changed so.
func TestPatchUserRefused(t *testing.T) {
	tn := start(t, auth0.Options{})
	id := tn.user(t, "marty")
	tn.user(t, "doc")
	tn.refused(t, 400, "operation_not_supported", "Cannot update password and email simultaneously", "PATCH users/"+id, `{"email":"a@b.c","password":"Passw0rd!"}`)
	tn.refused(t, 400, "auth0_idp_error", "already exists", "PATCH users/"+id, `{"email":"doc@example.com"}`)
	tn.refused(t, 400, "", "PasswordStrengthError", "PATCH users/"+id, `{"password":"x"}`)
	tn.refused(t, 400, "invalid_body", "Additional properties not allowed: user_id", "PATCH users/"+id, `{"user_id":"x"}`)
	tn.refused(t, 400, "inexistent_connection", "", "PATCH users/"+id, `{"connection":"x","email":"a@b.c"}`)
	tn.refused(t, 404, "inexistent_user", "The user does not exist.", "PATCH users/x", `{}`)
	tn.must(t, 204, "DELETE users/"+id, "")
	tn.must(t, 204, "DELETE users/"+id, "")
	tn.refused(t, 404, "inexistent_user", "The user does not exist.", "GET users/"+id, "")
}

// update:users_app_metadata opens app_metadata and nothing else.
func TestAppMetadataScope(t *testing.T) {
	tn := start(t, auth0.Options{Scopes: []string{"update:users_app_metadata"}})
	id := tn.AddUser(object{"email": "a@example.com"})
	tn.must(t, 200, "PATCH users/"+id, `{"app_metadata":{"a":1}}`)
	tn.refused(t, 403, "insufficient_scope", "update:users", "PATCH users/"+id, `{"blocked":true}`)
}

// By e-mail: at once, always an array, and with a look at the case (section 5).
func TestUsersByEmail(t *testing.T) {
	tn := start(t, auth0.Options{Lag: auth0.Lag{Search: time.Minute}})
	id := tn.user(t, "Marty")
	equal(t, "found", tn.must(t, 200, "GET users-by-email?email=marty%40example.com", "").column("", "user_id"), []string{id})
	for _, email := range []string{"Marty@example.com", "arty@example.com"} {
		equal(t, email, tn.must(t, 200, "GET users-by-email?email="+email, "").text, "[]")
	}
	equal(t, "fields", tn.must(t, 200, "GET users-by-email?email=marty@example.com&fields=email", "").list[0], object{"email": "marty@example.com"})
	tn.refused(t, 400, "invalid_query_string", "email", "GET users-by-email", "")
}
