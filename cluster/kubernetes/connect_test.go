package kubernetes

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/diag"
)

// block are the attributes of a kubernetes block.
func block(set map[string]cty.Value) cty.Value {
	attrs := map[string]cty.Value{}
	for _, a := range cluster.Spec().Attributes {
		if a.Name == cluster.KindKubernetes {
			for _, inner := range a.Block {
				attrs[inner.Name] = cty.NullVal(inner.Type)
			}
		}
	}
	for name, v := range set {
		attrs[name] = v
	}
	return cty.ObjectVal(attrs)
}

// kubeconfig has a context that says little, and one that says all.
const kubeconfig = `apiVersion: v1
kind: Config
current-context: plain
contexts:
- {name: plain, context: {cluster: c, user: u}}
- {name: full, context: {cluster: c, user: u, namespace: team}}
clusters:
- {name: c, cluster: {server: "https://user:hidden@K8S.example.com:6443/"}}
users:
- {name: u, user: {token: hidden-token}}
`

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWhereItIs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "home/.kube/config", kubeconfig)
	write(t, dir, "a", strings.Replace(kubeconfig, "current-context: plain", "", 1))
	write(t, dir, "b", "current-context: full\n")
	text := cty.StringVal
	tests := map[string]struct {
		set  map[string]cty.Value
		env  []string
		want cluster.Place
	}{
		"the home's":       {nil, []string{"HOME=" + dir + "/home"}, cluster.Place{Context: "plain", Namespace: "influxdb"}},
		"windows":          {nil, []string{"USERPROFILE=" + dir + "/home"}, cluster.Place{Context: "plain", Namespace: "influxdb"}},
		"KUBECONFIG first": {nil, []string{"HOME=/nowhere", "KUBECONFIG=" + dir + "/nowhere" + string(os.PathListSeparator) + dir + "/a" + string(os.PathListSeparator) + dir + "/b"}, cluster.Place{Context: "full", Namespace: "team"}},
		"a file, relative": {map[string]cty.Value{"kubeconfig": text("home/.kube/config"), "context": text("full")}, nil, cluster.Place{Path: "home/.kube/config", Context: "full", Namespace: "team"}},
		"a namespace":      {map[string]cty.Value{"namespace": text("prod"), "name": text("x"), "context": text("full")}, []string{"HOME=" + dir + "/home"}, cluster.Place{Context: "full", Namespace: "prod", Name: "x"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			target, ds := Open(block(tt.set), Options{Dir: dir, Env: tt.env})
			if ds.HasErrors() || target.broken.HasErrors() {
				t.Fatal(ds, target.broken)
			}
			tt.want.Server = "https://k8s.example.com:6443"
			if target.Place() != tt.want {
				t.Errorf("it is %+v, not %+v", target.Place(), tt.want)
			}
			again := At(target.Place(), Options{Dir: dir, Env: tt.env})
			if again.Identity() != target.Identity() || again.Place().Context != tt.want.Context {
				t.Errorf("it is opened again as %+v", again.Place())
			}
		})
	}
}

func TestInAPod(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "token", "pod-token\n")
	write(t, dir, "namespace", "influx\n")
	getenv := func(name string) string {
		return map[string]string{"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "HOME": dir}[name]
	}
	w := world{getenv: getenv, account: dir}
	c, namespace, ds := w.configure("", "")
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	if c.config.Host != "https://[fd00::1]:443" || namespace != "influx" || c.config.BearerTokenFile != filepath.Join(dir, "token") || c.config.CAFile != filepath.Join(dir, "ca.crt") {
		t.Errorf("it is %+v in %q", c.config, namespace)
	}
	if _, _, ds = w.configure("", "prod"); !strings.Contains(ds.Error(), "has no context") {
		t.Errorf("a context in a pod: %v", ds)
	}
	w.account = filepath.Join(dir, "nowhere")
	if _, _, ds = w.configure("", ""); !strings.Contains(ds.Error(), "automountServiceAccountToken") {
		t.Errorf("a pod without a token: %v", ds)
	}
}

