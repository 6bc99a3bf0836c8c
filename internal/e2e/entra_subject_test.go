package e2e

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/entra"
)

// onEntra is Entra ID's row.
func onEntra() subject {
	return subject{
		name:     "entra",
		secrets:  []string{emulator.DefaultClientSecret, "eyJ", "Correct-Horse-1985", "wrong-horse", "line-breaks", "not-For-long"}, // a JWT begins with eyJ
		mutates:  emulator.Mutates,
		provider: func(client *http.Client) providers.Provider { return entraThrough(client, "") },
		block:    entraBlock,
		crash: crash{
			emulate: func() emulation {
				return entraEmulation(entraServer(emulator.Options{Lag: emulator.Lag{Max: 20 * time.Second, Seed: 7}}))
			},
			hcl: entraScenario, admins: []string{"user.a", "user.b"},
			calls: 6, about: 3, // replicas make it a request more or less
			objects: []string{
				"client influxctl", "principal influxctl",
				"user a@example.com", "user b@example.com", "user c@example.com", "user doc@elsewhere.example",
				"group admins: a@example.com b@example.com c@example.com doc@elsewhere.example",
			},
			passwords: map[string]string{"user.a": "", "user.b": "", "user.c": "Initial-Passw0rd-7"},
		},
		refused: func(testing.TB) (string, emulation) {
			return entraBlock, entraEmulation(entraServer(emulator.Options{Roles: []string{"Organization.Read.All", "User.Read.All"}}))
		},
		hiding:   entraHides(),
		mistaken: entraInTheWay,
		mistakes: entraMistakes(),
		many: many{
			environ:   func(address string) []string { return entraAt(address, "") },
			providers: []providers.Provider{entra.New()},
			told:      entraMany(),
			kinds:     10,
		},
		failures: failures{
			folder: "entra",
			server: func(*testing.T) (http.Handler, func()) {
				tenant := entraServer(emulator.Options{})
				tenant.AddUser(map[string]any{"userPrincipalName": "clara@example.com", "mail": "clara@example.com", "displayName": "Clara", "givenName": "Clara", "surname": "Clayton"})
				tenant.Settle()
				return tenant, tenant.Settle
			},
			environ: func(address string) []string { return entraAt(address, "") },
			add:     entraFailures,
		},
	}
}

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
  last_name         = "Two"
  generate_password = true
}
user "c" {
  tenant           = tenant.contoso
  email            = "c@example.com"
  initial_password = "Initial-Passw0rd-7"
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

// entraEmulation looks into an emulator past its replicas.
func entraEmulation(server *emulator.Server) emulation {
	return emulation{
		Handler: server,
		objects: func(testing.TB) (lines []string) {
			emails := map[string]string{}
			for _, u := range server.Users() {
				emails[u.ID] = u.Mail
				lines = append(lines, "user "+u.Mail)
			}
			for _, g := range server.Groups() {
				lines = append(lines, teamLine(g.DisplayName, g.Members, emails))
			}
			for _, a := range server.Applications() {
				if a.AppID != emulator.DefaultClientID {
					lines = append(lines, "client "+a.DisplayName)
				}
			}
			for _, p := range server.ServicePrincipals() {
				lines = append(lines, "principal "+p.DisplayName)
			}
			for _, d := range server.DeletedItems() {
				lines = append(lines, "deleted "+d.DisplayName)
			}
			slices.Sort(lines)
			return lines
		},
		id: func(_ testing.TB, email string) string {
			for _, u := range server.Users() {
				if u.Mail == email {
					return u.ID
				}
			}
			return ""
		},
		accepts: func(_ testing.TB, email, password string) bool { return server.PasswordIs(email, password) },
	}
}

// entraInTheWay has two groups of one name, and somebody with an e-mail.
func entraInTheWay(testing.TB) emulation {
	server := entraServer(emulator.Options{})
	server.AddGroup(map[string]any{"displayName": "twins"})
	server.AddGroup(map[string]any{"displayName": "twins"})
	server.AddUser(map[string]any{"userPrincipalName": "taken@example.com", "mail": "taken@example.com", "displayName": "Taken", "accountEnabled": true})
	return entraEmulation(server)
}

func entraMistakes() []mistake {
	member := func(lines string) string { return "user \"m\" {\n  tenant = tenant.contoso\n" + lines + "\n}\n" }
	of := func(app emulator.App) func(testing.TB) emulation {
		return func(testing.TB) emulation { return entraEmulation(entraServer(emulator.Options{App: app})) }
	}
	return []mistake{
		{name: "a domain that is not verified", hcl: member(`  email = "m@other.example"`), at: `"m@other`, says: "none of the tenant's verified domains"},
		{name: "a name of another domain", hcl: member("  email = \"m@example.com\"\n  user_principal_name = \"m@other.example\""), at: `"m@other`, says: "set guest = true"},
		{name: "a weak password", hcl: member("  email = \"m@example.com\"\n  initial_password = \"password\""), at: `"password"`, says: "too weak"},
		{name: "a guest of one's own", hcl: member("  email = \"m@example.com\"\n  guest = true"), at: `"m@`, says: "own domain"},
		{name: "a guest with a password", hcl: member("  email = \"m@other.example\"\n  guest = true\n  generate_password = true"), at: "true\n}", says: "no password here"},
		{name: "an invited member", hcl: member("  email = \"m@example.com\"\n  invite = true"), at: "true", says: "Only a guest is invited"},
		{name: "another tenant", hcl: "tenant \"other\" {\n  domain = \"fabrikam.com\"\n}\n", says: "no verified domain"},
		{name: "a realm", hcl: "realm \"r\" {}\n", at: `realm "r"`, says: "Write tenant"},
		{name: "a name of Keycloak's", hcl: member("  email = \"m@example.com\"\n  username = \"m\""), at: "username", says: "Write user_principal_name"},
		{name: "two groups of the name", hcl: "group \"twins\" {\n  tenant = tenant.contoso\n}\n", says: "Several objects match"},
		{name: "somebody with the e-mail", hcl: member("  email = \"taken@example.com\"\n  user_principal_name = \"m@example.com\""), at: `"taken@`, says: "Another object is in the way"},
		{name: "somebody with the name", hcl: member("  email = \"taken@example.com\"\n  first_name = \"M\""), adopts: []string{"user.m"}, says: "user.m update"},
		{name: "nobody there", hcl: "data \"user\" \"x\" {\n  tenant = tenant.contoso\n  email = \"nobody@example.com\"\n}\n", at: `"nobody@`, says: "nobody@example.com"},
		{name: "a wrong secret", hcl: entraScenario, server: of(emulator.App{Secret: "another-secret"}), at: `provider "entra"`, says: "Signing in to Entra ID failed"},
		{name: "a secret of the past", hcl: entraScenario, server: of(emulator.App{SecretExpires: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)}), at: `provider "entra"`, says: "Signing in to Entra ID failed"},
	}
}

