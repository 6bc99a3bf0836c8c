package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/auth0"
)

// onAuth0 is Auth0's row. It has no
// limits of requests, as those of the free plan make each run a minute long.
func onAuth0() subject {
	return subject{
		name:    "auth0",
		secrets: []string{emulator.DefaultClientSecret, "eyJ", "Correct-Horse-1985", "wrong-horse", "line-breaks", "not-For-long", "short-1"}, // a JWT begins with eyJ
		mutates: auth0Mutates,
		provider: func(c *http.Client) providers.Provider {
			return auth0.NewWith(auth0.Options{DialContext: c.Transport.(*http.Transport).DialContext, PlainHTTP: true})
		},
		block: auth0Block,
		crash: crash{
			emulate: func() emulation {
				return auth0Emulation(auth0Server(emulator.Options{Lag: emulator.Lag{Search: 20 * time.Second}}))
			},
			hcl: auth0Scenario, admins: []string{"user.a", "user.b", "user.c"},
			calls: 7, about: 3, // members may need a request more, as searches are late
			objects: []string{
				"api https://influxdb.example.com", "client influxctl", "connection " + emulator.DefaultConnection + ": influxctl",
				"user a@example.com", "user b@example.com", "user c@example.com", "mail c@example.com",
				"group admins: a@example.com b@example.com c@example.com",
			},
			passwords: map[string]string{"user.a": "", "user.b": "Initial-Passw0rd-7"},
		},
		refused: func(testing.TB) (string, emulation) {
			return auth0Block, auth0Emulation(auth0Server(emulator.Options{Scopes: auth0Reading()}))
		},
		hiding:   auth0Hides(),
		mistaken: auth0InTheWay,
		mistakes: auth0Mistakes(),
		many: many{
			providers: []providers.Provider{auth0.New()},
			environ:   func(address string) []string { return auth0At(address) },
			told:      auth0Many(),
			kinds:     9,
		},
		failures: failures{
			folder: "auth0",
			server: func(*testing.T) (http.Handler, func()) {
				tenant := emulator.New(emulator.Options{})
				tenant.AddUser(map[string]any{"email": "clara@example.com", "given_name": "Clara", "family_name": "Clayton", "email_verified": true})
				return tenant, tenant.Settle
			},
			environ: func(address string) []string { return auth0At(address) },
			add:     auth0Failures,
		},
	}
}

// auth0Mutates is true for what changes the tenant, and for what sends a mail.
func auth0Mutates(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return false
	}
	return strings.HasPrefix(r.URL.Path, "/api/v2/") || r.URL.Path == "/dbconnections/change_password"
}

const auth0Block = `provider "auth0" {
  domain        = "` + emulator.DefaultDomain + `"
  client_id     = "` + emulator.DefaultClientID + `"
  client_secret = "` + emulator.DefaultClientSecret + `"
}
tenant "home" {
  domain = "` + emulator.DefaultDomain + `"
}
`

// auth0Scenario has one of everything: an API, a client that its connection is
// enabled for, a user for each way to a first password, and a role of all three.
const auth0Scenario = `
api "influxdb" {
  tenant     = tenant.home
  identifier = "https://influxdb.example.com"
}
client "influxctl" {
  tenant      = tenant.home
  api         = api.influxdb
  connections = ["` + emulator.DefaultConnection + `"]
}
user "a" {
  tenant            = tenant.home
  email             = "a@example.com"
  first_name        = "A"
  last_name         = "One"
  generate_password = true
}
user "b" {
  tenant           = tenant.home
  email            = "b@example.com"
  first_name       = "B"
  last_name        = "Two"
  initial_password = "Initial-Passw0rd-7"
}
user "c" {
  tenant     = tenant.home
  email      = "c@example.com"
  first_name = "C"
  last_name  = "Three"
  invite     = true
}
group "admins" {
  tenant  = tenant.home
  members = [user.a, user.b, user.c]
}
`

