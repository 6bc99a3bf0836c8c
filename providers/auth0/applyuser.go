package auth0

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/transport"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// applyUser makes, changes or deletes a user
// (https://auth0.com/docs/api/management/v2/users/post-users).
func (b *batch) applyUser(op *providers.Operation) providers.Result {
	switch op.Verb {
	case providers.Create:
		return b.createUser(op)
	case providers.Update:
		return b.updateUser(op)
	}
	q := call{doing: "delete user " + work.Quoted(attr.String(op.Before, "email")), scope: deleteUsers, nature: repeatable}
	return providers.Result{Err: work.IgnoreAbsent(b.send(b.working, q, http.MethodDelete, nil, nil, "users", op.ID))}
}

// profile is what a new user is to have, without a password; the same for a single
// request and for a job.
func (b *batch) profile(op *providers.Operation) map[string]any {
	after := op.After
	email := attr.String(after, "email")
	nickname, _, _ := strings.Cut(email, "@")
	body := map[string]any{
		"email": email, "email_verified": attr.Bool(after, "email_verified", false), "name": fullName(after),
		"nickname": cmp.Or(attr.String(after, "nickname"), nickname), "blocked": attr.Bool(after, "blocked", false),
	}
	if id, ours := strings.CutPrefix(op.ID, idPrefix); ours && id != "" {
		body["user_id"] = id
	}
	for ours, theirs := range map[string]string{"username": "username", "first_name": "given_name", "last_name": "family_name"} {
		if s := attr.String(after, ours); s != "" {
			body[theirs] = s
		}
	}
	for _, name := range []string{"app_metadata", "user_metadata"} {
		if m := attr.Map(after, name); len(m) > 0 {
			body[name] = m
		}
	}
	return body
}

// fullName is that of a new user who is given none.
func fullName(after cty.Value) string {
	if s := attr.String(after, "name"); s != "" {
		return s
	}
	if s := strings.TrimSpace(attr.String(after, "first_name") + " " + attr.String(after, "last_name")); s != "" {
		return s
	}
	return attr.String(after, "email")
}

func (b *batch) createUser(op *providers.Operation) providers.Result {
	email := attr.String(op.After, "email")
	body := b.profile(op)
	body["connection"] = attr.String(op.After, "connection")
	body["verify_email"] = false
	if body["password"] = work.Password(op); body["password"] == "" {
		body["password"] = work.ThrownAway()
	}
	var w wireUser
	q := call{doing: "create user " + work.Quoted(email), scope: createUsers, nature: once}
	if err := b.send(b.working, q, http.MethodPost, body, &w, "users"); err != nil {
		return providers.Result{Err: err}
	}
	if w.ID == "" {
		return providers.Result{Err: &providers.Error{Class: providers.Ambiguous, Summary: "Auth0 did not tell the id of user " + work.Quoted(email)}}
	}
	res := b.userResult(w)
	if op.Invite && res.Err == nil {
		res.Err = b.invite(op, email)
	}
	return res
}

// invite has Auth0 send the mail by which a user sets a password
// (https://auth0.com/docs/api/authentication/database-connections/change-password).
// A link made by a ticket would be a credential in idpctl's hands.
func (b *batch) invite(op *providers.Operation, email string) error {
	client := b.clientID()
	if client == "" {
		return work.Invalid("invite", "Sign in with client_id and client_secret instead of api_token, or set generate_password = true",
			"Auth0 sends the mail for an application, and the token in api_token does not tell of which it is")
	}
	form := url.Values{"client_id": {client}, "email": {email}, "connection": {attr.String(op.After, "connection")}}
	ans, err := b.plain(transport.NoRetry(b.working), http.MethodPost, b.settings.url("dbconnections/change_password"), form)
	if err != nil {
		return b.explain(err)
	}
	if ans.status >= http.StatusBadRequest {
		return &providers.Error{
			Class: providers.Invalid, Status: ans.status, Attribute: "invite",
			Summary: fmt.Sprintf("Auth0 refused to send %s the mail to set a password: %s", work.Quoted(email), providers.Clean(b.secrets.Redact(string(ans.body)), 300)),
			Hint:    b.enableHint(),
		}
	}
	return nil
}

// updateUser writes what differs
// (https://auth0.com/docs/api/management/v2/users/patch-users-by-id). What Auth0 does
// not take together goes in steps.
func (b *batch) updateUser(op *providers.Operation) providers.Result {
	after := op.After
	email := cmp.Or(attr.String(op.Before, "email"), attr.String(after, "email"))
	var steps []map[string]any
	body := map[string]any{}
	for ours, theirs := range map[string]string{"first_name": "given_name", "last_name": "family_name", "name": "name", "nickname": "nickname"} {
		switch s := attr.String(after, ours); {
		case !work.Changes(op, ours):
		case s != "":
			body[theirs] = s
		case ours == "first_name" || ours == "last_name":
			body[theirs] = nil // which removes it
		}
	}
	if work.Changes(op, "blocked") {
		body["blocked"] = attr.Bool(after, "blocked", false)
	}
	for _, name := range []string{"app_metadata", "user_metadata"} {
		if work.Changes(op, name) {
			if patch := metadataPatch(op, name, "", ""); len(patch) > 0 {
				body[name] = patch
			}
		}
	}
	connection := attr.String(after, "connection")
	if work.Changes(op, "email") {
		body["email"], body["verify_email"], body["connection"] = attr.String(after, "email"), false, connection
		// Else the new one would not be verified, whatever the old one was.
		body["email_verified"] = attr.Bool(after, "email_verified", attr.Bool(op.Before, "email_verified", false))
	} else if work.Changes(op, "email_verified") && attr.IsSet(after, "email_verified") {
		body["email_verified"], body["connection"] = attr.Bool(after, "email_verified", false), connection
	}
	steps = append(steps, body)
	if work.Changes(op, "username") && attr.IsSet(after, "username") {
		steps = append(steps, map[string]any{"username": attr.String(after, "username"), "connection": connection})
	}
	if pw := work.Password(op); pw != "" {
		steps = append(steps, map[string]any{"password": pw, "connection": connection})
	}
	var object *resource.Object
	for _, step := range steps {
		if len(step) == 0 {
			continue
		}
		var w wireUser
		q := call{doing: "change user " + work.Quoted(email), scope: updateUsers, nature: repeatable}
		err := b.send(b.working, q, http.MethodPatch, step, &w, "users", op.ID)
		if work.IsAbsent(err) {
			err = work.Gone(op)
		}
		if err != nil {
			res := providers.Result{Err: err}
			if object != nil { // a step of it was done
				res.ID = op.ID
			}
			return res
		}
		done := b.userResult(w)
		if done.Err != nil {
			return done
		}
		object = done.Object
	}
	res := providers.Result{ID: op.ID, Object: object}
	if op.Invite {
		res.Err = b.invite(op, attr.String(after, "email"))
	}
	return res
}

// userResult is what became of a user, as the answer has it.
func (b *batch) userResult(w wireUser) providers.Result {
	list, err := b.doubts(b.working, providers.Query{}, []resource.Object{b.userObject(w)})
	if err != nil {
		return providers.Result{ID: w.ID, Err: err}
	}
	return providers.Result{ID: w.ID, Object: &list[0]}
}

// memberError says which attribute a user that is not there stands in.
func memberError(err error) error {
	var e *providers.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Attribute = "members"
	if e.Class == providers.NotFound {
		out.Class = providers.Invalid // the group is there
	}
	return &out
}
