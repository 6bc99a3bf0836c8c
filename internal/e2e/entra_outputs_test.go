//go:build !keycloak

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/entra"
)

// TestEntraSecretsInOutputs: all commands in all formats, with the log of requests,
// and all files that they leave hold no secret, whether the run succeeds or not.
func TestEntraSecretsInOutputs(t *testing.T) {
	tn := newTenant(t, entra.Options{})
	f := example(t, "entra", tn.environ(entraSecret, "IDPCTL_LOG=debug", "IDPCTL_VAR_password="+entraCanary)...)
	f.replace("influxdb.idp.hcl", "cluster \"production\" {", `variable "password" {
  type      = string
  sensitive = true
}

user "biff" {
  tenant           = tenant.influxdb
  email            = "biff@example.com"
  initial_password = var.password
}

output "password" {
  value     = var.password
  sensitive = true
}

cluster "production" {`)
	secrets := []string{entraCanary, entra.DefaultClientSecret, "eyJ"} // a JWT begins with that
	said := map[string]string{}
	run := func(f *folder, name string, code int, args ...string) {
		t.Helper()
		r := f.idpctl(args...)
		if r.code != code {
			t.Errorf("idpctl %s: %s", strings.Join(args, " "), r)
		}
		said[name+strings.Join(args, " ")] = r.stdout + r.stderr
	}
	wrong := example(t, "entra", tn.environ("AZURE_CLIENT_SECRET="+entraCanary, "IDPCTL_LOG=debug")...)
	for _, args := range [][]string{{"plan"}, {"plan", "-json"}, {"apply", "-auto-approve", "-json"}} {
		run(wrong, "wrong secret: ", 1, args...)
	}
	run(f, "", 0, "validate", "-json")
	run(f, "", 0, "plan")
	run(f, "", 0, "plan", "-json")
	run(f, "", 0, "providers", "permissions")
	run(f, "", 0, "apply", "-auto-approve", "-json", "-credentials-out="+credentialsFile)
	var delivered struct {
		Credentials []struct{ Password string }
	}
	if err := json.Unmarshal([]byte(f.read(credentialsFile)), &delivered); err != nil || len(delivered.Credentials) != 2 {
		t.Fatalf("%v, %d first passwords", err, len(delivered.Credentials))
	}
	for _, c := range delivered.Credentials {
		secrets = append(secrets, c.Password)
	}
	for _, args := range []string{
		"plan", "plan -json", "plan -refresh=false", "show", "show -json", "output", "state list", "verify -no-sign-in", "verify -no-sign-in -json",
		"apply -auto-approve", "destroy -auto-approve",
	} {
		run(f, "", 0, strings.Fields(args)...)
	}
	for _, dir := range []string{f.dir, wrong.dir} {
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() && e.Name() != credentialsFile {
				raw, readErr := os.ReadFile(path)
				said[path], err = string(raw), readErr
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	requests := 0
	for where, text := range said {
		requests += strings.Count(text, "/v1.0/")
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%.6s… is told by %s", secret, where)
			}
		}
	}
	if requests == 0 {
		t.Error("no request was logged: the test shows less than it says")
	}
}
