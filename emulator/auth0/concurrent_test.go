package auth0_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/idpctl/idpctl/emulator/auth0"
)

// Many at once: everybody gets an answer of one's own, and one of those who
// want the same user gets it.
func TestConcurrent(t *testing.T) {
	tn := start(t, auth0.Options{})
	role := tn.AddRole("admins", "")
	var wg sync.WaitGroup
	made := make([]int, 16)
	for i := range made {
		wg.Go(func() {
			made[i] = tn.do(t, "POST users", newUser("same", "")).status
			a := tn.do(t, "POST users", newUser(fmt.Sprint("u", i), ""))
			tn.do(t, "POST roles/"+role+"/users", `{"users":["`+a.str("user_id")+`"]}`)
			tn.do(t, "GET users?include_totals=true", "")
			tn.do(t, "PATCH tenants/settings", fmt.Sprintf(`{"flags":{"f%d":true}}`, i))
			tn.Users()
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, status := range made {
		count[status]++
	}
	equal(t, "the same user", count, map[int]int{201: 1, 409: 15})
	equal(t, "members", len(tn.Roles()[0].Members), 16)
	equal(t, "users", len(tn.Users()), 17)
}
