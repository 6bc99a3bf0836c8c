package entra

import "strings"

// routes are all of Graph that is emulated. The first one that matches counts,
// so fixed segments stand before parameters. The units are those of section 7.
func routes() []route {
	list := []route{
		{method: "GET", pattern: "organization", handle: (*call).organization},
		{method: "GET", pattern: "domains", handle: (*call).listDomains},
		{method: "GET", pattern: "domains/{id}", handle: (*call).getDomain},

		{method: "GET", pattern: "users", handle: (*call).listUsers, units: 2},
		{method: "POST", pattern: "users", handle: (*call).createUser},
		{method: "GET", pattern: "users/$count", handle: (*call).countUsers},
		{method: "GET", pattern: "users/{id}", handle: (*call).getUser},
		{method: "PATCH", pattern: "users/{id}", handle: (*call).patchUser},
		{method: "DELETE", pattern: "users/{id}", handle: (*call).deleteUser},
		{method: "GET", pattern: "users/{id}/memberOf", handle: memberOf(false, ""), units: 2},
		{method: "GET", pattern: "users/{id}/memberOf/microsoft.graph.group", handle: memberOf(false, KindGroup), units: 2},
		{method: "GET", pattern: "users/{id}/transitiveMemberOf", handle: memberOf(true, ""), units: 2},
		{method: "GET", pattern: "users/{id}/transitiveMemberOf/microsoft.graph.group", handle: memberOf(true, KindGroup), units: 2},
		{method: "POST", pattern: "invitations", handle: (*call).invite},

		{method: "GET", pattern: "groups", handle: (*call).listGroups},
		{method: "POST", pattern: "groups", handle: (*call).createGroup},
		{method: "GET", pattern: "groups/$count", handle: (*call).countGroups},
		{method: "GET", pattern: "groups/{id}", handle: (*call).getGroup},
		{method: "PATCH", pattern: "groups/{id}", handle: (*call).patchGroup},
		{method: "DELETE", pattern: "groups/{id}", handle: (*call).deleteGroup},
		{method: "GET", pattern: "groups/uniqueName={uniqueName}", handle: (*call).getGroup},
		{method: "PATCH", pattern: "groups/uniqueName={uniqueName}", handle: (*call).patchGroup},
		{method: "GET", pattern: "groups/{id}/members", handle: listRelation(KindGroup, "members", ""), units: 3},
		{method: "GET", pattern: "groups/{id}/members/$count", handle: countMembers, units: 3},
		{method: "GET", pattern: "groups/{id}/members/microsoft.graph.user", handle: listRelation(KindGroup, "members", KindUser), units: 3},
		{method: "POST", pattern: "groups/{id}/members/$ref", handle: addReference(KindGroup, "members")},
		{method: "DELETE", pattern: "groups/{id}/members/{object}/$ref", handle: removeReference(KindGroup, "members")},
		{method: "DELETE", pattern: "groups/{id}/members/{object}", handle: (*call).deleteMember},
		{method: "GET", pattern: "groups/{id}/transitiveMembers", handle: transitive(""), units: 5},
		{method: "GET", pattern: "groups/{id}/transitiveMembers/microsoft.graph.user", handle: transitive(KindUser), units: 5},
		{method: "GET", pattern: "groups/{id}/owners", handle: listRelation(KindGroup, "owners", "")},
		{method: "GET", pattern: "groups/{id}/owners/microsoft.graph.user", handle: listRelation(KindGroup, "owners", KindUser)},
		{method: "POST", pattern: "groups/{id}/owners/$ref", handle: addReference(KindGroup, "owners")},
		{method: "DELETE", pattern: "groups/{id}/owners/{object}/$ref", handle: removeReference(KindGroup, "owners")},
	}
	list = append(list, appRoutes("applications", KindApplication, appHandlers{
		(*call).listApplications, (*call).countApplications, (*call).createApplication,
		(*call).getApplication, (*call).patchApplication, (*call).deleteApplication}, "appId", "uniqueName")...)
	list = append(list, appRoutes("servicePrincipals", KindServicePrincipal, appHandlers{
		(*call).listServicePrincipals, (*call).countServicePrincipals, (*call).createServicePrincipal,
		(*call).getServicePrincipal, (*call).patchServicePrincipal, (*call).deleteServicePrincipal}, "appId")...)
	list = append(list, []route{
		{method: "GET", pattern: "servicePrincipals/{id}/appRoleAssignedTo", handle: (*call).listAssignments},
		{method: "POST", pattern: "servicePrincipals/{id}/appRoleAssignedTo", handle: (*call).createAssignment},
		{method: "DELETE", pattern: "servicePrincipals/{id}/appRoleAssignedTo/{assignment}", handle: (*call).deleteAssignment},
		{method: "GET", pattern: "servicePrincipals/{id}/oauth2PermissionGrants", handle: (*call).listGrants},
		{method: "GET", pattern: "oauth2PermissionGrants", handle: (*call).listGrants},
		{method: "POST", pattern: "oauth2PermissionGrants", handle: (*call).createGrant},
		{method: "GET", pattern: "oauth2PermissionGrants/{id}", handle: (*call).getGrant},
		{method: "PATCH", pattern: "oauth2PermissionGrants/{id}", handle: (*call).patchGrant},
		{method: "DELETE", pattern: "oauth2PermissionGrants/{id}", handle: (*call).deleteGrant},

		{method: "POST", pattern: "directoryObjects/getByIds", handle: (*call).getByIDs, units: 3, harmless: true},
		{method: "GET", pattern: "directoryObjects/{id}", handle: (*call).getObject},
	}...)
	for _, kind := range objectKinds() {
		list = append(list, route{method: "GET", pattern: "directory/deletedItems/microsoft.graph." + string(kind), handle: listDeleted(kind)})
	}
	list = append(list, []route{
		{method: "GET", pattern: "directory/deletedItems/{id}", handle: (*call).getDeleted},
		{method: "GET", pattern: "directory/deletedItems/{id}/{cast}", handle: (*call).getDeleted},
		{method: "POST", pattern: "directory/deletedItems/{id}/restore", handle: (*call).restore},
		{method: "DELETE", pattern: "directory/deletedItems/{id}", handle: (*call).purge},
	}...)
	for i := range list {
		list[i].segments = strings.Split(list[i].pattern, "/")
		for j, s := range list[i].segments {
			if strings.Contains(s, "={") {
				list[i].segments[j] = keyMark + s
			}
		}
	}
	return list
}

