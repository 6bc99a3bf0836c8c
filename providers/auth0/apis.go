package auth0

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// wireAPI is what is read of a resource server. Its signing secret is not.
type wireAPI struct {
	ID         string      `json:"id"`
	Identifier string      `json:"identifier"`
	Name       string      `json:"name"`
	Algorithm  string      `json:"signing_alg"`
	Lifetime   *int64      `json:"token_lifetime"`
	Offline    bool        `json:"allow_offline_access"`
	NoConsent  bool        `json:"skip_consent_for_verifiable_first_party_clients"`
	System     bool        `json:"is_system"`
	Scopes     []wireScope `json:"scopes"`
}

type wireScope struct {
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}

func (c *conn) listAPIs(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	found := map[string]wireAPI{}
	if q.All {
		err := c.pages(ctx, call{doing: "list APIs", scope: readAPIs}, 0, []string{"resource-servers"}, nil, func(raw []byte) (int, int, error) {
			var page struct {
				Total int       `json:"total"`
				List  []wireAPI `json:"resource_servers"`
			}
			err := decode(raw, &page)
			for _, w := range page.List {
				found[w.ID] = w
			}
			return len(page.List), page.Total, err
		})
		if err != nil {
			return nil, err
		}
	}
	by := work.Asked(q, "identifier")
	names := by["id"] // Auth0 takes both
	maps.Copy(names, by["identifier"])
	for _, name := range slices.Sorted(maps.Keys(names)) {
		w, err := c.readAPI(ctx, name)
		if err != nil {
			return nil, err
		}
		if w != nil {
			found[w.ID] = *w
		}
	}
	out := make([]resource.Object, 0, len(found))
	for _, w := range found {
		out = append(out, c.apiObject(w))
	}
	return out, nil
}

// readAPI reads one API by its id or identifier; nil if there is none.
func (c *conn) readAPI(ctx context.Context, name string) (*wireAPI, error) {
	if !safeID(name) {
		return nil, nil
	}
	var w wireAPI
	err := c.get(ctx, call{doing: "read API " + work.Quoted(name), scope: readAPIs}, &w, []string{"resource-servers", name})
	if work.IsAbsent(err) {
		return nil, nil
	}
	return &w, err
}

func (c *conn) apiObject(w wireAPI) resource.Object {
	o := c.blank("api")
	for name, s := range map[string]string{"id": w.ID, "identifier": w.Identifier, "name": w.Name, "signing_alg": w.Algorithm} {
		o[name] = attr.OfString(s)
	}
	if w.Lifetime != nil {
		o["token_lifetime"] = cty.NumberIntVal(*w.Lifetime)
	}
	o["allow_offline_access"], o["skip_consent"] = cty.BoolVal(w.Offline), cty.BoolVal(w.NoConsent)
	scopes := map[string]cty.Value{}
	for _, s := range w.Scopes {
		scopes[s.Value] = cty.StringVal(s.Description)
	}
	o["scopes"] = cty.MapValEmpty(cty.String)
	if len(scopes) > 0 {
		o["scopes"] = cty.MapVal(scopes)
	}
	o["parameters"] = cty.MapVal(map[string]cty.Value{"audience": cty.StringVal(w.Identifier)})
	return resource.Object{Kind: "api", ID: w.ID, Attrs: cty.ObjectVal(o), Builtin: w.System}
}

// applyAPI makes, changes or deletes an API
// (https://auth0.com/docs/api/management/v2/resource-servers/post-resource-servers).
func (b *batch) applyAPI(op *providers.Operation) providers.Result {
	identifier := attr.String(op.After, "identifier")
	switch op.Verb {
	case providers.Create:
		body := b.apiBody(op)
		body["identifier"] = identifier
		body["scopes"] = withScopes(nil, op)
		var w wireAPI
		q := call{doing: "create API " + work.Quoted(identifier), scope: createAPIs, nature: once}
		if err := b.send(b.working, q, http.MethodPost, body, &w, "resource-servers"); err != nil {
			return providers.Result{Err: err}
		}
		return b.apiResult(w)
	case providers.Delete:
		q := call{doing: "delete API " + work.Quoted(attr.String(op.Before, "identifier")), scope: deleteAPIs, nature: repeatable}
		return providers.Result{Err: work.IgnoreAbsent(b.send(b.working, q, http.MethodDelete, nil, nil, "resource-servers", op.ID))}
	}
	body := b.apiBody(op)
	if work.Changes(op, "scopes") {
		// They are replaced as a whole, so that the others are written as well.
		w, err := b.readAPI(b.working, op.ID)
		if err != nil {
			return providers.Result{Err: err}
		}
		if w == nil {
			return providers.Result{Err: work.Gone(op)}
		}
		body["scopes"] = withScopes(w.Scopes, op)
	}
	var w wireAPI
	q := call{doing: "change API " + work.Quoted(attr.String(op.Before, "identifier")), scope: updateAPIs, nature: repeatable}
	err := b.send(b.working, q, http.MethodPatch, body, &w, "resource-servers", op.ID)
	if work.IsAbsent(err) {
		err = work.Gone(op)
	}
	if err != nil {
		return providers.Result{Err: err}
	}
	return b.apiResult(w)
}

func (b *batch) apiResult(w wireAPI) providers.Result {
	if w.ID == "" {
		return providers.Result{Err: &providers.Error{Class: providers.Ambiguous, Summary: "Auth0 did not tell the id of API " + work.Quoted(w.Identifier)}}
	}
	o := b.apiObject(w)
	return providers.Result{ID: w.ID, Object: &o}
}

// apiBody is what is to be written of an API, but for its scopes.
func (b *batch) apiBody(op *providers.Operation) map[string]any {
	body := map[string]any{}
	for ours, theirs := range map[string]string{"name": "name", "signing_alg": "signing_alg"} {
		if work.Changes(op, ours) {
			body[theirs] = attr.String(op.After, ours)
		}
	}
	if work.Changes(op, "token_lifetime") && attr.IsSet(op.After, "token_lifetime") {
		body["token_lifetime"] = attr.Int(op.After, "token_lifetime", 0)
	}
	for ours, theirs := range map[string]string{"allow_offline_access": "allow_offline_access", "skip_consent": "skip_consent_for_verifiable_first_party_clients"} {
		if work.Changes(op, ours) && attr.IsSet(op.After, ours) {
			body[theirs] = attr.Bool(op.After, ours, false)
		}
	}
	return body
}

// withScopes are these scopes with what an operation adds, and without what it
// removes.
func withScopes(live []wireScope, op *providers.Operation) []wireScope {
	before, after := attr.Map(op.Before, "scopes"), attr.Map(op.After, "scopes")
	out := []wireScope{}
	for _, s := range live {
		_, had := before[s.Value]
		_, wanted := after[s.Value]
		if !had && !wanted {
			out = append(out, s)
		}
	}
	for _, value := range slices.Sorted(maps.Keys(after)) {
		out = append(out, wireScope{Value: value, Description: after[value]})
	}
	return out
}
