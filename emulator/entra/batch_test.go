package entra_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/fault"
)

// batch sends items and returns the answers by id, and the ids in the order of
// the answer.
func (tn *tenant) batch(t *testing.T, items ...string) (map[string]object, []string) {
	t.Helper()
	a := tn.must(t, 200, "POST $batch", `{"requests":[`+strings.Join(items, ",")+`]}`)
	byID, order := map[string]object{}, []string{}
	for _, r := range a.body["responses"].([]any) {
		o := r.(object)
		byID[o["id"].(string)] = o
		order = append(order, o["id"].(string))
	}
	return byID, order
}

// Batches (section 6). What emulators get wrong (10): the order, and $ as %24.
func TestBatch(t *testing.T) {
	tn := start(t, entra.Options{})
	id := tn.user(t, "marty")
	items, want := []string{}, []string{}
	for i := range 20 {
		want = append(want, "r"+strconv.Itoa(i))
		items = append(items, `{"id":"r`+strconv.Itoa(i)+`","method":"GET","url":"/users/`+id+`?%24select=id","headers":{},"body":null,"dependsOn":[]}`)
	}
	got, order := tn.batch(t, items...)
	if fmt.Sprint(order) == fmt.Sprint(want) {
		t.Error("answered in order")
	}
	body := got["r7"]["body"].(object)
	equal(t, "selected", []any{body["id"], len(body)}, []any{id, 2})
	if headers := got["r7"]["headers"].(object); !strings.HasPrefix(fmt.Sprint(headers["Content-Type"]), "application/json") {
		t.Errorf("headers %v", headers)
	}
	// Two in order too.
	if _, order := tn.batch(t, `{"id":"1","method":"GET","url":"users"}`, `{"id":"2","method":"GET","url":"users"}`); fmt.Sprint(order) != "[2 1]" {
		t.Errorf("order %v", order)
	}
	const invalid = "Invalid batch payload format."
	for _, tt := range []struct{ body, message string }{
		{`{"requests":[` + strings.Repeat(items[0]+",", 20) + items[1] + `]}`, "exceeds the maximum value of 20"},
		{`{"requests":[` + items[0] + "," + items[0] + `]}`, "has to be unique"},
		{`{"requests":[{"id":"1","method":"GET","url":"users","dependsOn":["2"]},{"id":"2","method":"GET","url":"users"}]}`, "no earlier request"},
		{`{"requests":[{"id":"1","method":"GET","url":"https://graph.microsoft.com/v1.0/users"}]}`, "relative"},
		{`{"requests":[]}`, invalid}, {`{"requests":`, invalid}, {`{"requests":[{"id":"1","method":"GET"}]}`, invalid},
	} {
		tn.refused(t, 400, "BadRequest", tt.message, "POST $batch", tt.body)
	}
	// A write, its failure, and what depends on it.
	got, _ = tn.batch(t,
		`{"id":"a","method":"POST","url":"/users","headers":{"content-type":"application/json"},"body":`+newUser("emmett", "")+`}`,
		`{"id":"b","method":"PATCH","url":"/users/nobody","headers":{"content-type":"application/json"},"body":{"displayName":"x"}}`,
		`{"id":"c","method":"DELETE","url":"/users/`+id+`","dependsOn":["b"]}`,
		`{"id":"d","method":"POST","url":"/users","body":`+newUser("jennifer", "")+`}`,
		`{"id":"e","method":"GET","url":"/users/$count","headers":{"consistencylevel":"eventual"}}`)
	statuses := fmt.Sprint(got["a"]["status"], got["b"]["status"], got["c"]["status"], got["d"]["status"], got["e"]["status"])
	equal(t, "statuses", statuses, "201 404 424 400 200")
	equal(t, "error of an item", at(got["b"], "body.error.code"), any("Request_ResourceNotFound"))
	equal(t, "text of an item", got["e"]["body"], any(2.0))
	tn.must(t, 200, "GET users/"+id, "")
	// A batch is one request, and its items are counted apart.
	equal(t, "items", tn.BatchItems()["POST users"], 2)
	if n := tn.Requests()["POST users"]; n != 1 {
		t.Errorf("%d requests", n)
	}
}

