package keycloak

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// client is one client of a realm.
type client struct {
	id, clientID string
	realm        *realm
	// rep holds the fields of the ClientRepresentation that have no place
	// below.
	rep        object
	attributes map[string]string
	secret     string
	roles      map[string]*role

	defaultScopes, optionalScopes []*clientScope
	// account is the service account; nil without one.
	account *user
}

// clientScope is one client scope of a realm.
type clientScope struct {
	id  string
	rep object // all but the id
}

func newClientScope(id string, rep object) *clientScope {
	sc := &clientScope{id: id, rep: rep}
	for _, m := range objects(rep["protocolMappers"]) {
		m["id"] = oidc.NewID()
	}
	if rep["attributes"] == nil {
		rep["attributes"] = object{}
	}
	return sc
}

func (sc *clientScope) name() string { return str(sc.rep, "name") }

func (sc *clientScope) attribute(name string) string {
	a, _ := sc.rep["attributes"].(object)
	return str(a, name)
}

func (sc *clientScope) representation() object {
	o := maps.Clone(sc.rep)
	o["id"] = sc.id
	return o
}

// scopeByName finds a client scope of the realm.
func (rm *realm) scopeByName(name string) *clientScope {
	for _, sc := range rm.scopes {
		if sc.name() == name {
			return sc
		}
	}
	return nil
}

func (cl *client) public() bool  { return is(cl.rep, "publicClient") }
func (cl *client) enabled() bool { return is(cl.rep, "enabled") }

// setScopes assigns scopes by name; names that do not exist are passed over.
func (cl *client) setScopes(defaults, optional []string) {
	find := func(names []string) (list []*clientScope) {
		for _, n := range names {
			if sc := cl.realm.scopeByName(n); sc != nil && !slices.Contains(list, sc) {
				list = append(list, sc)
			}
		}
		return list
	}
	cl.defaultScopes, cl.optionalScopes = find(defaults), find(optional)
}

// ofProtocol are the scopes of a protocol among some.
func ofProtocol(scopes []*clientScope, protocol string) (list []*clientScope) {
	for _, sc := range scopes {
		if str(sc.rep, "protocol") == protocol {
			list = append(list, sc)
		}
	}
	return list
}

func scopeNames(scopes []*clientScope) []string {
	names := make([]string, len(scopes))
	for i, sc := range scopes {
		names[i] = sc.name()
	}
	return names
}

// secretAlphabet and the length of 86 characters are those of generated
// client secrets.
const secretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// newSecret makes a secret and notes when.
func (s *Server) newSecret(c *client) {
	c.secret = oidc.RandomText(86, secretAlphabet)
	c.attributes["client.secret.creation.time"] = strconv.FormatInt(s.now().Unix(), 10)
}

// setServiceAccount makes or removes the client's service account.
func (s *Server) setServiceAccount(c *client, on bool) {
	c.rep["serviceAccountsEnabled"] = on
	switch {
	case on && c.account == nil:
		c.account = &user{id: oidc.NewID(), realm: c.realm, username: strings.ToLower("service-account-" + c.clientID),
			enabled: true, created: s.now().UnixMilli(), roles: []*role{c.realm.defaultRole}, serviceAccount: c}
		c.realm.users.add(c.account)
		if sc := c.realm.scopeByName("service_account"); sc != nil && !slices.Contains(c.defaultScopes, sc) {
			c.defaultScopes = append(c.defaultScopes, sc)
		}
	case !on && c.account != nil:
		c.realm.removeUser(c.account)
		c.account = nil
	}
}

// removeClient deletes a client with its roles and service account.
func (s *Server) removeClient(c *client) {
	for _, r := range maps.Clone(c.roles) {
		s.removeRole(r)
	}
	if c.account != nil {
		c.realm.removeUser(c.account)
	}
	for id, ss := range c.realm.sessions {
		if ss.client == c {
			delete(c.realm.sessions, id)
		}
	}
	delete(c.realm.clients, c.id)
	delete(c.realm.clientIDs, c.clientID)
}

// representation is the ClientRepresentation, with its secret if the client
// has one, as the admin API shows it.
func (cl *client) representation() object {
	o := maps.Clone(cl.rep)
	o["id"], o["clientId"], o["attributes"] = cl.id, cl.clientID, maps.Clone(cl.attributes)
	o["defaultClientScopes"], o["optionalClientScopes"] = scopeNames(cl.defaultScopes), scopeNames(cl.optionalScopes)
	if !cl.public() && cl.secret != "" {
		o["secret"] = cl.secret
	}
	return o
}
