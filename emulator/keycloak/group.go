package keycloak

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// group is one group of a realm.
type group struct {
	id, name, description string
	realm                 *realm
	parent                *group // nil at the top
	attributes            map[string][]string
	children              []*group // by name
	members               []*user  // by user name
}

func compareGroups(a, b *group) int {
	return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
}

// siblings are the groups of one parent; nil is the top.
func (rm *realm) siblings(parent *group) []*group {
	if parent != nil {
		return parent.children
	}
	var top []*group
	for _, g := range rm.groups {
		if g.parent == nil {
			top = append(top, g)
		}
	}
	slices.SortFunc(top, compareGroups)
	return top
}

// sibling finds a group of one parent by its exact name.
func (rm *realm) sibling(parent *group, name string) *group {
	for _, g := range rm.siblings(parent) {
		if g.name == name {
			return g
		}
	}
	return nil
}

func (rm *realm) addGroup(parent *group, id, name string) *group {
	g := &group{id: cmp.Or(id, oidc.NewID()), name: name, realm: rm, parent: parent}
	rm.groups[g.id] = g
	if parent != nil {
		parent.children = append(parent.children, g)
		slices.SortFunc(parent.children, compareGroups)
	}
	return g
}

// move puts g below another parent.
func (g *group) move(parent *group) {
	g.detach()
	g.parent = parent
	if parent != nil {
		parent.children = append(parent.children, g)
		slices.SortFunc(parent.children, compareGroups)
	}
}

func (g *group) detach() {
	if g.parent != nil {
		g.parent.children = slices.DeleteFunc(g.parent.children, func(o *group) bool { return o == g })
	}
}

func (g *group) rename(name string) {
	g.name = name
	if g.parent != nil {
		slices.SortFunc(g.parent.children, compareGroups)
	}
}

// removeGroup deletes g and all below it.
func (rm *realm) removeGroup(g *group) {
	for _, c := range slices.Clone(g.children) {
		rm.removeGroup(c)
	}
	g.detach()
	for _, u := range slices.Clone(g.members) {
		u.leave(g)
	}
	rm.defaultGroups = slices.DeleteFunc(rm.defaultGroups, func(o *group) bool { return o == g })
	delete(rm.groups, g.id)
}

func (g *group) addMember(u *user) {
	i, found := slices.BinarySearchFunc(g.members, u, compareUsers)
	if !found {
		g.members = slices.Insert(g.members, i, u)
	}
}

func (g *group) removeMember(u *user) {
	g.members = slices.DeleteFunc(g.members, func(o *user) bool { return o == u })
}

// path is the names from the top, each after a slash. A slash in a name is
// not escaped.
func (g *group) path() string {
	if g.parent == nil {
		return "/" + g.name
	}
	return g.parent.path() + "/" + g.name
}

// groupByPath finds a group by its path. As names may hold slashes, the
// longest name wins at each level.
func (rm *realm) groupByPath(path string) *group {
	return rm.below(nil, strings.TrimPrefix(path, "/"))
}

func (rm *realm) below(parent *group, rest string) *group {
	if rest == "" {
		return nil
	}
	var found *group
	for _, g := range rm.siblings(parent) {
		if g.name == rest {
			return g
		}
		if below, ok := strings.CutPrefix(rest, g.name+"/"); ok {
			if f := rm.below(g, below); f != nil {
				found = f
			}
		}
	}
	return found
}

// groupRepresentation is a GroupRepresentation as the server writes it.
type groupRepresentation struct {
	ID            string                 `json:"id"`
	Name          string                 `json:"name"`
	Description   string                 `json:"description,omitempty"`
	Path          string                 `json:"path"`
	ParentID      string                 `json:"parentId,omitempty"`
	SubGroupCount *int                   `json:"subGroupCount,omitempty"`
	SubGroups     []*groupRepresentation `json:"subGroups"`
	Attributes    *map[string][]string   `json:"attributes,omitempty"`
	RealmRoles    *[]string              `json:"realmRoles,omitempty"`
	ClientRoles   *map[string][]string   `json:"clientRoles,omitempty"`
	Access        map[string]bool        `json:"access,omitempty"`
}

// representation is g without its children, in full or brief, with the number
// of children or without.
func (g *group) representation(full, count bool) *groupRepresentation {
	r := &groupRepresentation{
		ID: g.id, Name: g.name, Description: g.description, Path: g.path(), SubGroups: []*groupRepresentation{},
	}
	if g.parent != nil {
		r.ParentID = g.parent.id
	}
	if full {
		attributes := attributesOf(g.attributes)
		r.Attributes, r.RealmRoles, r.ClientRoles = &attributes, &[]string{}, &map[string][]string{}
	}
	if count {
		n := len(g.children)
		r.SubGroupCount = &n
	}
	return r
}

// allGroups are all groups of the realm by name.
func (rm *realm) allGroups() iter.Seq[*group] {
	return slices.Values(slices.SortedFunc(maps.Values(rm.groups), compareGroups))
}
