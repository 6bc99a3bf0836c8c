package e2e

import (
	"strings"
	"testing"
	"testing/synctest"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/plan"
)

// Another redemption_version resets the redemption of a guest, once; nothing else
// does. The guest accepts by the new link, and that is no drift.
func TestEntraResetOfRedemption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		guest := func(lines string) string {
			return "user \"doc\" {\n  tenant = tenant.contoso\n  email  = \"doc@elsewhere.example\"\n  guest  = true\n  " + lines + "\n}\n"
		}
		d := newEntraTenant(t, emulator.Options{}, guest("redemption_version = 1"))
		d.must(plan.Normal)
		id := d.server.Users()[0].ID
		accept := func(link string) {
			t.Helper()
			cred := formclient.Credentials{Username: "doc@elsewhere.example", Password: "Gr3at-Scott!", NewPassword: "Gr3at-Scott!"}
			if err := formclient.SignIn(t.Context(), d.client, link, cred); err != nil || d.server.Users()[0].ExternalUserState != "Accepted" {
				t.Errorf("accepting ends in the state %s: %v", d.server.Users()[0].ExternalUserState, err)
			}
			d.empty()
		}
		accept(d.server.Outbox()[0].Link)
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
				accept(inv.Link)
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
