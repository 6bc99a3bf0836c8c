package entra_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
)

// watch asks for a path n times and returns how often each answer came.
func (tn *tenant) watch(t *testing.T, n int, request string, see func(answer) string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for range n {
		seen[see(tn.do(t, request, ""))]++
	}
	return seen
}

func status(a answer) string { return fmt.Sprint(a.status) }

// Replicas lag and alternate (section 8), which emulators do not (1). The
// answer to a write is fresh, and when the lag is over all agree.
func TestLag(t *testing.T) {
	tn := start(t, entra.Options{Lag: entra.Lag{Max: time.Minute, Seed: 1}})
	made := tn.must(t, 201, "POST users", newUser("marty", ""))
	get := "GET users/" + made.str("id")
	equal(t, "at once", tn.watch(t, 6, get, status), map[string]int{"404": 6})
	filter := "GET users?$filter=userPrincipalName eq 'marty@contoso.com'"
	equal(t, "filter", tn.watch(t, 3, filter, func(a answer) string { return fmt.Sprint(len(a.values())) }), map[string]int{"0": 3})
	tn.refused(t, 400, "Request_BadRequest", "Another object", "POST users", newUser("marty", ""))
	// Within the minute some replicas know it, and they take turns.
	mixed := false
	for range 59 {
		tn.now = tn.now.Add(time.Second)
		if seen := tn.watch(t, 6, get, status); seen["404"] > 0 && seen["200"] > 0 {
			mixed = true
			if seen["404"]%2 != 0 {
				t.Errorf("the replicas do not take turns: %v", seen)
			}
		}
	}
	if !mixed {
		t.Error("the replicas never disagreed")
	}
	if seen := tn.watch(t, 6, get, status); seen["404"] == 0 {
		t.Error("all replicas know it before the lag is over")
	}
	tn.now = tn.now.Add(time.Second)
	equal(t, "at the end", tn.watch(t, 6, get, status), map[string]int{"200": 6})
	// An update is unseen for a while, then seen by all.
	tn.must(t, 204, "PATCH users/"+made.str("id"), `{"displayName":"Marty"}`)
	name := func(a answer) string { return a.str("displayName") }
	equal(t, "old values", tn.watch(t, 6, get, name), map[string]int{"marty": 6})
	tn.now = tn.now.Add(time.Minute)
	equal(t, "new values", tn.watch(t, 6, get, name), map[string]int{"Marty": 6})
	// A deletion as well.
	tn.must(t, 204, "DELETE users/"+made.str("id"), "")
	equal(t, "still there", tn.watch(t, 6, get, status), map[string]int{"200": 6})
	tn.now = tn.now.Add(time.Minute)
	equal(t, "gone", tn.watch(t, 6, get, status), map[string]int{"404": 6})
}

// Lag at the creation of a service principal (section 3), which emulators let
// through at once (6), and at references and keys (section 8).
func TestLagOfRelations(t *testing.T) {
	tn := start(t, entra.Options{Lag: entra.Lag{Max: time.Minute}})
	const key = "PATCH applications(uniqueName='x')"
	app := tn.must(t, 201, key, `{"displayName":"X"}`, prefer)
	appID := app.str("appId")
	seen := tn.watch(t, 6, "GET applications(uniqueName='x')", status)
	equal(t, "by key", seen, map[string]int{"404": 6})
	// Whoever does not see it tries to create it again.
	tn.refused(t, 400, "Request_BadRequest", "Another object with the same value for property uniqueName already exists.", key, `{"displayName":"X"}`, prefer)
	principal := "PATCH servicePrincipals(appId='" + appID + "')"
	codes := map[string]int{}
	for range 6 {
		a := tn.do(t, principal, `{}`, prefer)
		codes[fmt.Sprint(a.status, " ", a.str("error.code"))]++
		if text := a.str("error.message"); !strings.Contains(text, "does not reference a valid application object.") && !strings.Contains(text, "must in the local tenant") {
			t.Errorf("message %q", text)
		}
	}
	equal(t, "refusals", codes, map[string]int{"400 Request_BadRequest": 4, "403 Authorization_RequestDenied": 2})
	tn.now = tn.now.Add(time.Minute)
	tn.must(t, 201, principal, `{}`, prefer)
	user := tn.user(t, "marty")
	group := tn.AddGroup(object{"displayName": "g"})
	ref := `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/` + user + `"}`
	tn.refused(t, 404, "Request_ResourceNotFound", user, "POST groups/"+group+"/members/$ref", ref)
	tn.refused(t, 404, "Request_ResourceNotFound", user, "PATCH groups/"+group, `{"members@odata.bind":`+bind(user)+`}`)
	tn.refused(t, 400, "Request_BadRequest", user, "POST groups", strings.ReplaceAll(newGroup, "}", `,"members@odata.bind":`+bind(user)+`}`))
	tn.now = tn.now.Add(time.Minute)
	tn.must(t, 204, "POST groups/"+group+"/members/$ref", ref)
	equal(t, "members", tn.watch(t, 6, "GET groups/"+group+"/members", func(a answer) string { return fmt.Sprint(len(a.values())) }), map[string]int{"0": 6})
	tn.now = tn.now.Add(time.Minute)
	equal(t, "members", tn.watch(t, 6, "GET groups/"+group+"/members", func(a answer) string { return fmt.Sprint(len(a.values())) }), map[string]int{"1": 6})
}

// The same seed gives the same delays.
func TestLagIsDeterministic(t *testing.T) {
	history := func(seed uint64) string {
		tn := start(t, entra.Options{Lag: entra.Lag{Max: time.Minute, Seed: seed}})
		get := "GET users/" + tn.user(t, "marty")
		var b strings.Builder
		for range 60 {
			tn.now = tn.now.Add(time.Second)
			for range 3 {
				b.WriteString(status(tn.do(t, get, "")) + " ")
			}
		}
		return b.String()
	}
	first := history(1)
	if again := history(1); again != first {
		t.Error("one seed, two histories")
	}
	if first == history(2) {
		t.Error("two seeds, one history")
	}
}

// A delegated token reads what is there (section 8: "delegated is fresher").
func TestDelegatedReadsAreFresh(t *testing.T) {
	tn := start(t, entra.Options{Lag: entra.Lag{Max: time.Minute}})
	tn.AddUser(object{"userPrincipalName": "marty@contoso.com", "passwordProfile": object{"password": "Passw0rd!"}})
	_, client, _ := tn.AddApplication(object{"displayName": "cli", "isFallbackPublicClient": true}, true)
	d := tn.device(t, client, "https://graph.microsoft.com/User.ReadWrite.All")
	if err := tn.browse(t, d, marty); err != nil {
		t.Fatal(err)
	}
	app := tn.token
	tn.token = tn.poll(t, client, d).str("access_token")
	get := "GET users/" + tn.must(t, 201, "POST users", newUser("emmett", "")).str("id")
	equal(t, "delegated", tn.watch(t, 6, get, status), map[string]int{"200": 6})
	tn.token = app
	equal(t, "app-only", tn.watch(t, 6, get, status), map[string]int{"404": 6})
}
