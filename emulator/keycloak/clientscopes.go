package keycloak

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/oidc"
)

func (c *call) listClientScopes() (reply, error) {
	out := []object{}
	if c.may(viewClients...) {
		list := slices.SortedFunc(maps.Values(c.realm.scopes), func(a, b *clientScope) int {
			return strings.Compare(a.name(), b.name())
		})
		for _, sc := range list {
			out = append(out, sc.representation())
		}
	}
	return ok(out)
}

// scope is the client scope of the path.
func (c *call) scope(param, missing string) (*clientScope, error) {
	sc := c.realm.scopes[c.params[param]]
	if sc == nil {
		return nil, plain(http.StatusNotFound, missing)
	}
	return sc, nil
}

func (c *call) getClientScope() (reply, error) {
	sc, err := c.scope("id", "Could not find client scope")
	if err != nil {
		return reply{}, err
	}
	return ok(sc.representation())
}

// scopeName is what a client scope may be called (RFC 6749 section 3.3).
var scopeName = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)

func checkScope(o object) *apiError {
	switch name := str(o, "name"); {
	case !scopeName.MatchString(name):
		return message(http.StatusBadRequest, "Unexpected name \"%s\" for ClientScope", name)
	case !slices.Contains([]string{"openid-connect", "saml", "docker-v2", "oid4vc"}, str(o, "protocol")):
		return message(http.StatusBadRequest, "Unexpected protocol")
	}
	return nil
}

func (c *call) createClientScope() (reply, error) {
	o, err := c.need("ClientScopeRepresentation")
	if err != nil {
		return reply{}, err
	}
	if o["name"] == nil {
		return reply{}, errCrash()
	}
	if e := checkScope(o); e != nil {
		return reply{}, e
	}
	if c.realm.scopeByName(str(o, "name")) != nil {
		return reply{}, message(http.StatusConflict, "Client Scope %s already exists", str(o, "name"))
	}
	id := str(o, "id")
	if id == "" {
		id = oidc.NewID()
	}
	delete(o, "id")
	c.realm.scopes[id] = newClientScope(id, o)
	return c.created(c.here() + "/" + id)
}

func (c *call) updateClientScope() (reply, error) {
	sc, err := c.scope("id", "Could not find client scope")
	if err != nil {
		return reply{}, err
	}
	o, err := c.need("ClientScopeRepresentation")
	if err != nil {
		return reply{}, err
	}
	merged := maps.Clone(sc.rep)
	for k, v := range o {
		if k != "id" && k != "attributes" && k != "protocolMappers" {
			merged[k] = v
		}
	}
	if e := checkScope(merged); e != nil {
		return reply{}, e
	}
	if attributes, given := o["attributes"].(object); given {
		all := maps.Clone(sc.rep["attributes"].(object))
		maps.Copy(all, attributes)
		merged["attributes"] = all
	}
	sc.rep = merged
	return noContent()
}

func (c *call) deleteClientScope() (reply, error) {
	sc, err := c.scope("id", "Could not find client scope")
	if err != nil {
		return reply{}, err
	}
	without := func(list []*clientScope) []*clientScope {
		return slices.DeleteFunc(list, func(o *clientScope) bool { return o == sc })
	}
	for _, cl := range c.realm.clients {
		cl.defaultScopes, cl.optionalScopes = without(cl.defaultScopes), without(cl.optionalScopes)
	}
	c.realm.defaultScopes, c.realm.optionalScopes = without(c.realm.defaultScopes), without(c.realm.optionalScopes)
	delete(c.realm.scopes, sc.id)
	return noContent()
}

// scopeRefs are client scopes by id and name, as the lists of assigned ones
// show them; those of a realm also have the protocol.
func scopeRefs(list []*clientScope, protocol bool) []object {
	out := make([]object, len(list))
	for i, sc := range list {
		out[i] = object{"id": sc.id, "name": sc.name()}
		if protocol {
			out[i]["protocol"] = sc.rep["protocol"]
		}
	}
	return out
}

// assigned selects the default or the optional scopes of a client.
func (cl *client) assigned(optional bool) *[]*clientScope {
	if optional {
		return &cl.optionalScopes
	}
	return &cl.defaultScopes
}

func listAssigned(optional bool) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		cl, err := c.aClient(viewClients...)
		if err != nil {
			return reply{}, err
		}
		return ok(scopeRefs(*cl.assigned(optional), false))
	}
}

// assign puts a scope among the default or optional ones of a client. One
// that the client has already, as either, stays what it is.
func assign(optional bool) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		cl, err := c.aClient("manage-clients")
		if err != nil {
			return reply{}, err
		}
		sc, err := c.scope("scope", "Client scope not found")
		if err != nil {
			return reply{}, err
		}
		if !slices.Contains(cl.defaultScopes, sc) && !slices.Contains(cl.optionalScopes, sc) {
			list := cl.assigned(optional)
			*list = append(*list, sc)
		}
		return noContent()
	}
}

// unassign takes a scope from a client, whichever list it is in.
func (c *call) unassign() (reply, error) {
	cl, err := c.aClient("manage-clients")
	if err != nil {
		return reply{}, err
	}
	sc, err := c.scope("scope", "Client scope not found")
	if err != nil {
		return reply{}, err
	}
	is := func(o *clientScope) bool { return o == sc }
	cl.defaultScopes = slices.DeleteFunc(cl.defaultScopes, is)
	cl.optionalScopes = slices.DeleteFunc(cl.optionalScopes, is)
	return noContent()
}

func (c *call) listRealmDefaultScopes() (reply, error) {
	return ok(scopeRefs(c.realm.defaultScopes, true))
}
func (c *call) listRealmOptionalScopes() (reply, error) {
	return ok(scopeRefs(c.realm.optionalScopes, true))
}

// assignToRealm puts a scope among those that new clients get.
func assignToRealm(optional bool) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		sc, err := c.scope("scope", "Client scope not found")
		if err != nil {
			return reply{}, err
		}
		list := &c.realm.defaultScopes
		if optional {
			list = &c.realm.optionalScopes
		}
		if !slices.Contains(c.realm.defaultScopes, sc) && !slices.Contains(c.realm.optionalScopes, sc) {
			*list = append(*list, sc)
		}
		return noContent()
	}
}

func (c *call) unassignFromRealm() (reply, error) {
	sc, err := c.scope("scope", "Client scope not found")
	if err != nil {
		return reply{}, err
	}
	is := func(o *clientScope) bool { return o == sc }
	c.realm.defaultScopes = slices.DeleteFunc(c.realm.defaultScopes, is)
	c.realm.optionalScopes = slices.DeleteFunc(c.realm.optionalScopes, is)
	return noContent()
}
