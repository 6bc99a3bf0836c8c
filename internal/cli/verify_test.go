package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/formclient"
	"github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/providers"
	provider "github.com/idpctl/idpctl/providers/keycloak"
)

const verifyConfig = `
provider "keycloak" {}
realm "influxdb" {}
client "influxctl" {
  realm                          = realm.influxdb
  oauth2_device_polling_interval = 1
}
user "marty" {
  realm             = realm.influxdb
  email             = "marty@example.com"
  first_name        = "Marty"
  last_name         = "McFly"
  generate_password = true
}
user "emmett" {
  realm             = realm.influxdb
  email             = "emmett@example.com"
  first_name        = "Emmett"
  last_name         = "Brown"
  generate_password = true
}
cluster "production" {
  client = client.influxctl
  admins = [user.marty, user.emmett]
  appinstance {
    path = "app.yml"
  }
}
`

// installation is an emulated Keycloak and a configuration that was applied.
type installation struct {
	*testing.T
	url, dir string
	handler  *wrapped
}

// wrapped stands before the emulator; before may answer in its place.
type wrapped struct {
	http.Handler
	mu     sync.Mutex
	before func(http.ResponseWriter, *http.Request) bool
}

func (h *wrapped) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	before := h.before
	h.mu.Unlock()
	if before == nil || !before(rw, r) {
		h.Handler.ServeHTTP(rw, r)
	}
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	in := &installation{T: t, dir: t.TempDir(), handler: &wrapped{Handler: keycloak.New(keycloak.Options{AdminUser: "admin", AdminPassword: "admin"})}}
	server := httptest.NewServer(in.handler)
	t.Cleanup(server.Close)
	in.url = server.URL
	const app = "apiVersion: kubecfg.dev/v1alpha1\nkind: AppInstance\nmetadata:\n  name: influxdb\nspec:\n  package:\n    spec:\n      admin:\n        dsn:\n          value: x\n"
	for name, text := range map[string]string{"main.idp.hcl": verifyConfig, "app.yml": app} {
		if err := os.WriteFile(filepath.Join(in.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, said := in.idpctl(t.Context(), nil, "apply", "-auto-approve", "-credentials-out=first.json"); code != 0 {
		t.Fatal(said)
	}
	return in
}

// idpctl runs a command, which speaks to a person; nil for nobody.
func (in *installation) idpctl(ctx context.Context, p *person, args ...string) (code int, said string) {
	if p == nil {
		p = &person{}
	}
	code = cli.Main(ctx, append([]string{"-chdir=" + in.dir}, args...), &cli.Env{
		Stdin: strings.NewReader(""), Stdout: p, Stderr: p, Version: "test", Providers: []providers.Provider{provider.New()},
		Environ: []string{"KEYCLOAK_URL=" + in.url, "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin"},
		Browse:  func(string) error { in.Error("a browser is opened without a terminal"); return nil },
	})
	return code, p.String()
}

func (in *installation) password(user string) string {
	in.Helper()
	raw, err := os.ReadFile(filepath.Join(in.dir, "first.json"))
	if err != nil {
		in.Fatal(err)
	}
	var file struct {
		Credentials []struct{ Username, Password string }
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		in.Fatal(err)
	}
	for _, c := range file.Credentials {
		if c.Username == user {
			return c.Password
		}
	}
	in.Fatalf("%s has no first password", user)
	return ""
}

// person reads what a command says and signs in at the first address with a code
// in it.
type person struct {
	bytes.Buffer
	signIn func(page string) error
	wait   sync.WaitGroup
	once   sync.Once
	err    error
}

func (p *person) Write(b []byte) (int, error) {
	n, err := p.Buffer.Write(b)
	for _, word := range strings.Fields(p.String()) {
		if p.signIn != nil && strings.HasPrefix(word, "http") && strings.Contains(word, "user_code=") {
			p.once.Do(func() { p.wait.Go(func() { p.err = p.signIn(word) }) })
		}
	}
	return n, err
}

// verify runs verify while somebody signs in, and returns all that was said.
func (in *installation) verify(user string, args ...string) (code int, said string) {
	in.Helper()
	ctx, cancel := context.WithTimeout(in.Context(), time.Minute)
	defer cancel()
	p := &person{}
	p.signIn = func(page string) error {
		err := formclient.SignIn(ctx, nil, page, formclient.Credentials{Username: user, Password: in.password(user), NewPassword: in.password(user) + "2"})
		if err != nil {
			cancel()
		}
		return err
	}
	code, _ = in.idpctl(ctx, p, append([]string{"verify"}, args...)...)
	p.wait.Wait()
	if p.err != nil {
		in.Fatal(p.err)
	}
	return code, p.String()
}

// admin sends a request to the admin API.
func (in *installation) admin(method, path, body string) {
	in.Helper()
	resp, err := http.PostForm(in.url+"/realms/master/protocol/openid-connect/token", url.Values{"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {"admin"}, "password": {"admin"}})
	if err != nil {
		in.Fatal(err)
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(resp.Body).Decode(&token)
	resp.Body.Close()
	if err != nil {
		in.Fatal(err)
	}
	req, err := http.NewRequestWithContext(in.Context(), method, in.url+"/admin/realms/influxdb"+path, strings.NewReader(body))
	if err != nil {
		in.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token.AccessToken)
	req.Header.Set("Content-Type", "application/json")
	if resp, err = http.DefaultClient.Do(req); err != nil {
		in.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode >= 300 {
		in.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

// id is what the cluster's file calls a user.
func (in *installation) id(email string) string {
	in.Helper()
	raw, err := os.ReadFile(filepath.Join(in.dir, "app.yml"))
	if err != nil {
		in.Fatal(err)
	}
	m := regexp.MustCompile(`- id: (\S+)\n(?:.*\n){2}\s+email: ` + regexp.QuoteMeta(email)).FindSubmatch(raw)
	if m == nil {
		in.Fatalf("%s is not in\n%s", email, raw)
	}
	return string(m[1])
}

func expect(t *testing.T, said string, wants ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(said), " ")
	for _, want := range wants {
		if !strings.Contains(flat, want) {
			t.Errorf("%q is missing in:\n%s", want, said)
		}
	}
}

// TestVerifySignsIn: the right person, the wrong one, a session that cannot be
// refreshed, and an admin who was deleted behind idpctl's back.
func TestVerifySignsIn(t *testing.T) {
	t.Run("the right person", func(t *testing.T) {
		in := newInstallation(t)
		code, said := in.verify("marty@example.com", "-user", "Marty@example.com", "-junit=out.xml")
		if code != 0 {
			t.Error("exit code", code)
		}
		expect(t, said, "marty@example.com has to be the one who signs in.", "It should show the code",
			"passed User (sub): marty@example.com ("+in.id("marty@example.com")+")",
			"passed Session: the refresh token gives a new access token, which the cluster would accept too", "27 checks:")
		if strings.ContainsAny(said, "▀▄█\x1b") {
			t.Errorf("a QR code is drawn without a terminal:\n%s", said)
		}
		raw, err := os.ReadFile(filepath.Join(in.dir, "out.xml"))
		if err != nil {
			t.Fatal(err)
		}
		expect(t, string(raw), `<testsuites name="idpctl verify" tests="27" failures="0" errors="0"`, `name="Session (session.refresh)"`)
		if strings.Contains(string(raw), "eyJ") || strings.Contains(said, "eyJ") {
			t.Error("a token is shown")
		}
	})
	t.Run("another person, and no refresh", func(t *testing.T) {
		in := newInstallation(t)
		const secret = "canary-refresh"
		in.handler.before = func(rw http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/realms/influxdb/protocol/openid-connect/token") {
				return false
			}
			raw, err := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(raw))
			form, _ := url.ParseQuery(string(raw))
			if err != nil || form.Get("grant_type") != "refresh_token" {
				return false
			}
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(rw).Encode(map[string]string{"error": "invalid_grant", "error_description": "\x1b[2J" + secret + form.Get("refresh_token")})
			return true
		}
		code, said := in.verify("emmett@example.com", "-user", "marty@example.com", "-json")
		if code != 1 {
			t.Error("exit code", code)
		}
		expect(t, said, `"id":"token.subject","name":"User (sub)","status":"failed","value":"emmett@example.com (`+in.id("emmett@example.com")+`)"`, "Somebody else signed in",
			`"id":"session.refresh","name":"Session","status":"warned"`, secret+"(sensitive value)")
		if strings.Contains(said, "eyJ") || strings.Contains(said, "\x1b") {
			t.Errorf("not clean: %q", said)
		}
	})
	t.Run("an admin was deleted", func(t *testing.T) {
		in := newInstallation(t)
		in.admin(http.MethodDelete, "/users/"+in.id("emmett@example.com"), "")
		code, said := in.idpctl(t.Context(), nil, "verify", "-no-sign-in")
		if code != 1 {
			t.Error("exit code", code)
		}
		expect(t, said, "failed Admins at the identity provider: not there: user.emmett", "is made by `idpctl apply`")
	})
	t.Run("an admin was disabled", func(t *testing.T) {
		in := newInstallation(t)
		in.admin(http.MethodPut, "/users/"+in.id("emmett@example.com"), `{"enabled":false}`)
		code, said := in.idpctl(t.Context(), nil, "verify", "-no-sign-in")
		if code != 1 {
			t.Error("exit code", code)
		}
		expect(t, said, "failed Admins at the identity provider: cannot sign in: user.emmett", "enable the account")
	})
}

// TestCheckOutput is what a person reads, at 80 columns.
func TestCheckOutput(t *testing.T) {
	in := newInstallation(t)
	code, said := in.idpctl(t.Context(), nil, "check", in.url+"/realms/influxdb/", "-client-id", "influxctl")
	if code != 0 {
		t.Error("exit code", code)
	}
	// The port has five digits, as those that systems choose have.
	port := in.url[strings.LastIndex(in.url, ":")+1:]
	said = strings.ReplaceAll(said, "127.0.0.1:"+port, "127.0.0.1:PPPPP")
	want, err := os.ReadFile(filepath.Join("testdata", "check.golden"))
	if err != nil {
		t.Fatal(err)
	}
	if said != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", said, want)
	}
}
