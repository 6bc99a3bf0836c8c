package auth0_test

import (
	"bytes"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// imports sends a file of users.
func (tn *tenant) imports(t *testing.T, users string, fields ...string) answer {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if len(fields) == 0 {
		fields = []string{"connection_id=" + tn.Connections()[0].ID}
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.CreateFormFile("users", "users.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte(users)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return tn.do(t, "POST jobs/users-imports", b.String(), "Content-Type: "+w.FormDataContentType())
}

// A job: pending, then done with a summary; bad users do not fail it, and what
// is wrong with each can be read (section 9).
func TestImport(t *testing.T) {
	tn := start(t, auth0.Options{ImportDuration: time.Minute})
	tn.user(t, "there")
	con := tn.Connections()[0]
	a := tn.imports(t, `[{"email":"new@example.com","user_id":"abc","name":"New","password_hash":"$2b$10$x"},{"email":"there@example.com"},{"email":"new@example.com"},{"email":"bad"},`+
		`{"email":"x@example.com","age":1},{"email":"y@example.com","blocked":"yes"},{"name":"nobody"},{"email":"z@example.com","user_id":"abc"},7]`, "connection_id="+con.ID, "external_id=")
	id := a.str("id")
	equal(t, "job", a.body, object{"type": "users_import", "status": "pending", "connection_id": con.ID, "connection": con.Name, "created_at": "2026-01-02T03:04:05.678Z", "id": id})
	equal(t, "status", a.status, 202)
	tn.now = tn.now.Add(59 * time.Second)
	equal(t, "before", []any{tn.must(t, 200, "GET jobs/"+id, "").str("status"), len(tn.Users())}, []any{"pending", 1})
	tn.now = tn.now.Add(time.Second)
	done := tn.must(t, 200, "GET jobs/"+id, "")
	equal(t, "done", []any{done.str("status"), done.body["summary"]}, []any{"completed", object{"failed": 8.0, "updated": 0.0, "inserted": 1.0, "total": 9.0}})
	errors := tn.must(t, 200, "GET jobs/"+id+"/errors", "")
	var codes []string
	for _, e := range errors.list {
		codes = append(codes, e.(object)["errors"].([]any)[0].(object)["code"].(string))
	}
	equal(t, "codes", strings.Join(codes, " "), "DUPLICATED_USER DUPLICATED_USER INVALID_FORMAT OBJECT_ADDITIONAL_PROPERTIES INVALID_TYPE ANY_OF_MISSING DUPLICATED_USER INVALID_TYPE")
	equal(t, "user", errors.list[0].(object)["user"], object{"email": "there@example.com"})
	if u := tn.Users()[0]; u.ID != "auth0|abc" || !u.HasPassword || u.Name != "New" {
		t.Errorf("imported: %+v", u)
	}
	tn.now = tn.now.Add(23 * time.Hour)
	tn.token = tn.signIn(t)
	tn.must(t, 200, "GET jobs/"+id, "")
	tn.now = tn.now.Add(time.Hour)
	tn.refused(t, 404, "inexistent_job", "", "GET jobs/"+id+"/errors", "")
}

// Upsert changes users with the same e-mail, and replaces their metadata
// (section 9).
func TestUpsert(t *testing.T) {
	tn := start(t, auth0.Options{})
	tn.must(t, 201, "POST users", newUser("a", `"user_metadata":{"x":1}`))
	a := tn.imports(t, `[{"email":"A@example.com","name":"A","user_metadata":{"y":2}},{"email":"b@example.com"}]`, "connection_id="+tn.Connections()[0].ID, "upsert=true", "external_id=e")
	equal(t, "external_id", a.str("external_id"), "e")
	equal(t, "summary", tn.must(t, 200, "GET jobs/"+a.str("id"), "").body["summary"], object{"failed": 0.0, "updated": 1.0, "inserted": 1.0, "total": 2.0})
	tn.must(t, 204, "GET jobs/"+a.str("id")+"/errors", "")
	u := tn.Users()[0]
	equal(t, "user", []any{u.Name, u.UserMetadata}, []any{"A", map[string]any{"y": int64(2)}})
}

// What is no job at all (section 9).
func TestImportRefused(t *testing.T) {
	tn := start(t, auth0.Options{ImportDuration: time.Minute})
	for want, a := range map[string]answer{
		"400 String does not match pattern ^con_[A-Za-z0-9]{16}$": tn.imports(t, "[]", "connection_id=x"),
		"404 The connection does not exist":                       tn.imports(t, "[]", "connection_id=con_0000000000000000"),
		"400 Additional properties not allowed: x":                tn.imports(t, "[]", "x=1"),
		"400 Expected type boolean":                               tn.imports(t, "[]", "upsert=maybe"),
		"413 Payload content length greater than maximum allowed": tn.imports(t, "["+strings.Repeat(" ", 512000)+"]"),
		"415 Unsupported Media Type":                              tn.do(t, "POST jobs/users-imports", "{}"),
		"400 Missing required property: users":                    tn.do(t, "POST jobs/users-imports", "--x\r\nContent-Disposition: form-data; name=\"upsert\"\r\n\r\ntrue\r\n--x--\r\n", "Content-Type: multipart/form-data; boundary=x"),
	} {
		if got := a.str("statusCode") + " " + a.str("message"); !strings.Contains(strings.ReplaceAll(got, "Payload validation error: '", ""), want) {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	failed := tn.imports(t, "{}")
	equal(t, "first", failed.status, 202)
	equal(t, "second", tn.imports(t, "[]").status, 202)
	tn.refusedAnswer(t, tn.imports(t, "[]"), 429, "There are 2 active import users jobs, please wait")
	tn.now = tn.now.Add(time.Minute)
	equal(t, "no list", tn.must(t, 200, "GET jobs/"+failed.str("id"), "").str("status"), "failed")
	equal(t, "third", tn.imports(t, "[]").status, 202)
}

func (tn *tenant) refusedAnswer(t *testing.T, a answer, status int, message string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.str("message"), message) {
		t.Errorf("got %d %s, want %d %s", a.status, a.text, status, message)
	}
}
