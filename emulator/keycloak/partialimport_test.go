package keycloak_test

import "testing"

func TestPartialImport(t *testing.T) {
	results := func(added, skipped, overwritten, list string) string {
		return `{"added":` + added + `,"skipped":` + skipped + `,"overwritten":` + overwritten + `,"results":{"$set":[` + list + `]}}`
	}
	duplicate := `{"errorMessage":"Duplicate resource error"}`
	run(t, nil, []step{
		{do: "POST /partialImport", body: `{}`, status: 200, want: results("0", "0", "0", "")},
		{do: "POST /partialImport", body: `{"bogus":1}`, status: 200, want: results("0", "0", "0", "")},
		{do: "POST /partialImport", body: ``, status: 500, want: wrongType},
		{do: "POST /partialImport", body: `{bad`, status: 500, want: notJSON},
		{do: "POST /partialImport", body: `null`, status: 500, want: crash},
		{do: "POST /partialImport", body: `{"ifResourceExists":"NOPE"}`, status: 500, want: wrongType},
		{do: "POST /partialImport", body: `{"users":[{"username":"x","bogus":1}]}`, status: 500, want: wrongType},
		{do: "POST /partialImport", body: `{"ifResourceExists":"FAIL","users":[{"username":"bob"},{"username":"Bob2","id":"{realm}-b2","createdTimestamp":5,"notBefore":7,"emailVerified":true}]}`, status: 200,
			headers: map[string]string{"Content-Type": "application/json;charset=UTF-8"},
			want:    results("2", "0", "0", `{"action":"ADDED","resourceType":"USER","resourceName":"bob","id":"*"},{"action":"ADDED","resourceType":"USER","resourceName":"Bob2","id":"{realm}-b2"}`)},
		{do: "GET /users/{realm}-b2", status: 200, want: `{"username":"bob2","createdTimestamp":5,"notBefore":7,"emailVerified":true,"enabled":false}`},
		// All or nothing.
		{do: "POST /partialImport", body: `{"users":[{"username":"new1"},{"username":"bob"}]}`, status: 409, want: `{"errorMessage":"User with user name bob already exists."}`},
		{do: "GET /users?username=new1", status: 200, want: `[]`},
		{do: "POST /partialImport", body: `{"ifResourceExists":"SKIP","users":[{"username":"new1"},{"username":"BOB2","id":"{realm}-other"}]}`, status: 200,
			want: results("1", "1", "0", `{"action":"ADDED","resourceName":"new1"},{"action":"SKIPPED","resourceName":"BOB2","id":"{realm}-b2"}`)},
		{do: "POST /partialImport", body: `{"ifResourceExists":"SKIP","users":[{"username":"dupid","id":"{realm}-b2"}]}`, status: 409, want: duplicate},
		{do: "POST /partialImport", body: `{"ifResourceExists":"SKIP","users":[{"username":"same","email":"s1@x.de"},{"username":"same","email":"s2@x.de"}]}`, status: 409, want: duplicate},
		{do: "POST /partialImport", body: `{"users":[{"username":"same2"},{"username":"same2"}]}`, status: 409, want: duplicate},
		{do: "GET /users?username=same", status: 200, want: `[]`},
		// Nothing is validated.
		{do: "POST /partialImport", body: `{"users":[{"username":"","email":"bad mail"}]}`, status: 200, want: `{"added":1}`},
		{do: "POST /partialImport", body: `{"users":[{"email":"nousername@x.de"}]}`, status: 500, want: crash},
		{do: "POST /partialImport", body: `{"users":[{"username":"UPPER","email":"UP@X.DE","firstName":"<script>"}]}`, status: 200},
		{do: "GET /users?username=upper", status: 200, want: `[{"username":"upper","email":"up@x.de","firstName":"<script>"}]`},
		// An e-mail that is taken.
		{do: "POST /partialImport", body: `{"users":[{"username":"em2","email":"Up@x.de"}]}`, status: 409, want: `{"errorMessage":"User with user name em2 already exists."}`},
		{do: "POST /partialImport", body: `{"ifResourceExists":"SKIP","users":[{"username":"em1"},{"username":"em2","email":"Up@x.de"}]}`, status: 500, want: crash},
		{do: "GET /users?username=em1", status: 200, want: `[]`},
		{do: "POST /partialImport", body: `{"ifResourceExists":"OVERWRITE","users":[{"username":"em2","email":"Up@x.de"}]}`, status: 200, want: `{"overwritten":1}`},
		{do: "GET /users?username=upper", status: 200, want: `[]`},
		// Overwriting deletes and makes anew.
		{do: "POST /partialImport", body: `{"ifResourceExists":"OVERWRITE","users":[{"username":"bob2","firstName":"OW"}]}`, status: 200, want: results("0", "0", "1", `{"action":"OVERWRITTEN","resourceName":"bob2","id":"*"}`)},
		{do: "GET /users/{realm}-b2", status: 404, want: noSuchUser},
		// What users refer to.
		{do: "POST /partialImport", body: `{"users":[{"username":"ingroup","groups":["/nope"]}]}`, status: 500, want: crash},
		{do: "POST /partialImport", body: `{"groups":[{"name":"g1"}]}`, status: 500, want: crash},
		{do: "POST /partialImport", body: `{"groups":[{"name":"g1","path":"/g1","attributes":{"a":["b"]},"subGroups":[{"name":"c1"}]}]}`, status: 200, want: results("1", "0", "0", `{"action":"ADDED","resourceType":"GROUP","resourceName":"g1","id":"*"}`)},
		{do: "GET /groups?search=c1", status: 200, want: `[{"name":"g1","subGroups":[{"name":"c1"}]}]`},
		{do: "POST /partialImport", body: `{"ifResourceExists":"SKIP","groups":[{"name":"g1","path":"/g1"},{"name":"g2","path":"/g2","id":"{realm}-g2"}]}`, status: 200,
			want: results("1", "1", "0", `{"action":"ADDED","resourceName":"g2","id":"{realm}-g2"},{"action":"SKIPPED","resourceName":"g1"}`)},
		{do: "POST /partialImport", body: `{"groups":[{"name":"g1","path":"/g1"}]}`, status: 409, want: `{"errorMessage":"Group '/g1' already exists"}`},
		{do: "POST /partialImport", body: `{"users":[{"username":"full","id":"{realm}-full","groups":["/g1"],"attributes":{"a":["b"]},"credentials":[{"type":"password","value":"pw","temporary":true}],
			"requiredActions":["VERIFY_EMAIL","NOPE"]}]}`, status: 200},
		// No default roles, no change of a temporary password, any action.
		{do: "GET /users/{realm}-full", status: 200, want: `{"requiredActions":{"$set":["VERIFY_EMAIL","NOPE"]},"attributes":"<absent>"}`},
		{do: "GET /users/{realm}-full/groups", status: 200, want: `[{"name":"g1"}]`},
		{do: "GET /users/{realm}-full/role-mappings", status: 200, want: `{"realmMappings":"<absent>"}`},
		{do: "GET /users/{realm}-full/credentials", status: 200, want: `[{"type":"password"}]`},
		{do: "POST /partialImport", body: `{"users":[{"username":"roles","id":"{realm}-roles","realmRoles":["offline_access","made"],"clientRoles":{"account":["view-profile"]}}]}`, status: 200},
		{do: "GET /users/{realm}-roles/role-mappings", status: 200, want: `{"realmMappings":{"$set":[{"name":"offline_access"},{"name":"made"}]},"clientMappings":{"account":{"mappings":[{"name":"view-profile"}]}}}`},
		// Clients do not keep their ids.
		{do: "POST /partialImport", body: `{"clients":[{"clientId":"pc","id":"{realm}-pc","publicClient":true}]}`, status: 200, want: results("1", "0", "0", `{"action":"ADDED","resourceType":"CLIENT","resourceName":"pc"}`)},
		{do: "GET /clients/{realm}-pc", status: 404, want: noSuchClient},
		{do: "POST /partialImport", body: `{"ifResourceExists":"SKIP","clients":[{"clientId":"pc"}]}`, status: 200, want: `{"skipped":1}`},
		{do: "POST /partialImport", body: `{"clients":[{"clientId":"pc"}]}`, status: 409, want: `{"errorMessage":"Client id 'pc' already exists"}`},
		{do: "POST /partialImport", body: `{"roles":{"realm":[{"name":"r1"}],"client":{"pc":[{"name":"cr"}]}}}`, status: 200,
			want: results("2", "0", "0", `{"resourceType":"REALM_ROLE","resourceName":"r1"},{"resourceType":"CLIENT_ROLE","resourceName":"pc-->cr"}`)},
		{do: "POST /partialImport", body: `{"roles":{"realm":[{"name":"r1"}]}}`, status: 409, want: `{"errorMessage":"Realm role 'r1' already exists."}`},
		{do: "PUT ", body: `{"passwordPolicy":"length(8)"}`, status: 204},
		{do: "POST /partialImport", body: `{"users":[{"username":"weak","credentials":[{"type":"password","value":"x"}]}]}`, status: 500, want: crash},
		{do: "GET /users?username=weak", status: 200, want: `[]`},
	})
}
