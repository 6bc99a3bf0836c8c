// Command idpctl sets up the identity provider of an InfluxDB Clustered
// installation from HCL files. It is the registry of providers and os.Exit;
// everything else is in internal/cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/auth0"
	"github.com/idpctl/idpctl/providers/entra"
	"github.com/idpctl/idpctl/providers/keycloak"
	"github.com/idpctl/idpctl/providers/oidc"
)

// version is set by the linker for a release (-X main.version=…); else it is the
// next release's.
var version = "0.1.0-dev"

// A run is short, and sweeping the heap was a quarter of its work: it may grow to
// several times what is in use, up to a size from which on memory counts more.
// GOGC and GOMEMLIMIT override.
const (
	gcPercent   = 800
	memoryLimit = 512 << 20
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	os.Exit(cli.Main(context.Background(), os.Args[1:], &cli.Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(),
		Providers:  []providers.Provider{keycloak.New(), entra.New(), auth0.New(), oidc.New()},
		Version:    version,
		Interrupts: interrupts,
		Exit:       os.Exit,
		Browse:     cli.Browse,
	}))
}
