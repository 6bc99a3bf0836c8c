package auth0

import (
	"context"
	"testing"
	"testing/synctest"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/providers"
)

// A user whose e-mail was never confirmed is found with the scopes that are said to
// be needed to look users up.
func TestPermissionsToLookUsersUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var scopes []string
		for _, p := range permissions() {
			if p.Kind == "" || p.Kind == "user" && !p.Managed && len(p.Attributes) == 0 {
				scopes = append(scopes, p.Name)
			}
		}
		server := emulator.New(emulator.Options{Domain: testDomain, Scopes: scopes})
		server.AddUser(map[string]any{"email": "brown@example.com"})
		found, err := connect(t, server, Options{}, nil).List(context.Background(), providers.Query{
			Kind: "user", Parent: testDomain, Keys: []map[string]string{{"email": "brown@example.com"}},
		})
		if err != nil || len(found) != 1 || found[0].Doubts["email"] == "" {
			t.Errorf("%+v, %v", found, err)
		}
	})
}
