// Package entra turns objects into Microsoft Graph v1.0 and back. It is built on
// the request builders and models of Microsoft's SDK; what is sent passes through
// providers/transport, and nothing of the SDK repeats, compresses or logs.
//
//   - provider.go, kind_*.go: what there is, as data;
//   - auth.go, signin.go: tokens, by Azure's own credential library;
//   - graph.go, batch.go: requests, alone and twenty at a time, with throttling;
//   - errors.go, permissions.go: what went wrong, and which right is missing;
//   - tenants.go, clients.go, users.go, groups.go: reading; apply*.go: writing.
//
// Where a comment names a section, it is one of the facts about Graph that this
// provider was written from: https://learn.microsoft.com/graph/api/overview.
package entra
