package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
)

const entraCanary = "Canary-Passw0rd-7"

// TestEntraSecrets: neither a password, nor the secret, nor a token is in the
// state, in what a run logs, or in what it says when it fails.
func TestEntraSecrets(t *testing.T) {
	const hcl = `
user "m" {
  tenant           = tenant.contoso
  email            = "m@example.com"
  initial_password = "` + entraCanary + `"
}
user "g" {
  tenant            = tenant.contoso
  email             = "g@example.com"
  generate_password = true
}
`
	for name, roles := range map[string][]string{"done": nil, "refused": {"Organization.Read.All", "User.Read.All"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newEntraTenant(t, emulator.Options{Roles: roles}, hcl)
				var mu sync.Mutex
				var told strings.Builder
				d.opts.Log = func(l providers.RequestLog) {
					mu.Lock()
					defer mu.Unlock()
					fmt.Fprintf(&told, "%+v\n", l)
				}
				s, diags := d.try(plan.Normal)
				if (roles != nil) != (diags.HasErrors() || s == nil || !s.OK()) {
					t.Fatalf("%v %+v", diags, s)
				}
				fmt.Fprintf(&told, "%v %+v\n", diags, s)
				files, err := filepath.Glob(filepath.Join(d.dir, "idpctl.*"))
				if err != nil || roles == nil && len(files) == 0 {
					t.Fatal(files, err)
				}
				for _, f := range files {
					raw, err := os.ReadFile(f)
					if err != nil {
						t.Fatal(err)
					}
					told.Write(raw)
				}
				secrets := []string{entraCanary, emulator.DefaultClientSecret, "eyJ"} // a JWT begins with that
				for _, list := range d.delivered {
					secrets = append(secrets, list...)
				}
				if roles == nil && len(secrets) < 4 {
					t.Error("no password was delivered")
				}
				for _, secret := range secrets {
					if strings.Contains(told.String(), secret) {
						t.Errorf("%.6s… is told", secret)
					}
				}
			})
		})
	}
}
