// Package entra emulates Microsoft Entra ID in memory: the part of Microsoft
// Graph v1.0 and of the login service that it takes to set up an application
// with its service principal, users, guests and groups, and to sign in through
// the device flow. One handler serves both: Graph below /v1.0, the login
// service below /{tenant}/.
//
// Nobody measured it on a real tenant: it is derived from Microsoft's
// documentation, from what other clients do about Graph's behaviour, and from
// issues that report it. Those facts stand in facts.md, and "section" in a
// comment means one of its sections; "mem" marks what has no better source
// than memory. A route that is not emulated answers
// 501 and says so; a property that Graph does not have is refused with 400.
//
// Faults are not built in: put a fault.Injector in front of a [Server], with
// [Mutates] as its Mutating, and another one around the items of batches
// (Options.Items). Lag and throttling are built in, because they depend on what
// a request is about (Options.Lag, Options.Throttle).
//
// Nothing is written to disk, no goroutine is left behind, and time comes from
// Options.Clock, so a server can live under the clock of testing/synctest.
package entra
