// Package archtest holds the tests that keep the architecture as
// ARCHITECTURE.md draws it, and a few rules that no linter knows. It reads the
// source of the whole module, and has no code of its own.
package archtest
