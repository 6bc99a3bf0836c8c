package entra

import (
	"maps"
	"net/http"
	"slices"
)

// Lists of permissions that open one kind of operation, the least first
// (section 11, and the permission tables of Graph's reference).
var (
	readUsers        = []string{"User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeUsers       = []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}
	deleteUsers      = []string{"User.ReadWrite.All", "User.DeleteRestore.All"}
	changeUsers      = []string{"User.ReadWrite.All", "Directory.ReadWrite.All", "User.EnableDisableAccount.All", passwordPermission}
	readApps         = []string{ownedBy, "Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	listApps         = []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeApps        = []string{ownedBy, "Application.ReadWrite.All"}
	readGroups       = []string{"GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "GroupMember.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	createGroups     = []string{"Group.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	writeGroups      = []string{"Group.ReadWrite.All", "Directory.ReadWrite.All"}
	upsertGroups     = []string{"Group.ReadWrite.All", "Group.Create", "Directory.ReadWrite.All"}
	writeMembers     = []string{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	readDirectory    = []string{"Directory.Read.All", "Directory.ReadWrite.All"}
	readAssignments  = []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "AppRoleAssignment.ReadWrite.All"}
	writeAssignments = []string{"AppRoleAssignment.ReadWrite.All"}
	readGrants       = []string{"DelegatedPermissionGrant.Read.All", "Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"}
	writeGrants      = []string{"DelegatedPermissionGrant.ReadWrite.All"}
)

const (
	// ownedBy opens the applications that the caller owns, and no other.
	ownedBy = "Application.ReadWrite.OwnedBy"
	// passwordPermission is needed to set an existing user's password.
	passwordPermission = "User-PasswordProfile.ReadWrite.All"
	createGroup        = "Group.Create"
)

// permissions are those of which the caller of a route needs one.
var permissions = map[string][]string{
	"GET organization": {"Organization.Read.All", "Directory.Read.All", "Organization.ReadWrite.All", "Directory.ReadWrite.All"},
	"GET domains":      {"Domain.Read.All", "Directory.Read.All", "Domain.ReadWrite.All"},
	"GET domains/{id}": {"Domain.Read.All", "Directory.Read.All", "Domain.ReadWrite.All"},

	"GET users":               readUsers,
	"GET users/$count":        readUsers,
	"POST users":              writeUsers,
	"GET users/{id}":          readUsers,
	"PATCH users/{id}":        changeUsers,
	"DELETE users/{id}":       deleteUsers,
	"GET users/{id}/memberOf": readDirectory,
	"GET users/{id}/memberOf/microsoft.graph.group":           readDirectory,
	"GET users/{id}/transitiveMemberOf":                       readDirectory,
	"GET users/{id}/transitiveMemberOf/microsoft.graph.group": readDirectory,
	"POST invitations": {"User.Invite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"},

	"GET groups":                                             readGroups,
	"GET groups/$count":                                      readGroups,
	"POST groups":                                            createGroups,
	"GET groups/{id}":                                        readGroups,
	"PATCH groups/{id}":                                      writeMembers,
	"DELETE groups/{id}":                                     writeGroups,
	"GET groups/uniqueName={uniqueName}":                     readGroups,
	"PATCH groups/uniqueName={uniqueName}":                   upsertGroups,
	"GET groups/{id}/members":                                readGroups,
	"GET groups/{id}/members/$count":                         readGroups,
	"GET groups/{id}/members/microsoft.graph.user":           readGroups,
	"POST groups/{id}/members/$ref":                          writeMembers,
	"DELETE groups/{id}/members/{object}/$ref":               writeMembers,
	"DELETE groups/{id}/members/{object}":                    deleteUsers,
	"GET groups/{id}/transitiveMembers":                      readGroups,
	"GET groups/{id}/transitiveMembers/microsoft.graph.user": readGroups,
	"GET groups/{id}/owners":                                 readGroups,
	"GET groups/{id}/owners/microsoft.graph.user":            readGroups,
	"POST groups/{id}/owners/$ref":                           writeGroups,
	"DELETE groups/{id}/owners/{object}/$ref":                writeGroups,

	"GET applications":                                       listApps,
	"GET applications/$count":                                listApps,
	"POST applications":                                      writeApps,
	"GET applications/{id}":                                  readApps,
	"PATCH applications/{id}":                                writeApps,
	"DELETE applications/{id}":                               writeApps,
	"GET applications/appId={appId}":                         readApps,
	"PATCH applications/appId={appId}":                       writeApps,
	"DELETE applications/appId={appId}":                      writeApps,
	"GET applications/uniqueName={uniqueName}":               readApps,
	"PATCH applications/uniqueName={uniqueName}":             writeApps,
	"DELETE applications/uniqueName={uniqueName}":            writeApps,
	"GET applications/{id}/owners":                           readApps,
	"GET applications/{id}/owners/microsoft.graph.user":      readApps,
	"POST applications/{id}/owners/$ref":                     writeApps,
	"DELETE applications/{id}/owners/{object}/$ref":          writeApps,
	"GET servicePrincipals":                                  listApps,
	"GET servicePrincipals/$count":                           listApps,
	"POST servicePrincipals":                                 writeApps,
	"GET servicePrincipals/{id}":                             readApps,
	"PATCH servicePrincipals/{id}":                           writeApps,
	"DELETE servicePrincipals/{id}":                          writeApps,
	"GET servicePrincipals/appId={appId}":                    readApps,
	"PATCH servicePrincipals/appId={appId}":                  writeApps,
	"DELETE servicePrincipals/appId={appId}":                 writeApps,
	"GET servicePrincipals/{id}/owners":                      readApps,
	"GET servicePrincipals/{id}/owners/microsoft.graph.user": readApps,
	"POST servicePrincipals/{id}/owners/$ref":                writeApps,
	"DELETE servicePrincipals/{id}/owners/{object}/$ref":     writeApps,

	"GET servicePrincipals/{id}/appRoleAssignedTo":                 readAssignments,
	"POST servicePrincipals/{id}/appRoleAssignedTo":                writeAssignments,
	"DELETE servicePrincipals/{id}/appRoleAssignedTo/{assignment}": writeAssignments,
	"GET servicePrincipals/{id}/oauth2PermissionGrants":            readGrants,
	"GET oauth2PermissionGrants":                                   readGrants,
	"POST oauth2PermissionGrants":                                  writeGrants,
	"GET oauth2PermissionGrants/{id}":                              readGrants,
	"PATCH oauth2PermissionGrants/{id}":                            writeGrants,
	"DELETE oauth2PermissionGrants/{id}":                           writeGrants,

	"POST directoryObjects/getByIds": readDirectory,
	"GET directoryObjects/{id}":      readDirectory,

	// Deleted items need what their type needs (section 11).
	"GET directory/deletedItems/microsoft.graph.user":             readUsers,
	"GET directory/deletedItems/microsoft.graph.group":            {"Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
	"GET directory/deletedItems/microsoft.graph.application":      listApps,
	"GET directory/deletedItems/microsoft.graph.servicePrincipal": listApps,
	"GET directory/deletedItems/{id}":                             nil,
	"GET directory/deletedItems/{id}/{cast}":                      nil,
	"POST directory/deletedItems/{id}/restore":                    nil,
	"DELETE directory/deletedItems/{id}":                          nil,
}

// deletedPermissions are those of one deleted item, by its kind.
func deletedPermissions(kind Kind, write bool) []string {
	switch {
	case kind == KindUser && write:
		return deleteUsers
	case kind == KindUser:
		return readUsers
	case kind == KindGroup && write:
		return writeGroups
	case kind == KindGroup:
		return permissions["GET directory/deletedItems/microsoft.graph.group"]
	case write:
		return writeApps
	}
	return readApps
}

// Permissions returns, for each emulated operation such as "GET users/{id}",
// the application permissions of which one is needed, the least first. Those
// on single deleted items are empty here: they follow from the item's type.
func Permissions() map[string][]string { return maps.Clone(permissions) }

// everything is what the emulated routes need, without what is contained in it.
func everything() []string {
	all := map[string]bool{}
	for _, list := range permissions {
		for _, p := range list {
			all[p] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// caller is who asks Graph for something.
type caller struct {
	appID string
	// principal is the id of the application's service principal, user that
	// of the user if the token is delegated.
	principal, user string
	delegated       bool
	permissions     map[string]bool
}

// holds reports whether the caller has one of some permissions; of none, all do.
func (a *caller) holds(anyOf []string) bool {
	return len(anyOf) == 0 || slices.ContainsFunc(anyOf, func(p string) bool { return a.permissions[p] })
}

// mayTouch reports whether the caller may read or change an application or
// service principal: one with Application.ReadWrite.OwnedBy alone has to own it.
func (c *call) mayTouch(st *state) bool {
	need := listApps
	if c.r.Method != http.MethodGet {
		need = []string{"Application.ReadWrite.All"}
	}
	return c.caller.holds(need) || slices.Contains(st.owners, c.caller.principal)
}
