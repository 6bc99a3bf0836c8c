package entra

import (
	"fmt"

	"github.com/idpctl/idpctl/providers"
)

// The application permissions of Microsoft Graph that idpctl uses, the least that
// each operation takes (https://learn.microsoft.com/graph/permissions-reference).
const (
	readOrganization   = "Organization.Read.All"
	readApplications   = "Application.Read.All"
	ownApplications    = "Application.ReadWrite.OwnedBy"
	assignRoles        = "AppRoleAssignment.ReadWrite.All"
	readUsers          = "User.Read.All"
	writeUsers         = "User.ReadWrite.All"
	writePasswords     = "User-PasswordProfile.ReadWrite.All"
	inviteUsers        = "User.Invite.All"
	createGroups       = "Group.Create"
	readGroupMembers   = "GroupMember.Read.All"
	writeGroups        = "Group.ReadWrite.All"
	writeGroupMembers  = "GroupMember.ReadWrite.All"
	graphApplicationID = "00000003-0000-0000-c000-000000000000"
)

// permissions are these with what they are for.
func permissions() []providers.Permission {
	return []providers.Permission{
		{Name: readOrganization, Why: "know the tenant and its verified domains"},
		{Name: readApplications, Why: "find applications and their service principals", Kind: "client"},
		{Name: ownApplications, Why: "create and change the applications that it made", Kind: "client", Managed: true},
		{Name: assignRoles, Why: "assign users and groups to an application", Kind: "client", Managed: true, Attributes: []string{"assigned"}},
		{Name: readUsers, Why: "find users", Kind: "user", Within: []string{writeUsers}},
		{Name: writeUsers, Why: "create, change and delete users", Kind: "user", Managed: true},
		{Name: writePasswords, Why: "set a first password again that never reached its user", Kind: "user", Managed: true, Attributes: []string{"generate_password", "initial_password"}},
		{Name: inviteUsers, Why: "invite guests", Kind: "user", Managed: true, Attributes: []string{"guest"}, Within: []string{writeUsers}},
		{Name: readGroupMembers, Why: "find groups and their members", Kind: "group", Within: []string{writeGroups}},
		{Name: readGroupMembers, Why: "find the members of a group", Kind: "user", Attributes: []string{"group"}, Within: []string{writeGroups}},
		{Name: createGroups, Why: "create groups", Kind: "group", Managed: true, Within: []string{writeGroups}},
		{Name: writeGroups, Why: "create, change and delete groups", Kind: "group", Managed: true},
		{Name: writeGroupMembers, Why: "add members to groups and remove them", Kind: "group", Managed: true, Attributes: []string{"members"}, Within: []string{writeGroups}},
	}
}

// grant says how a permission is granted to the application that idpctl signs in
// as.
func grant(permission, clientID string) string {
	if clientID == "" {
		clientID = "APPLICATION_ID"
	}
	return fmt.Sprintf("In the portal: App registrations, the application %s, API permissions, add Microsoft Graph's application permission %s, and grant admin consent. Or: az ad app permission add --id %s --api %s --api-permissions \"$(az ad sp show --id %s --query \"appRoles[?value=='%s'].id\" -o tsv)=Role\" && az ad app permission admin-consent --id %s",
		clientID, permission, clientID, graphApplicationID, graphApplicationID, permission, clientID)
}
