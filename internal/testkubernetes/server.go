package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/idpctl/idpctl/internal/testserver"
)

// startTimeout is how long the server may take until it answers: 3 s on two cores,
// and much more on a machine that does other things.
const startTimeout = 3 * time.Minute

// server is an API server with its etcd.
type server struct {
	url, kubeconfig, kubectl string

	dir    string // data, keys and kubeconfig, to be removed
	keys   keys
	log    *testserver.Log
	etcd   *process
	master *process
}

// process is one of the two.
type process struct {
	name  string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it is gone
}

// start begins to start a server; Wait waits for it.
func start(cache, home string) (_ *server, err error) {
	dir, err := os.MkdirTemp(cache, "run-")
	if err != nil {
		return nil, fmt.Errorf("making the server's folder: %w", err)
	}
	s := &server{dir: dir, log: &testserver.Log{}, kubectl: filepath.Join(home, kubectl), kubeconfig: filepath.Join(dir, "kubeconfig")}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(""))
		}
	}()
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	client, peer := "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	s.url = "https://127.0.0.1:" + ports[2]
	if s.keys, err = writeKeys(dir); err != nil {
		return nil, err
	}
	if err := os.WriteFile(s.kubeconfig, []byte(s.keys.kubeconfig(s.url)), 0o600); err != nil {
		return nil, fmt.Errorf("writing the kubeconfig: %w", err)
	}
	if s.etcd, err = s.run(filepath.Join(home, etcd),
		"--data-dir="+filepath.Join(dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer); err != nil {
		return nil, err
	}
	s.master, err = s.run(filepath.Join(home, apiserver),
		"--etcd-servers="+client, "--bind-address=127.0.0.1", "--secure-port="+ports[2],
		"--tls-cert-file="+s.keys.certificate, "--tls-private-key-file="+s.keys.key,
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+s.keys.accounts,
		"--service-account-signing-key-file="+s.keys.accounts, "--token-auth-file="+s.keys.tokens,
		"--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
		// Nothing makes a default account, which this one would wait for.
		"--disable-admission-plugins=ServiceAccount")
	return s, err
}

// freePorts are ports of the loopback interface that nobody listens on now.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		defer func() { _ = l.Close() }() // once all are chosen: none is chosen twice
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return nil, fmt.Errorf("looking for a free port: %w", err)
		}
		ports = append(ports, port)
	}
	return ports, nil
}

func (s *server) run(program string, args ...string) (*process, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, s.log, s.log
	cmd.SysProcAttr = testserver.Attributes()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(program), err)
	}
	p := &process{name: filepath.Base(program), cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in its log
		close(p.ended)
	}()
	return p, nil
}

// Wait returns when the server answers; if it does not, the error holds the end of
// its log.
func (s *server) Wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	client := s.keys.client()
	defer client.CloseIdleConnections()
	retry := time.NewTicker(200 * time.Millisecond)
	defer retry.Stop()
	for {
		select {
		case <-retry.C:
			if ready(ctx, client, s.url) {
				return nil
			}
		case <-s.etcd.ended:
			return fmt.Errorf("%s ended while it started:\n%s", s.etcd.name, testserver.Tail(s.log.String(), 30))
		case <-s.master.ended:
			return fmt.Errorf("%s ended while it started:\n%s", s.master.name, testserver.Tail(s.log.String(), 30))
		case <-ctx.Done():
			return fmt.Errorf("Kubernetes did not start (%w):\n%s", ctx.Err(), testserver.Tail(s.log.String(), 30))
		}
	}
}

func ready(ctx context.Context, client *http.Client, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK && strings.TrimSpace(string(body)) == "ok"
}

// Address is the server's URL.
func (s *server) Address() string { return s.url }

// Env are the variables that tell a test of it.
func (s *server) Env() []string {
	return []string{envKubeconfig + "=" + s.kubeconfig, envKubectl + "=" + s.kubectl}
}

// Close stops both, and removes their folder; the log goes to the file if there is
// one.
func (s *server) Close(logFile string) error {
	errs := []error{s.master.stop(), s.etcd.stop()}
	if logFile != "" {
		errs = append(errs, os.WriteFile(logFile, []byte(s.log.String()), 0o600))
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

func (p *process) stop() error {
	if p == nil {
		return nil
	}
	_ = testserver.AskToStop(p.cmd.Process) // if it cannot be asked, it is gone or will be killed
	select {
	case <-p.ended:
		return nil
	case <-time.After(testserver.Grace):
		err := p.cmd.Process.Kill()
		<-p.ended
		return errors.Join(fmt.Errorf("%s had to be killed", p.name), err)
	}
}
