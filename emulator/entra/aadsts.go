package entra

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// stsError is an error of the login service: an OAuth error with a number of
// its own in it (section 10).
type stsError struct {
	status int
	oauth  string
	number int
	text   string
}

// Error implements error: what a page shows.
func (e *stsError) Error() string { return fmt.Sprintf("AADSTS%d: %s", e.number, e.text) }

func sts(status int, oauth string, number int, format string, args ...any) *stsError {
	return &stsError{status, oauth, number, fmt.Sprintf(format, args...)}
}

// body is the JSON of the token endpoint.
func (e *stsError) body(base string, now time.Time, correlation string) object {
	trace, at := oidc.NewID(), now.UTC().Format("2006-01-02 15:04:05Z")
	if correlation == "" {
		correlation = oidc.NewID()
	}
	return object{
		"error":             e.oauth,
		"error_description": fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s", e.Error(), trace, correlation, at),
		"error_codes":       []int{e.number}, "timestamp": at, "trace_id": trace, "correlation_id": correlation,
		"error_uri": base + "/error?code=" + strconv.Itoa(e.number),
	}
}

// The numbers of sections 9 and 10. Texts are shortened where they go on about
// what to click.

func errTenant(name string) *stsError {
	return sts(400, "invalid_request", 90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. "+
		"Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", name)
}

func errNotInTenant(clientID, tenant string) *stsError {
	return sts(400, "unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has "+
		"not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", clientID, tenant)
}

func errAppDisabled(clientID, name string) *stsError {
	return sts(http.StatusUnauthorized, "unauthorized_client", 7000112, "Application '%s'(%s) is disabled.", clientID, name)
}

func errMissingParameter(name string) *stsError {
	return sts(400, "invalid_request", 900144, "The request body must contain the following parameter: '%s'.", name)
}

func errSecret(appID string) *stsError {
	return sts(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client "+
		"secret value, not the client secret ID, for a secret added to app '%s'.", appID)
}

func errSecretExpired(appID string) *stsError {
	return sts(http.StatusUnauthorized, "invalid_client", 7000222, "The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app.", appID)
}

func errNoCredential() *stsError {
	return sts(http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
}

func errUserUnknown(name, tenant string) *stsError {
	return sts(400, "invalid_grant", 50034, "The user account %s does not exist in the %s directory. To sign into this application, the account must be added to the directory.", name, tenant)
}

func errPassword() *stsError {
	return sts(400, "invalid_grant", 50126, "Error validating credentials due to invalid username or password.")
}

func errUserDisabled() *stsError {
	return sts(400, "invalid_grant", 50057, "The user account is disabled.")
}

func errUnassigned(user, clientID, name string) *stsError {
	return sts(400, "invalid_grant", 50105, "Your administrator has configured the application %s ('%s') to block users unless they are specifically granted "+
		"('assigned') access to the application. The signed in user '%s' is blocked because they are not a direct member of a group with access, nor had access "+
		"directly assigned by an administrator.", name, clientID, user)
}

func errConditionalAccess() *stsError {
	return sts(400, "invalid_grant", 53003, "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.")
}

// errBlocked is another policy's, by its number.
func errBlocked(number int) *stsError {
	text := map[int]string{
		530033: "Access policy requires a compliant device, and the provided device is not managed or compliant.",
		530035: "Access has been blocked by security defaults. This is due to the request being deemed unsafe by security defaults policies.",
		50097:  "Device authentication is required.",
		50076:  "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication.",
		50079:  "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication.",
	}[number]
	oauth := "invalid_grant"
	if number == 50097 {
		oauth = "interaction_required"
	}
	return sts(400, oauth, number, "%s", text)
}

func errConsent(clientID, name string) *stsError {
	return sts(400, "invalid_grant", 65001, "The user or administrator has not consented to use the application with ID '%s' named '%s'. "+
		"Send an interactive authorization request for this user and resource.", clientID, name)
}

func errMisconfigured(clientID string) *stsError {
	return sts(400, "invalid_grant", 650056, "Misconfigured application. This could be due to one of the following: the client has not listed any permissions for "+
		"'AAD Graph' in the requested permissions in the client's application registration. Or, the admin has not consented in the tenant. Or, check the application "+
		"identifier in the request to ensure it matches the configured client application identifier. Client app ID: %s.", clientID)
}

func errTokenForItself(clientID, name string) *stsError {
	return sts(400, "invalid_request", 90009, "Application '%s'(%s) is requesting a token for itself. This scenario is supported only if resource is specified "+
		"using the GUID based App Identifier.", clientID, name)
}

func errResource(name, tenant string) *stsError {
	return sts(400, "invalid_resource", 500011, "The resource principal named %s was not found in the tenant named %s.", name, tenant)
}

func errPending() *stsError {
	return sts(400, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
}

func errDeclined() *stsError {
	return sts(400, "authorization_declined", 70000, "OAuth 2.0 device flow error. The end user denied the authorization request.")
}

func errExpired() *stsError {
	return sts(400, "expired_token", 70020, "The provided value for the input parameter 'device_code' is not valid. This device code has expired.")
}

func errDeviceCode() *stsError {
	return sts(400, "bad_verification_code", 70000, "The provided value for the input parameter 'device_code' is not valid.")
}
