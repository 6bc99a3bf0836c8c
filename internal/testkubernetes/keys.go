package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// keys are the files that a server is started with.
type keys struct {
	// certificate and key of the server, which is its own authority.
	certificate, key string
	// accounts is the key that tokens of service accounts are signed by.
	accounts string
	// tokens is the list of static tokens.
	tokens string

	authority []byte // the certificate, PEM
	token     string // of the administrator
}

func writeKeys(dir string) (keys, error) {
	k := keys{
		certificate: filepath.Join(dir, "server.crt"), key: filepath.Join(dir, "server.key"),
		accounts: filepath.Join(dir, "accounts.key"), tokens: filepath.Join(dir, "tokens.csv"), token: rand.Text(),
	}
	serving, servingPEM, err := newKey()
	if err != nil {
		return keys{}, err
	}
	_, accountsPEM, err := newKey()
	if err != nil {
		return keys{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "testkubernetes"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(48 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, serving.Public(), serving)
	if err != nil {
		return keys{}, fmt.Errorf("making the server's certificate: %w", err)
	}
	k.authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, content := range map[string][]byte{
		k.certificate: k.authority, k.key: servingPEM, k.accounts: accountsPEM,
		k.tokens: []byte(k.token + ",admin,admin,system:masters\n"),
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return keys{}, fmt.Errorf("writing the server's keys: %w", err)
		}
	}
	return k, nil
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// client trusts the server alone, and uses no proxy.
func (k keys) client() *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(k.authority)
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}}
}

// kubeconfig is that of the administrator.
func (k keys) kubeconfig(url string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts:
- name: test
  context: {cluster: test, user: admin}
clusters:
- name: test
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: admin
  user: {token: %s}
`, url, base64.StdEncoding.EncodeToString(k.authority), k.token)
}