func TestMistakesInAKubeconfig(t *testing.T) {
	tests := map[string]struct {
		file, context string
		words         []string
	}{
		"no yaml":              {"users: [{user: {token: hidden}", "", []string{"is no kubeconfig", "line 1"}},
		"another type":         {"users: {token: hidden}", "", []string{"is no kubeconfig"}},
		"no current context":   {strings.Replace(kubeconfig, "current-context: plain", "", 1), "", []string{"has no current context", "There is full, plain", "Set context"}},
		"an unknown current":   {strings.Replace(kubeconfig, "current-context: plain", "current-context: gone", 1), "", []string{`has no context "gone"`, "It is the current one"}},
		"a misspelt context":   {kubeconfig, "ful", []string{`Did you mean "full"?`}},
		"no such user":         {strings.Replace(kubeconfig, "{name: u, user", "{name: v, user", 1), "", []string{"cannot be used", `"plain"`}},
		"a certificate's file": {strings.Replace(kubeconfig, "token: hidden-token", "client-certificate: nowhere.crt, client-key: nowhere.key, token: hidden-token", 1), "", []string{"nowhere.crt"}},
		"a plugin of the past": {strings.Replace(kubeconfig, "token: hidden-token", "auth-provider: {name: gcp}", 1), "", []string{"gcp"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "config", tt.file)
			set := map[string]cty.Value{"kubeconfig": cty.StringVal("config")}
			if tt.context != "" {
				set["context"] = cty.StringVal(tt.context)
			}
			target, ds := Open(block(set), Options{Dir: dir})
			if ds.HasErrors() {
				t.Fatal(ds)
			}
			_, ds = target.Read(t.Context()) // a removal needs the target all the same
			for _, w := range tt.words {
				if !strings.Contains(ds.Error(), w) {
					t.Errorf("it does not say %q: %v", w, ds)
				}
			}
			if strings.Contains(ds.Error(), "hidden") {
				t.Errorf("it quotes a secret: %v", ds)
			}
		})
	}
	for name, set := range map[string]map[string]cty.Value{
		"unknown": {"context": cty.UnknownVal(cty.String)}, "unknown force": {"force": cty.UnknownVal(cty.Bool)}, "a home": {"kubeconfig": cty.StringVal("~/.kube/config")},
	} {
		if _, ds := Open(block(set), Options{}); !ds.HasErrors() {
			t.Errorf("%s is no error", name)
		}
	}
}

// opened is a target next to a server that answers as told.
func opened(t *testing.T, answer http.HandlerFunc) *Target {
	t.Helper()
	c := &connection{context: "test", config: &rest.Config{Host: "https://k8s.example.com", Transport: handler(answer)}}
	if ds := c.open(); ds.HasErrors() {
		t.Fatal(ds)
	}
	return &Target{conn: c, place: cluster.Place{Namespace: "prod", Name: "influxdb", Context: "test", Server: c.server}}
}

// handler is a server without a socket.
type handler http.HandlerFunc

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h(w, r)
	return w.Result(), nil
}

