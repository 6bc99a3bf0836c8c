package keycloak_test

import (
	"strings"
	"testing"
)

// Errors that many routes share.
const (
	crash      = `{"error":"unknown_error","error_description":"For more on this error consult the server log."}`
	wrongType  = `{"error":"unknown_error","error_description":"Cannot parse the JSON"}`
	notJSON    = `{"error":"invalid_request","error_description":"Cannot parse the JSON"}`
	forbidden  = `{"error":"HTTP 403 Forbidden"}`
	notFound   = `{"error":"HTTP 404 Not Found"}`
	noSuchUser = `{"error":"User not found"}`
)

func TestCreateUser(t *testing.T) {
	long := strings.Repeat("x", 256)
	run(t, nil, []step{
		{do: "POST /users", body: `{"username":"Alice","email":"Alice@Example.com","firstName":"A","lastName":"L","enabled":true,
			"attributes":{"foo":["bar"]}}`, status: 201,
			headers: map[string]string{"Location": "*", "Content-Type": "<absent>"},
			save:    map[string]string{"alice": "@location", "url": "@url"}},
		{do: "GET /users/{alice}", status: 200, headers: map[string]string{"Content-Type": "application/json;charset=UTF-8"},
			want: `{"id":"{alice}","username":"alice","firstName":"A","lastName":"L","email":"alice@example.com","emailVerified":false,
			"attributes":"<absent>","enabled":true,"createdTimestamp":"*","totp":false,"disableableCredentialTypes":[],"requiredActions":[],
			"notBefore":0,"access":{"manageGroupMembership":true,"resetPassword":true,"view":true,"mapRoles":true,"impersonate":true,"manage":true}}`},
		{do: "POST /users", body: `{"username":"alice"}`, status: 409, want: `{"errorMessage":"User exists with same username"}`,
			headers: map[string]string{"Content-Type": "application/json"}},
		{do: "POST /users", body: `{"username":"ALICE","email":"bad"}`, status: 409, want: `{"errorMessage":"User exists with same username"}`},
		{do: "POST /users", body: `{"username":"alice2","email":"ALICE@example.com"}`, status: 409, want: `{"errorMessage":"User exists with same email"}`},
		{do: "POST /users", body: `{"username":"al"}`, status: 400, want: `{"field":"username","errorMessage":"error-invalid-length","params":["username",3,255]}`},
		{do: "POST /users", body: `{"username":""}`, status: 400, want: `{"errorMessage":"User name is missing"}`},
		{do: "POST /users", body: `{}`, status: 400, want: `{"errorMessage":"User name is missing"}`},
		{do: "POST /users", body: `{"username":"bob","email":"nomail"}`, status: 400, want: `{"field":"email","errorMessage":"error-invalid-email","params":["email","nomail"]}`},
		{do: "POST /users", body: `{"username":"b","email":"nomail"}`, status: 400, want: `{"errors":[
			{"field":"username","errorMessage":"error-invalid-length","params":["username",3,255]},
			{"field":"email","errorMessage":"error-invalid-email","params":["email","nomail"]}]}`},
		{do: "POST /users", body: `{"username":"user name","firstName":"<b>"}`, status: 400, want: `{"errors":[
			{"field":"username","errorMessage":"error-username-invalid-character","params":["username"]},
			{"field":"firstName","errorMessage":"error-person-name-invalid-character","params":["firstName"]}]}`},
		{do: "POST /users", body: `{"username":"user&name"}`, status: 400, want: `{"field":"username","errorMessage":"error-username-invalid-character","params":["username"]}`},
		{do: "POST /users", body: `{"username":"` + long + `"}`, status: 400, want: `{"field":"username","errorMessage":"error-invalid-length","params":["username",3,255]}`},
		{do: "POST /users", body: `{"username":"username1","firstName":"` + long + `","lastName":"a$b"}`, status: 400, want: `{"errors":[
			{"field":"firstName","errorMessage":"error-invalid-length-too-long","params":["firstName",null,255]},
			{"field":"lastName","errorMessage":"error-person-name-invalid-character","params":["lastName"]}]}`},
		// An id is passed over, unlike those of realms and clients.
		{do: "POST /users", body: `{"username":"chosen","id":"aaaaaaaa-1dac-414f-894f-9d96c8deca29"}`, status: 201},
		{do: "GET /users/aaaaaaaa-1dac-414f-894f-9d96c8deca29", status: 404, want: noSuchUser},
		// Unknown fields of the representation and of those within it.
		{do: "POST /users", body: `{"username":"bob","foo":1}`, status: 400, want: `{"error":"Invalid json representation for UserRepresentation. Unrecognized field \"foo\" at line 1 column 26."}`},
		{do: "POST /users", body: "{\n \"username\":\"bob\",\n \"credentials\":[{\"type\":\"password\",\"valuex\":\"x\"}]}", status: 400,
			want: `{"error":"Invalid json representation for CredentialRepresentation. Unrecognized field \"valuex\" at line 3 column 46."}`},
		{do: "POST /users", body: `{"username":"Üü","foo":true}`, status: 400, want: `{"error":"Invalid json representation for UserRepresentation. Unrecognized field \"foo\" at line 1 column 30."}`},
		{do: "POST /users", body: "{\"username\":\"a\",\n  \"foo\" : -1.5e3 }", status: 400, want: `{"error":"Invalid json representation for UserRepresentation. Unrecognized field \"foo\" at line 2 column 17."}`},
		{do: "POST /users", body: `{"username":"a","foo":{}}`, status: 400, want: `{"error":"Invalid json representation for UserRepresentation. Unrecognized field \"foo\" at line 1 column 24."}`},
		{do: "POST /users", body: `{"username":"a","foo":1,"enabled":"x"}`, status: 400, want: `{"error":"Invalid json representation for UserRepresentation. Unrecognized field \"foo\" at line 1 column 24."}`},
		// Fields of old versions have no effect.
		{do: "POST /users", body: `{"username":"a","applicationRoles":{},"credentials":[{"hashIterations":5}]}`, status: 400, want: `{"field":"username","errorMessage":"error-invalid-length","params":["username",3,255]}`},
		// Types are converted where Jackson does so.
		{do: "POST /users", body: `{"username":"bob","enabled":"maybe"}`, status: 400, want: wrongType},
		{do: "POST /users", body: `{"username":{"a":1}}`, status: 400, want: wrongType},
		{do: "POST /users", body: `{"username":["x"]}`, status: 400, want: wrongType},
		{do: "POST /users", body: `{"username":"bob3","requiredActions":"b"}`, status: 400, want: wrongType},
		{do: "POST /users", body: `{"username":"a","enabled":1.5}`, status: 400, want: wrongType},
		{do: "POST /users", body: `{"username":"a","createdTimestamp":99999999999999999999}`, status: 400, want: `{"error":"HTTP 400 Bad Request","error_description":"Cannot parse the JSON"}`},
		{do: "POST /users", body: `{"username":true,"enabled":1,"emailVerified":"true"}`, status: 201, save: map[string]string{"odd": "@location"}},
		{do: "GET /users/{odd}", status: 200, want: `{"username":"true","enabled":true,"emailVerified":true}`},
		{do: "POST /users", body: `{bad`, status: 400, want: notJSON},
		{do: "POST /users", body: ``, status: 500, want: crash},
		{do: "POST /users", body: `null`, status: 500, want: crash},
		{do: "POST /users", body: `[]`, status: 400, want: wrongType},
		{do: "POST /users", body: `{}x`, status: 400, want: `{"errorMessage":"User name is missing"}`},
		{do: "POST /users", body: `{"username":"bob4"}`, header: map[string]string{"Content-Type": "text/plain"}, status: 415,
			want: `{"error":"The content-type header value did not match the value in @Consumes"}`},
		// What goes in besides: actions that exist, the time of creation.
		{do: "POST /users", body: `{"username":"more","createdTimestamp":5,"requiredActions":["UPDATE_PASSWORD","NOPE"],"realmRoles":["x"],"totp":true}`,
			status: 201, save: map[string]string{"more": "@location"}},
		{do: "GET /users/{more}", status: 200, want: `{"createdTimestamp":5,"requiredActions":["UPDATE_PASSWORD"],"totp":false,"enabled":false}`},
		{do: "POST /users", body: `{"username":"ingroup","groups":["/nope"]}`, status: 500, want: crash},
		{do: "GET /users?username=ingroup", status: 200, want: `[]`},
		{do: "PUT /users", body: `{}`, status: 405, want: `{"error":"HTTP 405 Method Not Allowed"}`},
		{do: "POST /users/{alice}", body: `{}`, status: 404, want: notFound},
	})
}

