// Package view shows what the other packages found out: diagnostics, plans,
// the progress and summary of an apply, outputs, state, tables and checks, each
// as text for people and as JSON for programs. FORMAT.md documents the JSON.
//
// It decides nothing and talks to nobody: it gets finished values and two
// writers. Three rules hold for everything that it writes:
//
//   - Nothing sensitive is shown: marked values, write-only attributes and
//     those that their kind calls sensitive appear as "(sensitive value)" or
//     "(write-only)", and as null in JSON.
//   - No text from outside reaches the terminal raw. In quoted values, what
//     cannot be printed is escaped (\u001b, \u202e); elsewhere it becomes a space.
//   - Colour repeats what a symbol or word says already, so that everything can
//     be read without it.
package view
