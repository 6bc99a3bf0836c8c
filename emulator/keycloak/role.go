package keycloak

import (
	"iter"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// role is a role of a realm, or of a client.
type role struct {
	id, name, description string
	realm                 *realm
	client                *client // nil for a role of the realm
	composites            []*role
	attributes            map[string][]string
}

func (r *role) containerID() string {
	if r.client != nil {
		return r.client.id
	}
	return r.realm.id
}

// representation is a RoleRepresentation; brief leaves out the attributes.
func (r *role) representation(brief bool) object {
	o := object{
		"id": r.id, "name": r.name, "composite": len(r.composites) > 0,
		"clientRole": r.client != nil, "containerId": r.containerID(),
	}
	if r.description != "" {
		o["description"] = r.description
	}
	if !brief {
		o["attributes"] = attributesOf(r.attributes)
	}
	return o
}

// attributesOf is never nil, so that it is {} in JSON.
func attributesOf(a map[string][]string) map[string][]string {
	if a == nil {
		return map[string][]string{}
	}
	return a
}

// newRole makes a role of the realm, or of c.
func (rm *realm) newRole(c *client, name, description string) *role {
	r := &role{id: oidc.NewID(), name: name, description: description, realm: rm, client: c}
	if c != nil {
		c.roles[name] = r
	} else {
		rm.roles[name] = r
	}
	rm.rolesByID[r.id] = r
	return r
}

// removeRole takes a role away from whoever has it.
func (s *Server) removeRole(r *role) {
	if r.client != nil {
		delete(r.client.roles, r.name)
	} else {
		delete(r.realm.roles, r.name)
	}
	delete(r.realm.rolesByID, r.id)
	is := func(o *role) bool { return o == r }
	for _, o := range r.realm.rolesByID {
		o.composites = slices.DeleteFunc(o.composites, is)
	}
	for _, u := range r.realm.users.sorted {
		u.roles = slices.DeleteFunc(u.roles, is)
	}
}

// addComposites makes r hold others too.
func (r *role) addComposites(others ...*role) {
	for _, o := range others {
		if !slices.Contains(r.composites, o) {
			r.composites = append(r.composites, o)
		}
	}
}

// effective are roles and all that they hold, each one once.
func effective(roles []*role) map[*role]bool {
	all, todo := map[*role]bool{}, slices.Clone(roles)
	for len(todo) > 0 {
		r := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !all[r] {
			all[r] = true
			todo = append(todo, r.composites...)
		}
	}
	return all
}

// byName are the brief representations of roles, by name.
func byName(roles iter.Seq[*role]) []object {
	list := slices.SortedFunc(roles, func(a, b *role) int { return strings.Compare(a.name, b.name) })
	out := make([]object, len(list))
	for i, r := range list {
		out[i] = r.representation(true)
	}
	return out
}

// adminRoles are the roles of a realm's administration: of the client
// realm-management of the realm itself, and of <realm>-realm in master.
// Source: org.keycloak.models.AdminRoles, and the role lists of a server.
var adminRoles = []string{
	"create-client", "impersonation", "manage-authorization", "manage-clients", "manage-events",
	"manage-identity-providers", "manage-organizations", "manage-realm", "manage-users", "query-clients",
	"query-groups", "query-organizations", "query-realms", "query-users", "view-authorization", "view-clients",
	"view-events", "view-identity-providers", "view-organizations", "view-realm", "view-users",
}

// adminComposites are the admin roles that hold others.
var adminComposites = map[string][]string{
	"view-users":         {"query-users", "query-groups"},
	"view-clients":       {"query-clients"},
	"view-organizations": {"query-organizations"},
}
