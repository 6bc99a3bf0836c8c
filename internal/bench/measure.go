package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// figures are what one run took.
type figures struct {
	seconds time.Duration
	cpu     time.Duration // user and system; 0 if not measured
	memory  int64         // bytes at the peak; 0 if not measured
	sent
}

// command is idpctl as it is to be run.
type command struct {
	bin string
	env []string
}

// measureCommand is the first argument of this program when it runs another
// one for itself.
const measureCommand = "measure-child"

// measured is what a child told of the process that it ran.
type measured struct {
	Seconds  time.Duration
	CPU      time.Duration
	Memory   int64
	ExitCode int
	Stderr   string
}

// run runs idpctl once. It does so through a child of this program's own: on
// Linux the peak memory of a process begins with that of the one that started
// it, and this one has held thousands of users.
func (c command) run(ctx context.Context, dir string, want int, args ...string) (figures, error) {
	self, err := os.Executable()
	if err != nil {
		return figures{}, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{measureCommand, c.bin}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, c.env, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	out, err := cmd.Output()
	if err != nil {
		return figures{}, fmt.Errorf("idpctl %s: %w", strings.Join(args, " "), err)
	}
	var m measured
	if err := json.Unmarshal(out, &m); err != nil {
		return figures{}, fmt.Errorf("idpctl %s: what was measured cannot be read: %w", strings.Join(args, " "), err)
	}
	if m.ExitCode != want {
		return figures{}, fmt.Errorf("idpctl %s: exit code %d, not %d\n%s", strings.Join(args, " "), m.ExitCode, want, m.Stderr)
	}
	return figures{seconds: m.Seconds, cpu: m.CPU, memory: m.Memory}, nil
}

// with is run with its arguments given beforehand.
func (c command) with(dir string, want int, args ...string) func(context.Context) (figures, error) {
	return func(ctx context.Context) (figures, error) { return c.run(ctx, dir, want, args...) }
}

// measureChild runs a program with its output thrown away, and writes what it
// took. It returns the exit code of its own.
func measureChild(args []string, stdout io.Writer) int {
	var stderr bytes.Buffer
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stderr, cmd.Cancel = &stderr, func() error { return cmd.Process.Signal(os.Interrupt) }
	start := time.Now()
	err := cmd.Run()
	m := measured{Seconds: time.Since(start)}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	m.ExitCode, m.Stderr = cmd.ProcessState.ExitCode(), tail(stderr.String(), 4000)
	m.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	m.Memory = peakMemory(cmd.ProcessState)
	if err := json.NewEncoder(stdout).Encode(m); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

// tail is the end of a text.
func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// childEnv is the environment of idpctl: nothing in it sets something but what
// is measured, and what add says.
func childEnv(env []string, add ...string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		for _, prefix := range []string{"IDPCTL_", "KEYCLOAK_", "AZURE_", "ARM_", "ENTRA_", "AUTH0_", "ACTIONS_ID_TOKEN_", "SSL_CERT_"} {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return strings.HasSuffix(strings.ToLower(name), "_proxy")
	})
	return append(env, add...)
}
