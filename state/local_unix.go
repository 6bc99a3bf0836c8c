//go:build unix

package state

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// noFollow refuses a symbolic link at the end of a path, and does not wait for
// the other end of a named pipe.
const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

// tryLock takes the lock of an open file, or reports that another has it. It
// belongs to the open file, not to the process.
func tryLock(f *os.File) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, unix.EINTR):
			return false, err
		}
	}
}

// unlock frees the lock of an open file, also for the copies of it that child
// processes have.
func unlock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// tooWide reports whether others than the owner may do anything with a file.
func tooWide(m fs.FileMode) bool { return m.Perm()&0o077 != 0 }

// wrongMode reports whether a file is not as this package makes files.
func wrongMode(m fs.FileMode) bool { return m.Perm() != fileMode }

func isReadOnly(err error) bool { return errors.Is(err, unix.EROFS) }

func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }
