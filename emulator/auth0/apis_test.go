package auth0_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// APIs: defaults, by id and by encoded identifier, scopes replaced (section 7).
func TestAPIs(t *testing.T) {
	tn := start(t, auth0.Options{})
	a := tn.must(t, 201, "POST resource-servers", `{"identifier":"https://influx/api","name":"InfluxDB"}`)
	for property, want := range map[string]any{"allow_offline_access": false, "skip_consent_for_verifiable_first_party_clients": false, "token_lifetime": 86400.0,
		"token_lifetime_for_web": 7200.0, "signing_alg": "RS256", "enforce_policies": nil, "token_dialect": nil, "is_system": nil, "scopes": nil,
		"subject_type_authorization": object{"client": object{"policy": "require_client_grant"}, "user": object{"policy": "allow_all"}}} {
		equal(t, property, a.body[property], want)
	}
	equal(t, "length of the id", len(a.str("id")), 24)
	byName := "resource-servers/" + url.PathEscape("https://influx/api")
	for _, id := range []string{"resource-servers/" + a.str("id"), byName, "resource-servers/https:%2F%2Finflux%2Fapi"} {
		equal(t, id, tn.must(t, 200, "GET "+id, "").body, a.body)
	}
	for _, tt := range []struct{ patch, want string }{
		{`{"scopes":[{"value":"a","description":"A"},{"value":"b"}]}`, `[{"description":"A","value":"a"},{"value":"b"}]`},
		{`{"scopes":[{"value":"c"}]}`, `[{"value":"c"}]`},
		{`{"token_lifetime":60}`, `[{"value":"c"}]`},
		{`{"scopes":[]}`, `[]`},
	} {
		got, _ := json.Marshal(tn.must(t, 200, "PATCH "+byName, tt.patch).body["scopes"])
		equal(t, tt.patch, string(got), tt.want)
	}
	tn.refused(t, 409, "resource_server_conflict", "A resource server with the same identifier already exists", "POST resource-servers", `{"identifier":"https://influx/api"}`)
	tn.refused(t, 400, "invalid_body", "Missing required property: identifier", "POST resource-servers", `{"name":"x"}`)
	tn.refused(t, 400, "invalid_body", "Additional properties not allowed: identifier", "PATCH "+byName, `{"identifier":"x"}`)
	tn.refused(t, 400, "invalid_body", "greater than maximum 2592000", "PATCH "+byName, `{"token_lifetime":2592001}`)
	tn.refused(t, 404, "inexistent_resource_server", "", "GET resource-servers/x", "")
	system := tn.must(t, 200, "GET resource-servers/"+url.PathEscape(tn.Audience()), "")
	equal(t, "system", system.body["is_system"], true)
	list := tn.must(t, 200, "GET resource-servers?include_totals=true&fields=id", "")
	if list.str("total") != "2" || list.body["resource_servers"].([]any)[0].(object)["scopes"] == nil {
		t.Errorf("scopes come with all fields: %s", list.text)
	}
	tn.must(t, 204, "DELETE "+byName, "")
	tn.must(t, 204, "DELETE "+byName, "")
	equal(t, "left", len(tn.APIs()), 0)
}

// Grants: a token has the scope of the grant, as it is then (section 7).
func TestClientGrants(t *testing.T) {
	tn := start(t, auth0.Options{})
	tn.AddAPI(object{"identifier": "https://api.test", "scopes": []object{{"value": "a"}, {"value": "b"}}})
	id := tn.AddClient(object{"name": "m2m"})
	secret := tn.must(t, 200, "GET clients/"+id, "").str("client_secret")
	scope := func() string {
		return tn.oauth(t, "POST /oauth/token", object{"grant_type": "client_credentials", "client_id": id, "client_secret": secret, "audience": "https://api.test"}).str("scope")
	}
	g := tn.must(t, 201, "POST client-grants", `{"client_id":"`+id+`","audience":"https://api.test","scope":["a"]}`)
	equal(t, "subject", g.str("subject_type"), "client")
	equal(t, "scope", scope(), "a")
	tn.must(t, 200, "PATCH client-grants/"+g.str("id"), `{"scope":["b"]}`)
	equal(t, "scope", scope(), "b")
	tn.refused(t, 409, "client_grant_conflict", "", "POST client-grants", `{"client_id":"`+id+`","audience":"https://api.test","scope":[]}`)
	tn.refused(t, 400, "invalid_body", "x", "PATCH client-grants/"+g.str("id"), `{"scope":["x"]}`)
	tn.refused(t, 404, "inexistent_client", "", "POST client-grants", `{"client_id":"x","audience":"https://api.test","scope":[]}`)
	tn.refused(t, 404, "inexistent_resource_server", "", "POST client-grants", `{"client_id":"`+id+`","audience":"x","scope":[]}`)
	equal(t, "by client", tn.must(t, 200, "GET client-grants?client_id="+id, "").column("", "id"), []string{g.str("id")})
	equal(t, "by audience", tn.must(t, 200, "GET client-grants?audience=https://api.test", "").column("", "id"), []string{g.str("id")})
	if ids := tn.must(t, 200, "GET client-grants", "").column("", "id"); len(ids) != 2 || !slices.IsSorted(ids) {
		t.Errorf("not by id: %v", ids)
	}
	tn.must(t, 204, "DELETE client-grants/"+g.str("id"), "")
	tn.must(t, 204, "DELETE client-grants/"+g.str("id"), "")
	equal(t, "scope", scope(), "")
}

// Quotas of a plan: what Auth0 made does not count (section 11).
func TestQuota(t *testing.T) {
	tn := start(t, auth0.Options{Quota: auth0.Quota{Clients: 2, Connections: 2, APIs: 1, ClientGrants: 1}})
	for _, tt := range []struct{ request, first, second string }{
		{"POST clients", `{"name":"a"}`, `{"name":"b"}`},
		{"POST connections", `{"name":"a","strategy":"auth0"}`, `{"name":"b","strategy":"auth0"}`},
		{"POST resource-servers", `{"identifier":"a"}`, `{"identifier":"b"}`},
		{"POST client-grants", `{"client_id":"` + auth0.DefaultClientID + `","audience":"a","scope":[]}`, `{"client_id":"` + tn.Options().App.ClientID + `","audience":"a","scope":[],"subject_type":"user"}`},
	} {
		tn.must(t, 201, tt.request, tt.first)
		tn.refused(t, 403, "too_many_entities", "You reached the limit of entities of this type for this tenant.", tt.request, tt.second)
	}
	equal(t, "free", auth0.FreeQuota(), auth0.Quota{Clients: 10, Connections: 100, APIs: 10, ClientGrants: 100})
	equal(t, "self service", auth0.SelfServiceQuota().Clients, 100)
}
