package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/plan"
)

// restores demands that the plan brings an object back.
func (d *entraTenant) restores(address, id string) {
	d.t.Helper()
	if !slices.ContainsFunc(d.plan().Changes, func(c *plan.Change) bool {
		return c.Address.String() == address && c.Action == plan.Create && c.Restore == id
	}) {
		d.t.Errorf("the plan does not restore %s (id %s)", address, id)
	}
}

// atEachDeath runs a test for each moment of the n requests of an apply that change
// something: die applies until the process dies there, and once more.
func atEachDeath(t *testing.T, n int, test func(t *testing.T, die func(*entraTenant))) {
	t.Helper()
	for request := 1; request <= n; request++ {
		for _, moment := range moments {
			t.Run(fmt.Sprintf("%d %s", request, moment), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					test(t, func(d *entraTenant) {
						d.faults.Reset()
						d.dieAt(request, moment)
						d.try(plan.Normal)
						d.revive()
						d.must(plan.Normal)
					})
				})
			})
		}
	}
}

// A user who was deleted, by idpctl or by others, comes back with the id that the
// cluster knows.
func TestEntraRestore(t *testing.T) {
	const both = `
user "m" {
  tenant            = tenant.contoso
  email             = "m@example.com"
  first_name        = "Marty"
  generate_password = true
}
user "n" {
  tenant = tenant.contoso
  email  = "n@example.com"
}
`
	one := both[strings.Index(both, `user "n"`):]
	id := func(d *entraTenant) string {
		for _, u := range d.server.Users() {
			if u.Mail == "m@example.com" {
				return u.ID
			}
		}
		return ""
	}
	gone := func(t *testing.T, lag time.Duration) (*entraTenant, string) {
		d := newEntraTenant(t, emulator.Options{Lag: emulator.Lag{Max: lag}}, both)
		d.must(plan.Normal)
		was := id(d)
		d.configure(one)
		d.must(plan.Normal)
		if id(d) != "" || len(d.server.DeletedItems()) != 1 {
			t.Fatalf("it is not deleted: %+v", d.server.DeletedItems())
		}
		time.Sleep(lag) // of the bubble
		d.configure(strings.Replace(both, "Marty", "Doc", 1))
		return d, was
	}
	restored := func(t *testing.T, d *entraTenant, was string) {
		t.Helper()
		d.empty()
		u, ok := d.server.Object(emulator.KindUser, was)
		if id(d) != was || !ok || u["givenName"] != "Doc" || len(d.server.DeletedItems()) != 0 || len(d.server.Users()) != 2 {
			t.Errorf("%v, not %s as wanted; in the bin: %+v", u, was, d.server.DeletedItems())
		}
		if list := d.delivered["user.m"]; !d.server.PasswordIs("m@example.com", list[len(list)-1]) {
			t.Error("the latest password delivered is not the one that is set")
		}
	}
	for _, lag := range []time.Duration{0, 10 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			n := 0
			synctest.Test(t, func(t *testing.T) {
				d, was := gone(t, lag)
				d.restores("user.m", was)
				d.faults.Reset()
				d.must(plan.Normal)
				n = d.faults.Mutations()
				restored(t, d, was)
			})
			atEachDeath(t, n, func(t *testing.T, die func(*entraTenant)) {
				d, was := gone(t, lag)
				die(d)
				restored(t, d, was)
			})
		})
	}
}
