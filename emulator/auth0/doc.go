// Package auth0 emulates an Auth0 tenant in memory: the part of the Management
// API v2 and of the Authentication API that it takes to set up an application
// with its database connection, APIs, users and roles, and to sign in through
// the device flow. One handler serves both: the Management API below /api/v2,
// the rest beside it.
//
// Nobody measured it on a real tenant: it is derived from recordings of Auth0's
// own clients, from its documentation, and from issues that report how it
// behaves. Those facts stand in facts.md, and "section" in a comment means one
// of its sections; "mem" marks what has no better source than memory. A route
// that is not emulated answers 501 and says so; a property or a parameter that
// Auth0 does not have is refused with 400.
//
// Faults are not built in: put a fault.Injector in front of a [Server], with
// [Mutates] as its Mutating. Lag, rate limits and quotas are built in, because
// they depend on what a request is about (Options.Lag, Rate, Quota).
//
// Nothing is written to disk, no goroutine is left behind, and time comes from
// Options.Clock, so a server can live under the clock of testing/synctest.
package auth0
