//go:build !keycloak

package e2e

import (
	"crypto/tls"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/emulator/formclient"
	emulator "github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/emulator/localca"
	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/resource"
)

// example is a copy of an example.
func example(t testing.TB, name string, environ ...string) *folder {
	t.Helper()
	f := &folder{TB: t, dir: t.TempDir(), environ: environ}
	if err := os.CopyFS(f.dir, os.DirFS(filepath.Join("../../examples", name))); err != nil {
		t.Fatal(err)
	}
	return f
}

// replace edits a file of the folder.
func (f *folder) replace(name, old, text string) {
	f.Helper()
	was := f.read(name)
	if !strings.Contains(was, old) {
		f.Fatalf("%s has no %s", name, old)
	}
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(strings.Replace(was, old, text, 1)), 0o600); err != nil {
		f.Fatal(err)
	}
}

// write makes a file of the folder.
func (f *folder) write(name, text string) {
	f.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
}

// firstPassword is what was delivered to a user.
func (f *folder) firstPassword(username string) string {
	f.Helper()
	var file struct {
		Credentials []struct{ Username, Password string }
	}
	if err := json.Unmarshal([]byte(f.read(credentialsFile)), &file); err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Credentials {
		if c.Username == username {
			return c.Password
		}
	}
	f.Fatalf("%s got no password", username)
	return ""
}

// works demands that an example plans, applies, and has nothing left to do, and
// returns its outputs.
func (f *folder) works() map[string]any {
	f.Helper()
	f.must(0, "fmt", "-check")
	f.must(0, "validate")
	f.must(2, "plan", "-detailed-exitcode")
	f.must(0, "apply", "-auto-approve", "-allow-adopt", "-input=false", "-credentials-out="+filepath.Join(f.dir, credentialsFile))
	if said := f.must(0, "plan", "-detailed-exitcode"); !strings.Contains(said, "No changes.") {
		f.Fatalf("the second plan says %s", said)
	}
	var told struct {
		Outputs map[string]struct{ Value any }
	}
	if err := json.Unmarshal([]byte(f.must(0, "output", "-json")), &told); err != nil {
		f.Fatal(err)
	}
	out := map[string]any{}
	for name, o := range told.Outputs {
		out[name] = o.Value
	}
	return out
}

func TestQuickstart(t *testing.T) {
	server := httptest.NewServer(emulator.New(emulator.Options{AdminUser: "admin", AdminPassword: "admin"}))
	t.Cleanup(server.Close)
	f := example(t, "quickstart", "KEYCLOAK_URL="+server.URL, "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin")
	outputs := f.works()
	if file := f.read("myinfluxdb.yml"); outputs["client_id"] != "influxctl" || !strings.Contains(file, "identityProvider: keycloak\n") {
		t.Errorf("%v\n%s", outputs, file)
	}
}

// exampleDomain is the tenant of the examples for Auth0.
const exampleDomain = "example.eu.auth0.com"

// The examples for Entra ID and Auth0 are the quickstart with another provider and
// another home; Auth0's has an API more.
func TestExamplesAreTheQuickstart(t *testing.T) {
	lines := func(name string) map[string]bool {
		text := example(t, name).read("influxdb.idp.hcl")
		out := map[string]bool{}
		for line := range strings.Lines(strings.NewReplacer("tenant", "realm", "= \""+name+"\"", "= \"quickstart\"").Replace(text)) {
			code, _, _ := strings.Cut(line, "#")
			if words := strings.Join(strings.Fields(code), " "); words != "" {
				out[words] = true
			}
		}
		return out
	}
	quick := lines("quickstart")
	for name, more := range map[string][]string{
		"entra": {`provider "entra" {}`, `domain = "example.com"`},
		"auth0": {
			`provider "auth0" {}`, `domain = "` + exampleDomain + `"`, `api "influxdb" {`, `identifier = "https://influxdb.example.com"`, "api = api.influxdb",
			`output "audience" {`, "value = api.influxdb.identifier",
		},
	} {
		have := lines(name)
		for line := range quick {
			if !have[line] && line != `provider "keycloak" {}` && line != `display_name = "InfluxDB Clustered"` {
				t.Errorf("examples/%s lacks %s", name, line)
			}
		}
		for line := range have {
			if !quick[line] && !slices.Contains(more, line) {
				t.Errorf("examples/%s has %s", name, line)
			}
		}
		if example(t, name).read("myinfluxdb.yml") != example(t, "quickstart").read("myinfluxdb.yml") {
			t.Errorf("examples/%s: the AppInstance is another one", name)
		}
	}
}

