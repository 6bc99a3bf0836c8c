package e2e

import (
	"net/http"
	"testing"
)

// target is an identity provider that the tests run on.
type target struct {
	name string
	// handler is the server, or passes requests on to it.
	handler http.Handler
	// identityProvider is what the AppInstance calls it.
	identityProvider string
	// environ are the variables that tell idpctl where the server is.
	environ func(url string) []string
	// prelude is HCL: the provider, the home of everything else (a realm or
	// tenant with the label "home" that is called name and takes more
	// arguments), and the client "influxctl".
	prelude func(name, arguments string) string
	// home is the kind of the home's block, and the argument of users and
	// groups that refers to it.
	home string
	// open signs the somebody else in.
	open func(t testing.TB, url string) directory
}

// directory is what somebody else does and sees at an identity provider,
// through its own admin API and past idpctl. What fails ends the test.
type directory interface {
	// exists reports whether the home is there.
	exists(home string) bool
	// people are the users by e-mail, teams the groups by name with the ids of
	// their members, applications the clients that are not the server's own.
	// Two of one name would be an error of the server, and end the test.
	people(home string) map[string]person
	teams(home string) map[string][]string
	applications(home string) map[string]string
	// makeHome creates a home, addPerson a user, rename changes a user.
	makeHome(home string)
	addPerson(home, email string) (id string)
	rename(home, id, firstName string)
	// accepts reports whether a first password is the valid one of a user who
	// has to choose another at the first sign-in.
	accepts(home string, who person, password string) bool
	// remove removes the home and what is in it, whatever there is.
	remove(home string)
}

// person is a user as the identity provider has it.
type person struct {
	id, username, email, first, last string
	enabled                          bool
	// mustChange: a new password is demanded at the next sign-in.
	mustChange bool
}

// forEachTarget runs a test on every target.
func forEachTarget(t *testing.T, test func(t *testing.T, on *target)) {
	t.Helper()
	for _, on := range targets(t) {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			test(t, on)
		})
	}
}
