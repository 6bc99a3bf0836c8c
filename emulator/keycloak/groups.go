package keycloak

import (
	"net/http"
	"slices"
	"strings"
)

// groupAccess is what the caller may do with groups.
func (c *call) groupAccess() map[string]bool {
	view, manage := c.may(viewUsers...), c.may("manage-users")
	return map[string]bool{"view": view, "viewMembers": view, "manageMembers": manage, "manage": manage,
		"manageMembership": manage}
}

// aGroup is the group of the path. A group that is not there is 404 for
// everybody.
func (c *call) aGroup(roles ...string) (*group, error) {
	g := c.realm.groups[c.params["id"]]
	if g == nil {
		return nil, plain(http.StatusNotFound, "Could not find group by id")
	}
	return g, c.require(roles...)
}

// listGroups is GET /groups: those at the top, or those that match, each below
// its parents ("populateHierarchy").
func (c *call) listGroups() (reply, error) {
	var list []*group
	search := strings.TrimSpace(c.query.Get("search"))
	switch {
	case c.query.Has("q"):
		fields := searchFields(c.query.Get("q"))
		for g := range c.realm.allGroups() {
			match := true
			for k, v := range fields {
				match = match && slices.Contains(g.attributes[k], v)
			}
			if match {
				list = append(list, g)
			}
		}
	case search != "":
		exact := c.boolean("exact", false)
		for g := range c.realm.allGroups() {
			if exact && g.name == search || !exact && containsName(g, search) {
				list = append(list, g)
			}
		}
	default:
		list = c.realm.siblings(nil)
	}
	if !c.may(viewUsers...) {
		list = nil
	}
	list, err := page(c, list, -1)
	if err != nil {
		return reply{}, err
	}
	full, count := !c.boolean("briefRepresentation", true), c.boolean("subGroupsCount", true)
	access := c.groupAccess()
	show := func(g *group) *groupRepresentation {
		r := g.representation(full, count)
		r.Access = access
		return r
	}
	out := []*groupRepresentation{}
	if !c.boolean("populateHierarchy", true) {
		for _, g := range list {
			out = append(out, show(g))
		}
		return ok(out)
	}
	shown := map[*group]*groupRepresentation{}
	for _, g := range list {
		below := (*groupRepresentation)(nil)
		for ; g != nil; g = g.parent {
			r, known := shown[g]
			if !known {
				r = show(g)
				shown[g] = r
			}
			if below != nil && !slices.Contains(r.SubGroups, below) {
				r.SubGroups = append(r.SubGroups, below)
			}
			if g.parent == nil && !known {
				out = append(out, r)
			}
			below = r
		}
	}
	slices.SortFunc(out, func(a, b *groupRepresentation) int { return strings.Compare(a.Name, b.Name) })
	return ok(out)
}

