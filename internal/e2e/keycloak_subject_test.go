package e2e

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
	emulator "github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/keycloak"
)

// onKeycloakEmulator is Keycloak's row. What needs a process of its own, or runs on
// a real server too, is in the tests that have targets.
func onKeycloakEmulator() subject {
	return subject{
		name:    "keycloak",
		secrets: []string{"eyJ", "correct-horse-battery", "wrong-horse", "not-1985", "not-for-long", "limited-1985", "pipeline-1985", "desk-1985"}, // a JWT begins with eyJ
		mutates: fault.Mutates,
		provider: func(client *http.Client) providers.Provider {
			return keycloak.NewWith(keycloak.Options{DialContext: client.Transport.(*http.Transport).DialContext})
		},
		block: keycloakBlock,
		crash: crash{
			emulate: func() emulation { return keycloakEmulation(emulator.New(emulator.Options{})) },
			hcl:     keycloakScenario, admins: []string{"user.a", "user.b", "user.c"},
			calls: 7,
			objects: []string{
				"realm home", "client influxctl", "user a@example.com", "user b@example.com", "user c@example.com",
				"group admins: a@example.com b@example.com c@example.com",
			},
			passwords: map[string]string{"user.a": "", "user.b": "", "user.c": "Initial-Passw0rd-7"},
		},
		refused: func(t testing.TB) (string, emulation) {
			return strings.Replace(keycloakBlock, "\"admin\"\n  password = \"admin\"", "\"limited\"\n  password = \"limited-1985\"", 1), keycloakEmulation(keycloakLimited(t))
		},
		hiding:   keycloakHides(),
		mistaken: keycloakInTheWay,
		mistakes: keycloakMistakes(),
		many: many{
			environ: func(address string) []string { return keycloakAt(address, "KEYCLOAK_URL="+address) },
			told:    keycloakMany(),
			kinds:   20,
		},
		failures: failures{
			folder:  "keycloak",
			server:  func(*testing.T) (http.Handler, func()) { return emulator.New(emulator.Options{}), func() {} },
			environ: func(address string) []string { return keycloakAt(address, "KEYCLOAK_CA_FILE=ca.pem") },
			add:     keycloakFailures,
		},
	}
}

const keycloakBlock = `provider "keycloak" {
  url      = "http://localhost"
  username = "admin"
  password = "admin"
}
realm "home" {
}
`

// keycloakScenario has one of everything.
const keycloakScenario = `
client "influxctl" {
  realm = realm.home
}
user "a" {
  realm             = realm.home
  email             = "a@example.com"
  first_name        = "A"
  last_name         = "One"
  generate_password = true
}
user "b" {
  realm             = realm.home
  email             = "b@example.com"
  first_name        = "B"
  last_name         = "Two"
  generate_password = true
}
user "c" {
  realm            = realm.home
  email            = "c@example.com"
  first_name       = "C"
  last_name        = "Three"
  initial_password = "Initial-Passw0rd-7"
}
group "admins" {
  realm   = realm.home
  members = [user.a, user.b, user.c]
}
`

// keycloakSomebody is somebody else at an emulator, who needs no network.
func keycloakSomebody(t testing.TB, server http.Handler) *keycloakAdmin {
	return &keycloakAdmin{TB: t, url: "http://localhost", user: "admin", password: "admin", hc: &http.Client{Transport: direct{server}}}
}

// keycloakEmulation looks into an emulator by its API.
func keycloakEmulation(server *emulator.Server) emulation {
	return emulation{
		Handler: server,
		objects: func(t testing.TB) (lines []string) {
			k := keycloakSomebody(t, server)
			var realms []struct{ Realm string }
			k.do(http.MethodGet, "", nil, &realms)
			for _, r := range realms {
				if r.Realm == "master" {
					continue
				}
				lines = append(lines, "realm "+r.Realm)
				emails := map[string]string{}
				for email, p := range k.people(r.Realm) {
					emails[p.id] = email
					lines = append(lines, "user "+email)
				}
				for name, members := range k.teams(r.Realm) {
					lines = append(lines, teamLine(name, members, emails))
				}
				for name := range k.applications(r.Realm) {
					lines = append(lines, "client "+name)
				}
			}
			slices.Sort(lines)
			return lines
		},
		id:      func(t testing.TB, email string) string { return keycloakSomebody(t, server).people("home")[email].id },
		accepts: func(_ testing.TB, email, password string) bool { return server.PasswordIs("home", email, password) },
	}
}

// teamLine is a group and its members, by their e-mails.
func teamLine(name string, members []string, emails map[string]string) string {
	var of []string
	for _, id := range members {
		of = append(of, emails[id])
	}
	slices.Sort(of)
	return "group " + name + ": " + strings.Join(of, " ")
}

