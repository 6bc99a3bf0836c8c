// Package auth0 turns objects into Auth0's Management API v2 and back. It is built
// on Auth0's SDK, of which neither the sign-in nor the retries are used: what is
// sent passes through providers/transport.
//
//   - provider.go, settings.go, kind_*.go: what there is, as data;
//   - auth.go, call.go, pace.go: tokens, requests, and Auth0's rate limits;
//   - errors.go, permissions.go: what went wrong, and which scope is missing;
//   - tenants.go, connections.go, clients.go, apis.go, users.go, roles.go: reading;
//     apply*.go, imports.go: writing.
//
// The sources of what Auth0 does are pages of https://auth0.com/docs, named where
// they matter.
package auth0