// containsName searches a name, in any case; asterisks stand for anything.
func containsName(g *group, search string) bool {
	pattern := strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`, "*", "%").Replace(strings.ToLower(search))
	return like(strings.ToLower(g.name), "%"+pattern+"%", '\\')
}

// countGroups is GET /groups/count.
func (c *call) countGroups() (reply, error) {
	n, search, top := 0, c.query.Get("search"), c.boolean("top", false)
	for _, g := range c.realm.groups {
		if c.query.Has("search") && containsName(g, search) || !c.query.Has("search") && (!top || g.parent == nil) {
			n++
		}
	}
	return ok(map[string]int{"count": n})
}

func (c *call) getGroup() (reply, error) {
	g, err := c.aGroup(viewUsers...)
	if err != nil {
		return reply{}, err
	}
	r := g.representation(true, true)
	r.Access = c.groupAccess()
	return ok(r)
}

// groupByPath is GET /group-by-path/{path}.
func (c *call) groupByPath() (reply, error) {
	g := c.realm.groupByPath(c.params["path"])
	if g == nil {
		return reply{}, plain(http.StatusNotFound, "Group path does not exist")
	}
	if err := c.require(viewUsers...); err != nil {
		return reply{}, err
	}
	return ok(g.representation(true, true))
}

// createGroup is POST /groups. With an id it moves the group of that id to
// the top instead.
func (c *call) createGroup() (reply, error) {
	g, err := c.newOrMoved(nil, "Top level")
	if err != nil {
		return reply{}, err
	}
	if g == nil {
		return noContent()
	}
	return c.created(c.here() + "/" + g.id)
}

// createChild is POST /groups/{id}/children.
func (c *call) createChild() (reply, error) {
	parent, err := c.aGroup("manage-users")
	if err != nil {
		return reply{}, err
	}
	g, err := c.newOrMoved(parent, "Sibling")
	if err != nil {
		return reply{}, err
	}
	if g == nil {
		return noContent()
	}
	c.header.Set("Location", c.base()+"/admin/realms/"+c.params["realm"]+"/groups/"+g.id)
	r := g.representation(true, false)
	r.Access = c.groupAccess()
	return reply{status: http.StatusCreated, body: r, contentType: "application/json"}, nil
}

// newOrMoved makes a group of the body below a parent; nil if the body has the
// id of a group, which was moved there.
func (c *call) newOrMoved(parent *group, kind string) (*group, error) {
	o, err := c.need("GroupRepresentation")
	if err != nil {
		return nil, err
	}
	name := str(o, "name")
	if strings.TrimSpace(name) == "" {
		return nil, message(http.StatusBadRequest, "Group name is missing")
	}
	exists := message(http.StatusConflict, "%s group named '%s' already exists.", kind, name)
	if id, given := text(o, "id"); given {
		g := c.realm.groups[id]
		if g == nil {
			return nil, plain(http.StatusNotFound, "Could not find child by id")
		}
		if g.parent != parent {
			if c.realm.sibling(parent, g.name) != nil {
				return nil, exists
			}
			g.move(parent)
		}
		return nil, nil
	}
	switch {
	case c.realm.sibling(parent, name) != nil:
		return nil, exists
	case len(name) > 255:
		return nil, errCrash()
	}
	g := c.realm.addGroup(parent, "", name)
	g.attributes, g.description = attributeLists(o["attributes"]), str(o, "description")
	return g, nil
}

// updateGroup is PUT /groups/{id}. The name must be there, a description that
// is not mentioned goes, and attributes are replaced when they are mentioned.
func (c *call) updateGroup() (reply, error) {
	g, err := c.aGroup("manage-users")
	if err != nil {
		return reply{}, err
	}
	o, err := c.need("GroupRepresentation")
	if err != nil {
		return reply{}, err
	}
	name := str(o, "name")
	id, given := text(o, "id")
	sibling := c.realm.sibling(g.parent, name)
	switch {
	case strings.TrimSpace(name) == "":
		return reply{}, message(http.StatusBadRequest, "Group name is missing")
	case given && id != g.id:
		return reply{}, message(http.StatusBadRequest, "Invalid group id")
	case sibling != nil && sibling != g:
		return reply{}, message(http.StatusConflict, "Sibling group named '%s' already exists.", name)
	}
	g.rename(name)
	g.description = str(o, "description")
	if o["attributes"] != nil {
		g.attributes = attributeLists(o["attributes"])
	}
	return noContent()
}

func (c *call) deleteGroup() (reply, error) {
	g, err := c.aGroup("manage-users")
	if err != nil {
		return reply{}, err
	}
	c.realm.removeGroup(g)
	return noContent()
}

// listChildren is GET /groups/{id}/children: ten of them unless "max" says
// otherwise.
func (c *call) listChildren() (reply, error) {
	g, err := c.aGroup(viewUsers...)
	if err != nil {
		return reply{}, err
	}
	list, search := slices.Clone(g.children), c.query.Get("search")
	if search != "" {
		exact := c.boolean("exact", false)
		list = slices.DeleteFunc(list, func(g *group) bool {
			return exact && g.name != search || !exact && !containsName(g, search)
		})
	}
	if list, err = page(c, list, 10); err != nil {
		return reply{}, err
	}
	out, access := make([]*groupRepresentation, len(list)), c.groupAccess()
	for i, g := range list {
		out[i] = g.representation(!c.boolean("briefRepresentation", false), c.boolean("subGroupsCount", true))
		out[i].Access = access
	}
	return ok(out)
}

// listMembers is GET /groups/{id}/members: direct members by user name, 100 of
// them unless "max" says otherwise.
func (c *call) listMembers() (reply, error) {
	g, err := c.aGroup(viewUsers...)
	if err != nil {
		return reply{}, err
	}
	list, err := page(c, g.members, 100)
	if err != nil {
		return reply{}, err
	}
	out := make([]userRepresentation, len(list))
	for i, u := range list {
		out[i] = u.representation(c.boolean("briefRepresentation", false))
	}
	return ok(out)
}

// groupsOf are a user's groups by name, those whose name holds a text.
func (c *call) groupsOf(u *user) []*group {
	search := c.query.Get("search")
	list := slices.DeleteFunc(slices.Clone(u.groups), func(g *group) bool { return !containsName(g, search) })
	slices.SortFunc(list, compareGroups)
	return list
}

func (c *call) listUserGroups() (reply, error) {
	u, err := c.aUser(viewUsers...)
	if err != nil {
		return reply{}, err
	}
	list, err := page(c, c.groupsOf(u), -1)
	if err != nil {
		return reply{}, err
	}
	return ok(c.bare(list))
}

// bare are groups as lists of memberships show them.
func (c *call) bare(list []*group) []*groupRepresentation {
	out := make([]*groupRepresentation, len(list))
	for i, g := range list {
		out[i] = g.representation(!c.boolean("briefRepresentation", true), false)
	}
	return out
}

func (c *call) countUserGroups() (reply, error) {
	u, err := c.aUser(viewUsers...)
	if err != nil {
		return reply{}, err
	}
	return ok(map[string]int{"count": len(c.groupsOf(u))})
}

// changeMembership lets a user join or leave a group; to do so twice is no
// mistake.
func changeMembership(change func(u *user, g *group)) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		u, err := c.aUser("manage-users")
		if err != nil {
			return reply{}, err
		}
		g := c.realm.groups[c.params["group"]]
		if g == nil {
			return reply{}, plain(http.StatusNotFound, "Group not found")
		}
		change(u, g)
		return noContent()
	}
}

func (c *call) listDefaultGroups() (reply, error) { return ok(c.bare(c.realm.defaultGroups)) }

// changeDefaultGroups says whether new users join a group.
func changeDefaultGroups(member bool) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		g := c.realm.groups[c.params["group"]]
		if g == nil {
			return reply{}, plain(http.StatusNotFound, "Group not found")
		}
		c.realm.defaultGroups = slices.DeleteFunc(c.realm.defaultGroups, func(o *group) bool { return o == g })
		if member {
			c.realm.defaultGroups = append(c.realm.defaultGroups, g)
		}
		return noContent()
	}
}
