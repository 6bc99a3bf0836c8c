// Package browser holds the tests that a real browser makes: Chromium signs in
// on the pages of an identity provider, by mouse and by keyboard alone, while
// `idpctl verify` waits, and what comes of it is compared with the AppInstance
// that `idpctl apply` wrote.
//
// They have the build tag browser, and need Chromium: `make test-browser`. By
// default the identity providers are the three emulators as `idpctl emulator`
// runs them; with the tag keycloak as well it is a real Keycloak, whose
// invitations go to a mail server of the test's own: `make test-browser-keycloak`.
// A further identity provider is one more row of providersOf, with its pages in a file of
// its own.
package browser
