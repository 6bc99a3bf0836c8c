package e2e

import (
	"bytes"
	"context"
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
