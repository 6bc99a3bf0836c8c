package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	atOnce = 8 // requests under way
	// renewal is the age at which a token is replaced: those of Keycloak's
	// master realm live 60 s.
	renewal = 30 * time.Second
)

// errAbsent is a 404.
var errAbsent = errors.New("it does not exist")

// session is what one measured run of raw calls uses: connections and a token
// of its own.
type session struct {
	url, tokenPath string
	signIn         url.Values
	client         *http.Client

	mu      sync.Mutex
	token   string
	renewAt time.Time
}

// newSession signs in at tokenPath with a form; trust may be nil.
func newSession(url, tokenPath string, signIn url.Values, trust *tls.Config) *session {
	return &session{url: url, tokenPath: tokenPath, signIn: signIn, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: atOnce, TLSClientConfig: trust}, Timeout: 5 * time.Minute,
	}}
}

// each does n things, eight at a time, and returns the first error.
func each(n int, do func(i int) error) error {
	var wg sync.WaitGroup
	todo := make(chan int)
	errs := make(chan error, atOnce)
	for range atOnce {
		wg.Go(func() {
			var first error
			for i := range todo {
				if first == nil {
					first = do(i)
				}
			}
			errs <- first
		})
	}
	for i := range n {
		todo <- i
	}
	close(todo)
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// call makes one request with a token, and decodes the answer.
func (s *session) call(ctx context.Context, method, path string, body, into any) error {
	token, err := s.bearer(ctx)
	if err != nil {
		return err
	}
	var in io.Reader
	if body != nil {
		js, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(js)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	return s.do(req, into)
}

// bearer signs in, the first time and when the token grows old.
func (s *session) bearer(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.renewAt) {
		return s.token, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+s.tokenPath, strings.NewReader(s.signIn.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := s.do(req, &answer); err != nil {
		return "", err
	}
	s.token, s.renewAt = answer.Token, time.Now().Add(renewal)
	return s.token, nil
}

func (s *session) do(req *http.Request, into any) error {
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, errAbsent)
	case resp.StatusCode >= 300:
		return fmt.Errorf("%s %s: %s: %.200q", req.Method, req.URL.Path, resp.Status, data)
	case into == nil:
		return nil
	}
	return json.Unmarshal(data, into)
}
