package entra

import (
	"slices"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// Graph's application, and its delegated permission User.Read, have the same
// ids in every tenant.
const (
	graphAppID = "00000003-0000-0000-c000-000000000000"
	userReadID = "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
)

// delegated are Graph's delegated permissions that an application may ask for;
// the ids are Microsoft's.
var delegated = map[string]string{
	userReadID:                             "User.Read",
	"37f7f235-527c-4136-accd-4a02d197296e": "openid",
	"14dad69e-099b-42c9-810b-d002981feec1": "profile",
	"64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0": "email",
	"7427e0e9-2fba-42fe-b0c0-848c9e6a8182": "offline_access",
}

// seed puts into the directory what is there in every tenant, and the
// automation application.
func (s *Server) seed() {
	graph := s.newServicePrincipal(&state{props: object{"appId": graphAppID, "displayName": "Microsoft Graph"}}, object{})
	graph.props["appOwnerOrganizationId"], graph.props["signInAudience"] = "f8cdef31-a31e-4b4a-93e4-5f571e91255a", "AzureADMultipleOrgs"
	var roles, scopes []any
	granted := s.opts.Roles
	if granted == nil {
		granted = everything()
	}
	all := append(everything(), granted...)
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		scopes = append(scopes, object{"id": oidc.NewID(), "value": name, "type": "Admin", "isEnabled": true, "adminConsentDisplayName": name})
		roles = append(roles, object{"id": oidc.NewID(), "value": name, "displayName": name, "description": name, "isEnabled": true,
			"allowedMemberTypes": []any{"Application"}, "origin": "Application"})
	}
	for id, name := range delegated {
		scopes = append(scopes, object{"id": id, "value": name, "type": "User", "isEnabled": true, "adminConsentDisplayName": name})
	}
	graph.props["appRoles"], graph.props["oauth2PermissionScopes"] = roles, scopes
	s.dir.put(KindServicePrincipal, str(graph.props, "id"), graph)

	app := s.newApplication(object{"displayName": "idpctl automation"})
	app.props["appId"] = s.opts.App.ClientID
	s.dir.put(KindApplication, str(app.props, "id"), app)
	sp := s.newServicePrincipal(app, object{})
	s.dir.put(KindServicePrincipal, str(sp.props, "id"), sp)
	for _, r := range jsonvalue.Objects(graph.props["appRoles"]) {
		if slices.Contains(granted, str(r, "value")) {
			s.assign(sp, graph, str(r, "id"))
		}
	}
}

// assign gives a role of an application to a principal, seen by all at once.
func (s *Server) assign(principal, resource *state, role string) {
	props := schemas[KindAppRoleAssignment].fresh()
	schemas[KindAppRoleAssignment].merge(props, object{
		"id": oidc.Random(32), "createdDateTime": timestamp(s.now()), "appRoleId": role,
		"principalId": principal.props["id"], "principalDisplayName": principal.props["displayName"], "principalType": "ServicePrincipal",
		"resourceId": resource.props["id"], "resourceDisplayName": resource.props["displayName"]})
	s.dir.put(KindAppRoleAssignment, str(props, "id"), &state{props: props})
}

// Grant gives the automation application another permission of Graph, by name.
// Tokens that it has already do not carry it.
func (s *Server) Grant(names ...string) { s.changeRoles(names, true) }

// Revoke takes permissions away from the automation application.
func (s *Server) Revoke(names ...string) { s.changeRoles(names, false) }

func (s *Server) changeRoles(names []string, give bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	graph := s.dir.find(KindServicePrincipal, "appId", graphAppID)
	sp := s.dir.find(KindServicePrincipal, "appId", s.opts.App.ClientID)
	for _, r := range jsonvalue.Objects(graph.now.props["appRoles"]) {
		if !slices.Contains(names, str(r, "value")) {
			continue
		}
		for _, e := range slices.Clone(s.dir.tables[KindAppRoleAssignment].order) {
			if e.now != nil && e.now.props["principalId"] == sp.id && e.now.props["appRoleId"] == r["id"] {
				s.dir.put(e.kind, e.id, nil)
				s.dir.forget(e)
			}
		}
		if give {
			s.assign(sp.now, graph.now, str(r, "id"))
		}
	}
}
