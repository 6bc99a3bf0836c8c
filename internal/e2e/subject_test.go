package e2e

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/auth0"
	"github.com/idpctl/idpctl/providers/entra"
	"github.com/idpctl/idpctl/providers/keycloak"
	"github.com/idpctl/idpctl/providers/oidc"
)

// subject is an identity provider in the tests that run on every one of them:
// TestCrash, TestNoSecretAnywhere, TestNoSecretInARun, TestMistakes,
// TestManyMistakes and TestServersThatFail. It is data, and small functions where
// data will not do. A further provider is a file with one row, its lines in subjects
// and registry, and its folders of testdata.
type subject struct {
	// name is the type of the provider's block, and the name of its tests.
	name string
	// secrets are what nothing may tell: those that the emulator knows, and how
	// tokens begin.
	secrets []string
	// mutates says which requests change something at the server.
	mutates func(*http.Request) bool
	// provider reaches the server through a client's connections.
	provider func(client *http.Client) providers.Provider
	// block is the provider's block and that of the home.
	block string
	// crash is what the process dies in.
	crash crash
	// refused is a server that lets idpctl in and lets it do too little, with the
	// blocks that lead to it.
	refused func(t testing.TB) (block string, server emulation)
	// hiding is what must not be told.
	hiding hiding
	// mistaken is a server with things in the way, and mistakes what can be wrong
	// with a configuration that it is asked about.
	mistaken func(t testing.TB) emulation
	mistakes []mistake
	// many are mistakes that are told at once, without a server, and failures the
	// ways in which a server fails.
	many     many
	failures failures
}

// subjects is the table of identity providers.
func subjects() []subject {
	return []subject{
		onKeycloakEmulator(),
		onEntra(),
		onAuth0(),
	}
}

// forEachSubject runs a test on every identity provider.
func forEachSubject(t *testing.T, test func(t *testing.T, s subject)) {
	t.Helper()
	for _, s := range subjects() {
		t.Run(s.name, func(t *testing.T) { test(t, s) })
	}
}

// registry are the providers that there are, as in cmd/idpctl.
func registry() []providers.Provider {
	return []providers.Provider{keycloak.New(), entra.New(), auth0.New(), oidc.New()}
}

// emulation is an emulator, and what tests see in it past its API.
type emulation struct {
	http.Handler
	// objects are all that a configuration may make, one line each: its kind, and
	// its name and members. What was made twice, or is left over, is a line too many.
	objects func(t testing.TB) []string
	// id is that of a user, as tokens have it.
	id func(t testing.TB, email string) string
	// accepts reports whether a password is the one that is set.
	accepts func(t testing.TB, email, password string) bool
}

// direct asks a handler without a network.
type direct struct{ http.Handler }

// RoundTrip implements [http.RoundTripper].
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	d.ServeHTTP(answer, r)
	return answer.Result(), nil
}
