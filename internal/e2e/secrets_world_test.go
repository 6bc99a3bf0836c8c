package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/localca"
	"github.com/idpctl/idpctl/internal/cli"
)

// secretWorld is a folder, a server behind a proxy that writes tokens down, and
// the commands run there: every byte that they print is searched.
type secretWorld struct {
	*canaries
	t      *testing.T
	s      subject
	dir    string
	url    string
	env    []string
	faults *fault.Injector
	// hc is a browser's client, and ca the file with what it trusts.
	hc *http.Client
	ca string
	// allowed are the secrets that a file may hold, by its name.
	allowed map[string][]string
	// logged is how many commands told of requests.
	logged int
}

// newSecretWorld puts the proxy in front of a subject's server.
func newSecretWorld(t *testing.T, s subject) *secretWorld {
	t.Helper()
	certificate, err := localca.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w := &secretWorld{
		canaries: &canaries{}, t: t, s: s, dir: t.TempDir(), ca: filepath.Join(t.TempDir(), "ca.pem"), faults: fault.New(s.hiding.server(t)),
		allowed: map[string][]string{},
		hc:      &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: certificate.Pool, MinVersion: tls.VersionTLS12}}},
	}
	t.Cleanup(w.hc.CloseIdleConnections)
	w.faults.Mutating = s.mutates
	if err := os.WriteFile(w.ca, certificate.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(w.proxy))
	proxy.Config.ErrorLog = quiet()
	if s.hiding.tls {
		proxy.TLS = &tls.Config{Certificates: []tls.Certificate{certificate.Server}, MinVersion: tls.VersionTLS12}
		proxy.StartTLS()
	} else {
		proxy.Start()
	}
	t.Cleanup(proxy.Close)
	w.url = proxy.URL
	w.env = []string{"IDPCTL_LOG=debug", "IDPCTL_VAR_url=" + w.url}
	return w
}

// proxy passes a request on, and adds the tokens in the answer to the secrets.
func (w *secretWorld) proxy(out http.ResponseWriter, r *http.Request) {
	if !w.s.hiding.grants.MatchString(r.URL.Path) {
		w.faults.ServeHTTP(out, r)
		return
	}
	held := httptest.NewRecorder()
	w.faults.ServeHTTP(held, r)
	var answer map[string]any
	if json.Unmarshal(held.Body.Bytes(), &answer) == nil {
		for _, name := range []string{"access_token", "refresh_token", "id_token", "device_code"} {
			if token, ok := answer[name].(string); ok {
				w.addToken(name, token)
			}
		}
	}
	maps.Copy(out.Header(), held.Header())
	out.WriteHeader(held.Code)
	_, _ = out.Write(held.Body.Bytes())
}

// write puts a file into the folder.
func (w *secretWorld) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// printed is what one command left.
type printed struct {
	code        int
	out, errOut string
}

// run runs a command in the folder and searches what it prints, and every file
// afterwards.
func (w *secretWorld) run(args ...string) printed { return w.runWith(nil, nil, args...) }

// runWith is run with more environment, and with secrets that may be printed,
// by the beginnings of their names. watch may be an [io.Writer] that sees the
// standard output as well.
func (w *secretWorld) runWith(env, may []string, args ...string) printed {
	return w.runWatched(context.Background(), io.Discard, env, may, args...)
}

func (w *secretWorld) runWatched(ctx context.Context, watch io.Writer, env, may []string, args ...string) printed {
	w.t.Helper()
	var out, errOut lockedBuffer
	code := cli.Main(ctx, append([]string{"-chdir=" + w.dir}, args...), &cli.Env{
		Stdin: strings.NewReader(""), Stdout: io.MultiWriter(&out, watch), Stderr: &errOut,
		Environ:   append(append([]string{}, w.env...), env...),
		Providers: registry(),
		Version:   "0.0.0",
		Exit:      func(int) { w.t.Error("the process was to end at once") },
	})
	p := printed{code, out.String(), errOut.String()}
	what := "idpctl " + strings.Join(args, " ")
	for _, found := range w.find([]byte(p.out), may...) {
		w.t.Errorf("%s prints to standard output the %s", what, found)
	}
	for _, found := range w.find([]byte(p.errOut)) {
		w.t.Errorf("%s prints to standard error the %s", what, found)
	}
	left := map[string]string{"standard output": p.out, "standard error": p.errOut}
	for name, text := range filesIn(w.t, w.dir) {
		if w.allowed[name] == nil {
			left["the file "+name] = text
		}
	}
	for where, text := range left {
		for _, secret := range w.s.secrets {
			if strings.Contains(text, secret) {
				w.t.Errorf("%s leaves %.6s… in %s:\n%s", what, secret, where, text)
			}
		}
	}
	if strings.Contains(p.errOut, w.s.hiding.logged) {
		w.logged++
	}
	w.scanFolder(w.t, "after "+what, w.dir, w.allowed)
	return p
}

// must is run where the command has to succeed.
func (w *secretWorld) must(args ...string) printed {
	w.t.Helper()
	p := w.run(args...)
	if p.code != 0 {
		w.t.Fatalf("idpctl %s exits with %d:\n%s%s", strings.Join(args, " "), p.code, p.out, p.errOut)
	}
	return p
}

// fails is run where the command has to fail, and say something.
func (w *secretWorld) fails(args ...string) printed {
	w.t.Helper()
	p := w.run(args...)
	if p.code != 1 || p.out+p.errOut == "" {
		w.t.Errorf("idpctl %s exits with %d and was to fail:\n%s%s", strings.Join(args, " "), p.code, p.out, p.errOut)
	}
	return p
}