func TestUpdateUser(t *testing.T) {
	run(t, nil, []step{
		{do: "POST /users", body: `{"username":"alice","email":"alice@x.de","firstName":"A","lastName":"L","enabled":true,"emailVerified":true}`,
			status: 201, save: map[string]string{"alice": "@location"}},
		{do: "POST /users", body: `{"username":"bob","email":"bob@x.de"}`, status: 201, save: map[string]string{"bob": "@location"}},
		{do: "PUT /users/{alice}", body: `{}`, status: 204},
		{do: "PUT /users/{alice}", body: `{"firstName":"B"}`, status: 204},
		{do: "GET /users/{alice}", status: 200, want: `{"firstName":"B","lastName":"L","email":"alice@x.de","enabled":true}`},
		{do: "PUT /users/{alice}", body: `{"firstName":"","lastName":null}`, status: 204},
		{do: "GET /users/{alice}", status: 200, want: `{"firstName":"<absent>","lastName":"L"}`},
		{do: "PUT /users/{alice}", body: `{"email":""}`, status: 204},
		{do: "GET /users/{alice}", status: 200, want: `{"email":"<absent>"}`},
		// A new e-mail stays verified.
		{do: "PUT /users/{alice}", body: `{"email":"NEW@x.de"}`, status: 204},
		{do: "GET /users/{alice}", status: 200, want: `{"email":"new@x.de","emailVerified":true}`},
		// With attributes the update is no longer partial.
		{do: "PUT /users/{alice}", body: `{"attributes":{"foo":["x"]}}`, status: 204},
		{do: "GET /users/{alice}", status: 200, want: `{"username":"alice","email":"<absent>","firstName":"<absent>","lastName":"<absent>","attributes":"<absent>","enabled":true}`},
		{do: "PUT /users/{alice}", body: `{"requiredActions":["UPDATE_PASSWORD","VERIFY_EMAIL","NOPE"],"id":"zz","createdTimestamp":3}`, status: 204},
		{do: "GET /users/{alice}", status: 200, want: `{"id":"{alice}","requiredActions":{"$set":["VERIFY_EMAIL","UPDATE_PASSWORD"]},"createdTimestamp":"*"}`},
		{do: "PUT /users/{alice}", body: `{"requiredActions":["UPDATE_PROFILE"]}`, status: 204},
		{do: "GET /users/{alice}", status: 200, want: `{"requiredActions":["UPDATE_PROFILE"]}`},
		{do: "PUT /users/{alice}", body: `{"username":"alice-new"}`, status: 400, want: `{"field":"username","errorMessage":"error-user-attribute-read-only","params":["username"]}`},
		{do: "PUT /users/{alice}", body: `{"username":"ALICE"}`, status: 204},
		{do: "PUT /users/{alice}", body: `{"username":""}`, status: 400, want: `{"errorMessage":"User name is missing"}`},
		{do: "PUT /users/{alice}", body: `{"email":"bad"}`, status: 400, want: `{"field":"email","errorMessage":"error-invalid-email","params":["email","bad"]}`},
		{do: "PUT /users/{alice}", body: `{"bogus":1}`, status: 400, want: `{"error":"Invalid json representation for UserRepresentation. Unrecognized field \"bogus\" at line 1 column 11."}`},
		{do: "PUT /users/{alice}", body: ``, status: 400, want: `{"errorMessage":"Could not update user!"}`},
		{do: "PUT /users/{alice}", body: `[]`, status: 400, want: wrongType},
		{do: "PUT /users/nope", body: `{"bogus":1}`, status: 404, want: noSuchUser},
		{do: "PUT /users/{alice}", body: `{"email":"bob@x.de"}`, status: 409, want: `{"errorMessage":"User exists with same email"}`},
		{do: "PUT /users/{bob}", body: `{"username":"alice"}`, status: 409, want: `{"errorMessage":"User exists with same username"}`},
		{do: "PUT ", body: `{"editUsernameAllowed":true}`, status: 204},
		{do: "PUT /users/{bob}", body: `{"username":"Robert"}`, status: 204},
		{do: "GET /users/{bob}", status: 200, want: `{"username":"robert","email":"bob@x.de"}`},
		{do: "GET /users?username=bob&exact=true", status: 200, want: `[]`},
		{do: "GET /users/nope", status: 404, want: noSuchUser},
		{do: "DELETE /users/{bob}", status: 204},
		{do: "DELETE /users/{bob}", status: 404, want: noSuchUser},
		{do: "POST /users", body: `{"username":"robert","email":"bob@x.de"}`, status: 201},
	})
}

