//go:build !keycloak

package e2e

import (
	"testing"

	emulator "github.com/idpctl/idpctl/emulator/keycloak"
)

// targets are the emulators.
func targets(testing.TB) []*target {
	on := onKeycloak("admin", "admin")
	on.name, on.handler, on.everyPoint = "keycloak emulator", emulator.New(emulator.Options{}), true
	return []*target{on}
}
