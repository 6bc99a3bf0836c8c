package entra

import (
	"regexp"
	"slices"
	"strings"
)

// guid is the form of an id.
var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// add appends references, all of them or none.
func (c *call) add(to *[]string, relation string, ids []string) error {
	have := make(map[string]bool, len(*to))
	for _, id := range *to {
		have[id] = true
	}
	for _, id := range ids {
		if _, st := c.anyObject(id, c.replica); st == nil {
			return notFound(id)
		}
		if have[id] {
			return badRequest("One or more added object references already exist for the following modified properties: '%s'.", relation).
				with("InvalidValue", relation)
		}
		*to = append(*to, id)
	}
	return nil
}

// relation is one that a path names: of which object, and where it is kept.
type relation struct {
	e *entity
	// st is the object as the replica shows it.
	st   *state
	name string
	of   func(*state) *[]string
}

func members(s *state) *[]string { return &s.members }
func owners(s *state) *[]string  { return &s.owners }

// holder finds the object whose relation the path names.
func (c *call) holder(kind Kind, name string) (relation, error) {
	rel := relation{name: name, of: owners}
	if name == "members" {
		rel.of = members
	}
	var err error
	if kind == KindGroup {
		rel.e, rel.st, err = c.group()
	} else {
		rel.e, rel.st, err = c.application(kind)
	}
	return rel, err
}

// listRelation lists members or owners. Service principals among the members
// of a group are left out, as v1.0 does (section 5).
func listRelation(kind Kind, name string, only Kind) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		l, err := c.relationElements(kind, name, only)
		if err != nil {
			return reply{}, err
		}
		return c.list(l)
	}
}

func countMembers(c *call) (reply, error) {
	l, err := c.relationElements(KindGroup, "members", "")
	if err != nil {
		return reply{}, err
	}
	return c.count(l)
}

func (c *call) relationElements(kind Kind, name string, only Kind) (listing, error) {
	rel, err := c.holder(kind, name)
	if err != nil {
		return listing{}, err
	}
	return c.references(*rel.of(rel.st), name == "members", only), nil
}

// references are the objects of some ids as a list.
func (c *call) references(ids []string, people bool, only Kind) listing {
	l := listing{kind: only, fragment: "directoryObjects", typed: only == "", reference: true}
	if only != "" {
		l.fragment = string(only) + "s"
	}
	for _, id := range ids {
		kind, st := c.anyObject(id, c.replica)
		if st == nil || only != "" && kind != only || people && kind == KindServicePrincipal {
			continue
		}
		l.elements = append(l.elements, element{kind, st})
	}
	return l
}

// addReference is POST .../$ref with {"@odata.id": "..."}.
func addReference(kind Kind, name string) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		in, err := c.decode()
		if err != nil {
			return reply{}, err
		}
		rel, err := c.holder(kind, name)
		if err != nil {
			return reply{}, err
		}
		id, ok := referenced(str(in, "@odata.id"))
		if !ok || len(in) != 1 {
			return reply{}, badRequest("The reference '%s' is not valid.", str(in, "@odata.id"))
		}
		if id == rel.e.id {
			return reply{}, badRequest("An object cannot be a reference of its own.")
		}
		next := rel.e.now.copy()
		if err := c.add(rel.of(next), name, []string{id}); err != nil {
			return reply{}, err
		}
		c.write(kind, rel.e.id, next)
		return noContent()
	}
}

// removeReference is DELETE .../{object}/$ref. What is no member is not found,
// and the message names the holder (section 5).
func removeReference(kind Kind, name string) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		rel, err := c.holder(kind, name)
		if err != nil {
			return reply{}, err
		}
		next := rel.e.now.copy()
		list := rel.of(next)
		i := slices.Index(*list, strings.ToLower(c.params["object"]))
		if i < 0 {
			return reply{}, notFound(rel.e.id)
		}
		*list = slices.Delete(*list, i, i+1)
		c.write(kind, rel.e.id, next)
		return noContent()
	}
}

// deleteMember is DELETE .../members/{id} without /$ref: it deletes the member
// itself, as Graph's reference warns (section 5).
func (c *call) deleteMember() (reply, error) {
	_, st, err := c.group()
	if err != nil {
		return reply{}, err
	}
	id := strings.ToLower(c.params["object"])
	if !slices.Contains(st.members, id) {
		return reply{}, notFound(id)
	}
	switch kind, o := c.anyObject(id, c.replica); {
	case o == nil:
		return reply{}, notFound(id)
	case kind == KindUser:
		c.binUser(c.dir.tables[kind].byID[id])
	case !c.caller.holds(writeGroups):
		return reply{}, forbidden()
	default:
		c.removeGroup(c.dir.tables[kind].byID[id])
	}
	return noContent()
}

// transitive lists the members of a group and of the groups in it.
func transitive(only Kind) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		_, st, err := c.group()
		if err != nil {
			return reply{}, err
		}
		seen := map[string]bool{str(st.props, "id"): true}
		var all []string
		for queue := []*state{st}; len(queue) > 0; queue = queue[1:] {
			for _, id := range queue[0].members {
				if seen[id] {
					continue
				}
				seen[id] = true
				all = append(all, id)
				if g := c.live(KindGroup, id, c.replica); g != nil {
					queue = append(queue, g)
				}
			}
		}
		return c.list(c.references(all, true, only))
	}
}

// memberOf lists the groups that a user is in; with nested ones if deep.
func memberOf(deep bool, only Kind) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		e, _, err := c.user()
		if err != nil {
			return reply{}, err
		}
		groups := c.elements(KindGroup)
		seen := map[string]bool{}
		var all []string
		for queue := []string{e.id}; len(queue) > 0; queue = queue[1:] {
			for _, g := range groups {
				id := str(g.st.props, "id")
				if !seen[id] && slices.Contains(g.st.members, queue[0]) {
					seen[id] = true
					all = append(all, id)
					if deep {
						queue = append(queue, id)
					}
				}
			}
		}
		return c.list(c.references(all, false, only))
	}
}

// unbind takes an object that is gone out of all relations. Those of an object
// in the recycle bin stay, and are there again when it is restored.
func (s *Server) unbind(id string) {
	for _, kind := range []Kind{KindGroup, KindApplication, KindServicePrincipal} {
		for _, e := range s.dir.tables[kind].order {
			if e.now == nil || !slices.Contains(e.now.members, id) && !slices.Contains(e.now.owners, id) {
				continue
			}
			next := e.now.copy()
			gone := func(other string) bool { return other == id }
			next.members, next.owners = slices.DeleteFunc(next.members, gone), slices.DeleteFunc(next.owners, gone)
			s.write(kind, e.id, next)
		}
	}
	for kind, names := range map[Kind][]string{KindAppRoleAssignment: {"principalId", "resourceId"}, KindPermissionGrant: {"clientId", "resourceId", "principalId"}} {
		for _, e := range slices.Clone(s.dir.tables[kind].order) {
			if e.now != nil && slices.ContainsFunc(names, func(n string) bool { return e.now.props[n] == id }) {
				s.write(kind, e.id, nil)
			}
		}
	}
}