// auth0Server is a tenant that has its own address in a bubble, where there is no TLS.
func auth0Server(o emulator.Options) *emulator.Server {
	o.BaseURL = "https://" + emulator.DefaultDomain
	return emulator.New(o)
}

// auth0Emulation looks into an emulator past its lag and its scopes.
func auth0Emulation(server *emulator.Server) emulation {
	find := func(email string) (id string) {
		for _, u := range server.Users() {
			if u.Email == email {
				id = u.ID
			}
		}
		return id
	}
	return emulation{
		Handler: server,
		objects: func(testing.TB) (lines []string) {
			names := map[string]string{}
			for _, a := range server.APIs() {
				lines = append(lines, "api "+a.Identifier)
			}
			for _, c := range server.Clients() {
				names[c.ID] = c.Name
				lines = append(lines, "client "+c.Name)
			}
			for _, c := range server.Connections() {
				var of []string
				for _, id := range c.Clients {
					if id != server.Options().App.ClientID {
						of = append(of, names[id])
					}
				}
				slices.Sort(of)
				lines = append(lines, "connection "+c.Name+": "+strings.Join(of, " "))
			}
			for _, u := range server.Users() {
				names[u.ID] = u.Email
				lines = append(lines, "user "+u.Email)
			}
			for _, r := range server.Roles() {
				lines = append(lines, teamLine(r.Name, r.Members, names))
			}
			for _, m := range server.Outbox() {
				lines = append(lines, "mail "+m.To)
			}
			slices.Sort(lines)
			// Of two mails one is too many, and better than none: the answer to the
			// first may be lost, and nobody can ask whether it was sent.
			return slices.CompactFunc(lines, func(a, b string) bool { return a == b && strings.HasPrefix(a, "mail ") })
		},
		id:      func(_ testing.TB, email string) string { return find(email) },
		accepts: func(_ testing.TB, email, password string) bool { return server.PasswordIs(find(email), password) },
	}
}

// auth0Reading are scopes that are enough for a plan.
func auth0Reading() []string {
	return []string{"read:tenant_settings", "read:custom_domains", "read:clients", "read:resource_servers", "read:connections", "read:users", "read:roles", "read:role_members", "read:client_grants"}
}

// auth0InTheWay has an API with settings of its own, a connection with user names
// and a strict policy, and somebody in each connection.
func auth0InTheWay(testing.TB) emulation {
	server := auth0Server(emulator.Options{})
	server.AddAPI(map[string]any{"identifier": "https://influxdb.example.com", "name": "by hand", "token_lifetime": 60})
	server.AddConnection(map[string]any{"name": "Staff", "enabled_clients": []string{emulator.DefaultClientID}, "options": map[string]any{
		"requires_username": true, "passwordPolicy": "excellent",
	}})
	server.AddUser(map[string]any{"email": "taken@example.com", "email_verified": true})
	server.AddUser(map[string]any{"email": "doubtful@example.com"})
	server.AddUser(map[string]any{"email": "other@example.com", "username": "taken", "connection": "Staff"})
	return auth0Emulation(server)
}