// The example gives what InfluxDB's page on Entra ID asks for, and a token that
// the cluster takes.
func TestEntraExample(t *testing.T) {
	tn := newTenant(t, entra.Options{})
	f := example(t, "entra", tn.environ(entraSecret)...)
	where := "provider.entra signs in at " + tn.url + "/ and takes " + tn.url + " for Microsoft Graph."
	if said := strings.Join(strings.Fields(f.must(0, "plan")), " "); !strings.HasPrefix(said, where) {
		t.Errorf("the plan does not begin with where it goes: %s", said)
	}
	outputs := f.works()
	text := func(name string) string { s, _ := outputs[name].(string); return s }
	file := f.read("myinfluxdb.yml")
	issuer := tn.url + "/" + entra.DefaultTenantID
	jwks := issuer + "/discovery/v2.0/keys"
	for _, want := range []string{"identityProvider: azure\n", "jwksEndpoint: " + jwks + "\n", "email: marty@example.com\n", "name: admin-dsn\n"} {
		if !strings.Contains(file, want) {
			t.Errorf("the AppInstance lacks %s:\n%s", want, file)
		}
	}
	if text("issuer") != issuer+"/v2.0" || text("device_url") != issuer+"/oauth2/v2.0/devicecode" || text("token_url") != issuer+"/oauth2/v2.0/token" {
		t.Errorf("%v", outputs)
	}
	// As influxctl does with scopes = ["CLIENT_ID/.default"].
	martySignsIn(t, f, outputs, tn.certificate, jwks, url.Values{"scope": {text("client_id") + "/.default"}}, oidc.Expectation{SubjectClaim: "oid"})
	if v := tn.Violations(); len(v) > 0 {
		t.Errorf("requests that Graph does not take: %+v", v)
	}
}

// The example gives what InfluxDB's page on Auth0 asks for, and a token that the
// cluster takes.
func TestAuth0Example(t *testing.T) {
	tn := newAuth0Tenant(t, auth0.Options{Quota: auth0.FreeQuota()})
	f := example(t, "auth0", tn.environ()...)
	f.replace("influxdb.idp.hcl", exampleDomain, tn.domain)
	said := strings.Join(strings.Fields(f.must(0, "plan")), " ")
	for _, want := range []string{
		"provider.auth0: about 6 requests.",
		"What somebody else changed at provider.auth0 within the last 60 s may be missing",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the plan does not say %q:\n%s", want, said)
		}
	}
	outputs := f.works()
	issuer := "https://" + tn.domain + "/"
	jwks := issuer + ".well-known/jwks.json"
	file := f.read("myinfluxdb.yml")
	for _, want := range []string{"identityProvider: auth0\n", "jwksEndpoint: " + jwks + "\n", "- id: auth0|", "email: marty@example.com\n", "name: admin-dsn\n"} {
		if !strings.Contains(file, want) {
			t.Errorf("the AppInstance lacks %s:\n%s", want, file)
		}
	}
	const audience = "https://influxdb.example.com"
	if outputs["issuer"] != issuer || outputs["device_url"] != issuer+"oauth/device/code" || outputs["token_url"] != issuer+"oauth/token" || outputs["audience"] != audience {
		t.Errorf("%v", outputs)
	}
	// As influxctl does with parameters = { audience = "…" }.
	martySignsIn(t, f, outputs, tn.certificate, jwks, url.Values{"audience": {audience}}, oidc.Expectation{SubjectClaim: "sub", Audience: audience})
}

