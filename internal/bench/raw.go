package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// raw makes calls of Keycloak's admin API without anything around them.
type raw struct{ url, user, password string }

func newRaw(url, user, password string) *raw { return &raw{url: url, user: user, password: password} }

const (
	atOnce     = 8    // requests under way
	pageSize   = 1000 // users of a page, the fastest
	importSize = 100  // users of a partial import
	// renewal is the age at which a token is replaced: those of the master
	// realm live 60 s.
	renewal = 30 * time.Second
)

// errAbsent is a 404.
var errAbsent = errors.New("it does not exist")

// session is what one measured run uses: connections and a token of its own.
type session struct {
	*raw
	client *http.Client

	mu      sync.Mutex
	token   string
	renewAt time.Time
}

func (r *raw) session() *session {
	return &session{raw: r, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}, Timeout: 5 * time.Minute,
	}}
}

// rawUser is a user as idpctl sends it.
type rawUser struct {
	ID        string `json:"id,omitempty"`
	Username  string `json:"username"`
	Email     string `json:"email"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Enabled   bool   `json:"enabled"`
}

func newUser(email string) rawUser {
	return rawUser{Username: email, Email: email, FirstName: "First", LastName: "Last", Enabled: true}
}

// create makes a realm, a client and users in it, and reads the users back.
func (s *session) create(ctx context.Context, realm string, emails []string) error {
	if err := s.call(ctx, http.MethodPost, "/admin/realms", map[string]any{"realm": realm, "enabled": true}, nil); err != nil {
		return err
	}
	err := s.call(ctx, http.MethodPost, "/admin/realms/"+realm+"/clients", map[string]any{
		"clientId": "influxctl", "publicClient": true, "standardFlowEnabled": false, "directAccessGrantsEnabled": false,
		"attributes": map[string]string{"oauth2.device.authorization.grant.enabled": "true"},
	}, nil)
	if err != nil {
		return err
	}
	err = each(len(emails), func(i int) error {
		return s.call(ctx, http.MethodPost, "/admin/realms/"+realm+"/users", newUser(emails[i]), nil)
	})
	if err != nil {
		return err
	}
	return s.list(ctx, realm, len(emails), true)
}

// clearCache has the server forget the users that it has read, as it does when
// it starts and when there are too many.
func (s *session) clearCache(ctx context.Context, realm string) error {
	return s.call(ctx, http.MethodPost, "/admin/realms/"+realm+"/clear-user-cache", nil, nil)
}

// list reads all n users of a realm, in pages; brief ones lack the attributes.
func (s *session) list(ctx context.Context, realm string, n int, brief bool) error {
	pages := (n + pageSize - 1) / pageSize
	found := make([]int, pages)
	err := each(pages, func(i int) error {
		var users []rawUser
		err := s.call(ctx, http.MethodGet, fmt.Sprintf("/admin/realms/%s/users?first=%d&max=%d&briefRepresentation=%t", realm, i*pageSize, pageSize, brief), nil, &users)
		found[i] = len(users)
		return err
	})
	total := 0
	for _, k := range found {
		total += k
	}
	if err == nil && total != n {
		err = fmt.Errorf("realm %s has %d users, not %d", realm, total, n)
	}
	return err
}

// lookUp reads some users by their ids, with one request.
func (s *session) lookUp(ctx context.Context, realm string, ids []string) error {
	var users []rawUser
	query := url.Values{"search": {"id:" + strings.Join(ids, " ")}, "first": {"0"}, "max": {strconv.Itoa(len(ids))}, "briefRepresentation": {"false"}}
	err := s.call(ctx, http.MethodGet, "/admin/realms/"+realm+"/users?"+query.Encode(), nil, &users)
	if err == nil && len(users) != len(ids) {
		err = fmt.Errorf("realm %s has %d of the %d users", realm, len(users), len(ids))
	}
	return err
}

// remove deletes a realm with all that is in it, as idpctl does when it owns
// all of it.
func (s *session) remove(ctx context.Context, realm string) error {
	return s.call(ctx, http.MethodDelete, "/admin/realms/"+realm, nil, nil)
}

// importUsers makes users the fastest way that there is.
func (s *session) importUsers(ctx context.Context, realm string, emails []string) error {
	for first := 0; first < len(emails); first += importSize {
		var users []rawUser
		for _, e := range emails[first:min(first+importSize, len(emails))] {
			users = append(users, newUser(e))
		}
		err := s.call(ctx, http.MethodPost, "/admin/realms/"+realm+"/partialImport", map[string]any{"ifResourceExists": "FAIL", "users": users}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// ids finds the ids of users by their names.
func (s *session) ids(ctx context.Context, realm string, names []string) ([]string, error) {
	out := make([]string, len(names))
	err := each(len(names), func(i int) error {
		var users []rawUser
		err := s.call(ctx, http.MethodGet, "/admin/realms/"+realm+"/users?exact=true&username="+url.QueryEscape(names[i]), nil, &users)
		if err == nil && len(users) != 1 {
			err = fmt.Errorf("realm %s has %d users of the name %s", realm, len(users), names[i])
		}
		if err == nil {
			out[i] = users[0].ID
		}
		return err
	})
	return out, err
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
	form := url.Values{"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {s.user}, "password": {s.password}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/realms/master/protocol/openid-connect/token", strings.NewReader(form.Encode()))
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
