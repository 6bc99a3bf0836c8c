package keycloak

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/idpctl/idpctl/internal/parallel"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
)

// Check tells what Keycloak would refuse, or drop without a word; see
// [providers.Conn]. It reads a realm's settings, user profile, required actions
// and client scopes, each only if an operation makes it matter.
func (c *conn) Check(ctx context.Context, ops []providers.Operation) []error {
	b := &batch{conn: c, interrupted: ctx, facts: map[string]*realmKnowledge{}, ofNewRealms: newRealmProfile()}
	realms := ahead{realms: map[string]*realmAhead{}, leaving: map[string]int{}}
	for _, op := range ops {
		if parent := attr.String(op.Before, "parent"); op.Kind == "group" && parent != "" && parent != attr.String(op.After, "parent") &&
			(op.Verb == providers.Delete || op.Verb == providers.Update && work.Changes(&op, "parent")) {
			realms.leaving[parent]++
		}
	}
	for i := range ops {
		op := &ops[i]
		for _, s := range op.Secrets {
			c.secrets.Remember(s.Reveal())
		}
		if op.Kind == "realm" && op.Verb != providers.Delete {
			realms.note(op)
		}
	}
	errs := make([]error, len(ops))
	parallel.Each(len(ops), func(i int) {
		var e *providers.Error
		if errors.As(b.checkOne(ctx, &ops[i], realms), &e) && e.Class == providers.Invalid {
			errs[i] = c.secrets.Redacted(e)
		} // what cannot be read is told by the operation itself, if it matters
	})
	return errs
}

func (b *batch) checkOne(ctx context.Context, op *providers.Operation, realms ahead) error {
	if err := b.ownAccount(op); err != nil {
		return err
	}
	if op.Verb == providers.Delete {
		if op.Kind == "group" && safeSegment(op.ID) {
			return b.checkSubgroups(ctx, op, realms.leaving[op.ID])
		}
		return nil
	}
	if err := b.refuse(op); err != nil {
		return err
	}
	realm, isNew := realms.now(realmOf(op))
	switch op.Kind {
	case "realm":
		for name := range attr.Map(op.After, "attributes") {
			if work.Changes(op, "attributes") && (name == markerAttribute || mirrored(name)) {
				return &providers.Error{
					Class: providers.Invalid, Attribute: "attributes",
					Summary: fmt.Sprintf("attributes.%s cannot be set here: an attribute of its own does that, or it is not to be changed", name),
				}
			}
		}
		return contradiction(op)
	case "client":
		if isNew {
			realm = "" // its scopes are not known
		}
		return b.checkClient(ctx, op, realm)
	case "group":
		return checkGroup(op)
	case "user":
		return b.checkUser(ctx, op, realm, realms.facts(realmOf(op)))
	}
	return nil
}

// ahead is what the operations will have made.
type ahead struct {
	// realms by the names that they will have, and those that they have.
	realms map[string]*realmAhead
	// leaving is how many subgroups groups will have lost, by their ids.
	leaving map[string]int
}

type realmAhead struct {
	// name that the realm has now; empty if it is to be created.
	name string
	// what is written of its settings; nil if it stays.
	emailAsUsername, editUsername *bool
}

func (a ahead) note(op *providers.Operation) {
	r := &realmAhead{name: attr.String(op.Before, "realm")}
	for name, field := range map[string]**bool{
		"registration_email_as_username": &r.emailAsUsername, "edit_username_allowed": &r.editUsername,
	} {
		if op.Verb == providers.Create || work.Changes(op, name) {
			on := attr.Bool(op.After, name, false)
			*field = &on
		}
	}
	a.realms[attr.String(op.After, "realm")] = r
	if r.name != "" {
		a.realms[r.name] = r
	}
}

// now is the present name of a realm, and whether there is none yet.
func (a ahead) now(realm string) (name string, isNew bool) {
	if r, ok := a.realms[realm]; ok {
		return r.name, r.name == ""
	}
	return realm, false
}

func (a ahead) facts(realm string) *realmAhead {
	if r, ok := a.realms[realm]; ok {
		return r
	}
	return &realmAhead{name: realm}
}

// checkUser refuses what the realm's user profile and settings do not let be.
func (b *batch) checkUser(ctx context.Context, op *providers.Operation, realm string, will *realmAhead) error {
	profile := b.ofNewRealms
	if realm != "" {
		var err error
		if profile, err = b.profile(ctx, realm); err != nil {
			return err
		}
	}
	if attributes := multiMapAttr(op.After, "attributes"); len(attributes) > 0 && work.Changes(op, "attributes") {
		if err := keptBy(profile, realmOf(op), attributes); err != nil {
			var e *providers.Error
			if errors.As(err, &e) && realm == "" {
				if how, ok := strings.CutPrefix(e.Hint, inConsole); ok {
					e.Hint = "The realm is to be created yet: apply without these attributes first. Then, in its admin console" + how
				}
			}
			return err
		}
	}
	if !profile.unread {
		if err := checkProfile(profile, op); err != nil {
			return err
		}
	}
	if err := b.checkUsername(ctx, op, realm, will); err != nil || realm == "" {
		return err
	}
	if op.Verb == providers.Create {
		return b.checkActions(ctx, realm, attr.Strings(op.After, "required_actions"))
	}
	return nil
}

