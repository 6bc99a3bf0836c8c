package entra

// signInHints say what to do about the errors that users meet when they sign in
// to the application (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
func signInHints() map[string]string {
	const noPermission = "The application asks for no permission of Microsoft Graph: somebody removed User.Read. Run `idpctl apply`, which puts it back."
	const elsewhere = "The user is not in this tenant. Make a guest of the user (guest = true), or sign in with the other account."
	return map[string]string{
		"AADSTS7000218": "Public client flows are off. Leave public_client at true, and apply.",
		"AADSTS650056":  noPermission,
		"AADSTS90008":   noPermission,
		"AADSTS65001":   "Nobody consented to the application, and users of this tenant may not do so themselves. An administrator does it for all: az ad app permission admin-consent --id CLIENT_ID",
		"AADSTS90094":   "An administrator has to consent to the application: az ad app permission admin-consent --id CLIENT_ID",
		"AADSTS50105":   "The user is not assigned to the application. Add the user, or a group, to assigned, or drop assignment_required.",
		"AADSTS53003":   "Conditional access blocks the device flow. Exclude the application or these users from the policy; Microsoft recommends to block this flow where it is not needed, so ask who wrote the policy.",
		"AADSTS50034":   elsewhere,
		"AADSTS50020":   elsewhere,
		"AADSTS50057":   "The user is disabled: enabled = true",
		"AADSTS700016":  "The tenant has no such application. If it was made a moment ago, wait a minute; else check the client id and the tenant.",
	}
}
