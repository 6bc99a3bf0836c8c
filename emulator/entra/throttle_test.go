package entra_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
)

// What requests cost (section 7).
func TestCosts(t *testing.T) {
	tn := start(t, entra.Options{})
	id, group := tn.user(t, "marty"), tn.AddGroup(object{"displayName": "g"})
	for request, want := range map[string]string{
		"GET users": "2", "GET users?$top=19": "1", "GET users?$top=20": "2", "GET users?$select=id": "1", "GET users?$select=id&$top=5": "1",
		"GET users/" + id: "1", "GET applications": "2", "GET groups": "1", "GET groups/" + group + "/members": "3",
		"GET groups/" + group + "?$expand=members": "2", "GET groups/" + group + "/transitiveMembers": "5", "DELETE users/" + id: "1",
	} {
		if got := tn.do(t, request, "").header.Get("x-ms-resource-unit"); got != want {
			t.Errorf("%s: %s units, want %s", request, got, want)
		}
	}
}

// 429 with Retry-After, the percentage before it, and who does not wait.
func TestThrottling(t *testing.T) {
	tn := start(t, entra.Options{Throttle: entra.Throttle{On: true, Units: 10}})
	var percentages []string
	for range 10 {
		percentages = append(percentages, tn.must(t, 200, "GET groups", "").header.Get("x-ms-throttle-limit-percentage"))
	}
	equal(t, "percentages", strings.Join(percentages, " "), "       0.8 0.9 1.0")
	tn.now = tn.now.Add(3500 * time.Millisecond)
	a := tn.must(t, 429, "GET groups", "")
	equal(t, "throttled", []string{a.str("error.code"), a.str("error.message"), a.header.Get("Retry-After"), a.header.Get("x-ms-throttle-scope")},
		[]string{"TooManyRequests", "Too many requests.", "7", "Tenant_Application/ReadWrite/" + entra.DefaultClientID + "/" + entra.DefaultTenantID})
	tn.now = tn.now.Add(time.Second)
	tn.must(t, 429, "GET users", "")
	equal(t, "violations", tn.Violations(), []entra.Violation{{Request: "GET users", Early: 5500 * time.Millisecond}})
	tn.now = tn.now.Add(6 * time.Second)
	tn.must(t, 200, "GET groups", "")
	equal(t, "violations", len(tn.Violations()), 1)
	equal(t, "throttled", tn.Throttled(), 2)
}

// Writes have a quota of their own.
func TestThrottledWrites(t *testing.T) {
	tn := start(t, entra.Options{Throttle: entra.Throttle{On: true, Writes: 2}})
	tn.user(t, "a")
	tn.user(t, "b")
	a := tn.must(t, 429, "POST users", newUser("c", ""))
	equal(t, "Retry-After", a.header.Get("Retry-After"), "150")
	tn.must(t, 200, "GET users", "")
	tn.now = tn.now.Add(150 * time.Second)
	tn.user(t, "c")
}

// Items of a batch are throttled one by one, with a decimal Retry-After
// (sections 6 and 7); emulators refuse the batch (10), and always with a whole
// Retry-After (14).
func TestThrottledItems(t *testing.T) {
	tn := start(t, entra.Options{Throttle: entra.Throttle{On: true, Units: 2, OmitRetryAfter: 2, Decimal: true}})
	get := func(id string) string { return `{"id":"` + id + `","method":"GET","url":"/groups"}` }
	tn.must(t, 200, "GET groups", "") // the window begins
	tn.now = tn.now.Add(250 * time.Millisecond)
	got, _ := tn.batch(t, get("a"), get("b"), get("c"))
	after := []any{}
	for _, id := range []string{"a", "b", "c"} {
		headers := got[id]["headers"].(object)
		after = append(after, fmt.Sprint(got[id]["status"], " ", headers["Retry-After"]))
	}
	equal(t, "items", after, []any{"200 <nil>", "429 9.750", "429 <nil>"})
	// Outside of a batch the seconds are whole ones.
	equal(t, "Retry-After", tn.must(t, 429, "GET groups", "").header.Get("Retry-After"), "10")
}
