package auth0

import (
	"cmp"
	"slices"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// describe is what answers show of a permission.
func (s *Server) describe(p permission) object {
	o := object{"permission_name": p.name, "resource_server_identifier": p.api, "description": "", "resource_server_name": ""}
	if api := s.find(KindAPI, "identifier", p.api); api != nil {
		o["resource_server_name"] = str(api.props, "name")
		for _, sc := range jsonvalue.Objects(api.props["scopes"]) {
			if str(sc, "value") == p.name {
				o["description"] = str(sc, "description")
			}
		}
	}
	return o
}

// answerPermissions lists them by name (section 1).
func (c *call) answerPermissions(all []object) (reply, error) {
	slices.SortStableFunc(all, func(a, b object) int { return cmp.Compare(str(a, "permission_name"), str(b, "permission_name")) })
	return c.answerList(list{items: "permissions", id: "permission_name"}, all)
}

// rolePermissions are those of a role.
func (c *call) rolePermissions() (reply, error) {
	st := c.get(KindRole, c.params["id"])
	if st == nil {
		return reply{}, noRole()
	}
	out := []object{}
	for _, p := range st.permissions {
		out = append(out, c.describe(p))
	}
	return c.answerPermissions(out)
}

// userPermissions are those of a user, with where each comes from: directly or
// by roles (section 5).
func (c *call) userPermissions() (reply, error) {
	st := c.get(KindUser, c.params["id"])
	if st == nil {
		return reply{}, noUser()
	}
	sources := map[permission][]any{}
	for _, p := range st.permissions {
		sources[p] = append(sources[p], object{"source_id": "", "source_name": "", "source_type": "DIRECT"})
	}
	for _, r := range c.all(KindRole) {
		if !slices.Contains(r.members, c.params["id"]) {
			continue
		}
		for _, p := range r.permissions {
			sources[p] = append(sources[p], object{"source_id": str(r.props, "id"), "source_name": str(r.props, "name"), "source_type": "ROLE"})
		}
	}
	out := []object{}
	for p, from := range sources {
		o := c.describe(p)
		o["sources"] = from
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b object) int {
		return cmp.Compare(str(a, "resource_server_identifier"), str(b, "resource_server_identifier"))
	})
	return c.answerPermissions(out)
}

// chosenPermissions reads the permissions of a body; DELETE has one too
// (section 1).
func (c *call) chosenPermissions() ([]permission, error) {
	in, err := c.decode(schema{"permissions": "array!"})
	if err != nil {
		return nil, err
	}
	var out []permission
	list, _ := in["permissions"].([]any)
	if len(list) == 0 {
		return nil, badBody("permissions", "Array is too short (0), minimum 1")
	}
	for _, v := range list {
		o, _ := v.(object)
		if err := (schema{"resource_server_identifier": "string!", "permission_name": "string!"}).check(o); err != nil {
			return nil, err
		}
		p := permission{str(o, "resource_server_identifier"), str(o, "permission_name")}
		api := c.find(KindAPI, "identifier", p.api)
		if api == nil || !slices.Contains(scopeNames(api), p.name) {
			return nil, fail(404, "inexistent_permission", "The permission %s does not exist in %s.", p.name, p.api)
		}
		out = append(out, p)
	}
	return out, nil
}

// addPermissions answers 201 with an empty object (section 3).
func addPermissions(kind Kind, missing func() *apiError) func(*call) (reply, error) {
	return changePermissions(kind, missing, func(has, chosen []permission) []permission {
		for _, p := range chosen {
			if !slices.Contains(has, p) {
				has = append(has, p)
			}
		}
		return has
	}, func() (reply, error) { return created(object{}) })
}

func removePermissions(kind Kind, missing func() *apiError) func(*call) (reply, error) {
	return changePermissions(kind, missing, func(has, chosen []permission) []permission {
		return slices.DeleteFunc(has, func(p permission) bool { return slices.Contains(chosen, p) })
	}, noContent)
}

func changePermissions(kind Kind, missing func() *apiError, change func(has, chosen []permission) []permission, answer func() (reply, error)) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		st := c.get(kind, c.params["id"])
		if st == nil {
			return reply{}, missing()
		}
		chosen, err := c.chosenPermissions()
		if err != nil {
			return reply{}, err
		}
		next := st.copy()
		next.permissions = change(next.permissions, chosen)
		c.write(kind, c.params["id"], next)
		return answer()
	}
}

// permitted are the names of a user's permissions at an API, by role or
// directly.
func (s *Server) permitted(user *state, api string) []string {
	seen := map[string]bool{}
	add := func(list []permission) {
		for _, p := range list {
			if p.api == api {
				seen[p.name] = true
			}
		}
	}
	add(user.permissions)
	for _, r := range s.all(KindRole) {
		if slices.Contains(r.members, str(user.props, "user_id")) {
			add(r.permissions)
		}
	}
	return sortedKeys(seen)
}
