package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// onKeycloak is a target that speaks Keycloak's protocols.
func onKeycloak(user, password string) *target {
	return &target{
		identityProvider: "keycloak",
		home:             "realm",
		environ: func(url string) []string {
			return []string{"KEYCLOAK_URL=" + url, "KEYCLOAK_USER=" + user, "KEYCLOAK_PASSWORD=" + password}
		},
		prelude: func(name, arguments string) string {
			return fmt.Sprintf(`
provider "keycloak" {}

realm "home" {
  realm = %q
%s
}

client "influxctl" {
  realm = realm.home
  name  = "InfluxDB command line"
  oauth2_device_polling_interval = 1 # verify is not to wait for 5 seconds
}
`, name, arguments)
		},
		open: func(t testing.TB, url string) directory {
			return &keycloakAdmin{TB: t, url: url, user: user, password: password, hc: &http.Client{}}
		},
	}
}

// keycloakAdmin is a small client of Keycloak's admin API, written apart from
// the provider so that it does not share its mistakes.
type keycloakAdmin struct {
	testing.TB
	url, user, password string
	hc                  *http.Client
	// access is the administrator's token; it lives for a minute.
	access string
}

// do sends one request and decodes the answer.
func (k *keycloakAdmin) do(method, path string, in, out any) (status int, location string) {
	k.Helper()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			k.Fatal(err)
		}
	}
	resp, raw := k.send(method, path, body)
	if resp.StatusCode == http.StatusUnauthorized { // there is no token yet, or it is too old
		token, err := k.token("master", k.user, k.password)
		if err != nil {
			k.Fatalf("the administrator cannot sign in: %v", err)
		}
		k.access = token.Access
		resp, raw = k.send(method, path, body)
	}
	if resp.StatusCode < 300 && out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			k.Fatalf("%s %s: %v", method, path, err)
		}
	}
	if resp.StatusCode >= 300 && resp.StatusCode != http.StatusNotFound {
		k.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, raw)
	}
	return resp.StatusCode, resp.Header.Get("Location")
}

func (k *keycloakAdmin) send(method, path string, body []byte) (*http.Response, []byte) {
	k.Helper()
	req, err := http.NewRequest(method, k.url+"/admin/realms"+path, bytes.NewReader(body))
	if err != nil {
		k.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+k.access)
	req.Header.Set("Content-Type", "application/json")
	resp, err := k.hc.Do(req)
	if err != nil {
		k.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		k.Fatal(err)
	}
	return resp, raw
}

type keycloakTokens struct {
	Access string `json:"access_token"`
	Error  string `json:"error"`
	Detail string `json:"error_description"`
}

// token asks for tokens with the password grant of the client admin-cli, which
// every realm has.
func (k *keycloakAdmin) token(realm, user, password string) (keycloakTokens, error) {
	var t keycloakTokens
	resp, err := k.hc.PostForm(k.url+"/realms/"+realm+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {"admin-cli"}, "username": {user}, "password": {password},
	})
	if err != nil {
		return t, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&t); err != nil {
		return t, err
	}
	if t.Error != "" {
		return t, fmt.Errorf("%s: %s", t.Error, t.Detail)
	}
	return t, nil
}

func (k *keycloakAdmin) exists(realm string) bool {
	status, _ := k.do(http.MethodGet, "/"+realm, nil, nil)
	return status == http.StatusOK
}

type keycloakUser struct {
	ID              string   `json:"id,omitempty"`
	Username        string   `json:"username,omitempty"`
	Email           string   `json:"email,omitempty"`
	FirstName       string   `json:"firstName,omitempty"`
	LastName        string   `json:"lastName,omitempty"`
	Enabled         bool     `json:"enabled"`
	RequiredActions []string `json:"requiredActions"`
}

func (k *keycloakAdmin) people(realm string) map[string]person {
	k.Helper()
	var users []keycloakUser
	k.do(http.MethodGet, "/"+realm+"/users?max=1000", nil, &users)
	out := map[string]person{}
	for _, u := range users {
		if _, twice := out[u.Email]; twice {
			k.Fatalf("two users of the realm %s have the e-mail %q", realm, u.Email)
		}
		out[u.Email] = person{
			id: u.ID, username: u.Username, email: u.Email, first: u.FirstName, last: u.LastName, enabled: u.Enabled,
			mustChange: slices.Contains(u.RequiredActions, "UPDATE_PASSWORD"),
		}
	}
	return out
}

type keycloakGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (k *keycloakAdmin) groups(realm string) []keycloakGroup {
	k.Helper()
	var groups []keycloakGroup
	k.do(http.MethodGet, "/"+realm+"/groups?max=1000", nil, &groups)
	return groups
}

func (k *keycloakAdmin) teams(realm string) map[string][]string {
	k.Helper()
	out := map[string][]string{}
	for _, g := range k.groups(realm) {
		if _, twice := out[g.Name]; twice {
			k.Fatalf("two groups of the realm %s have the name %q", realm, g.Name)
		}
		var members []keycloakUser
		k.do(http.MethodGet, "/"+realm+"/groups/"+g.ID+"/members?max=1000", nil, &members)
		out[g.Name] = []string{}
		for _, m := range members {
			out[g.Name] = append(out[g.Name], m.ID)
		}
		slices.Sort(out[g.Name])
	}
	return out
}

func (k *keycloakAdmin) applications(realm string) map[string]string {
	k.Helper()
	var clients []struct{ ID, ClientID string }
	k.do(http.MethodGet, "/"+realm+"/clients", nil, &clients)
	builtin := []string{"account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"}
	out := map[string]string{}
	for _, c := range clients {
		if !slices.Contains(builtin, c.ClientID) {
			out[c.ClientID] = c.ID
		}
	}
	return out
}

func (k *keycloakAdmin) makeHome(realm string) {
	k.Helper()
	k.do(http.MethodPost, "", map[string]any{"realm": realm, "enabled": true}, nil)
}

func (k *keycloakAdmin) addPerson(realm, email string) string {
	k.Helper()
	_, location := k.do(http.MethodPost, "/"+realm+"/users", keycloakUser{
		Username: email, Email: email, FirstName: "Biff", LastName: "Tannen", Enabled: true,
	}, nil)
	return location[strings.LastIndex(location, "/")+1:]
}

func (k *keycloakAdmin) rename(realm, id, firstName string) {
	k.Helper()
	k.do(http.MethodPut, "/"+realm+"/users/"+id, map[string]any{"firstName": firstName}, nil)
}

// accepts uses the password grant: as long as another password has to be
// chosen it gives no token, but it says so only to who knows the first one.
func (k *keycloakAdmin) accepts(realm string, who person, password string) bool {
	k.Helper()
	_, err := k.token(realm, who.username, password)
	switch {
	case err == nil:
		k.Fatalf("%s may sign in without choosing another password", who.email)
	case err.Error() == "invalid_grant: Invalid user credentials":
		return false
	case err.Error() != "invalid_grant: Account is not fully set up":
		k.Fatal(err)
	}
	return true
}

func (k *keycloakAdmin) remove(realm string) {
	k.Helper()
	k.do(http.MethodDelete, "/"+realm, nil, nil)
}

type tokenClaims struct {
	Subject  string `json:"sub"`
	Issuer   string `json:"iss"`
	ClientID string `json:"azp"`
}

// claimsOf reads a token without a look at its signature.
func claimsOf(token string) (tokenClaims, error) {
	var claims tokenClaims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims, errors.New("this is no JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims, err
	}
	return claims, json.Unmarshal(raw, &claims)
}
