package e2e

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/plan"
)

// TestEntraMistakes: each is told with its place before anything is changed.
func TestEntraMistakes(t *testing.T) {
	member := func(lines string) string { return "user \"m\" {\n  tenant = tenant.contoso\n" + lines + "\n}\n" }
	for name, c := range map[string]struct {
		hcl  string
		at   string // line and column in main.idp.hcl, "" for none
		says string
	}{
		"a domain that is not verified": {member(`  email = "m@other.example"`), "11:11", "none of the tenant's verified domains"},
		"a name of another domain":      {member("  email = \"m@example.com\"\n  user_principal_name = \"m@other.example\""), "12:25", "set guest = true"},
		"a weak password":               {member("  email = \"m@example.com\"\n  initial_password = \"password\""), "12:22", "too weak"},
		"a guest of one's own":          {member("  email = \"m@example.com\"\n  guest = true"), "11:11", "own domain"},
		"a guest with a password":       {member("  email = \"m@other.example\"\n  guest = true\n  generate_password = true"), "13:23", "no password here"},
		"an invited member":             {member("  email = \"m@example.com\"\n  invite = true"), "12:12", "Only a guest is invited"},
		"another tenant":                {"tenant \"other\" {\n  domain = \"fabrikam.com\"\n}\n", "", "no verified domain"},
		"a realm":                       {"realm \"r\" {}\n", "9:1", "Write tenant"},
		"a name of Keycloak's":          {member("  email = \"m@example.com\"\n  username = \"m\""), "12:3", "Write user_principal_name"},
		"two groups of the name":        {"group \"twins\" {\n  tenant = tenant.contoso\n}\n", "", "Several objects match"},
		"somebody with the e-mail":      {member("  email = \"taken@example.com\"\n  user_principal_name = \"m@example.com\""), "11:11", "Another object is in the way"},
		"nobody there":                  {"data \"user\" \"x\" {\n  tenant = tenant.contoso\n  email = \"nobody@example.com\"\n}\n", "11:11", "nobody@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newEntraTenant(t, emulator.Options{}, c.hcl)
				d.server.AddGroup(map[string]any{"displayName": "twins"})
				d.server.AddGroup(map[string]any{"displayName": "twins"})
				d.server.AddUser(map[string]any{"userPrincipalName": "taken@example.com", "mail": "taken@example.com", "displayName": "Taken", "accountEnabled": true})
				_, diags := d.try(plan.Normal)
				said := diags.Error()
				if !diags.HasErrors() || !strings.Contains(said, c.says) || c.at != "" && !strings.Contains(said, "main.idp.hcl:"+c.at) {
					t.Errorf("told: %s", said)
				}
				if n := d.faults.Mutations(); n > 0 {
					t.Errorf("%d requests changed something", n)
				}
			})
		})
	}
}

// TestEntraSignInIsRefused: what the token endpoint says is explained, and the
// secret is in nothing that is told.
func TestEntraSignInIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		app  emulator.App
		says string
	}{
		"a wrong secret":       {emulator.App{Secret: "another-secret"}, "7000215"},
		"a secret of the past": {emulator.App{SecretExpires: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)}, "7000222"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newEntraTenant(t, emulator.Options{App: c.app}, entraScenario)
				_, diags := d.try(plan.Normal)
				if said := diags.Error(); !strings.Contains(said, "Signing in to Entra ID failed") || strings.Contains(said, emulator.DefaultClientSecret) {
					t.Errorf("told: %s", said)
				}
			})
		})
	}
}
