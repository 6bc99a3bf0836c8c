package e2e

import (
	"slices"
	"strings"
	"testing"
)

// story is the configuration that the whole story is about.
const story = `
user "marty" {
  @home
  email             = "marty@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true
}

user "emmett" {
  @home
  email             = "Emmett@Example.com"
  first_name        = "Emmett"
  last_name         = "Brown"
  generate_password = true
}

user "jennifer" {
  @home
  email             = "jennifer@example.com"
  first_name        = "Jennifer"
  last_name         = "Parker"
  generate_password = true
}

group "admins" {
  @home
  name    = "influxdb-admins"
  members = [user.marty, user.emmett, user.jennifer]
}

cluster "production" {
  client = client.influxctl
  admins = [user.marty, user.emmett, user.jennifer]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

output "issuer" { value = @ref.issuer }
output "jwks" { value = @ref.jwks_uri }
output "token_url" { value = @ref.token_endpoint }
output "device_url" { value = @ref.device_authorization_endpoint }
output "client_id" { value = client.influxctl.client_id }
output "admins" { value = { for u in [user.marty, user.emmett, user.jennifer] : u.email => u.id } }
`

// emails of the story's users, in the order of the cluster's admins.
func emails() []string {
	return []string{"marty@example.com", "emmett@example.com", "jennifer@example.com"}
}

// TestStory is the main job from the first plan to the last destroy, with
// somebody else at work on the identity provider.
func TestStory(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		tellStory(t, on, testdata(t, "myinfluxdb.yml"))
	})
}

// tellStory tells it with the content of an AppInstance.
func tellStory(t *testing.T, on *target, file string) {
	t.Helper()
	w := newWorld(t, on)
	w.configure(story)
	w.write("myinfluxdb.yml", file)
	w.tellsTheTruth(file)
	w.makesItSo(file)
	w.letsThemIn()
	w.mendsDrift()
	w.keepsStrangers()
	w.survivesTheLossOfItsState()
	w.destroysOnlyItsOwn(file)
}

// tellsTheTruth: the first plan names everything, and changes nothing.
func (w *world) tellsTheTruth(file string) {
	w.Helper()
	w.wants(w.on.home+".home create", "client.influxctl create",
		"user.marty create", "user.emmett create", "user.jennifer create", "group.admins create",
		"cluster.production.appinstance update",
		"output.issuer create", "output.jwks create", "output.token_url create", "output.device_url create",
		"output.client_id create", "output.admins create")
	r := w.must(2, "plan", "-detailed-exitcode")
	for _, want := range []string{"6 to add, 0 to change, 0 to destroy", "user.marty will be created", "known after apply"} {
		if !strings.Contains(r.stdout, want) {
			w.Errorf("the plan does not say %q:\n%s", want, r.stdout)
		}
	}
	if w.exists(w.home) || w.read("myinfluxdb.yml") != file || w.there("idpctl.idpstate") {
		w.Fatal("a plan has changed something")
	}
	if r := w.must(1, "apply", "-auto-approve", "-input=false"); !strings.Contains(r.stderr, "-credentials-out") {
		w.Errorf("an apply that could not deliver the passwords says: %s", r)
	}
	if w.exists(w.home) {
		w.Fatal("an apply that was refused has changed something")
	}
}

// makesItSo: everything is there once, the file has what the cluster needs, the
// passwords are valid, and there is nothing left to do.
func (w *world) makesItSo(file string) {
	w.Helper()
	w.apply()
	people := w.people(w.home)
	if len(people) != 3 {
		w.Fatalf("there are %d users", len(people))
	}
	var ids []string
	for _, email := range emails() {
		p := people[email]
		ids = append(ids, p.id)
		if p.username != email || !p.enabled || p.first == "" || p.last == "" {
			w.Errorf("%s is %+v", email, p)
		}
	}
	slices.Sort(ids)
	if teams := w.teams(w.home); len(teams) != 1 || !slices.Equal(teams["influxdb-admins"], ids) {
		w.Errorf("the groups are %v", teams)
	}
	if apps := w.applications(w.home); len(apps) != 1 || apps["influxctl"] == "" {
		w.Errorf("the clients are %v", apps)
	}
	w.administrators("myinfluxdb.yml", emails()...)
	w.onlyTouched("myinfluxdb.yml", file)
	if got, want := w.appInstance("myinfluxdb.yml").JWKSEndpoint, w.output("jwks"); got != want || got == "" {
		w.Errorf("the keys are looked for at %q, not at %q", got, want)
	}
	w.empty()
	after := w.read("myinfluxdb.yml")
	w.apply()
	if w.read("myinfluxdb.yml") != after {
		w.Error("an apply with nothing to do has changed the file")
	}
}

