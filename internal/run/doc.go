// Package run is one run of idpctl: it loads the configuration, locks and
// reads the state, walks the graph layer by layer (each layer's reads are
// batched, and feed the expressions of the next), has package plan diff the
// finished world, and has package apply execute the result.
//
// It is where configuration and state meet, and the only package that knows
// both. What a user sees of it is in internal/view, what a user types in
// internal/cli.
package run
