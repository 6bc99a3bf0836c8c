// Package testserver is what the commands have in common that run tests next to a
// real server: internal/testkeycloak and internal/testkubernetes. The server lives as
// long as the command that it is for, and the command finds it by its environment.
package testserver

import (
	"bytes"
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
	"sync"
	"time"

	"golang.org/x/term"
)

// EnvCache names the folder in which what is fetched and built is kept.
const EnvCache = "IDPCTL_CACHE"

// Grace is how long a process may take to end after it was asked to.
const Grace = 30 * time.Second

// Say tells the person who waits.
type Say func(format string, args ...any)

// Server is one that was started.
type Server interface {
	// Wait returns when the server answers; if it does not, the error holds the end
	// of its log.
	Wait(context.Context) error
	// Address is where it is, for people.
	Address() string
	// Env are the variables that tell the command about it, NAME=value.
	Env() []string
	// Close stops it and removes what it wrote; its log goes to the file if there is
	// one.
	Close(logFile string) error
}

// Program is a command that runs another one next to a server.
type Program struct {
	// Name of the command, and of the server with its version.
	Name, Server string
	// Present names the variable by which the command finds the server. If it is
	// set already, nothing is started.
	Present string
	// Start begins to start a server; cache is where what it needs is kept.
	Start func(ctx context.Context, cache string, say Say) (Server, error)
}

// Main runs the program and ends the process.
func (p Program) Main() {
	// The kernel stops the server when the thread that started it ends
	// (see Attributes in process_linux.go): this one ends with the program.
	runtime.LockOSThread()
	os.Exit(p.Run(os.Args[1:], os.Stderr))
}

// Run is the program; it returns the exit code, which is 1 for errors of its own.
func (p Program) Run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	logFile := flags.String("log", "", "keep the server's log in this `file`")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: %s [-log FILE] -- COMMAND [ARGUMENT...]\n", p.Name)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return 2
	}
	say := func(format string, a ...any) { fmt.Fprintf(stderr, p.Name+": "+format+"\n", a...) }

	ctx, stop := signal.NotifyContext(context.Background(), StopSignals()...)
	defer stop()
	env := os.Environ()
	if os.Getenv(p.Present) == "" {
		started := time.Now()
		srv, err := p.start(ctx, say)
		if err != nil {
			say("%v", err)
			return 1
		}
		defer func() {
			if err := srv.Close(*logFile); err != nil {
				say("%v", err)
			}
		}()
		if err := srv.Wait(ctx); err != nil {
			say("%v", err)
			return 1
		}
		say("%s is at %s after %.0f s", p.Server, srv.Address(), time.Since(started).Seconds())
		env = with(env, srv.Env())
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, StopSignals()...)
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

func (p Program) start(ctx context.Context, say Say) (Server, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	sweep(cache)
	return p.Start(ctx, cache, say)
}

// with is an environment in which some variables are set.
func with(env, set []string) []string {
	name := func(variable string) string { n, _, _ := strings.Cut(variable, "="); return n }
	rest := slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		return slices.ContainsFunc(set, func(s string) bool { return name(s) == name(v) })
	})
	return append(rest, set...)
}

func cacheDir() (string, error) {
	dir := os.Getenv(EnvCache)
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("there is no place to keep the server: set %s to a folder: %w", EnvCache, err)
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
				kill = time.After(Grace)
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

// Tail is the last lines of a text.
func Tail(s string, lines int) string {
	all := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// Log is what a server writes; several goroutines may use it.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
