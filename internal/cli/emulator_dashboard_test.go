package cli_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/internal/cli"
)

// Every emulator says where its dashboard is, and it is there.
func TestEmulatorDashboard(t *testing.T) {
	for name, service := range map[string]string{"keycloak": "Keycloak", "entra": "Microsoft Entra ID", "auth0": "Auth0"} {
		ctx, cancel := context.WithCancel(t.Context())
		out := &watched{text: "/_emulator/\n", seen: make(chan struct{})}
		ended := make(chan int, 1)
		go func() {
			ended <- cli.Main(ctx, []string{"emulator", name}, &cli.Env{Stdin: strings.NewReader(""), Stdout: out, Stderr: out, Version: "test"})
		}()
		select {
		case <-out.seen:
		case code := <-ended:
			t.Fatalf("%s ended with %d: %s", name, code, out)
		}
		transport := &http.Transport{}
		if file := regexp.MustCompile(`_CA_FILE='?([^'\s]+)`).FindStringSubmatch(out.String()); file != nil {
			pem, err := os.ReadFile(file[1])
			pool := x509.NewCertPool()
			if err != nil || !pool.AppendCertsFromPEM(pem) {
				t.Fatalf("%v: %s", err, pem)
			}
			transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		}
		address := regexp.MustCompile(`https?://\S+/_emulator/`).FindString(out.String())
		resp, err := (&http.Client{Transport: transport}).Get(address)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "<h1>"+service+" emulator</h1>") {
			t.Errorf("%s: %s %s", name, resp.Status, body)
		}
		transport.CloseIdleConnections()
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("%s ended with %d: %s", name, code, out)
		}
	}
}
