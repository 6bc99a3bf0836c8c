package localca_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/idpctl/idpctl/emulator/localca"
)

// A client that trusts the authority reaches the server, by name and by
// address; one that does not is warned.
func TestTLS(t *testing.T) {
	cert, err := localca.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert.Server}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	fromPEM := x509.NewCertPool()
	if !fromPEM.AppendCertsFromPEM(cert.CA) {
		t.Fatal("the authority's certificate is no PEM")
	}
	for name, pool := range map[string]*x509.CertPool{"pool": cert.Pool, "PEM": fromPEM, "": x509.NewCertPool()} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
		client := &http.Client{Transport: transport}
		for _, address := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)} {
			resp, err := client.Get(address)
			if (err == nil) != (name != "") {
				t.Errorf("%q %s: %v", name, address, err)
			}
			if err == nil {
				resp.Body.Close()
			}
		}
		transport.CloseIdleConnections()
	}
}

// Each run has an authority of its own, and a certificate is for its hosts.
func TestHosts(t *testing.T) {
	now := time.Now()
	one, err := localca.New(now, "login.test", "10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := localca.New(now.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(one.Server.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		host  string
		pool  *x509.CertPool
		at    time.Time
		valid bool
	}{
		{"login.test", one.Pool, now, true}, {"10.0.0.1", one.Pool, now, true}, {"localhost", one.Pool, now, false},
		{"login.test", other.Pool, now, false}, {"login.test", one.Pool, now.Add(localca.Lifespan + time.Second), false},
	} {
		_, err := leaf.Verify(x509.VerifyOptions{DNSName: tt.host, Roots: tt.pool, CurrentTime: tt.at})
		if (err == nil) != tt.valid {
			t.Errorf("%s at %s: %v", tt.host, tt.at, err)
		}
	}
}
