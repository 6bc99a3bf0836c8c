package e2e

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/keycloak"
	"github.com/idpctl/idpctl/resource"
)

// mistaken is a folder whose commands fail. It is the working directory, so
// that messages name its files as a user sees them.
type mistaken struct {
	t   *testing.T
	env []string
	// testdata is where the expected texts are.
	testdata string
	// providers are those that there are; if there are none, Keycloak and another
	// one on paper.
	providers []providers.Provider
}

// newMistaken makes a folder with the files of one in testdata/badinput.
func newMistaken(t *testing.T, name string, env ...string) *mistaken {
	t.Helper()
	testdata, err := filepath.Abs("testdata/badinput")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if name != "" {
		if err := os.CopyFS(".", os.DirFS(filepath.Join(testdata, name))); err != nil {
			t.Fatal(err)
		}
	}
	return &mistaken{t: t, env: env, testdata: testdata}
}

// write puts a file into the folder.
func (m *mistaken) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// run runs a command in the folder, without a terminal.
func (m *mistaken) run(args ...string) printed {
	m.t.Helper()
	var out, errOut lockedBuffer
	all := m.providers
	if all == nil {
		all = []providers.Provider{keycloak.New(), entraOnPaper{}}
	}
	code := cli.Main(context.Background(), args, &cli.Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errOut, Environ: m.env,
		Providers: all,
		Version:   "0.0.0",
		Exit:      func(int) { m.t.Error("the process was to end at once") },
	})
	return printed{code, out.String(), errOut.String()}
}

// files are the folder's files with their contents, but not the lock, which
// names its last holder.
func (m *mistaken) files() map[string]string {
	m.t.Helper()
	return filesIn(m.t, ".")
}

func filesIn(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".lock") {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(raw)
	}
	return files
}

// noRequests is a server that nobody may ask anything.
func noRequests(t *testing.T) (address string) {
	server := httptest.NewServer(asksNothing(t))
	t.Cleanup(server.Close)
	return server.URL
}

// asksNothing fails the test if it is asked anything.
func asksNothing(t *testing.T) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request was sent: %s %s", r.Method, r.URL)
	})
}

// What differs from run to run, and has one length.
var (
	port = regexp.MustCompile(`127\.0\.0\.1:\d{5}`)
	uuid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
)

// golden compares what a user reads with a file, without what differs from run
// to run. UPDATE_GOLDEN=1 writes the file.
func (m *mistaken) golden(name, got string) {
	m.t.Helper()
	golden(m.t, filepath.Join(m.testdata, name), got)
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	got = uuid.ReplaceAllString(port.ReplaceAllString(got, "127.0.0.1:00000"), "00000000-0000-0000-0000-000000000000")
	for i, line := range strings.Split(got, "\n") {
		if n := len([]rune(line)); n > 80 && strings.Contains(line[1:], " ") && !strings.Contains(line, "│") {
			t.Errorf("%s:%d has %d columns: %s", path, i+1, n, line)
		}
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n--- got\n%s\n--- want\n%s", path, got, want)
	}
}

// toldOnce demands that no sentence is printed twice.
func toldOnce(t *testing.T, text string) {
	t.Helper()
	seen := map[string]bool{}
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		p := strings.Join(strings.Fields(paragraph), " ")
		if len(p) > 20 && seen[p] && !strings.HasPrefix(p, "Error: ") && !strings.Contains(p, "^") {
			t.Errorf("told twice: %q", p)
		}
		seen[p] = true
	}
}

// entraOnPaper is another identity provider, of which only the description
// exists: enough to tell whose an attribute is.
type entraOnPaper struct{}

func (entraOnPaper) Info() providers.Info {
	return providers.Info{
		Type: "entra", Name: "Microsoft Entra ID",
		Kinds: []resource.Kind{{
			Name: "user", Parent: "tenant", Key: []string{"username"},
			Attributes: []resource.Attribute{
				{Name: "tenant", Type: cty.String, Required: true, Ref: &resource.Ref{Kinds: []string{"tenant"}, Attr: "id"}},
				{Name: "username", Type: cty.String, DefaultFrom: "email"},
				{Name: "email", Type: cty.String, Required: true},
				{Name: "usage_location", Type: cty.String, Elsewhere: "Write attributes = { usage_location = [\"US\"] }."},
			},
		}},
	}
}

func (entraOnPaper) Open(context.Context, providers.Config) (providers.Conn, error) {
	return nil, errors.New("it exists on paper only")
}

// quiet is the log of a server whose clients hang up.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
