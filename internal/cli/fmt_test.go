package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/cli"
)

// fmt keeps a file the same file: its links and its mode stay, and nothing is
// left beside it.
func TestFmtKeepsTheFile(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a.idp.hcl"), filepath.Join(dir, "other.name")
	if err := os.WriteFile(path, []byte("locals {\na=1\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, link); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	run := func(args ...string) int {
		out.Reset()
		return cli.Main(context.Background(), append([]string{"fmt"}, args...), &cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Version: "test"})
	}
	if code := run(path); code != 0 || out.String() != path+"\n" {
		t.Errorf("exit code %d: %s", code, out.String())
	}
	raw, err := os.ReadFile(link)
	if err != nil || string(raw) != "locals {\n  a = 1\n}\n" {
		t.Errorf("the other name of the file has %q, %v", raw, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left beside it: %v", left)
	}
	if code := run(filepath.Join(dir, "none.idp.hcl")); code != 1 || strings.Contains(out.String(), "Wrong usage") && strings.Contains(out.String(), "permission") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}
