package cli

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/emulator/localca"
)

// writeCA writes a certificate to a file that is left there, or to a temporary
// one that remove takes away. The name that it returns is absolute.
func writeCA(name string, pem []byte) (file string, remove func(), err error) {
	if name != "" {
		if file, err = filepath.Abs(name); err != nil {
			return "", nil, err
		}
		return file, func() {}, os.WriteFile(file, pem, 0o600)
	}
	dir, err := os.MkdirTemp("", "idpctl-emulator-")
	if err != nil {
		return "", nil, err
	}
	file = filepath.Join(dir, "ca.pem")
	return file, func() { _ = os.RemoveAll(dir) }, os.WriteFile(file, pem, 0o600)
}

// cannotListen says what to do about an address that is taken.
func cannotListen(err error) diag.Diagnostics {
	return diag.Diagnostics{{Summary: "Cannot listen", Detail: fmt.Sprintf("%s. Name another port with -listen, or port 0 for a free one.", err)}}
}

// serveTLS serves on this machine, over TLS with a certificate authority of its own,
// until it is interrupted. start tells the user and returns what answers; address
// is host and port, ca the file with the certificate to trust.
func (a *app) serveTLS(listen, caOut string, start func(address, ca string) (http.Handler, error)) error {
	cert, err := localca.New(time.Now())
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible()
	defer stop()
	l, err := listenLocally(ctx, listen)
	if err != nil {
		return a.tell(cannotListen(err), nil)
	}
	defer func() { _ = l.Close() }() // it is closed already where it was served
	file, remove, err := writeCA(caOut, cert.CA)
	if err != nil {
		return a.tell(diag.Diagnostics{{Summary: "Cannot write the certificate", Detail: fmt.Sprintf("%s. Name another file with -ca-out.", err)}}, nil)
	}
	defer remove()
	handler, err := start(l.Addr().String(), file)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return serveUntil(ctx, server, tls.NewListener(l, &tls.Config{
		Certificates: []tls.Certificate{cert.Server}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	}))
}