func auth0Mistakes() []mistake {
	member := func(lines string) string { return "user \"m\" {\n  tenant = tenant.home\n" + lines + "\n}\n" }
	database := "  connection = \"" + emulator.DefaultConnection + "\"\n"
	staff := "  connection = \"Staff\"\n  email = \"m@example.com\"\n"
	client := func(lines string) string {
		return "client \"influxctl\" {\n  tenant = tenant.home\n" + lines + "}\n"
	}
	of := func(o emulator.Options, prepare func(*emulator.Server)) func(testing.TB) emulation {
		return func(testing.TB) emulation {
			server := auth0Server(o)
			prepare(server)
			return auth0Emulation(server)
		}
	}
	asItIs := func(*emulator.Server) {}
	full := func(server *emulator.Server) {
		for i := range emulator.FreeQuota().Clients {
			server.AddClient(map[string]any{"name": fmt.Sprint("by hand ", i)})
		}
	}
	return []mistake{
		{
			name: "two users with an e-mail", hcl: member("  email = \"m@example.com\"\n  invite = true") + "user \"n\" {\n  tenant = tenant.home\n  email = \"m@example.com\" # again\n}\n",
			says: "Duplicate user",
		},
		{name: "somebody with the e-mail", hcl: member(database + "  email = \"taken@example.com\"\n  first_name = \"M\""), adopts: []string{"user.m"}, says: "user.m update"},
		{name: "a stranger with the e-mail", hcl: member(database + "  email = \"doubtful@example.com\""), at: `"` + emulator.DefaultConnection, says: "Doubtful match"},
		{name: "somebody with the user name", hcl: member(staff + "  username = \"taken\"\n  invite = true"), at: `user "m"`, says: "The user already exists", late: true},
		{name: "a weak password", hcl: member(database + "  email = \"m@example.com\"\n  initial_password = \"short-1\""), at: `"short-1"`, says: "too weak"},
		{name: "a weak password for a connection with a policy of its own", hcl: member(staff + "  username = \"m\"\n  initial_password = \"short-1A\""), at: `"short-1A"`, says: "too weak"},
		{name: "an unknown connection", hcl: member("  email = \"m@example.com\"\n  connection = \"Nowhere\"\n  invite = true"), at: `"Nowhere"`, says: "Nowhere"},
		{name: "an unknown connection of a client", hcl: client("  connections = [\"Nowhere\"]\n"), at: `["Nowhere`, says: "Nowhere"},
		{
			name: "a connection that a third party may not use", hcl: client("  is_first_party = false\n  connections = [\"" + emulator.DefaultConnection + "\"]\n"),
			at: `["` + emulator.DefaultConnection, says: "domain level",
		},
		{
			name: "an API with other settings", hcl: "api \"influxdb\" {\n  tenant = tenant.home\n  identifier = \"https://influxdb.example.com\"\n  token_lifetime = 3600\n}\n",
			adopts: []string{"api.influxdb"}, says: "api.influxdb update",
		},
		{name: "a missing scope", hcl: "group \"admins\" {\n  tenant = tenant.home\n}\n", server: of(emulator.Options{Scopes: auth0Reading()}, asItIs), says: "create:roles", late: true},
		{name: "the quota of the plan", hcl: client(""), server: of(emulator.Options{Quota: emulator.FreeQuota()}, full), at: `client "influxctl"`, says: "limit", late: true},
		{name: "another tenant", hcl: "tenant \"other\" {\n  domain = \"nowhere.eu.auth0.com\"\n}\n", says: "nowhere.eu.auth0.com"},
		{
			name: "a wrong domain", block: strings.Replace(auth0Block, emulator.DefaultDomain, "nowhere.eu.auth0.com", 1), hcl: auth0Scenario,
			at: `provider "auth0"`, says: "nowhere.eu.auth0.com",
		},
		{
			name: "a wrong secret", block: strings.Replace(auth0Block, emulator.DefaultClientSecret, "wrong-horse", 1), hcl: auth0Scenario,
			at: `"wrong-horse"`, says: "client_secret",
		},
		{name: "a realm", hcl: "realm \"r\" {}\n", at: `realm "r"`, says: "Write tenant"},
		{name: "nobody there", hcl: "data \"user\" \"x\" {\n  tenant = tenant.home\n  email = \"nobody@example.com\"\n}\n", at: `"nobody@`, says: "nobody@example.com"},
	}
}

