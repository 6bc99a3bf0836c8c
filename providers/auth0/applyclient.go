package auth0

import (
	"cmp"
	"net/http"

	"github.com/auth0/go-auth0/management"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// applyClient makes, changes or deletes an application
// (https://auth0.com/docs/api/management/v2/clients/post-clients).
func (b *batch) applyClient(op *providers.Operation) providers.Result {
	name := attr.String(op.After, "name")
	switch op.Verb {
	case providers.Create:
		return b.createClient(op, name)
	case providers.Delete:
		q := call{doing: "delete application " + work.Quoted(attr.String(op.Before, "name")), scope: deleteClients, nature: repeatable}
		return providers.Result{Err: work.IgnoreAbsent(b.send(b.working, q, http.MethodDelete, nil, nil, "clients", op.ID))}
	}
	body := b.clientBody(op)
	if work.Changes(op, "client_metadata") || op.Marker != "" {
		body["client_metadata"] = metadataPatch(op, "client_metadata", op.Marker, "")
	}
	return b.patchClient(op, op.ID, body)
}

// patchClient writes what differs, then the connections.
func (b *batch) patchClient(op *providers.Operation, id string, body map[string]any) providers.Result {
	var w wireClient
	q := call{doing: "change application " + work.Quoted(cmp.Or(attr.String(op.Before, "name"), attr.String(op.After, "name"))), scope: updateClients, nature: repeatable}
	err := b.send(b.working, q, http.MethodPatch, body, &w, "clients", id)
	if work.IsAbsent(err) {
		err = work.Gone(op)
	}
	if err != nil {
		return providers.Result{Err: err}
	}
	return b.finishClient(op, w)
}

// createClient makes an application, unless one with the key of the operation is
// there: an earlier request made it.
func (b *batch) createClient(op *providers.Operation, name string) providers.Result {
	made, err := b.clients.Get(b.madeClients)
	if err != nil {
		return providers.Result{Err: err}
	}
	body := b.clientBody(op)
	body["client_metadata"] = metadataPatch(op, "client_metadata", op.Marker, op.ID)
	if w, there := made[op.ID]; there && op.ID != "" {
		return b.patchClient(op, w.ID, body)
	}
	var w wireClient
	q := call{doing: "create application " + work.Quoted(name), scope: createClients, nature: once}
	if err := b.send(b.working, q, http.MethodPost, body, &w, "clients"); err != nil {
		return providers.Result{Err: err}
	}
	if w.ID == "" {
		return providers.Result{Err: &providers.Error{Class: providers.Ambiguous, Summary: "Auth0 did not tell the id of application " + work.Quoted(name)}}
	}
	return b.finishClient(op, w)
}

// madeClients are the applications that have the keys of this batch's creations.
func (b *batch) madeClients() (map[string]wireClient, error) {
	wanted := map[string]bool{}
	for _, key := range b.keys {
		wanted[key] = true
	}
	out := map[string]wireClient{}
	options := []management.RequestOption{clientFields(), management.Parameter("is_global", "false")}
	err := b.pages(b.working, call{doing: "list applications", scope: readClients}, 0, []string{"clients"}, options, func(raw []byte) (int, int, error) {
		var page struct {
			Total   int          `json:"total"`
			Clients []wireClient `json:"clients"`
		}
		err := decode(raw, &page)
		for _, w := range page.Clients {
			if key := w.text(keyMetadata); wanted[key] {
				out[key] = w
			}
		}
		return len(page.Clients), page.Total, err
	})
	return out, err
}

// finishClient enables the connections, and tells what the application is now.
func (b *batch) finishClient(op *providers.Operation, w wireClient) providers.Result {
	res := providers.Result{ID: w.ID}
	known := work.Changes(op, "connections")
	if known {
		added, removed := work.Added(op, "connections"), work.Removed(op, "connections")
		if op.Verb == providers.Create {
			removed = nil
		}
		for _, change := range []struct {
			names []string
			on    bool
		}{{added, true}, {removed, false}} {
			for _, name := range change.names {
				con, err := b.connectionNamed(b.working, name)
				if err == nil && con == nil {
					if !change.on {
						continue // it is gone
					}
					list, _ := b.others(b.working)
					err = unknownConnection("connections", name, list)
				}
				if err == nil {
					err = b.enable(b.working, *con, w.ID, change.on)
				}
				if err != nil {
					res.Err = err
					return res
				}
			}
		}
	}
	if known && op.Verb != providers.Create { // others may be enabled, too
		return res
	}
	o := b.clientObject(w, attr.Strings(op.After, "connections"), op.Verb == providers.Create)
	if op.Verb != providers.Create {
		vals := o.Attrs.AsValueMap()
		vals["connections"] = resource.Attr(op.Before, "connections")
		o.Attrs = cty.ObjectVal(vals)
	}
	res.Object = &o
	return res
}

// clientBody is what is to be written of an application, but for its metadata.
func (b *batch) clientBody(op *providers.Operation) map[string]any {
	body := map[string]any{}
	for _, name := range []string{"name", "app_type", "token_endpoint_auth_method"} {
		if work.Changes(op, name) {
			body[name] = attr.String(op.After, name)
		}
	}
	for _, name := range []string{"description", "logo_uri"} {
		switch s := attr.String(op.After, name); {
		case !work.Changes(op, name):
		case s != "":
			body[name] = s
		case op.Verb != providers.Create:
			body[name] = nil // which removes it
		}
	}
	for _, name := range []string{"oidc_conformant", "is_first_party"} {
		if work.Changes(op, name) {
			body[name] = attr.Bool(op.After, name, true)
		}
	}
	if work.Changes(op, "grant_types") {
		body["grant_types"] = append([]string{}, attr.Strings(op.After, "grant_types")...)
	}
	if refresh := refreshBody(op); refresh != nil {
		body["refresh_token"] = refresh
	}
	return body
}

// refreshBody is the settings of refresh tokens, all of them, as they depend on each
// other; nil if none of them changes.
func refreshBody(op *providers.Operation) map[string]any {
	changes := false
	for _, name := range []string{"refresh_token_rotation", "refresh_token_leeway", "refresh_token_lifetime", "refresh_token_idle_lifetime"} {
		changes = changes || work.Changes(op, name)
	}
	if !changes {
		return nil
	}
	number := func(name string) (int64, bool) {
		for _, from := range []cty.Value{op.After, op.Before} {
			if attr.IsSet(from, name) {
				return attr.Int(from, name, 0), true
			}
		}
		return 0, false
	}
	rotates := attr.Bool(op.After, "refresh_token_rotation", true)
	out := map[string]any{"rotation_type": "non-rotating", "expiration_type": "non-expiring"}
	if n, set := number("refresh_token_leeway"); set {
		out["leeway"] = n
	}
	expires := rotates
	for ours, theirs := range map[string]string{"refresh_token_lifetime": "token_lifetime", "refresh_token_idle_lifetime": "idle_token_lifetime"} {
		if n, set := number(ours); set {
			out[theirs], out["infinite_"+theirs] = n, false
			expires = true
		}
	}
	if rotates {
		out["rotation_type"] = "rotating"
		if _, set := out["leeway"]; !set {
			out["leeway"] = 0
		}
	}
	if expires {
		out["expiration_type"] = "expiring"
	}
	return out
}

// metadataPatch is what to write of metadata: keys that are not there stay, null
// removes one. marker and key are idpctl's own, if they are set.
func metadataPatch(op *providers.Operation, name, marker, key string) map[string]any {
	out := map[string]any{}
	after := attr.Map(op.After, name)
	if op.Verb != providers.Create {
		for k := range attr.Map(op.Before, name) {
			if _, keep := after[k]; !keep {
				out[k] = nil
			}
		}
	}
	for k, v := range after {
		out[k] = v
	}
	if marker != "" {
		out[markerMetadata] = marker
	}
	if key != "" {
		out[keyMetadata] = key
	}
	return out
}
