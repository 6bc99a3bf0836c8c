// Package testemulator runs `idpctl emulator` while a test lasts, and takes what it
// prints at its word, as its user does. It is for tests alone.
package testemulator

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/idpctl/idpctl/emulator/dashboard"
	"github.com/idpctl/idpctl/internal/cli"
)

// Emulator is one that runs.
type Emulator struct {
	// Env is what it says to export.
	Env map[string]string
	// Origin is where it is, without a slash at the end.
	Origin string
	// Client trusts its certificate, if it has one, and no other.
	Client *http.Client

	t    testing.TB
	name string
	out  *output
	stop func() int
}

// Start runs the emulator of a name, with further arguments, until [Emulator.Stop] or
// the end of the test.
func Start(t testing.TB, name string, args ...string) *Emulator {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	transport := &http.Transport{}
	e := &Emulator{t: t, name: name, Env: map[string]string{}, Client: &http.Client{Transport: transport}, out: &output{last: "nobody else.\n\n", come: make(chan struct{})}}
	if name == "keycloak" { // without TLS there is less to say
		e.out.last = dashboard.Path + "\n\n"
	}
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, append([]string{"emulator", name}, args...), &cli.Env{Stdin: strings.NewReader(""), Stdout: e.out, Stderr: e.out, Version: "0.0.0"})
	}()
	e.stop = sync.OnceValue(func() int {
		cancel()
		return <-ended
	})
	t.Cleanup(e.Stop)
	select {
	case <-e.out.come:
	case code := <-ended:
		ended <- code
		t.Fatalf("idpctl emulator %s ended with %d: %s", name, code, e.out)
	}
	for _, m := range regexp.MustCompile(`([A-Z0-9_]+)=(\S+)`).FindAllStringSubmatch(e.out.String(), -1) {
		e.Env[m[1]] = strings.Trim(m[2], "'")
	}
	e.Origin = strings.TrimSuffix(regexp.MustCompile(`https?://\S+`+dashboard.Path).FindString(e.out.String()), dashboard.Path)
	if file, has := e.Env["SSL_CERT_FILE"]; has {
		pem, err := os.ReadFile(file)
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(pem) {
			t.Fatalf("the certificate of the emulator: %v %s", err, pem)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return e
}

// Environ are [Emulator.Env] as programs take them, "NAME=value".
func (e *Emulator) Environ() []string {
	var list []string
	for name, v := range e.Env {
		list = append(list, name+"="+v)
	}
	return list
}

// Stop ends it as Ctrl-C does. Whether it ends well is part of the test.
func (e *Emulator) Stop() {
	e.t.Helper()
	e.Client.CloseIdleConnections()
	if code := e.stop(); code != 0 {
		e.t.Errorf("idpctl emulator %s ended with %d: %s", e.name, code, e.out)
	}
}

// output is a text that grows, and tells when its last words have come.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	last string
	once sync.Once
	come chan struct{}
}

// Write implements [io.Writer].
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.text.Write(p)
	if strings.Contains(o.text.String(), o.last) {
		o.once.Do(func() { close(o.come) })
	}
	return n, err
}

// String is what was written so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
