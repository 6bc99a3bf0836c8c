package auth0_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// What Auth0 adds to a client, by what was sent; lifetimes follow the method,
// grant types "none", and nothing the app_type (section 4).
func TestClientDefaults(t *testing.T) {
	standard := []any{"authorization_code", "implicit", "refresh_token", "client_credentials"}
	for name, tt := range map[string]struct {
		sent string
		want object
	}{
		"name only": {`{"name":"a"}`, object{"is_first_party": true, "is_token_endpoint_ip_header_trusted": false, "oidc_conformant": false, "sso_disabled": false,
			"cross_origin_authentication": false, "custom_login_page_on": true, "grant_types": standard, "app_type": nil, "callbacks": nil, "token_endpoint_auth_method": nil,
			"client_metadata": nil, "description": nil, "third_party_security_mode": nil,
			"jwt_configuration": object{"secret_encoded": false, "lifetime_in_seconds": 36000.0},
			"refresh_token": object{"rotation_type": "non-rotating", "expiration_type": "non-expiring", "leeway": 0.0, "infinite_token_lifetime": true,
				"infinite_idle_token_lifetime": true, "token_lifetime": 2592000.0, "idle_token_lifetime": 1296000.0}}},
		"native":          {`{"name":"a","app_type":"native"}`, object{"grant_types": standard, "app_type": "native", "oidc_conformant": false}},
		"none":            {`{"name":"a","token_endpoint_auth_method":"none"}`, object{"grant_types": standard[:3]}},
		"resource server": {`{"name":"a","app_type":"resource_server"}`, object{"grant_types": []any{}}},
		"third party": {`{"name":"a","is_first_party":false}`, object{"oidc_conformant": true, "third_party_security_mode": "permissive",
			"refresh_token": object{"rotation_type": "rotating", "expiration_type": "expiring", "leeway": 0.0, "infinite_token_lifetime": false,
				"infinite_idle_token_lifetime": false, "token_lifetime": 2592000.0, "idle_token_lifetime": 1296000.0}}},
		"post": {`{"name":"a","token_endpoint_auth_method":"client_secret_post"}`, object{
			"refresh_token": object{"rotation_type": "non-rotating", "expiration_type": "non-expiring", "leeway": 0.0, "infinite_token_lifetime": true,
				"infinite_idle_token_lifetime": true, "token_lifetime": 31557600.0, "idle_token_lifetime": 2592000.0}}},
		"device": {`{"name":"a","app_type":"native","oidc_conformant":true,"token_endpoint_auth_method":"none","grant_types":["` + deviceGrant + `"]}`,
			object{"grant_types": []any{deviceGrant}, "oidc_conformant": true}},
		"no lifetime": {`{"name":"a","jwt_configuration":{"alg":"RS256"}}`, object{"jwt_configuration": object{"alg": "RS256"}}},
	} {
		t.Run(name, func(t *testing.T) {
			tn := start(t, auth0.Options{})
			a := tn.must(t, 201, "POST clients", tt.sent)
			for property, want := range tt.want {
				equal(t, property, a.body[property], want)
			}
			if len(a.str("client_id")) != 32 || a.str("client_secret") == "" || a.str("signing_keys") == "" || a.str("tenant") != "idpctl-test" {
				t.Errorf("client: %s", a.text)
			}
			equal(t, "content type", a.header.Get("Content-Type"), "application/json; charset=utf-8")
			equal(t, "read", tn.must(t, 200, "GET clients/"+a.str("client_id"), "").body, a.body)
		})
	}
}

