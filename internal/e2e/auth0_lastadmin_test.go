package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers/auth0"
)

// oneAdmin is a cluster with one admin.
func oneAdmin(name string) string {
	return pacedBlock + fmt.Sprintf(`api "a" {
  tenant     = tenant.acme
  identifier = "https://influxdb.example.com"
}
client "c" {
  tenant = tenant.acme
  api    = api.a
}
user %[1]q {
  tenant     = tenant.acme
  email      = "%[1]s@example.com"
  first_name = "A"
  last_name  = "Crew"
}
cluster "x" {
  client = client.c
  admins = [user.%[1]s]
  appinstance {
    path = "myinfluxdb.yml"
  }
}
`, name)
}

// TestLastAdminStaysUntilTheNextIsThere: who is to be replaced as the only admin is
// listed until the new one exists, and is there, even if the block is gone.
func TestLastAdminStaysUntilTheNextIsThere(t *testing.T) {
	t.Run("the block stays", func(t *testing.T) { lastAdmin(t, true) })
	t.Run("the block goes", func(t *testing.T) { lastAdmin(t, false) })
}

func lastAdmin(t *testing.T, stays bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newPacedTenant(t, emulator.Options{}, auth0.Options{}, 0, 0)
		write := func(hcl string) {
			if err := os.WriteFile(filepath.Join(d.opts.Dir, "main.idp.hcl"), []byte(hcl), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		listed := func() string {
			raw, err := os.ReadFile(filepath.Join(d.opts.Dir, "myinfluxdb.yml"))
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		}
		write(oneAdmin("ada"))
		d.run()
		time.Sleep(time.Hour)

		// Somebody registers the address of the new one while the plan is read.
		next, notTried := oneAdmin("ben"), 2
		if stays {
			next, notTried = next+`user "ada" {
  tenant     = tenant.acme
  email      = "ada@example.com"
  first_name = "A"
  last_name  = "Crew"
}
`, 1
		}
		write(next)
		r, _, diags := run.Open(context.Background(), d.opts)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		p, diags := r.Plan(context.Background(), plan.Normal)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		stranger := d.server.AddUser(map[string]any{"email": "ben@example.com"})
		s, diags := r.Apply(context.Background(), p, run.ApplyOptions{})
		if diags = append(diags, r.Close()...); diags.HasErrors() || len(s.Failed) != 1 || len(s.NotTried) != notTried {
			t.Fatalf("%v, %+v", diags, s)
		}
		if !strings.Contains(listed(), "ada@example.com") {
			t.Errorf("nobody is listed, and that was not asked for:\n%s", listed())
		}

		if !slices.ContainsFunc(d.server.Users(), func(u emulator.User) bool { return u.Email == "ada@example.com" }) {
			t.Error("the only admin is gone")
		}

		d.server.Remove(emulator.KindUser, stranger)
		time.Sleep(time.Hour)
		d.run()
		d.empty()
		if text := listed(); strings.Contains(text, "ada@") || !strings.Contains(text, "ben@example.com") {
			t.Errorf("ben is not the only admin:\n%s", text)
		}
	})
}
