// Package cli is the command line: one file for each command, which reads its
// flags, has internal/run do the work, and internal/view show it. The package
// decides on exit codes and on what is asked at a terminal; it holds no logic
// of plan or apply, and no provider's code.
//
// Exit codes: 0 for success, 1 for an error, 2 for changes under
// -detailed-exitcode, 130 after a second interrupt.
package cli
