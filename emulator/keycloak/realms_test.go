package keycloak_test

import "testing"

const (
	noSuchRealm = `{"error":"Realm not found."}`
	unreadable  = `{"errorMessage":"unable to read contents from stream"}`
)

func TestCreateRealm(t *testing.T) {
	run(t, nil, []step{
		{do: "POST /admin/realms", body: `{"realm":"{realm}-a","id":"{realm}-id","displayName":"D","attributes":{"x":"y","marker":"m"},"oauth2DeviceCodeLifespan":300,
			"smtpServer":{"host":"h","password":"secret","from":"a@b.c"},"passwordPolicy":"length(8)"}`, status: 201,
			headers: map[string]string{"Location": "{base}/admin/realms/{realm}-a", "Content-Type": "<absent>"}},
		{do: "GET /admin/realms/{realm}-a", status: 200, want: `{"id":"{realm}-id","realm":"{realm}-a","enabled":false,"displayName":"D","oauth2DeviceCodeLifespan":300,"oauth2DevicePollingInterval":5,
			"attributes":{"x":"y","marker":"m","oauth2DeviceCodeLifespan":"300","oauth2DevicePollingInterval":"5","realmReusableOtpCode":"false","cibaExpiresIn":"120"},
			"smtpServer":{"host":"h","from":"a@b.c","password":"**********"},"passwordPolicy":"length(8)","accessTokenLifespan":300,"sslRequired":"external",
			"registrationAllowed":false,"verifyEmail":false,"loginWithEmailAllowed":true,"duplicateEmailsAllowed":false,"editUsernameAllowed":false,"bruteForceProtected":false,
			"failureFactor":30,"ssoSessionIdleTimeout":1800,"ssoSessionMaxLifespan":36000,"defaultRole":{"name":"default-roles-{realm}-a","composite":true},
			"loginTheme":"<absent>","defaultGroups":"<absent>","users":"<absent>"}`},
		{do: "GET /admin/realms/{realm}-id", status: 404, want: noSuchRealm},
		{do: "POST /admin/realms", body: `{"realm":"{realm}-a"}`, status: 409, want: `{"errorMessage":"Realm {realm}-a already exists"}`},
		{do: "POST /admin/realms", body: `{"realm":"{realm}-b","id":"{realm}-id"}`, status: 409, want: `{"errorMessage":"Duplicate resource error"}`},
		{do: "GET /admin/realms/{realm}-b", status: 404, want: noSuchRealm},
		{do: "POST /admin/realms", body: `{"realm":"{realm}-b","foo":1}`, status: 400, want: unreadable},
		{do: "POST /admin/realms", body: `{bad`, status: 400, want: unreadable},
		{do: "POST /admin/realms", body: ``, status: 400, want: unreadable},
		{do: "POST /admin/realms", body: `[]`, status: 400, want: unreadable},
		{do: "POST /admin/realms", body: `{"realm":"{realm}-b","enabled":"maybe"}`, status: 400, want: unreadable},
		{do: "POST /admin/realms", body: `{}`, status: 400, want: `{"errorMessage":"Realm name cannot be empty"}`},
		{do: "POST /admin/realms", body: `{"realm":""}`, status: 400, want: `{"errorMessage":"Realm name cannot be empty"}`},
		{do: "POST /admin/realms", body: `{"realm":"a/b"}`, status: 400, want: `{"error":"Character '/' not allowed."}`},
		{do: "POST /admin/realms", body: `{"realm":"{realm}-b","id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`, status: 400, want: `{"errorMessage":"Database operation failed"}`},
		{do: "POST /admin/realms", body: `{"realm":"{realm}-b","passwordPolicy":"bogus(1)"}`, status: 400, want: `{"errorMessage":"Password policy not found"}`},
		{do: "POST /admin/realms", body: `{"realm":"{realm}-b"}`, as: "nobody", status: 401, want: `{"error":"HTTP 401 Unauthorized"}`},
		{do: "DELETE /admin/realms/{realm}-a", status: 204},
		{do: "DELETE /admin/realms/{realm}-a", status: 404, want: noSuchRealm},
		{do: "GET /admin/realms/{realm}-a", status: 404, want: noSuchRealm},
		{do: "PUT /admin/realms/{realm}-a", body: `{}`, status: 404, want: noSuchRealm},
		{do: "GET /admin/realms/{realm}-a/users", status: 404, want: noSuchRealm},
		{do: "GET /realms/{realm}-a", as: "nobody", status: 404, want: `{"error":"Realm does not exist"}`},
		{do: "DELETE /admin/realms/master", status: 400, want: `{"errorMessage":"Can't remove master realm"}`},
		{do: "GET ", as: "nobody", status: 401, want: `{"error":"HTTP 401 Unauthorized"}`},
		{do: "GET ", as: "nobody", header: map[string]string{"Authorization": "Bearer abc"}, status: 401, want: `{"error":"HTTP 401 Unauthorized"}`},
		{do: "PATCH ", status: 405, want: `{"error":"HTTP 405 Method Not Allowed"}`},
		// A realm with its content.
		{do: "POST /admin/realms", body: `{"realm":"{realm}-a","enabled":true,"users":[{"username":"u1","id":"{realm}-u","enabled":true,"groups":["/g/s"]}],"clients":[{"clientId":"c1","publicClient":true}],
			"groups":[{"name":"g","subGroups":[{"name":"s"}]}],"roles":{"realm":[{"name":"r"}]}}`, status: 201},
		{do: "GET /admin/realms/{realm}-a/users", status: 200, want: `[{"id":"{realm}-u","username":"u1","enabled":true}]`},
		{do: "GET /admin/realms/{realm}-a/users/{realm}-u/groups", status: 200, want: `[{"path":"/g/s"}]`},
		{do: "GET /admin/realms/{realm}-a/clients?clientId=c1", status: 200, want: `[{"publicClient":true}]`},
		{do: "GET /admin/realms/{realm}-a/roles/r", status: 200},
		{do: "DELETE /admin/realms/{realm}-a", status: 204},
	})
}

