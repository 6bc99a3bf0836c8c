package entra_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/memnet"
)

// Of many upserts at once one creates, and the others update (section 2).
func TestConcurrentUpserts(t *testing.T) {
	tn := start(t, entra.Options{})
	var all sync.WaitGroup
	statuses := make([]int, 16)
	for i := range statuses {
		all.Go(func() {
			statuses[i] = tn.do(t, "PATCH applications(uniqueName='x')", `{"displayName":"X"}`, prefer).status
			tn.do(t, "GET applications", "")
			tn.Applications()
			tn.AddUser(object{"userPrincipalName": fmt.Sprintf("u%d@contoso.com", i)})
		})
	}
	all.Wait()
	created := 0
	for _, s := range statuses {
		if s == 201 {
			created++
		} else if s != 204 {
			t.Errorf("status %d", s)
		}
	}
	equal(t, "created and there", []int{created, len(tn.Applications()), len(tn.Users())}, []int{1, 1, 16})
}

// Settle ends the lag without a clock.
func TestSettle(t *testing.T) {
	tn := start(t, entra.Options{Lag: entra.Lag{Max: time.Hour}})
	id := tn.user(t, "marty")
	tn.must(t, 404, "GET users/"+id, "")
	tn.Settle()
	equal(t, "there", tn.watch(t, 6, "GET users/"+id, status), map[string]int{"200": 6})
	tn.must(t, 204, "DELETE users/"+id, "")
	tn.Settle()
	tn.must(t, 204, "DELETE directory/deletedItems/"+id, "")
	tn.Settle()
	equal(t, "gone", tn.watch(t, 6, "GET directory/deletedItems/"+id, status), map[string]int{"404": 6})
	tn.user(t, "marty")
}

// A fault in front of the server: what was done is done, and the answer lost.
func TestCommitThenDrop(t *testing.T) {
	tn := start(t, entra.Options{})
	i := fault.New(tn.Server)
	i.Mutating = entra.Mutates
	i.Add(fault.Rule{Mutation: 1, Path: regexp.MustCompile("^/v1.0/users$"), Do: fault.CommitThenDrop()})
	client, stop := memnet.Serve(i)
	defer stop()
	post := func() (int, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://graph.test/v1.0/users", strings.NewReader(newUser("marty", "")))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+tn.token)
		r.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		resp.Body.Close()
		return resp.StatusCode, nil
	}
	if status, err := post(); err == nil {
		t.Errorf("answered %d", status)
	}
	equal(t, "users", len(tn.Users()), 1)
	if status, err := post(); status != 400 || err != nil {
		t.Errorf("once more: %d, %v", status, err)
	}
	if !strings.Contains(entra.ErrorBody("Directory_ConcurrencyViolation", "busy"), `"code":"Directory_ConcurrencyViolation"`) {
		t.Error("ErrorBody lacks its code")
	}
}

// $expand brings at most 20 objects of a relation.
func TestExpand(t *testing.T) {
	tn := start(t, entra.Options{})
	var users []string
	for i := range 21 {
		users = append(users, tn.AddUser(object{"userPrincipalName": fmt.Sprintf("u%02d@contoso.com", i)}))
	}
	group := tn.AddGroup(object{"displayName": "g"}, users...)
	for _, path := range []string{"groups/" + group + "?$expand=members", "groups/" + group + "?$expand=members($select=id)&$select=id"} {
		equal(t, path, len(tn.must(t, 200, "GET "+path, "").body["members"].([]any)), 20)
	}
	equal(t, "owners", tn.must(t, 200, "GET groups?$expand=owners", "").values()[0]["owners"], any([]any{}))
	tn.must(t, 501, "GET users?$expand=manager", "")
}
