package auth0

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

func roleSchema() schema { return schema{"name": "string!", "description": "string?"} }

// role is what answers show; read: not in the answer to its creation, where an
// unset description is absent, while it is "" later (section 7).
func (s *Server) role(st *state, read bool) object {
	o := merge(st.props, nil)
	if read {
		defaults(o, object{"description": ""})
	}
	if s.opts.RoleType {
		o["type"] = "tenant"
	}
	return o
}

// createRole answers 200 (section 3).
func (c *call) createRole() (reply, error) {
	in, err := c.decode(roleSchema())
	if err != nil {
		return reply{}, err
	}
	if err := c.checkRole(in, ""); err != nil {
		return reply{}, err
	}
	if len(c.all(KindRole)) >= 1000 {
		return reply{}, tooMany() // section 11
	}
	if in["description"] == nil {
		delete(in, "description")
	}
	in["id"] = newID("rol_")
	st := &state{props: in}
	c.write(KindRole, str(in, "id"), st)
	return ok(c.role(st, false))
}

// checkRole refuses an empty name, and that of another role.
func (c *call) checkRole(in object, id string) error {
	name, sent := in["name"].(string)
	if !sent {
		return nil
	}
	if name == "" {
		return badBody("name", "String is too short (0 chars), minimum 1")
	}
	if other := c.find(KindRole, "name", name); other != nil && other.props["id"] != id && !c.opts.RoleNamesRepeat {
		return fail(http.StatusConflict, "", "The role already exists.")
	}
	return nil
}

func (c *call) listRoles() (reply, error) {
	out := []object{}
	for _, st := range c.listed(KindRole) {
		if strings.Contains(strings.ToLower(str(st.props, "name")), strings.ToLower(c.query.Get("name_filter"))) {
			out = append(out, c.role(st, true))
		}
	}
	return c.answerList(list{items: "roles", id: "id"}, out)
}

func (c *call) getRole() (reply, error) {
	st := c.get(KindRole, c.params["id"])
	if st == nil {
		return reply{}, noRole()
	}
	return ok(c.role(st, true))
}

func (c *call) patchRole() (reply, error) {
	st := c.get(KindRole, c.params["id"])
	if st == nil {
		return reply{}, noRole()
	}
	in, err := c.decode(schema{"name": "string", "description": "string?"})
	if err != nil {
		return reply{}, err
	}
	if err := c.checkRole(in, c.params["id"]); err != nil {
		return reply{}, err
	}
	next := st.copy()
	next.props = merge(next.props, in)
	c.write(KindRole, c.params["id"], next)
	return ok(c.role(next, true))
}

// deleteRole answers 200 with an empty object, and 404 a second time
// (section 3).
func (c *call) deleteRole() (reply, error) {
	if c.get(KindRole, c.params["id"]) == nil {
		return reply{}, noRole()
	}
	c.write(KindRole, c.params["id"], nil)
	return ok(object{})
}

// roleUsers are the members; beyond 1,000 they come by checkpoints only
// (section 1).
func (c *call) roleUsers() (reply, error) {
	if c.get(KindRole, c.params["id"]) == nil {
		return reply{}, noRole()
	}
	out := []object{}
	if st := c.shown(KindRole, c.params["id"]); st != nil {
		for _, id := range st.members {
			u := c.get(KindUser, id)
			if u == nil {
				continue // deleted, and the list does not know it yet
			}
			o := object{}
			for _, name := range []string{"user_id", "email", "picture", "name"} {
				if v, has := u.props[name]; has {
					o[name] = v
				}
			}
			out = append(out, o)
		}
	}
	return c.answerList(list{items: "users", id: "user_id", most: 1000}, out)
}

// addRoleUsers answers 200 with an empty object (section 3).
func (c *call) addRoleUsers() (reply, error) {
	if c.get(KindRole, c.params["id"]) == nil {
		return reply{}, noRole()
	}
	in, err := c.decode(schema{"users": "strings!"})
	if err != nil {
		return reply{}, err
	}
	users := jsonvalue.Texts(in["users"])
	if len(users) == 0 {
		return reply{}, badBody("users", "Array is too short (0), minimum 1")
	}
	for _, id := range users {
		if c.get(KindUser, id) == nil {
			return reply{}, noUser()
		}
	}
	c.join(c.params["id"], users...)
	return ok(object{})
}

// join makes users members of a role; those who are stay where they are.
func (s *Server) join(role string, users ...string) {
	next := s.get(KindRole, role).copy()
	for _, id := range users {
		if !slices.Contains(next.members, id) {
			next.members = append(next.members, id)
		}
	}
	s.write(KindRole, role, next)
}

func (s *Server) leave(role, user string) {
	next := s.get(KindRole, role).copy()
	next.members = slices.DeleteFunc(next.members, func(m string) bool { return m == user })
	s.write(KindRole, role, next)
}

// rolesOfUser are a user's roles by name (section 1).
func (c *call) rolesOfUser() (reply, error) {
	if c.get(KindUser, c.params["id"]) == nil {
		return reply{}, noUser()
	}
	out := []object{}
	for _, st := range c.listed(KindRole) {
		if slices.Contains(st.members, c.params["id"]) {
			out = append(out, c.role(st, true))
		}
	}
	slices.SortFunc(out, func(a, b object) int { return cmp.Compare(str(a, "name"), str(b, "name")) })
	return c.answerList(list{items: "roles", id: "id"}, out)
}

// chosenRoles reads the roles of a body; DELETE has one too (section 1).
func (c *call) chosenRoles() ([]string, error) {
	if c.get(KindUser, c.params["id"]) == nil {
		return nil, noUser()
	}
	in, err := c.decode(schema{"roles": "strings!"})
	if err != nil {
		return nil, err
	}
	roles := jsonvalue.Texts(in["roles"])
	if len(roles) == 0 {
		return nil, badBody("roles", "Array is too short (0), minimum 1")
	}
	for _, id := range roles {
		if c.get(KindRole, id) == nil {
			return nil, noRole()
		}
	}
	return roles, nil
}

// addRoles answers 204 (section 3).
func (c *call) addRoles() (reply, error) {
	roles, err := c.chosenRoles()
	if err != nil {
		return reply{}, err
	}
	for _, id := range roles {
		c.join(id, c.params["id"])
	}
	return noContent()
}

func (c *call) removeRoles() (reply, error) {
	roles, err := c.chosenRoles()
	if err != nil {
		return reply{}, err
	}
	for _, id := range roles {
		c.leave(id, c.params["id"])
	}
	return noContent()
}
