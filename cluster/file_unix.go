//go:build unix

package cluster

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/idpctl/idpctl/diag"
)

// keepOwner gives the new file the owner and group of the old one. Who may not
// give files away keeps the group at least, and is told.
func (f file) keepOwner(tmp *os.File, info fs.FileInfo) (diag.Diagnostics, error) {
	old, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, nil
	}
	made, err := tmp.Stat()
	if err != nil {
		return nil, err
	}
	if now, ok := made.Sys().(*syscall.Stat_t); ok && now.Uid == old.Uid && now.Gid == old.Gid {
		return nil, nil
	}
	err = tmp.Chown(int(old.Uid), int(old.Gid))
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	if err := tmp.Chown(-1, int(old.Gid)); err != nil {
		return nil, &fs.PathError{Op: "keep the group of", Path: f.path, Err: err}
	}
	ds := f.refuse("The file has a new owner", "%s belonged to the user with the id %d, and now to the one who ran idpctl: only root can give a file away. Its group and mode are as they were.", f.path, old.Uid)
	ds[0].Severity = diag.Warning
	return ds, nil
}

// alive reports whether a process of this machine runs.
func alive(pid int) bool { return pid > 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// syncDir makes a rename in dir last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
