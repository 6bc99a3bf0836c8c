// Package testdex runs a real Dex, an OpenID provider that has the device flow, for
// tests: one for each test, with the users and clients that it wants.
//
//	dex, err := testdex.Start(ctx, testdex.Config{Users: …}, t.Logf)
//	t.Cleanup(func() { dex.Stop() })
//
// Dex is built from its source, the first time, and kept in a cache folder:
// $IDPCTL_CACHE, or idpctl-test in the user's cache folder. Its sqlite needs cgo, and so
// a C compiler. dex.mod and dex.sum pin what it is built from; they are those of a
// module with nothing of its own, as Dex's v2 tags are no versions of a Go module and
// its replace directives forbid `go install`.
//
// The tests that use it have the build tag dex: `make test-dex`.
package testdex

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Config is what Dex knows when it starts; it keeps nothing.
type Config struct {
	Users   []User
	Clients []Client
	// CodeLife is how long a device code lives, TokenLife how long tokens do; 0 for
	// five minutes and a day.
	CodeLife, TokenLife time.Duration
	// Certificate to serve with, for 127.0.0.1, and Roots that trust it; nil for plain
	// http.
	Certificate *tls.Certificate
	Roots       *x509.CertPool
}

// User is one who signs in with an e-mail and [Password].
type User struct {
	// ID is what Dex calls the user ID. What tokens carry as sub is not this.
	ID, Email, Name string
}

// Client is one that asks for tokens.
type Client struct {
	ID string
	// Secret is empty for a public client.
	Secret string
}

const (
	// Password is that of every user.
	Password = "password"
	// passwordHash is its bcrypt hash, which Dex is configured with.
	passwordHash = "$2b$10$jAS2sv6zFEDwmyO58Rko3.2HDPzWCZ7N3wwMLfofDvDlC2/9NWQmm"
)

const (
	// startTimeout is how long Dex may take until it answers: it needs 0.2 s.
	startTimeout = time.Minute
	// grace is how long it may take to end after it was asked to.
	grace = 10 * time.Second
	// ports is how often a port is chosen anew that somebody else was faster to take.
	ports = 5
)

// Server is a Dex that runs.
type Server struct {
	// Issuer is its issuer, on the loopback interface.
	Issuer string

	dir   string
	cmd   *exec.Cmd
	log   *logBuffer
	ended chan struct{} // closed when the process is gone
	done  chan struct{} // closed when it may end
	once  sync.Once
}

// Start builds Dex if it must, starts it and waits until it answers. say is told of
// what takes long.
func Start(ctx context.Context, cfg Config, say func(format string, args ...any)) (*Server, error) {
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	program, err := build(ctx, cache, say)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		s, err := start(ctx, program, cfg)
		if err == nil || try == ports || !strings.Contains(err.Error(), "address already in use") {
			return s, err
		}
	}
}

// start runs a program as Dex.
func start(ctx context.Context, program string, cfg Config) (*Server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "testdex-")
	if err != nil {
		return nil, fmt.Errorf("making Dex's folder: %w", err)
	}
	s := &Server{
		Issuer: cfg.scheme() + "://" + address + "/dex", dir: dir, log: &logBuffer{}, ended: make(chan struct{}), done: make(chan struct{}),
	}
	file := filepath.Join(dir, "dex.yaml")
	text, err := cfg.document(s.Issuer, address)
	if err == nil && cfg.Certificate != nil {
		err = writeCertificate(dir, cfg.Certificate)
	}
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.cmd = exec.Command(program, "serve", file)
	s.cmd.Dir, s.cmd.SysProcAttr = dir, attributes()
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	begun := make(chan error)
	go s.run(begun)
	if err := <-begun; err != nil {
		return nil, errors.Join(fmt.Errorf("starting Dex: %w", err), os.RemoveAll(dir))
	}
	if err := s.wait(ctx, cfg.Roots); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// run starts the process and stays until it is gone. The kernel ends the process when
// the thread that started it does (see attributes): this one keeps its own.
func (s *Server) run(begun chan<- error) {
	runtime.LockOSThread()
	err := s.cmd.Start()
	begun <- err
	if err != nil {
		return
	}
	gone := make(chan struct{})
	go func() {
		_ = s.cmd.Wait() // how it ended is in its log
		close(gone)
	}()
	select {
	case <-gone:
	case <-s.done:
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may be gone already, or there is no such signal
		select {
		case <-gone:
		case <-time.After(grace):
			_ = s.cmd.Process.Kill()
			<-gone
		}
	}
	close(s.ended)
}

// Where Dex finds its certificate and key, in its folder.
const (
	certFile = "tls.crt"
	keyFile  = "tls.key"
)

// writeCertificate puts a certificate and its key where Dex finds them.
func writeCertificate(dir string, c *tls.Certificate) error {
	var chain []byte
	for _, der := range c.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return fmt.Errorf("writing Dex's key: %w", err)
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, certFile), chain, 0o600),
		os.WriteFile(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600),
	)
}

func (c Config) scheme() string {
	if c.Certificate != nil {
		return "https"
	}
	return "http"
}

// document is Dex's configuration file. JSON is YAML.
func (c Config) document(issuer, address string) ([]byte, error) {
	type object = map[string]any
	users, clients := []object{}, []object{}
	for _, u := range c.Users {
		users = append(users, object{"userID": u.ID, "email": u.Email, "username": u.Name, "hash": passwordHash})
	}
	for _, cl := range c.Clients {
		o := object{"id": cl.ID, "name": cl.ID}
		if o["public"] = cl.Secret == ""; cl.Secret != "" {
			o["secret"] = cl.Secret
		}
		clients = append(clients, o)
	}
	expiry := object{}
	if c.CodeLife > 0 {
		expiry["deviceRequests"] = c.CodeLife.String()
	}
	if c.TokenLife > 0 {
		expiry["idTokens"] = c.TokenLife.String()
	}
	web := object{c.scheme(): address}
	if c.Certificate != nil {
		web["tlsCert"], web["tlsKey"] = certFile, keyFile
	}
	return json.MarshalIndent(object{
		"issuer": issuer, "storage": object{"type": "memory"}, "web": web, "expiry": expiry,
		"enablePasswordDB": true, "staticPasswords": users, "staticClients": clients,
	}, "", "  ")
}

// freeAddress is one on the loopback interface that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a port for Dex: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// wait returns when Dex answers; if it does not, the error holds the end of its log.
func (s *Server) wait(ctx context.Context, roots *x509.CertPool) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	// A transport without the environment's proxy: it is on this machine.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Issuer+"/healthz", nil)
		if err != nil {
			return fmt.Errorf("Dex's address makes no sense: %w", err)
		}
		if resp, err := client.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-again.C:
		case <-s.ended:
			return fmt.Errorf("Dex ended while it started:\n%s", s.Log())
		case <-ctx.Done():
			return fmt.Errorf("Dex did not start (%w):\n%s", ctx.Err(), s.Log())
		}
	}
}

// Log is what Dex has said so far.
func (s *Server) Log() string { return s.log.String() }

// Stop ends Dex, waits until it is gone, and removes its folder. It may be called again.
func (s *Server) Stop() error {
	s.once.Do(func() { close(s.done) })
	<-s.ended
	return os.RemoveAll(s.dir)
}

// logBuffer is a server's log.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps what the server says.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
