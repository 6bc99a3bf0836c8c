package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	emulator "github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/keycloak"
	"github.com/idpctl/idpctl/state"
)

// dying is a place of the state at which nothing arrives any more from the n-th line of
// the journal on: before or after that one.
type dying struct {
	state.Backend
	left  *int
	after bool
}

var errDead = errors.New("dead")

func (d dying) Append(ctx context.Context, line []byte) error {
	*d.left--
	switch {
	case *d.left > 0:
		return d.Backend.Append(ctx, line)
	case *d.left == 0 && d.after:
		return errors.Join(d.Backend.Append(ctx, line), errDead)
	}
	return errDead
}

func (d dying) Replace(ctx context.Context, snapshot []byte) error {
	if *d.left <= 0 {
		return errDead
	}
	return d.Backend.Replace(ctx, snapshot)
}

func (d dying) Discard(ctx context.Context) error {
	if *d.left <= 0 {
		return errDead
	}
	return d.Backend.Discard(ctx)
}

// goRound are ways in which files go from one cluster to another. Each cluster is its
// name, its admins and its file.
var goRound = map[string]struct{ before, then [][3]string }{
	"exchanged": {[][3]string{{"p", "ann cid", "a.yml"}, {"q", "bob cid", "b.yml"}}, [][3]string{{"p", "ann cid", "b.yml"}, {"q", "bob cid", "a.yml"}}},
	"shifted":   {[][3]string{{"p", "ann cid", "a.yml"}, {"q", "bob", "b.yml"}}, [][3]string{{"p", "ann", "b.yml"}, {"q", "bob cid", "c.yml"}}},
	"renamed":   {[][3]string{{"p", "ann cid", "a.yml"}, {"q", "bob cid", "b.yml"}}, [][3]string{{"q", "ann", "a.yml"}, {"r", "cid", "b.yml"}}},
	"moved":     {[][3]string{{"p", "ann bob", "a.yml"}}, [][3]string{{"p", "bob cid", "b.yml"}}},
}

// TestDeathWhileFilesGoRound: wherever the process dies, one more apply makes the files
// list the admins of their clusters and nobody else, and a destroy takes them all out.
func TestDeathWhileFilesGoRound(t *testing.T) {
	for name, s := range goRound {
		for _, after := range []bool{false, true} {
			for n := 1; ; n++ {
				survived := false
				t.Run(fmt.Sprintf("%s, line %d, after %v", name, n, after), func(t *testing.T) {
					w := newGoRound(t)
					w.clusters(s.before)
					w.must("apply", "-auto-approve")
					w.clusters(s.then)
					left := n
					w.backend = func(b state.Backend) state.Backend { return dying{b, &left, after} }
					w.run("apply", "-auto-approve")
					survived, w.backend = left > 0, nil
					w.must("apply", "-auto-approve")
					w.must("plan", "-detailed-exitcode")
					want := map[string]string{}
					for _, c := range s.then {
						want[c[2]] = c[1]
					}
					for _, file := range []string{"a.yml", "b.yml", "c.yml"} {
						if got := w.lists(file); got != want[file] {
							t.Errorf("%s lists %q and not %q", file, got, want[file])
						}
					}
					w.must("destroy", "-auto-approve", "-allow-empty-admins")
					for _, file := range []string{"a.yml", "b.yml", "c.yml"} {
						if got := w.lists(file); got != "" {
							t.Errorf("after the destroy %s lists %q", file, got)
						}
					}
				})
				if survived || t.Failed() {
					break
				}
			}
		}
	}
}

// goRoundWorld is a folder and an emulated Keycloak.
type goRoundWorld struct {
	*testing.T
	dir, url string
	backend  func(state.Backend) state.Backend
}

func newGoRound(t *testing.T) *goRoundWorld {
	server := httptest.NewServer(emulator.New(emulator.Options{AdminUser: "admin", AdminPassword: "admin"}))
	t.Cleanup(server.Close)
	return &goRoundWorld{T: t, dir: t.TempDir(), url: server.URL}
}

func (w *goRoundWorld) clusters(list [][3]string) {
	w.Helper()
	text := "provider \"keycloak\" {}\nrealm \"r\" {}\nclient \"c\" {\n  realm = realm.r\n}\n"
	for _, who := range []string{"ann", "bob", "cid"} {
		text += fmt.Sprintf("user %q {\n  realm = realm.r\n  email = \"%s@example.com\"\n  first_name = \"A\"\n  last_name = \"X\"\n  initial_password = \"t1me-c1rcuits\"\n}\n", who, who)
	}
	for _, c := range list {
		admins := "user." + strings.ReplaceAll(c[1], " ", ", user.")
		text += fmt.Sprintf("cluster %q {\n  client = client.c\n  admins = [%s]\n  appinstance {\n    path = %q\n  }\n}\n", c[0], admins, c[2])
	}
	if err := os.WriteFile(filepath.Join(w.dir, "main.idp.hcl"), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *goRoundWorld) run(args ...string) (int, string) {
	var out bytes.Buffer
	code := cli.Main(context.Background(), append([]string{"-chdir", w.dir}, args...), &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Version: "test", Providers: []providers.Provider{keycloak.New()},
		Environ: []string{"KEYCLOAK_URL=" + w.url, "KEYCLOAK_USER=admin", "KEYCLOAK_PASSWORD=admin"},
		Backend: func(dir string) state.Backend {
			b := state.Backend(state.NewLocal(filepath.Join(dir, state.DefaultFile), state.LocalOptions{}))
			if w.backend != nil {
				b = w.backend(b)
			}
			return b
		},
	})
	return code, out.String()
}

func (w *goRoundWorld) must(args ...string) {
	w.Helper()
	if code, out := w.run(args...); code != 0 {
		w.Fatalf("%v: exit code %d\n%s", args, code, out)
	}
}

// lists are those whom a file lists, sorted.
func (w *goRoundWorld) lists(file string) string {
	text, err := os.ReadFile(filepath.Join(w.dir, file))
	if err != nil && !os.IsNotExist(err) {
		w.Fatal(err)
	}
	var who []string
	for _, m := range regexp.MustCompile(`email: (\w+)@`).FindAllSubmatch(text, -1) {
		who = append(who, string(m[1]))
	}
	slices.Sort(who)
	return strings.Join(who, " ")
}
