package cli_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/entra"
)

// watched is an output that tells when a text has come.
type watched struct {
	mu   sync.Mutex
	b    bytes.Buffer
	text string
	seen chan struct{}
	once sync.Once
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.b.Write(p)
	if strings.Contains(w.b.String(), w.text) {
		w.once.Do(func() { close(w.seen) })
	}
	return n, err
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// What the command prints is enough to get a token and ask Graph, over TLS
// that is checked; when it ends, a temporary certificate is gone.
func TestEmulatorEntra(t *testing.T) {
	for _, named := range []bool{true, false} {
		args := []string{"emulator", "entra", "-verified-domain", "contoso.com"}
		caFile := filepath.Join(t.TempDir(), "ca.pem")
		if named {
			args = append(args, "-ca-out", caFile)
		}
		ctx, cancel := context.WithCancel(t.Context())
		out := &watched{text: "nobody else", seen: make(chan struct{})}
		ended := make(chan int, 1)
		go func() {
			ended <- cli.Main(ctx, args, &cli.Env{Stdin: strings.NewReader(""), Stdout: out, Stderr: out, Version: "test"})
		}()
		select {
		case <-out.seen:
		case code := <-ended:
			t.Fatalf("ended with %d: %s", code, out)
		}
		env := map[string]string{}
		for _, m := range regexp.MustCompile(`([A-Z_]+)=(\S+)`).FindAllStringSubmatch(out.String(), -1) {
			env[m[1]] = strings.Trim(m[2], "'")
		}
		if named && env["SSL_CERT_FILE"] != caFile {
			t.Errorf("SSL_CERT_FILE is %s", env["SSL_CERT_FILE"])
		}
		pem, err := os.ReadFile(env["SSL_CERT_FILE"])
		pool := x509.NewCertPool()
		if err != nil || !pool.AppendCertsFromPEM(pem) {
			t.Fatalf("%v: %s", err, pem)
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
		client := &http.Client{Transport: transport}
		resp, err := client.PostForm(env["AZURE_AUTHORITY_HOST"]+env["AZURE_TENANT_ID"]+"/oauth2/v2.0/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {env["AZURE_CLIENT_ID"]}, "client_secret": {env["AZURE_CLIENT_SECRET"]},
			"scope": {"https://graph.microsoft.com/.default"}})
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("token: %s %s", resp.Status, body)
		}
		transport.CloseIdleConnections()
		dir, environ, said := t.TempDir(), []string(nil), new(bytes.Buffer)
		for name, v := range env {
			environ = append(environ, name+"="+v)
		}
		if err := os.WriteFile(filepath.Join(dir, "main.idp.hcl"), []byte("provider \"entra\" {}\n\ntenant \"home\" {\n  domain = \"contoso.com\"\n}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code := cli.Main(t.Context(), []string{"-chdir=" + dir, "plan"}, &cli.Env{
			Stdin: strings.NewReader(""), Stdout: said, Stderr: said, Version: "test", Environ: environ, Providers: []providers.Provider{entra.New()},
		}); code != 0 || !strings.Contains(said.String(), "tenant.home will be adopted") {
			t.Errorf("a plan with what was printed: %d %s", code, said)
		}
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("ended with %d: %s", code, out)
		}
		if _, err := os.Stat(env["SSL_CERT_FILE"]); (err == nil) != named {
			t.Errorf("the certificate afterwards: %v", err)
		}
	}
}
