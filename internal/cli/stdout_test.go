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
)

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// What nobody got must not look like a success.
func TestOutputThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.idp.hcl"), []byte("locals {\n  a = 1\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"version"}, {"version", "-json"}, {"validate"}, {"validate", "-json"}, {"plan"}, {"plan", "-json"}, {"state", "list"}, {"init"}, {"-help"},
	} {
		var stderr bytes.Buffer
		code := cli.Main(context.Background(), append([]string{"-chdir", dir}, args...), &cli.Env{
			Stdin: strings.NewReader(""), Stdout: full{}, Stderr: &stderr, Version: "test",
		})
		empty := args[0] == "state" // which has nothing to say here
		if told := strings.Contains(stderr.String(), "no space left"); told == empty || code == 1 == empty {
			t.Errorf("%v: exit code %d, %q", args, code, stderr.String())
		}
	}
}
