package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultFile is the name of the snapshot in the folder of a configuration.
const DefaultFile = "idpctl.idpstate"

// What stands beside the snapshot.
const (
	journalSuffix = ".journal"
	backupSuffix  = ".backup"
	lockSuffix    = ".lock"
	tempSuffix    = ".tmp"
)

// fileMode of everything that the local backend makes, whatever the umask.
const fileMode fs.FileMode = 0o600

// LocalOptions of [NewLocal].
type LocalOptions struct {
	// Hook is called before every step that changes something on disk; its
	// error takes the place of the step. Nil for none; it is for tests.
	Hook func(step string) error
}

// Local keeps a state in files of one folder. Symbolic links are not followed
// for any of the files.
type Local struct {
	path string
	hook func(step string) error
	// lock is the locked lock file; nil without the lock.
	lock *os.File
	// journal is open for appending; nil before the first Append.
	journal *os.File
	// seen is the snapshot as Read or Replace left it; nil if there was none.
	seen fs.FileInfo
	// betweenReads is called between the reads of journal and snapshot; nil
	// but in tests.
	betweenReads func()
	// unsynced leaves the disk alone at every sync, which a process that
	// survives cannot tell; for tests that stop at each of many steps.
	unsynced bool
}

var _ Backend = (*Local)(nil)

// NewLocal is the backend with its snapshot at path.
func NewLocal(path string, o LocalOptions) *Local {
	hook := o.Hook
	if hook == nil {
		hook = func(string) error { return nil }
	}
	return &Local{path: path, hook: hook}
}

// String is the path of the snapshot.
func (l *Local) String() string { return l.path }

// Read implements [Backend].
func (l *Local) Read(context.Context) (Stored, error) {
	stored := Stored{SnapshotPath: l.path, JournalPath: l.path + journalSuffix}
	// Without the lock a run may end between the two reads: its journal is read,
	// then another snapshot. The pair is good as long as the journal is still
	// that file, as it is dropped only after the snapshot that contains it is
	// in place.
	const attempts = 10
	for range attempts {
		journal, err := openRegular(stored.JournalPath)
		if err != nil {
			return Stored{}, err
		}
		if l.betweenReads != nil {
			l.betweenReads()
		}
		snapshot, err := openRegular(l.path)
		if err != nil {
			return Stored{}, errors.Join(err, journal.close())
		}
		stored.Journal, stored.Snapshot, l.seen = journal.data, snapshot.data, snapshot.info
		still := journal.isStill(stored.JournalPath)
		if still {
			stored.Notices = slices.Concat(l.narrow(snapshot), l.narrow(journal))
		}
		if err := errors.Join(journal.close(), snapshot.close()); err != nil {
			return Stored{}, err
		}
		if still {
			if info, err := os.Lstat(l.path + backupSuffix); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
				stored.BackupPath = l.path + backupSuffix
			}
			return stored, nil
		}
	}
	return Stored{}, &Error{Path: l.path, Summary: "other runs keep changing the state while it is read", Hint: "Try again, or read it with the lock."}
}

// narrow sees to it that a file is nobody else's to read, or says that it is
// not.
func (l *Local) narrow(f *regular) []string {
	if f.info == nil || !tooWide(f.info.Mode()) {
		return nil
	}
	mode := f.info.Mode().Perm()
	if l.lock == nil {
		return []string{fmt.Sprintf("%s can be read by others (mode %04o). The next apply sets %04o.", f.path, mode, fileMode)}
	}
	err := l.do("chmod", func() error { return f.file.Chmod(fileMode) })
	if err != nil {
		return []string{fmt.Sprintf("%s can be read by others (mode %04o), and changing that failed: %v.", f.path, mode, err)}
	}
	return []string{fmt.Sprintf("%s could be read by others (mode %04o). It is now %04o.", f.path, mode, fileMode)}
}

// Append implements [Backend].
func (l *Local) Append(_ context.Context, line []byte) error {
	if err := l.stillLocked(); err != nil {
		return err
	}
	path := l.path + journalSuffix
	created := false
	if l.journal == nil {
		err := l.do("create journal", func() (err error) {
			l.journal, err = create(path, os.O_APPEND)
			return err
		})
		if err != nil {
			return cannotWrite(path, err)
		}
		created = true
	}
	err := l.do("write journal", func() error { return writeAll(l.journal, line) })
	if err == nil {
		err = l.do("sync journal", l.journal.Sync)
	}
	if err == nil && created {
		err = l.syncFolder("journal")
	}
	if err != nil {
		return cannotWrite(path, err)
	}
	return nil
}

// Replace implements [Backend].
func (l *Local) Replace(ctx context.Context, snapshot []byte) error {
	if err := l.stillLocked(); err != nil {
		return err
	}
	old, err := openRegular(l.path)
	if err != nil {
		return err
	}
	if err := old.close(); err != nil {
		return err
	}
	if !sameFile(l.seen, old.info) {
		return &Error{Path: l.path, Summary: "the state was changed by something else during the run, so it is not overwritten",
			Hint: "What the run did is in " + l.path + journalSuffix + ". Put the state back as it was before the run, and the next one continues from there."}
	}
	if old.info != nil {
		if err := l.writeFile("backup", l.path+backupSuffix, old.data); err != nil {
			return err
		}
	}
	if err := l.writeFile("snapshot", l.path, snapshot); err != nil {
		return err
	}
	if l.seen, err = os.Lstat(l.path); err == nil {
		err = l.syncFolder("snapshot")
	}
	if err != nil {
		return &Error{Path: l.path, Summary: fmt.Sprintf("was written and could not be synced: %v", err), Err: err,
			Hint: "The journal stays, so nothing is lost even if the machine fails now. The next apply cleans up."}
	}
	return l.Discard(ctx)
}

