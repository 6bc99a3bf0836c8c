package entra

import (
	"fmt"
	"net/http"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// apiError is an error of Graph (section 1).
type apiError struct {
	status        int
	code, message string
	details       []detail
	header        http.Header
}

// detail narrows an error down.
type detail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

// Error implements error, for messages of the emulator's own tests.
func (e *apiError) Error() string { return fmt.Sprint(e.status, " ", e.code, ": ", e.message) }

func graphError(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// with adds a detail.
func (e *apiError) with(code, target string) *apiError {
	e.details = append(e.details, detail{Code: code, Message: e.message, Target: target})
	return e
}

// badRequest is 400 Request_BadRequest, which Graph says where others say 409.
func badRequest(format string, args ...any) *apiError {
	return graphError(http.StatusBadRequest, "Request_BadRequest", format, args...)
}

// unsupported is 400 Request_UnsupportedQuery.
func unsupported(format string, args ...any) *apiError {
	return graphError(http.StatusBadRequest, "Request_UnsupportedQuery", format, args...)
}

// malformed is what Graph's front end says before the directory sees anything.
func malformed(format string, args ...any) *apiError {
	return graphError(http.StatusBadRequest, "BadRequest", format, args...)
}

func notFound(id string) *apiError {
	return graphError(http.StatusNotFound, "Request_ResourceNotFound",
		"Resource '%s' does not exist or one of its queried reference-property objects are not present.", id)
}

// duplicate is a value that another object has.
func duplicate(property string) *apiError {
	e := badRequest("Another object with the same value for property %s already exists.", property).with("ObjectConflict", property)
	e.details = append(e.details, detail{Code: "ConflictingObjects", Message: "The conflicting objects are in the directory.", Target: property})
	return e
}

// typeNames are what Graph calls the resources in its messages.
var typeNames = map[Kind]string{
	KindUser: "User", KindGroup: "Group", KindApplication: "Application", KindServicePrincipal: "ServicePrincipal",
	KindAppRoleAssignment: "AppRoleAssignment", KindPermissionGrant: "OAuth2PermissionGrant",
}

func invalidValue(kind Kind, property string) *apiError {
	return badRequest("Invalid value specified for property '%s' of resource '%s'.", property, typeNames[kind]).with("InvalidValue", property)
}

func missing(property string) *apiError {
	return badRequest("Property %s value is required but is empty or missing.", property)
}

func forbidden() *apiError {
	return graphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

func unauthorized(format string, args ...any) *apiError {
	return graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", format, args...)
}

// notEmulated is this emulator's own: Graph may well have the route.
func notEmulated(what string) *apiError {
	return graphError(http.StatusNotImplemented, "NotEmulated", "not emulated: %s", what)
}

// ErrorBody is the JSON of an error of Graph, for faults that a test injects,
// such as 409 Directory_ConcurrencyViolation.
func ErrorBody(code, message string) string {
	return string(jsonvalue.Encode(object{"error": object{"code": code, "message": message, "innerError": object{
		"date": "2026-01-01T00:00:00", "request-id": zeroGUID, "client-request-id": zeroGUID}}}))
}
