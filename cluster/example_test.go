package cluster

import (
	"testing"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
)

func wantExample() Section {
	return Section{
		IdentityProvider: "keycloak", JWKSEndpoint: "https://sso.example.com/realms/influxdb/protocol/openid-connect/certs",
		Admins: []Admin{people()["marty"], people()["no"], people()["auditor"]},
	}
}

// helmSection is the admin section of Helm values, whose path is another: the
// engine does not know the difference.
func helmSection(t *testing.T, content []byte) *section {
	t.Helper()
	f, err := yamledit.Parse("values.yaml", content)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openSection(f, 0, []string{"admin"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOtherPath merges into files that have the section elsewhere.
func TestOtherPath(t *testing.T) {
	contents := map[string][]byte{
		"small": []byte("pause: false\n\nadmin:\n # users\n  users:\n    - firstName: \"\"\n      lastName: \"\"\n      email: \"\"\n      id: \"\"\n  identityProvider: \"\"\nkubit: {}\n"),
		"none":  []byte("pause: false\n"),
	}
	for name, content := range contents {
		t.Run(name, func(t *testing.T) {
			mergesElsewhere(t, content)
		})
	}
}

// mergesElsewhere merges into a file that has the section at admin, twice.
func mergesElsewhere(t *testing.T, content []byte) {
	t.Helper()
	change, ds := helmSection(t, content).merge(Live{Exists: true, Content: content}, wantExample(), Ownership{}, full, "values.yaml")
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	s := helmSection(t, change.Content)
	if got := s.says(); !sameSection(got, wantExample()) {
		t.Errorf("the section says %q", got)
	}
	again, ds := s.merge(Live{Exists: true, Content: change.Content}, wantExample(), Ownership{}, full, "values.yaml")
	if len(ds) > 0 || again.Changed {
		t.Errorf("merging again: %v\n%s", ds, again.Diff)
	}
	if len(s.dsnWarning()) != 1 {
		t.Error("no warning for the chart's empty dsn")
	}
}
