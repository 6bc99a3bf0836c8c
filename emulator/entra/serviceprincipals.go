package entra

import (
	"net/http"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

func (c *call) listServicePrincipals() (reply, error) {
	return c.list(listing{kind: KindServicePrincipal, fragment: "servicePrincipals", elements: c.elements(KindServicePrincipal)})
}

func (c *call) countServicePrincipals() (reply, error) {
	return c.count(listing{kind: KindServicePrincipal, elements: c.elements(KindServicePrincipal)})
}

func (c *call) getServicePrincipal() (reply, error) {
	_, st, err := c.application(KindServicePrincipal)
	if err != nil {
		return reply{}, err
	}
	return c.one(KindServicePrincipal, st, "servicePrincipals")
}

func (c *call) createServicePrincipal() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	return c.makeServicePrincipal(in)
}

// makeServicePrincipal makes the service principal of an application of this
// tenant. Just after the application's creation the directory does not know it
// yet, and says so in one of two ways (section 3).
func (c *call) makeServicePrincipal(in object) (reply, error) {
	set, err := schemas[KindServicePrincipal].check(KindServicePrincipal, in, true)
	if err != nil {
		return reply{}, err
	}
	appID := str(set, "appId")
	if appID == "" {
		return reply{}, missing("appId")
	}
	app := c.dir.find(KindApplication, "appId", appID)
	unknown := badRequest("The appId '%s' of the service principal does not reference a valid application object.", appID).
		with("NoBackingApplicationObject", "appId")
	switch {
	case app == nil || app.now == nil || app.now.deleted():
		return reply{}, unknown
	case !c.replicated(app) && c.replica%2 == 1:
		return reply{}, graphError(http.StatusForbidden, "Authorization_RequestDenied",
			"When using this permission, the backing application of the service principal being created must in the local tenant")
	case !c.replicated(app):
		return reply{}, unknown
	case !c.mayTouch(app.now):
		return reply{}, forbidden()
	case c.dir.find(KindServicePrincipal, "appId", appID) != nil:
		return reply{}, graphError(http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue",
			"The service principal cannot be created, updated, or restored because the service principal name %s is already in use.", appID)
	}
	if err := c.quota(); err != nil {
		return reply{}, err
	}
	st := c.newServicePrincipal(app.now, set)
	if c.caller.principal != "" && !c.caller.delegated {
		st.owners = []string{c.caller.principal}
	}
	c.write(KindServicePrincipal, str(st.props, "id"), st)
	return c.created(KindServicePrincipal, st, "servicePrincipals")
}

// newServicePrincipal derives one from its application; the tags of both are
// its tags (section 3).
func (s *Server) newServicePrincipal(app *state, set object) *state {
	sc := schemas[KindServicePrincipal]
	props := sc.fresh()
	for _, shared := range []string{"appId", "displayName", "description", "signInAudience", "appRoles"} {
		props[shared] = jsonvalue.Clone(app.props[shared])
	}
	api := sub(app.props, "api")
	sc.merge(props, object{
		"id": oidc.NewID(), "createdDateTime": timestamp(s.now()), "appDisplayName": app.props["displayName"], "appDescription": app.props["description"],
		"appOwnerOrganizationId": s.opts.TenantID, "servicePrincipalType": "Application",
		"servicePrincipalNames":  append(jsonvalue.Anys(jsonvalue.Texts(app.props["identifierUris"])), props["appId"]),
		"oauth2PermissionScopes": jsonvalue.Clone(api["oauth2PermissionScopes"]), "replyUrls": jsonvalue.Clone(sub(app.props, "web")["redirectUris"]),
	})
	sc.merge(props, set)
	tags := jsonvalue.Texts(app.props["tags"])
	for _, t := range jsonvalue.Texts(set["tags"]) {
		if !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	props["tags"] = jsonvalue.Anys(tags)
	return &state{props: props}
}

// patchServicePrincipal updates, or creates if it is named by its appId and the
// request prefers that.
func (c *call) patchServicePrincipal() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	e, st, name := c.keyed(KindServicePrincipal)
	appID, upsert := c.params["appId"]
	if st == nil && upsert && c.createsIfMissing() {
		if own, has := in["appId"]; has && own != appID {
			return reply{}, invalidValue(KindServicePrincipal, "appId")
		}
		in["appId"] = appID
		return c.makeServicePrincipal(in)
	}
	if st == nil || e.now == nil {
		return reply{}, notFound(name)
	}
	if !c.mayTouch(st) {
		return reply{}, forbidden()
	}
	sc := schemas[KindServicePrincipal]
	if own, has := in["appId"].(string); has && strings.EqualFold(own, str(st.props, "appId")) {
		delete(in, "appId") // saying what is the case changes nothing
	}
	set, err := sc.check(KindServicePrincipal, in, false)
	if err != nil {
		return reply{}, err
	}
	next := e.now.copy()
	sc.merge(next.props, set)
	c.write(KindServicePrincipal, e.id, next)
	return noContent()
}

