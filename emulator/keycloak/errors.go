package keycloak

import (
	"fmt"
	"net/http"
)

// apiError is an answer that is not a success. Keycloak has no single shape
// for it: see the constructors.
type apiError struct {
	status int
	body   any
	header http.Header
}

// Error implements error, for messages of the emulator's own tests.
func (e *apiError) Error() string { return fmt.Sprint(e.status, " ", e.body) }

// plain is {"error": "..."}: what the framework answers, and "not found".
func plain(status int, text string) *apiError {
	return &apiError{status: status, body: map[string]string{"error": text}}
}

// message is {"errorMessage": "..."}: what the admin API answers.
func message(status int, format string, args ...any) *apiError {
	return &apiError{status: status, body: map[string]string{"errorMessage": fmt.Sprintf(format, args...)}}
}

// oauth is {"error": code, "error_description": "..."} (RFC 6749 section 5.2);
// parts of the admin API use the shape as well.
func oauth(status int, code, description string) *apiError {
	return &apiError{status: status, body: struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description}}
}

// fieldError is one attribute that the user profile refused.
type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"errorMessage"`
	Params  []any  `json:"params"`
}

// invalidFields is one field error as it is, or several in a list.
func invalidFields(errs []fieldError) *apiError {
	if len(errs) == 1 {
		return &apiError{status: http.StatusBadRequest, body: errs[0]}
	}
	return &apiError{status: http.StatusBadRequest, body: map[string][]fieldError{"errors": errs}}
}

// Answers that the framework gives.
func errForbidden() *apiError { return plain(http.StatusForbidden, "HTTP 403 Forbidden") }
func errUnauthorized() *apiError {
	return plain(http.StatusUnauthorized, "HTTP 401 Unauthorized")
}
func errNotFound() *apiError { return plain(http.StatusNotFound, "HTTP 404 Not Found") }
func errMethod() *apiError   { return plain(http.StatusMethodNotAllowed, "HTTP 405 Method Not Allowed") }

// errCrash is the answer to what makes Keycloak throw, such as a body that is
// missing where one is needed.
func errCrash() *apiError {
	return oauth(http.StatusInternalServerError, "unknown_error", "For more on this error consult the server log.")
}

// errNotEmulated is this emulator's own: Keycloak may well have the route or
// the feature.
func errNotEmulated(what string) *apiError {
	return plain(http.StatusNotImplemented, "not emulated: "+what)
}
