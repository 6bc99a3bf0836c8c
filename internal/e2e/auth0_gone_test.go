package e2e

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers/auth0"
)

// TestAuth0ConnectionGone: the only connection was deleted, and its users with it.
// They cannot be made anew, and the plan says so.
func TestAuth0ConnectionGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newPacedTenant(t, emulator.Options{}, auth0.Options{}, 0, 2)
		d.run()
		time.Sleep(time.Hour)
		for _, con := range d.server.Connections() {
			d.server.Remove(emulator.KindConnection, con.ID)
		}
		if n := len(d.server.Users()); n != 0 {
			t.Fatalf("%d users are left", n)
		}
		r, _, diags := run.Open(context.Background(), d.opts)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		_, diags = r.Plan(context.Background(), plan.Normal)
		diags = append(diags, r.Close()...)
		if !diags.HasErrors() || !strings.Contains(diags.Error(), "The tenant has no database connection") {
			t.Errorf("the plan says: %v", diags)
		}
	})
}
