package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/state"
)

// world is one folder with a configuration, one home at an identity provider,
// and a proxy between them that can do harm.
type world struct {
	testing.TB
	directory
	on *target
	// dir is the folder, home the name of the realm or tenant, url the proxy's.
	dir, home, url string
	// former is what the home was called before it got another name.
	former string
	faults *fault.Injector
	// arguments of the home's block.
	arguments string
	// open are the connections to the proxy; closed is told when one ends.
	mu     sync.Mutex
	open   map[net.Conn]bool
	closed *sync.Cond
	// underWay is the request that was not answered when the process died, and
	// arrived says that it reached the server since.
	underWay *http.Request
	arrived  bool
}

// newWorld makes a world whose home does not exist yet, and sees to it that it
// does not exist any more after the test.
func newWorld(t testing.TB, on *target) *world {
	t.Helper()
	w := &world{TB: t, on: on, dir: t.TempDir(), home: "e2e-" + strings.ToLower(rand.Text()[:10])}
	w.faults = fault.New(on.handler)
	w.open, w.closed = map[net.Conn]bool{}, sync.NewCond(&w.mu)
	server := httptest.NewUnstartedServer(wholly(w.faults))
	server.Config.ConnState = w.connection
	server.Start()
	t.Cleanup(server.Close)
	w.url = server.URL
	w.directory = on.open(t, w.url)
	t.Cleanup(func() {
		w.faults.Reset()
		for _, home := range []string{w.home, w.other(), w.former} {
			if home != "" {
				w.remove(home)
			}
		}
	})
	return w
}

// other is the name of a second home, which few tests have.
func (w *world) other() string { return w.home + "-other" }

// wholly lets a request that arrived be answered even if the client dies: only
// then it is certain what happened before the next process looks.
func wholly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // it did not arrive
		}
		ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(rw, r)
	})
}

// connection keeps count of the connections to the proxy.
func (w *world) connection(c net.Conn, state http.ConnState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch state {
	case http.StateNew:
		w.open[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(w.open, c)
		w.closed.Broadcast()
	}
}

// connections are those that are open now.
func (w *world) connections() map[net.Conn]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.open)
}

// settle waits until the server has done all that reached it on connections
// that were not there before, by a process that is dead now.
func (w *world) settle(before map[net.Conn]bool) {
	w.Helper()
	// What the system has accepted for the server, and the server has not seen
	// yet, is in front of a new connection.
	own, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err == nil {
		_, err = io.WriteString(own, "GET / HTTP/1.1\r\nHost: "+own.RemoteAddr().String()+"\r\nConnection: close\r\n\r\n")
	}
	if err == nil {
		_, err = io.Copy(io.Discard, own)
	}
	if err != nil {
		w.Fatal(err)
	}
	_ = own.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for slices.ContainsFunc(slices.Collect(maps.Keys(w.open)), func(c net.Conn) bool { return !before[c] }) {
		w.closed.Wait()
	}
}

// configure writes the configuration. In it @home stands for the argument that
// refers to the home, @ref for the reference alone, @kind for the kind of a home
// and @other for the name of the other one.
func (w *world) configure(hcl string) {
	w.Helper()
	ref := w.on.home + ".home"
	text := w.on.prelude(w.home, w.arguments) + strings.NewReplacer("@home", w.on.home+" = "+ref, "@ref", ref, "@kind", w.on.home, "@other", w.other()).Replace(hcl)
	w.write("main.idp.hcl", text)
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, text string) {
	w.Helper()
	if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *world) read(name string) string {
	w.Helper()
	raw, err := os.ReadFile(w.path(name))
	if err != nil {
		w.Fatal(err)
	}
	return string(raw)
}

