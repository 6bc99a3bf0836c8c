package auth0

// signInHints say what to do about the errors that users meet when they sign in, by
// the words that Auth0 says
// (https://auth0.com/docs/get-started/authentication-and-authorization-flow/device-authorization-flow/call-your-api-using-the-device-authorization-flow).
func signInHints() map[string]string {
	return map[string]string{
		"not allowed for the client":        "The application may not use the device flow: somebody took the grant type away. Run `idpctl apply`, which puts it back.",
		"Service not enabled within domain": "The tenant has no API with that identifier: somebody deleted it. Run `idpctl apply`, which makes it anew.",
	}
}
