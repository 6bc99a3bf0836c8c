package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/plan"
)

// entraScenario has one of everything: an application and its service principal,
// three members, a guest, a group of all four, and assignments.
const entraScenario = `
client "influxctl" {
  tenant              = tenant.contoso
  assignment_required = true
  assigned            = [group.admins, user.a]
  owners              = [user.a]
}
user "a" {
  tenant            = tenant.contoso
  email             = "a@example.com"
  first_name        = "A"
  last_name         = "One"
  generate_password = true
}
user "b" {
  tenant            = tenant.contoso
  email             = "b@example.com"
  first_name        = "B"
  generate_password = true
}
user "c" {
  tenant = tenant.contoso
  email  = "c@example.com"
}
user "guest" {
  tenant     = tenant.contoso
  email      = "doc@elsewhere.example"
  first_name = "Doc"
  guest      = true
  invite     = true
}
group "admins" {
  tenant  = tenant.contoso
  members = [user.a, user.b, user.c, user.guest]
}
`

// entraMoments are the points of a mutating request at which the process dies.
var entraMoments = []string{"before", "done", "answered", "noted"}

// dieAt kills the process at the nth request that changes something: before the
// server does anything, when it is done and nothing is answered, when it is
// answered and nothing noted, and when the journal has it.
func (d *entraTenant) dieAt(n int, moment string) {
	d.faults.Add(fault.Rule{Mutation: n, Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch moment {
			case "before":
				d.dead.Store(true)
				panic(http.ErrAbortHandler)
			case "done":
				next.ServeHTTP(httptest.NewRecorder(), r)
				d.dead.Store(true)
				panic(http.ErrAbortHandler)
			default:
				answer := httptest.NewRecorder()
				next.ServeHTTP(answer, r)
				if moment == "noted" {
					d.noting.Store(true)
				} else {
					d.dead.Store(true)
				}
				maps.Copy(w.Header(), answer.Header())
				w.WriteHeader(answer.Code)
				_, _ = w.Write(answer.Body.Bytes())
			}
		})
	}})
}

// converged demands that everything is there once.
func (d *entraTenant) converged(t *testing.T) {
	t.Helper()
	d.empty()
	var users []string
	for _, u := range d.server.Users() {
		users = append(users, u.Mail)
	}
	slices.Sort(users)
	if got := strings.Join(users, " "); got != "a@example.com b@example.com c@example.com doc@elsewhere.example" {
		t.Errorf("users: %s", got)
	}
	var apps []string
	for _, a := range d.server.Applications() {
		if a.AppID != emulator.DefaultClientID {
			apps = append(apps, a.DisplayName)
		}
	}
	if len(apps) != 1 || len(d.server.DeletedItems()) != 0 {
		t.Errorf("applications %v, deleted %v", apps, d.server.DeletedItems())
	}
	if g := d.server.Groups(); len(g) != 1 || len(g[0].Members) != 4 {
		t.Errorf("groups: %+v", g)
	}
	for _, address := range []string{"user.a", "user.b"} {
		got := d.delivered[address]
		name := strings.TrimPrefix(address, "user.") + "@example.com"
		if len(got) == 0 || !d.server.PasswordIs(name, got[len(got)-1]) {
			t.Errorf("%s: the latest of %d passwords delivered is not the one that is set", address, len(got))
		}
	}
}

// TestEntraCrash kills the process at every point of every request that changes
// something, in a directory that lags, and applies once more.
func TestEntraCrash(t *testing.T) {
	lag := emulator.Lag{Max: 20 * time.Second, Seed: 7}
	n := 0
	synctest.Test(t, func(t *testing.T) {
		d := newEntraTenant(t, emulator.Options{Lag: lag}, entraScenario)
		d.must(plan.Normal)
		d.converged(t)
		n = d.faults.Mutations()
	})
	if n < 6 {
		t.Fatalf("%d requests change something", n)
	}
	var died atomic.Int64
	defer func() { t.Logf("%d requests change something; the process died at %d points", n, died.Load()) }()
	for request := 1; request <= n; request++ {
		for _, moment := range entraMoments {
			t.Run(fmt.Sprintf("%d %s", request, moment), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					d := newEntraTenant(t, emulator.Options{Lag: lag}, entraScenario)
					d.dieAt(request, moment)
					s, diags := d.try(plan.Normal)
					if d.dead.Load() {
						died.Add(1)
					} else if request < n-2 { // replicas make it a request more or less
						t.Fatalf("the process was to die, and came to its end: %v %+v", diags, s)
					}
					d.revive()
					d.must(plan.Normal)
					d.converged(t)
				})
			})
		}
	}
}