// Faults in front of items, and of what a fault.Injector takes for a mutation.
func TestFaultsInBatches(t *testing.T) {
	var items *fault.Injector
	tn := start(t, entra.Options{Items: func(next http.Handler) http.Handler {
		items = fault.New(next)
		items.Mutating = entra.Mutates
		return items
	}})
	items.Add(fault.Rule{Mutation: 2, Do: fault.Status(503, `{"error":{"code":"ServiceUnavailable","message":"busy"}}`, nil)})
	post := func(id string) string {
		return `{"id":"` + id + `","method":"POST","url":"/users","headers":{"Content-Type":"application/json"},"body":` + newUser(id, "") + `}`
	}
	got, _ := tn.batch(t, post("a"), `{"id":"g","method":"GET","url":"/users"}`, post("b"), post("c"))
	equal(t, "statuses", fmt.Sprint(got["a"]["status"], got["b"]["status"], got["c"]["status"], got["g"]["status"]), "201 503 201 200")
	whole := fault.New(tn.Server)
	whole.Mutating = entra.Mutates
	for body, mutates := range map[string]int{`{"requests":[{"id":"1","method":"GET","url":"users"}]}`: 0, `{"requests":[` + post("x") + `]}`: 1} {
		whole.Reset()
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write([]byte(body))
		_ = w.Close()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://graph.test/v1.0/$batch", &z)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-Encoding", "gzip")
		r.Header.Set("Authorization", "Bearer "+tn.token)
		rec := httptest.NewRecorder()
		whole.ServeHTTP(rec, r)
		if rec.Code != 200 || whole.Mutations() != mutates || whole.Count("POST", regexp.MustCompile(`\$batch$`)) != 1 {
			t.Errorf("%s: %d, %d mutations", body, rec.Code, whole.Mutations())
		}
	}
}

// Bodies as the SDK sends them (section 0), which emulators do not take (3).
func TestBodies(t *testing.T) {
	tn := start(t, entra.Options{})
	zip := func(s string) []byte {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write([]byte(s))
		_ = w.Close()
		return z.Bytes()
	}
	for _, tt := range []struct {
		name, encoding, contentType string
		body                        []byte
		status                      int
	}{
		{"gzip", "gzip", "application/json", zip(newUser("a", "")), 201},
		{"plain, labelled gzip", "gzip", "application/json", []byte(newUser("b", "")), 400},
		{"cut gzip", "gzip", "application/json", zip(newUser("b", ""))[:40], 400},
		{"plain", "", "application/json; charset=utf-8", []byte(newUser("c", "")), 201},
		{"no type", "", "", []byte(newUser("d", "")), 400},
		{"other type", "", "text/plain", []byte(newUser("d", "")), 400},
		{"no JSON", "", "application/json", []byte(`{"displayName":`), 400},
		{"a list", "", "application/json", []byte(`[]`), 400},
		{"twice", "", "application/json", []byte(newUser("d", `"displayName":"e"`)), 400},
		{"empty", "", "application/json", nil, 400},
	} {
		// Chunked: a reader that does not say how long it is.
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://graph.test/v1.0/users", struct{ *bytes.Reader }{bytes.NewReader(tt.body)})
		r.ContentLength = -1
		r.TransferEncoding = []string{"chunked"}
		r.Header.Set("Authorization", "Bearer "+tn.token)
		for name, v := range map[string]string{"Content-Encoding": tt.encoding, "Content-Type": tt.contentType} {
			if v != "" {
				r.Header.Set(name, v)
			}
		}
		a := tn.send(t, r)
		if a.status != tt.status || a.status == 400 && (a.str("error.code") != "BadRequest" || a.str("error.message") == "") {
			t.Errorf("%s: %d %s", tt.name, a.status, a.text)
		}
	}
}

// The shape of errors (section 1): a date without a zone, ids in body and header.
func TestErrorShape(t *testing.T) {
	tn := start(t, entra.Options{})
	a := tn.do(t, "GET users/nobody", "", "client-request-id: mine")
	var body struct {
		Error struct {
			Code, Message string
			InnerError    map[string]string
		}
	}
	if err := json.Unmarshal([]byte(a.text), &body); err != nil {
		t.Fatal(err)
	}
	equal(t, "inner", body.Error.InnerError, map[string]string{"date": "2026-01-02T03:04:05", "request-id": a.header.Get("request-id"), "client-request-id": "mine"})
	if a.header.Get("client-request-id") != "mine" || a.header.Get("request-id") == "" {
		t.Errorf("headers %v", a.header)
	}
	if a := tn.do(t, "GET users/x/photo", ""); a.status != 501 || a.str("error.message") != "not emulated: GET /v1.0/users/x/photo" {
		t.Errorf("a route that is not emulated: %d %s", a.status, a.text)
	}
	if a := tn.do(t, "PUT users", ""); a.status != 405 {
		t.Errorf("another method: %d", a.status)
	}
}
