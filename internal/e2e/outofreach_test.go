package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The cluster that cannot be reached, without a real one: `make test-kubernetes` has the
// same on a real API server, and more.

// fakeKube has one AppInstance and knows what a server-side apply of its admin section
// takes: the version that was read, and whose the fields are.
type fakeKube struct {
	*httptest.Server
	file     string // the kubeconfig
	mu       sync.Mutex
	admin    map[string]any
	version  int
	manager  string // of all fields, as long as it has not been forced away
	requests int
}

func newFakeKube(t testing.TB, w *world) *fakeKube {
	t.Helper()
	f := &fakeKube{version: 1, admin: map[string]any{"dsn": map[string]any{"value": "x"}}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	f.file = filepath.Join(t.TempDir(), "kubeconfig")
	f.reach(t, true)
	on := *w.on
	w.on = &on
	provider := on.environ
	w.on.environ = func(url string) []string { return append(provider(url), "KUBECONFIG="+f.file) }
	return f
}

// reach sets whether the kubeconfig leads to the server, or to where nobody listens.
func (f *fakeKube) reach(t testing.TB, yes bool) {
	t.Helper()
	at := f.URL
	if !yes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at = "http://" + l.Addr().String()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: fake, contexts: [{name: fake, context: {cluster: fake, user: fake, namespace: prod}}],
		clusters: [{name: fake, cluster: {server: %q}}], users: [{name: fake, user: {token: x}}]}`, at)
	if err := os.WriteFile(f.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *fakeKube) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	reply := func(code int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(v)
	}
	refuse := func(message string, causes ...any) {
		reply(http.StatusConflict, map[string]any{
			"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": 409, "message": message,
			"details": map[string]any{"name": "influxdb", "group": "kubecfg.dev", "causes": causes},
		})
	}
	object := func(admin map[string]any) map[string]any {
		return map[string]any{
			"apiVersion": "kubecfg.dev/v1alpha1", "kind": "AppInstance",
			"metadata": map[string]any{"name": "influxdb", "namespace": "prod", "uid": "u1", "resourceVersion": fmt.Sprint(f.version)},
			"spec":     map[string]any{"package": map[string]any{"spec": map[string]any{"admin": admin}}},
		}
	}
	const list = "/apis/kubecfg.dev/v1alpha1/namespaces/prod/appinstances"
	switch {
	case r.URL.Path == "/apis/kubecfg.dev":
		reply(200, map[string]any{"kind": "APIGroup", "name": "kubecfg.dev", "preferredVersion": map[string]any{"version": "v1alpha1"}})
	case r.Method == http.MethodGet && r.URL.Path == list:
		reply(200, map[string]any{"kind": "AppInstanceList", "apiVersion": "kubecfg.dev/v1alpha1", "items": []any{object(f.admin)}})
	case r.Method == http.MethodGet && r.URL.Path == list+"/influxdb":
		reply(200, object(f.admin))
	case r.Method == http.MethodPatch && r.URL.Path == list+"/influxdb":
		var body struct {
			Metadata struct{ ResourceVersion string }
			Spec     struct {
				Package struct {
					Spec struct{ Admin map[string]any }
				}
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			panic(err)
		}
		if f.manager != "" && r.URL.Query().Get("force") != "true" {
			refuse("Apply failed", map[string]any{"reason": "FieldManagerConflict", "message": fmt.Sprintf("conflict with %q", f.manager), "field": ".spec.package.spec.admin.users"})
			return
		}
		if body.Metadata.ResourceVersion != fmt.Sprint(f.version) {
			refuse("the object has been modified")
			return
		}
		admin := map[string]any{}
		for _, from := range []map[string]any{f.admin, body.Spec.Package.Spec.Admin} {
			for name, v := range from {
				admin[name] = v
			}
		}
		if r.URL.Query().Get("dryRun") == "" {
			f.admin, f.version, f.manager = admin, f.version+1, ""
		}
		reply(200, object(admin))
	default:
		reply(404, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404})
	}
}

func (f *fakeKube) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// lists demands that the object lists exactly these.
func (f *fakeKube) lists(t testing.TB, emails ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var got []string
	users, _ := f.admin["users"].([]any)
	for _, u := range users {
		got = append(got, fmt.Sprint(u.(map[string]any)["email"]))
	}
	slices.Sort(got)
	if !slices.Equal(got, emails) {
		t.Errorf("the object lists %v, not %v", got, emails)
	}
}

// teamOf writes a configuration whose users are admins, but those that are said not to
// be.
func (w *world) teamOf(names ...string) {
	w.Helper()
	var text strings.Builder
	var admins []string
	for _, n := range names {
		name, isNone := strings.CutSuffix(n, " (no admin)")
		name, isOff := strings.CutSuffix(name, " (disabled)")
		fmt.Fprintf(&text, "user %q {\n  @home\n  email = \"%s@example.com\"\n  first_name = %q\n  last_name = \"Crew\"\n  generate_password = true\n  enabled = %v\n}\n", name, name, name, !isOff)
		if !isNone {
			admins = append(admins, "user."+name)
		}
	}
	fmt.Fprintf(&text, "cluster \"production\" {\n  client = client.influxctl\n  admins = [%s]\n  kubernetes {}\n}\n", strings.Join(admins, ", "))
	w.configure(text.String())
}

// says demands that a result has all of these words, whatever the lines are broken at.
func says(t testing.TB, r result, words ...string) {
	t.Helper()
	squeeze := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(" \n\t│╷╵|", c) }), " ")
	}
	for _, w := range words {
		if !strings.Contains(squeeze(r.stdout+r.stderr), squeeze(w)) {
			t.Errorf("it does not say %q: %s", w, r)
		}
	}
}

// TestOutOfReach: a removal goes on without the cluster, and is healed; anything else
// is an error before something is done.
func TestOutOfReach(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		for name, fail := range map[string]func(f *fakeKube, bad bool){
			"not reached": func(f *fakeKube, bad bool) { f.reach(t, !bad) },
			"somebody else's": func(f *fakeKube, bad bool) {
				f.set(func() { f.manager = map[bool]string{true: "helm"}[bad] })
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, on)
				f := newFakeKube(t, w)
				w.teamOf("ada", "ben", "cleo")
				w.apply()
				f.lists(t, "ada@example.com", "ben@example.com", "cleo@example.com")
				w.empty()

				// To let somebody in is an error.
				fail(f, true)
				w.teamOf("ada", "ben", "cleo", "dan")
				if r := w.must(1, w.applyArgs()...); len(w.people(w.home)) != 3 || strings.Contains(r.stdout, "left in it") {
					t.Errorf("something was done: %s", r)
				}
				// Nor does somebody who cannot be let in take the place of all the others.
				w.teamOf("dan")
				says(t, w.must(1, w.applyArgs()...), "have no admin who can sign in", "-allow-empty-admins")
				if people := w.people(w.home); len(people) != 3 {
					t.Errorf("the users are %v", people)
				}
				if name == "not reached" {
					w.teamOf("ada", "ben", "cleo") // nothing to do, as far as can be seen
					says(t, w.must(1, "plan"), "cannot be reached", "(context fake)")
				}

				// To take somebody out is not: an admin no more, deleted. Whom the same plan
				// lets in waits.
				w.teamOf("ada", "ben (no admin)", "dan")
				plan := w.plan()
				if got := plan.lines(); !slices.Equal(got, []string{"cluster.production.kubernetes update", "user.cleo delete", "user.dan create"}) || len(plan.TargetChanges[0].Admins.Removed) != 2 || len(plan.TargetChanges[0].Admins.Added) != 1 {
					t.Errorf("the plan is %v %+v", got, plan.TargetChanges)
				}
				says(t, w.must(0, "plan"), "admin user.dan is not added yet", "lets in who waits: user.dan")
				says(t, w.must(2, "export", "-check"), "cannot be reached")
				r := w.must(1, w.applyArgs()...)
				says(t, r, "Still in it: user.ben (", "user.cleo (", "1 added", "1 destroyed")
				if people := w.people(w.home); len(people) != 3 {
					t.Errorf("the users are %v", people)
				}
				f.lists(t, "ada@example.com", "ben@example.com", "cleo@example.com")

				says(t, w.must(0, "state", "list", "-json"), `"AppInstance prod/influxdb (context fake)"`)

				// Again and nothing new: still exit code 1, and nothing worse.
				says(t, w.must(1, w.applyArgs()...), "Still in it:")

				fail(f, false)
				w.wants("cluster.production.kubernetes update")
				w.apply()
				f.lists(t, "ada@example.com", "dan@example.com")
				w.empty()

				// The same for a destroy.
				fail(f, true)
				says(t, w.must(1, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false"), "Still in it: user.ada (", "user.dan (")
				if w.exists(w.home) {
					t.Error("the home was not destroyed")
				}
				fail(f, false)
				w.must(0, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false")
				if !w.stateNow().IsEmpty() {
					t.Errorf("the state has %+v", w.stateNow())
				}
				f.lists(t)
			})
		}
	})
}

// TestOutOfReachDisabled: who is disabled stays an admin by the configuration, and
// loses the access.
func TestOutOfReachDisabled(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		w := newWorld(t, on)
		f := newFakeKube(t, w)
		w.teamOf("ada", "ben")
		w.apply()
		f.reach(t, false)
		w.teamOf("ada", "ben (disabled)")
		says(t, w.must(1, w.applyArgs()...), "Still in it: user.ben (", "1 changed")
		if w.people(w.home)["ben@example.com"].enabled {
			t.Error("ben is not disabled")
		}
		f.reach(t, true)
		w.empty()

		// The block goes, and nobody else: what it wrote is left as it is, and said so.
		f.reach(t, false)
		w.configure("")
		says(t, w.must(1, w.applyArgs()...), "have no admin", "-allow-empty-admins")
		says(t, w.must(1, "destroy", "-auto-approve", "-input=false"), "No admin would be left", "-allow-empty-admins")
		if len(w.people(w.home)) != 2 {
			t.Error("somebody was deleted")
		}
		says(t, w.must(1, w.applyArgs("-allow-empty-admins")...), "Still in it: user.ada (", "user.ben (")
		f.reach(t, true)
		w.apply("-allow-empty-admins")
		f.lists(t)
	})
}

// TestFewKubernetesRequests: a plan with nothing to do takes two of them, for
// the API group and for the AppInstance.
func TestFewKubernetesRequests(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		w := newWorld(t, on)
		f := newFakeKube(t, w)
		w.teamOf("ada", "ben", "cleo")
		w.apply()
		f.set(func() { f.requests = 0 })
		w.empty()
		if f.requests > 2 {
			t.Errorf("%d requests", f.requests)
		}
	})
}
