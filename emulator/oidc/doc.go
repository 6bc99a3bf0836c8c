// Package oidc is what the emulated identity providers share on the side of
// OpenID Connect: signing keys and their JWKS, tokens, the store of device
// codes, and the pages on which a user signs in.
package oidc
