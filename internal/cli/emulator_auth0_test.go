package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/internal/testemulator"
)

// What the command prints is enough to get a token and ask the Management API,
// over TLS that is checked; when it ends, a temporary certificate is gone.
func TestEmulatorAuth0(t *testing.T) {
	for _, named := range []bool{true, false} {
		args := []string{"-plan", "free", "-connection", "influx"}
		if named {
			args = append(args, "-ca-out", filepath.Join(t.TempDir(), "ca.pem"))
		}
		e := testemulator.Start(t, "auth0", args...)
		env, client, base := e.Env, e.Client, "https://"+e.Env["AUTH0_DOMAIN"]
		if env["SSL_CERT_FILE"] != env["AUTH0_CA_FILE"] {
			t.Errorf("two certificates: %v", env)
		}
		resp, err := client.PostForm(base+"/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {env["AUTH0_CLIENT_ID"]},
			"client_secret": {env["AUTH0_CLIENT_SECRET"]}, "audience": {base + "/api/v2/"}})
		if err != nil {
			t.Fatal(err)
		}
		var token struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&token); err != nil || token.AccessToken == "" {
			t.Fatalf("token: %s %v", resp.Status, err)
		}
		resp.Body.Close()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/v2/connections?name=influx", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token.AccessToken)
		if resp, err = client.Do(req); err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), `"name":"influx"`) || resp.Header.Get("x-ratelimit-limit") != "2" {
			t.Errorf("connections: %s %s", resp.Status, body)
		}
		e.Stop()
		if _, err := os.Stat(env["AUTH0_CA_FILE"]); (err == nil) != named {
			t.Errorf("the certificate afterwards: %v", err)
		}
	}
}

// What it does not take, and where it is named.
func TestEmulatorAuth0Refuses(t *testing.T) {
	for args, want := range map[string]string{
		"emulator auth0 -plan gold":               `-plan: write free or essentials, not "gold"`,
		"emulator auth0 -listen 0.0.0.0:0":        "serves this machine only",
		"emulator auth0 -ca-out /nowhere/at/all":  "Cannot write the certificate",
		"emulator auth0 -listen 192.0.2.1":        "write it as HOST:PORT",
		"emulator -help":                          "auth0       Run an Auth0 emulator",
		"emulator auth0 -listen 127.0.0.1:999999": "Cannot listen",
	} {
		var out bytes.Buffer
		code := cli.Main(t.Context(), strings.Fields(args), &cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Version: "test"})
		if said := out.String(); !strings.Contains(said, want) || (code == 0) != strings.HasSuffix(args, "-help") {
			t.Errorf("%s: %d\n%s\nwant %q", args, code, said, want)
		}
	}
}
