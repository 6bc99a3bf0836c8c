package keycloak_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

const (
	tokenURL      = "POST /realms/{realm}/protocol/openid-connect/token"
	invalidClient = `{"error":"invalid_client","error_description":"Invalid client or Invalid client credentials"}`
	unauthorized  = `{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}`
	badPassword   = `{"error":"invalid_grant","error_description":"Invalid user credentials"}`
	notSetUp      = `{"error":"invalid_grant","error_description":"Account is not fully set up"}`
	notActive     = `{"error":"invalid_grant","error_description":"Session not active"}`
	deviceGrant   = "urn:ietf:params:oauth:grant-type:device_code"
)

func password(client, user, pw string) map[string]string {
	return map[string]string{"grant_type": "password", "client_id": client, "username": user, "password": pw}
}

func with(form map[string]string, more ...string) map[string]string {
	out := map[string]string{}
	for k, v := range form {
		out[k] = v
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

func without(form map[string]string, field string) map[string]string {
	out := with(form)
	delete(out, field)
	return out
}

// people are clients and users for the tests of tokens.
func people() []step {
	steps := []step{
		{do: "POST /clients", body: `{"clientId":"pub","publicClient":true,"directAccessGrantsEnabled":true}`, status: 201},
		{do: "POST /clients", body: `{"clientId":"pubno","publicClient":true}`, status: 201},
		{do: "POST /clients", body: `{"clientId":"conf","secret":"sec","directAccessGrantsEnabled":true,"serviceAccountsEnabled":true}`, status: 201},
		{do: "POST /clients", body: `{"clientId":"off","enabled":false,"publicClient":true}`, status: 201},
		{do: "POST /clients", body: `{"clientId":"consent","publicClient":true,"directAccessGrantsEnabled":true,"consentRequired":true}`, status: 201},
		{do: "POST /clients", body: `{"clientId":"bearer","bearerOnly":true}`, status: 201},
		{do: "POST /clients", body: `{"clientId":"dev","publicClient":true,"standardFlowEnabled":false,"attributes":{"oauth2.device.authorization.grant.enabled":"true"}}`, status: 201, save: map[string]string{"dev": "@location"}},
	}
	for name, more := range map[string]string{"alice": "", "disabled": `,"enabled":false`, "noname": `,"firstName":""`, "nomail": `,"email":""`,
		"action": `,"requiredActions":["VERIFY_EMAIL"]`, "nopassword": `,"credentials":[]`, "temporary": `,"credentials":[{"type":"password","value":"pw","temporary":true}]`} {
		steps = append(steps, step{do: "POST /users", body: `{"username":"` + name + `","email":"` + name + `@x.de","firstName":"Given","lastName":"Family","enabled":true,
			"credentials":[{"type":"password","value":"pw"}]` + more + `}`, status: 201, save: map[string]string{name: "@location"}})
	}
	return steps
}

func TestTokenEndpoint(t *testing.T) {
	basic := func(s string) map[string]string {
		return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(s))}
	}
	tokens := `{"access_token":"*","expires_in":"*","refresh_expires_in":"*","refresh_token":"*","token_type":"Bearer","not-before-policy":0,"session_state":"*","scope":"*","id_token":"<absent>"}`
	run(t, nil, append(people(), []step{
		{do: "GET /realms/{realm}/protocol/openid-connect/token", as: "nobody", status: 405, want: `{"error":"HTTP 405 Method Not Allowed"}`},
		{do: "POST /realms/nope/protocol/openid-connect/token", form: map[string]string{"grant_type": "password"}, status: 404, want: `{"error":"Realm does not exist"}`},
		{do: tokenURL, form: map[string]string{}, status: 400, want: `{"error":"invalid_request","error_description":"Missing form parameter: grant_type"}`,
			headers: map[string]string{"Cache-Control": "no-store", "Pragma": "no-cache", "Content-Type": "application/json"}},
		{do: tokenURL, form: map[string]string{"grant_type": "x"}, status: 400, want: `{"error":"unsupported_grant_type","error_description":"Unsupported grant_type"}`},
		{do: tokenURL, form: map[string]string{"grant_type": "password"}, status: 401, want: invalidClient},
		{do: tokenURL, form: password("nope", "alice", "pw"), status: 401, want: invalidClient},
		{do: tokenURL, form: password("off", "alice", "pw"), status: 401, want: invalidClient},
		{do: tokenURL, form: password("bearer", "alice", "pw"), status: 401, want: unauthorized},
		{do: tokenURL, form: password("conf", "alice", "pw"), status: 401, want: unauthorized},
		{do: tokenURL, form: with(password("conf", "alice", "pw"), "client_secret", "bad"), status: 401, want: unauthorized},
		{do: tokenURL, form: with(password("conf", "alice", "pw"), "client_secret", "sec"), status: 200, want: tokens},
		{do: tokenURL, form: without(password("", "alice", "pw"), "client_id"), header: basic("conf:sec"), status: 200, want: tokens},
		{do: tokenURL, form: without(password("", "alice", "pw"), "client_id"), header: basic("conf:bad"), status: 401, want: unauthorized},
		{do: tokenURL, form: password("pubno", "alice", "pw"), status: 400, want: `{"error":"unauthorized_client","error_description":"Client not allowed for direct access grants"}`},
		{do: tokenURL, form: password("consent", "alice", "pw"), status: 400, want: `{"error":"invalid_client","error_description":"Client requires user consent"}`},
		{do: tokenURL, form: map[string]string{"grant_type": "password", "client_id": "pub"}, status: 401, want: `{"error":"invalid_request","error_description":"Missing parameter: username"}`},
		{do: tokenURL, form: password("pub", "alice", ""), status: 400, want: badPassword},
		{do: tokenURL, form: password("pub", "alice", "bad"), status: 400, want: badPassword},
		{do: tokenURL, form: password("pub", "nobody", "bad"), status: 400, want: badPassword},
		{do: tokenURL, form: password("pub", "nopassword", "pw"), status: 400, want: badPassword},
		{do: tokenURL, form: password("pub", "disabled", "pw"), status: 400, want: `{"error":"invalid_grant","error_description":"Account disabled"}`},
		{do: tokenURL, form: password("pub", "disabled", "bad"), status: 400, want: badPassword},
		{do: tokenURL, form: password("pub", "temporary", "pw"), status: 400, want: notSetUp},
		{do: tokenURL, form: password("pub", "noname", "pw"), status: 400, want: notSetUp},
		{do: tokenURL, form: password("pub", "nomail", "pw"), status: 400, want: notSetUp},
		{do: tokenURL, form: password("pub", "action", "pw"), status: 400, want: notSetUp},
		{do: tokenURL, form: with(password("pub", "ALICE@x.de", "pw"), "client_secret", "ignored"), status: 200, want: tokens},
		{do: tokenURL, form: with(password("pub", "alice", "pw"), "scope", "nope"), status: 400, want: `{"error":"invalid_scope","error_description":"Invalid scopes: nope"}`},
		{do: tokenURL, form: with(password("pub", "alice", "pw"), "scope", "openid phone"), status: 200, want: `{"id_token":"*"}`},
		{do: tokenURL, form: with(password("pub", "alice", "pw"), "scope", "offline_access"), status: 200, want: `{"refresh_expires_in":0}`},
		{do: tokenURL, form: map[string]string{"grant_type": "client_credentials", "client_id": "pub"}, status: 401, want: `{"error":"unauthorized_client","error_description":"Public client not allowed to retrieve service account"}`},
		{do: tokenURL, form: map[string]string{"grant_type": "client_credentials", "client_id": "conf"}, status: 401, want: unauthorized},
		{do: tokenURL, form: map[string]string{"grant_type": "client_credentials", "client_id": "conf", "client_secret": "sec"}, status: 200,
			want: `{"access_token":"*","refresh_token":"<absent>","session_state":"<absent>","refresh_expires_in":0}`},
		// Refreshing, until the session ends.
		{do: tokenURL, form: with(password("pub", "alice", "pw"), "scope", "openid"), status: 200, save: map[string]string{"access": "access_token", "refresh": "refresh_token"}},
		{do: tokenURL, form: map[string]string{"grant_type": "refresh_token", "client_id": "pub", "refresh_token": "{refresh}"}, status: 200, want: `{"refresh_token":"*","id_token":"*","session_state":"*"}`},
		{do: tokenURL, form: map[string]string{"grant_type": "refresh_token", "client_id": "pub", "refresh_token": "x"}, status: 400, want: `{"error":"invalid_grant","error_description":"Invalid refresh token"}`},
		{do: tokenURL, form: map[string]string{"grant_type": "refresh_token", "client_id": "pub", "refresh_token": "{access}"}, status: 400, want: `{"error":"invalid_grant","error_description":"Invalid refresh token"}`},
		{do: tokenURL, form: map[string]string{"grant_type": "refresh_token", "client_id": "pub"}, status: 400, want: `{"error":"invalid_request","error_description":"No refresh token"}`},
		{do: tokenURL, form: map[string]string{"grant_type": "refresh_token", "client_id": "pubno", "refresh_token": "{refresh}"}, status: 400,
			want: `{"error":"invalid_grant","error_description":"Invalid refresh token. Token client and authorized client don't match"}`},
		{do: "GET /realms/{realm}/protocol/openid-connect/userinfo", as: "access", status: 200, want: `{"sub":"{alice}","email":"alice@x.de","email_verified":false,"name":"Given Family","preferred_username":"alice","given_name":"Given","family_name":"Family"}`},
		{do: "GET /realms/{realm}/protocol/openid-connect/userinfo", as: "nobody", status: 401, headers: map[string]string{"WWW-Authenticate": `Bearer realm="{realm}"`}},
		{do: "GET ", as: "access", status: 403, want: forbidden},
		{do: "POST /realms/{realm}/protocol/openid-connect/logout", form: map[string]string{"client_id": "pub", "refresh_token": "{refresh}"}, status: 204},
		{do: "POST /realms/{realm}/protocol/openid-connect/logout", form: map[string]string{"client_id": "pub", "refresh_token": "{refresh}"}, status: 204},
		{do: tokenURL, form: map[string]string{"grant_type": "refresh_token", "client_id": "pub", "refresh_token": "{refresh}"}, status: 400, want: notActive},
		{do: "GET ", as: "access", status: 401, want: `{"error":"HTTP 401 Unauthorized"}`},
		{do: tokenURL, form: with(password("pub", "alice", "pw"), "scope", "openid"), status: 200, save: map[string]string{"access": "access_token", "refresh": "refresh_token"}},
		{do: "POST /realms/{realm}/protocol/openid-connect/revoke", form: map[string]string{}, status: 401, want: invalidClient},
		{do: "POST /realms/{realm}/protocol/openid-connect/revoke", form: map[string]string{"client_id": "pub"}, status: 400, want: `{"error":"invalid_request","error_description":"Token not provided"}`},
		{do: "POST /realms/{realm}/protocol/openid-connect/revoke", form: map[string]string{"client_id": "pub", "token": "x"}, status: 200, want: `{"error":"invalid_token","error_description":"Invalid token"}`},
		{do: "POST /realms/{realm}/protocol/openid-connect/revoke", form: map[string]string{"client_id": "pub", "token": "{access}"}, status: 200},
		{do: "GET ", as: "access", status: 401},
		{do: tokenURL, form: map[string]string{"grant_type": "refresh_token", "client_id": "pub", "refresh_token": "{refresh}"}, status: 200},
		{do: "POST /realms/{realm}/protocol/openid-connect/revoke", form: map[string]string{"client_id": "pub", "token": "{refresh}"}, status: 200},
		{do: tokenURL, form: map[string]string{"grant_type": "refresh_token", "client_id": "pub", "refresh_token": "{refresh}"}, status: 400, want: notActive},
		// Who is disabled or deleted is out at once.
		{do: tokenURL, form: password("pub", "alice", "pw"), status: 200, save: map[string]string{"access": "access_token", "refresh": "refresh_token"}},
		{do: "POST /users/{alice}/logout", status: 204},
		{do: "GET ", as: "access", status: 401},
	}...))
}

