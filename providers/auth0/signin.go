package auth0

// signInHints say what to do about the errors that users meet when they sign in
// (https://auth0.com/docs/get-started/authentication-and-authorization-flow/device-authorization-flow/call-your-api-using-the-device-authorization-flow).
func signInHints() map[string]string {
	return map[string]string{
		"unauthorized_client": "The application may not use the device flow: grant_types lacks it, or oidc_conformant is off. Apply, which puts that right.",
		"invalid_client":      "The tenant has no such application, or it asks for a secret: token_endpoint_auth_method is to be \"none\".",
	}
}