// appHandlers are those of applications or service principals.
type appHandlers struct{ list, count, create, get, patch, remove func(*call) (reply, error) }

// appRoutes are the routes of applications or service principals, with their
// alternate keys.
func appRoutes(collection string, kind Kind, h appHandlers, keys ...string) []route {
	list := []route{
		{method: "GET", pattern: collection, handle: h.list, units: 2},
		{method: "POST", pattern: collection, handle: h.create},
		{method: "GET", pattern: collection + "/$count", handle: h.count, units: 2},
	}
	names := []string{"{id}"}
	for _, k := range keys {
		names = append(names, k+"={"+k+"}")
	}
	for _, n := range names {
		list = append(list,
			route{method: "GET", pattern: collection + "/" + n, handle: h.get},
			route{method: "PATCH", pattern: collection + "/" + n, handle: h.patch},
			route{method: "DELETE", pattern: collection + "/" + n, handle: h.remove})
	}
	return append(list,
		route{method: "GET", pattern: collection + "/{id}/owners", handle: listRelation(kind, "owners", "")},
		route{method: "GET", pattern: collection + "/{id}/owners/microsoft.graph.user", handle: listRelation(kind, "owners", KindUser)},
		route{method: "POST", pattern: collection + "/{id}/owners/$ref", handle: addReference(kind, "owners")},
		route{method: "DELETE", pattern: collection + "/{id}/owners/{object}/$ref", handle: removeReference(kind, "owners")})
}
