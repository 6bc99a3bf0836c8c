package keycloak

import (
	"slices"
	"strings"
)

// admin is whoever calls the admin API: the user and client of a token, and
// what they may do now. A real server looks the roles up at each request: a
// role that was granted or taken away counts at once, whatever the token says.
type admin struct {
	realm  *realm // the realm that issued the token
	user   *user
	client *client
	roles  map[*role]bool
}

// authenticate reads the bearer token.
func (c *call) authenticate() (*admin, error) {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, errUnauthorized()
	}
	claims, rm := c.unverified(token)
	if rm == nil {
		return nil, errUnauthorized()
	}
	u, cl := c.bearer(rm, token, claims)
	if u == nil {
		return nil, errUnauthorized()
	}
	a := &admin{realm: rm, user: u, client: cl, roles: map[*role]bool{}}
	// A client without the full scope passes on no roles.
	if is(cl.rep, "fullScopeAllowed") {
		a.roles = effective(u.roles)
	}
	return a, nil
}

// hasRealmRole reports whether the caller has a role of master itself.
func (a *admin) hasRealmRole(s *Server, name string) bool {
	return a.realm == s.master && a.roles[s.master.roles[name]]
}

// may reports whether the caller has one of the admin roles of a realm.
func (s *Server) may(a *admin, rm *realm, roles ...string) bool {
	var of *client
	switch a.realm {
	case s.master:
		of = s.master.clientIDs[rm.name+"-realm"]
	case rm:
		of = rm.clientIDs["realm-management"]
	}
	return of != nil && slices.ContainsFunc(roles, func(r string) bool { return a.roles[of.roles[r]] })
}

// may reports whether the caller has one of the admin roles of the call's
// realm.
func (c *call) may(roles ...string) bool { return c.Server.may(c.admin, c.realm, roles...) }

// require is 403 without one of the roles.
func (c *call) require(roles ...string) error {
	if !c.may(roles...) {
		return errForbidden()
	}
	return nil
}

// anyAdmin are the roles with one of which a realm may be seen by name. The
// role "impersonation" is none of them.
var anyAdmin = slices.DeleteFunc(slices.Clone(adminRoles), func(r string) bool { return r == "impersonation" })

// What the resources ask for. Measured with one service account for each role.
var (
	viewUsers   = []string{"view-users", "manage-users"}
	queryUsers  = []string{"query-users", "view-users", "manage-users"}
	queryGroups = []string{"query-groups", "view-users", "manage-users"}
	viewClients = []string{"view-clients", "manage-clients"}
	listClients = []string{"query-clients", "view-clients", "manage-clients"}
	viewRealm   = []string{"view-realm", "manage-realm"}
)
