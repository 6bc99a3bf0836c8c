//go:build !keycloak

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/formclient"
	emulator "github.com/idpctl/idpctl/emulator/keycloak"
)

// oidcConfiguration has the provider oidc look at a realm whose client and user were
// made in another way.
const oidcConfiguration = `provider "oidc" {
  issuer        = "ISSUER"
  scopes        = ["openid", "email"]
  subject_claim = "CLAIM"
}

data "realm" "it" {}

data "client" "influxctl" {
  realm = data.realm.it
}

data "user" "marty" {
  realm      = data.realm.it
  id         = "ID"
  email      = "marty@example.com"
  first_name = "Marty"
  last_name  = "McFly"
}

cluster "production" {
  client = data.client.influxctl
  admins = [data.user.marty]

  appinstance {
    path = "myinfluxdb.yml"
  }
}
`

// TestOIDCVerify has any OpenID provider's sign-in verified: what the configuration
// says is believed, until somebody signs in.
func TestOIDCVerify(t *testing.T) {
	server := httptest.NewServer(emulator.New(emulator.Options{AdminUser: "admin", AdminPassword: "admin"}))
	t.Cleanup(server.Close)
	// The client and the user are made by another configuration, as by somebody else.
	made := example(t, "quickstart", "KEYCLOAK_URL="+server.URL, "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin")
	made.must(0, "apply", "-auto-approve", "-credentials-out=first-passwords.json")
	password := made.firstPassword("marty@example.com")
	chosen := password + "2"
	var admins map[string]string
	if err := json.Unmarshal([]byte(made.must(0, "output", "-json", "admins")), &admins); err != nil {
		t.Fatal(err)
	}
	id := admins["marty@example.com"]

	for _, c := range []struct {
		name, id string
		claim    string // that the provider block names
		code     int
		says     []string
	}{
		{"the right id", id, "sub", 0, []string{"User (sub): marty@example.com (" + id + ")"}},
		{"by another claim", "marty@example.com", "email", 0, []string{"User (email): marty@example.com"}},
		{"a wrong id", "somebody", "sub", 1, []string{"User (sub): marty@example.com (" + id + ")", "wanted: one of 1 admin", "The cluster would refuse this user."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := example(t, "oidc")
			f.write("influxdb.idp.hcl", strings.NewReplacer("ISSUER", server.URL+"/realms/influxdb", "ID", c.id, "CLAIM", c.claim).Replace(oidcConfiguration))
			f.must(0, "apply", "-auto-approve")
			f.must(0, "plan", "-detailed-exitcode")
			file := f.read("myinfluxdb.yml")
			for _, want := range []string{"id: " + c.id, "identityProvider: oidc", "jwksEndpoint: " + server.URL + "/realms/influxdb/protocol/openid-connect/certs"} {
				if !strings.Contains(file, want) {
					t.Errorf("%q is missing in\n%s", want, file)
				}
			}
			said, code, page := f.verifyBy(formclient.Credentials{Username: "marty@example.com", Password: password, NewPassword: chosen})
			password = chosen // the first one has to be changed
			if code != c.code || page != nil {
				t.Errorf("exit code %d; the page: %v", code, page)
			}
			for _, want := range c.says {
				if !strings.Contains(said, want) {
					t.Errorf("%q is missing in:\n%s", want, said)
				}
			}
		})
	}
}

// verifyBy runs verify with a person at the page that it prints, and returns what it
// says with single spaces, its exit code, and why the person did not get through.
func (f *folder) verifyBy(who formclient.Credentials) (said string, code int, page error) {
	f.Helper()
	return f.verifyIn(nil, who)
}

// verifyIn is verifyBy with another browser; nil for the usual one.
func (f *folder) verifyIn(browser *http.Client, who formclient.Credentials) (said string, code int, page error) {
	f.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stdout := &signingIn{at: func(page, _ string) error { return formclient.SignIn(ctx, browser, page, who) }}
	var stderr bytes.Buffer
	code = f.main(ctx, stdout, &stderr, "verify")
	stdout.done.Wait()
	return strings.Join(strings.Fields(stdout.String()+stderr.String()), " "), code, stdout.err
}

// TestOIDCWaits: what a block says, and its issuer, may be known after an apply alone.
func TestOIDCWaits(t *testing.T) {
	server := httptest.NewServer(emulator.New(emulator.Options{AdminUser: "admin", AdminPassword: "admin"}))
	t.Cleanup(server.Close)
	f := example(t, "oidc", "KEYCLOAK_URL="+server.URL, "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin")
	f.write("influxdb.idp.hcl", strings.NewReplacer("ISSUER", server.URL+"/realms/influxdb").Replace(`provider "keycloak" {}

provider "oidc" {
  issuer            = "ISSUER"
  identity_provider = "sso"
}

realm "influxdb" {}

client "influxctl" {
  realm = realm.influxdb
}

user "marty" {
  realm      = realm.influxdb
  email      = "marty@example.com"
  first_name = "Marty"
  last_name  = "McFly"
  invite     = false
  initial_password = "a-first-password"
}

data "realm" "it" {
  provider   = oidc
  depends_on = [realm.influxdb]
}

data "client" "influxctl" {
  realm     = data.realm.it
  client_id = client.influxctl.client_id
}

data "user" "marty" {
  realm      = data.realm.it
  id         = user.marty.id
  email      = user.marty.email
  first_name = "Marty"
  last_name  = "McFly"
}

cluster "production" {
  client = data.client.influxctl
  admins = [data.user.marty]

  appinstance {
    path = "myinfluxdb.yml"
  }
}

output "id" {
  value = user.marty.id
}
`))
	if plan := f.must(2, "plan", "-detailed-exitcode"); !strings.Contains(plan, "because what it says is known only after apply") {
		t.Errorf("the plan does not say that the block waits:\n%s", plan)
	}
	f.must(0, "apply", "-auto-approve")
	f.must(0, "plan", "-detailed-exitcode")
	file := f.read("myinfluxdb.yml")
	for _, want := range []string{"id: " + strings.TrimSpace(f.must(0, "output", "-raw", "id")), "identityProvider: sso", "jwksEndpoint: " + server.URL + "/realms/influxdb/"} {
		if !strings.Contains(file, want) {
			t.Errorf("%q is missing in\n%s", want, file)
		}
	}
	// Who is not managed by the provider oidc is not either when the blocks go.
	f.must(0, "destroy", "-auto-approve", "-allow-empty-admins")
}

// TestProvidersCommand: of a provider that manages nothing the list says so.
func TestProvidersCommand(t *testing.T) {
	f := example(t, "oidc")
	if table := f.must(0, "providers"); !strings.Contains(strings.Join(strings.Fields(table), " "), "oidc OpenID Connect data realm, data client, data user oidc") ||
		!strings.Contains(table, "tenant, api, client, user, group") {
		t.Errorf("the table is\n%s", table)
	}
	if list := f.must(0, "providers", "-json"); !strings.Contains(list, `"kinds":[],"data_only":["realm","client","user"],"configured":["oidc"]`) ||
		!strings.Contains(list, `"kinds":["tenant","api","client","user","group"],"data_only":[]`) {
		t.Errorf("the list is %s", list)
	}
}
