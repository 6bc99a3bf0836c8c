//go:build !keycloak

package e2e

import (
	"testing"

	emulator "github.com/idpctl/idpctl/emulator/keycloak"
)

// targets are the emulators.
func targets(testing.TB) []*target {
	on := onKeycloak("admin", "admin")
	on.name, on.handler = "keycloak emulator", emulator.New(emulator.Options{})
	return []*target{on}
}
