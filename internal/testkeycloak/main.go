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
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"
)

// The variables that tell a test where the server is.
const (
	envURL      = "IDPCTL_TEST_KEYCLOAK"
	envUser     = "IDPCTL_TEST_KEYCLOAK_USER"
	envPassword = "IDPCTL_TEST_KEYCLOAK_PASSWORD"
	envCache    = "IDPCTL_CACHE"
)

func main() {
	// The kernel stops the server when the thread that started it ends
	// (see attributes in process_linux.go): this one ends with the program.
	runtime.LockOSThread()
	os.Exit(run(os.Args[1:], os.Stderr))
}

// run is the program; it returns the exit code, which is 1 for errors of its own.
func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("testkeycloak", flag.ContinueOnError)
	flags.SetOutput(stderr)
	logFile := flags.String("log", "", "keep the server's log in this `file`")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: testkeycloak [-log FILE] -- COMMAND [ARGUMENT...]")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return 2
	}
	say := func(format string, a ...any) { fmt.Fprintf(stderr, "testkeycloak: "+format+"\n", a...) }

	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	env := os.Environ()
	if os.Getenv(envURL) == "" {
		started := time.Now()
		srv, err := prepare(ctx, say)
		if err != nil {
			say("%v", err)
			return 1
		}
		defer func() {
			if err := srv.close(*logFile); err != nil {
				say("%v", err)
			}
		}()
		if err := srv.wait(ctx); err != nil {
			say("%v", err)
			return 1
		}
		say("Keycloak %s is at %s after %.0f s", version, srv.url, time.Since(started).Seconds())
		env = append(slices.DeleteFunc(env, isOurs), envURL+"="+srv.url, envUser+"="+srv.user, envPassword+"="+srv.password)
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, stopSignals()...)
	defer signal.Stop(signals)
	if ctx.Err() != nil {
		say("interrupted")
		return 1
	}
	stop() // from here on the command decides on signals
	code, err := command(flags.Args(), env, signals)
	if err != nil {
		say("%v", err)
		return 1
	}
	return code
}

func isOurs(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return name == envURL || name == envUser || name == envPassword
}

// prepare makes sure that there is a distribution to run, and starts a server.
func prepare(ctx context.Context, say func(string, ...any)) (*server, error) {
	java, err := findJava(ctx)
	if err != nil {
		return nil, err
	}
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	sweep(cache)
	home, err := install(ctx, cache, java, say)
	if err != nil {
		return nil, err
	}
	return start(cache, home, java)
}

func cacheDir() (string, error) {
	dir := os.Getenv(envCache)
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("there is no place to keep Keycloak: set %s to a folder: %w", envCache, err)
		}
		dir = filepath.Join(user, "idpctl-test")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// sweep removes the folders of runs that were killed more than a day ago.
func sweep(cache string) {
	for _, pattern := range []string{"run-*", "install-*.tmp"} {
		old, _ := filepath.Glob(filepath.Join(cache, pattern)) // the pattern is right
		for _, dir := range old {
			if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
				_ = os.RemoveAll(dir) // the next run tries again
			}
		}
	}
}

// grace is how long a process may take to end after it was asked to.
const grace = 30 * time.Second

// command runs the command with signals passed on, and returns its exit code.
func command(args, env []string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting the command: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	// Ctrl-C on a terminal reaches the command without our help.
	terminal := term.IsTerminal(int(os.Stdin.Fd()))
	var kill <-chan time.Time
	for {
		select {
		case sig := <-signals:
			if sig != os.Interrupt || !terminal {
				_ = cmd.Process.Signal(sig) // it may have ended just now
			}
			if kill == nil {
				kill = time.After(grace)
			}
		case <-kill:
			_ = cmd.Process.Kill()
		case err := <-done:
			return exitCode(err)
		}
	}
}

// exitCode is that of an ended command: 128 + n after signal n, as shells say it.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if code := exit.ExitCode(); code >= 0 {
		return code, nil
	}
	return signalCode(exit), nil
}
