package e2e

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/fault"
)

// Which requests fail.
var (
	tokenAlone  = regexp.MustCompile(`/token$`)
	discovery   = regexp.MustCompile(`/openid-configuration$`)
	graphAlone  = regexp.MustCompile(`^/v1\.0/[^$]`)
	batchAlone  = regexp.MustCompile(`^/v1\.0/\$batch$`)
	tenantAlone = regexp.MustCompile(`^/v1\.0/organization`)
	graphAll    = regexp.MustCompile(`^/v1\.0/`)
)

const (
	anotherID = "11111111-2222-4333-8444-555555555555"
	escape    = "\x1b]0;owned\x07\x1b[31m\u009b2J\u202e"
)

// entraAt is the environment of a tenant whose two endpoints may differ.
func entraAt(authority, graph string, more ...string) []string {
	if graph == "" {
		graph = authority
	}
	return append([]string{
		"AZURE_TENANT_ID=" + entra.DefaultTenantID, "AZURE_CLIENT_ID=" + entra.DefaultClientID, entraSecret,
		"ENTRA_AUTHORITY_ENDPOINT=" + authority, "ENTRA_GRAPH_ENDPOINT=" + graph, "ENTRA_CA_FILE=ca.pem",
	}, more...)
}

// entraFailures are the ways to fail in front of a tenant.
func entraFailures(p *pit) {
	t, good, tenant, trusted, foreign, elsewhere := p.t, p.good, p.server, p.trusted, p.foreign, p.elsewhere
	at := func(name, authority, graph string, more ...string) *failing {
		return p.at(name, entraAt(authority, graph, more...)...)
	}
	on := func(name string, path *regexp.Regexp, do fault.Action, more ...string) *failing {
		in := p.behind(tenant, path, do)
		c := at(name, trusted.serve("", far, in), "", more...)
		c.server = in
		return c
	}
	of := func(name string, o entra.Options, more ...string) *failing {
		return at(name, trusted.serve("", far, entraServer(o)), "", more...)
	}
	nothing, withoutTLS := asksNothing(t), noRequests(t)

	// What the provider block says.
	at("no such CA file", good, "", "ENTRA_CA_FILE=nowhere.pem")
	at("CA file without a certificate", good, "", "ENTRA_CA_FILE=garbage.pem")
	at("no authority_endpoint", good, "", "ENTRA_AUTHORITY_ENDPOINT=")
	at("no graph_endpoint", good, "", "ENTRA_GRAPH_ENDPOINT=")
	at("http to another machine to sign in", "http://login.example.com", good)
	at("http to another machine for Graph", good, "http://graph.example.com")
	at("http to this machine to sign in", strings.Replace(good, "https:", "http:", 1), good)
	at("a tenant id that is no id", good, "", "AZURE_TENANT_ID=what is this?")
	at("a tenant id with a path", good, "", "AZURE_TENANT_ID="+entra.DefaultTenantID+"/oauth2")
	at("another tenant id", good, "", "AZURE_TENANT_ID="+anotherID)
	at("another domain for a tenant id", good, "", "AZURE_TENANT_ID=nowhere.example.net")
	at("unknown application", good, "", "AZURE_CLIENT_ID="+anotherID)
	at("a client id that is no id", good, "", "AZURE_CLIENT_ID=idpctl")
	at("wrong secret", good, "", "AZURE_CLIENT_SECRET=wrong-horse")
	of("expired secret", entra.Options{App: entra.App{SecretExpires: past}})
	of("no permission at all", entra.Options{Roles: []string{}})
	of("no permission but to read the tenant", entra.Options{Roles: []string{"Organization.Read.All"}}).errors = 2 // applications and users

	// Where nobody is, or somebody else.
	for _, c := range []struct {
		name    string
		address string
		slow    bool
		env     []string
	}{
		{"nobody listens", "https://127.0.0.1:1", true, nil},
		{"no such host", "https://entra.invalid", false, nil},
		{"certificate expired", trusted.serve("", past, nothing), false, nil},
		{"authority not trusted", foreign.serve("", far, nothing), false, nil},
		{"certificate for another host", trusted.serve("sso.example.com", far, nothing), false, nil},
		{"no TLS", strings.Replace(withoutTLS, "http:", "https:", 1), false, nil},
	} {
		at(c.name+" to sign in", c.address, good, c.env...).slow = c.slow
		at(c.name+" for Graph", good, c.address, c.env...).slow = c.slow
	}
	at("no ca_file", good, "", "ENTRA_CA_FILE=")

	// What answers otherwise than it should.
	places := []struct {
		name string
		path *regexp.Regexp
	}{
		{"discovery", discovery}, {"the token endpoint", tokenAlone}, {"Graph", graphAlone}, {"batches", batchAlone},
	}
	asks := `{"error":{"code":"x","message":"y"},"responses":[],"value":[]`
	for _, p := range places {
		on("hangs: "+p.name, p.path, hang(), "IDPCTL_VAR_timeout=1").hangs()
		on("a log-in page: "+p.name, p.path, fault.HTML())
		on("redirected elsewhere: "+p.name, p.path, redirect(elsewhere))
		on("10 MB of HTML: "+p.name, p.path, muchHTML())
		on("65 MB of JSON: "+p.name, p.path, muchJSON()).slow = true
		on("broken JSON: "+p.name, p.path, fault.Status(200, asks, nil))
		on("JSON of something else: "+p.name, p.path, fault.Status(200, `{"status":"up"}`, nil))
		on("an empty answer: "+p.name, p.path, fault.Status(200, "", nil))
		on("no such path: "+p.name, p.path, fault.Status(404, "<h1>Not found</h1>", http.Header{"Content-Type": {"text/html"}}))
		on("500: "+p.name, p.path, fault.Status(500, `{"error":{"code":"UnknownError","message":"Something broke."}}`, nil))
		// The wait of 0 spares half a minute of growing waits.
		on("503 for ever: "+p.name, p.path, fault.Status(503, "", http.Header{"Retry-After": {"0"}})).slow = true
		on("429 for ever: "+p.name, p.path, fault.Status(429, "", http.Header{"Retry-After": {"1"}})).slow = true
		on("429 for a day: "+p.name, p.path, fault.Status(429, "", http.Header{"Retry-After": {"86400"}}))
	}

	// What only the token endpoint can do.
	on("discovery names a token endpoint without TLS", discovery, altered(func(_ string, body map[string]any) {
		body["token_endpoint"] = withoutTLS + "/token"
	}))
	on("no token", tokenAlone, altered(func(_ string, body map[string]any) { delete(body, "access_token") }))
	on("a token that has expired", tokenAlone, altered(func(_ string, body map[string]any) { body["expires_in"], body["ext_expires_in"] = 0, 0 }))
	on("a token with line breaks", tokenAlone, altered(func(_ string, body map[string]any) { body["access_token"] = "line-breaks\r\nX-Evil: 1" }))
	on("a token that Graph refuses", tokenAlone, altered(func(_ string, body map[string]any) { body["access_token"] = "eyJ0.eyJ0.c2ln" }))
	on("escapes and secrets in a refusal of a sign-in", tokenAlone, fault.Status(400, quote(map[string]any{
		"error": "invalid_" + escape, "error_description": "Not with " + entra.DefaultClientSecret + escape + "\nTrace ID: 1", "error_codes": []int{1},
	}), nil))
	on("escapes in a refusal without JSON", tokenAlone, fault.Status(400, escape, nil))

	// What only Graph can do.
	said := func(status int, message string) fault.Action {
		return fault.Action(func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, quote(map[string]any{"error": map[string]any{
					"code": "x" + escape, "message": message + r.Header.Get("Authorization") + escape,
				}}))
			})
		})
	}
	on("escapes and secrets in a refusal of Graph", graphAlone, said(400, "Not "+entra.DefaultClientSecret))
	on("escapes and secrets in a defect of Graph", graphAlone, said(500, "Not "+entra.DefaultClientSecret))
	on("escapes and secrets in a refusal of a batch", batchAlone, said(400, "Not "+entra.DefaultClientSecret))
	on("redirected on the same server: Graph", graphAlone, redirect("/moved"))
	on("redirected on the same server: batches", batchAlone, redirect("/moved"))
	on("401 for ever: Graph", graphAlone, said(401, "Not "))
	on("401 for ever: batches", batchAlone, said(401, "Not "))
	on("escapes in the tenant's name and domains", tenantAlone, altered(func(_ string, body map[string]any) {
		body["value"] = []any{map[string]any{"id": entra.DefaultTenantID, "displayName": "Contoso" + escape, "verifiedDomains": []any{
			map[string]any{"name": "a" + escape + ".example", "isDefault": true, "isInitial": true},
		}}}
	}))
	on("no tenant", tenantAlone, altered(func(_ string, body map[string]any) { body["value"] = []any{} }))
	on("a tenant without an id", tenantAlone, altered(func(_ string, body map[string]any) { body["value"] = []any{map[string]any{}} }))
	on("a tenant whose id leads elsewhere", tenantAlone, altered(func(_ string, body map[string]any) {
		body["value"] = []any{map[string]any{"id": "../" + escape + "?x=", "verifiedDomains": []any{map[string]any{"name": "example.com"}}}}
	}))

	// Items of batches.
	items := func(change func(base string, list []any) []any) fault.Action {
		return altered(func(base string, body map[string]any) {
			list, _ := body["responses"].([]any)
			body["responses"] = change(base, list)
		})
	}
	each := func(change func(base string, item map[string]any)) fault.Action {
		return items(func(base string, list []any) []any {
			for _, it := range list {
				if item, ok := it.(map[string]any); ok {
					change(base, item)
				}
			}
			return list
		})
	}
	status := func(code int, header map[string]any, body any) fault.Action {
		return each(func(_ string, item map[string]any) {
			item["status"], item["headers"], item["body"] = code, header, body
		})
	}
	on("a batch lacks an item", batchAlone, items(func(_ string, list []any) []any { return list[1:] }))
	on("a batch lacks all items", batchAlone, items(func(string, []any) []any { return nil }))
	on("a batch answers an item twice", batchAlone, items(func(_ string, list []any) []any { return append(list, list[0]) }))
	on("a batch answers what was not asked", batchAlone, items(func(_ string, list []any) []any {
		return append(list, map[string]any{"id": "1985", "status": 200, "body": map[string]any{"value": []any{}}})
	}))
	on("a batch answers with ids that are no numbers", batchAlone, each(func(_ string, item map[string]any) { item["id"] = "x" + escape }))
	on("items without a status", batchAlone, each(func(_ string, item map[string]any) { delete(item, "status") }))
	on("items without a body", batchAlone, each(func(_ string, item map[string]any) { delete(item, "body") }))
	on("items that are a page", batchAlone, status(200, map[string]any{"Content-Type": "text/html"}, "<h1>Sign in</h1>"))
	on("items of another form", batchAlone, status(200, nil, map[string]any{"value": "x"}))
	on("items 403", batchAlone, status(403, nil, map[string]any{"error": map[string]any{"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}))
	on("items 500", batchAlone, status(500, nil, map[string]any{"error": map[string]any{"code": "x", "message": escape}}))
	on("items 503 for ever", batchAlone, status(503, map[string]any{"Retry-After": "0"}, nil)).slow = true
	on("items 429 for ever", batchAlone, status(429, map[string]any{"Retry-After": "0.3"}, nil)).slow = true
	on("items 429 for a day", batchAlone, status(429, map[string]any{"Retry-After": "86400"}, nil))

	// Pages without an end, and elsewhere.
	linked := func(link func(base, kind string) string) fault.Action {
		add := func(base string, body map[string]any) {
			about, _ := body["@odata.context"].(string)
			_, kind, _ := strings.Cut(about, "$metadata#")
			kind, _, _ = strings.Cut(kind, "(")
			if _, is := body["value"]; is {
				body["@odata.nextLink"] = link(base, kind)
			}
		}
		return altered(func(base string, body map[string]any) {
			add(base, body)
			list, _ := body["responses"].([]any)
			for _, it := range list {
				item, _ := it.(map[string]any)
				if inner, ok := item["body"].(map[string]any); ok {
					add(base, inner)
				}
			}
		})
	}
	on("the same next page for ever", graphAll, linked(func(base, kind string) string { return base + "/v1.0/" + kind + "?$select=id" }))
	on("the next page elsewhere", graphAll, linked(func(_, kind string) string { return elsewhere + "/v1.0/" + kind }))
	on("the next page at a name that begins alike", graphAll, linked(func(base, kind string) string { return base + "0/v1.0/" + kind }))
	on("the next page at another user's host", graphAll, linked(func(base, kind string) string {
		return base + "@" + strings.TrimPrefix(elsewhere, "https://") + "/v1.0/" + kind
	}))
	on("the next page of no address", graphAll, linked(func(base, _ string) string { return base + "/v1.0/%zz" + escape }))
}

// TestEntraNamesAreHarmless: a terminal obeys nothing that stands in a directory.
func TestEntraNamesAreHarmless(t *testing.T) {
	tn := newTenant(t, entra.Options{})
	tn.AddUser(map[string]any{
		"userPrincipalName": "clara@example.com", "mail": "clara@example.com", "displayName": "C" + escape, "givenName": "Cla" + escape + "ra", "surname": escape + "Clayton",
	})
	tn.Settle()
	f := &folder{TB: t, dir: t.TempDir(), environ: tn.environ(entraSecret)}
	if err := os.CopyFS(f.dir, os.DirFS("testdata/badinput/entra")); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"plan", "apply -auto-approve", "plan", "show", "output -json", "verify -no-sign-in"} {
		r := f.idpctl(strings.Fields(command)...)
		if r.code != 0 {
			t.Errorf("idpctl %s: %s", command, r)
		}
		nothingHarmful(t, onEntra().secrets, r.stdout+r.stderr)
	}
	nothingHarmful(t, onEntra().secrets, f.read("myinfluxdb.yml"))
}
