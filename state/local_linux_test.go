package state

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// asNobody lets root's privileges go for this goroutine's file accesses, so
// that mode bits count; a test that does not run as root needs nothing.
func asNobody(t *testing.T) {
	const nobody = 65534
	if os.Getuid() != 0 {
		return
	}
	runtime.LockOSThread()
	must(t, unix.Setfsuid(nobody))
	t.Cleanup(func() {
		must(t, unix.Setfsuid(0))
		runtime.UnlockOSThread()
	})
}

func TestReadOnlyFolder(t *testing.T) {
	b, path := inFolder(t)
	apply(t, b, Put{object("user.marty", "1")})
	must(t, os.Remove(path+".lock"))
	dir := filepath.Dir(path)
	must(t, os.Chmod(path, 0o644))
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(dir, 0o555))
	t.Cleanup(func() { must(t, os.Chmod(dir, 0o755)) })
	asNobody(t)

	_, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{})
	wantErr(t, err, path+".lock: the state cannot be locked", "permission denied", "where it may write")

	s, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{Lock: LockIfPossible})
	must(t, err)
	if len(s.View().Objects) != 1 || !strings.Contains(strings.Join(s.Notices(), " "), "read without a lock") {
		t.Errorf("%+v, notices %q", s.View(), s.Notices())
	}
	if err := s.Begin("prod", nil); err == nil {
		t.Error("Begin without the lock")
	}
	must(t, s.Close())
}

func TestUnreadableState(t *testing.T) {
	b, path := inFolder(t)
	apply(t, b, Put{object("user.marty", "1")})
	must(t, os.Chmod(path, 0))
	must(t, os.Chmod(filepath.Dir(filepath.Dir(path)), 0o755))
	asNobody(t)
	_, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{Lock: NotLocked})
	wantErr(t, err, path+": cannot be read", "as the user who owns the file")
}
