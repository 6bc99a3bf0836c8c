package e2e

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/plan"
)

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
				r, diags := d.open()
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				p, diags := r.Plan(t.Context(), plan.Normal)
				if diags = append(diags, r.Close()...); diags.HasErrors() {
					t.Fatal(diags)
				}
				found := false
				for _, c := range p.Changes {
					found = found || c.Address.String() == "user.m" && c.Action == plan.Create && c.Restore == was
				}
				if !found {
					t.Errorf("the plan does not restore: %+v", p.Changes)
				}
				d.faults.Reset()
				d.must(plan.Normal)
				n = d.faults.Mutations()
				restored(t, d, was)
			})
			for request := 1; request <= n; request++ {
				for _, moment := range entraMoments {
					t.Run(fmt.Sprintf("%d %s", request, moment), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							d, was := gone(t, lag)
							d.faults.Reset()
							d.dieAt(request, moment)
							d.try(plan.Normal)
							d.faults.Reset()
							d.dead.Store(false)
							d.must(plan.Normal)
							restored(t, d, was)
						})
					})
				}
			}
		})
	}
}
