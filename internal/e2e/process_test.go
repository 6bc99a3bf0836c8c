package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/keycloak"
	"github.com/idpctl/idpctl/state"
)

// The variables that make this test binary behave as idpctl.
const (
	// asProgram is set for a process that is to be idpctl.
	asProgram = "IDPCTL_E2E_PROGRAM"
	// deathAt is when the process kills itself: a moment, as its String.
	deathAt = "IDPCTL_E2E_DEATH"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	last := &mortal{}
	code := cli.Main(context.Background(), os.Args[1:], &cli.Env{
		Stdin: strings.NewReader(""), Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(), Version: "0.0.0",
		Providers: []providers.Provider{keycloak.New()},
		Exit:      os.Exit,
		Backend: func(dir string) state.Backend {
			last.Backend = state.NewLocal(filepath.Join(dir, state.DefaultFile), state.LocalOptions{})
			_, _ = fmt.Sscanf(os.Getenv(deathAt), "%d %t", &last.at, &last.after) // unset: never
			return last
		},
	})
	fmt.Fprintf(os.Stderr, writesText, last.writes)
	os.Exit(code)
}

// writesText is how a process that ends by itself says how often it wrote.
const writesText = "\nwrites: %d\n"

// mortal is the backend of a process that kills itself at the at-th time that
// something is written, before it is on disk or after.
type mortal struct {
	state.Backend
	writes, at int
	after      bool
}

func (m *mortal) Append(ctx context.Context, line []byte) error {
	return m.write(func() error { return m.Backend.Append(ctx, line) })
}

func (m *mortal) Replace(ctx context.Context, snapshot []byte) error {
	return m.write(func() error { return m.Backend.Replace(ctx, snapshot) })
}

func (m *mortal) Discard(ctx context.Context) error {
	return m.write(func() error { return m.Backend.Discard(ctx) })
}

func (m *mortal) write(do func() error) error {
	m.writes++
	if m.writes == m.at && !m.after {
		die()
	}
	err := do()
	if m.writes == m.at {
		die()
	}
	return err
}

// die ends the process as kill -9 does.
func die() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Kill()
	}
	select {} // until the signal arrives
}

// place is where in an exchange or a write the process dies.
type place uint8

const (
	never         place = iota
	beforeRequest       // the request did not reach the server
	afterRequest        // the server has done it, the answer did not come back
	beforeRecord        // the answer is known and not written down
	afterRecord         // it is written down
)

func (p place) String() string {
	return [...]string{"never", "before request", "after request", "before record", "after record"}[p]
}

// moment is a point at which the process dies: at the n-th request that
// changes something, or at the n-th write of the state.
type moment struct {
	place place
	n     int
}

func (m moment) String() string { return fmt.Sprintf("%v %d", m.place, m.n) }

// death is how a process ended.
type death struct {
	// killed: by the signal, at its moment. Otherwise it ended by itself.
	killed bool
	result
}

// dieAt runs a command as a process of its own that dies at a moment, and
// returns when the process is gone and the server has done all that reached it.
func (w *world) dieAt(m moment, args ...string) death {
	w.Helper()
	exe, err := os.Executable()
	if err != nil {
		w.Fatal(err)
	}
	cmd := exec.Command(exe, append([]string{"-chdir=" + w.dir}, args...)...)
	cmd.Env = append(w.on.environ(w.url), asProgram+"=1", "HOME="+w.dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr

	started, gone := make(chan struct{}), make(chan struct{})
	kill := func() {
		<-started
		_ = cmd.Process.Kill() // it may be gone already
		<-gone
	}
	w.faults.Reset()
	switch m.place {
	case beforeRequest:
		w.faults.Add(fault.Rule{Mutation: m.n, Do: func(http.Handler) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				kill()
				panic(http.ErrAbortHandler)
			})
		}})
	case afterRequest:
		w.faults.Add(fault.Rule{Mutation: m.n, Do: fault.After(func(int) { kill() })})
	case beforeRecord, afterRecord:
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d %t", deathAt, m.n, m.place == afterRecord))
	}
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	close(started)
	err = cmd.Wait()
	close(gone)
	w.settle()
	d := death{result: result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		d.killed = exit.ExitCode() < 0
	} else if err != nil {
		w.Fatal(err)
	}
	return d
}

// rehearse runs a command to its end, and counts the requests that change
// something and the writes of the state.
func (w *world) rehearse(args ...string) (requests, writes int) {
	w.Helper()
	d := w.dieAt(moment{place: never}, args...)
	if at := strings.LastIndex(d.stderr, "\nwrites: "); d.code != 0 || at < 0 {
		w.Fatalf("the rehearsal failed: %s", d.result)
	} else if _, err := fmt.Sscanf(d.stderr[at:], writesText, &writes); err != nil {
		w.Fatal(err)
	}
	return w.faults.Mutations(), writes
}
