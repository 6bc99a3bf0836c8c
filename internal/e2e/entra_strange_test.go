package e2e

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/plan"
)

// adoptions are what an unattended apply refuses.
func (d *entraTenant) adoptions() []string {
	d.t.Helper()
	var out []string
	for _, c := range d.plan().Adoptions() {
		out = append(out, c.Address.String())
	}
	return out
}

// later is when nothing that was done is young any more.
func (d *entraTenant) later() { time.Sleep(time.Hour) } // of the bubble

const production = `
idpctl {
  namespace = "production"
}
`

// An application that somebody made by hand is released when all is destroyed,
// also after the state was lost: its marker says how it came here.
func TestEntraAdoptedIsNeverDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newEntraTenant(t, emulator.Options{}, "")
		id, _, _ := d.server.AddApplication(map[string]any{"displayName": "by hand"}, true)
		block := func(line string) string {
			return production + "client \"influxctl\" {\n  tenant = tenant.contoso\n  name   = \"by hand\"\n" + line + "}\n"
		}
		d.configure(block("  id = \"" + id + "\"\n"))
		d.must(plan.Normal)
		d.empty()
		d.must(plan.Destroy)
		d.configure(block(""))
		d.must(plan.Normal)
		d.empty()
		d.must(plan.Destroy)
		d.must(plan.Normal)
		d.loseState()
		d.must(plan.Normal)
		d.must(plan.Destroy)
		if !slices.ContainsFunc(d.server.Applications(), func(a emulator.Application) bool { return a.ID == id }) {
			t.Error("it was deleted")
		}
	})
}

// Somebody whom idpctl did not make comes back from the bin, with the former
// password and groups, only if that is allowed; and is released in the end.
func TestEntraRestoreOfAStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const user = "user \"m\" {\n  tenant = tenant.contoso\n  email  = \"m@example.com\"\n}\n"
		d := newEntraTenant(t, emulator.Options{}, production+user)
		was := d.server.AddUser(map[string]any{"userPrincipalName": "m@example.com", "mail": "m@example.com", "displayName": "M", "accountEnabled": true})
		d.server.Remove(emulator.KindUser, was)
		if got := d.adoptions(); !slices.Equal(got, []string{"user.m"}) {
			t.Errorf("to be allowed: %v", got)
		}
		d.must(plan.Normal)
		d.empty()
		d.must(plan.Destroy)
		if u := d.server.Users(); len(u) != 1 || u[0].ID != was {
			t.Errorf("left are %+v", u)
		}
		// One of one's own needs no leave.
		d.server.Purge(emulator.KindUser, was)
		d.must(plan.Normal)
		d.must(plan.Destroy)
		if got := d.adoptions(); len(got) > 0 {
			t.Errorf("to be allowed: %v", got)
		}
	})
}

// A guest who was deleted comes back in one apply.
func TestEntraRestoreOfAGuest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newEntraTenant(t, emulator.Options{}, production+"user \"g\" {\n  tenant = tenant.contoso\n  email  = \"g@elsewhere.example\"\n  guest  = true\n  first_name = \"G\"\n}\n")
		d.must(plan.Normal)
		was := d.server.Users()[0].ID
		d.must(plan.Destroy)
		d.must(plan.Normal)
		d.empty()
		if u := d.server.Users(); len(u) != 1 || u[0].ID != was {
			t.Errorf("%+v, and it was %s", u, was)
		}
	})
}

// A service principal that is missing or disabled is seen and mended.
func TestEntraServicePrincipalIsMended(t *testing.T) {
	for name, harm := range map[string]func(d *entraTenant, id string){
		"deleted": func(d *entraTenant, id string) { d.server.Remove(emulator.KindServicePrincipal, id) },
		"purged": func(d *entraTenant, id string) {
			d.server.Remove(emulator.KindServicePrincipal, id)
			d.server.Purge(emulator.KindServicePrincipal, id)
		},
		"disabled": func(d *entraTenant, id string) {
			d.server.Change(emulator.KindServicePrincipal, id, func(props map[string]any) { props["accountEnabled"] = false })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newEntraTenant(t, emulator.Options{}, strings.Replace(production, "}\n", "}\nuser \"m\" {\n  tenant = tenant.contoso\n  email  = \"m@example.com\"\n}\n"+
					"client \"influxctl\" {\n  tenant = tenant.contoso\n  assigned = [user.m]\n}\n", 1))
				d.must(plan.Normal)
				d.server.Settle()
				var id string
				for _, a := range d.server.Applications() {
					for _, sp := range d.server.ServicePrincipals() {
						if a.DisplayName == "influxctl" && sp.AppID == a.AppID {
							id = sp.ID
						}
					}
				}
				harm(d, id)
				d.later()
				if lines, _ := d.lines(plan.Normal); !slices.Equal(lines, []string{"client.influxctl update"}) {
					t.Errorf("planned: %v", lines)
				}
				d.must(plan.Normal)
				d.empty()
				n := 0
				for _, sp := range d.server.ServicePrincipals() {
					if sp.DisplayName == "influxctl" && sp.Enabled && len(d.server.Assignments(sp.ID)) == 1 {
						n++
					}
				}
				if n != 1 {
					t.Errorf("service principals: %+v", d.server.ServicePrincipals())
				}
			})
		})
	}
}
