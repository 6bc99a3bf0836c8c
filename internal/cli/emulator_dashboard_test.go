package cli_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/testemulator"
)

// Every emulator says where its dashboard is, and it is there.
func TestEmulatorDashboard(t *testing.T) {
	for name, service := range map[string]string{"keycloak": "Keycloak", "entra": "Microsoft Entra ID", "auth0": "Auth0"} {
		e := testemulator.Start(t, name)
		resp, err := e.Client.Get(e.Origin + "/_emulator/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "<h1>"+service+" emulator</h1>") {
			t.Errorf("%s: %s %s", name, resp.Status, body)
		}
	}
}