func (c *call) deleteServicePrincipal() (reply, error) {
	e, _, err := c.application(KindServicePrincipal)
	if err != nil {
		return reply{}, err
	}
	c.softDelete(e)
	return noContent()
}

// related are the live objects of a kind without a place of their own whose
// property names an object.
func (c *call) related(kind Kind, property, id string) []element {
	var out []element
	for _, e := range c.elements(kind) {
		if id == "" || strings.EqualFold(str(e.st.props, property), id) {
			out = append(out, e)
		}
	}
	return out
}

func (c *call) listAssignments() (reply, error) {
	_, st, name := c.keyed(KindServicePrincipal)
	if st == nil {
		return reply{}, notFound(name)
	}
	return c.list(listing{kind: KindAppRoleAssignment, fragment: "appRoleAssignments",
		elements: c.related(KindAppRoleAssignment, "resourceId", str(st.props, "id"))})
}

// createAssignment assigns a user, group or service principal to an
// application. The zero GUID is the default role.
func (c *call) createAssignment() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	set, err := schemas[KindAppRoleAssignment].check(KindAppRoleAssignment, in, true)
	if err != nil {
		return reply{}, err
	}
	_, sp, name := c.keyed(KindServicePrincipal)
	if sp == nil {
		return reply{}, notFound(name)
	}
	kind, principal := c.anyObject(str(set, "principalId"), c.replica)
	role := str(set, "appRoleId")
	known := role == zeroGUID || slices.ContainsFunc(jsonvalue.Objects(sp.props["appRoles"]), func(r object) bool { return str(r, "id") == role })
	switch {
	case str(set, "resourceId") != str(sp.props, "id"):
		return reply{}, invalidValue(KindAppRoleAssignment, "resourceId")
	case principal == nil || kind == KindApplication:
		return reply{}, notFound(str(set, "principalId"))
	case !known:
		return reply{}, badRequest("Permission being assigned was not found on application '%s'.", str(sp.props, "appId")).with("InvalidValue", "appRoleId")
	}
	for _, a := range c.related(KindAppRoleAssignment, "resourceId", str(sp.props, "id")) {
		if strings.EqualFold(str(a.st.props, "principalId"), str(set, "principalId")) && str(a.st.props, "appRoleId") == role {
			return reply{}, badRequest("Permission being assigned already exists on the object.").with("InvalidUpdate", "")
		}
	}
	props := schemas[KindAppRoleAssignment].fresh()
	schemas[KindAppRoleAssignment].merge(props, set)
	props["id"], props["createdDateTime"] = oidc.Random(32), timestamp(c.now())
	props["principalType"] = strings.ToUpper(string(kind[:1])) + string(kind[1:])
	props["principalDisplayName"], props["resourceDisplayName"] = principal.props["displayName"], sp.props["displayName"]
	st := &state{props: props}
	// Ids of relations keep their case, unlike those of objects.
	c.write(KindAppRoleAssignment, str(props, "id"), st)
	return c.created(KindAppRoleAssignment, st, "appRoleAssignments")
}