func answer(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

const (
	apiGroup = `{"kind":"APIGroup","apiVersion":"v1","name":"kubecfg.dev","preferredVersion":{"groupVersion":"kubecfg.dev/v1beta1","version":"v1beta1"}}`
	status   = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"reason":%q,"code":%d,"details":%s}`
)

func TestTheVersionIsTheServers(t *testing.T) {
	var asked []string
	target := opened(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		if r.URL.Path == "/apis/kubecfg.dev" {
			answer(w, 200, apiGroup)
			return
		}
		w.Header().Add("Warning", `299 - "kubecfg.dev/v1beta1 is \u001b[31mold"`)
		answer(w, 200, strings.Replace(appInstance, "v1alpha1", "v1beta1", 1))
	})
	live, ds := target.Read(t.Context())
	if ds.HasErrors() || len(live.Section.Admins) != 1 {
		t.Fatal(live, ds)
	}
	if len(ds) != 1 || ds[0].Severity != diag.Warning || !strings.Contains(ds[0].Detail, "kubecfg.dev/v1beta1 is") || strings.Contains(ds[0].Detail, "\x1b") {
		t.Errorf("the server's warning is %v", ds)
	}
	if _, ds = target.Read(t.Context()); ds.HasErrors() {
		t.Fatal(ds)
	}
	if got := strings.Join(asked, " "); got != "GET /apis/kubecfg.dev GET /apis/kubecfg.dev/v1beta1/namespaces/prod/appinstances/influxdb GET /apis/kubecfg.dev/v1beta1/namespaces/prod/appinstances/influxdb" {
		t.Errorf("asked for %s", got)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	tests := map[string]struct {
		group, object string
		code          int
		want          string
	}{
		"no group":      {"", "", 404, "does not know the API group kubecfg.dev"},
		"no resource":   {apiGroup, `{}`, 404, "no appinstances in its version v1beta1"},
		"not a cluster": {`{"hello":"world"}`, "", 404, "That is no Kubernetes API server"},
		"no object":     {apiGroup, fmt.Sprintf(status, "not found", "NotFound", 404, `{"name":"influxdb","group":"kubecfg.dev","kind":"appinstances"}`), 404, "No such AppInstance"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			answers := func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/apis/kubecfg.dev" && tt.group == "":
					answer(w, 404, "404 page not found")
				case r.URL.Path == "/apis/kubecfg.dev":
					answer(w, 200, tt.group)
				default:
					answer(w, tt.code, tt.object)
				}
			}
			if _, ds := opened(t, answers).Read(t.Context()); !strings.Contains(ds.Error(), tt.want) {
				t.Errorf("it says %v", ds)
			}
		})
	}
}

// TestALeftTargetThatIsGone: nothing is left in it, if it is the same cluster.
func TestALeftTargetThatIsGone(t *testing.T) {
	target := opened(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/apis/kubecfg.dev" {
			answer(w, 200, apiGroup)
			return
		}
		answer(w, 404, fmt.Sprintf(status, "not found", "NotFound", 404, `{"name":"influxdb","group":"kubecfg.dev","kind":"appinstances"}`))
	})
	target.had = target.place
	if live, ds := target.Read(t.Context()); ds.HasErrors() || live.Exists {
		t.Errorf("it is %+v (%v)", live, ds)
	}
	target.had.Server = "https://another.example.com"
	if _, ds := target.Read(t.Context()); !strings.Contains(ds.Error(), "leads to another cluster") {
		t.Errorf("another cluster: %v", ds)
	}
}

// silent is a server that takes connections and says nothing.
func silent(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, theirs) }()
	return ours, nil
}

func TestAServerThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &connection{context: "prod", config: &rest.Config{Host: "http://k8s.example.com", Dial: silent}}
		if ds := c.open(); ds.HasErrors() {
			t.Fatal(ds)
		}
		target := &Target{conn: c, place: cluster.Place{Namespace: "prod", Name: "influxdb"}}
		started := time.Now()
		_, ds := target.Read(t.Context())
		if lasted := time.Since(started); lasted != timeout {
			t.Errorf("it took %v", lasted)
		}
		if want := "cannot be reached: http://k8s.example.com (context prod): it did not answer within 10 seconds"; !strings.Contains(ds.Error(), want) {
			t.Errorf("it says %v", ds)
		}
		c.rest.(*rest.RESTClient).Client.CloseIdleConnections()
	})
}

// TestRepeatedWrites: a server that is never done with others' writes is given up.
func TestRepeatedWrites(t *testing.T) { synctest.Test(t, repeatedWrites) }

func repeatedWrites(t *testing.T) {
	tries := 0
	target := opened(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/apis/kubecfg.dev":
			answer(w, 200, apiGroup)
		case r.Method == http.MethodGet:
			answer(w, 200, appInstance)
		default:
			tries++
			if r.Header.Get("Content-Type") != "application/apply-patch+yaml" || r.URL.Query().Get("fieldManager") != "idpctl" || r.URL.Query().Get("force") != "false" {
				t.Errorf("the request is %v %v", r.URL, r.Header)
			}
			answer(w, 409, fmt.Sprintf(status, "the object has been modified", "Conflict", 409, `{"name":"influxdb","group":"kubecfg.dev","kind":"appinstances"}`))
		}
	})
	live, ds := target.Read(t.Context())
	if ds.HasErrors() {
		t.Fatal(ds)
	}
	change, ds := target.Prune(live, cluster.Desired{}, cluster.Ownership{Owned: []string{"1"}})
	if ds.HasErrors() || !change.Changed {
		t.Fatal(change, ds)
	}
	ds = target.Write(t.Context(), live, change)
	if tries != attempts || !strings.Contains(ds.Error(), "is written all the time") {
		t.Errorf("%d attempts: %v", tries, ds)
	}
}

// TestNothingIsPrinted: client-go logs to standard error otherwise.
func TestNothingIsPrinted(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = w
	defer func() { os.Stderr = stderr }()
	silence()
	klog.Error("an error")
	klog.Warning("a warning")
	klog.Flush()
	w.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, r); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 0 {
		t.Errorf("it prints %q", &b)
	}
}
