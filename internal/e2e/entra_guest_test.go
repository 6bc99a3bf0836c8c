package e2e

import (
	"strings"
	"testing"
	"testing/synctest"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/plan"
)

// Another redemption_version resets the redemption of a guest, once; nothing else
// does.
func TestEntraResetOfRedemption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guest := func(lines string) string {
			return "user \"doc\" {\n  tenant = tenant.contoso\n  email  = \"doc@elsewhere.example\"\n  guest  = true\n  " + lines + "\n}\n"
		}
		d := newEntraTenant(t, emulator.Options{}, guest("redemption_version = 1"))
		d.must(plan.Normal)
		id := d.server.Users()[0].ID
		for _, step := range []struct {
			lines string
			sent  []bool // of the invitations that reset, whether they went out by mail
		}{
			{"redemption_version = 1", nil},
			{"redemption_version = 2", []bool{false}},
			{"redemption_version = 2\n  first_name = \"Emmett\"", nil},
			{"invite = true\n  redemption_version = 3", []bool{true}},
			{"", nil},
			{"redemption_version = 4", []bool{false}},
		} {
			before := len(d.server.Outbox())
			d.configure(guest(step.lines))
			d.must(plan.Normal)
			d.empty()
			made := d.server.Outbox()[before:]
			if len(made) != len(step.sent) {
				t.Errorf("%q: %d invitations, want %d", step.lines, len(made), len(step.sent))
				continue
			}
			for i, inv := range made {
				if !inv.Reset || inv.UserID != id || inv.Sent != step.sent[i] {
					t.Errorf("%q: %+v", step.lines, inv)
				}
			}
		}
		const member = "user \"m\" {\n  tenant = tenant.contoso\n  email  = \"m@example.com\"\n}\n"
		d.configure(member)
		d.must(plan.Normal)
		d.configure(strings.Replace(member, "}", "redemption_version = 2\n}", 1))
		if _, diags := d.try(plan.Normal); !strings.Contains(diags.Error(), "Only a guest redeems") {
			t.Errorf("of a member: %v", diags)
		}
	})
}
