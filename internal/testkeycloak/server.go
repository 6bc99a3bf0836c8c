package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/idpctl/idpctl/internal/testserver"
)

// startTimeout is how long a server may take until it answers: 11 s on two
// cores, and much more on a machine that does other things.
const startTimeout = 5 * time.Minute

// server is a Keycloak that runs.
type server struct {
	url, user, password string

	dir    string // home folder, to be removed
	cmd    *exec.Cmd
	log    *testserver.Log
	listen chan string   // the URL, once it listens
	ended  chan struct{} // closed when the process is gone and its log complete
}

// start begins to start a server; Wait waits for it. The files of its home
// folder are those of the cached one, its data are its own.
func start(cache, home, java string) (*server, error) {
	dir, err := os.MkdirTemp(cache, "run-")
	if err != nil {
		return nil, fmt.Errorf("making the server's folder: %w", err)
	}
	s := &server{
		user: "admin", password: rand.Text(), dir: dir,
		log: &testserver.Log{}, listen: make(chan string, 1), ended: make(chan struct{}),
	}
	own := filepath.Join(dir, "keycloak")
	if err := clone(home, own); err != nil {
		return nil, errors.Join(fmt.Errorf("copying Keycloak: %w", err), os.RemoveAll(dir))
	}
	// Port 0 lets the system choose; cache=local keeps it from looking for
	// other servers of a cluster on the network.
	s.cmd = exec.Command(java, javaArgs(own, "start", "--optimized", "--cache=local",
		"--http-enabled=true", "--hostname-strict=false", "--http-host=127.0.0.1", "--http-port=0")...)
	s.cmd.Dir = dir
	s.cmd.Env = append(serverEnv(), "KC_BOOTSTRAP_ADMIN_USERNAME="+s.user, "KC_BOOTSTRAP_ADMIN_PASSWORD="+s.password)
	s.cmd.SysProcAttr = testserver.Attributes()
	out, in := io.Pipe()
	s.cmd.Stdout, s.cmd.Stderr = in, in
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting Keycloak: %w", err), os.RemoveAll(dir))
	}
	go func() {
		s.read(out)
		close(s.ended)
	}()
	go func() {
		_ = s.cmd.Wait() // how it ended is in its log
		_ = in.Close()   // which never fails
	}()
	return s, nil
}

// read keeps the log and finds the address in it.
func (s *server) read(out io.Reader) {
	listening := regexp.MustCompile(`started in .*Listening on: (http://\S+?)\.?\s*$`)
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		_, _ = s.log.Write(line) // which never fails
		if m := listening.FindSubmatch(bytes.TrimSpace(line)); m != nil {
			select {
			case s.listen <- string(m[1]):
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

// Wait returns when the server answers; if it does not, the error holds the end
// of its log.
func (s *server) Wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case s.url = <-s.listen:
	case <-s.ended:
		return fmt.Errorf("Keycloak ended while it started:\n%s", testserver.Tail(s.log.String(), 30))
	case <-ctx.Done():
		return fmt.Errorf("Keycloak did not start (%w):\n%s", ctx.Err(), testserver.Tail(s.log.String(), 30))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/realms/master", nil)
	if err != nil {
		return fmt.Errorf("Keycloak's address makes no sense: %w", err)
	}
	// A transport without the environment's proxy: it is on this machine.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("Keycloak does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("Keycloak answers %s:\n%s", resp.Status, testserver.Tail(s.log.String(), 30))
	}
	return nil
}

// Address is the server's URL.
func (s *server) Address() string { return s.url }

// Env are the variables that tell a test of it.
func (s *server) Env() []string {
	return []string{envURL + "=" + s.url, envUser + "=" + s.user, envPassword + "=" + s.password}
}

// Close stops the server and removes its folder; its log goes to the file if
// there is one.
func (s *server) Close(logFile string) error {
	var errs []error
	_ = testserver.AskToStop(s.cmd.Process) // if it cannot be asked, it is gone or will be killed
	select {
	case <-s.ended:
	case <-time.After(testserver.Grace):
		errs = append(errs, fmt.Errorf("Keycloak had to be killed"), s.cmd.Process.Kill())
		<-s.ended
	}
	if logFile != "" {
		errs = append(errs, os.WriteFile(logFile, []byte(s.log.String()), 0o600))
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}
