// Package diag is what a user is told when something is wrong: every package
// says it in these words, and internal/view shows it.
package diag

import (
	"fmt"
	"strings"
)

// Severity tells an error, which stops the run, from a warning.
type Severity uint8

const (
	// Error stops the run.
	Error Severity = iota
	// Warning does not.
	Warning
)

// String is "Error" or "Warning".
func (s Severity) String() string {
	if s == Warning {
		return "Warning"
	}
	return "Error"
}

// Pos is a position in a file; Line and Column count from 1, Column in
// characters, Byte from 0.
type Pos struct{ Line, Column, Byte int }

// Range is a piece of a file. The zero Range is none.
type Range struct {
	Filename   string
	Start, End Pos
}

// IsZero reports whether r is no range.
func (r Range) IsZero() bool { return r.Filename == "" }

// String is file:line:column, as editors and CI systems link it.
func (r Range) String() string {
	if r.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", r.Filename, r.Start.Line, r.Start.Column)
}

// Diagnostic is one thing to tell. Its texts never hold a secret.
type Diagnostic struct {
	Severity Severity
	// Summary is one line without a full stop.
	Summary string
	// Detail says what was found and what to do, in whole sentences.
	Detail string
	// Subject is where in the configuration; zero if nowhere.
	Subject Range
	// Address of the resource concerned, as text; empty if none.
	Address string
}

// Error is the diagnostic in one line, for logs and wrapped errors.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if !d.Subject.IsZero() {
		b.WriteString(d.Subject.String() + ": ")
	}
	b.WriteString(d.Summary)
	if d.Detail != "" {
		b.WriteString(": " + d.Detail)
	}
	return b.String()
}

// Diagnostics is a list of them, in the order to show.
type Diagnostics []Diagnostic

// HasErrors reports whether one of them stops the run.
func (ds Diagnostics) HasErrors() bool {
	for _, d := range ds {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// Errorf appends an error without a place.
func (ds Diagnostics) Errorf(summary, format string, args ...any) Diagnostics {
	return append(ds, Diagnostic{Summary: summary, Detail: fmt.Sprintf(format, args...)})
}

// Error joins all of them, one a line. It implements error for the callers
// that pass diagnostics as one.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}
