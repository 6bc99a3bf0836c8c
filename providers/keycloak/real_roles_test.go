//go:build keycloak

package keycloak

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
)

// serviceAccount opens a connection as a client of a realm with some roles of
// its realm-management.
func (r *real) serviceAccount(realm, clientID string, roles ...string) *real {
	r.t.Helper()
	admin := "/admin/realms/" + realm
	r.raw("POST", admin+"/clients", map[string]any{
		"clientId": clientID, "secret": "canary+%=&secret", "publicClient": false, "serviceAccountsEnabled": true, "standardFlowEnabled": false,
	}, nil)
	var clients []struct{ ID string }
	r.raw("GET", admin+"/clients?clientId="+clientID, nil, &clients)
	var account struct{ ID string }
	r.raw("GET", admin+"/clients/"+clients[0].ID+"/service-account-user", nil, &account)
	r.raw("GET", admin+"/clients?clientId=realm-management", nil, &clients)
	var reps []map[string]any
	for _, role := range roles {
		var rep map[string]any
		r.raw("GET", admin+"/clients/"+clients[0].ID+"/roles/"+role, nil, &rep)
		reps = append(reps, rep)
	}
	if code := r.raw("POST", admin+"/users/"+account.ID+"/role-mappings/clients/"+clients[0].ID, reps, nil); code != 204 {
		r.t.Fatalf("status %d", code)
	}
	return open(r.t, map[string]cty.Value{"realm": s(realm), "client_id": s(clientID), "client_secret": s("canary+%=&secret")})
}

// What an account may not see must not look as if it were not there.
func TestRealRoles(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	id := r.create("user", person(realm, "somebody"))
	r.create("group", map[string]cty.Value{"realm": s(realm), "name": s("g")})
	everything := map[string]providers.Query{
		"realm":  {Kind: "realm", Keys: []map[string]string{{"realm": realm}}},
		"client": {Kind: "client", Parent: realm, Keys: []map[string]string{{"client_id": "absent"}}},
		"user":   {Kind: "user", Parent: realm, Keys: []map[string]string{{"username": "absent"}}},
		"group":  {Kind: "group", Parent: realm, Keys: []map[string]string{{"name": "absent"}}},
	}
	for role, allowed := range map[string][]string{
		"query-users":   nil,
		"query-clients": nil,
		"query-groups":  nil,
		"view-users":    {"user", "group"},
		"view-clients":  {"client"},
		"view-realm":    {"realm"},
	} {
		t.Run(role, func(t *testing.T) {
			c := r.serviceAccount(realm, "sa-"+role, role)
			for kind, q := range everything {
				_, err := c.List(t.Context(), q)
				if strings.Contains(strings.Join(allowed, " "), kind) {
					if err != nil {
						t.Errorf("%s: %v", kind, err)
					}
					continue
				}
				if providers.ClassOf(err) != providers.Forbidden || !strings.Contains(err.Error(), "Give it the role view-") {
					t.Errorf("%s: %v", kind, err)
				}
			}
		})
	}
	c := r.serviceAccount(realm, "sa-writer", "view-users", "view-clients", "view-realm")
	live := r.one("user", realm, id)
	for role, op := range map[string]providers.Operation{
		"manage-users":   {Verb: providers.Update, Kind: "user", ID: id, Before: live.Attrs, After: live.Attrs, Changed: []string{"first_name"}},
		"manage-clients": {Verb: providers.Create, Kind: "client", After: r.object("client", map[string]cty.Value{"realm": s(realm), "client_id": s("c")})},
		"create-realm":   {Verb: providers.Create, Kind: "realm", After: r.object("realm", map[string]cty.Value{"realm": s("kp-test-not-to-be")})},
	} {
		res := c.try(op)[0]
		if providers.ClassOf(res.Err) != providers.Forbidden || !strings.Contains(res.Err.Error(), role) {
			t.Errorf("%s: %v", role, res.Err)
		}
	}
	_, err := c.List(t.Context(), providers.Query{Kind: "user", Parent: "master", All: true})
	if providers.ClassOf(err) != providers.Forbidden || !strings.Contains(err.Error(), "can manage only that one") {
		t.Errorf("another realm: %v", err)
	}
}

// A service account that creates a realm goes on with it at once.
func TestRealCreateAsServiceAccount(t *testing.T) {
	r := open(t, nil)
	const clientID = "kp-test-creator"
	r.raw("POST", "/admin/realms/master/clients", map[string]any{
		"clientId": clientID, "secret": "s3", "publicClient": false, "serviceAccountsEnabled": true, "standardFlowEnabled": false,
	}, nil)
	var clients []struct{ ID string }
	r.raw("GET", "/admin/realms/master/clients?clientId="+clientID, nil, &clients)
	t.Cleanup(func() { r.raw("DELETE", "/admin/realms/master/clients/"+clients[0].ID, nil, nil) })
	var account struct{ ID string }
	r.raw("GET", "/admin/realms/master/clients/"+clients[0].ID+"/service-account-user", nil, &account)
	var role map[string]any
	r.raw("GET", "/admin/realms/master/roles/create-realm", nil, &role)
	r.raw("POST", "/admin/realms/master/users/"+account.ID+"/role-mappings/realm", []any{role}, nil)

	c := open(t, map[string]cty.Value{"client_id": s(clientID), "client_secret": s("s3")})
	realm := c.newRealm(nil)
	c.create("user", person(realm, "first"))
	if len(c.list(providers.Query{Kind: "user", Parent: realm, Keys: []map[string]string{{"username": "first"}}})) != 1 {
		t.Error("the user is not found")
	}
}

func TestRealSignIn(t *testing.T) {
	url := setting(t, "IDPCTL_TEST_KEYCLOAK")
	user, password := setting(t, "IDPCTL_TEST_KEYCLOAK_USER"), setting(t, "IDPCTL_TEST_KEYCLOAK_PASSWORD")
	for _, c := range []struct {
		name, attribute, want string
		over                  map[string]cty.Value
	}{
		{"wrong password", "password", "refused the user name or the password", map[string]cty.Value{"password": s("canary")}},
		{"wrong realm", "realm", "has no realm", map[string]cty.Value{"realm": s("no-such-realm")}},
		{"wrong client", "client_id", "refused the client", map[string]cty.Value{"client_id": s("no-such-client")}},
		{"client without the grant", "client_id", "may not sign in like this", map[string]cty.Value{"client_id": s("account")}},
		{"another path", "url", "does not answer as Keycloak", map[string]cty.Value{"url": s(url + "/elsewhere")}},
		{"an /auth that is not there", "", "", map[string]cty.Value{"url": s(url + "/auth/")}},
		{"good", "", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			over := map[string]cty.Value{"username": s(user), "password": s(password)}
			for k, v := range c.over {
				over[k] = v
			}
			r := open(t, over)
			_, err := r.List(t.Context(), providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": "master"}}})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e, ok := err.(*providers.Error)
			if !ok || e.Attribute != c.attribute || !strings.Contains(e.Error(), c.want) || strings.Contains(e.Error(), "canary") {
				t.Errorf("got %#v", err)
			}
		})
	}
}

// Renewal goes on with the session, and Close ends it.
func TestRealSession(t *testing.T) {
	r := open(t, nil)
	q := providers.Query{Kind: "realm", Keys: []map[string]string{{"realm": "master"}}, Brief: true}
	r.list(q)
	first, _ := r.auth.token(t.Context())
	r.auth.forget(first)
	r.list(q)
	second, _ := r.auth.token(t.Context())
	if first.access == second.access || first.refresh == "" {
		t.Fatal("the token was not renewed")
	}
	if err := r.auth.end(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.auth.grant(t.Context(), r.auth.baseURL(), map[string]string{"grant_type": "refresh_token", "refresh_token": second.refresh}); err == nil {
		t.Error("the session goes on after its end")
	}
	// A session that the server has forgotten begins anew without a word.
	r.list(q)
	third, _ := r.auth.token(t.Context())
	lost := *third
	if err := r.auth.end(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.auth.mu.Lock()
	r.auth.now = &lost
	r.auth.mu.Unlock()
	r.list(q)
}
