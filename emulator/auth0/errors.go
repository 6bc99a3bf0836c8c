package auth0

import (
	"fmt"
	"net/http"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// apiError is an error of the Management API (section 2).
type apiError struct {
	status int
	// code is the errorCode; may be empty.
	code, message string
	// attribute: a 401 repeats its message below "attributes".
	attribute bool
	header    http.Header
}

// Error implements error, for messages of the emulator's own tests.
func (e *apiError) Error() string { return fmt.Sprint(e.status, " ", e.code, ": ", e.message) }

func (e *apiError) body() object {
	o := object{"statusCode": e.status, "error": http.StatusText(e.status), "message": e.message}
	if e.status == http.StatusRequestEntityTooLarge {
		o["error"] = "Request Entity Too Large"
	}
	if e.code != "" {
		o["errorCode"] = e.code
	}
	if e.attribute {
		o["attributes"] = object{"error": e.message}
	}
	return o
}

func fail(status int, code, format string, args ...any) *apiError {
	return &apiError{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// badBody is a payload that does not meet the schema; on is the path of a
// property, or empty.
func badBody(on, format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "invalid_body", "Payload validation error: '%s'%s.", fmt.Sprintf(format, args...), where(on))
}

// badQuery is a query string that does not meet the schema (section 2).
func badQuery(on, format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "invalid_query_string", "Query validation error: '%s'%s.", fmt.Sprintf(format, args...), where(on))
}

func where(on string) string {
	if on == "" {
		return ""
	}
	return " on property " + on
}

func unauthorized(message string) *apiError {
	return &apiError{status: http.StatusUnauthorized, message: message, attribute: true}
}

// notEmulated is this emulator's own: Auth0 may well have it.
func notEmulated(format string, args ...any) *apiError {
	return fail(http.StatusNotImplemented, "not_emulated", "not emulated: %s", fmt.Sprintf(format, args...))
}

// What is not there (section 2).

func noClient() *apiError {
	return fail(http.StatusNotFound, "inexistent_client", "The client does not exist")
}

func noConnection() *apiError {
	return fail(http.StatusNotFound, "inexistent_connection", "The connection does not exist")
}

func noGrant() *apiError {
	return fail(http.StatusNotFound, "inexistent_client_grant", "The grant does not exist.")
}

func noRole() *apiError { return fail(http.StatusNotFound, "", "The role does not exist.") }

func noUser() *apiError {
	return fail(http.StatusNotFound, "inexistent_user", "The user does not exist.")
}

func noAPI() *apiError {
	return fail(http.StatusNotFound, "inexistent_resource_server", "The resource server does not exist.")
}

func noJob() *apiError {
	return fail(http.StatusNotFound, "inexistent_job", "The job does not exist.")
}

func noCredential() *apiError {
	return fail(http.StatusNotFound, "inexistent_credential", "The credential does not exist.")
}

func tooMany() *apiError {
	return fail(http.StatusForbidden, "too_many_entities", "You reached the limit of entities of this type for this tenant.")
}

// oauthError is an error of the Authentication API (section 10).
type oauthError struct {
	status            int
	code, description string
	uri               string
}

// Error implements error, for the pages.
func (e *oauthError) Error() string { return e.description }

func (e *oauthError) body() object {
	o := object{"error": e.code, "error_description": e.description}
	if e.uri != "" {
		o["error_uri"] = e.uri
	}
	return o
}

func refuse(status int, code, format string, args ...any) *oauthError {
	return &oauthError{status: status, code: code, description: fmt.Sprintf(format, args...)}
}

// ErrorBody is the JSON of an error of the Management API, for faults that a
// test injects.
func ErrorBody(status int, code, message string) string {
	return string(jsonvalue.Encode(fail(status, code, "%s", message).body()))
}
