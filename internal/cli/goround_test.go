package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
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

// watched is a place of the state that tells when the first line is written to the
// journal.
type watched struct {
	state.Backend
	once *sync.Once
	then func()
}

func (w watched) Append(ctx context.Context, line []byte) error {
	w.once.Do(w.then)
	return w.Backend.Append(ctx, line)
}

// TestAdminGoneSinceThePlan: who was deleted or disabled while the plan was looked at does
// not take the place of the admin who is there.
func TestAdminGoneSinceThePlan(t *testing.T) {
	for method, want := range map[string]string{http.MethodDelete: "user.bob is not there any more", http.MethodPut: "user.bob is disabled"} {
		t.Run(method, func(t *testing.T) {
			w := newGoRound(t)
			w.clusters([][3]string{{"p", "ann", "a.yml"}})
			w.must("apply", "-auto-approve")
			bob := w.idOf("bob")
			w.clusters([][3]string{{"p", "bob", "a.yml"}})
			// Something else is done first, so that there is a moment between plan and file.
			extra := filepath.Join(w.dir, "extra.idp.hcl")
			if err := os.WriteFile(extra, []byte("group \"g\" {\n  realm = realm.r\n}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			var once sync.Once
			w.backend = func(b state.Backend) state.Backend {
				return watched{b, &once, func() { w.admin(method, "/users/"+bob, `{"enabled":false}`) }}
			}
			code, out := w.run("apply", "-auto-approve")
			if code != 1 || !strings.Contains(out, want) || w.lists("a.yml") != "ann" {
				t.Errorf("exit code %d, listed is %q:\n%s", code, w.lists("a.yml"), out)
			}
		})
	}
}

// admin sends a request about the realm to the server, past idpctl.
func (w *goRoundWorld) admin(method, path, body string) []byte {
	w.Helper()
	resp, err := http.PostForm(w.url+"/realms/master/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {"admin"}, "password": {"admin"},
	})
	if err != nil {
		w.Fatal(err)
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err = errors.Join(json.NewDecoder(resp.Body).Decode(&token), resp.Body.Close())
	if err != nil {
		w.Fatal(err)
	}
	req, err := http.NewRequest(method, w.url+"/admin/realms/r"+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token.AccessToken)
	req.Header.Set("Content-Type", "application/json")
	if resp, err = http.DefaultClient.Do(req); err != nil {
		w.Fatal(err)
	}
	answer, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode >= 300 {
		w.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, answer, err)
	}
	return answer
}

// idOf is the id of a user.
func (w *goRoundWorld) idOf(name string) string {
	w.Helper()
	var users []struct{ ID string }
	if err := json.Unmarshal(w.admin(http.MethodGet, "/users?exact=true&username="+name+"@example.com", ""), &users); err != nil || len(users) != 1 {
		w.Fatalf("%v %v", users, err)
	}
	return users[0].ID
}
