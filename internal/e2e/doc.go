// Package e2e holds the tests of the whole program: the commands as a user
// types them, next to an identity provider and to somebody else who works on
// it at the same time, and the process killed at every moment that matters.
//
// By default the identity providers are the emulators, in the same process.
// With the build tag keycloak the same tests run on a real Keycloak, at the
// address in IDPCTL_TEST_KEYCLOAK: `make test-keycloak` starts one. A further
// target is one more entry in targets, with its blocks of HCL and a client of
// its admin API.
//
// With the build tag dex there are tests on a real Dex beside them, which each start
// one: `make test-dex`.
//
// What has to hold of every identity provider is tested by one table of them,
// subjects: a process that dies at any request, secrets, mistakes, and servers
// that fail. A further provider is one more row, in a file of its own.
package e2e