func auth0Many() []told {
	const main = "main.idp.hcl"
	return []told{
		{main, `"https://example.eu.auth0.com"`, "Invalid value for domain"},
		{main, `"HS256"` + "\n  timeout", "Invalid value for client_assertion_signing_alg"},
		{main, "0\n  cpu", "Invalid value for timeout"},
		{main, "cpu", "Unsupported argument"},
		{main, "0\n  device", "Invalid value for session_lifetime"},
		{main, `"letters"`, "Invalid value for device_code_charset"},
		{main, `tenant "twin"`, "Missing required argument"},
		{main, `realm "influxdb"`, "Unsupported block type"},
		{main, `"not an identifier"`, "Invalid value for identifier"},
		{main, `"HS256"` + "\n  token", "Invalid value for signing_alg"},
		{main, "0\n}\n\nclient", "Invalid value for token_lifetime"},
		{main, `"desktop"`, "Invalid value for app_type"},
		{main, "redirect_uris", "Unsupported argument"},
		{main, `"mcfly.example.com"`, "Invalid value for email"},
		{main, `"perhaps"`, "Incorrect attribute value type"},
		{main, `"brown@example.com"`, "Duplicate user"},
		{main, "first_nam ", "Unsupported argument"},
		{main, "true\n  initial_password", "Conflicting arguments"},
		{main, "[client.influxctl", "Invalid reference"},
		{main, `[client.influxctl, "marty"]`, "Invalid reference"},
		{main, "user.nobody", "Reference to undeclared resource"},
		{main, `data "user" "biff"`, "Invalid combination of arguments"},
		{main, "blocked", "Unsupported argument"},
	}
}

// auth0At is the environment of a tenant. Its Management API is the emulator's,
// whatever the address.
func auth0At(address string, more ...string) []string {
	domain := strings.TrimPrefix(address, "https://")
	return append([]string{
		"AUTH0_DOMAIN=" + domain, "IDPCTL_VAR_domain=" + domain, "AUTH0_AUDIENCE=https://" + emulator.DefaultDomain + "/api/v2/",
		"AUTH0_CLIENT_ID=" + emulator.DefaultClientID, "AUTH0_CLIENT_SECRET=" + emulator.DefaultClientSecret, "AUTH0_CA_FILE=ca.pem",
	}, more...)
}

// Which requests fail.
var (
	managementAlone = regexp.MustCompile(`^/api/v2/`)
	wellKnown       = regexp.MustCompile(`^/\.well-known/`)
)

func auth0Hides() hiding {
	var secret string // of the server that was made last
	return hiding{
		server: func(*testing.T) http.Handler {
			secret = "canary-" + strings.ToLower(rand.Text())
			return emulator.New(emulator.Options{App: emulator.App{Secret: secret}})
		},
		tls:  true,
		home: "tenant.home",
		prepare: func(w *secretWorld) {
			w.add("client secret", secret)
			w.env = append(w.env, "IDPCTL_VAR_ca="+w.ca, "IDPCTL_VAR_client_secret="+secret, "IDPCTL_VAR_domain="+strings.TrimPrefix(w.url, "https://"),
				"AUTH0_CLIENT_ID="+emulator.DefaultClientID, "AUTH0_AUDIENCE=https://"+emulator.DefaultDomain+"/api/v2/")
		},
		variables: []string{"first_password", "description", "nickname", "rota", "metadata"},
		change:    []string{"description", "nickname", "rota", "metadata"},
		admins:    "nickname",
		grants:    regexp.MustCompile(`^/oauth/(token|device/code)$`),
		signIn:    tokenAlone, reads: managementAlone, discovery: wellKnown,
		logged: "/api/v2/",
		shapes: map[string][]int{"management": {400, 403, 404, 409, 500}, "invalid_request": {400, 401, 501}, "html": {200, 400, 500}},
		wrong: func(_, wrong string) []wrongly {
			return []wrongly{
				{env: []string{"IDPCTL_VAR_client_secret=" + wrong}, command: "plan"},
				{env: []string{"IDPCTL_VAR_client_secret=" + wrong}, command: "plan -json"},
				{env: []string{"IDPCTL_VAR_client_secret=" + wrong}, command: "apply -auto-approve -json"},
				{env: []string{"IDPCTL_VAR_timeout=" + wrong}, may: []string{"wrong"}, command: "validate -json"},
			}
		},
		moments: [2]int{8, 4}, least: 12,
	}
}

