//go:build kubernetes

package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/idpctl/idpctl/cluster/kubernetes"
)

// kube is a world whose cluster is an AppInstance in a real Kubernetes API server, in
// a namespace of its own. idpctl reaches the server through a proxy that can do harm.
type kube struct {
	*world
	namespace, folder string
	admin             dynamic.Interface
	proxy             *kubeProxy
}

// kubernetesSetting is a variable that internal/testkubernetes sets.
func kubernetesSetting(t testing.TB, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set: run these tests with `make test-kubernetes`", name)
	}
	return v
}

// newKube makes a world with the custom resource, a namespace, and no AppInstance.
func newKube(t testing.TB) *kube {
	t.Helper()
	return kubeOf(newWorld(t, targets(t)[0]))
}

// kubeOf does that for a world that is there.
func kubeOf(w *world) *kube {
	w.Helper()
	on := *w.on
	w.on = &on
	k := &kube{world: w, folder: w.TempDir(), namespace: w.home}
	config := k.connect()
	k.proxy = newKubeProxy(w, config)
	provider := on.environ
	w.on.environ = func(url string) []string {
		return append(provider(url), "KUBECONFIG="+k.file("kubeconfig"), "PATH="+os.Getenv("PATH"))
	}
	k.reach(k.proxy.URL, config.BearerToken)
	k.resourceIsThere()
	k.kubectl("create", "namespace", k.namespace)
	w.Cleanup(func() {
		// No controller deletes what is in a namespace.
		k.kubectl("delete", "appinstances,roles,rolebindings,serviceaccounts,secrets", "--all", "--namespace", k.namespace)
		k.kubectl("delete", "namespace", k.namespace, "--wait=false")
	})
	return k
}

// connect makes the administrator's client.
func (k *kube) connect() *rest.Config {
	k.Helper()
	config := k.restConfig()
	var err error
	if k.admin, err = dynamic.NewForConfig(config); err != nil {
		k.Fatal(err)
	}
	return config
}

func (k *kube) restConfig() *rest.Config {
	k.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubernetesSetting(k, "IDPCTL_TEST_KUBERNETES"))
	if err != nil {
		k.Fatal(err)
	}
	config.QPS = -1
	return config
}

func (k *kube) file(name string) string { return filepath.Join(k.folder, name) }

// reach writes the kubeconfig that idpctl finds.
func (k *kube) reach(server, token string) {
	k.Helper()
	k.reachAs(server, "user: {token: "+token+"}")
}

func (k *kube) reachAs(server, user string) {
	k.Helper()
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test, namespace: %s}}]
clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %s}}]
users:
- name: test
  %s
