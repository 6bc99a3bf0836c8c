//go:build !keycloak

package e2e

import (
	"net/http"
	"testing"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/localca"
)

// auth0Tenant is an emulated tenant of Auth0, over TLS.
type auth0Tenant struct {
	*emulator.Server
	domain, ca  string
	certificate *localca.Certificate
}

func newAuth0Tenant(t testing.TB, opts emulator.Options) *auth0Tenant {
	t.Helper()
	tn := &auth0Tenant{}
	_, tn.ca, tn.certificate = overTLS(t, func(address string) http.Handler {
		opts.Domain, tn.domain = address, address
		tn.Server = emulator.New(opts)
		return tn.Server
	})
	return tn
}

// environ is where the tenant is and who asks.
func (tn *auth0Tenant) environ() []string {
	return []string{
		"AUTH0_DOMAIN=" + tn.domain, "AUTH0_CLIENT_ID=" + emulator.DefaultClientID, "AUTH0_CLIENT_SECRET=" + emulator.DefaultClientSecret, "AUTH0_CA_FILE=" + tn.ca,
	}
}
