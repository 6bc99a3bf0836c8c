package state

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// noFollow: Windows has no such flag; links are refused by the look before.
const noFollow = 0

// lockOffset is far behind the text of the lock file: a locked range cannot be
// read by others on Windows, and the text is for them.
const lockOffset = 1 << 30

// tryLock takes the lock of an open file, or reports that another has it.
func tryLock(f *os.File) (bool, error) {
	at := &windows.Overlapped{Offset: lockOffset}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

// unlock frees the lock of an open file.
func unlock(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{Offset: lockOffset})
}

// syncFolder: Windows cannot sync a folder; NTFS journals its entries.
func syncFolder(string) error { return nil }

// tooWide: access is by lists that the folder hands down, not by mode bits.
func tooWide(fs.FileMode) bool { return false }

// wrongMode reports whether a file is not as this package makes files.
func wrongMode(fs.FileMode) bool { return false }

func isReadOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }

func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
