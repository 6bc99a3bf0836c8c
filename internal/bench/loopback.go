package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/localca"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// loopback serves emulated tenants over TLS, from this process.
type loopback struct {
	cert *localca.Certificate
	ca   string    // the file of its authority
	key  *oidc.Key // one for all tenants, as it takes a moment to make
}

func newLoopback(dir string) (*loopback, error) {
	cert, err := localca.New(time.Now())
	if err != nil {
		return nil, err
	}
	key, err := oidc.NewKey("RS256", "sig", "bench", time.Now())
	if err != nil {
		return nil, err
	}
	lo := &loopback{cert: cert, ca: filepath.Join(dir, "ca.pem"), key: key}
	return lo, os.WriteFile(lo.ca, cert.CA, 0o600)
}

// trust is what trusts it.
func (lo *loopback) trust() *tls.Config {
	return &tls.Config{RootCAs: lo.cert.Pool, MinVersion: tls.VersionTLS12}
}

// serve starts a server of an API, of which each request takes a while beside its
// work. handler is told the server's host and port.
func (lo *loopback) serve(api *regexp.Regexp, delay time.Duration, handler func(host string) http.Handler) (url string, web *http.Server, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	slow := fault.New(handler(l.Addr().String()))
	slow.Add(fault.Rule{Path: api, Do: fault.Delay(delay)})
	web = &http.Server{Handler: slow, ReadHeaderTimeout: time.Minute}
	go func() {
		_ = web.Serve(tls.NewListener(l, &tls.Config{
			Certificates: []tls.Certificate{lo.cert.Server}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})) // it ends when it is closed
	}()
	return "https://" + l.Addr().String(), web, nil
}