func (c *call) deleteAssignment() (reply, error) {
	e := c.dir.tables[KindAppRoleAssignment].byID[c.params["assignment"]]
	if c.show(e, c.replica) == nil || e.now == nil {
		return reply{}, notFound(c.params["assignment"])
	}
	c.write(e.kind, e.id, nil)
	return noContent()
}

// zeroGUID is the default role of an application.
const zeroGUID = "00000000-0000-0000-0000-000000000000"

func (c *call) listGrants() (reply, error) {
	elements := c.elements(KindPermissionGrant)
	if c.params["id"] != "" {
		_, st, name := c.keyed(KindServicePrincipal)
		if st == nil {
			return reply{}, notFound(name)
		}
		elements = c.related(KindPermissionGrant, "clientId", str(st.props, "id"))
	}
	return c.list(listing{kind: KindPermissionGrant, fragment: "oauth2PermissionGrants", elements: elements})
}

// createGrant consents to delegated permissions, for all users or for one.
func (c *call) createGrant() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	set, err := schemas[KindPermissionGrant].check(KindPermissionGrant, in, true)
	if err != nil {
		return reply{}, err
	}
	switch t := str(set, "consentType"); {
	case t != "AllPrincipals" && t != "Principal":
		return reply{}, invalidValue(KindPermissionGrant, "consentType")
	case (t == "Principal") != (str(set, "principalId") != ""):
		return reply{}, invalidValue(KindPermissionGrant, "principalId")
	}
	for _, property := range []string{"clientId", "resourceId"} {
		if c.live(KindServicePrincipal, str(set, property), c.replica) == nil {
			return reply{}, notFound(str(set, property))
		}
	}
	for _, g := range c.related(KindPermissionGrant, "clientId", str(set, "clientId")) {
		if g.st.props["resourceId"] == set["resourceId"] && g.st.props["principalId"] == set["principalId"] {
			return reply{}, graphError(http.StatusConflict, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.")
		}
	}
	st := c.newGrant(set)
	c.write(KindPermissionGrant, str(st.props, "id"), st)
	return c.created(KindPermissionGrant, st, "oauth2PermissionGrants")
}

func (s *Server) newGrant(set object) *state {
	props := schemas[KindPermissionGrant].fresh()
	schemas[KindPermissionGrant].merge(props, set)
	props["id"] = oidc.Random(32)
	return &state{props: props}
}

// grant finds the grant of the path.
func (c *call) grant() (*entity, *state, error) {
	e := c.dir.tables[KindPermissionGrant].byID[c.params["id"]]
	st := c.show(e, c.replica)
	if st == nil || e.now == nil {
		return nil, nil, notFound(c.params["id"])
	}
	return e, st, nil
}

func (c *call) getGrant() (reply, error) {
	_, st, err := c.grant()
	if err != nil {
		return reply{}, err
	}
	return c.one(KindPermissionGrant, st, "oauth2PermissionGrants")
}

func (c *call) patchGrant() (reply, error) {
	in, err := c.decode()
	if err != nil {
		return reply{}, err
	}
	e, _, err := c.grant()
	if err != nil {
		return reply{}, err
	}
	set, err := schemas[KindPermissionGrant].check(KindPermissionGrant, in, false)
	if err != nil {
		return reply{}, err
	}
	next := e.now.copy()
	schemas[KindPermissionGrant].merge(next.props, set)
	c.write(e.kind, e.id, next)
	return noContent()
}

func (c *call) deleteGrant() (reply, error) {
	e, _, err := c.grant()
	if err != nil {
		return reply{}, err
	}
	c.write(e.kind, e.id, nil)
	return noContent()
}
