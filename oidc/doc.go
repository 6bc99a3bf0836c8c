// Package oidc looks at an identity provider from outside, the way InfluxDB and
// influxctl do: discovery, signing keys, the device flow, and whether the access
// token that comes out of it would be accepted.
//
//   - [Client.Discover] reads the discovery document and refuses one that cannot
//     be trusted.
//   - [Client.FetchJWKS] reads the signing keys.
//   - [Client.CheckIssuer] does both and reports each requirement as a [Check].
//   - [DeviceFlow] signs a person in (RFC 8628), or probes whether it could.
//   - [VerifyAccessToken] judges the token as the cluster would.
//
// Everything a server says is taken for hostile: answers are limited in size and
// time, redirects to another origin are refused, codes and tokens are sent to no
// address that the issuer does not vouch for, and texts are cleaned of control
// characters before anybody sees them. Codes and tokens are [resource.Secret]
// and stand in no error.
//
// # Where servers differ
//
// The code names no provider. These differences are why it reads as it does:
//
//   - authorization_pending and slow_down are told by the member "error", never
//     by the status: RFC 8628 means 400, Auth0 sends 403 and 429, Dex sends 401
//     for pending.
//   - Entra ID says authorization_declined and bad_verification_code where
//     RFC 8628 says access_denied and invalid_grant, sends no
//     verification_uri_complete, and dates tokens a few minutes back.
//   - Entra ID and Google have their userinfo endpoint on another origin, Google
//     its token endpoint too (see [Client.AllowedOrigins]).
//   - Auth0 issues opaque access tokens if no audience is asked for, and says
//     expired_token once, then invalid_grant.
//   - Keycloak lists a key for encryption before the one for signing, sends no
//     Date header, and answers unauthorized_client both for a client without the
//     device flow (400) and for one that needs a secret (401); an unknown or
//     disabled client is invalid_client.
//   - Dex looks at the client and the scopes when the person's browser comes, and
//     tells what is wrong there, or that the person refused, to that browser alone:
//     the code runs out. Its sub packs the user's id with that of a connector.
//   - The documentation of InfluxDB shows discovery documents that do not list
//     the device grant in grant_types_supported: it is not required there.
package oidc
