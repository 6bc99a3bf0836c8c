//go:build keycloak

package e2e

import (
	"net/url"
	"os"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
)

// targets is a real Keycloak.
func targets(t testing.TB) []*target {
	t.Helper()
	setting := func(name string) string {
		v := os.Getenv(name)
		if v == "" {
			t.Fatalf("%s is not set: run these tests with `make test-keycloak`", name)
		}
		return v
	}
	on := onKeycloak(setting("IDPCTL_TEST_KEYCLOAK_USER"), setting("IDPCTL_TEST_KEYCLOAK_PASSWORD"))
	address, err := url.Parse(setting("IDPCTL_TEST_KEYCLOAK"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := fault.NewProxy(address)
	t.Cleanup(proxy.Close)
	on.name, on.handler = "keycloak", proxy
	return []*target{on}
}
