package e2e

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
)

// What somebody removes between plan and apply is told at once, if it is so old
// that no replica can be behind: only what is young is waited for.
func TestEntraGoneMeanwhile(t *testing.T) {
	const user = "user \"m\" {\n  tenant = tenant.contoso\n  email  = \"m@example.com\"\n}\n"
	for name, c := range map[string]struct {
		hcl string // what is to be done with the user
		ok  bool
	}{
		"changed": {strings.Replace(user, "}", "  first_name = \"Marty\"\n}", 1), false},
		"deleted": {"", true},
	} {
		for age, waits := range map[time.Duration]bool{time.Second: true, time.Hour: false} {
			t.Run(name+" "+age.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					d := newEntraTenant(t, emulator.Options{}, user)
					d.must(plan.Normal)
					time.Sleep(age) // of the bubble
					d.configure(c.hcl)
					r, diags := d.open()
					if diags.HasErrors() {
						t.Fatal(diags)
					}
					p, diags := r.Plan(t.Context(), plan.Normal)
					if diags.HasErrors() {
						t.Fatal(diags)
					}
					id := d.server.Users()[0].ID
					d.server.Remove(emulator.KindUser, id)
					d.server.Purge(emulator.KindUser, id)
					start := time.Now()
					s, diags := r.Apply(t.Context(), p, run.ApplyOptions{})
					took := time.Since(start)
					if diags = append(diags, r.Close()...); diags.HasErrors() {
						t.Fatal(diags)
					}
					if s.OK() != c.ok || !c.ok && !strings.Contains(s.Failed[0].Diagnostic.Summary, "not there any more") {
						t.Errorf("%+v", s)
					}
					if waited := took > time.Minute; waited != waits {
						t.Errorf("it took %s", took)
					}
				})
			})
		}
	}
}