// letsThemIn: the first passwords open the device flow through the provider's
// pages, and the token carries the id that the file lists.
func (w *world) letsThemIn() {
	w.Helper()
	people, got := w.people(w.home), w.delivered()
	if len(got) != 3 {
		w.Errorf("%d passwords were delivered", len(got))
	}
	claims := w.deviceSignIn("marty@example.com", got["user.marty"].Password)
	if claims.Subject != people["marty@example.com"].id || claims.Subject != w.appInstance("myinfluxdb.yml").Users[0].ID {
		w.Errorf("the token is of %q, and the file lists %+v", claims.Subject, w.appInstance("myinfluxdb.yml").Users)
	}
	if claims.Issuer != w.output("issuer") || claims.ClientID != w.output("client_id") {
		w.Errorf("the token is %+v", claims)
	}
	r := w.verify("emmett@example.com", got["user.emmett"].Password)
	if r.code != 0 || !strings.Contains(r.stdout, people["emmett@example.com"].id) {
		w.Errorf("verify: %s", r)
	}
	if r := w.idpctl("verify", "-no-sign-in"); r.code != 0 {
		w.Errorf("verify without a sign-in: %s", r)
	}
	w.empty()
}

// mendsDrift: what somebody else changed is shown as exactly that, and put right.
func (w *world) mendsDrift() {
	w.Helper()
	marty := w.people(w.home)["marty@example.com"]
	w.rename(w.home, marty.id, "Calvin")
	w.wants("user.marty update, drift of first_name")
	w.apply()
	if now := w.people(w.home)["marty@example.com"]; now.first != "Marty" || now.id != marty.id {
		w.Errorf("the drift was not mended: %+v", now)
	}
	w.empty()
}

// survivesTheLossOfItsState: nothing is created, what is marked is taken back,
// and the rest is adopted when that is allowed.
func (w *world) survivesTheLossOfItsState() {
	w.Helper()
	file, people := w.read("myinfluxdb.yml"), w.people(w.home)
	w.loseState()
	w.wants(w.on.home+".home no-op, reclaim", "client.influxctl no-op, reclaim",
		"user.marty no-op, adopt", "user.emmett no-op, adopt", "user.jennifer no-op, adopt", "group.admins no-op, adopt",
		"cluster.production.appinstance update",
		"output.issuer create", "output.jwks create", "output.token_url create", "output.device_url create",
		"output.client_id create", "output.admins create")
	if r := w.must(1, w.applyArgs()...); !strings.Contains(r.stderr, "-allow-adopt") || w.there("idpctl.idpstate") {
		w.Errorf("adoptions without leave: %s", r)
	}
	w.apply("-allow-adopt")
	w.empty()
	if w.read("myinfluxdb.yml") != file {
		w.Error("taking objects back has changed the file")
	}
	for email, p := range w.people(w.home) {
		if p != people[email] {
			w.Errorf("taking %s back has changed it: %+v", email, p)
		}
	}
	if n := len(w.delivered()); n != 3 {
		w.Errorf("taking users back has delivered %d passwords", n-3)
	}
}

// keepsStrangers: what is not named in the configuration is not there for a
// plan, and a home in which it is not removed by accident.
func (w *world) keepsStrangers() {
	w.Helper()
	w.addPerson(w.home, "biff@example.com")
	w.empty()
	w.refusesToDestroy("1 user")
}

func (w *world) refusesToDestroy(held string) {
	w.Helper()
	file := w.read("myinfluxdb.yml")
	r := w.must(1, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false")
	said := strings.Join(strings.Fields(r.stderr), " ")
	for _, want := range []string{"and with it " + held + " that the plan does not delete", "force_destroy"} {
		if !strings.Contains(said, want) {
			w.Errorf("the refusal does not say %q: %s", want, r)
		}
	}
	if len(w.people(w.home)) != 4 || w.read("myinfluxdb.yml") != file {
		w.Fatal("a destroy that was refused has changed something")
	}
	w.empty()
}

// destroysOnlyItsOwn: with leave to do so, the home goes with all that is in it,
// and the admins leave the file.
func (w *world) destroysOnlyItsOwn(file string) {
	w.Helper()
	w.refusesToDestroy("1 group, 4 users") // those that were adopted count as well
	w.arguments = "  force_destroy = true"
	w.configure(story)
	w.must(0, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false")
	if w.exists(w.home) {
		w.Error("the home is still there")
	}
	if left := w.appInstance("myinfluxdb.yml").Users; len(left) != 0 {
		w.Errorf("the file still lists %+v", left)
	}
	w.onlyTouched("myinfluxdb.yml", file)
	if s := w.stateNow(); !s.IsEmpty() {
		w.Errorf("the state still knows %+v", s)
	}
	w.must(0, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false")
}