// martySignsIn signs in through the device flow with the outputs of an example and
// what else influxctl is to ask with, and demands that the cluster takes the token.
func martySignsIn(t *testing.T, f *folder, outputs map[string]any, certificate *localca.Certificate, jwks string, more url.Values, want oidc.Expectation) {
	t.Helper()
	text := func(name string) string { s, _ := outputs[name].(string); return s }
	hc := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: certificate.Pool, MinVersion: tls.VersionTLS12}}}
	t.Cleanup(hc.CloseIdleConnections)
	post := func(address string, form url.Values) map[string]any {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer := map[string]any{}
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", address, resp.Status, answer)
		}
		return answer
	}
	form := url.Values{"client_id": {text("client_id")}}
	maps.Copy(form, more)
	device := post(text("device_url"), form)
	page, _ := device["verification_uri"].(string)
	code, _ := device["user_code"].(string)
	password := f.firstPassword("marty@example.com")
	if err := formclient.SignIn(t.Context(), hc, page, formclient.Credentials{
		Username: "marty@example.com", Password: password, NewPassword: password + "2", UserCode: code,
	}); err != nil {
		t.Fatal(err)
	}
	deviceCode, _ := device["device_code"].(string)
	token, _ := post(text("token_url"), url.Values{
		"client_id": {text("client_id")}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {deviceCode},
	})["access_token"].(string)
	keys, err := (&oidc.Client{HTTP: hc}).FetchJWKS(t.Context(), jwks)
	if err != nil {
		t.Fatal(err)
	}
	want.AdminIDs = map[string]string{}
	byMail, _ := outputs["admins"].(map[string]any)
	for mail, id := range byMail {
		s, _ := id.(string)
		want.AdminIDs[s] = mail
	}
	want.OnlyID, _ = byMail["marty@example.com"].(string)
	want.Issuer, want.ClientID = text("issuer"), text("client_id")
	for _, check := range oidc.VerifyAccessToken(resource.NewSecret(token), keys, want) {
		if check.Status == oidc.Failed {
			t.Errorf("the cluster would not take the token: %s: %s (%s)", check.Name, check.Value, check.Hint)
		}
	}
}

// The configurations of the README give the AppInstances that stand beside
// them.
func TestReadme(t *testing.T) {
	raw, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	fences := func(language string) []string {
		var out []string
		for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(raw), -1) {
			out = append(out, m[1])
		}
		return out
	}
	configurations, sections := fences("hcl"), fences("yaml")
	if len(configurations) != 3 || len(sections) != 3 {
		t.Fatalf("%d configurations and %d sections", len(configurations), len(sections))
	}
	try := func(i int, server string, environ []string, replace ...string) {
		t.Helper()
		f := &folder{TB: t, dir: t.TempDir(), environ: environ}
		if err := os.WriteFile(filepath.Join(f.dir, "influxdb.idp.hcl"), []byte(strings.NewReplacer(replace...).Replace(configurations[i])), 0o600); err != nil {
			t.Fatal(err)
		}
		f.works()
		want := strings.NewReplacer(append(replace, "https://login.microsoftonline.com", server)...).Replace(sections[i])
		ids := regexp.MustCompile(`(?m)id: .*$`)
		got := f.read("myinfluxdb.yml")
		for line := range strings.Lines(ids.ReplaceAllString(want, "id: ")) {
			if !strings.Contains(ids.ReplaceAllString(got, "id: "), strings.TrimRight(line, "\n")) {
				t.Errorf("the README's %q is not in\n%s", line, got)
			}
		}
	}

	server := httptest.NewServer(emulator.New(emulator.Options{AdminUser: "admin", AdminPassword: "admin"}))
	t.Cleanup(server.Close)
	try(0, "", []string{"KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin"}, "https://sso.example.com", server.URL)

	tn := newTenant(t, entra.Options{})
	tn.AddUser(map[string]any{"userPrincipalName": "brown@example.com", "mail": "brown@example.com", "givenName": "Emmett", "surname": "Brown", "displayName": "Emmett"})
	tn.Settle()
	try(1, tn.url, tn.environ(entraSecret), "TENANT_ID", entra.DefaultTenantID)

	at := newAuth0Tenant(t, auth0.Options{})
	at.AddUser(map[string]any{"email": "brown@example.com", "given_name": "Emmett", "family_name": "Brown", "email_verified": true})
	try(2, "", at.environ(), exampleDomain, at.domain)
}
