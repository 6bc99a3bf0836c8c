package cli_test

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/providers"
	provider "github.com/idpctl/idpctl/providers/keycloak"
	"github.com/idpctl/idpctl/providers/oidc"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"idpctl": func() {
			os.Exit(cli.Main(context.Background(), os.Args[1:], &cli.Env{
				Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(),
				Providers: []providers.Provider{provider.New(), oidc.New()}, Version: "1.2.3", Exit: os.Exit,
			}))
		},
	})
}

// TestScripts runs the commands as a user types them, each script against an
// emulator of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			server := httptest.NewServer(keycloak.New(keycloak.Options{AdminUser: "admin", AdminPassword: "admin"}))
			env.Defer(server.Close)
			env.Setenv("KEYCLOAK_URL", server.URL)
			env.Setenv("ESC", "a\x1b[2Jb") // clears a terminal
			env.Setenv("KEYCLOAK_USER", "admin")
			env.Setenv("KEYCLOAK_PASSWORD", "admin")
			return nil
		},
	})
}