// A patch: absent stays, null removes, arrays and addons are replaced,
// jwt_configuration and client_metadata merged (section 4).
func TestPatchClient(t *testing.T) {
	for name, tt := range map[string]struct{ patch, property, want string }{
		"absent stays": {`{"name":"b"}`, "description", `"old"`},
		"null removes": {`{"description":null}`, "description", `null`},
		"array":        {`{"callbacks":["https://c"]}`, "callbacks", `["https://c"]`},
		"jwt":          {`{"jwt_configuration":{"alg":"RS256"}}`, "jwt_configuration", `{"alg":"RS256","lifetime_in_seconds":36000,"secret_encoded":false}`},
		"metadata":     {`{"client_metadata":{"b":"2","a":null}}`, "client_metadata", `{"b":"2","k":"v"}`},
		"refresh token": {`{"refresh_token":{"leeway":5}}`, "refresh_token", `{"expiration_type":"non-expiring","idle_token_lifetime":1296000,"infinite_idle_token_lifetime":true,` +
			`"infinite_token_lifetime":true,"leeway":5,"rotation_type":"non-rotating","token_lifetime":2592000}`},
		"addons":          {`{"addons":{"samlp":{"audience":"y"}}}`, "addons", `{"samlp":{"audience":"y"}}`},
		"secret":          {`{"client_secret":"s3cret"}`, "client_secret", `"s3cret"`},
		"no more grants":  {`{"grant_types":[]}`, "grant_types", `[]`},
		"none stays none": {`{"token_endpoint_auth_method":"none"}`, "grant_types", `["authorization_code","implicit","refresh_token","client_credentials"]`},
	} {
		t.Run(name, func(t *testing.T) {
			tn := start(t, auth0.Options{})
			id := tn.must(t, 201, "POST clients", `{"name":"a","description":"old","callbacks":["https://a","https://b"],"client_metadata":{"a":"1","k":"v"},`+
				`"addons":{"samlp":{"audience":"x","mappings":{"a":"b"}}}}`).str("client_id")
			tn.must(t, 200, "PATCH clients/"+id, tt.patch)
			got, _ := json.Marshal(tn.must(t, 200, "GET clients/"+id, "").body[tt.property])
			equal(t, tt.property, string(got), tt.want)
		})
	}
}

// What a client may not be (section 2).
func TestClientRefused(t *testing.T) {
	tn := start(t, auth0.Options{})
	eleven := map[string]string{}
	for i := range 11 {
		eleven[fmt.Sprint(i)] = "x"
	}
	many, _ := json.Marshal(eleven)
	for body, why := range map[string]string{
		`{}`:                                     "Missing required property: name",
		`{"name":""}`:                            "String is too short (0 chars), minimum 1",
		`{"name":"a","x":1}`:                     "Payload validation error: 'Additional properties not allowed: x'.",
		`{"name":1}`:                             "Expected type string but found type integer' on property name.",
		`{"name":"a","callbacks":["a","b","a"]}`: "'Array items are not unique (indexes 0 and 2)' on property callbacks.",
		`{"name":"a","app_type":"x"}`:            "No enum match for: x",
		`{"name":"a","client_metadata":{"a":1}}`: "on property client_metadata.a",
		`{"name":"a","callbacks":[1]}`:           "on property callbacks[0]",
		`{"name":"a","client_secret":"x"}`:       "Additional properties not allowed: client_secret",
		`{"name":"a","client_metadata":{"a":"` + strings.Repeat("x", 256) + `"}}`: "String is too long (256 chars), maximum 255",
		`{"name":"a","client_metadata":` + string(many) + `}`:                     "Too many properties defined (11), maximum 10",
		`[]`:   "Expected type object but found type array",
		`{"n`:  "Invalid request payload JSON format",
		`null`: "found type null",
	} {
		tn.refused(t, 400, "invalid_body", why, "POST clients", body)
	}
	tn.refused(t, 404, "inexistent_client", "The client does not exist", "GET clients/x", "")
	tn.refused(t, 404, "inexistent_client", "The client does not exist", "PATCH clients/x", "{}")
	tn.must(t, 204, "DELETE clients/x", "")
	tn.must(t, 501, "GET clients/x/y/z", "")
	tn.refused(t, 400, "invalid_query_string", "Additional properties not allowed: x", "GET clients?x=1", "")
}

