package entra

// The properties of Graph v1.0's resources, as its reference documents them.

var (
	stringValue    = property{typ: tString}
	readOnlyString = property{typ: tString, readOnly: true}
	stringList     = property{typ: tStrings}
	boolValue      = property{typ: tBool}
	anyValue       = property{typ: tAny}
	// hidden are those of a user that only $select brings (section 4).
	hidden     = property{typ: tString, onSelect: true}
	hiddenRead = property{typ: tString, onSelect: true, readOnly: true}
	hiddenAny  = property{typ: tAny, onSelect: true}
)

// schemas are those of all kinds.
var schemas = map[Kind]schema{
	KindUser: join(
		properties(stringValue, "displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname userPrincipalName"),
		properties(readOnlyString, "id"),
		properties(stringList, "businessPhones"),
		properties(hidden, "ageGroup city companyName consentProvidedForMinor country department employeeId employeeType faxNumber "+
			"mailNickname onPremisesImmutableId passwordPolicies postalCode state streetAddress usageLocation employeeHireDate employeeLeaveDateTime"),
		properties(hiddenRead, "createdDateTime creationType deletedDateTime externalUserState externalUserStateChangeDateTime "+
			"lastPasswordChangeDateTime legalAgeGroupClassification onPremisesDistinguishedName onPremisesDomainName onPremisesLastSyncDateTime "+
			"onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesUserPrincipalName refreshTokensValidFromDateTime securityIdentifier "+
			"signInSessionsValidFromDateTime"),
		properties(hiddenAny, "employeeOrgData onPremisesExtensionAttributes identities"),
		schema{
			"accountEnabled":        {typ: tBool, onSelect: true, initial: true},
			"userType":              {typ: tString, onSelect: true, initial: "Member"},
			"otherMails":            {typ: tStrings, onSelect: true},
			"proxyAddresses":        {typ: tStrings, onSelect: true, readOnly: true},
			"imAddresses":           {typ: tStrings, onSelect: true, readOnly: true},
			"assignedLicenses":      {typ: tObjects, onSelect: true, readOnly: true},
			"assignedPlans":         {typ: tObjects, onSelect: true, readOnly: true},
			"provisionedPlans":      {typ: tObjects, onSelect: true, readOnly: true},
			"isResourceAccount":     {typ: tBool, onSelect: true},
			"onPremisesSyncEnabled": {typ: tBool, onSelect: true, readOnly: true},
			"showInAddressList":     {typ: tBool, onSelect: true},
			"passwordProfile": {typ: tObject, onSelect: true, secret: true, fields: schema{
				"password": stringValue, "forceChangePasswordNextSignIn": boolValue, "forceChangePasswordNextSignInWithMfa": boolValue}},
		}),
	KindGroup: join(
		properties(stringValue, "description displayName classification mailNickname membershipRule membershipRuleProcessingState "+
			"preferredDataLocation preferredLanguage theme uniqueName"),
		properties(property{typ: tString, fixed: true}, "visibility"),
		properties(readOnlyString, "id createdDateTime deletedDateTime expirationDateTime mail onPremisesDomainName onPremisesLastSyncDateTime "+
			"onPremisesNetBiosName onPremisesSamAccountName onPremisesSecurityIdentifier renewedDateTime securityIdentifier"),
		properties(property{typ: tObjects, readOnly: true}, "onPremisesProvisioningErrors serviceProvisioningErrors"),
		properties(property{typ: tStrings, fixed: true}, "resourceBehaviorOptions resourceProvisioningOptions creationOptions"),
		schema{
			"groupTypes":            stringList,
			"mailEnabled":           {typ: tBool, initial: false},
			"securityEnabled":       {typ: tBool, initial: true},
			"isAssignableToRole":    {typ: tBool, fixed: true},
			"proxyAddresses":        {typ: tStrings, readOnly: true},
			"onPremisesSyncEnabled": {typ: tBool, readOnly: true},
		}),
	KindApplication: join(
		properties(stringValue, "displayName description notes uniqueName groupMembershipClaims defaultRedirectUri samlMetadataUrl "+
			"serviceManagementReference tokenEncryptionKeyId nativeAuthenticationApisEnabled"),
		properties(readOnlyString, "id appId applicationTemplateId createdDateTime deletedDateTime disabledByMicrosoftStatus publisherDomain"),
		properties(property{typ: tBool}, "isFallbackPublicClient isDeviceOnlyAuthSupported oauth2RequirePostResponse"),
		properties(stringList, "identifierUris tags"),
		properties(anyValue, "certification optionalClaims requestSignatureVerification servicePrincipalLockConfiguration verifiedPublisher "+
			"authenticationBehaviors"),
		properties(property{typ: tObjects, fields: anyFields}, "addIns keyCredentials passwordCredentials"),
		schema{
			"signInAudience": {typ: tString, initial: "AzureADMyOrg"},
			"api": {typ: tObject, fields: schema{
				"acceptMappedClaims": boolValue, "knownClientApplications": stringList, "requestedAccessTokenVersion": {typ: tInt},
				"oauth2PermissionScopes": {typ: tObjects, fields: scopeFields}, "preAuthorizedApplications": {typ: tObjects, fields: schema{
					"appId": stringValue, "delegatedPermissionIds": stringList}}}},
			"appRoles": {typ: tObjects, fields: roleFields},
			"info":     {typ: tObject, fields: properties(stringValue, "logoUrl marketingUrl privacyStatementUrl supportUrl termsOfServiceUrl")},
			"parentalControlSettings": {typ: tObject, fields: schema{
				"countriesBlockedForMinors": stringList, "legalAgeGroupRule": {typ: tString, initial: "Allow"}}},
			"publicClient": {typ: tObject, fields: schema{"redirectUris": stringList}},
			"spa":          {typ: tObject, fields: schema{"redirectUris": stringList}},
			"web": {typ: tObject, fields: schema{
				"homePageUrl": stringValue, "logoutUrl": stringValue, "redirectUris": stringList,
				"implicitGrantSettings": {typ: tObject, fields: schema{
					"enableAccessTokenIssuance": {typ: tBool, initial: false}, "enableIdTokenIssuance": {typ: tBool, initial: false}}},
				"redirectUriSettings": {typ: tObjects, fields: schema{"uri": stringValue, "index": {typ: tInt}}}}},
			"requiredResourceAccess": {typ: tObjects, fields: schema{
				"resourceAppId": stringValue, "resourceAccess": {typ: tObjects, fields: schema{"id": stringValue, "type": stringValue}}}},
		}),
	KindServicePrincipal: join(
		properties(stringValue, "alternativeNames description displayName homepage loginUrl logoutUrl notes preferredSingleSignOnMode "+
			"preferredTokenSigningKeyThumbprint replyUrls tokenEncryptionKeyId"),
		properties(readOnlyString, "id appDescription appDisplayName applicationTemplateId appOwnerOrganizationId createdDateTime deletedDateTime "+
			"disabledByMicrosoftStatus servicePrincipalType signInAudience"),
		properties(anyValue, "customSecurityAttributes samlSingleSignOnSettings verifiedPublisher info resourceSpecificApplicationPermissions"),
		properties(property{typ: tObjects, fields: anyFields}, "addIns keyCredentials passwordCredentials"),
		schema{
			"appId":                     {typ: tString, fixed: true},
			"accountEnabled":            {typ: tBool, initial: true},
			"appRoleAssignmentRequired": {typ: tBool, initial: false},
			"alternativeNames":          stringList, "replyUrls": stringList, "tags": stringList, "servicePrincipalNames": stringList,
			"notificationEmailAddresses": stringList,
			"appRoles":                   {typ: tObjects, fields: roleFields, readOnly: true},
			"oauth2PermissionScopes":     {typ: tObjects, fields: scopeFields, readOnly: true},
		}),
	KindAppRoleAssignment: join(
		properties(readOnlyString, "id createdDateTime deletedDateTime principalDisplayName principalType resourceDisplayName"),
		properties(property{typ: tString, fixed: true}, "appRoleId principalId resourceId")),
	KindPermissionGrant: join(
		properties(readOnlyString, "id"), properties(stringValue, "scope"),
		properties(property{typ: tString, fixed: true}, "clientId consentType principalId resourceId")),
}

// scopeFields are those of a delegated permission that an application exposes.
var scopeFields = join(properties(stringValue, "id value type origin adminConsentDescription adminConsentDisplayName userConsentDescription userConsentDisplayName"),
	schema{"isEnabled": {typ: tBool, initial: true}})

// roleFields are those of an application role.
var roleFields = join(properties(stringValue, "id value displayName description origin"),
	schema{"isEnabled": {typ: tBool, initial: true}, "allowedMemberTypes": stringList})

// anyFields are those of credentials and add-ins, which are not interpreted.
var anyFields = properties(anyValue, "id type properties keyId displayName startDateTime endDateTime customKeyIdentifier hint secretText key usage")
