// Package state keeps what idpctl knows between two runs: which object at the
// identity provider belongs to which address, and what was begun and is not
// known to be done. It knows no provider and no plan; attributes travel through
// it as JSON that the caller encodes.
//
// # Files
//
// The local backend keeps four files beside each other, all of mode 0600:
//
//	idpctl.idpstate          the snapshot: the state after the last run
//	idpctl.idpstate.backup   the snapshot before that
//	idpctl.idpstate.journal  what the present run, or one that died, did since
//	idpctl.idpstate.lock     held by flock while a run is on; never removed
//
// # Promises
//
// The snapshot is replaced by rename and never written in place: at every
// moment it is the whole old one or the whole new one. An intent is durable
// when [Session.Intend] returns, so a caller that sends requests only after
// that finds, after any crash, every change that it may have made. What was
// confirmed by [Session.Append] is never lost. A journal cut at any byte
// replays to the state as it was at one moment of that run ([Replay] is a pure
// function, and the tests cut at every byte).
//
// A result may be lost, and that is all: it then counts as unknown, its intent
// is among [Session.OpenIntents] of the next run, and that run looks before it
// does anything. Intents that are still open when a run ends go on in the
// snapshot.
//
// # Secrets
//
// The package does not know which attribute is a secret, and cannot check it:
// callers strip write-only and sensitive values before they hand over
// attributes. What it can refuse, it does: a sensitive output with a value. A
// credential that waits to be delivered is kept as a fact, without its value.
package state
