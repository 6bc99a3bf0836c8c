// Package plan says what an apply would do. A plan is a list of changes, one
// for each object of the configuration or the state, found by comparing three
// things: what the configuration desires, what is live at the identity
// provider, and what the state says was there after the last apply.
//
// Everything here is a pure function: no clock, no network, no files. The
// package internal/run gathers the three; apply executes the result.
//
// The rules, in short:
//
//   - desired and live decide what changes; prior decides only what to call it
//     (drift or change of the configuration) and what is idpctl's to remove.
//   - An object that is in the configuration and exists, but is not in the
//     state, is adopted or refused, never created.
//   - An object in neither configuration nor state does not appear.
package plan
