package state

import (
	"fmt"
	"strings"
	"time"
)

// Error is what is wrong with the state or its files, in words for the user.
type Error struct {
	// Path of the file concerned.
	Path string
	// Line and Column count from 1, Column in characters; 0 for none.
	Line, Column int
	// Summary is one line without a full stop.
	Summary string
	// Hint says what to do, in whole sentences; may be empty.
	Hint string
	// Err is the cause, for errors.Is; nil if there is none. Summary says it.
	Err error
}

// Place is path, path:line or path:line:column.
func (e *Error) Place() string {
	switch {
	case e.Line == 0:
		return e.Path
	case e.Column == 0:
		return fmt.Sprintf("%s:%d", e.Path, e.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", e.Path, e.Line, e.Column)
	}
}

// Error is place, summary and hint in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Place() + ": ")
	}
	b.WriteString(e.Summary)
	if e.Hint != "" {
		b.WriteString(". " + e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// LockedError says that another run has the state.
type LockedError struct {
	// Path of what is locked, for people.
	Path string
	// Holder is who has it, as it wrote itself; zero if it did not (yet).
	Holder Holder
	// Waited is how long this run tried.
	Waited time.Duration
}

// Error says who holds the lock and what to do.
func (e *LockedError) Error() string {
	who := "another process, which has not said who it is"
	if e.Holder != (Holder{}) {
		who = e.Holder.String()
	}
	waited := ""
	if e.Waited > 0 {
		waited = fmt.Sprintf(" after waiting for %s", e.Waited)
	}
	return fmt.Sprintf("the state %s is locked%s by %s. Wait for it (-lock-timeout=5m does), or end that process if it hangs: "+
		"the lock goes with its process, and removing the lock file frees nothing", e.Path, waited, who)
}
