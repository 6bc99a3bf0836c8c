package e2e

import (
	"os"
	"slices"
	"strings"
)

// clusterTargets are the nested blocks of a cluster with an AppInstance, Helm values and a
// profile of influxctl.
const clusterTargets = `
  appinstance {
    path = "myinfluxdb.yml"
  }
  helm_values {
    path = "values.yaml"
  }
  influxctl {
    path = "config.toml"
    host = "cluster-host.com"
    port = 8086
  }
`

// crew is the configuration that the ordeals begin with or lead to.
const crew = `
user "crew" {
  for_each = toset(["ada", "ben", "cleo", "dan", "eve", "finn"])
  @home
  email             = "${each.key}@example.com"
  first_name        = title(each.key)
  last_name         = "Crew"
  generate_password = true
}

group "deck" {
  @home
  name    = "deck"
  members = [user.crew["ada"], user.crew["ben"], user.crew["cleo"]]
}

group "engine" {
  @home
  name    = "engine"
  members = [user.crew["cleo"], user.crew["dan"], user.crew["eve"]]
}

cluster "production" {
  client = client.influxctl
  admins = [user.crew["ada"], user.crew["ben"], user.crew["cleo"]]
` + clusterTargets + `}

output "admins" { value = [for u in user.crew : u.id] }
`

// changed differs from crew in everything that can differ: ada is renamed, ben
// is gone, gil and hana are new, a group has other members, one has another
// name, one is gone and one is new.
const changed = `
user "crew" {
  for_each = toset(["ada", "cleo", "dan", "eve", "finn", "gil", "hana"])
  @home
  email             = "${each.key}@example.com"
  first_name        = each.key == "ada" ? "Augusta" : title(each.key)
  last_name         = "Crew"
  generate_password = true
}

group "deck" {
  @home
  name    = "upper deck"
  members = [user.crew["ada"], user.crew["cleo"], user.crew["gil"]]
}

group "galley" {
  @home
  name    = "galley"
  members = [user.crew["finn"], user.crew["hana"]]
}

cluster "production" {
  client = client.influxctl
  admins = [user.crew["ada"], user.crew["cleo"], user.crew["gil"]]
` + clusterTargets + `}

output "admins" { value = [for u in user.crew : u.id] }
`

// applyAndHandOut applies, and has whoever needs the first passwords get them.
func (w *world) applyAndHandOut() {
	w.Helper()
	w.apply()
	if err := os.Remove(w.path(credentialsFile)); err != nil {
		w.Fatal(err)
	}
}

func crewEmails(names ...string) []string {
	var out []string
	for _, name := range names {
		out = append(out, name+"@example.com")
	}
	return out
}

func crewAddress(name string) string { return `user.crew["` + name + `"]` }

func crewPasswords(names ...string) map[string]string {
	out := map[string]string{}
	for _, name := range names {
		out[crewAddress(name)] = name + "@example.com"
	}
	return out
}

func prepareNew(w *world) {
	w.Helper()
	for _, name := range clusterFiles() {
		w.write(name, testdata(w, name))
	}
	w.configure(crew)
}

func convergedNew(w *world) {
	w.Helper()
	w.empty()
	w.tidy()
	w.owns(append(w.crewOwned("ada", "ben", "cleo", "dan", "eve", "finn"), "group.deck", "group.engine")...)
	w.holds(w.home, "influxctl", crewEmails("ada", "ben", "cleo", "dan", "eve", "finn"), map[string][]string{
		"deck": crewEmails("ada", "ben", "cleo"), "engine": crewEmails("cleo", "dan", "eve"),
	})
	for _, name := range clusterFiles() {
		w.administrators(name, crewEmails("ada", "ben", "cleo")...)
	}
	w.onlyTouched("myinfluxdb.yml", testdata(w, "myinfluxdb.yml"))
	profileIsThere(w, w.dir)
	w.passwordsWork(w.home, crewPasswords("ada", "ben", "cleo", "dan", "eve", "finn"))
}

func (w *world) crewOwned(names ...string) []string {
	out := []string{w.on.home + ".home", "client.influxctl"}
	for _, name := range names {
		out = append(out, crewAddress(name))
	}
	return out
}

func prepareChanges(w *world) {
	w.Helper()
	prepareNew(w)
	w.applyAndHandOut()
	w.arguments = `  display_name = "After the change"`
	w.configure(changed)
}

