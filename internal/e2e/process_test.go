package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/internal/cli"
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
		Providers: registry(),
		Exit:      os.Exit,
		Backend: func(dir string) state.Backend {
			last.Backend = state.NewLocal(filepath.Join(dir, state.DefaultFile), state.LocalOptions{})
			_, _ = fmt.Sscanf(os.Getenv(deathAt), "%d %d", &last.death.place, &last.death.n) // unset: never
			return last
		},
	})
	fmt.Fprintf(os.Stderr, countsText, last.answers, last.others)
	os.Exit(code)
}

// countsText is how a process that ends by itself says what it wrote.
const countsText = "\nanswers: %d, other writes: %d\n"

// mortal is the backend of a process that kills itself at its moment. It counts
// the answers that are written down, of which several may share a line of the
// journal, and the other writes.
type mortal struct {
	state.Backend
	death           moment
	answers, others int
}

func (m *mortal) Append(ctx context.Context, line []byte) error {
	var journal struct{ Records []map[string]json.RawMessage }
	if err := json.Unmarshal(line, &journal); err != nil {
		return err
	}
	answers := 0
	for _, record := range journal.Records {
		if _, ok := record["result"]; ok {
			answers++
		}
	}
	return m.write(answers, func() error { return m.Backend.Append(ctx, line) })
}

func (m *mortal) Replace(ctx context.Context, snapshot []byte) error {
	return m.write(0, func() error { return m.Backend.Replace(ctx, snapshot) })
}

func (m *mortal) Discard(ctx context.Context) error {
	return m.write(0, func() error { return m.Backend.Discard(ctx) })
}

func (m *mortal) write(answers int, do func() error) error {
	before, after, count := beforeAnswer, afterAnswer, &m.answers
	if answers == 0 {
		before, after, count, answers = beforeWrite, afterWrite, &m.others, 1
	}
	*count += answers
	reached := m.death.n > *count-answers && m.death.n <= *count
	if reached && m.death.place == before {
		die()
	}
	err := do()
	if reached && m.death.place == after {
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
	beforeRequest       // the request does not reach the server
	afterRequest        // the server has done it, the answer does not come back
	beforeAnswer        // the answer is there and not written down
	afterAnswer         // it is written down
	beforeWrite         // as these two, for everything else that is written:
	afterWrite          // intents, what was read back, deliveries, the snapshot
	late                // the request is still under way when the next run begins
)

func (p place) String() string {
	return [...]string{"never", "before request", "after request", "before answer", "after answer", "before write", "after write", "late"}[p]
}

// moment is a point at which the process dies: at the n-th request that
// changes something, or when the n-th answer or something else is written.
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
	case late:
		w.faults.Add(fault.Rule{Mutation: m.n, Do: func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				w.underWay = r.WithContext(context.WithoutCancel(r.Context()))
				kill()
				panic(http.ErrAbortHandler)
			})
		}})
	case beforeAnswer, afterAnswer, beforeWrite, afterWrite:
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d %d", deathAt, m.place, m.n))
	}
	before := w.connections()
	if err := cmd.Start(); err != nil {
		w.Fatal(err)
	}
	close(started)
	err = cmd.Wait()
	close(gone)
	w.settle(before)
	d := death{result: result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		d.killed = exit.ExitCode() < 0
	} else if err != nil {
		w.Fatal(err)
	}
	return d
}

// arrive lets the request that was under way when the process died reach the
// server when the next run sends its n-th request, before that.
func (w *world) arrive(n int) {
	w.faults.Add(fault.Rule{Skip: n - 1, Times: 1, Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, w.underWay)
			// The next run may have made the same already.
			if answer.Code >= http.StatusBadRequest && answer.Code != http.StatusConflict {
				w.Errorf("the late request was refused: %d %s", answer.Code, answer.Body)
			}
			w.arrived = true
			next.ServeHTTP(rw, r)
		})
	}})
}

// rehearse runs a command to its end, and returns all moments at which the
// process could have died, and how many requests there were that change
// something.
func (w *world) rehearse(args ...string) (all []moment, requests int) {
	w.Helper()
	d := w.dieAt(moment{place: never}, args...)
	answers, others := 0, 0
	if at := strings.LastIndex(d.stderr, "\nanswers: "); d.code != 0 || at < 0 {
		w.Fatalf("the rehearsal failed: %s", d.result)
	} else if _, err := fmt.Sscanf(d.stderr[at:], countsText, &answers, &others); err != nil {
		w.Fatal(err)
	}
	requests = w.faults.Mutations()
	for place, count := range map[place]int{
		beforeRequest: requests, afterRequest: requests, beforeAnswer: answers, afterAnswer: answers, beforeWrite: others, afterWrite: others,
	} {
		for n := 1; n <= count; n++ {
			all = append(all, moment{place, n})
		}
	}
	slices.SortFunc(all, func(a, b moment) int { return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.place, b.place)) })
	return all, requests
}