func TestUpdateRealm(t *testing.T) {
	sender := `{"errorMessage":"Invalid sender address 'null'. If the address contains UTF-8 characters in the local part please ensure the SMTP server supports the SMTPUTF8 extension and enable 'Allow UTF-8' in the email realm configuration."}`
	failed := `{"errorMessage":"Failed to update realm"}`
	run(t, map[string]any{"attributes": map[string]string{"x": "y"}, "oauth2DeviceCodeLifespan": 300, "oauth2DevicePollingInterval": 7}, []step{
		{do: "GET ", status: 200, want: `{"oauth2DeviceCodeLifespan":300,"oauth2DevicePollingInterval":7,"attributes":{"x":"y"}}`, save: map[string]string{"id": "id"}},
		// The settings of the device flow are the one part that is not partial.
		{do: "PUT ", body: `{"displayName":"E"}`, status: 204},
		{do: "GET ", status: 200, want: `{"displayName":"E","enabled":true,"oauth2DeviceCodeLifespan":600,"oauth2DevicePollingInterval":5,"attributes":{"x":"y","oauth2DeviceCodeLifespan":"600","oauth2DevicePollingInterval":"5"}}`},
		{do: "PUT ", body: `{"oauth2DevicePollingInterval":9}`, status: 204},
		{do: "GET ", status: 200, want: `{"oauth2DeviceCodeLifespan":600,"oauth2DevicePollingInterval":9,"attributes":{"oauth2DevicePollingInterval":"9"}}`},
		{do: "PUT ", body: `{"bogus":1}`, status: 400, want: `{"error":"Invalid json representation for RealmRepresentation. Unrecognized field \"bogus\" at line 1 column 11."}`},
		{do: "PUT ", body: `{"social":true,"passwordCredentialGrantAllowed":true}`, status: 204},
		{do: "GET ", status: 200, want: `{"social":"<absent>"}`},
		{do: "PUT ", body: `{"enabled":"x"}`, status: 400, want: wrongType},
		{do: "PUT ", body: ``, status: 500, want: crash},
		{do: "PUT ", body: `{bad`, status: 400, want: notJSON},
		{do: "PUT ", body: `[]`, status: 400, want: wrongType},
		{do: "PUT ", body: `{"displayName":""}`, status: 204},
		{do: "PUT ", body: `{"displayName":null}`, status: 204},
		{do: "GET ", status: 200, want: `{"displayName":""}`},
		// Attributes are replaced.
		{do: "PUT ", body: `{"attributes":{"z":"1"}}`, status: 204},
		{do: "GET ", status: 200, want: `{"attributes":{"z":"1","x":"<absent>","realmReusableOtpCode":"<absent>","cibaInterval":"5","oauth2DeviceCodeLifespan":"600"}}`},
		{do: "PUT ", body: `{"attributes":{"z":"","q":null}}`, status: 204},
		{do: "GET ", status: 200, want: `{"attributes":{"z":"","q":"<absent>"}}`},
		{do: "PUT ", body: `{"attributes":{"oauth2DevicePollingInterval":"11"}}`, status: 204},
		{do: "GET ", status: 200, want: `{"oauth2DevicePollingInterval":5,"attributes":{"z":"<absent>","oauth2DevicePollingInterval":"5"}}`},
		{do: "PUT ", body: `{"attributes":{"frontendUrl":"http://front.example.com/"}}`, status: 204},
		{do: "GET /realms/{realm}/.well-known/openid-configuration", as: "nobody", status: 200, want: `{"issuer":"http://front.example.com/realms/{realm}"}`},
		{do: "PUT ", body: `{"attributes":{"frontendUrl":""}}`, status: 204},
		{do: "GET /realms/{realm}/.well-known/openid-configuration", as: "nobody", status: 200, want: `{"issuer":"{base}/realms/{realm}"}`},
		// Mail: replaced, and without credentials unless it authenticates.
		{do: "PUT ", body: `{"smtpServer":{"host":"h2"}}`, status: 400, want: sender},
		{do: "PUT ", body: `{"smtpServer":{"host":"h2","password":"p2","auth":"true","user":"u","from":"x@y.z","port":"25"}}`, status: 204},
		{do: "GET ", status: 200, want: `{"smtpServer":{"host":"h2","password":"**********","auth":"true","user":"u","from":"x@y.z","port":"25"}}`},
		{do: "PUT ", body: `{"smtpServer":{"host":"h3","from":"a@b.c","port":25,"ssl":true}}`, status: 204},
		{do: "GET ", status: 200, want: `{"smtpServer":{"host":"h3","from":"a@b.c","port":"25","ssl":"true","user":"<absent>"}}`},
		{do: "PUT ", body: `{"smtpServer":{"host":"h3","from":"a@b.c","user":"u","password":"p"}}`, status: 204},
		{do: "GET ", status: 200, want: `{"smtpServer":{"host":"h3","user":"<absent>","password":"<absent>"}}`},
		{do: "PUT ", body: `{"smtpServer":{}}`, status: 204},
		{do: "GET ", status: 200, want: `{"smtpServer":{"host":"<absent>"}}`},
		// Scalars.
		{do: "PUT ", body: `{"accessTokenLifespan":-5,"ssoSessionIdleTimeout":"60","ssoSessionMaxLifespan":5.5,"notBefore":3}`, status: 204},
		{do: "GET ", status: 200, want: `{"accessTokenLifespan":-5,"ssoSessionIdleTimeout":60,"ssoSessionMaxLifespan":5,"notBefore":3}`},
		{do: "PUT ", body: `{"accessTokenLifespan":999999999999}`, status: 400, want: `{"error":"HTTP 400 Bad Request","error_description":"Cannot parse the JSON"}`},
		{do: "PUT ", body: `{"sslRequired":"NOPE"}`, status: 500, want: failed},
		{do: "PUT ", body: `{"sslRequired":"ALL"}`, status: 204},
		{do: "GET ", status: 200, want: `{"sslRequired":"all"}`},
		{do: "PUT ", body: `{"sslRequired":"external","browserFlow":"nope"}`, status: 500, want: failed},
		{do: "PUT ", body: `{"sslRequired":"external","loginTheme":"nope","emailTheme":"x","bruteForceProtected":true,"failureFactor":3,"bruteForceStrategy":"LINEAR","permanentLockout":true}`, status: 204},
		{do: "GET ", status: 200, want: `{"loginTheme":"nope","emailTheme":"x","bruteForceProtected":true,"failureFactor":3,"bruteForceStrategy":"LINEAR","permanentLockout":true,"browserFlow":"browser"}`},
		{do: "PUT ", body: `{"loginTheme":""}`, status: 204},
		{do: "GET ", status: 200, want: `{"loginTheme":""}`},
		{do: "PUT ", body: `{"browserSecurityHeaders":{"x":"y"}}`, status: 204},
		{do: "GET ", status: 200, want: `{"browserSecurityHeaders":{"x":"y","xFrameOptions":"SAMEORIGIN"}}`},
		{do: "PUT ", body: `{"registrationAllowed":true,"registrationEmailAsUsername":true,"duplicateEmailsAllowed":true,"loginWithEmailAllowed":true}`, status: 204},
		{do: "GET ", status: 200, want: `{"registrationAllowed":true,"registrationEmailAsUsername":false,"duplicateEmailsAllowed":true,"loginWithEmailAllowed":false}`},
		{do: "PUT ", body: `{"defaultGroups":["/x"]}`, status: 500, want: failed},
		{do: "PUT ", body: `{"users":[{"username":"fromput"}],"clients":[{"clientId":"fromput"}],"eventsEnabled":true,"enabledEventTypes":["LOGIN"],"adminTheme":"keycloak","displayNameHtml":"<b>","organizationsEnabled":true}`, status: 204},
		{do: "GET ", status: 200, want: `{"eventsEnabled":true,"enabledEventTypes":["LOGIN"],"adminTheme":"keycloak","displayNameHtml":"<b>","organizationsEnabled":true,"users":"<absent>"}`},
		{do: "GET /users", status: 200, want: `[]`},
		// Names and ids.
		{do: "PUT ", body: `{"id":"zzz"}`, status: 204},
		{do: "GET ", status: 200, want: `{"id":"{id}"}`},
		{do: "PUT ", body: `{"realm":"master"}`, status: 409, want: `{"errorMessage":"Realm with same name exists"}`},
		{do: "PUT ", body: `{"realm":""}`, status: 400, want: `{"errorMessage":"Realm name cannot be empty"}`},
		{do: "PUT ", body: `{"realm":"{realm}-new"}`, status: 204},
		{do: "GET ", status: 404, want: noSuchRealm},
		{do: "GET /admin/realms/{realm}-new/users", status: 200},
		{do: "PUT /admin/realms/{realm}-new", body: `{"realm":"{realm}"}`, status: 204},
		{do: "GET ", status: 200, want: `{"realm":"{realm}"}`},
	})
}