func TestPasswords(t *testing.T) {
	tooShort := `{"error":"invalidPasswordMinLengthMessage","error_description":"Invalid password: minimum length 8."}`
	run(t, nil, []step{
		{do: "POST /clients", body: `{"clientId":"cli","publicClient":true,"directAccessGrantsEnabled":true}`, status: 201},
		{do: "POST /users", body: `{"username":"alice","email":"alice@x.de","firstName":"A","lastName":"L","enabled":true,
			"credentials":[{"type":"password","value":"first","temporary":true}]}`, status: 201, save: map[string]string{"alice": "@location"}},
		{do: "GET /users/{alice}", status: 200, want: `{"requiredActions":["UPDATE_PASSWORD"]}`},
		{do: "GET /users/{alice}/credentials", status: 200, want: `[{"type":"password","id":"*","createdDate":"*","credentialData":"*","value":"<absent>","secretData":"<absent>"}]`},
		{do: "PUT /users/{alice}/reset-password", body: `{"type":"password","value":"pw1","temporary":false}`, status: 204},
		{do: "GET /users/{alice}", status: 200, want: `{"requiredActions":[]}`},
		{do: "POST /realms/{realm}/protocol/openid-connect/token", form: map[string]string{"grant_type": "password", "client_id": "cli", "username": "alice", "password": "pw1"}, status: 200},
		{do: "POST /realms/{realm}/protocol/openid-connect/token", form: map[string]string{"grant_type": "password", "client_id": "cli", "username": "alice", "password": "first"}, status: 400},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"pw2","temporary":true}`, status: 204},
		{do: "GET /users/{alice}", status: 200, want: `{"requiredActions":["UPDATE_PASSWORD"]}`},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":""}`, status: 400, want: `{"error":"Empty password not allowed"}`},
		{do: "PUT /users/{alice}/reset-password", body: `{}`, status: 400, want: `{"error":"No password provided"}`},
		{do: "PUT /users/{alice}/reset-password", body: ``, status: 400, want: `{"error":"No password provided"}`},
		{do: "PUT /users/{alice}/reset-password", body: `{"foo":1}`, status: 400, want: `{"error":"Invalid json representation for CredentialRepresentation. Unrecognized field \"foo\" at line 1 column 9."}`},
		{do: "PUT /users/nope/reset-password", body: `{"value":"x"}`, status: 404, want: noSuchUser},
		{do: "POST /users/{alice}/reset-password", body: `{"value":"x"}`, status: 404, want: notFound},
		{do: "PUT ", body: `{"passwordPolicy":"length(8)"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"short"}`, status: 400, want: tooShort},
		{do: "POST /users", body: `{"username":"bob","credentials":[{"type":"password","value":"short"}]}`, status: 400, want: tooShort},
		{do: "GET /users?username=bob", status: 200, want: `[]`},
		{do: "PUT /users/{alice}", body: `{"firstName":"Z","credentials":[{"type":"password","value":"short"}]}`, status: 400, want: tooShort},
		{do: "GET /users/{alice}", status: 200, want: `{"firstName":"A"}`},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"longenough"}`, status: 204},
		{do: "PUT ", body: `{"passwordPolicy":"passwordHistory(2)"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"longenough"}`, status: 400, want: `{"error":"invalidPasswordHistoryMessage","error_description":"Invalid password: must not be equal to any of last 2 passwords."}`},
		{do: "PUT ", body: `{"passwordPolicy":"digits(1)"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"x"}`, status: 400, want: `{"error":"invalidPasswordMinDigitsMessage","error_description":"Invalid password: must contain at least 1 numerical digits."}`},
		{do: "PUT ", body: `{"passwordPolicy":"upperCase(2) and length(3)"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"xxxA"}`, status: 400, want: `{"error":"invalidPasswordMinUpperCaseCharsMessage","error_description":"Invalid password: must contain at least 2 upper case characters."}`},
		{do: "PUT ", body: `{"passwordPolicy":"lowerCase(1)"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"AAA"}`, status: 400, want: `{"error":"invalidPasswordMinLowerCaseCharsMessage","error_description":"Invalid password: must contain at least 1 lower case characters."}`},
		{do: "PUT ", body: `{"passwordPolicy":"specialChars(1)"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"AAA"}`, status: 400, want: `{"error":"invalidPasswordMinSpecialCharsMessage","error_description":"Invalid password: must contain at least 1 special characters."}`},
		{do: "PUT ", body: `{"passwordPolicy":"notUsername"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"Alice"}`, status: 400, want: `{"error":"invalidPasswordNotUsernameMessage","error_description":"Invalid password: must not be equal to the username."}`},
		{do: "PUT ", body: `{"passwordPolicy":"notEmail"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"alice@x.de"}`, status: 400, want: `{"error":"invalidPasswordNotEmailMessage","error_description":"Invalid password: must not be equal to the email."}`},
		{do: "PUT ", body: `{"passwordPolicy":"notContainsUsername"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"xxalicexx"}`, status: 400, want: `{"error":"invalidPasswordNotContainsUsernameMessage","error_description":"Invalid password: Can not contain the username."}`},
		{do: "PUT ", body: `{"passwordPolicy":"maxLength(4)"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"xxxxx"}`, status: 400, want: `{"error":"invalidPasswordMaxLengthMessage","error_description":"Invalid password: maximum length 4."}`},
		{do: "PUT ", body: `{"passwordPolicy":"regexPattern(^a+$)"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"ab"}`, status: 400, want: `{"error":"invalidPasswordRegexPatternMessage","error_description":"Invalid password: fails to match regex pattern(s)."}`},
		{do: "PUT ", body: `{"passwordPolicy":"length"}`, status: 204},
		{do: "PUT /users/{alice}/reset-password", body: `{"value":"short"}`, status: 400, want: tooShort},
		{do: "PUT ", body: `{"passwordPolicy":"bogus(8)"}`, status: 400, want: `{"errorMessage":"Password policy not found"}`},
		{do: "PUT ", body: `{"passwordPolicy":"length(x)"}`, status: 400, want: `{"errorMessage":"Invalid config for length: Not a valid number"}`},
		{do: "PUT ", body: `{"passwordPolicy":"length(8"}`, status: 400, want: `{"errorMessage":"Invalid config for length: Not a valid number"}`},
		{do: "PUT ", body: `{"passwordPolicy":"upperCase(1) and  length(12)"}`, status: 204},
		{do: "GET ", status: 200, want: `{"passwordPolicy":"upperCase(1) and length(12)"}`},
		{do: "PUT ", body: `{"passwordPolicy":""}`, status: 204},
		{do: "GET ", status: 200, want: `{"passwordPolicy":"<absent>"}`},
	})
}
