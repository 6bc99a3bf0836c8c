// Package keycloak emulates Keycloak 26.7.3 in memory: the part of its admin
// API and of its OpenID Connect endpoints that it takes to set up a realm with
// clients, users and groups, and to sign in through the device flow.
//
// What it does was measured on a real server, and the tests of this package
// run one table of requests against both. Where the two disagree, the emulator
// is wrong. The data files come from a server too: schema.json has the fields
// and types of its representations, defaults.json what a new realm holds.
//
// A route that is not emulated answers 501 and says so; a field that a real
// representation does not have is refused as the server does. Fields that
// exist and that the emulator does not interpret are kept and given back.
//
// Nothing is written to disk, no goroutine is left behind, and time comes from
// Options.Now, so a server can live under the clock of testing/synctest.
package keycloak
