package entra

import (
	"strings"
)

// drop deletes an object for good, and the relations that it was in.
func (s *Server) drop(kind Kind, id string) {
	delete(s.bin[kind], id)
	s.unbind(id)
	s.write(kind, id, nil)
}

// listDeleted lists the recycle bin; the type cast is required (section 2).
func listDeleted(kind Kind) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		l := listing{kind: kind, fragment: string(kind) + "s"}
		for _, e := range c.dir.tables[kind].all() {
			if st := c.show(e, c.replica); st != nil && st.deleted() {
				l.elements = append(l.elements, element{kind, st})
			}
		}
		return c.list(l)
	}
}

// deletedItem finds an object in the recycle bin, and checks the permission
// that its type asks for.
func (c *call) deletedItem(write bool) (*entity, *state, error) {
	id := strings.ToLower(c.params["id"])
	for _, kind := range objectKinds() {
		e := c.dir.tables[kind].byID[id]
		st := c.show(e, c.replica)
		if st == nil || !st.deleted() || e.now == nil || !e.now.deleted() {
			continue
		}
		if cast := c.params["cast"]; cast != "" && cast != "microsoft.graph."+string(kind) {
			continue
		}
		if !c.caller.holds(deletedPermissions(kind, write)) || (kind == KindApplication || kind == KindServicePrincipal) && !c.mayTouch(st) {
			return nil, nil, forbidden()
		}
		return e, st, nil
	}
	return nil, nil, notFound(c.params["id"])
}

func (c *call) getDeleted() (reply, error) {
	e, st, err := c.deletedItem(false)
	if err != nil {
		return reply{}, err
	}
	o, err := c.represent(element{e.kind, st}, c.params["cast"] == "")
	if err != nil {
		return reply{}, err
	}
	o["@odata.context"] = c.context("directoryObjects/$entity")
	return ok(o)
}

// restore takes an object out of the recycle bin, with its id. A user gets its
// name back unless somebody else has it by now. The service principal of an
// application is restored by itself (section 2).
func (c *call) restore() (reply, error) {
	e, _, err := c.deletedItem(true)
	if err != nil {
		return reply{}, err
	}
	next := e.now.copy()
	next.props["deletedDateTime"] = nil
	if next.upn != "" {
		next.props["userPrincipalName"], next.upn = next.upn, ""
	}
	if property := c.dir.conflict(e.kind, e.id, next); property != "" {
		return reply{}, duplicate(property)
	}
	if e.kind == KindServicePrincipal {
		if app := c.dir.find(KindApplication, "appId", str(next.props, "appId")); app != nil && app.now != nil && app.now.deleted() {
			return reply{}, badRequest("The appId '%s' of the service principal does not reference a valid application object.", str(next.props, "appId")).
				with("NoBackingApplicationObject", "appId")
		}
	}
	delete(c.bin[e.kind], e.id)
	c.write(e.kind, e.id, next)
	o, err := c.represent(element{e.kind, next}, true)
	if err != nil {
		return reply{}, err
	}
	o["@odata.context"] = c.context("directoryObjects/$entity")
	return ok(o)
}

// purge deletes an object of the recycle bin for good.
func (c *call) purge() (reply, error) {
	e, _, err := c.deletedItem(true)
	if err != nil {
		return reply{}, err
	}
	c.drop(e.kind, e.id)
	return noContent()
}
