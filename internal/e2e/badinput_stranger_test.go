package e2e

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	emulator "github.com/idpctl/idpctl/emulator/keycloak"
)

const strangerPrelude = `
provider "keycloak" {}

realm "influxdb" {
  registration_allowed = true
}

client "influxctl" {
  realm = realm.influxdb
}

cluster "production" {
  client = client.influxctl
  admins = [%s]

  appinstance {
    path = "myinfluxdb.yml"
  }
}
`

// TestStranger: somebody registered with the e-mail of an admin before that one
// had an account. Neither a user block nor a data block takes it for the admin,
// until the configuration names its id.
func TestStranger(t *testing.T) {
	server := httptest.NewServer(emulator.New(emulator.Options{}))
	defer server.Close()
	setup := newSecretAdmin(t, onKeycloak("admin", "admin"), server.URL)
	setup.call("POST", "", map[string]any{"realm": "influxdb", "enabled": true, "registrationAllowed": true}, nil)
	setup.call("POST", "influxdb/users", map[string]any{
		"username": "emmett-brown", "email": "brown@example.com", "emailVerified": false, "enabled": true, "firstName": "Not", "lastName": "Emmett",
	}, nil)
	var users []struct {
		ID               string
		CreatedTimestamp int64
	}
	setup.call("GET", "influxdb/users?exact=true&email=brown@example.com", nil, &users)
	if len(users) != 1 {
		t.Fatalf("%d users have the e-mail", len(users))
	}
	id := users[0].ID
	m := newMistaken(t, "", "KEYCLOAK_URL="+server.URL, "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin")

	const lookup, managed = `
data "user" "emmett" {
  realm = realm.influxdb
  %s = %q
}
`, `
user "emmett" {
  realm      = realm.influxdb
  email      = "brown@example.com"
  username   = %q
  first_name = "Emmett"
  last_name  = "Brown"
  %s
}
`
	const plural = `
data "users" "emmett" {
  realm  = realm.influxdb
  search = "emmett"
}
`
	for _, c := range []struct {
		name, admins, block string
		refused             bool
	}{
		{"looked up by e-mail", "data.user.emmett", fmt.Sprintf(lookup, "email", "brown@example.com"), true},
		{"looked up by user name", "data.user.emmett", fmt.Sprintf(lookup, "username", "emmett-brown"), true},
		{"found among many", "data.users.emmett", plural, true},
		{"managed, by user name", "user.emmett", fmt.Sprintf(managed, "emmett-brown", ""), true},
		{"managed, by e-mail", "user.emmett", fmt.Sprintf(managed, "doc", ""), true},
		{"looked up by id", "data.user.emmett", fmt.Sprintf(lookup, "id", id), false},
		{"managed, with its id", "user.emmett", fmt.Sprintf(managed, "emmett-brown", fmt.Sprintf("id = %q", id)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &mistaken{t: t, env: m.env, testdata: m.testdata}
			n.write("main.idp.hcl", fmt.Sprintf(strangerPrelude, c.admins)+c.block)
			before := n.files()
			for _, command := range []string{"plan", "apply -auto-approve -allow-adopt"} {
				p := n.run(strings.Fields(command)...)
				if !c.refused {
					if p.code != 0 || !strings.Contains(p.out, id) {
						t.Errorf("%s exits with %d although the id is named\n%s%s", command, p.code, p.out, p.errOut)
					}
					continue
				}
				if p.code != 1 || strings.Count(p.errOut, "\nError: ") != 1 {
					t.Errorf("%s exits with %d, and is to be refused with one error\n%s%s", command, p.code, p.out, p.errOut)
				}
				said := strings.Join(strings.Fields(p.errOut), " ")
				for _, want := range []string{id, "created 20", "main.idp.hcl line ", "not verified", "allows self-registration", "^^^^"} {
					if !strings.Contains(said, want) {
						t.Errorf("%s does not say %q:\n%s", command, want, p.errOut)
					}
				}
				if fmt.Sprint(n.files()) != fmt.Sprint(before) {
					t.Error("files were changed")
				}
			}
		})
	}
	var after []struct{ FirstName string }
	setup.call("GET", "influxdb/users?exact=true&email=brown@example.com", nil, &after)
	if len(after) != 1 || after[0].FirstName != "Emmett" {
		t.Errorf("the user that was named by its id is %v", after)
	}
}
