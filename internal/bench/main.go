package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
)

// The variables in which internal/testkeycloak tells where the server is.
const (
	envURL      = "IDPCTL_TEST_KEYCLOAK"
	envUser     = "IDPCTL_TEST_KEYCLOAK_USER"
	envPassword = "IDPCTL_TEST_KEYCLOAK_PASSWORD"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == measureCommand {
		os.Exit(measureChild(os.Args[2:], os.Stdout))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	missed, strict, err := run(ctx, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	case missed > 0 && strict:
		os.Exit(1)
	}
}

// run measures all that the flags ask for, and returns how many targets were
// missed.
func run(ctx context.Context, args []string) (missed int, strict bool, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	idpctl := flags.String("idpctl", "bin/idpctl", "the `program` to measure")
	quick := flags.Bool("quick", false, "100 users only")
	flags.BoolVar(&strict, "strict", false, "exit with 1 when a target is missed")
	only := flags.String("only", "", "measure one `provider`, keycloak, entra or auth0, instead of all")
	verbose := flags.Bool("v", false, "tell each run and the requests that it sent")
	if err := flags.Parse(args); err != nil {
		return 0, false, err
	}
	if flags.NArg() > 0 {
		return 0, false, fmt.Errorf("there are no arguments, only flags: %q", flags.Args())
	}
	if !slices.Contains([]string{"", "keycloak", "entra", "auth0"}, *only) {
		return 0, false, fmt.Errorf("-only: there is keycloak, entra and auth0, and no %q", *only)
	}
	measures := func(provider string) bool { return *only == "" || *only == provider }
	server, user := os.Getenv(envURL), os.Getenv(envUser)
	if measures("keycloak") && (server == "" || user == "") {
		return 0, false, fmt.Errorf("%s, %s and %s say which Keycloak to measure with; `make bench` starts one, and -only entra and -only auth0 need none", envURL, envUser, envPassword)
	}
	bin, err := filepath.Abs(*idpctl)
	if err != nil {
		return 0, false, err
	}
	if _, err := os.Stat(bin); err != nil {
		return 0, false, fmt.Errorf("there is no idpctl to measure, build it first: %w", err)
	}
	b := &bench{say: func(format string, a ...any) { fmt.Fprintf(os.Stderr, format+"\n", a...) }, verbose: *verbose}
	if b.dir, err = os.MkdirTemp("", "idpctl-bench-*"); err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := b.version(ctx, command{bin: bin, env: childEnv(os.Environ())}); err != nil {
		return 0, false, err
	}
	if measures("entra") {
		if err := b.entra(ctx, bin, *quick); err != nil {
			return 0, false, err
		}
	}
	if measures("auth0") {
		if err := b.auth0(ctx, bin, *quick); err != nil {
			return 0, false, err
		}
	}
	if measures("keycloak") {
		if err := b.keycloak(ctx, bin, server, user, os.Getenv(envPassword), *quick); err != nil {
			return 0, false, err
		}
	}
	missed = writeTable(os.Stdout, b.results)
	return missed, strict, nil
}