func TestDeviceAuthorization(t *testing.T) {
	start := "POST /realms/{realm}/protocol/openid-connect/auth/device"
	poll := map[string]string{"grant_type": deviceGrant, "client_id": "dev"}
	answer := `{"device_code":"*","user_code":"*","verification_uri":"{base}/realms/{realm}/device","verification_uri_complete":"*","expires_in":600,"interval":5}`
	run(t, nil, append(people(), []step{
		{do: start, form: map[string]string{}, status: 401, want: invalidClient},
		{do: start, form: map[string]string{"client_id": "nope"}, status: 401, want: invalidClient},
		{do: start, form: map[string]string{"client_id": "conf"}, status: 401, want: unauthorized},
		{do: start, form: map[string]string{"client_id": "pub"}, status: 400,
			want: `{"error":"unauthorized_client","error_description":"Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client."}`},
		{do: start, form: map[string]string{"client_id": "dev", "scope": "nope"}, status: 200, want: answer},
		{do: start, form: map[string]string{"client_id": "dev"}, status: 200, want: answer, headers: map[string]string{"Cache-Control": "no-store, must-revalidate, max-age=0", "Content-Type": "application/json"},
			save: map[string]string{"code": "device_code", "complete": "verification_uri_complete"}},
		{do: tokenURL, form: map[string]string{"grant_type": deviceGrant}, status: 401, want: invalidClient},
		{do: tokenURL, form: poll, status: 400, want: `{"error":"invalid_request","error_description":"Missing parameter: device_code"}`},
		{do: tokenURL, form: with(poll, "device_code", "x"), status: 400, want: `{"error":"invalid_grant","error_description":"Device code not valid"}`},
		{do: tokenURL, form: with(poll, "client_id", "pub", "device_code", "{code}"), status: 400, want: `{"error":"invalid_grant","error_description":"Client not allowed OAuth 2.0 Device Authorization Grant"}`},
		{do: tokenURL, form: with(poll, "device_code", "{code}"), status: 400, want: `{"error":"authorization_pending","error_description":"The authorization request is still pending"}`},
		{do: tokenURL, form: with(poll, "device_code", "{code}"), status: 400, want: `{"error":"slow_down","error_description":"Slow down"}`},
		{do: "PUT /clients/{dev}", body: `{"attributes":{"oauth2.device.code.lifespan":"30","oauth2.device.polling.interval":"1"}}`, status: 204},
		{do: start, form: map[string]string{"client_id": "dev"}, status: 200, want: `{"expires_in":30,"interval":1}`},
		{do: "PUT /clients/{dev}", body: `{"attributes":{"oauth2.device.code.lifespan":"","oauth2.device.polling.interval":""}}`, status: 204},
		{do: "PUT ", body: `{"oauth2DeviceCodeLifespan":60,"oauth2DevicePollingInterval":7}`, status: 204},
		{do: start, form: map[string]string{"client_id": "dev"}, status: 200, want: `{"expires_in":60,"interval":7}`},
	}...))
}

