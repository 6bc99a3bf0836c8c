package e2e

import (
	"strings"
	"testing"
)

// What to write instead is said although another provider has a block or an argument
// of that name, as the program knows all of them.
func TestWhatToWriteInstead(t *testing.T) {
	keycloak := `provider "keycloak" {
  url = "https://sso.example.com"
}
realm "r" {}
`
	entra := `provider "entra" {
  tenant_id = "00000000-0000-0000-0000-000000000001"
}
tenant "t" {
  domain = "example.com"
}
`
	user := func(home, line string) string {
		return "user \"u\" {\n  " + home + "\n  email = \"u@example.com\"\n  first_name = \"U\"\n  last_name = \"U\"\n  " + line + "\n}\n"
	}
	for name, test := range map[string]struct{ hcl, want string }{
		"an api in Keycloak":       {keycloak + "api \"a\" {\n  realm = realm.r\n}\n", "Leave it out: Keycloak's access tokens need none."},
		"a realm in Entra ID":      {entra + "realm \"r\" {}\n", "Write tenant, with its domain."},
		"Entra ID's user name":     {keycloak + user("realm = realm.r", `user_principal_name = "u"`), "Write username."},
		"Keycloak's user name":     {entra + user("tenant = tenant.t", `username = "u"`), "Write user_principal_name."},
		"Auth0's way to block":     {entra + user("tenant = tenant.t", `blocked = true`), "a user of Microsoft Entra ID has no such attribute."},
		"Terraform's resource":     {entra + "resource_server \"a\" {}\n", "Write api."},
		"something of nobody's":    {entra + user("tenant = tenant.t", `shoe_size = 7`), `An argument named "shoe_size" is not expected`},
		"a home of another server": {keycloak + user("tenant = realm.r", ""), "Write realm"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newMistaken(t, "")
			w.providers = registry()
			w.write("main.idp.hcl", test.hcl)
			p := w.run("validate")
			if said := strings.Join(strings.Fields(p.out+p.errOut), " "); p.code != 1 || !strings.Contains(said, test.want) {
				t.Errorf("exit code %d, without %q:\n%s%s", p.code, test.want, p.out, p.errOut)
			}
		})
	}
}