`, k.namespace, server, base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.proxy.Certificate().Raw})), user)
	if err := os.WriteFile(k.file("kubeconfig"), []byte(text), 0o600); err != nil {
		k.Fatal(err)
	}
}

// resourceIsThere sees to it that the server has the custom resource.
func (k *kube) resourceIsThere() {
	k.Helper()
	k.kubectlIn(testdata(k, "kubernetes/crd.yaml"), "apply", "--server-side", "--filename=-")
	k.kubectl("wait", "--for=condition=Established", "crd/appinstances.kubecfg.dev", "--timeout=60s")
}

// kubectl runs it as the administrator, past the proxy.
func (k *kube) kubectl(args ...string) string {
	k.Helper()
	return k.kubectlIn("", args...)
}

func (k *kube) kubectlIn(stdin string, args ...string) string {
	k.Helper()
	out, err := k.tryKubectl(stdin, args...)
	if err != nil {
		k.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (k *kube) tryKubectl(stdin string, args ...string) (string, error) {
	cmd := exec.Command(kubernetesSetting(k, "IDPCTL_TEST_KUBECTL"), append([]string{"--kubeconfig=" + kubernetesSetting(k, "IDPCTL_TEST_KUBERNETES")}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "HOME="+k.folder)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, &stderr)
	}
	return stdout.String(), nil
}

// appInstanceFile is the file that people have, with more lines in its admin section.
func (k *kube) appInstanceFile(admin ...string) string {
	k.Helper()
	var lines strings.Builder
	for _, l := range admin {
		lines.WriteString("        " + l + "\n")
	}
	return strings.NewReplacer("NAMESPACE", k.namespace, "ADMIN\n", lines.String()).Replace(testdata(k, "kubernetes/appinstance.yaml"))
}

// kubectlApply applies the file as InfluxData's documentation says.
func (k *kube) kubectlApply(admin ...string) {
	k.Helper()
	k.kubectlIn(k.appInstanceFile(admin...), "apply", "--filename=-", "--namespace", k.namespace)
}

// objects are the AppInstances of the namespace.
func (k *kube) objects() dynamic.ResourceInterface {
	return k.admin.Resource(schema.GroupVersionResource{Group: "kubecfg.dev", Version: "v1alpha1", Resource: "appinstances"}).Namespace(k.namespace)
}

// object is the AppInstance as it is now.
func (k *kube) object() *unstructured.Unstructured {
	k.Helper()
	u, err := k.objects().Get(context.Background(), "influxdb", metav1.GetOptions{})
	if err != nil {
		k.Fatal(err)
	}
	return u
}

// adminSection is the admin section of the AppInstance.
func (k *kube) adminSection() map[string]any {
	k.Helper()
	m, _, err := unstructured.NestedMap(k.object().Object, "spec", "package", "spec", "admin")
	if err != nil {
		k.Fatal(err)
	}
	return m
}

// listed are the e-mails of the users in it; ok is false if there is no list.
func (k *kube) listed() (emails []string, ok bool) {
	k.Helper()
	users, ok := k.adminSection()["users"].([]any)
	return emailsOf(users), ok
}

func emailsOf(users []any) []string {
	var out []string
	for _, u := range users {
		m, _ := u.(map[string]any)
		out = append(out, fmt.Sprint(m["email"]))
	}
	return out
}

// lists demands that the object lists exactly these, in any order, and that those who
// are at the identity provider have their ids.
func (k *kube) lists(emails ...string) {
	k.Helper()
	got, ok := k.listed()
	if !ok {
		k.Fatalf("the object has no list of users: %v", k.adminSection())
	}
	want := slices.Sorted(slices.Values(emails))
	if slices.Sort(got); !slices.Equal(got, want) {
		k.Fatalf("the object lists %v, not %v", got, want)
	}
	section := k.adminSection()
	if section["dsn"] == nil || section["internalSigningKey"] == nil {
		k.Errorf("the rest of the section is gone: %v", section)
	}
	people := map[string]person{}
	if k.exists(k.home) {
		people = k.people(k.home)
	}
	for _, u := range section["users"].([]any) {
		m := u.(map[string]any)
		if p, ok := people[fmt.Sprint(m["email"])]; ok && (m["id"] != p.id || m["firstName"] != p.first || m["lastName"] != p.last) {
			k.Errorf("the entry %v is not that of %+v", m, p)
		}
	}
}

// edit changes the object as somebody else does: read, change, write, again if a third
// one was quicker. change gets the admin section.
func (k *kube) edit(manager string, change func(admin map[string]any)) {
	for {
		u, err := k.objects().Get(context.Background(), "influxdb", metav1.GetOptions{})
		if err != nil {
			k.Error(err)
			return
		}
		admin, _, err := unstructured.NestedMap(u.Object, "spec", "package", "spec", "admin")
		if err != nil {
			k.Error(err)
			return
		}
		change(admin)
		if err := unstructured.SetNestedMap(u.Object, admin, "spec", "package", "spec", "admin"); err != nil {
			k.Error(err)
			return
		}
		_, err = k.objects().Update(context.Background(), u, metav1.UpdateOptions{FieldManager: manager})
		if err == nil {
			return
		}
		if !strings.Contains(err.Error(), "the object has been modified") {
			k.Error(err)
			return
		}
	}
}

// entry is a user of somebody else.
func entry(name string) map[string]any {
	return map[string]any{
		"id": "foreign-" + name, "firstName": name, "lastName": "Foreign", "email": name + "@foreign.example.com",
		"userGroups": []any{"Auditor"}, "note": "of another team",
	}
}

// add puts an entry of somebody else into the object, remove takes it out.
func (k *kube) add(manager, name string) {
	k.edit(manager, func(admin map[string]any) {
		users, _ := admin["users"].([]any)
		admin["users"] = append(users, entry(name))
	})
}

func (k *kube) takeOut(manager, name string) {
	k.edit(manager, func(admin map[string]any) {
		users, _ := admin["users"].([]any)
		admin["users"] = slices.DeleteFunc(users, func(u any) bool { return u.(map[string]any)["id"] == "foreign-"+name })
	})
}

// touchStatus changes the object's status, as kubit does all the time.
func (k *kube) touchStatus(text string) {
	k.Helper()
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"lastLogs": map[string]any{"apply": text}}})
	if err != nil {
		k.Fatal(err)
	}
	k.kubectl("patch", "appinstance", "influxdb", "--namespace", k.namespace, "--subresource=status", "--type=merge", "--patch", string(patch))
}

// team writes a configuration with users of the given names, all of them admins but
// those that are said not to be, and more lines in the kubernetes block.
func (k *kube) team(block string, names ...string) {
	k.Helper()
	var users, admins []string
	for _, n := range names {
		name, isNone := strings.CutSuffix(n, " (no admin)")
		name, isOff := strings.CutSuffix(name, " (disabled)")
		off := ""
		if isOff {
			off = "\n  enabled = false"
		}
		users = append(users, fmt.Sprintf("user %q {\n  @home\n  email = \"%s@example.com\"\n  first_name = %q\n  last_name = \"Crew\"\n  generate_password = true%s\n}\n", name, name, name, off))
		if !isNone {
			admins = append(admins, "user."+name)
		}
	}
	k.configure(strings.Join(users, "\n") + fmt.Sprintf(`
