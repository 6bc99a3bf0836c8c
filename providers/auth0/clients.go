package auth0

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/auth0/go-auth0/management"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
	"github.com/idpctl/idpctl/resource"
)

// What idpctl keeps in a client's metadata, hidden from its users: the key that it
// was made with, as the API takes no id, and whose it is.
const (
	keyMetadata    = "idpctl_key"
	markerMetadata = "idpctl_marker"
)

func hiddenMetadata(key string) bool { return key == keyMetadata || key == markerMetadata }

// wireClient is what is read of a client. Its secret is not asked for.
type wireClient struct {
	ID          string         `json:"client_id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	LogoURI     string         `json:"logo_uri"`
	AppType     string         `json:"app_type"`
	GrantTypes  []string       `json:"grant_types"`
	AuthMethod  string         `json:"token_endpoint_auth_method"`
	Conformant  bool           `json:"oidc_conformant"`
	FirstParty  bool           `json:"is_first_party"`
	Global      bool           `json:"global"`
	Metadata    map[string]any `json:"client_metadata"`
	Refresh     *wireRefresh   `json:"refresh_token"`
}

// wireRefresh are the settings of refresh tokens
// (https://auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-rotation).
type wireRefresh struct {
	Rotation     string `json:"rotation_type"`
	Expiration   string `json:"expiration_type"`
	Leeway       int64  `json:"leeway"`
	Lifetime     int64  `json:"token_lifetime"`
	Infinite     bool   `json:"infinite_token_lifetime"`
	IdleLifetime int64  `json:"idle_token_lifetime"`
	IdleInfinite bool   `json:"infinite_idle_token_lifetime"`
}

func clientFields() management.RequestOption {
	return management.IncludeFields("client_id", "name", "description", "logo_uri", "app_type", "grant_types", "token_endpoint_auth_method", "oidc_conformant",
		"is_first_party", "global", "client_metadata", "refresh_token")
}

func (c *conn) listClients(ctx context.Context, q providers.Query) ([]resource.Object, error) {
	found := map[string]wireClient{}
	by := work.Asked(q, "client_id")
	ids := by["id"] // which it is
	maps.Copy(ids, by["client_id"])
	const few = 3 // read by themselves rather than with all
	doing := call{doing: "list applications", scope: readClients}
	if q.All || len(q.UpsertKeys)+len(q.Markers) > 0 || len(ids) > few {
		// By pages, and not by any search: what was made a moment ago is to be there.
		err := c.pages(ctx, doing, 0, []string{"clients"}, []management.RequestOption{clientFields(), management.Parameter("is_global", "false")}, func(raw []byte) (int, int, error) {
			var page struct {
				Total   int          `json:"total"`
				Clients []wireClient `json:"clients"`
			}
			err := decode(raw, &page)
			for _, w := range page.Clients {
				if q.All || ids[w.ID] || w.among(keyMetadata, q.UpsertKeys) || w.among(markerMetadata, q.Markers) {
					found[w.ID] = w
				}
			}
			return len(page.Clients), page.Total, err
		})
		if err != nil {
			return nil, err
		}
	} else if err := c.clientsByID(ctx, slices.Sorted(maps.Keys(ids)), found); err != nil {
		return nil, err
	}
	maps.DeleteFunc(found, func(id string, w wireClient) bool { return w.Global || id == "" })
	enabled := map[string][]string{}
	if !q.Omits("connections") && len(found) > 0 {
		var err error
		if enabled, err = c.enabledConnections(ctx, found); err != nil {
			return nil, err
		}
	}
	out := make([]resource.Object, 0, len(found))
	for id, w := range found {
		out = append(out, c.clientObject(w, enabled[id], !q.Omits("connections")))
	}
	return out, nil
}

func (c *conn) clientsByID(ctx context.Context, ids []string, found map[string]wireClient) error {
	for _, id := range ids {
		w, err := c.readClient(ctx, id)
		if err != nil {
			return err
		}
		if w != nil {
			found[w.ID] = *w
		}
	}
	return nil
}

// readClient reads one client; nil if there is none.
func (c *conn) readClient(ctx context.Context, id string) (*wireClient, error) {
	if !safeID(id) {
		return nil, nil
	}
	var w wireClient
	err := c.get(ctx, call{doing: "read application " + work.Quoted(id), scope: readClients}, &w, []string{"clients", id}, clientFields())
	if work.IsAbsent(err) {
		return nil, nil
	}
	return &w, err
}

// enabledConnections are the names of the connections of each client.
func (c *conn) enabledConnections(ctx context.Context, of map[string]wireClient) (map[string][]string, error) {
	ids := slices.Sorted(maps.Keys(of))
	enabled := make([][]string, len(ids))
	err := work.All(ctx, len(ids), c.parallelism, func(ctx context.Context, i int) error {
		list, err := c.listConnections(ctx, []string{"clients", ids[i], "connections"}, management.IncludeFields("name", "strategy"))
		enabled[i] = names(list)
		return work.IgnoreAbsent(err)
	})
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for i, id := range ids {
		out[id] = enabled[i]
	}
	return out, nil
}

// text is a value of the metadata, "" if it is none.
func (w *wireClient) text(key string) string {
	s, _ := w.Metadata[key].(string)
	return s
}

// among reports whether a value of the metadata is one of some.
func (w *wireClient) among(key string, some []string) bool {
	s := w.text(key)
	return s != "" && slices.Contains(some, s)
}

func (c *conn) clientObject(w wireClient, connections []string, known bool) resource.Object {
	o := c.blank("client")
	for name, s := range map[string]string{
		"id": w.ID, "client_id": w.ID, "name": w.Name, "description": w.Description, "logo_uri": w.LogoURI, "app_type": w.AppType, "token_endpoint_auth_method": w.AuthMethod,
	} {
		o[name] = attr.OfString(s)
	}
	o["grant_types"] = attr.OfStrings(w.GrantTypes)
	o["oidc_conformant"], o["is_first_party"] = cty.BoolVal(w.Conformant), cty.BoolVal(w.FirstParty)
	if known {
		o["connections"] = attr.OfStrings(connections)
	}
	o["refresh_token_rotation"] = cty.False
	if r := w.Refresh; r != nil {
		o["refresh_token_rotation"] = cty.BoolVal(r.Rotation == "rotating")
		o["refresh_token_leeway"] = cty.NumberIntVal(r.Leeway)
		if !r.Infinite {
			o["refresh_token_lifetime"] = cty.NumberIntVal(r.Lifetime)
		}
		if !r.IdleInfinite {
			o["refresh_token_idle_lifetime"] = cty.NumberIntVal(r.IdleLifetime)
		}
	}
	metadata := map[string]any{}
	for k, v := range w.Metadata {
		if !hiddenMetadata(k) {
			metadata[k] = v
		}
	}
	o["client_metadata"] = metadataValue(metadata)
	return resource.Object{Kind: "client", ID: w.ID, Attrs: cty.ObjectVal(o), Marker: w.text(markerMetadata), UpsertKey: w.text(keyMetadata)}
}

// metadataValue is metadata as a map of texts: what is none is written as JSON.
func metadataValue(m map[string]any) cty.Value {
	vals := map[string]cty.Value{}
	for k, v := range m {
		if v == nil {
			continue
		}
		s, is := v.(string)
		if !is {
			raw, err := json.Marshal(v)
			if err != nil {
				continue
			}
			s = string(raw)
		}
		vals[k] = cty.StringVal(s)
	}
	if len(vals) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	return cty.MapVal(vals)
}
