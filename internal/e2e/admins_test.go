package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// twoAdmins is a cluster with two admins, of whom some can sign in.
func twoAdmins(ada, ben bool) string {
	return fmt.Sprintf(`
user "ada" {
  @home
  email      = "ada@example.com"
  first_name = "Ada"
  last_name  = "Crew"
  enabled    = %t
}

user "ben" {
  @home
  email      = "ben@example.com"
  first_name = "Ben"
  last_name  = "Crew"
  enabled    = %t
}

cluster "production" {
  client = client.influxctl
  admins = [user.ada, user.ben]

  appinstance {
    path = "myinfluxdb.yml"
  }
}
`, ada, ben)
}

const cleo = `user "cleo" {
  @home
  email      = "cleo@example.com"
  first_name = "Cleo"
  last_name  = "Crew"
  enabled    = false
}

`

// TestAdminsWhoCannotSignIn: they are told, and the last one is not shut out
// unless that is asked for.
func TestAdminsWhoCannotSignIn(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		w := newWorld(t, on)
		says := func(r result, words string) {
			t.Helper()
			if !strings.Contains(strings.Join(strings.Fields(r.stdout+r.stderr), " "), words) {
				t.Errorf("it does not say %q:\n%s", words, r)
			}
		}
		apply := []string{"apply", "-auto-approve", "-input=false"}
		w.configure(twoAdmins(true, true))
		if r := w.must(0, apply...); strings.Contains(r.String(), "cannot sign in") {
			t.Errorf("admins who can sign in are doubted:\n%s", r)
		}
		w.configure(twoAdmins(false, true))
		says(w.must(0, apply...), "An admin of the cluster who cannot sign in is none: user.ada.")

		w.configure(twoAdmins(false, false))
		says(w.must(0, "plan", "-input=false"), "Nobody could administer the cluster: user.ada, user.ben cannot sign in")
		says(w.must(1, apply...), "Nobody whom myinfluxdb.yml would list could sign in")
		if !w.people(w.home)["ben@example.com"].enabled {
			t.Error("the last admin was disabled")
		}
		w.must(0, append(apply, "-allow-empty-admins")...)
		if w.people(w.home)["ben@example.com"].enabled {
			t.Error("the admin was not disabled")
		}
		// A new one who cannot sign in beside one who can is told, no more.
		w.configure(twoAdmins(true, false))
		w.must(0, apply...)
		w.configure(strings.NewReplacer("user.ben]", "user.cleo]", "cluster", cleo+"cluster").Replace(twoAdmins(true, false)))
		says(w.must(0, apply...), "An admin of the cluster who cannot sign in is none: user.cleo.")
		// Nor may one who cannot sign in take the place of all others.
		w.configure(strings.NewReplacer("[user.ada, user.ben]", "[user.ben]").Replace(twoAdmins(true, false)))
		says(w.must(1, apply...), "Nobody whom myinfluxdb.yml would list could sign in")
		w.configure(twoAdmins(false, false))
		w.must(0, append(apply, "-allow-empty-admins")...)
		// Once it is so, other changes go on, and the warning stays.
		says(w.must(0, apply...), "No admin can sign in")
	})
}

// TestClientThatCannotSignIn: a cluster's client that influxctl cannot use is
// told.
func TestClientThatCannotSignIn(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		w := newWorld(t, on)
		w.configure(`
client "off" {
  @home
  access_type                               = "CONFIDENTIAL"
  oauth2_device_authorization_grant_enabled = false
  enabled                                   = false
}
` + strings.Replace(twoAdmins(true, true), "client.influxctl", "client.off", 1))
		said := strings.Join(strings.Fields(w.must(0, "plan", "-input=false").String()), " ")
		const want = `client.off needs access_type = "PUBLIC", enabled = true, oauth2_device_authorization_grant_enabled = true for influxctl`
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q: %s", want, said)
		}
	})
}

// TestEarlierAccountOfAnAdmin: an entry of somebody else's that bears an admin's
// e-mail stays, and is told.
func TestEarlierAccountOfAnAdmin(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		w := newWorld(t, on)
		w.configure(twoAdmins(true, true))
		w.must(0, "apply", "-auto-approve", "-input=false")
		text := w.read("myinfluxdb.yml")
		at := strings.Index(text, "- id: ")
		if at < 0 {
			t.Fatalf("no entry:\n%s", text)
		}
		indent := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
		const earlier = "11111111-2222-3333-4444-555555555555"
		stale := strings.ReplaceAll("- id: "+earlier+"\n  firstName: Ada\n  lastName: Crew\n  email: Ada@example.com\n", "\n", "\n"+indent)
		w.write("myinfluxdb.yml", text[:at]+stale+text[at:])
		r := w.must(0, "plan", "-input=false")
		said := strings.Join(strings.Fields(r.stdout+r.stderr), " ")
		if !strings.Contains(said, "lists an entry with the id "+earlier+" and the e-mail of user.ada") {
			t.Errorf("it is not told:\n%s", r)
		}
		if strings.Count(said, "Another entry") != 1 {
			t.Errorf("not once:\n%s", r)
		}
	})
}
