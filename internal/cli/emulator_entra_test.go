package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/internal/testemulator"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/entra"
)

// What the command prints is enough to get a token and ask Graph, over TLS
// that is checked; when it ends, a temporary certificate is gone.
func TestEmulatorEntra(t *testing.T) {
	for _, named := range []bool{true, false} {
		args := []string{"-verified-domain", "contoso.com"}
		caFile := filepath.Join(t.TempDir(), "ca.pem")
		if named {
			args = append(args, "-ca-out", caFile)
		}
		e := testemulator.Start(t, "entra", args...)
		env := e.Env
		if named && env["SSL_CERT_FILE"] != caFile {
			t.Errorf("SSL_CERT_FILE is %s", env["SSL_CERT_FILE"])
		}
		resp, err := e.Client.PostForm(env["AZURE_AUTHORITY_HOST"]+env["AZURE_TENANT_ID"]+"/oauth2/v2.0/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {env["AZURE_CLIENT_ID"]}, "client_secret": {env["AZURE_CLIENT_SECRET"]},
			"scope": {"https://graph.microsoft.com/.default"}})
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("token: %s %s", resp.Status, body)
		}
		dir, said := t.TempDir(), new(bytes.Buffer)
		if err := os.WriteFile(filepath.Join(dir, "main.idp.hcl"), []byte("provider \"entra\" {}\n\ntenant \"home\" {\n  domain = \"contoso.com\"\n}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code := cli.Main(t.Context(), []string{"-chdir=" + dir, "plan"}, &cli.Env{
			Stdin: strings.NewReader(""), Stdout: said, Stderr: said, Version: "test", Environ: e.Environ(), Providers: []providers.Provider{entra.New()},
		}); code != 0 || !strings.Contains(said.String(), "tenant.home will be adopted") {
			t.Errorf("a plan with what was printed: %d %s", code, said)
		}
		e.Stop()
		if _, err := os.Stat(env["SSL_CERT_FILE"]); (err == nil) != named {
			t.Errorf("the certificate afterwards: %v", err)
		}
	}
}
