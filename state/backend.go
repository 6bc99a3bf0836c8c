package state

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Backend stores the bytes of a state and knows nothing of what they mean. A
// local one is [Local]. Its methods are called by one goroutine at a time.
type Backend interface {
	// String names the place, for messages.
	String() string
	// Lock takes the lock or fails at once: with a [*LockedError] if another
	// holds it, with an error that is [ErrCannotLock] if nobody could lock
	// here because nothing can be written.
	Lock(ctx context.Context, h Holder) error
	// Unlock frees it.
	Unlock() error
	// Read returns what is stored. Without the lock it is still one consistent
	// pair of snapshot and journal, perhaps of a moment ago.
	Read(ctx context.Context) (Stored, error)
	// Append adds a line to the journal, which it creates if need be. The line
	// is durable when it returns nil. After an error nothing is known about
	// the end of the journal, and Append is not called again.
	Append(ctx context.Context, line []byte) error
	// Replace makes a new snapshot take the place of the old one, at once and
	// durably, then drops the journal. It fails without a change if somebody
	// else changed the snapshot since Read. After any other error the old or
	// the new snapshot is there, whole, and the journal if the old one is.
	Replace(ctx context.Context, snapshot []byte) error
	// Discard drops the journal alone.
	Discard(ctx context.Context) error
}

// ErrCannotLock says that the place of the state cannot be written to.
var ErrCannotLock = errors.New("nothing can be written there, so it cannot be locked")

// Stored is what a backend holds.
type Stored struct {
	// Snapshot is nil if there is none; empty means an empty file.
	Snapshot []byte
	// Journal is nil if there is none.
	Journal []byte
	// SnapshotPath, JournalPath and BackupPath are for messages; BackupPath is
	// empty if there is no backup.
	SnapshotPath, JournalPath, BackupPath string
	// Notices are sentences that the user should read.
	Notices []string
}

// Holder says who runs, for the message to those who wait.
type Holder struct {
	User string `json:"user,omitempty"`
	Host string `json:"host,omitempty"`
	PID  int    `json:"pid,omitempty"`
	// Command is the command as typed, without values of variables.
	Command string `json:"command,omitempty"`
	// ToolVersion is the version of idpctl.
	ToolVersion string `json:"tool_version,omitempty"`
	// Started is when the process took the lock, by its machine's clock.
	Started time.Time `json:"started,omitzero"`
}

// String is "marty@host (process 4711, idpctl apply, since 2026-01-02 15:04:05 UTC)".
func (h Holder) String() string {
	var in []string
	if h.PID != 0 {
		in = append(in, fmt.Sprintf("process %d", h.PID))
	}
	if h.Command != "" {
		in = append(in, printable(h.Command))
	}
	if !h.Started.IsZero() {
		in = append(in, "since "+h.Started.UTC().Format("2006-01-02 15:04:05 MST"))
	}
	return fmt.Sprintf("%s@%s (%s)", printable(h.User), printable(h.Host), strings.Join(in, ", "))
}

// printable keeps control characters of a file's text out of a terminal.
func printable(s string) string {
	const most = 200
	runes := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
