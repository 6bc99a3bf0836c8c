package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	emulator "github.com/idpctl/idpctl/emulator/entra"
)

const (
	batchItems = 20  // items of a batch, the most that there may be
	graphPage  = 999 // users of a page, the same
	clientName = "influxctl"
)

// userSelect are the properties of users that idpctl asks for.
const userSelect = "id,userPrincipalName,mail,givenName,surname,displayName,mailNickname,otherMails,proxyAddresses," +
	"usageLocation,accountEnabled,userType,createdDateTime"

// entraSession makes calls of Graph without anything around them.
type entraSession struct{ *session }

func (t *tenant) session() *entraSession {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {emulator.DefaultClientID},
		"client_secret": {emulator.DefaultClientSecret}, "scope": {"https://graph.microsoft.com/.default"}}
	return &entraSession{newSession(t.url, "/"+emulator.DefaultTenantID+"/oauth2/v2.0/token", form, t.trust())}
}

// graphItem is a request of a batch.
type graphItem struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body,omitempty"`
}

// batch sends at most twenty requests as one; each must end with a status.
func (s *entraSession) batch(ctx context.Context, items []graphItem, want int) error {
	for i := range items {
		items[i].ID = strconv.Itoa(i)
		if items[i].Body != nil {
			items[i].Headers = map[string]string{"Content-Type": "application/json"}
		}
	}
	var answer struct {
		Responses []struct {
			Status int             `json:"status"`
			Body   json.RawMessage `json:"body"`
		} `json:"responses"`
	}
	if err := s.call(ctx, http.MethodPost, "/v1.0/$batch", map[string]any{"requests": items}, &answer); err != nil {
		return err
	}
	if len(answer.Responses) != len(items) {
		return fmt.Errorf("%d answers to a batch of %d", len(answer.Responses), len(items))
	}
	for _, r := range answer.Responses {
		if r.Status != want {
			return fmt.Errorf("an item of a batch: status %d, not %d: %.200q", r.Status, want, r.Body)
		}
	}
	return nil
}

// create makes an application with its service principal, and users in batches,
// eight at once.
func (s *entraSession) create(ctx context.Context, emails []string) error {
	var app struct {
		AppID string `json:"appId"`
	}
	err := s.call(ctx, http.MethodPost, "/v1.0/applications", map[string]any{"displayName": clientName, "isFallbackPublicClient": true}, &app)
	if err != nil {
		return err
	}
	if err := s.call(ctx, http.MethodPost, "/v1.0/servicePrincipals", map[string]any{"appId": app.AppID}, nil); err != nil {
		return err
	}
	return each((len(emails)+batchItems-1)/batchItems, func(i int) error {
		var items []graphItem
		for _, e := range emails[i*batchItems : min((i+1)*batchItems, len(emails))] {
			items = append(items, graphItem{Method: http.MethodPost, URL: "/users", Body: newGraphUser(e)})
		}
		return s.batch(ctx, items, http.StatusCreated)
	})
}

// newGraphUser is a user as idpctl sends it.
func newGraphUser(email string) map[string]any {
	name, _, _ := strings.Cut(email, "@")
	return map[string]any{
		"userPrincipalName": email, "mail": email, "givenName": "First", "surname": "Last", "displayName": "First Last",
		"mailNickname": name, "accountEnabled": true,
		"passwordProfile": map[string]any{"password": rand.Text() + "-aA1", "forceChangePasswordNextSignIn": true},
	}
}

// list reads the tenant, the application, its service principal, and all n
// users in pages, each of which tells where the next one is.
func (s *entraSession) list(ctx context.Context, n int) error {
	return each(2, func(i int) error {
		if i == 0 {
			return s.around(ctx)
		}
		total := 0
		query := url.Values{"$select": {userSelect}, "$top": {strconv.Itoa(graphPage)}}
		for next := "/v1.0/users?" + query.Encode(); next != ""; {
			var page graphUsers
			if err := s.call(ctx, http.MethodGet, next, nil, &page); err != nil {
				return err
			}
			total += len(page.Value)
			next = strings.TrimPrefix(page.Next, s.url)
		}
		if total != n {
			return fmt.Errorf("the tenant has %d users, not %d", total, n)
		}
		return nil
	})
}

// lookUp reads the tenant, the application, its service principal, and some
// users by their ids.
func (s *entraSession) lookUp(ctx context.Context, ids []string) error {
	return each(2, func(i int) error {
		if i == 0 {
			return s.around(ctx)
		}
		query := url.Values{"$select": {userSelect}, "$filter": {"id in ('" + strings.Join(ids, "','") + "')"}}
		var page graphUsers
		err := s.call(ctx, http.MethodGet, "/v1.0/users?"+query.Encode(), nil, &page)
		if err == nil && len(page.Value) != len(ids) {
			err = fmt.Errorf("the tenant has %d of the %d users", len(page.Value), len(ids))
		}
		return err
	})
}

// graphUsers is a page of users.
type graphUsers struct {
	Value []struct {
		ID                string   `json:"id"`
		UserPrincipalName string   `json:"userPrincipalName"`
		Mail              string   `json:"mail"`
		GivenName         string   `json:"givenName"`
		Surname           string   `json:"surname"`
		DisplayName       string   `json:"displayName"`
		MailNickname      string   `json:"mailNickname"`
		OtherMails        []string `json:"otherMails"`
		ProxyAddresses    []string `json:"proxyAddresses"`
		UsageLocation     string   `json:"usageLocation"`
		AccountEnabled    bool     `json:"accountEnabled"`
		UserType          string   `json:"userType"`
		Created           string   `json:"createdDateTime"`
	} `json:"value"`
	Next string `json:"@odata.nextLink"`
}

// around reads what a plan needs beside the users, in one batch.
func (s *entraSession) around(ctx context.Context) error {
	named := "?$filter=displayName eq '" + clientName + "'"
	return s.batch(ctx, []graphItem{
		{Method: http.MethodGet, URL: "/organization"},
		{Method: http.MethodGet, URL: "/applications" + named},
		{Method: http.MethodGet, URL: "/servicePrincipals" + named},
	}, http.StatusOK)
}