// watchDisk searches the folder before and after every change at the server:
// what a process leaves on the disk that is killed there.
func (w *secretWorld) watchDisk() (moments func() int) {
	var mu sync.Mutex
	n := 0
	look := func(when string) func(int) {
		return func(mutation int) {
			mu.Lock()
			defer mu.Unlock()
			n++
			w.scanFolder(w.t, fmt.Sprintf("%s change %d", when, mutation), w.dir, w.allowed)
		}
	}
	before := w.faults.Add(fault.Rule{Mutating: true, Do: fault.Before(look("before"))})
	after := w.faults.Add(fault.Rule{Mutating: true, Do: fault.After(look("after"))})
	return func() int { before(); after(); return n }
}

// echoBack answers with a status and everything that it was told: the worst that a
// server, or a gateway in front of it, does with a request.
func echoBack(status int, shape string) fault.Action {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			said := strings.Join([]string{r.Header.Get("Authorization"), string(body), r.URL.String()}, " ")
			if form, err := url.ParseQuery(string(body)); err == nil && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				said += " " + fmt.Sprint(form)
			}
			var fields []string
			var object map[string]any
			if json.Unmarshal(body, &object) == nil {
				for name, v := range object {
					fields = append(fields, fmt.Sprintf("%s=%v", name, v))
				}
			}
			said += " " + strings.Join(fields, " ")
			var answer any
			switch shape {
			case "html":
				out.Header().Set("Content-Type", "text/html")
				out.WriteHeader(status)
				_, _ = fmt.Fprintf(out, "<html><h1>Error</h1><pre>%s</pre></html>", said)
				return
			case "message":
				answer = map[string]any{"errorMessage": said}
			case "graph":
				answer = map[string]any{"error": map[string]any{"code": said, "message": said, "innerError": map[string]any{"request-id": said}}}
			case "management":
				answer = map[string]any{"statusCode": status, "error": said, "message": said, "errorCode": said}
			case "fields":
				answer = map[string]any{"errors": []any{map[string]any{"field": said, "errorMessage": said, "params": []string{said, said, said}}}}
			default:
				answer = map[string]any{"error": shape, "error_description": said}
			}
			out.Header().Set("Content-Type", "application/json")
			out.WriteHeader(status)
			_ = json.NewEncoder(out).Encode(answer)
		})
	}
}

// secretAdmin calls the server's admin API past idpctl.
type secretAdmin struct {
	t     *testing.T
	url   string
	token string
}

func newSecretAdmin(t *testing.T, on *target, address string) *secretAdmin {
	t.Helper()
	environ := map[string]string{}
	for _, kv := range on.environ(address) {
		name, value, _ := strings.Cut(kv, "=")
		environ[name] = value
	}
	user, password := environ["KEYCLOAK_USER"], environ["KEYCLOAK_PASSWORD"]
	form := url.Values{"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {user}, "password": {password}}
	resp, err := http.PostForm(address+"/realms/master/protocol/openid-connect/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("no sign-in at %s: %v", address, err)
	}
	return &secretAdmin{t, address, answer.Token}
}

// call sends a request and reads the answer; a status from 400 on ends the
// test, but 404 for DELETE.
func (a *secretAdmin) call(method, path string, body, into any) {
	a.t.Helper()
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			a.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, a.url+"/admin/realms/"+path, in)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	gone := method == http.MethodDelete && resp.StatusCode == http.StatusNotFound
	if resp.StatusCode >= 400 && !gone {
		a.t.Fatalf("%s %s: %s %s", method, path, resp.Status, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			a.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
}

// account makes an administrator of the whole server with this password.
func (a *secretAdmin) account(name, password string) {
	a.t.Helper()
	a.call("POST", "master/users", map[string]any{
		"username": name, "enabled": true, "email": name + "@example.com", "firstName": "A", "lastName": "B",
		"credentials": []any{map[string]any{"type": "password", "value": password}},
	}, nil)
	var users []struct{ ID string }
	a.call("GET", "master/users?exact=true&username="+name, nil, &users)
	if len(users) != 1 {
		a.t.Fatalf("%d users are called %s", len(users), name)
	}
	a.t.Cleanup(func() { a.call("DELETE", "master/users/"+users[0].ID, nil, nil) })
	a.promote(users[0].ID)
}

// service makes a client with a service account that administers the server.
func (a *secretAdmin) service(name, secret string) {
	a.t.Helper()
	a.call("POST", "master/clients", map[string]any{
		"clientId": name, "secret": secret, "publicClient": false, "serviceAccountsEnabled": true, "standardFlowEnabled": false,
	}, nil)
	var clients []struct{ ID string }
	a.call("GET", "master/clients?clientId="+name, nil, &clients)
	if len(clients) != 1 {
		a.t.Fatalf("%d clients are called %s", len(clients), name)
	}
	a.t.Cleanup(func() { a.call("DELETE", "master/clients/"+clients[0].ID, nil, nil) })
	var user struct{ ID string }
	a.call("GET", "master/clients/"+clients[0].ID+"/service-account-user", nil, &user)
	a.promote(user.ID)
}

// promote gives a user of master the role admin.
func (a *secretAdmin) promote(id string) {
	a.t.Helper()
	var role map[string]any
	a.call("GET", "master/roles/admin", nil, &role)
	a.call("POST", "master/users/"+id+"/role-mappings/realm", []any{role}, nil)
}

// lockedBuffer is a buffer for several writers.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
