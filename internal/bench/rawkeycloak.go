package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// rawKeycloak makes calls of Keycloak's admin API without anything around them.
type rawKeycloak struct{ url, user, password string }

const (
	pageSize   = 1000 // users of a page, the fastest
	importSize = 100  // users of a partial import
)

// keycloakSession is what one measured run uses.
type keycloakSession struct{ *session }

func (r *rawKeycloak) session() *keycloakSession {
	form := url.Values{"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {r.user}, "password": {r.password}}
	return &keycloakSession{newSession(r.url, "/realms/master/protocol/openid-connect/token", form, nil)}
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
func (s *keycloakSession) create(ctx context.Context, realm string, emails []string) error {
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
func (s *keycloakSession) clearCache(ctx context.Context, realm string) error {
	return s.call(ctx, http.MethodPost, "/admin/realms/"+realm+"/clear-user-cache", nil, nil)
}

// list reads all n users of a realm, in pages; brief ones lack the attributes.
func (s *keycloakSession) list(ctx context.Context, realm string, n int, brief bool) error {
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
func (s *keycloakSession) lookUp(ctx context.Context, realm string, ids []string) error {
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
func (s *keycloakSession) remove(ctx context.Context, realm string) error {
	return s.call(ctx, http.MethodDelete, "/admin/realms/"+realm, nil, nil)
}

// importUsers makes users the fastest way that there is.
func (s *keycloakSession) importUsers(ctx context.Context, realm string, emails []string) error {
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
func (s *keycloakSession) ids(ctx context.Context, realm string, names []string) ([]string, error) {
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
