package keycloak

import (
	"context"
	"fmt"

	"github.com/Nerzal/gocloak/v13"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
)

func (b *batch) applyGroup(ctx context.Context, op *providers.Operation) (string, error) {
	r := request{realm: realmOf(op), role: "manage-users"}
	if err := checkGroup(op); err != nil {
		return "", err
	}
	switch op.Verb {
	case providers.Create:
		r.doing = "create group " + work.Quoted(attr.String(op.After, "name"))
		id, err := b.createGroup(ctx, op, r)
		if err != nil {
			return "", err
		}
		return id, b.members(ctx, op, r, id)
	case providers.Update:
		r.doing = "change group " + work.Quoted(attr.String(op.Before, "name"))
		done, err := b.updateGroup(ctx, op, r)
		if err != nil {
			return idIf(done, op.ID), err
		}
		return op.ID, b.members(ctx, op, r, op.ID)
	}
	r.doing = "delete group " + work.Quoted(attr.String(op.Before, "name"))
	return "", b.deleteGroup(ctx, op, r)
}

// checkGroup refuses what Keycloak would drop, or take for something else.
func checkGroup(op *providers.Operation) error {
	for name, values := range multiMapAttr(op.After, "attributes") {
		if len(values) == 0 {
			return emptyValue("attributes", name)
		}
	}
	if parent := attr.String(op.After, "parent"); parent != "" && !safeSegment(parent) {
		return &providers.Error{Class: providers.Invalid, Attribute: "parent", Summary: work.Quoted(parent) + " is not the id of a group"}
	}
	return nil
}

func (b *batch) createGroup(ctx context.Context, op *providers.Operation, r request) (string, error) {
	w := gocloak.Group{Name: gocloak.StringP(attr.String(op.After, "name"))}
	if attributes := multiMapAttr(op.After, "attributes"); len(attributes) > 0 {
		w.Attributes = &attributes
	}
	id, err := b.putUnder(ctx, r, attr.String(op.After, "parent"), w)
	if err == nil && id == "" {
		err = &providers.Error{
			Class: providers.Ambiguous, Summary: fmt.Sprintf("Keycloak did not tell the id of group %s that it created", work.Quoted(*w.Name)),
		}
	}
	return id, err
}

// putUnder creates a group in another, or at the top; with an id it moves the
// group there.
func (b *batch) putUnder(ctx context.Context, r request, parent string, w gocloak.Group) (string, error) {
	if w.ID != nil { // where it is already, it stays
		ctx = transport.Idempotent(ctx)
	}
	var id string
	err := b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) (err error) {
		if parent == "" {
			id, err = api.CreateGroup(ctx, token, segment(r.realm), w)
		} else {
			id, err = api.CreateChildGroup(ctx, token, segment(r.realm), segment(parent), w)
		}
		return err
	})
	return id, err
}

// updateGroup changes all but the members. It reports whether something was
// done.
func (b *batch) updateGroup(ctx context.Context, op *providers.Operation, r request) (bool, error) {
	name := attr.String(op.After, "name")
	done := false
	if work.Changes(op, "name") || work.Changes(op, "attributes") {
		w := gocloak.Group{ID: &op.ID, Name: &name}
		if work.Changes(op, "attributes") {
			live, err := b.getGroup(ctx, r, op.ID)
			if err != nil {
				return false, err
			}
			if live == nil {
				return false, gone(r)
			}
			attributes, _ := merged(live.Attributes, multiMapAttr(op.Before, "attributes"), multiMapAttr(op.After, "attributes"), sameSet)
			w.Attributes = &attributes
		}
		err := b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
			return api.UpdateGroup(ctx, token, segment(r.realm), w)
		})
		if work.IsAbsent(err) {
			return false, gone(r)
		}
		if err != nil {
			return false, err
		}
		done = true
	}
	if work.Changes(op, "parent") {
		_, err := b.putUnder(ctx, r, attr.String(op.After, "parent"), gocloak.Group{ID: &op.ID, Name: &name})
		if err != nil {
			return done, err
		}
		done = true
	}
	return done, nil
}

// members adds and removes members, one request each: there is none for more.
func (b *batch) members(ctx context.Context, op *providers.Operation, r request, id string) error {
	if !work.Changes(op, "members") {
		return nil
	}
	before, after := attr.Strings(op.Before, "members"), attr.Strings(op.After, "members")
	add, remove := attr.Without(after, before), attr.Without(before, after)
	for _, user := range append(append([]string{}, add...), remove...) {
		if !safeSegment(user) {
			return &providers.Error{Class: providers.Invalid, Attribute: "members", Summary: work.Quoted(user) + " is not the id of a user"}
		}
	}
	r.doing = "change the members of group " + work.Quoted(attr.String(op.After, "name"))
	return b.each(ctx, len(add)+len(remove), func(ctx context.Context, i int) error {
		if b.interrupted.Err() != nil {
			return &providers.Error{
				Class: providers.NotAttempted, Attribute: "members", Err: b.interrupted.Err(),
				Summary: "Not all members were changed: the run was interrupted",
			}
		}
		if i >= len(add) {
			// Somebody who is gone is no member.
			return work.IgnoreAbsent(b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
				return api.DeleteUserFromGroup(ctx, token, segment(r.realm), segment(remove[i-len(add)]), segment(id))
			}))
		}
		return b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
			return api.AddUserToGroup(ctx, token, segment(r.realm), segment(add[i]), segment(id))
		})
	})
}

// deleteGroup deletes a group that has no subgroups: they would go with it,
// whoever they belong to.
func (b *batch) deleteGroup(ctx context.Context, op *providers.Operation, r request) error {
	live, err := b.getGroup(ctx, r, op.ID)
	if err != nil || live == nil {
		return err
	}
	if live.SubGroupCount > 0 {
		return &providers.Error{
			Class: providers.Conflict,
			Summary: fmt.Sprintf("Group %s in realm %s still has %d subgroups, which Keycloak would delete with it",
				work.Quoted(live.Name), work.Quoted(r.realm), live.SubGroupCount),
			Hint: "Delete or move them first",
		}
	}
	return work.IgnoreAbsent(b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
		return api.DeleteGroup(ctx, token, segment(r.realm), segment(op.ID))
	}))
}