// claimsOf reads the claims of a token without checking it.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestClaims compares what is in tokens.
func TestClaims(t *testing.T) {
	for _, tg := range targets(t) {
		t.Run(tg.name, func(t *testing.T) {
			vars := tg.realm(t, people()...)
			get := func(form map[string]string) map[string]string {
				saved := map[string]string{"access": "access_token"}
				if strings.Contains(form["scope"], "openid") {
					saved["id"] = "id_token"
				}
				tg.step(t, vars, step{do: tokenURL, form: form, status: 200, save: saved})
				return vars
			}
			check := func(token, want string) {
				t.Helper()
				var w any
				if err := json.Unmarshal([]byte(expand(want, vars)), &w); err != nil {
					t.Fatal(err)
				}
				if d := compare(any(claimsOf(t, token)), w, false, "claims"); d != "" {
					t.Errorf("%s\nclaims: %v", d, claimsOf(t, token))
				}
			}
			get(with(password("pub", "alice", "pw"), "scope", "openid"))
			check(vars["access"], `{"iss":"{base}/realms/{realm}","aud":"account","sub":"{alice}","typ":"Bearer","azp":"pub","sid":"*","acr":"1","exp":"*","iat":"*","jti":"*",
				"realm_access":{"roles":{"$set":["offline_access","default-roles-{realm}","uma_authorization"]}},
				"resource_access":{"account":{"roles":{"$set":["manage-account","manage-account-links","view-profile"]}}},
				"email_verified":false,"name":"Given Family","preferred_username":"alice","given_name":"Given","family_name":"Family","email":"alice@x.de"}`)
			check(vars["id"], `{"iss":"{base}/realms/{realm}","aud":"pub","sub":"{alice}","typ":"ID","azp":"pub","at_hash":"*","realm_access":"<absent>","name":"Given Family"}`)
			get(map[string]string{"grant_type": "client_credentials", "client_id": "conf", "client_secret": "sec"})
			check(vars["access"], `{"azp":"conf","sub":"*","sid":"<absent>","preferred_username":"service-account-conf","client_id":"conf","clientHost":"127.0.0.1"}`)
			// Without the scope "basic" there is no subject.
			tg.step(t, vars, step{do: "POST /clients", body: `{"clientId":"nobasic","publicClient":true,"directAccessGrantsEnabled":true,"defaultClientScopes":["email"]}`, status: 201})
			get(password("nobasic", "alice", "pw"))
			check(vars["access"], `{"sub":"<absent>","realm_access":"<absent>","aud":"<absent>","email":"alice@x.de","name":"<absent>"}`)
			// Whoever came by partial import has no roles, so no audience.
			tg.step(t, vars, step{do: "POST /partialImport", body: `{"users":[{"username":"imported","email":"i@x.de","firstName":"I","lastName":"M","enabled":true,"credentials":[{"type":"password","value":"pw"}]}]}`, status: 200})
			get(password("pub", "imported", "pw"))
			check(vars["access"], `{"sub":"*","aud":"<absent>","realm_access":"<absent>","resource_access":"<absent>"}`)
			// Tokens of admin-cli are lightweight.
			get(password("admin-cli", "alice", "pw"))
			check(vars["access"], `{"sub":"<absent>","azp":"admin-cli","sid":"*","realm_access":"<absent>"}`)
			tg.step(t, vars, step{do: "POST /clients", body: `{"clientId":"short","publicClient":true,"directAccessGrantsEnabled":true,"attributes":{"access.token.lifespan":"42"}}`, status: 201})
			tg.step(t, vars, step{do: tokenURL, form: password("short", "alice", "pw"), status: 200, want: `{"expires_in":42}`})
		})
	}
}