func convergedChanges(w *world) {
	w.Helper()
	w.empty()
	w.tidy()
	w.owns(append(w.crewOwned("ada", "cleo", "dan", "eve", "finn", "gil", "hana"), "group.deck", "group.galley")...)
	w.holds(w.home, "influxctl", crewEmails("ada", "cleo", "dan", "eve", "finn", "gil", "hana"), map[string][]string{
		"upper deck": crewEmails("ada", "cleo", "gil"), "galley": crewEmails("finn", "hana"),
	})
	if ada := w.people(w.home)["ada@example.com"]; ada.first != "Augusta" {
		w.Errorf("ada was not renamed: %+v", ada)
	}
	for _, name := range clusterFiles() {
		w.administrators(name, crewEmails("ada", "cleo", "gil")...)
	}
	w.onlyTouched("myinfluxdb.yml", testdata(w, "myinfluxdb.yml"))
	profileIsThere(w, w.dir)
	w.passwordsWork(w.home, crewPasswords("gil", "hana")) // and nobody else's is reset
}

// movers live in a home, and move to another when their block says so: that is
// a replacement of each.
const movers = `
@kind "@other" {}

user "crew" {
  for_each = toset(["ada", "ben"])
  @home
  email             = "${each.key}@example.com"
  first_name        = title(each.key)
  last_name         = "Crew"
  generate_password = true
}

group "deck" {
  @home
  name    = "deck"
  members = [for u in user.crew : u]
}

client "tool" {
  @home
}
`

func prepareReplacements(w *world) {
	w.Helper()
	w.configure(movers)
	w.applyAndHandOut()
	w.configure(strings.ReplaceAll(movers, "@home", "@kind = @kind.@other"))
}

func convergedReplacements(w *world) {
	w.Helper()
	w.empty()
	w.tidy()
	w.owns(append(w.crewOwned("ada", "ben"), w.on.home+"."+w.other(), "client.tool", "group.deck")...)
	w.holds(w.home, "influxctl", nil, nil)
	w.holds(w.other(), "tool", crewEmails("ada", "ben"), map[string][]string{"deck": crewEmails("ada", "ben")})
	w.passwordsWork(w.other(), crewPasswords("ada", "ben"))
}

// prepareNewHome gives the home another name: everything is made anew in it.
func prepareNewHome(w *world) {
	w.Helper()
	prepareNew(w)
	w.applyAndHandOut()
	w.home, w.former = w.other(), w.home
	w.configure(crew)
}

func convergedNewHome(w *world) {
	w.Helper()
	if w.exists(w.former) {
		w.Error("the old home is still there")
	}
	convergedNew(w)
}

func prepareDestroy(w *world) {
	w.Helper()
	prepareNew(w)
	w.apply()
}

func convergedDestroy(w *world) {
	w.Helper()
	if w.exists(w.home) {
		w.Error("the home is still there")
	}
	w.nothingOwned()
}

// prepareReleasing has a home and in it a group that were there before.
func prepareReleasing(w *world) {
	w.Helper()
	w.makeHome(w.home)
	w.addPerson(w.home, "biff@example.com")
	prepareNew(w)
	w.apply("-allow-adopt")
}

func convergedReleasing(w *world) {
	w.Helper()
	people := w.people(w.home)
	if len(people) != 1 || people["biff@example.com"].id == "" {
		w.Errorf("the users that are left are %v", people)
	}
	if teams, apps := w.teams(w.home), w.applications(w.home); len(teams)+len(apps) > 0 {
		w.Errorf("left over: %v %v", teams, apps)
	}
	w.nothingOwned()
}

// nothingOwned demands that a destroy is complete.
func (w *world) nothingOwned() {
	w.Helper()
	w.must(0, "plan", "-destroy", "-detailed-exitcode")
	w.tidy()
	if s := w.stateNow(); !s.IsEmpty() {
		w.Errorf("the state still knows %+v", s)
	}
	for _, name := range clusterFiles() {
		if left := w.appInstance(name).Users; len(left) != 0 {
			w.Errorf("%s still lists %+v", name, left)
		}
	}
	before, after := around(w, testdata(w, "myinfluxdb.yml")), around(w, w.read("myinfluxdb.yml"))
	if !slices.Equal(before, after) {
		w.Errorf("the file was changed beyond its section; it is now\n%s", w.read("myinfluxdb.yml"))
	}
}
