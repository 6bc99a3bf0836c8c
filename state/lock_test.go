//go:build unix

package state

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// asProcess names what this test binary does instead of testing, when it was
// started by a test; statePath is the state that it does it to.
const (
	asProcess = "STATE_TEST_PROCESS"
	statePath = "STATE_TEST_PATH"
)

func TestMain(m *testing.M) {
	switch os.Getenv(asProcess) {
	case "":
		os.Exit(m.Run())
	case "count":
		countForEver(os.Getenv(statePath))
	}
}

// countForEver locks the state and records 1, 2, 3, …, each said on standard
// output when it is durable.
func countForEver(path string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	s, err := Open(context.Background(), NewLocal(path, LocalOptions{}), Options{Command: "idpctl apply"})
	fail(err)
	fail(s.Begin("prod", nil))
	for n := 1; ; n++ {
		fail(s.Append(Put{object("user.n", fmt.Sprint(n))}))
		fmt.Println(n)
	}
}

// process is a child that runs countForEver.
func process(t *testing.T, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asProcess+"=count", statePath+"="+path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

func TestKilledProcess(t *testing.T) {
	_, path := inFolder(t)
	for round := range 5 {
		cmd, out := process(t, path)
		said := ""
		for range 5 + 20*round {
			if !out.Scan() {
				t.Fatal("the process ended by itself")
			}
			said = out.Text()
		}
		// While it runs nobody else may write, and the message says who does.
		_, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{})
		var held *LockedError
		if !errors.As(err, &held) || held.Holder.PID != cmd.Process.Pid {
			t.Fatalf("a second run: %v", err)
		}
		wantErr(t, err, "the state "+path+" is locked by ", fmt.Sprintf("process %d, idpctl apply, since 20", cmd.Process.Pid), "-lock-timeout")
		_, err = Open(t.Context(), NewLocal(path, LocalOptions{}), Options{Lock: LockIfPossible})
		if !errors.As(err, &held) {
			t.Errorf("a plan while another runs: %v", err)
		}

		must(t, cmd.Process.Kill())
		for out.Scan() {
			said = out.Text()
		}
		_ = cmd.Wait()
		// The lock went with it, although its text is still there, and what it
		// said is in the state.
		if read(t, path+".lock") == "" {
			t.Error("the killed process cleaned up")
		}
		s := begin(t, NewLocal(path, LocalOptions{}))
		o, _ := s.Object(addr("user.n"))
		var want, got int
		_, _ = fmt.Sscan(said, &want)
		_, _ = fmt.Sscan(o.ID, &got)
		if got != want && got != want+1 {
			t.Errorf("said %s, the state has %s", said, o.ID)
		}
		if run, is := s.Interrupted(); !is || run.PID != cmd.Process.Pid {
			t.Errorf("Interrupted: %+v %v", run, is)
		}
		must(t, s.Close())
	}
}

func TestLockTimeout(t *testing.T) {
	_, path := inFolder(t)
	first := open(t, NewLocal(path, LocalOptions{}))
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var told []string
		options := Options{LockTimeout: 5 * time.Minute, Waiting: func(e *LockedError) { told = append(told, e.Holder.Command) }}
		_, err := Open(t.Context(), NewLocal(path, LocalOptions{}), options)
		var held *LockedError
		if !errors.As(err, &held) || held.Waited != 5*time.Minute {
			t.Fatalf("%v", err)
		}
		wantErr(t, err, "after waiting for 5m0s")
		if waited := time.Since(began); waited != 5*time.Minute {
			t.Errorf("waited %s", waited)
		}
		if len(told) != 1 || told[0] != "idpctl apply" {
			t.Errorf("told %q", told)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := Open(ctx, NewLocal(path, LocalOptions{}), options); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("interrupted: %v", err)
		}

		time.AfterFunc(90*time.Second, func() { _ = first.Close() })
		began = time.Now()
		second, err := Open(t.Context(), NewLocal(path, LocalOptions{}), options)
		must(t, err)
		if waited := time.Since(began); waited < 90*time.Second || waited > 92*time.Second {
			t.Errorf("got the lock after %s", waited)
		}
		must(t, second.Close())
	})
}

func TestTextWithoutLockMeansNothing(t *testing.T) {
	b, path := inFolder(t)
	for _, text := range []string{`{"user":"ghost","host":"h","pid":1}`, "garbage", strings.Repeat("x", 1<<16)} {
		write(t, path+".lock", text)
		must(t, open(t, b).Close())
	}
}

func TestHolderThatCannotBeReadOrIsHostile(t *testing.T) {
	b, path := inFolder(t)
	s := open(t, b)
	for text, want := range map[string]string{
		"": "another process, which has not said who it is",
		`{"user":"x\u001b[2J","host":"` + strings.Repeat("h", 1000) + `","command":"a\nb"}`: "x [2J@hhh",
	} {
		write(t, path+".lock", text)
		_, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{})
		wantErr(t, err, want)
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("%q", err)
		}
	}
	must(t, s.Close())
}

func TestRemovedLockFileStopsTheRun(t *testing.T) {
	for name, change := range map[string]func(path string){
		"removed":  func(path string) { must(t, os.Remove(path)) },
		"replaced": func(path string) { must(t, os.Remove(path)); write(t, path, "") },
	} {
		b, path := inFolder(t)
		s := begin(t, b)
		must(t, s.Append(Put{object("user.marty", "1")}))
		change(path + ".lock")
		_, err := s.Intend(create1("user.doc"))
		wantErr(t, err, path+".lock: ", "another run may have begun", "continues from the journal")
		wantErr(t, s.Close(), "another run may have begun")
		if got := folder(t, filepath.Dir(path)); !strings.Contains(got, ".journal") {
			t.Errorf("%s: left %s", name, got)
		}
		again := begin(t, NewLocal(path, LocalOptions{}))
		if v := again.View(); len(v.Objects) != 1 || len(v.Intents) != 0 {
			t.Errorf("%s: %+v", name, v)
		}
		must(t, again.Close())
	}
}
