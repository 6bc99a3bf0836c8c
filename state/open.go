package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"sync"
	"time"
)

// LockMode says how a run takes the lock.
type LockMode uint8

const (
	// Locked: no run without the lock; for everything that may write.
	Locked LockMode = iota
	// LockIfPossible: where nothing can be written, such as a read-only
	// checkout, the state is read without the lock, and a notice says so; for
	// plan. A lock that another run holds is an error all the same.
	LockIfPossible
	// NotLocked: only to look, such as state list; what is read is consistent,
	// and a run that is on may be ahead of it.
	NotLocked
)

// Options of [Open].
type Options struct {
	Lock LockMode
	// LockTimeout is how long to wait for the lock; 0: not at all.
	LockTimeout time.Duration
	// Waiting is told once when the wait begins; nil for nobody.
	Waiting func(*LockedError)
	// Command and ToolVersion are for [Holder].
	Command, ToolVersion string
}

// The pauses between two attempts at the lock.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// lingering is how long records that nobody waits for are gathered.
const lingering = 50 * time.Millisecond

// Open locks and reads a state and replays its journal. Whatever happens
// later, [Session.Close] must be called. Errors are [*Error], [*LockedError]
// or that of the context.
func Open(ctx context.Context, b Backend, o Options) (*Session, error) {
	s := &Session{
		backend: b,
		linger:  lingering,
		holder:  whoAmI(o.Command, o.ToolVersion),
		// A run that is interrupted still has to write down what it did.
		ctx: context.WithoutCancel(ctx),
	}
	s.idle = sync.NewCond(&s.mu)
	if o.Lock != NotLocked {
		err := lock(ctx, b, s.holder, o)
		switch {
		case err == nil:
			s.locked = true
		case o.Lock == LockIfPossible && errors.Is(err, ErrCannotLock):
			s.notices = append(s.notices, fmt.Sprintf("The state %s is read without a lock, as nothing can be written there. A run that goes on elsewhere may change it.", b))
		default:
			return nil, err
		}
	}
	if err := s.read(); err != nil {
		if s.locked {
			err = errors.Join(err, b.Unlock())
		}
		return nil, err
	}
	return s, nil
}

// lock takes the lock, or waits for it as long as the options say.
func lock(ctx context.Context, b Backend, h Holder, o Options) error {
	began := time.Now()
	told := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := b.Lock(ctx, h)
		var held *LockedError
		if !errors.As(err, &held) {
			return err
		}
		waited := time.Since(began)
		left := o.LockTimeout - waited
		if left <= 0 {
			held.Waited = min(waited, o.LockTimeout).Round(time.Second)
			return held
		}
		if !told && o.Waiting != nil {
			o.Waiting(held)
		}
		told = true
		timer := time.NewTimer(min(pause, left))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
	}
}

// whoAmI is this process, as far as it knows itself.
func whoAmI(command, version string) Holder {
	h := Holder{PID: os.Getpid(), Command: command, ToolVersion: version, Started: time.Now().UTC().Truncate(time.Second)}
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	} else {
		h.User = fmt.Sprintf("uid %d", os.Getuid())
	}
	if host, err := os.Hostname(); err == nil {
		h.Host = host
	}
	return h
}

// read fills the session with what is stored.
func (s *Session) read() error {
	stored, err := s.backend.Read(s.ctx)
	if err != nil {
		return err
	}
	s.notices = append(s.notices, stored.Notices...)
	var base *State
	if stored.Snapshot != nil {
		if base, err = Decode(stored.SnapshotPath, stored.Snapshot); err != nil {
			return withBackup(err, stored)
		}
	}
	j, err := decodeJournal(stored.JournalPath, stored.Journal)
	if err != nil {
		return err
	}
	s.world, s.leftover = newWorld(base), stored.Journal != nil
	if base == nil && j == nil && stored.BackupPath != "" {
		s.notices = append(s.notices, fmt.Sprintf("There is no state %s, but %s exists, which is the state before the last run. "+
			"If the state was not removed on purpose, copy the backup to its place.", stored.SnapshotPath, stored.BackupPath))
	}
	if j == nil {
		if len(stored.Journal) > 0 && s.locked {
			s.notices = append(s.notices, fmt.Sprintf("Nothing in %s can be read, and it was ignored. A run that ended while it wrote its first line leaves that, "+
				"and had done nothing yet. If the file was changed since, put the right copy back before you apply.", stored.JournalPath))
		}
		return nil
	}
	continues, err := bind(stored, base, j)
	if err != nil || !continues {
		return err
	}
	for _, r := range j.records {
		if err := s.world.apply(r); err != nil {
			return &Error{Path: stored.JournalPath, Summary: "the journal does not fit the state: " + printable(err.Error()), Err: err,
				Hint: "One of the two was changed by something else. Put the right copy of " + stored.SnapshotPath +
					" back, or move the journal away if it is known to be worthless."}
		}
	}
	s.world.commit()
	if !j.ended {
		s.interrupted = &j.begin
	}
	if j.torn > 0 && s.locked {
		s.notices = append(s.notices, fmt.Sprintf("The last line of %s (line %d) is incomplete and was ignored: the run ended while it was written. "+
			"What it was about is looked up.", stored.JournalPath, j.torn))
	}
	return nil
}

// bind reports whether a journal continues a snapshot (nil: there is none); if
// not, and there is no error, the snapshot contains it already.
func bind(stored Stored, base *State, j *journal) (continues bool, err error) {
	bad := func(summary, hint string) (bool, error) {
		return false, &Error{Path: stored.JournalPath, Summary: summary, Hint: hint}
	}
	run := fmt.Sprintf("the run of %s", j.begin.Holder)
	worthless := " If that run is known not to matter, move the journal away."
	switch {
	case base == nil && j.begin.Serial == 0:
		return true, nil
	case base == nil:
		hint := "Put the state file back."
		if stored.BackupPath != "" {
			hint += " " + stored.BackupPath + " is an older one."
		}
		return bad(fmt.Sprintf("the journal of %s is here, and the state that it continues, %s with serial %d, is not",
			run, stored.SnapshotPath, j.begin.Serial), hint+worthless)
	case j.begin.Lineage != base.Lineage:
		return bad(fmt.Sprintf("the journal of %s belongs to another state: its lineage is %s, that of %s is %s",
			run, printable(j.begin.Lineage), stored.SnapshotPath, printable(base.Lineage)),
			"Put the state with the journal's lineage back, or move the journal to where that state is.")
	case j.begin.Serial == base.Serial:
		return true, nil
	case j.begin.Serial < base.Serial && j.begin.Run == base.Run:
		return false, nil
	case j.begin.Serial < base.Serial:
		return bad(fmt.Sprintf("the journal of %s continues serial %d, and %s has serial %d without what the journal holds",
			run, j.begin.Serial, stored.SnapshotPath, base.Serial),
			fmt.Sprintf("Put the state with serial %d back.", j.begin.Serial)+worthless)
	default:
		return bad(fmt.Sprintf("the journal of %s continues serial %d, and %s is older: its serial is %d",
			run, j.begin.Serial, stored.SnapshotPath, base.Serial),
			fmt.Sprintf("Put the state with serial %d back.", j.begin.Serial)+worthless)
	}
}

// withBackup adds to an unreadable snapshot's error that there is a backup.
func withBackup(err error, stored Stored) error {
	var e *Error
	if errors.As(err, &e) && stored.BackupPath != "" {
		e.Hint += " " + stored.BackupPath + " is the state before the last run."
	}
	return err
}