func TestDiscovery(t *testing.T) {
	endpoint := "{base}/realms/{realm}/protocol/openid-connect/"
	run(t, nil, []step{
		{do: "GET /realms/{realm}/.well-known/openid-configuration", as: "nobody", status: 200, headers: map[string]string{"Content-Type": "application/json"},
			want: `{"issuer":"{base}/realms/{realm}","token_endpoint":"` + endpoint + `token","jwks_uri":"` + endpoint + `certs","device_authorization_endpoint":"` + endpoint + `auth/device",
			"userinfo_endpoint":"` + endpoint + `userinfo","end_session_endpoint":"` + endpoint + `logout","authorization_endpoint":"` + endpoint + `auth","revocation_endpoint":"` + endpoint + `revoke",
			"grant_types_supported":{"$set":["authorization_code","client_credentials","implicit","password","refresh_token","urn:ietf:params:oauth:grant-type:device_code",
			"urn:ietf:params:oauth:grant-type:jwt-bearer","urn:ietf:params:oauth:grant-type:token-exchange","urn:ietf:params:oauth:grant-type:uma-ticket","urn:openid:params:grant-type:ciba"]}}`},
		{do: "GET /realms/nope/.well-known/openid-configuration", as: "nobody", status: 404, want: `{"error":"Realm does not exist"}`},
		// There is a key that is not for signatures, in any place.
		{do: "GET /realms/{realm}/protocol/openid-connect/certs", as: "nobody", status: 200, headers: map[string]string{"Content-Type": "application/json"},
			want: `{"keys":{"$set":[{"kid":"*","kty":"RSA","alg":"RSA-OAEP","use":"enc","n":"*","e":"AQAB","x5c":["*"],"x5t":"*","x5t#S256":"*"},{"kid":"*","kty":"RSA","alg":"RS256","use":"sig","n":"*","e":"AQAB"}]}}`},
		{do: "GET /keys", status: 200, want: `{"active":{"RS256":"*","RSA-OAEP":"*"}}`},
		{do: "GET /admin/serverinfo", status: 200, want: `{"systemInfo":{"version":"*"}}`},
		{do: "GET /authentication/required-actions", status: 200, want: `[{"alias":"TERMS_AND_CONDITIONS","enabled":false},{"alias":"UPDATE_PROFILE","enabled":true,"priority":40},{"alias":"VERIFY_EMAIL"},
			{"alias":"CONFIGURE_TOTP"},{"alias":"UPDATE_PASSWORD"},{},{},{},{},{},{},{},{},{}]`},
	})
}