// testdata returns a file of this package.
func testdata(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// result is what a command left.
type result struct {
	code           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
}

// idpctl runs one command in this process.
func (w *world) idpctl(args ...string) result {
	w.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Main(context.Background(), append([]string{"-chdir=" + w.dir}, args...), w.env(&stdout, &stderr))
	return result{code, stdout.String(), stderr.String()}
}

func (w *world) env(stdout, stderr io.Writer) *cli.Env {
	return &cli.Env{
		Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, Version: "0.0.0",
		Environ:   w.on.environ(w.url),
		Providers: registry(),
		Exit:      func(int) { panic("nobody interrupts these tests") },
	}
}

// must runs a command that has to end with a code.
func (w *world) must(code int, args ...string) result {
	w.Helper()
	r := w.idpctl(args...)
	if r.code != code {
		w.Fatalf("idpctl %s: want exit code %d, got %s", strings.Join(args, " "), code, r)
	}
	return r
}

// credentialsFile is where apply puts first passwords.
const credentialsFile = "first-passwords.json"

// apply runs apply, which must succeed.
func (w *world) apply(more ...string) result {
	w.Helper()
	return w.must(0, w.applyArgs(more...)...)
}

// applyArgs is the command line of an apply as pipelines have it.
func (w *world) applyArgs(more ...string) []string {
	return append([]string{"apply", "-auto-approve", "-input=false", "-credentials-out=" + w.path(credentialsFile)}, more...)
}

// planJSON is a plan's JSON, as far as these tests read it.
type planJSON struct {
	Complete        bool `json:"complete"`
	Changes         bool `json:"changes"`
	ResourceChanges []struct {
		Address    string `json:"address"`
		ID         string `json:"id"`
		Adopt      bool   `json:"adopt"`
		Reclaim    bool   `json:"reclaim"`
		Deliver    bool   `json:"deliver"`
		WithParent bool   `json:"with_parent"`
		Change     struct {
			Actions []string `json:"actions"`
			Changed []string `json:"changed"`
			Drift   []string `json:"drift"`
		} `json:"change"`
	} `json:"resource_changes"`
	TargetChanges []struct {
		Address string   `json:"address"`
		Actions []string `json:"actions"`
		Admins  struct {
			Added   []string `json:"added"`
			Updated []string `json:"updated"`
			Removed []string `json:"removed"`
		} `json:"admins"`
	} `json:"target_changes"`
	OutputChanges map[string]struct {
		Actions []string `json:"actions"`
	} `json:"output_changes"`
}

// plan makes a plan that has to be possible.
func (w *world) plan(more ...string) planJSON {
	w.Helper()
	r := w.idpctl(append([]string{"plan", "-json"}, more...)...)
	var p planJSON
	if err := json.Unmarshal([]byte(r.stdout), &p); err != nil || r.code != 0 || !p.Complete {
		w.Fatalf("there is no plan (%v): %s", err, r)
	}
	return p
}

// lines says what a plan would do, one line for each change: the address, what
// is done, and what is noteworthy about it.
func (p planJSON) lines() []string {
	var out []string
	for _, c := range p.ResourceChanges {
		line := c.Address + " " + strings.Join(c.Change.Actions, "+")
		for _, flag := range []struct {
			name string
			set  bool
		}{{"reclaim", c.Reclaim}, {"adopt", c.Adopt && !c.Reclaim}, {"deliver", c.Deliver}, {"with its home", c.WithParent}} {
			if flag.set {
				line += ", " + flag.name
			}
		}
		if len(c.Change.Drift) > 0 {
			line += ", drift of " + strings.Join(c.Change.Drift, " ")
		} else if slices.Equal(c.Change.Actions, []string{"update"}) {
			line += " of " + strings.Join(c.Change.Changed, " ")
		}
		if !strings.HasSuffix(line, " no-op") {
			out = append(out, line)
		}
	}
	for _, c := range p.TargetChanges {
		if !slices.Equal(c.Actions, []string{"no-op"}) {
			out = append(out, c.Address+" "+strings.Join(c.Actions, "+"))
		}
	}
	for name, c := range p.OutputChanges {
		if !slices.Equal(c.Actions, []string{"no-op"}) {
			out = append(out, "output."+name+" "+strings.Join(c.Actions, "+"))
		}
	}
	slices.Sort(out)
	return out
}

// wants demands that a plan consists of exactly these lines.
func (w *world) wants(want ...string) planJSON {
	w.Helper()
	p := w.plan()
	slices.Sort(want)
	if got := p.lines(); !slices.Equal(got, want) {
		w.Fatalf("the plan is\n  %s\nand not\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	return p
}

// empty demands that there is nothing to do, in the words and in the exit code.
func (w *world) empty() {
	w.Helper()
	if r := w.idpctl("plan", "-detailed-exitcode"); r.code != 0 || !strings.Contains(r.stdout, "No changes.") {
		w.Fatalf("the plan is not empty: %s", r)
	}
}

// output is the text of one output.
func (w *world) output(name string) string {
	w.Helper()
	return w.must(0, "output", "-raw", name).stdout
}

// stateNow is the state as the next run will find it.
func (w *world) stateNow() *state.State {
	w.Helper()
	return stateIn(w, w.dir)
}

func stateIn(t testing.TB, dir string) *state.State {
	t.Helper()
	s, err := state.Open(context.Background(), state.NewLocal(filepath.Join(dir, state.DefaultFile), state.LocalOptions{}), state.Options{Lock: state.NotLocked})
	if err != nil {
		t.Fatal(err)
	}
	view := s.View()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return view
}

// loseState removes the state and everything beside it.
func (w *world) loseState() {
	w.Helper()
	files, err := filepath.Glob(w.path(state.DefaultFile + "*"))
	if err != nil || len(files) == 0 {
		w.Fatal("there is no state to lose", err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			w.Fatal(err)
		}
	}
}

// there reports whether a file of the folder exists.
func (w *world) there(name string) bool {
	w.Helper()
	_, err := os.Lstat(w.path(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.Fatal(err)
	}
	return err == nil
}