func TestDisabledRealm(t *testing.T) {
	run(t, nil, []step{
		{do: "PUT ", body: `{"accessTokenLifespanForImplicitFlow":900}`, status: 204},
		{do: "POST /clear-user-cache", status: 204},
		{do: "GET /clear-user-cache", status: 405},
		{do: "POST /admin/realms/nope/clear-user-cache", status: 404},
		{do: "POST /clients", body: `{"clientId":"cli","publicClient":true,"directAccessGrantsEnabled":true}`, status: 201},
		{do: "PUT ", body: `{"enabled":false}`, status: 204},
		{do: "GET /realms/{realm}", as: "nobody", status: 200, want: `{"realm":"{realm}","public_key":"*","token-service":"{base}/realms/{realm}/protocol/openid-connect","account-service":"{base}/realms/{realm}/account","tokens-not-before":0}`},
		{do: "GET /realms/{realm}/.well-known/openid-configuration", as: "nobody", status: 200},
		{do: "POST /realms/{realm}/protocol/openid-connect/token", form: map[string]string{"grant_type": "password", "client_id": "cli"}, status: 403, want: `{"error":"access_denied","error_description":"Realm not enabled"}`},
		{do: "GET /users", status: 200},
	})
}

func TestUserProfile(t *testing.T) {
	managed := `{"name":"username","validations":{"length":{"min":3,"max":255}},"permissions":{"view":["admin","user"],"edit":["admin","user"]}},{"name":"email","permissions":{"view":["admin","user"],"edit":["admin","user"]}},
		{"name":"firstName","permissions":{"view":["admin","user"],"edit":["admin","user"]}},{"name":"lastName","permissions":{"view":["admin","user"],"edit":["admin","user"]}}`
	profile := func(policy string) string {
		return `{"attributes":[` + managed + `],"unmanagedAttributePolicy":"` + policy + `"}`
	}
	run(t, nil, []step{
		{do: "GET /users/profile", status: 200, want: `{"attributes":[{"name":"username","validations":{"length":{"min":3,"max":255},"username-prohibited-characters":{},"up-username-not-idn-homograph":{}},
			"permissions":{"view":["admin","user"],"edit":["admin","user"]},"multivalued":false},{"name":"email","required":{"roles":["user"]}},{"name":"firstName"},{"name":"lastName"}],
			"groups":[{"name":"user-metadata"}],"unmanagedAttributePolicy":"<absent>"}`},
		{do: "GET /users/profile/metadata", status: 200, want: `{"attributes":[{"name":"username","required":true,"readOnly":false},{"name":"email","required":false},{},{}]}`},
		// By default, what is not in the profile vanishes.
		{do: "POST /users", body: `{"username":"alice","attributes":{"x":["1"]}}`, status: 201, save: map[string]string{"alice": "@location"}},
		{do: "GET /users/{alice}?userProfileMetadata=true", status: 200, want: `{"attributes":"<absent>","userProfileMetadata":{"attributes":[{"name":"username","readOnly":true},{},{},{}]}}`},
		{do: "PUT /users/profile", body: profile("ENABLED"), status: 200, want: `{"unmanagedAttributePolicy":"ENABLED"}`, headers: map[string]string{"Content-Type": "application/json"}},
		{do: "GET /users/{alice}", status: 200, want: `{"attributes":"<absent>","userProfileMetadata":"<absent>"}`},
		{do: "POST /users", body: `{"username":"bob","attributes":{"x":["1","2"],"y":[""],"z":[],"n":null,"s":"str"}}`, status: 201, save: map[string]string{"bob": "@location"}},
		{do: "GET /users/{bob}", status: 200, want: `{"attributes":{"x":["1","2"],"s":["str"],"y":"<absent>","z":"<absent>","n":"<absent>"}}`},
		{do: "PUT /users/{bob}", body: `{"firstName":"F"}`, status: 204},
		{do: "GET /users/{bob}", status: 200, want: `{"firstName":"F","attributes":{"x":["1","2"]}}`},
		{do: "PUT /users/{bob}", body: `{"attributes":{"y":["1"]}}`, status: 204},
		{do: "GET /users/{bob}", status: 200, want: `{"firstName":"<absent>","attributes":{"y":["1"],"x":"<absent>"}}`},
		{do: "PUT /users/{bob}", body: `{"attributes":{"email":["zz@x.de"],"firstName":["FF"],"y":["1"]}}`, status: 204},
		{do: "GET /users/{bob}", status: 200, want: `{"firstName":"FF","email":"<absent>"}`},
		// Seen, but not to be changed.
		{do: "PUT /users/profile", body: profile("ADMIN_VIEW"), status: 200},
		{do: "PUT /users/{bob}", body: `{"attributes":{"y":["changed"],"q":["1"]}}`, status: 204},
		{do: "GET /users/{bob}", status: 200, want: `{"attributes":{"y":["1"],"q":"<absent>"}}`},
		{do: "PUT /users/profile", body: profile("ADMIN_EDIT"), status: 200},
		{do: "PUT /users/{bob}", body: `{"attributes":{"y":["changed"]}}`, status: 204},
		{do: "GET /users/{bob}", status: 200, want: `{"attributes":{"y":["changed"]}}`},
		// Without a policy they are hidden, and kept.
		{do: "PUT /users/profile", body: `{"attributes":[` + managed + `]}`, status: 200},
		{do: "GET /users/{bob}", status: 200, want: `{"attributes":"<absent>"}`},
		{do: "PUT /users/{bob}", body: `{"attributes":{"zz":["1"]}}`, status: 204},
		{do: "PUT /users/profile", body: profile("ENABLED"), status: 200},
		{do: "GET /users/{bob}", status: 200, want: `{"attributes":{"y":["changed"],"zz":"<absent>"}}`},
		{do: "PUT /users/profile", body: profile("DISABLED"), status: 400, want: wrongType},
		{do: "PUT /users/profile", body: `{"bogus":1}`, status: 400, want: `{"error":"Invalid json representation for UPConfig. Unrecognized field \"bogus\" at line 1 column 11."}`},
		// A managed attribute with a rule.
		{do: "PUT /users/profile", body: `{"attributes":[` + managed + `,{"name":"dept","permissions":{"view":["admin"],"edit":["admin"]},"required":{"roles":["admin"]},"validations":{"length":{"max":5}}}]}`, status: 200},
		{do: "PUT /users/{bob}", body: `{"firstName":"ZZ"}`, status: 400, want: `{"field":"dept","errorMessage":"error-user-attribute-required","params":["dept"]}`},
		{do: "PUT /users/{bob}", body: `{"attributes":{"dept":["toolong"]}}`, status: 400, want: `{"field":"dept","errorMessage":"error-invalid-length-too-long","params":["dept",null,5]}`},
		{do: "PUT /users/{bob}", body: `{"attributes":{"dept":["ok"]}}`, status: 204},
		{do: "GET /users/{bob}", status: 200, want: `{"attributes":{"dept":["ok"]}}`},
		{do: "POST /users", body: `{"username":"nodept"}`, status: 400, want: `{"field":"dept","errorMessage":"error-user-attribute-required","params":["dept"]}`},
		// Without a body it is that of a new realm.
		{do: "PUT /users/profile", body: ``, status: 200, want: `{"attributes":[{},{},{},{}],"unmanagedAttributePolicy":"<absent>"}`},
	})
}
