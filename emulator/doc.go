// Package emulator is the house of the identity provider emulators; it holds no
// code of its own.
//
//   - keycloak: Keycloak's admin API, discovery, tokens and sign-in pages.
//   - entra: Microsoft Graph and the login service of Entra ID.
//   - auth0: Auth0's Management API and Authentication API, with its sign-in pages.
//   - oidc: what every emulator needs of OAuth and OpenID Connect: keys, device
//     codes.
//   - pages: the HTML pages that all of them show, with pagetest to check them.
//   - dashboard: the page on which a person looks into an emulator, and makes it fail.
//   - fault: a handler and a proxy that count requests and make them fail.
//   - formclient: signs in through HTML forms without a browser.
//   - localca: certificates for clients that insist on TLS.
//   - memnet: connections in memory, for tests on a virtual clock.
//
// Nothing here imports the product, and the product's providers import nothing
// from here: what an emulator gets wrong must not be what a provider gets
// wrong too.
package emulator