cluster "production" {
  client = client.influxctl
  admins = [%s]

  kubernetes {
%s
  }
}
`, strings.Join(admins, ", "), block))
}

// kubeProxy passes requests on to the API server, over TLS of its own.
type kubeProxy struct {
	*httptest.Server
	// pass passes a request on, whatever is to be interfered with.
	pass http.Handler
	mu   sync.Mutex
	// before is called before a write is passed on that is not a dry run.
	before func(n int)
	writes int
	// answer, if it says so, answers a request itself.
	answer func(w http.ResponseWriter, r *http.Request) bool
}

func newKubeProxy(t testing.TB, config *rest.Config) *kubeProxy {
	t.Helper()
	at, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	anonymous := rest.AnonymousClientConfig(config)
	transport, err := rest.TransportFor(anonymous)
	if err != nil {
		t.Fatal(err)
	}
	p := &kubeProxy{}
	p.pass = &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(at) }}
	// client-go sends no credentials without TLS.
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		before, answer := p.before, p.answer
		write := r.Method != http.MethodGet && r.URL.Query().Get("dryRun") == ""
		if write {
			p.writes++
		}
		n := p.writes
		p.mu.Unlock()
		if write && before != nil {
			before(n)
		}
		if answer != nil && answer(w, r) {
			return
		}
		p.pass.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// interfere sets what happens before each write, or what answers instead; nil for
// nothing.
func (p *kubeProxy) interfere(before func(n int), answer func(w http.ResponseWriter, r *http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before, p.answer, p.writes = before, answer, 0
}

// down makes the server unreachable for idpctl.
func (p *kubeProxy) down() {
	p.interfere(nil, func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
}

// count is how many writes there were since somebody interfered.
func (p *kubeProxy) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.writes
}

func (p *kubeProxy) up() { p.interfere(nil, nil) }

// target is the target as idpctl opens it.
func (k *kube) target() *kubernetes.Target {
	k.Helper()
	attrs := cty.ObjectVal(map[string]cty.Value{
		"kubeconfig": cty.StringVal(k.file("kubeconfig")), "context": cty.NullVal(cty.String), "namespace": cty.NullVal(cty.String),
		"name": cty.NullVal(cty.String), "force": cty.False,
	})
	target, ds := kubernetes.Open(attrs, kubernetes.Options{Dir: k.dir})
	if ds.HasErrors() {
		k.Fatal(ds)
	}
	return target
}

// runAndWait runs idpctl as a process of its own, tells its id, and says when it is
// gone; it reports whether it was killed.
func (k *kube) runAndWait(started chan<- int, gone chan<- struct{}, args ...string) (killed bool) {
	k.Helper()
	exe, err := os.Executable()
	if err != nil {
		k.Fatal(err)
	}
	cmd := exec.Command(exe, append([]string{"-chdir=" + k.dir}, args...)...)
	cmd.Env = append(k.on.environ(k.url), asProgram+"=1", "HOME="+k.dir)
	before := k.connections()
	if err := cmd.Start(); err != nil {
		k.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case started <- cmd.Process.Pid:
		<-ended
	case <-ended:
	}
	close(gone)
	k.settle(before)
	return cmd.ProcessState.ExitCode() < 0
}
