package entra

import "fmt"

// The application permissions of Microsoft Graph that idpctl uses, the least that
// each operation takes (https://learn.microsoft.com/graph/permissions-reference).
const (
	readOrganization   = "Organization.Read.All"
	readDomains        = "Domain.Read.All"
	readApplications   = "Application.Read.All"
	ownApplications    = "Application.ReadWrite.OwnedBy"
	assignRoles        = "AppRoleAssignment.ReadWrite.All"
	grantPermissions   = "DelegatedPermissionGrant.ReadWrite.All"
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

// grant says how a permission is granted to the application that idpctl signs in
// as.
func grant(permission, clientID string) string {
	if clientID == "" {
		clientID = "APPLICATION_ID"
	}
	return fmt.Sprintf("In the portal: App registrations, the application %s, API permissions, add Microsoft Graph's application permission %s, and grant admin consent. Or: az ad app permission add --id %s --api %s --api-permissions \"$(az ad sp show --id %s --query \"appRoles[?value=='%s'].id\" -o tsv)=Role\" && az ad app permission admin-consent --id %s",
		clientID, permission, clientID, graphApplicationID, graphApplicationID, permission, clientID)
}