// The list has the global client, last; names may repeat (sections 1 and 4).
func TestListClients(t *testing.T) {
	tn := start(t, auth0.Options{})
	for _, c := range []string{`{"name":"b","app_type":"native"}`, `{"name":"a","is_first_party":false}`, `{"name":"a","app_type":"spa"}`} {
		tn.must(t, 201, "POST clients", c)
	}
	for query, want := range map[string]string{
		"":                      "idpctl automation b a a All Applications",
		"?is_global=true":       "All Applications",
		"?is_global=false":      "idpctl automation b a a",
		"?app_type=native,spa":  "b a",
		"?is_first_party=false": "a",
		"?per_page=2&page=1":    "a a",
	} {
		equal(t, query, strings.Join(tn.must(t, 200, "GET clients"+query, "").column("", "name"), " "), want)
	}
	one := tn.must(t, 200, "GET clients?fields=name&is_global=true", "").list[0].(object)
	equal(t, "fields", one, object{"name": "All Applications", "tenant": "idpctl-test"})
	global := tn.must(t, 200, "GET clients?is_global=true", "").list[0].(object)
	equal(t, "global", []any{global["app_type"], global["grant_types"], global["jwt_configuration"]}, []any{nil, nil, nil})
	without := tn.must(t, 200, "GET clients?fields=name&include_fields=false&app_type=spa", "").list[0].(object)
	if without["name"] != nil || without["client_id"] == nil {
		t.Errorf("include_fields=false: %v", without)
	}
}

// A client takes its place in connections and its grants along.
func TestDeleteClient(t *testing.T) {
	tn := start(t, auth0.Options{})
	id := tn.influx(t)
	tn.AddAPI(object{"identifier": "https://api.test"})
	grant := tn.must(t, 201, "POST client-grants", `{"client_id":"`+id+`","audience":"https://api.test","scope":[]}`).str("id")
	tn.must(t, 204, "DELETE clients/"+id, "")
	tn.must(t, 204, "DELETE clients/"+id, "")
	tn.refused(t, 404, "inexistent_client_grant", "The grant does not exist.", "GET client-grants/"+grant, "")
	if slices.Contains(tn.Connections()[0].Clients, id) {
		t.Error("the connection still has the client")
	}
}

// Keys of a client: their secret is hidden while they are in use (section 4).
func TestCredentials(t *testing.T) {
	tn := start(t, auth0.Options{})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	client := tn.must(t, 201, "POST clients", `{"name":"a"}`)
	id := client.str("client_id")
	cr := tn.must(t, 201, "POST clients/"+id+"/credentials", `{"credential_type":"public_key","name":"k","pem":`+string(text)+`}`)
	if !strings.HasPrefix(cr.str("id"), "cred_") || len(cr.str("id")) != 27 || cr.str("alg") != "RS256" || cr.str("pem") != "" {
		t.Errorf("credential: %s", cr.text)
	}
	equal(t, "list", tn.must(t, 200, "GET clients/"+id+"/credentials", "").column("", "id"), []string{cr.str("id")})
	patched := tn.must(t, 200, "PATCH clients/"+id, `{"token_endpoint_auth_method":null,"client_authentication_methods":{"private_key_jwt":{"credentials":[{"id":"`+cr.str("id")+`"}]}}}`)
	equal(t, "hidden", patched.body["client_secret"], nil)
	back := tn.must(t, 200, "PATCH clients/"+id, `{"token_endpoint_auth_method":"client_secret_post","client_authentication_methods":null}`)
	equal(t, "shown", back.str("client_secret"), client.str("client_secret"))
	tn.must(t, 204, "DELETE clients/"+id+"/credentials/"+cr.str("id"), "")
	tn.must(t, 204, "DELETE clients/"+id+"/credentials/"+cr.str("id"), "")
	tn.must(t, 404, "GET clients/"+id+"/credentials/"+cr.str("id"), "")
	tn.refused(t, 400, "invalid_body", "Invalid PEM", "POST clients/"+id+"/credentials", `{"credential_type":"public_key","pem":"x"}`)
	with := tn.must(t, 201, "POST clients", `{"name":"b","client_authentication_methods":{"private_key_jwt":{"credentials":[{"credential_type":"public_key","pem":`+string(text)+`}]}}}`)
	if with.body["client_secret"] != nil || !strings.Contains(with.text, `{"credentials":[{"id":"cred_`) {
		t.Errorf("with a key: %s", with.text)
	}
}
