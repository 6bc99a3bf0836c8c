package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/state"
)

// noSnapshot is a place that takes the journal, and no snapshot.
type noSnapshot struct{ state.Backend }

func (noSnapshot) Replace(context.Context, []byte) error { return errors.New("no space left") }

// An apply whose state cannot be made a snapshot is not called complete; the
// journal keeps what was done.
func TestSnapshotThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.idp.hcl"), []byte("output \"a\" {\n  value = 1\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := true
	run := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := cli.Main(context.Background(), append([]string{"-chdir", dir}, args...), &cli.Env{
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Version: "test",
			Backend: func(dir string) state.Backend {
				b := state.Backend(state.NewLocal(filepath.Join(dir, state.DefaultFile), state.LocalOptions{}))
				if broken {
					b = noSnapshot{b}
				}
				return b
			},
		})
		return code, out.String()
	}
	if code, out := run("apply", "-auto-approve"); code != 1 || strings.Contains(out, "complete!") || !strings.Contains(out, "Apply incomplete.") || !strings.Contains(out, "no space left") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	broken = false
	if code, out := run("plan", "-detailed-exitcode"); code != 0 || !strings.Contains(out, "No changes.") {
		t.Errorf("what was done is not recorded: exit code %d:\n%s", code, out)
	}
}