// auth0Failures are the ways to fail in front of a tenant.
func auth0Failures(p *pit) {
	t, good, trusted := p.t, p.good, p.trusted
	at := func(name, address string, more ...string) *failing { return p.at(name, auth0At(address, more...)...) }
	on := func(name string, path *regexp.Regexp, do fault.Action, more ...string) *failing {
		in := p.behind(p.server, path, do)
		c := at(name, trusted.serve("", far, in), more...)
		c.server = in
		return c
	}
	nothing := asksNothing(t)

	// What the provider block says.
	at("no such CA file", good, "AUTH0_CA_FILE=nowhere.pem")
	at("CA file without a certificate", good, "AUTH0_CA_FILE=garbage.pem")
	at("no ca_file", good, "AUTH0_CA_FILE=")
	at("unknown application", good, "AUTH0_CLIENT_ID=nobody")
	at("wrong secret", good, "AUTH0_CLIENT_SECRET=wrong-horse")
	at("no secret", good, "AUTH0_CLIENT_SECRET=")
	at("another audience", good, "AUTH0_AUDIENCE=https://nowhere.eu.auth0.com/api/v2/")
	at("no scope at all", trusted.serve("", far, emulator.New(emulator.Options{Scopes: []string{}})))

	// Where nobody is, or somebody else.
	at("nobody listens", "https://127.0.0.1:1").slow = true
	at("no such host", "https://auth0.invalid")
	at("certificate expired", trusted.serve("", past, nothing))
	at("authority not trusted", p.foreign.serve("", far, nothing))
	at("certificate for another host", trusted.serve("sso.example.com", far, nothing))
	at("no TLS", strings.Replace(noRequests(t), "http:", "https:", 1))

	// What answers otherwise than it should.
	for _, place := range []struct {
		name string
		path *regexp.Regexp
	}{{"discovery", wellKnown}, {"the token endpoint", tokenAlone}, {"the Management API", managementAlone}} {
		on("hangs: "+place.name, place.path, hang(), "IDPCTL_VAR_timeout=1").hangs()
		on("a log-in page: "+place.name, place.path, fault.HTML())
		on("redirected elsewhere: "+place.name, place.path, redirect(p.elsewhere))
		on("10 MB of HTML: "+place.name, place.path, muchHTML())
		on("65 MB of JSON: "+place.name, place.path, muchJSON()).slow = true
		on("broken JSON: "+place.name, place.path, fault.Status(200, `{"statusCode":`, nil))
		on("JSON of something else: "+place.name, place.path, fault.Status(200, `{"status":"up"}`, nil))
		on("an empty answer: "+place.name, place.path, fault.Status(200, "", nil))
		on("no such path: "+place.name, place.path, fault.Status(404, "<h1>Not found</h1>", http.Header{"Content-Type": {"text/html"}}))
		on("500: "+place.name, place.path, fault.Status(500, `{"statusCode":500,"error":"Internal Server Error","message":"Something broke."}`, nil))
		// The wait of 0 spares half a minute of growing waits.
		on("503 for ever: "+place.name, place.path, fault.Status(503, "", http.Header{"Retry-After": {"0"}})).slow = true
		on("429 for a day: "+place.name, place.path, fault.Status(429, "", http.Header{"Retry-After": {"86400"}}))
	}

	// What only the token endpoint or the Management API can do.
	on("no token", tokenAlone, altered(func(_ string, body map[string]any) { delete(body, "access_token") }))
	on("a token with line breaks", tokenAlone, altered(func(_ string, body map[string]any) { body["access_token"] = "line-breaks\r\nX-Evil: 1" }))
	on("a token that the Management API refuses", tokenAlone, altered(func(_ string, body map[string]any) { body["access_token"] = "eyJ0.eyJ0.c2ln" }))
	on("escapes and secrets in a refusal of a sign-in", tokenAlone, fault.Status(401, quote(map[string]any{
		"error": "access_denied" + escape, "error_description": "Not with " + emulator.DefaultClientSecret + escape,
	}), nil))
	on("escapes and secrets in a refusal of the Management API", managementAlone, fault.Status(400, quote(map[string]any{
		"statusCode": 400, "error": "Bad Request" + escape, "message": "Not " + emulator.DefaultClientSecret + escape, "errorCode": "x" + escape,
	}), nil))
}
