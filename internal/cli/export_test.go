package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/oidc"
)

// Client and users are found by what a cluster block would take, and not by what only
// the kinds of some providers have.
func TestExportFindsWhatAClusterTakes(t *testing.T) {
	dir := t.TempDir()
	text := `
provider "oidc" {
  issuer = "https://sso.example.com"
}
data "realm" "sso" {}
data "client" "influxctl" {
  realm = data.realm.sso
}
data "user" "jane" {
  realm      = data.realm.sso
  id         = "subject-of-jane"
  email      = "jane@example.com"
  first_name = "Jane"
  last_name  = "Doe"
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.idp.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	alone := []providers.Provider{oidc.New()}
	module, diags := run.Load(run.Options{Dir: dir, Providers: alone, ValidateOnly: true})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	source, diags := run.ExportSource(module, alone, "", "")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, want := range []string{"client = data.client.influxctl\n", "admins = [data.user.jane]\n"} {
		if !strings.Contains(string(source.Text), want) {
			t.Errorf("the cluster block has no %q:\n%s", want, source.Text)
		}
	}
}