func entraMany() []told {
	const main = "main.idp.hcl"
	return []told{
		{main, `""`, "Invalid value for tenant_id"},
		{main, `"germany"`, "Invalid value for cloud"},
		{main, "0\n", "Invalid value for timeout"},
		{main, "cpu", "Unsupported argument"},
		{main, `tenant "twin"`, "Missing required argument"},
		{main, `realm "influxdb"`, "Unsupported block type"},
		{main, "3\n", "Invalid value for access_token_version"},
		{main, `"everybody"`, "Invalid value for sign_in_audience"},
		{main, "redirect_uris", "Unsupported argument"},
		{main, `"mcfly.example.com"`, "Invalid value for email"},
		{main, `"us"`, "Invalid value for usage_location"},
		{main, `user "emmett"`, "Duplicate user"},
		{main, "username ", "Unsupported argument"},
		{main, `"short"`, "Invalid value for initial_password"},
		{main, `"perhaps"`, "Incorrect attribute value type"},
		{main, `"nowhere"`, "Invalid value for invite_redirect_url"},
		{main, "true\n  initial_password", "Conflicting arguments"},
		{main, `"ad mins"`, "Invalid value for mail_nickname"},
		{main, "[client.influxctl", "Invalid reference"},
		{main, `[client.influxctl, "marty"]`, "Invalid reference"},
		{main, "user.nobody", "Reference to undeclared resource"},
		{main, `data "user" "biff"`, "Invalid combination of arguments"},
		{main, "guest  = true", "Unsupported argument"},
	}
}

func entraHides() hiding {
	var secret string // of the server that was made last
	return hiding{
		server: func(t *testing.T) http.Handler {
			secret = "canary-" + strings.ToLower(rand.Text())
			return entraServer(emulator.Options{App: emulator.App{Secret: secret}})
		},
		tls:  true,
		home: "tenant.home",
		prepare: func(w *secretWorld) {
			w.add("client secret", secret)
			w.env = append(w.env, "IDPCTL_VAR_ca="+w.ca, "IDPCTL_VAR_client_secret="+secret,
				"AZURE_TENANT_ID="+emulator.DefaultTenantID, "AZURE_CLIENT_ID="+emulator.DefaultClientID)
		},
		variables: []string{"first_password", "description", "nickname", "rota", "message"},
		change:    []string{"description", "nickname", "rota"},
		admins:    "nickname",
		grants:    regexp.MustCompile(`/oauth2/v2\.0/(token|devicecode)$`),
		signIn:    tokenAlone, reads: graphAll, discovery: discovery,
		logged: "/v1.0/",
		shapes: map[string][]int{"graph": {400, 403, 404, 409, 500}, "invalid_request": {400, 401, 501}, "html": {200, 400, 500}},
		wrong: func(url, wrong string) []wrongly {
			return []wrongly{
				{env: []string{"IDPCTL_VAR_client_secret=" + wrong}, command: "plan"},
				{env: []string{"IDPCTL_VAR_client_secret=" + wrong}, command: "plan -json"},
				{env: []string{"IDPCTL_VAR_client_secret=" + wrong}, command: "apply -auto-approve -json"},
				{env: []string{"IDPCTL_VAR_url=https://admin:" + wrong + "@127.0.0.1:1/"}, command: "plan"},
				{env: []string{"IDPCTL_VAR_url=" + url + "/?token=" + wrong}, command: "plan"},
				{env: []string{"IDPCTL_VAR_timeout=" + wrong}, may: []string{"wrong"}, command: "validate -json"},
			}
		},
		moments: [2]int{8, 4}, least: 12,
	}
}
