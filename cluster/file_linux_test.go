package cluster

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/idpctl/idpctl/diag"
)

// TestKeepOwner is what happens to those who may not give files away: the
// group stays, and a warning names the owner. Only root can make another's
// file; as anybody else there is nothing to try.
func TestKeepOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("not root: no file of another user can be made")
		return
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "a.yml")
	writeFile(t, path, minimal)
	if err := os.Chown(path, 1234, os.Getgid()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	tmp, err := os.Create(filepath.Join(dir, "tmp"))
	if err != nil {
		t.Fatal(err)
	}
	defer tmp.Close()
	type outcome struct {
		ds  diag.Diagnostics
		err error
	}
	done := make(chan outcome)
	go func() {
		// Another user for the file system, without root's capabilities. The
		// thread ends with the goroutine, as it is never unlocked.
		runtime.LockOSThread()
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, 4321, 0, 0)
		ds, err := file{path: path}.keepOwner(tmp, info)
		done <- outcome{ds, err}
	}()
	got := <-done
	// That user may not change root's temporary file at all: neither the owner
	// nor the group can be kept, and nothing is written.
	if got.err == nil || len(got.ds) > 0 {
		t.Errorf("keepOwner of a file that cannot be kept: %v, %v", got.ds, got.err)
	}
	if err := tmp.Chown(4321, 0); err != nil {
		t.Fatal(err)
	}
	go func() {
		runtime.LockOSThread()
		_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, 4321, 0, 0)
		ds, err := file{path: path}.keepOwner(tmp, info)
		done <- outcome{ds, err}
	}()
	got = <-done
	if got.err != nil || len(got.ds) != 1 || got.ds[0].Severity != diag.Warning || got.ds[0].Summary != "The file has a new owner" {
		t.Errorf("keepOwner where the group can be kept: %v, %v", got.ds, got.err)
	}
}