// checkUsername refuses user names that the realm's settings change or keep.
func (b *batch) checkUsername(ctx context.Context, op *providers.Operation, realm string, will *realmAhead) error {
	name := lower(attr.String(op.After, "username"))
	if name == "" || !work.Changes(op, "username") || op.Verb == providers.Create && name == lower(attr.String(op.After, "email")) {
		return nil
	}
	var is realmFacts
	if realm != "" {
		var err error
		if is, err = b.conn.facts(ctx, realm); err != nil {
			return err
		}
	}
	if will.emailAsUsername != nil {
		is.emailAsUsername = *will.emailAsUsername
	}
	if will.editUsername != nil {
		is.known, is.editUsername = true, *will.editUsername
	}
	switch {
	case is.emailAsUsername && name != lower(attr.String(op.After, "email")):
		return &providers.Error{
			Class: providers.Invalid, Attribute: "username",
			Summary: fmt.Sprintf("Realm %s has registration_email_as_username on, so each user's name is the e-mail", work.Quoted(realmOf(op))),
			Hint:    "Leave username out, or switch that setting off",
		}
	case op.Verb == providers.Update && is.known && !is.editUsername:
		return &providers.Error{
			Class: providers.Invalid, Attribute: "username",
			Summary: fmt.Sprintf("Realm %s does not let user names be changed, and %s has another now: %s", work.Quoted(realmOf(op)), op.Address, work.Quoted(attr.String(op.Before, "username"))),
			Hint:    "Set edit_username_allowed = true in the realm, or write the name that the user has",
		}
	}
	return nil
}

// checkSubgroups refuses to delete a group that has more subgroups than leave it.
func (b *batch) checkSubgroups(ctx context.Context, op *providers.Operation, leaving int) error {
	realm := realmOf(op)
	live, err := b.getGroup(ctx, request{doing: "read group " + work.Quoted(attr.String(op.Before, "name")), realm: realm, role: "view-users"}, op.ID)
	if err != nil || live == nil || live.SubGroupCount <= leaving {
		return err
	}
	return &providers.Error{
		Class: providers.Invalid,
		Summary: fmt.Sprintf("Group %s in realm %s has %d subgroups, of which the plan deletes or moves %d: Keycloak would delete the others with it",
			work.Quoted(live.Name), work.Quoted(realm), live.SubGroupCount, leaving),
		Hint: "Delete or move them first",
	}
}

// ownAccount refuses to disable, rename or delete what idpctl signs in with: the
// rest of the plan could not be done, nor anything ever after.
func (b *batch) ownAccount(op *providers.Operation) error {
	creds := b.auth.creds
	if op.Verb == providers.Create || realmOf(op) != creds.realm {
		return nil
	}
	named := func(name string) string { return lower(attr.String(op.Before, name)) }
	var own bool
	var what string
	switch op.Kind {
	case "realm":
		own, what = true, "the realm"
	case "user":
		own, what = creds.username != "" && (named("username") == lower(creds.username) || named("email") == lower(creds.username)), "the account"
	case "client":
		own, what = attr.String(op.Before, "client_id") == creds.clientID, "the client"
	}
	if !own {
		return nil
	}
	refused := func(attribute, doing string) error {
		return &providers.Error{
			Class: providers.Invalid, Attribute: attribute,
			Summary: fmt.Sprintf("This would %s %s that idpctl signs in with, and nothing could be changed any more", doing, what),
			Hint:    "Let the provider sign in with another one first",
		}
	}
	switch {
	case op.Verb == providers.Delete:
		return refused("", "delete")
	case work.Changes(op, "enabled") && !attr.Bool(op.After, "enabled", true):
		return refused("enabled", "disable")
	case op.Kind == "user" && work.Changes(op, "username"):
		return refused("username", "rename")
	case op.Kind == "client" && work.Changes(op, "client_id"):
		return refused("client_id", "rename")
	case op.Kind == "client" && creds.username == "" && work.Changes(op, "service_accounts_enabled") && !attr.Bool(op.After, "service_accounts_enabled", false):
		return refused("service_accounts_enabled", "end the service account of")
	case op.Kind == "client" && creds.username != "" && work.Changes(op, "direct_access_grants_enabled") && !attr.Bool(op.After, "direct_access_grants_enabled", false):
		return refused("direct_access_grants_enabled", "end the password grant of")
	}
	return nil
}