// keycloakInTheWay has a realm in which a name and an e-mail are taken.
func keycloakInTheWay(t testing.TB) emulation {
	on := keycloakEmulation(emulator.New(emulator.Options{}))
	k := keycloakSomebody(t, on)
	k.makeHome("home")
	k.addPerson("home", "taken@example.com")
	k.do(http.MethodPut, "/home", map[string]any{"passwordPolicy": "length(12)"}, nil)
	return on
}

func keycloakMistakes() []mistake {
	member := func(lines string) string { return "user \"m\" {\n  realm = realm.home\n" + lines + "\n}\n" }
	return []mistake{
		{name: "a tenant", hcl: "tenant \"t\" {}\n", at: `tenant "t"`, says: "Write realm"},
		{name: "a name of Entra ID's", hcl: member("  email = \"m@example.com\"\n  user_principal_name = \"m\""), at: "user_principal_name", says: "Write username"},
		{name: "somebody with the e-mail", hcl: member("  email = \"taken@example.com\"\n  username = \"m.other\"\n  first_name = \"M\"\n  last_name = \"N\""), at: "\"taken", says: "Another object is in the way"},
		{name: "somebody with the name", hcl: member("  email = \"taken@example.com\"\n  first_name = \"M\"\n  last_name = \"N\""), adopts: []string{"realm.home", "user.m"}, says: "user.m update"},
		{name: "a name that is too short", hcl: member("  email = \"m@example.com\"\n  username = \"al\"\n  first_name = \"M\"\n  last_name = \"N\""), at: `"al"`, says: "less than 3 characters"},
		{name: "nobody there", hcl: "data \"user\" \"x\" {\n  realm = realm.home\n  email = \"nobody@example.com\"\n}\n", at: `"nobody`, says: "nobody@example.com"},
		{name: "no such realm", hcl: "data \"realm\" \"x\" {\n  realm = \"nowhere\"\n}\n", at: `"nowhere`, says: "nowhere"},
		{name: "a weak password", hcl: member("  email = \"m@example.com\"\n  initial_password = \"not-1985\"\n  first_name = \"M\"\n  last_name = \"N\""), at: `"not-1985"`, says: "password_policy", late: true},
		{name: "a group twice", hcl: "group \"a\" {\n  realm = realm.home\n  name = \"twins\"\n}\ngroup \"b\" {\n  realm = realm.home\n  name = \"twins\" # again\n}\n", at: `"twins" #`, says: "Duplicate group"},
		{name: "a wrong password", block: strings.Replace(keycloakBlock, "= \"admin\"\n}", "= \"wrong-horse\"\n}", 1), hcl: keycloakScenario, at: `"wrong-horse"`, says: "Invalid user credentials"},
	}
}

// keycloakHides runs on a real server, too.
func keycloakHides() hiding {
	return hiding{
		server: func(t *testing.T) http.Handler { return targets(t)[0].handler },
		home:   "realm.home",
		prepare: func(w *secretWorld) {
			w.t.Helper()
			on := targets(w.t)[0]
			name := "e2e-secrets-" + strings.ToLower(rand.Text()[:8])
			setup := newSecretAdmin(w.t, on, w.url)
			password, secret := w.mint(w.t, "provider's password"), w.mint(w.t, "client secret")
			setup.account(name, password)
			setup.service(name, secret)
			w.t.Cleanup(func() {
				setup = newSecretAdmin(w.t, on, w.url)
				setup.call("DELETE", name+"-home", nil, nil)
				setup.call("DELETE", name+"-second", nil, nil)
			})
			w.env = append(w.env, "IDPCTL_VAR_account="+name, "IDPCTL_VAR_password="+password, "IDPCTL_VAR_client_secret="+secret)
		},
		variables: []string{"smtp_password", "first_password", "display_name", "description", "nickname", "rota"},
		change:    []string{"display_name", "description", "nickname", "rota", "smtp_password"},
		also:      []string{"IDPCTL_VAR_smtp_password_version=2"},
		admins:    "nickname",
		grants:    regexp.MustCompile(`/protocol/openid-connect/(token|auth/device)$`),
		signIn:    tokenAlone, reads: adminAlone, discovery: regexp.MustCompile(`/.well-known/`),
		logged: "/admin/realms/",
		shapes: map[string][]int{"message": {400, 409, 500}, "fields": {400}, "invalid_request": {401, 403, 404, 501}, "html": {200, 400, 500}},
		wrong: func(url, wrong string) []wrongly {
			return []wrongly{
				{env: []string{"IDPCTL_VAR_password=" + wrong}, command: "plan"},
				{env: []string{"IDPCTL_VAR_client_secret=" + wrong}, command: "plan -json"},
				{env: []string{"IDPCTL_VAR_url=https://admin:" + wrong + "@127.0.0.1:1/"}, command: "plan"},
				{env: []string{"IDPCTL_VAR_url=" + url + "/?token=" + wrong}, command: "plan"},
				{env: []string{"IDPCTL_VAR_smtp_password_version=" + wrong}, may: []string{"wrong"}, command: "validate -json"},
			}
		},
		moments: [2]int{12, 8}, least: 15,
	}
}
