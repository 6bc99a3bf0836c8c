package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Lock implements [Backend]. The lock is one of the operating system on a file
// of its own, so that it goes with the process. The file stays: its text says
// who has the lock while somebody has it, and means nothing otherwise.
func (l *Local) Lock(_ context.Context, h Holder) error {
	path := l.path + lockSuffix
	const attempts = 10
	for range attempts {
		f, err := openLock(path)
		if err != nil {
			return err
		}
		ok, err := tryLock(f)
		if err != nil {
			return errors.Join(&Error{Path: path, Summary: fmt.Sprintf("cannot be locked: %v", err), Err: err,
				Hint: "The file system of this folder must know locks."}, f.Close())
		}
		if !ok {
			holder := readHolder(f)
			return errors.Join(&LockedError{Path: l.path, Holder: holder}, f.Close())
		}
		l.lock = f
		if !l.holdsLock() {
			// The file was removed between opening and locking: lock the new one.
			l.lock = nil
			if err := f.Close(); err != nil {
				return err
			}
			continue
		}
		if err := writeHolder(f, h); err != nil {
			return errors.Join(cannotWrite(path, err), l.Unlock())
		}
		return nil
	}
	return &Error{Path: path, Summary: "the lock file keeps being removed", Hint: "Leave it where it is: it may stay for ever."}
}

// Unlock implements [Backend].
func (l *Local) Unlock() error {
	var err error
	if l.journal != nil {
		err = l.journal.Close()
		l.journal = nil
	}
	if l.lock != nil {
		// An empty file tells a reader that nobody has the lock. Closing alone
		// would not free it while a process that is just being started by this
		// one still has a copy of the open file.
		err = errors.Join(err, l.lock.Truncate(0), unlock(l.lock), l.lock.Close())
		l.lock = nil
	}
	return err
}

// holdsLock reports whether the locked file is still the one at its path:
// people remove lock files, and the next run then locks another one.
func (l *Local) holdsLock() bool {
	mine, err := l.lock.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(l.path + lockSuffix)
	return err == nil && os.SameFile(mine, there)
}

// stillLocked is asked before every write: a run that lost its lock stops.
func (l *Local) stillLocked() error {
	if l.lock == nil {
		return errors.New("state: writing without the lock")
	}
	if !l.holdsLock() {
		return &Error{Path: l.path + lockSuffix, Summary: "the lock file was removed or replaced during the run, so another run may have begun",
			Hint: "Nothing more is written. Make sure that no other run is on, then run idpctl again: it continues from the journal."}
	}
	return nil
}

// openLock opens the lock file, and makes it if it is missing.
func openLock(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err == nil {
		err = mustBeRegular(path, info)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, cannotRead(path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, fileMode)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Error{Path: path, Summary: "the folder does not exist", Err: err}
	case errors.Is(err, fs.ErrPermission) || isReadOnly(err):
		return nil, &Error{Path: path, Summary: fmt.Sprintf("the state cannot be locked: %v", err),
			Hint: "Run idpctl where it may write to the folder of the state.", Err: errors.Join(ErrCannotLock, err)}
	case err != nil:
		return nil, cannotRead(path, err)
	}
	info, err = f.Stat()
	if err == nil {
		err = mustBeRegular(path, info)
	}
	if err == nil && wrongMode(info.Mode()) {
		// Another owner's file still serves as a lock.
		_ = f.Chmod(fileMode)
	}
	if err != nil {
		return nil, errors.Join(cannotRead(path, err), f.Close())
	}
	return f, nil
}

func writeHolder(f *os.File, h Holder) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(text, '\n'), 0)
	return err
}

// readHolder is who wrote itself into the lock file; zero if that cannot be
// read, as right after the lock was taken.
func readHolder(f *os.File) Holder {
	const most = 4096
	var h Holder
	text, err := io.ReadAll(io.NewSectionReader(f, 0, most))
	if err != nil || json.Unmarshal(text, &h) != nil {
		return Holder{}
	}
	return h
}
