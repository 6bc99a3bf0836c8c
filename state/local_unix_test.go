//go:build unix

package state

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const errNoSpace = unix.ENOSPC

func makePipe(path string) error { return unix.Mkfifo(path, 0o600) }

func TestFilesArePrivateWhateverTheUmask(t *testing.T) {
	for _, mask := range []int{0, 0o077, 0o777} {
		b, path := inFolder(t)
		old := unix.Umask(mask)
		apply(t, b, Put{object("user.marty", "1")})
		s := begin(t, b)
		must(t, s.Append(Put{object("user.doc", "2")}))
		got := folder(t, filepath.Dir(path))
		must(t, s.Close())
		got += " " + folder(t, filepath.Dir(path))
		unix.Umask(old)
		if strings.Count(got, "(0600)") != len(strings.Fields(got)) {
			t.Errorf("umask %04o: %s", mask, got)
		}
	}
}

func TestWiderPermissionsAreToldAndNarrowed(t *testing.T) {
	b, path := inFolder(t)
	apply(t, b, Put{object("user.marty", "1")})
	s := begin(t, b)
	must(t, s.Append(Put{object("user.doc", "2")}))
	must(t, b.Unlock())
	for _, suffix := range []string{"", ".journal", ".lock"} {
		must(t, os.Chmod(path+suffix, 0o644))
	}
	look, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{Lock: NotLocked})
	must(t, err)
	if got := strings.Join(look.Notices(), "\n"); !strings.Contains(got, path+" can be read by others (mode 0644)") || !strings.Contains(got, path+".journal can") {
		t.Errorf("without the lock: %s", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Error("changed without the lock")
	}
	s = open(t, NewLocal(path, LocalOptions{}))
	if got := strings.Join(s.Notices(), "\n"); !strings.Contains(got, path+" could be read by others (mode 0644). It is now 0600.") {
		t.Errorf("with the lock: %s", got)
	}
	if got := folder(t, filepath.Dir(path)); strings.Contains(got, "0644") {
		t.Errorf("with the lock: %s", got)
	}
	must(t, s.Close())
	must(t, os.Chmod(path, 0o640))
	failing := NewLocal(path, LocalOptions{Hook: func(string) error { return fs.ErrPermission }})
	if got := strings.Join(open(t, failing).Notices(), "\n"); !strings.Contains(got, "changing that failed") {
		t.Errorf("where it cannot be changed: %s", got)
	}
}
