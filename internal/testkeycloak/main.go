// Command testkeycloak runs a command next to a real Keycloak server that
// lives as long as the command does:
//
//	go run ./internal/testkeycloak -- go test -tags keycloak ./...
//
// The server's distribution is fetched by Maven the first time, and kept with
// its optimized build in a cache folder: $IDPCTL_CACHE, or idpctl-test in the
// user's cache folder. Every run has a home folder and a database of its own,
// a port that the system chooses on the loopback interface, and a random
// administrator's password. The command finds them in its environment:
//
//	IDPCTL_TEST_KEYCLOAK           the server's URL, without a slash at its end
//	IDPCTL_TEST_KEYCLOAK_USER      the administrator of its master realm
//	IDPCTL_TEST_KEYCLOAK_PASSWORD  and that one's password
//
// If IDPCTL_TEST_KEYCLOAK is set already, nothing is started and the command
// runs with what is there. The exit code is the command's.
package main

import (
	"context"

	"github.com/idpctl/idpctl/internal/testserver"
)

// The variables that tell a test where the server is.
const (
	envURL      = "IDPCTL_TEST_KEYCLOAK"
	envUser     = "IDPCTL_TEST_KEYCLOAK_USER"
	envPassword = "IDPCTL_TEST_KEYCLOAK_PASSWORD"
)

func main() { program().Main() }

func program() testserver.Program {
	return testserver.Program{Name: "testkeycloak", Server: "Keycloak " + version, Present: envURL, Start: prepare}
}

// prepare makes sure that there is a distribution to run, and starts a server.
func prepare(ctx context.Context, cache string, say testserver.Say) (testserver.Server, error) {
	java, err := findJava(ctx)
	if err != nil {
		return nil, err
	}
	home, err := install(ctx, cache, java, say)
	if err != nil {
		return nil, err
	}
	return start(cache, home, java)
}
