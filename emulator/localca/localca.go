// Package localca makes a certificate authority and a server certificate for
// one run of an emulator: clients that insist on TLS, as the libraries of
// Microsoft and Auth0 do, are given the authority's certificate to trust. The
// authority's key is never written anywhere and is gone when New returns, so
// nothing else can be certified by it.
package localca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Lifespan is how long the certificates are valid.
const Lifespan = 30 * 24 * time.Hour

// Certificate is a server certificate and the authority behind it.
type Certificate struct {
	// CA is the authority's certificate in PEM, for SSL_CERT_FILE.
	CA []byte
	// Pool has that certificate.
	Pool *x509.CertPool
	// Server is for tls.Config.Certificates.
	Server tls.Certificate
}

// New makes a certificate for host names and IP addresses; of these, none is
// that of this machine: localhost, 127.0.0.1 and ::1.
func New(now time.Time, hosts ...string) (*Certificate, error) {
	if len(hosts) == 0 {
		hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of the authority: %w", err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "idpctl emulator " + now.UTC().Format(time.RFC3339)},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(Lifespan),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, fmt.Errorf("make the authority: %w", err)
	}
	parsed, err := x509.ParseCertificate(caDER)
	if err != nil {
		return nil, fmt.Errorf("make the authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the server's key: %w", err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() + 1),
		Subject:      pkix.Name{CommonName: hosts[0]},
		NotBefore:    ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, parsed, &key.PublicKey, caKey)
	if err != nil {
		return nil, fmt.Errorf("make the server's certificate: %w", err)
	}
	c := &Certificate{
		CA:     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		Pool:   x509.NewCertPool(),
		Server: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
	}
	c.Pool.AddCert(parsed)
	return c, nil
}
