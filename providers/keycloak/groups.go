package keycloak

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// wireGroup is what is read of a GroupRepresentation.
type wireGroup struct {
	ID            string              `json:"id"`
	Name          string              `json:"name"`
	ParentID      string              `json:"parentId"`
	SubGroupCount int                 `json:"subGroupCount"`
	SubGroups     []*wireGroup        `json:"subGroups"`
	Attributes    map[string][]string `json:"attributes"`
	members       []string
}

func (c *conn) listGroups(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	r := request{doing: "list the groups", realm: q.Parent, role: "view-users"}
	ids := map[string]bool{}
	var keys []map[string]string
	for _, id := range q.IDs {
		ids[id] = true
	}
	for _, key := range q.Keys {
		if id, ok := key["id"]; ok {
			ids[id] = true
		} else {
			keys = append(keys, key)
		}
	}
	var found []*wireGroup
	var err error
	if q.All || len(ids)+len(keys) > oneByOne {
		found, err = c.allGroups(ctx, r)
	} else {
		found, err = c.lookUpGroups(ctx, r, ids, keys)
	}
	switch {
	case work.IsAbsent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case len(found) > 0:
		c.see("group", q.Parent)
	default:
		return nil, c.checkGroups(ctx, r)
	}
	var picked []*wireGroup
	seen := map[string]bool{}
	for _, g := range found {
		if !seen[g.ID] && (q.All || ids[g.ID] || groupHasKey(g, keys)) {
			seen[g.ID] = true
			picked = append(picked, g)
		}
	}
	if !q.Omits("members") {
		if err := c.fetchMembers(ctx, r.realm, picked); err != nil {
			return nil, err
		}
	}
	out := make([]resource.Object, len(picked))
	for i, g := range picked {
		out[i] = c.groupObject(g, q)
	}
	return out, nil
}

// groupHasKey reports whether one of the keys is the group's. A key without
// "parent" is that of any group of the name; with an empty one, of a group at
// the top.
func groupHasKey(g *wireGroup, keys []map[string]string) bool {
	for _, key := range keys {
		parent, hasParent := key["parent"]
		if key["name"] == g.Name && (!hasParent || parent == g.ParentID) {
			return true
		}
	}
	return false
}

// allGroups reads the groups at the top, and those in each group that has any.
func (c *conn) allGroups(ctx context.Context, r request) ([]*wireGroup, error) {
	level, err := c.groupPages(ctx, r, "groups")
	if err != nil {
		return nil, err
	}
	var all []*wireGroup
	for len(level) > 0 {
		var parents []*wireGroup
		for _, g := range level {
			all = append(all, g)
			if g.SubGroupCount > 0 {
				parents = append(parents, g)
			}
		}
		var mu sync.Mutex
		var next []*wireGroup
		err := c.each(ctx, len(parents), func(ctx context.Context, i int) error {
			children, err := c.groupPages(ctx, r, "groups", parents[i].ID, "children")
			if work.IsAbsent(err) { // gone meanwhile
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			next = append(next, children...)
			return err
		})
		if err != nil {
			return nil, err
		}
		level = next
	}
	return all, nil
}

func (c *conn) groupPages(ctx context.Context, r request, path ...string) ([]*wireGroup, error) {
	return pager[*wireGroup]{
		size: c.page,
		page: func(ctx context.Context, first, limit int) ([]*wireGroup, error) {
			var page []*wireGroup
			err := c.get(ctx, r, map[string]string{
				"briefRepresentation": "false", "first": strconv.Itoa(first), "max": strconv.Itoa(limit),
			}, &page, path...)
			return page, err
		},
		id: func(g *wireGroup) string { return g.ID },
	}.list(ctx)
}

// lookUpGroups finds groups one by one: by id, or by name at any depth.
func (c *conn) lookUpGroups(ctx context.Context, r request, ids map[string]bool, keys []map[string]string) ([]*wireGroup, error) {
	names := map[string]bool{}
	for _, key := range keys {
		if name := key["name"]; name != "" {
			names[name] = true
		}
	}
	return lookUp(ctx, c, ids, names, func(ctx context.Context, id string) ([]*wireGroup, error) {
		g, err := c.getGroup(ctx, r, id)
		if g == nil {
			return nil, err
		}
		return []*wireGroup{g}, nil
	}, func(ctx context.Context, name string) (found []*wireGroup, err error) {
		err = c.get(ctx, r, map[string]string{
			// The search ignores spaces around a name, and what it finds is
			// picked by the exact name.
			"search": strings.TrimSpace(name), "exact": strconv.FormatBool(name == strings.TrimSpace(name)), "populateHierarchy": "false", "briefRepresentation": "false",
			"first": "0", "max": strconv.Itoa(c.page),
		}, &found, "groups")
		return found, err
	})
}

// getGroup reads a group by id; nil if there is none.
func (c *conn) getGroup(ctx context.Context, r request, id string) (*wireGroup, error) {
	return one[wireGroup](ctx, c, r, nil, "groups", id)
}

// checkGroups makes sure that nothing found means that nothing is there: with
// query-groups alone Keycloak answers with an empty list, but tells the count.
func (c *conn) checkGroups(ctx context.Context, r request) error {
	return c.checkEmpty(r, "group", func() (int, error) {
		var some []wireGroup
		err := c.get(ctx, r, map[string]string{"first": "0", "max": "1"}, &some, "groups")
		return len(some), err
	}, func() (int, error) {
		var n struct{ Count int }
		err := c.get(ctx, r, nil, &n, "groups", "count")
		return n.Count, err
	})
}

// fetchMembers reads who is in each group: one list a group, however many
// users there are.
func (c *conn) fetchMembers(ctx context.Context, realm string, groups []*wireGroup) error {
	r := request{doing: "list the members of a group", realm: realm, role: "view-users"}
	return c.each(ctx, len(groups), func(ctx context.Context, i int) error {
		s := &userSearch{c: c, r: r, brief: true}
		users, err := s.pager(r, nil, "groups", groups[i].ID, "members").list(ctx)
		if work.IsAbsent(err) {
			return nil
		}
		for _, u := range users {
			groups[i].members = append(groups[i].members, u.ID)
		}
		return err
	})
}

func (c *conn) groupObject(g *wireGroup, q providers.Query) resource.Object {
	attrs := c.blank("group")
	attrs["id"], attrs["realm"] = cty.StringVal(g.ID), cty.StringVal(q.Parent)
	attrs["name"], attrs["parent"] = cty.StringVal(g.Name), attr.OfString(g.ParentID)
	if !q.Brief {
		attrs["attributes"] = multiMapVal(g.Attributes)
	}
	if !q.Omits("members") {
		attrs["members"] = attr.OfStrings(g.members)
	}
	return resource.Object{Kind: "group", ID: g.ID, Attrs: cty.ObjectVal(attrs)}
}
