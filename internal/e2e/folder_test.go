package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/cli"
)

// folder is one with a configuration, such as a copy of an example, and where its
// server is.
type folder struct {
	testing.TB
	dir     string
	environ []string
}

func example(t testing.TB, name string, environ ...string) *folder {
	t.Helper()
	f := &folder{TB: t, dir: t.TempDir(), environ: environ}
	if err := os.CopyFS(f.dir, os.DirFS(filepath.Join("../../examples", name))); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *folder) idpctl(args ...string) result {
	f.Helper()
	var stdout, stderr bytes.Buffer
	code := f.main(context.Background(), &stdout, &stderr, args...)
	return result{code, stdout.String(), stderr.String()}
}

func (f *folder) main(ctx context.Context, stdout, stderr io.Writer, args ...string) int {
	return cli.Main(ctx, append([]string{"-chdir=" + f.dir}, args...), &cli.Env{
		Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, Version: "0.0.0", Environ: f.environ,
		Providers: registry(),
		Exit:      func(int) { panic("nobody interrupts these tests") },
	})
}

// replace edits a file of the folder.
func (f *folder) replace(name, old, text string) {
	f.Helper()
	was := f.read(name)
	if !strings.Contains(was, old) {
		f.Fatalf("%s has no %s", name, old)
	}
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(strings.Replace(was, old, text, 1)), 0o600); err != nil {
		f.Fatal(err)
	}
}

func (f *folder) must(code int, args ...string) string {
	f.Helper()
	r := f.idpctl(args...)
	if r.code != code {
		f.Fatalf("idpctl %s: want exit code %d, got %s", strings.Join(args, " "), code, r)
	}
	return r.stdout
}

func (f *folder) read(name string) string {
	f.Helper()
	raw, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		f.Fatal(err)
	}
	return string(raw)
}

// firstPassword is what was delivered to a user.
func (f *folder) firstPassword(username string) string {
	f.Helper()
	var file struct {
		Credentials []struct{ Username, Password string }
	}
	if err := json.Unmarshal([]byte(f.read(credentialsFile)), &file); err != nil {
		f.Fatal(err)
	}
	for _, c := range file.Credentials {
		if c.Username == username {
			return c.Password
		}
	}
	f.Fatalf("%s got no password", username)
	return ""
}
