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

// An application that was deleted, by idpctl or by others, comes back with the
// client id that influxctl knows, and with its service principal.
func TestEntraRestoreOfAnApplication(t *testing.T) {
	const user = `
user "m" {
  tenant = tenant.contoso
  email  = "m@example.com"
}
`
	const client = `
client "influxctl" {
  tenant              = tenant.contoso
  notes               = "for people"
  assignment_required = true
  owners              = [user.m]
  assigned            = [user.m]
}
`
	type ids struct{ app, client, principal string }
	there := func(d *entraTenant) (out []ids) {
		for _, a := range d.server.Applications() {
			if a.AppID == emulator.DefaultClientID {
				continue
			}
			id := ids{app: a.ID, client: a.AppID}
			for _, sp := range d.server.ServicePrincipals() {
				if sp.AppID == a.AppID {
					id.principal = sp.ID
				}
			}
			out = append(out, id)
		}
		return out
	}
	deleted := func(t *testing.T, lag time.Duration, namespace string, byIdpctl bool) (*entraTenant, ids) {
		d := newEntraTenant(t, emulator.Options{Lag: emulator.Lag{Max: lag}}, namespace+user+client)
		d.must(plan.Normal)
		was := there(d)[0]
		time.Sleep(lag) // of the bubble
		if byIdpctl {
			d.configure(namespace + user)
			d.must(plan.Normal)
		} else {
			d.server.Remove(emulator.KindApplication, was.app)
		}
		if len(there(d)) != 0 || len(d.server.DeletedItems()) != 2 {
			t.Fatalf("it is not deleted: %+v", d.server.DeletedItems())
		}
		time.Sleep(lag)
		d.configure(namespace + user + strings.Replace(client, "people", "all", 1))
		return d, was
	}
	restored := func(t *testing.T, d *entraTenant, was ids) {
		t.Helper()
		d.empty()
		if got := there(d); !slices.Equal(got, []ids{was}) || len(d.server.DeletedItems()) != 0 {
			t.Errorf("%+v, not %+v; in the bin: %+v", got, was, d.server.DeletedItems())
		}
		m := d.server.Users()[0].ID
		a, _ := d.server.Object(emulator.KindApplication, was.app)
		sp, _ := d.server.Object(emulator.KindServicePrincipal, was.principal)
		owners := []string(nil)
		for _, app := range d.server.Applications() {
			if app.ID == was.app {
				owners = app.Owners
			}
		}
		if a["notes"] != "for all" || sp["appRoleAssignmentRequired"] != true || !slices.Contains(owners, m) || !slices.Equal(d.server.Assignments(was.principal), []string{m}) {
			t.Errorf("not as wanted: %v, %v, owners %v, assigned %v", a, sp, owners, d.server.Assignments(was.principal))
		}
	}
	for _, lag := range []time.Duration{0, 10 * time.Second} {
		for _, byIdpctl := range []bool{false, true} {
			t.Run(fmt.Sprint(lag, " ", byIdpctl), func(t *testing.T) {
				n := 0
				synctest.Test(t, func(t *testing.T) {
					d, was := deleted(t, lag, production, byIdpctl)
					d.restores("client.influxctl", was.app)
					d.faults.Reset()
					d.must(plan.Normal)
					n = d.faults.Mutations()
					restored(t, d, was)
				})
				atEachDeath(t, n, func(t *testing.T, die func(*entraTenant)) {
					d, was := deleted(t, lag, production, byIdpctl)
					die(d)
					restored(t, d, was)
				})
			})
		}
	}
	t.Run("of a copy without a namespace", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, was := deleted(t, 0, "", true)
			d.must(plan.Normal)
			if got := there(d); len(got) != 1 || got[0].app == was.app {
				t.Errorf("%+v came back, which may be somebody else's", got)
			}
		})
	})
}
