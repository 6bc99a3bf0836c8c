package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
)

const (
	managementPage = 100         // users of a page, the most that there may be
	jobLook        = time.Second // between two looks at a job
)

// auth0UserFields are the properties of users that idpctl asks for.
const auth0UserFields = "user_id,email,email_verified,username,given_name,family_name,name,nickname,blocked," +
	"app_metadata,user_metadata,created_at,identities"

// auth0Session makes calls of the Management API, one after the other, and waits
// where the limit asks for it.
type auth0Session struct{ *session }

func (t *auth0Tenant) session() *auth0Session { return newAuth0Session(t.domain, t.trust()) }

func newAuth0Session(domain string, trust *tls.Config) *auth0Session {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {emulator.DefaultClientID},
		"client_secret": {emulator.DefaultClientSecret}, "audience": {"https://" + domain + "/api/v2/"}}
	s := newSession("https://"+domain, "/oauth/token", form, trust)
	s.client.Transport = &frugal{next: s.client.Transport}
	return &auth0Session{s}
}

// frugal sends nothing while the last answer told that no request is left. On the
// Free plan there is another one after half a second.
type frugal struct {
	next http.RoundTripper
	not  time.Time // before it
}

// RoundTrip waits, and sends a request.
func (f *frugal) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := pause(req.Context(), time.Until(f.not)); err != nil {
		return nil, err
	}
	resp, err := f.next.RoundTrip(req)
	if err == nil && resp.Header.Get("x-ratelimit-remaining") == "0" {
		f.not = time.Now().Add(time.Second / 2)
	}
	return resp, err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// create makes an application that users of the database can sign in to, and users
// by a job.
func (s *auth0Session) create(ctx context.Context, emails []string) error {
	var databases struct {
		Connections []struct {
			ID string `json:"id"`
		} `json:"connections"`
	}
	if err := s.call(ctx, http.MethodGet, "/api/v2/connections?take=100&strategy=auth0", nil, &databases); err != nil {
		return err
	}
	if n := len(databases.Connections); n != 1 {
		return fmt.Errorf("the tenant has %d databases, not 1", n)
	}
	database := databases.Connections[0].ID
	var client struct {
		ID string `json:"client_id"`
	}
	if err := s.call(ctx, http.MethodPost, "/api/v2/clients", map[string]any{"name": clientName, "app_type": "native", "token_endpoint_auth_method": "none",
		"oidc_conformant": true, "grant_types": []string{"refresh_token", "urn:ietf:params:oauth:grant-type:device_code"}}, &client); err != nil {
		return err
	}
	enable := []map[string]any{{"client_id": client.ID, "status": true}}
	if err := s.call(ctx, http.MethodPatch, "/api/v2/connections/"+database+"/clients", enable, nil); err != nil {
		return err
	}
	return s.imports(ctx, database, emails)
}

// imports has users made by a job, and looks at it until it is done.
func (s *auth0Session) imports(ctx context.Context, database string, emails []string) error {
	users := make([]map[string]any, len(emails))
	for i, e := range emails {
		name, _, _ := strings.Cut(e, "@")
		users[i] = map[string]any{"user_id": uuid.NewString(), "email": e, "email_verified": false, "given_name": "First", "family_name": "Last",
			"name": "First Last", "nickname": name, "blocked": false}
	}
	body, contentType, err := importForm(database, users)
	if err != nil {
		return err
	}
	token, err := s.bearer(ctx)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/v2/jobs/users-imports", body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", contentType)
	var job struct {
		ID      string `json:"id"`
		Status  string `json:"status"`
		Summary struct {
			Inserted int `json:"inserted"`
		} `json:"summary"`
	}
	if err := s.do(req, &job); err != nil {
		return err
	}
	for job.Status == "pending" {
		if err := pause(ctx, jobLook); err != nil {
			return err
		}
		if err := s.call(ctx, http.MethodGet, "/api/v2/jobs/"+job.ID, nil, &job); err != nil {
			return err
		}
	}
	if job.Summary.Inserted != len(emails) {
		return fmt.Errorf("the job is %s and made %d of %d users", job.Status, job.Summary.Inserted, len(emails))
	}
	return nil
}

func importForm(database string, users []map[string]any) (*bytes.Buffer, string, error) {
	list, err := json.Marshal(users)
	if err != nil {
		return nil, "", err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range [][2]string{{"connection_id", database}, {"upsert", "false"}, {"send_completion_email", "false"}} {
		if err := form.WriteField(field[0], field[1]); err != nil {
			return nil, "", err
		}
	}
	part, err := form.CreateFormFile("users", "users.json")
	if err == nil {
		_, err = part.Write(list)
	}
	if err == nil {
		err = form.Close()
	}
	return &body, form.FormDataContentType(), err
}

// list reads what a plan needs beside the users, and all n users in pages.
func (s *auth0Session) list(ctx context.Context, n int) error {
	if err := s.around(ctx); err != nil {
		return err
	}
	total := 0
	for page := 0; page*managementPage < n; page++ {
		got, err := s.users(ctx, url.Values{"page": {strconv.Itoa(page)}})
		if err != nil {
			return err
		}
		total += got
	}
	if total != n {
		return fmt.Errorf("the tenant has %d users, not %d", total, n)
	}
	return nil
}

// lookUp reads what a plan needs beside the users, and some users by their ids.
func (s *auth0Session) lookUp(ctx context.Context, ids []string) error {
	if err := s.around(ctx); err != nil {
		return err
	}
	got, err := s.users(ctx, url.Values{"q": {`user_id:"` + strings.Join(ids, `" OR user_id:"`) + `"`}})
	if err == nil && got != len(ids) {
		err = fmt.Errorf("the tenant has %d of the %d users", got, len(ids))
	}
	return err
}

// users reads one page of users, and tells how many it has.
func (s *auth0Session) users(ctx context.Context, query url.Values) (int, error) {
	query.Set("fields", auth0UserFields)
	query.Set("include_totals", "true")
	query.Set("per_page", strconv.Itoa(managementPage))
	query.Set("search_engine", "v3")
	var page struct {
		Users []struct {
			ID         string         `json:"user_id"`
			Email      string         `json:"email"`
			Verified   bool           `json:"email_verified"`
			GivenName  string         `json:"given_name"`
			FamilyName string         `json:"family_name"`
			Name       string         `json:"name"`
			Nickname   string         `json:"nickname"`
			Blocked    bool           `json:"blocked"`
			App        map[string]any `json:"app_metadata"`
			User       map[string]any `json:"user_metadata"`
			Created    string         `json:"created_at"`
		} `json:"users"`
	}
	err := s.call(ctx, http.MethodGet, "/api/v2/users?"+query.Encode(), nil, &page)
	return len(page.Users), err
}

// around reads the tenant's settings, its clients and its databases.
func (s *auth0Session) around(ctx context.Context) error {
	for _, path := range []string{"tenants/settings", "clients?per_page=100&include_totals=true", "connections?take=100&strategy=auth0"} {
		if err := s.call(ctx, http.MethodGet, "/api/v2/"+path, nil, nil); err != nil {
			return err
		}
	}
	return nil
}
