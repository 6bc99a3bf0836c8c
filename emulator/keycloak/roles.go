package keycloak

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// roleOwner is the client whose roles the path is about; nil for the realm's.
func (c *call) roleOwner(clientRoles, realmRoles []string) (*client, error) {
	if _, ofClient := c.params["id"]; !ofClient {
		return nil, c.require(realmRoles...)
	}
	return c.aClient(clientRoles...)
}

func (c *call) roleMap(owner *client) map[string]*role {
	if owner != nil {
		return owner.roles
	}
	return c.realm.roles
}

// aRole is the role of the path.
func (c *call) aRole(clientRoles, realmRoles []string) (*role, error) {
	owner, err := c.roleOwner(clientRoles, realmRoles)
	if err != nil {
		return nil, err
	}
	r := c.roleMap(owner)[c.params["role"]]
	if r == nil {
		return nil, plain(http.StatusNotFound, "Could not find role")
	}
	return r, nil
}

func (c *call) listRoles() (reply, error) {
	owner, err := c.roleOwner(viewClients, viewRealm)
	if err != nil {
		return reply{}, err
	}
	roles, search := c.roleMap(owner), strings.ToLower(c.query.Get("search"))
	var list []*role
	for _, name := range sorted(roles) {
		if strings.Contains(strings.ToLower(name), search) {
			list = append(list, roles[name])
		}
	}
	if list, err = page(c, list, -1); err != nil {
		return reply{}, err
	}
	out := make([]object, len(list))
	for i, r := range list {
		out[i] = r.representation(c.boolean("briefRepresentation", true))
	}
	return ok(out)
}

func (c *call) getRole() (reply, error) {
	r, err := c.aRole(viewClients, viewRealm)
	if err != nil {
		return reply{}, err
	}
	return ok(r.representation(false))
}

func (c *call) getComposites() (reply, error) {
	r, err := c.aRole(viewClients, viewRealm)
	if err != nil {
		return reply{}, err
	}
	return ok(byName(slices.Values(r.composites)))
}

func (c *call) createRole() (reply, error) {
	owner, err := c.roleOwner([]string{"manage-clients"}, []string{"manage-realm"})
	if err != nil {
		return reply{}, err
	}
	o, err := c.need("RoleRepresentation")
	if err != nil {
		return reply{}, err
	}
	name := str(o, "name")
	switch {
	case name == "":
		return reply{}, plain(http.StatusBadRequest, "role has no name")
	case c.roleMap(owner)[name] != nil:
		return reply{}, message(http.StatusConflict, "Role with name %s already exists", name)
	case o["composites"] != nil:
		return reply{}, errNotEmulated("composites of a new role")
	}
	r := c.realm.newRole(owner, name, str(o, "description"))
	r.attributes = attributeLists(o["attributes"])
	return c.created(c.here() + "/" + url.PathEscape(name))
}

func (c *call) updateRole() (reply, error) {
	r, err := c.aRole([]string{"manage-clients"}, []string{"manage-realm"})
	if err != nil {
		return reply{}, err
	}
	o, err := c.need("RoleRepresentation")
	if err != nil {
		return reply{}, err
	}
	name, roles := str(o, "name"), c.roleMap(r.client)
	if name != "" && name != r.name {
		if roles[name] != nil {
			return reply{}, message(http.StatusConflict, "Role with name %s already exists", name)
		}
		delete(roles, r.name)
		r.name = name
		roles[name] = r
	}
	r.description = str(o, "description")
	if o["attributes"] != nil {
		r.attributes = attributeLists(o["attributes"])
	}
	return noContent()
}

func (c *call) deleteRole() (reply, error) {
	r, err := c.aRole([]string{"manage-clients"}, []string{"manage-realm"})
	if err != nil {
		return reply{}, err
	}
	if r == c.realm.defaultRole {
		return reply{}, message(http.StatusBadRequest, "%s is default role of the realm and cannot be removed.", r.name)
	}
	c.removeRole(r)
	return noContent()
}

// mappings is GET /users/{id}/role-mappings.
func (c *call) mappings() (reply, error) {
	u, err := c.aUser(viewUsers...)
	if err != nil {
		return reply{}, err
	}
	out, ofClients := object{}, map[string]object{}
	if of := rolesOf(u.roles, nil); len(of) > 0 {
		out["realmMappings"] = byName(slices.Values(of))
	}
	for _, r := range u.roles {
		if cl := r.client; cl != nil && ofClients[cl.clientID] == nil {
			ofClients[cl.clientID] = object{"id": cl.id, "client": cl.clientID,
				"mappings": byName(slices.Values(rolesOf(u.roles, cl)))}
		}
	}
	if len(ofClients) > 0 {
		out["clientMappings"] = ofClients
	}
	return ok(out)
}

// rolesOf are the roles of one client, or of the realm, among some.
func rolesOf(roles []*role, owner *client) (list []*role) {
	for _, r := range roles {
		if r.client == owner {
			list = append(list, r)
		}
	}
	return list
}

// mappingOwner is the client that the path of a role mapping names.
func (c *call) mappingOwner() (*client, error) {
	id, ofClient := c.params["client"]
	if !ofClient {
		return nil, nil
	}
	cl := c.realm.clients[id]
	if cl == nil {
		return nil, plain(http.StatusNotFound, "Client not found")
	}
	return cl, nil
}

// listMappings are the roles of a user directly ("") or with all that they
// hold ("composite"), or those that could be added ("available").
func listMappings(which string) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		u, err := c.aUser(viewUsers...)
		if err != nil {
			return reply{}, err
		}
		owner, err := c.mappingOwner()
		if err != nil {
			return reply{}, err
		}
		roles := rolesOf(u.roles, owner)
		switch which {
		case "composite":
			roles = rolesOf(slices.Collect(maps.Keys(effective(u.roles))), owner)
		case "available":
			direct := roles
			roles = nil
			for _, r := range c.roleMap(owner) {
				if !slices.Contains(direct, r) {
					roles = append(roles, r)
				}
			}
		}
		return ok(byName(slices.Values(roles)))
	}
}

// changeMappings adds or removes roles of a user; all of them or none.
func changeMappings(change func(u *user, r *role)) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		u, err := c.aUser("manage-users")
		if err != nil {
			return reply{}, err
		}
		owner, err := c.mappingOwner()
		if err != nil {
			return reply{}, err
		}
		body, err := decode(c.body, "[RoleRepresentation]")
		if err != nil {
			return reply{}, decodeError(err)
		}
		var roles []*role
		for _, o := range objects(body) {
			r := c.roleMap(owner)[str(o, "name")]
			if r == nil || r.id != str(o, "id") {
				return reply{}, plain(http.StatusNotFound, "Role not found")
			}
			roles = append(roles, r)
		}
		for _, r := range roles {
			change(u, r)
		}
		return noContent()
	}
}

func addMapping(u *user, r *role) {
	if !slices.Contains(u.roles, r) {
		u.roles = append(u.roles, r)
	}
}

func removeMapping(u *user, r *role) {
	u.roles = slices.DeleteFunc(u.roles, func(o *role) bool { return o == r })
}
