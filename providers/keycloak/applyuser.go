package keycloak

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Nerzal/gocloak/v13"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
)

func (b *batch) applyUser(ctx context.Context, op *providers.Operation) (string, error) {
	r := request{realm: realmOf(op), role: "manage-users"}
	switch op.Verb {
	case providers.Create:
		r.doing = "create user " + work.Quoted(attr.String(op.After, "username"))
		return b.createUser(ctx, op, r)
	case providers.Update:
		r.doing = "change user " + work.Quoted(attr.String(op.Before, "username"))
		return b.updateUser(ctx, op, r)
	}
	r.doing = "delete user " + work.Quoted(attr.String(op.Before, "username"))
	return "", work.IgnoreAbsent(b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
		return api.DeleteUser(ctx, token, segment(r.realm), segment(op.ID))
	}))
}

func (b *batch) createUser(ctx context.Context, op *providers.Operation, r request) (string, error) {
	attributes := multiMapAttr(op.After, "attributes")
	untold := false
	if len(attributes) > 0 {
		var err error
		if untold, err = b.checkAttributes(ctx, r.realm, attributes); err != nil {
			return "", err
		}
	}
	actions := attr.Strings(op.After, "required_actions")
	if err := b.checkActions(ctx, r.realm, actions); err != nil {
		return "", err
	}
	w := gocloak.User{
		Username:  gocloak.StringP(lower(attr.String(op.After, "username"))),
		Email:     gocloak.StringP(lower(attr.String(op.After, "email"))),
		FirstName: gocloak.StringP(attr.String(op.After, "first_name")),
		LastName:  gocloak.StringP(attr.String(op.After, "last_name")),
		// Keycloak's default is a disabled user.
		Enabled: gocloak.BoolP(attr.Bool(op.After, "enabled", true)),
	}
	if attr.IsSet(op.After, "email_verified") {
		w.EmailVerified = gocloak.BoolP(attr.Bool(op.After, "email_verified", false))
	}
	if len(attributes) > 0 {
		w.Attributes = &attributes
	}
	if len(actions) > 0 {
		w.RequiredActions = &actions
	}
	if pw := work.Password(op); pw != "" {
		w.Credentials = &[]gocloak.CredentialRepresentation{{
			Type: gocloak.StringP("password"), Value: &pw, Temporary: gocloak.BoolP(work.Temporary(op)),
		}}
	}
	var id string
	err := b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) (err error) {
		id, err = api.CreateUser(ctx, token, segment(r.realm), w)
		return err
	})
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", &providers.Error{
			Class: providers.Ambiguous, Summary: fmt.Sprintf("Keycloak did not tell the id of user %s that it created", work.Quoted(*w.Username)),
		}
	}
	if untold {
		if err := b.checkKept(ctx, r, id, attributes); err != nil {
			return id, err
		}
	}
	if op.Invite {
		return id, b.invite(ctx, r, id)
	}
	return id, nil
}