// Discard implements [Backend].
func (l *Local) Discard(context.Context) error {
	path := l.path + journalSuffix
	if l.journal != nil {
		// It was synced when it was written: nothing is lost with an error here.
		_ = l.journal.Close()
		l.journal = nil
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	err := l.do("remove journal", func() error { return os.Remove(path) })
	if err == nil {
		err = l.syncFolder("removal of journal")
	}
	if err != nil {
		return &Error{Path: path, Summary: fmt.Sprintf("the journal is not needed any more and cannot be removed: %v", err), Err: err,
			Hint: "Nothing is lost: the next apply removes it."}
	}
	return nil
}

// writeFile makes a file with the given content take the place of path at once.
func (l *Local) writeFile(what, path string, data []byte) (err error) {
	temp := path + tempSuffix
	var f *os.File
	defer func() {
		if err != nil {
			err = cannotWrite(path, err)
		}
	}()
	if _, statErr := os.Lstat(temp); statErr == nil {
		// A run that died left it.
		if err := l.do("remove old temp "+what, func() error { return os.Remove(temp) }); err != nil {
			return err
		}
	}
	if err := l.do("create "+what, func() (err error) { f, err = create(temp, 0); return err }); err != nil {
		return err
	}
	err = l.do("write "+what, func() error { return writeAll(f, data) })
	if err == nil {
		err = l.do("sync "+what, f.Sync)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = l.do("rename "+what, func() error { return os.Rename(temp, path) })
	}
	if err != nil {
		return errors.Join(err, l.do("remove temp "+what, func() error { return os.Remove(temp) }))
	}
	return nil
}

// syncFolder makes what was created, renamed or removed in the folder durable.
func (l *Local) syncFolder(after string) error {
	return l.do("sync folder after "+after, func() error { return syncFolder(filepath.Dir(l.path)) })
}

// do does a step, unless the hook stands in its way.
func (l *Local) do(step string, f func() error) error {
	if err := l.hook(step); err != nil {
		return err
	}
	if l.unsynced && strings.HasPrefix(step, "sync ") {
		return nil
	}
	return f()
}

// cannotWrite says that a file could not be written, and that the old is safe.
func cannotWrite(path string, err error) error {
	hint := "What was there before is unchanged."
	if isFull(err) {
		hint = "Make room on the disk. " + hint
	}
	return &Error{Path: path, Summary: fmt.Sprintf("cannot be written: %v", err), Hint: hint, Err: err}
}

// create makes a new file that only its owner can read; a file that exists is
// an error, and so is a symbolic link.
func create(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|noFollow|flag, fileMode)
	if err != nil {
		return nil, err
	}
	// The umask may have taken more away than was asked for.
	if err := f.Chmod(fileMode); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func writeAll(f *os.File, data []byte) error {
	n, err := f.Write(data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	return err
}

// regular is a file that was read. It stays open, so that another file cannot
// get its identity, until close.
type regular struct {
	path string
	file *os.File
	// info is nil if there is no such file.
	info fs.FileInfo
	// data is nil if there is no such file, and not nil otherwise.
	data []byte
}

// openRegular reads a file that may be missing and must be nothing but a
// regular file.
func openRegular(path string) (*regular, error) {
	r := &regular{path: path}
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, cannotRead(path, err)
	}
	if err := mustBeRegular(path, info); err != nil {
		return nil, err
	}
	if r.file, err = os.OpenFile(path, os.O_RDONLY|noFollow, 0); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return &regular{path: path}, nil
		}
		return nil, cannotRead(path, err)
	}
	// It may have become something else since.
	if r.info, err = r.file.Stat(); err == nil {
		err = mustBeRegular(path, r.info)
	}
	if err == nil {
		var b bytes.Buffer
		b.Grow(int(r.info.Size()) + bytes.MinRead)
		_, err = b.ReadFrom(r.file)
		r.data = b.Bytes()
	}
	if err != nil {
		return nil, errors.Join(cannotRead(path, err), r.file.Close())
	}
	return r, nil
}

func (r *regular) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// isStill reports whether path is still the file that was read, or is still
// missing.
func (r *regular) isStill(path string) bool {
	info, err := os.Lstat(path)
	if r.info == nil || err != nil {
		return r.info == nil && errors.Is(err, fs.ErrNotExist)
	}
	return os.SameFile(r.info, info)
}

// sameFile reports whether a file is the same and was not written to; nil
// stands for a missing one.
func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func mustBeRegular(path string, info fs.FileInfo) error {
	switch {
	case info.Mode().IsRegular():
		return nil
	case info.Mode()&fs.ModeSymlink != 0:
		return &Error{Path: path, Summary: "this is a symbolic link, which idpctl does not follow for its state",
			Hint: "Put the file itself here, or run idpctl in the folder that holds it."}
	default:
		return &Error{Path: path, Summary: fmt.Sprintf("this is not a regular file (%s)", info.Mode()), Hint: "Move it away."}
	}
}

func cannotRead(path string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	hint := ""
	if errors.Is(err, fs.ErrPermission) {
		hint = "Run idpctl as the user who owns the file."
	}
	return &Error{Path: path, Summary: fmt.Sprintf("cannot be read: %v", err), Hint: hint, Err: err}
}
