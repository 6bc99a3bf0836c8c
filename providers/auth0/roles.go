package auth0

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/auth0/go-auth0/management"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

type wireRole struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

func (c *conn) listRoles(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	found := map[string]wireRole{}
	by := work.Asked(q, "name")
	ids, named := by["id"], by["name"]
	const few = 3 // read by themselves rather than with all
	if q.All || len(named) > 0 || len(ids) > few {
		var options []management.RequestOption
		if !q.All && len(ids) == 0 && len(named) == 1 { // it finds more than that one
			for name := range named {
				options = append(options, management.Parameter("name_filter", name))
			}
		}
		err := c.pages(ctx, call{doing: "list roles", scope: readRoles}, 0, []string{"roles"}, options, func(raw []byte) (int, int, error) {
			var page struct {
				Total int        `json:"total"`
				Roles []wireRole `json:"roles"`
			}
			err := decode(raw, &page)
			for _, w := range page.Roles {
				if q.All || ids[w.ID] || named[w.Name] {
					found[w.ID] = w
				}
			}
			return len(page.Roles), page.Total, err
		})
		if err != nil {
			return nil, err
		}
	} else {
		for _, id := range slices.Sorted(maps.Keys(ids)) {
			if !safeID(id) {
				continue
			}
			var w wireRole
			err := c.get(ctx, call{doing: "read role " + work.Quoted(id), scope: readRoles}, &w, []string{"roles", id})
			if work.IsAbsent(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			found[w.ID] = w
		}
	}
	delete(found, "")
	list := slices.Collect(maps.Values(found))
	members := make([][]string, len(list))
	if !q.Omits("members") {
		err := work.All(ctx, len(list), c.parallelism, func(ctx context.Context, i int) (err error) {
			members[i], err = c.membersOf(ctx, list[i].ID)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	out := make([]resource.Object, len(list))
	for i, w := range list {
		out[i] = c.roleObject(w, members[i], !q.Omits("members"))
	}
	return out, nil
}

// membersOf are the ids of those who have a role
// (https://auth0.com/docs/api/management/v2/roles/get-role-user).
func (c *conn) membersOf(ctx context.Context, role string) ([]string, error) {
	if !safeID(role) {
		return nil, nil
	}
	var out []string
	err := c.checkpoints(ctx, call{doing: "list who has role " + work.Quoted(role), scope: readUsers}, pageSize, []string{"roles", role, "users"}, nil, func(raw []byte) (string, error) {
		var page struct {
			Users []struct {
				ID string `json:"user_id"`
			} `json:"users"`
			Next string `json:"next"`
		}
		err := decode(raw, &page)
		for _, u := range page.Users {
			out = append(out, u.ID)
		}
		return page.Next, err
	})
	return out, work.IgnoreAbsent(err)
}

func (c *conn) roleObject(w wireRole, members []string, known bool) resource.Object {
	o := c.blank("group")
	for name, s := range map[string]string{"id": w.ID, "name": w.Name, "description": w.Description} {
		o[name] = attr.OfString(s)
	}
	if known {
		o["members"] = attr.OfStrings(members)
	}
	return resource.Object{Kind: "group", ID: w.ID, Attrs: cty.ObjectVal(o)}
}

// membersAtOnce is how many users are given a role by one request.
const membersAtOnce = 50

// applyRole makes, changes or deletes a role
// (https://auth0.com/docs/api/management/v2/roles/post-roles).
func (b *batch) applyRole(op *providers.Operation) providers.Result {
	name := attr.String(op.After, "name")
	id := op.ID
	switch op.Verb {
	case providers.Create:
		body := map[string]any{"name": name}
		if s := attr.String(op.After, "description"); s != "" {
			body["description"] = s
		}
		var w wireRole
		q := call{doing: "create role " + work.Quoted(name), scope: createRoles, nature: once}
		if err := b.send(b.working, q, http.MethodPost, body, &w, "roles"); err != nil {
			return providers.Result{Err: err}
		}
		if id = w.ID; id == "" {
			return providers.Result{Err: &providers.Error{Class: providers.Ambiguous, Summary: "Auth0 did not tell the id of role " + work.Quoted(name)}}
		}
	case providers.Delete:
		q := call{doing: "delete role " + work.Quoted(attr.String(op.Before, "name")), scope: deleteRoles, nature: repeatable}
		return providers.Result{Err: work.IgnoreAbsent(b.send(b.working, q, http.MethodDelete, nil, nil, "roles", op.ID))}
	default:
		body := map[string]any{}
		if work.Changes(op, "name") {
			body["name"] = name
		}
		if work.Changes(op, "description") {
			body["description"] = attr.String(op.After, "description")
		}
		if len(body) > 0 {
			q := call{doing: "change role " + work.Quoted(attr.String(op.Before, "name")), scope: updateRoles, nature: repeatable}
			err := b.send(b.working, q, http.MethodPatch, body, nil, "roles", op.ID)
			if work.IsAbsent(err) {
				err = work.Gone(op)
			}
			if err != nil {
				return providers.Result{Err: err}
			}
		}
	}
	return providers.Result{ID: id, Err: b.changeMembers(op, id, name)}
}

// changeMembers gives a role to users, many at once, and takes it from others, each
// by itself.
func (b *batch) changeMembers(op *providers.Operation, id, name string) error {
	for some := range slices.Chunk(work.Added(op, "members"), membersAtOnce) {
		q := call{doing: "give role " + work.Quoted(name) + " to users", scope: updateRoles, nature: repeatable}
		if err := b.send(b.working, q, http.MethodPost, map[string]any{"users": some}, nil, "roles", id, "users"); err != nil {
			return memberError(err)
		}
	}
	if op.Verb == providers.Create {
		return nil
	}
	for _, member := range work.Removed(op, "members") {
		q := call{doing: "take role " + work.Quoted(name) + " from user " + work.Quoted(member), scope: updateUsers, nature: repeatable}
		if err := work.IgnoreAbsent(b.send(b.working, q, http.MethodDelete, map[string]any{"roles": []string{id}}, nil, "users", member, "roles")); err != nil {
			return memberError(err)
		}
	}
	return nil
}