// updateUser writes what differs. Without attributes a PUT is partial; with
// them it must be whole, as Keycloak then empties every name and e-mail that
// is not in it.
func (b *batch) updateUser(ctx context.Context, op *providers.Operation, r request) (string, error) {
	w := gocloak.User{ID: &op.ID}
	fields := 0
	text := func(field **string, name string, fold bool) {
		if work.Changes(op, name) {
			s := attr.String(op.After, name)
			if fold {
				s = lower(s)
			}
			*field = &s
			fields++
		}
	}
	text(&w.Username, "username", true)
	text(&w.Email, "email", true)
	text(&w.FirstName, "first_name", false)
	text(&w.LastName, "last_name", false)
	if work.Changes(op, "enabled") {
		w.Enabled = gocloak.BoolP(attr.Bool(op.After, "enabled", true))
		fields++
	}
	if work.Changes(op, "email_verified") && attr.IsSet(op.After, "email_verified") {
		w.EmailVerified = gocloak.BoolP(attr.Bool(op.After, "email_verified", false))
		fields++
	}
	var written map[string][]string
	untold := false
	if work.Changes(op, "attributes") {
		before := multiMapAttr(op.Before, "attributes")
		written = multiMapAttr(op.After, "attributes")
		var err error
		if len(written) > 0 {
			if untold, err = b.checkAttributes(ctx, r.realm, written); err != nil {
				return "", err
			}
		}
		if err := b.completeUser(ctx, r, &w, before, written); err != nil {
			return "", err
		}
		fields++
	}
	if fields > 0 {
		err := b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
			return api.UpdateUser(ctx, token, segment(r.realm), w)
		})
		if work.IsAbsent(err) {
			return "", gone(r)
		}
		if err != nil {
			return "", err
		}
	}
	if untold {
		if err := b.checkKept(ctx, r, op.ID, written); err != nil {
			return op.ID, err
		}
	}
	if pw := work.Password(op); pw != "" {
		r := r
		r.doing = "set the password of user " + work.Quoted(attr.String(op.After, "username"))
		err := b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
			return api.SetPassword(ctx, token, segment(op.ID), segment(r.realm), pw, work.Temporary(op))
		})
		if err != nil {
			return idIf(fields > 0, op.ID), err
		}
	}
	if op.Invite {
		return op.ID, b.invite(ctx, r, op.ID)
	}
	return op.ID, nil
}

func idIf(done bool, id string) string {
	if done {
		return id
	}
	return ""
}

// completeUser fills what a PUT with attributes must hold beside them.
func (b *batch) completeUser(ctx context.Context, r request, w *gocloak.User, before, after map[string][]string) error {
	live, err := b.getUser(ctx, r, *w.ID)
	if err != nil {
		return err
	}
	if live == nil {
		return gone(r)
	}
	for _, f := range []struct {
		field **string
		live  string
	}{{&w.Username, live.Username}, {&w.Email, live.Email}, {&w.FirstName, live.FirstName}, {&w.LastName, live.LastName}} {
		if *f.field == nil {
			*f.field = &f.live
		}
	}
	attributes, _ := merged(live.Attributes, before, after, sameSet)
	w.Attributes = &attributes
	return nil
}

// getUser reads a user by id; nil if there is none.
func (b *batch) getUser(ctx context.Context, r request, id string) (*wireUser, error) {
	return one[wireUser](ctx, b.conn, r, map[string]string{"userProfileMetadata": "false"}, "users", id)
}

// checkKept reads a user back where the account may not read the user profile,
// to see whether Keycloak kept what was written.
func (b *batch) checkKept(ctx context.Context, r request, id string, written map[string][]string) error {
	live, err := b.getUser(ctx, r, id)
	if err != nil || live == nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(written)) {
		if !sameSet(live.Attributes[name], written[name]) {
			return swallowed(r.realm, name, "it was written, and it is not there")
		}
	}
	return nil
}

// invite has Keycloak send the mail by which a user sets a password. Sending
// it twice would be two mails, so only what was certainly not sent is repeated.
func (b *batch) invite(ctx context.Context, r request, id string) error {
	r.doing = "send the invitation"
	actions := []string{"UPDATE_PASSWORD"}
	err := b.call(transport.NoRetry(ctx), r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
		return api.ExecuteActionsEmail(ctx, token, segment(r.realm), gocloak.ExecuteActionsEmail{
			UserID: gocloak.StringP(segment(id)), Actions: &actions,
		})
	})
	var e *providers.Error
	var re *transport.ResponseError
	if errors.As(err, &e) && errors.As(err, &re) && re.Status == 500 {
		// Keycloak says that it could not send: there is no doubt about it.
		said := parseRefusal(re.Body)
		if strings.Contains(said.message, "Failed to send") {
			return &providers.Error{
				Class: providers.Unavailable, Status: re.Status, Attribute: "invite", Err: err,
				Summary: "Keycloak could not send the invitation: " + b.redact(said.text()),
				Hint:    fmt.Sprintf("Check the block smtp_server of realm %s; the server's log says more", work.Quoted(r.realm)),
			}
		}
	}
	return err
}

func names(set map[string]bool) string {
	return providers.Clean(strings.Join(slices.Sorted(maps.Keys(set)), ", "), 400)
}
