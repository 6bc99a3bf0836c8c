// Package keycloak is the provider for Keycloak 26: realms, clients, users and
// groups through the Admin REST API. The calls are gocloak's, or made with its
// resty client where gocloak has none or drops what matters; everything passes
// through [transport.Transport], which is the only one to repeat a request.
//
// What is written here about the server's behaviour was seen on Keycloak
// 26.7.3; the tests behind the build tag "keycloak" check it on a real one.
// The things that shape the code most:
//
//   - PUT on a user leaves absent fields alone, but as soon as it holds
//     "attributes", every absent name and e-mail is emptied too.
//   - PUT on a client merges attributes and drops those with an empty value;
//     on a realm it replaces the custom ones; on a user and a group, all.
//   - Default and optional client scopes are ignored in a client's PUT, and
//     unknown ones in its POST.
//   - An account with query-users but without view-users gets an empty list
//     instead of an error, and likewise for clients and groups.
//   - An attribute that the realm's user profile does not know is dropped
//     behind a 2xx, and so is an unknown required action.
//   - There is no Date header: the clock is that of the access token.
package keycloak
