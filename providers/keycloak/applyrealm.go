package keycloak

import (
	"context"
	"fmt"

	"github.com/Nerzal/gocloak/v13"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

func (b *batch) applyRealm(ctx context.Context, op *providers.Operation) (string, error) {
	name := realmOf(op)
	defer b.unlearn(name)
	if err := contradiction(op); err != nil {
		return "", err
	}
	switch op.Verb {
	case providers.Create:
		return b.createRealm(ctx, op, name)
	case providers.Update:
		return op.ID, b.updateRealm(ctx, op, name)
	default:
		return "", b.deleteRealm(ctx, op, name)
	}
}

// contradiction refuses settings of which Keycloak switches one off for the
// other, without a word.
func contradiction(op *providers.Operation) error {
	on := func(name string) bool { return work.Changes(op, name) && attr.Bool(op.After, name, false) }
	for _, name := range []string{"login_with_email_allowed", "registration_email_as_username"} {
		if on("duplicate_emails_allowed") && on(name) {
			return &providers.Error{
				Class: providers.Invalid, Attribute: "duplicate_emails_allowed",
				Summary: "Keycloak has no realm with both duplicate_emails_allowed and " + name,
				Hint:    "Set one of them to false",
			}
		}
	}
	return nil
}

func (b *batch) createRealm(ctx context.Context, op *providers.Operation, name string) (string, error) {
	body := b.realmBody(op)
	body["realm"] = name
	if op.ID != "" {
		body["id"] = op.ID
	}
	attributes := attr.Map(op.After, "attributes")
	if op.Marker != "" {
		attributes, _ = merged(attributes, nil, map[string]string{markerAttribute: op.Marker}, sameString)
	}
	if len(attributes) > 0 {
		body["attributes"] = attributes
	}
	r := request{doing: "create realm " + work.Quoted(name), role: "create-realm"}
	err := b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
		_, err := api.GetRequestWithBearerAuth(ctx, token).SetBody(body).Post(b.adminURL(""))
		return err
	})
	if err != nil {
		return "", err
	}
	b.realmsMade.Add(1)
	if op.ID != "" {
		b.conn.mu.Lock()
		b.made[op.ID] = name
		b.conn.mu.Unlock()
		return op.ID, nil
	}
	w, err := b.getRealm(ctx, name)
	if err != nil || w == nil || w.ID == "" {
		return name, err // done, but its id cannot be read
	}
	return w.ID, nil
}

// realmBody are the settings to write, as fields of a RealmRepresentation.
func (b *batch) realmBody(op *providers.Operation) map[string]any {
	body := map[string]any{}
	for _, f := range realmFields() {
		// A null setting that is the server's to decide stays as it is.
		if !work.Changes(op, f.Name) || !attr.IsSet(op.After, f.Name) {
			continue
		}
		switch f.Type {
		case cty.Bool:
			body[f.json] = attr.Bool(op.After, f.Name, false)
		case cty.Number:
			body[f.json] = attr.Int(op.After, f.Name, 0)
		default:
			body[f.json] = attr.String(op.After, f.Name)
		}
	}
	if work.Changes(op, "smtp_server") && attr.IsSet(op.After, "smtp_server") {
		body["smtpServer"] = smtpWire(resource.Attr(op.After, "smtp_server"))
	}
	return body
}

// updateRealm writes the settings that differ. Of the attributes it must write
// all, as Keycloak removes custom ones that are not in the request.
func (b *batch) updateRealm(ctx context.Context, op *providers.Operation, name string) error {
	live, err := b.getRealm(ctx, name)
	if err != nil {
		return err
	}
	r := request{doing: "change realm " + work.Quoted(name), realm: name, role: "manage-realm"}
	switch {
	case live == nil:
		return gone(r)
	case live.ID == "":
		return b.unreadable(name)
	case live.ID != op.ID:
		return &providers.Error{
			Class: providers.Conflict, Attribute: "realm",
			Summary: fmt.Sprintf("Realm %s is not the one that was planned for: it was deleted and created anew", work.Quoted(name)),
			Hint:    "Plan again",
		}
	}
	body := b.realmBody(op)
	if attributes, changed := realmAttributesAfter(op, live.Attributes); changed {
		body["attributes"] = attributes
	}
	if len(body) == 0 {
		return nil
	}
	// These two go back to their defaults when a request does not name them.
	for _, field := range []string{"oauth2DeviceCodeLifespan", "oauth2DevicePollingInterval"} {
		if _, named := body[field]; !named && live.fields[field] != nil {
			body[field] = live.fields[field]
		}
	}
	return b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
		_, err := api.GetRequestWithBearerAuth(ctx, token).SetBody(body).Put(b.adminURL(name))
		return err
	})
}

// realmAttributesAfter are a realm's attributes after an operation, the marker
// among them, and whether they differ.
func realmAttributesAfter(op *providers.Operation, live map[string]string) (map[string]string, bool) {
	var before, after map[string]string
	if work.Changes(op, "attributes") {
		before, after = attr.Map(op.Before, "attributes"), attr.Map(op.After, "attributes")
	}
	attributes, changed := merged(live, before, after, sameString)
	if op.Marker != "" && attributes[markerAttribute] != op.Marker {
		attributes[markerAttribute], changed = op.Marker, true
	}
	for k := range attributes {
		if mirrored(k) { // the field of the same name decides
			delete(attributes, k)
		}
	}
	return attributes, changed
}

func (b *batch) deleteRealm(ctx context.Context, op *providers.Operation, name string) error {
	if name == "master" {
		return &providers.Error{
			Class: providers.Invalid, Attribute: "realm",
			Summary: "The realm master is not deleted: without it nobody can administer Keycloak",
		}
	}
	r := request{doing: "delete realm " + work.Quoted(name), realm: name, role: "manage-realm"}
	live, err := b.getRealm(ctx, name)
	if err != nil {
		return err
	}
	if live == nil || live.ID != "" && live.ID != op.ID {
		return nil // gone; another may have its name by now
	}
	return work.IgnoreAbsent(b.call(ctx, r, func(ctx context.Context, api *gocloak.GoCloak, token string) error {
		return api.DeleteRealm(ctx, token, segment(name))
	}))
}

// gone is the error when what is to be changed is not there.
func gone(r request) error {
	return &providers.Error{
		Class: providers.NotFound, Summary: fmt.Sprintf("Keycloak cannot %s: it is not there any more", r.doing), Hint: "Plan again",
	}
}
