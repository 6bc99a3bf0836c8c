// Package oidc is what the emulated identity providers share on the side of
// OpenID Connect: signing keys and their JWKS, tokens, and the store of device
// codes.
package oidc
