package e2e

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// section is the part of an AppInstance that idpctl fills in.
type section struct {
	Users            []listed
	IdentityProvider string `yaml:"identityProvider"`
	JWKSEndpoint     string `yaml:"jwksEndpoint"`
	DSN              any
}

type listed struct {
	ID        string
	FirstName string `yaml:"firstName"`
	LastName  string `yaml:"lastName"`
	Email     string
	// UserGroups are optional; idpctl does not know them.
	UserGroups []string `yaml:"userGroups,omitempty"`
}

// appInstance reads a file as the cluster does.
func (w *world) appInstance(name string) section {
	w.Helper()
	return sectionOf(w, w.read(name))
}

// sectionOf finds the section in the text of an AppInstance.
func sectionOf(t testing.TB, text string) section {
	t.Helper()
	var file struct {
		Admin *section // of Helm values
		Spec  struct {
			Package struct {
				Spec struct{ Admin section }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	if file.Admin != nil {
		return *file.Admin
	}
	return file.Spec.Package.Spec.Admin
}

// administrators demands that an AppInstance lists exactly these users of the
// identity provider, by e-mail and in this order, with their ids and names.
func (w *world) administrators(name string, emails ...string) {
	w.Helper()
	people := w.people(w.home)
	var want []listed
	for _, email := range emails {
		p, ok := people[email]
		if !ok {
			w.Fatalf("there is no user %s", email)
		}
		want = append(want, listed{ID: p.id, FirstName: p.first, LastName: p.last, Email: email})
	}
	got := w.appInstance(name)
	if !slices.EqualFunc(got.Users, want, func(a, b listed) bool {
		return a.ID == b.ID && a.FirstName == b.FirstName && a.LastName == b.LastName && a.Email == b.Email && len(a.UserGroups) == 0
	}) {
		w.Errorf("%s lists %+v, not %+v", name, got.Users, want)
	}
	if got.IdentityProvider != w.on.identityProvider || got.DSN == nil {
		w.Errorf("%s has the identity provider %q and the dsn %v", name, got.IdentityProvider, got.DSN)
	}
}

// deliveries are the first passwords in the credentials file.
type deliveries map[string]struct {
	Address, Username, Password string
	Temporary                   bool
}

// delivered reads the credentials file: one entry for an address, and nobody
// else may read it.
func (w *world) delivered() deliveries {
	w.Helper()
	info, err := os.Lstat(w.path(credentialsFile))
	if err != nil {
		w.Fatal(err)
	}
	if info.Mode() != 0o600 {
		w.Errorf("the credentials file has the mode %v", info.Mode())
	}
	var file struct {
		Credentials []struct {
			Address, Username, Password string
			Temporary                   bool
		}
	}
	if err := json.Unmarshal([]byte(w.read(credentialsFile)), &file); err != nil {
		w.Fatal(err)
	}
	out := deliveries{}
	for _, c := range file.Credentials {
		if _, twice := out[c.Address]; twice {
			w.Errorf("the password of %s was delivered twice", c.Address)
		}
		out[c.Address] = c
	}
	return out
}

// passwordsWork demands that the credentials file has an entry for exactly
// these addresses, given with the user's e-mail, and that each password is
// temporary and the valid one of its user at a home.
func (w *world) passwordsWork(home string, emails map[string]string) {
	w.Helper()
	people, got := w.people(home), w.delivered()
	for address := range got {
		if _, ok := emails[address]; !ok {
			w.Errorf("a password of %s was delivered", address)
		}
	}
	for address, email := range emails {
		c, ok := got[address]
		who := people[email]
		switch {
		case !ok:
			w.Errorf("no password of %s was delivered", address)
			continue
		case c.Username != who.username || !c.Temporary || !who.mustChange:
			w.Errorf("%s: delivered for %q (temporary %v), who is %+v", address, c.Username, c.Temporary, who)
		}
		if !w.accepts(home, who, c.Password) || w.accepts(home, who, c.Password+"!") {
			w.Errorf("%s: the delivered password is not the valid one", address)
		}
	}
}

// around splits a file into what is before, between and after the lines that
// idpctl may touch: the list of users, identityProvider and jwksEndpoint.
func around(t testing.TB, text string) (rest []string) {
	t.Helper()
	key := func(line string) string { return strings.TrimSpace(line) }
	indent := func(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
	inUsers, at := false, 0
	found := 0
	for line := range strings.Lines(text) {
		switch k := key(line); {
		case strings.HasPrefix(k, "users:"):
			inUsers, at = true, indent(line)
			found++
			continue
		case inUsers && k != "" && (indent(line) > at || strings.HasPrefix(k, "- ")):
			continue
		case strings.HasPrefix(k, "identityProvider:"), strings.HasPrefix(k, "jwksEndpoint:"):
			inUsers = false
			found++
			continue
		}
		inUsers = false
		rest = append(rest, line)
	}
	if found < 3 {
		t.Fatalf("the file has only %d of the three keys:\n%s", found, text)
	}
	return rest
}

// onlyTouched demands that a file differs from before in the touched lines only.
func (w *world) onlyTouched(name, before string) {
	w.Helper()
	want, got := around(w, before), around(w, w.read(name))
	if !slices.Equal(got, want) {
		w.Errorf("%s was changed beyond its section; it is now\n%s", name, w.read(name))
	}
}
