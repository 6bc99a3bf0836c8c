package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/idpctl/idpctl/diag"
)

// maxSize bounds what is read: etcd, where an AppInstance ends up, takes 1.5 MiB.
const maxSize = 16 << 20

// file is a file that is merged into; the base of the targets that are files.
type file struct {
	path string
	// mode is that of a new file; 0 for what is usual.
	mode fs.FileMode
	// makeDir makes the folder of a new file, for its owner alone.
	makeDir bool
	// mayBeGone: a file in a folder that is not there is no error.
	mayBeGone bool
}

// Path is the file as the configuration names it.
func (f file) Path() string { return f.path }

// Identity is that of the file.
func (f file) Identity() string { return FileIdentity(f.path) }

// FileIdentity is a file's absolute path with all symlinks resolved, as far as
// it exists.
func FileIdentity(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if target, err := filepath.EvalSymlinks(abs); err == nil {
		return target
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		return filepath.Join(dir, filepath.Base(abs))
	}
	return abs
}

// fingerprint tells one content from another.
func fingerprint(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// read reads the file. One that is not there is no error, if its folder is.
func (f file) read(ctx context.Context) (Live, diag.Diagnostics) {
	if err := ctx.Err(); err != nil {
		return Live{}, f.failed("read", err)
	}
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Live{}, f.missing()
	case err != nil:
		return Live{}, f.failed("read", err)
	case info.IsDir():
		return Live{}, f.refuse("The path is a folder", "%s is a folder. Set path to the file in it that is to be merged into.", f.path)
	case !info.Mode().IsRegular():
		return Live{}, f.refuse("The path is no regular file", "%s is a device, a pipe or a socket. Set path to a file.", f.path)
	}
	r, err := os.Open(f.path)
	if err != nil {
		return Live{}, f.failed("read", err)
	}
	defer r.Close()
	content, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return Live{}, f.failed("read", err)
	}
	if len(content) > maxSize {
		return Live{}, f.refuse("The file is too large", "%s has more than %d MiB, which no Kubernetes object has. Set path to the right file.", f.path, maxSize>>20)
	}
	return Live{Exists: true, Content: content, Fingerprint: fingerprint(content)}, nil
}

// missing says nothing about a file that can be made, and why another cannot.
func (f file) missing() diag.Diagnostics {
	if _, err := os.Lstat(f.path); err == nil {
		return f.refuse("The path is a link to nothing", "%s is a symbolic link, and the file that it leads to is not there. Correct the link or remove it.", f.path)
	}
	dir := filepath.Dir(f.path)
	if f.makeDir || f.mayBeGone {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return f.refuse("The folder of the file is not there", "%s is to be made in the folder %s, which is not there. Make the folder, or correct path.", f.path, dir)
	}
	return nil
}

// Write writes a change to the file, unless it is not what live was any more.
func (f file) Write(ctx context.Context, live Live, change Change) diag.Diagnostics {
	if !change.Changed {
		return nil
	}
	if change.Unknown {
		return f.refuse("The change has values that are not known yet", "%s was not written: a value is still %q. This is a defect of idpctl: please report it.", f.path, KnownAfterApply)
	}
	now, ds := f.read(ctx)
	if ds.HasErrors() {
		return ds
	}
	if now.Exists != live.Exists || now.Fingerprint != live.Fingerprint {
		return f.refuse("The file has changed since it was read", "%s is not what the plan was made for: somebody else has written it. Nothing was written. Run plan again.", f.path)
	}
	if now.Exists && bytes.Equal(now.Content, change.Content) {
		return nil
	}
	warnings, err := f.replace(ctx, live.Exists, change.Content)
	if err != nil {
		return f.failed("write", err)
	}
	return warnings
}

// WriteFile makes content the content of a file, which is there as a whole or not at
// all; see [Target.Write].
func WriteFile(ctx context.Context, path string, content []byte) error {
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && !info.Mode().IsRegular() {
		return &fs.PathError{Op: "write", Path: path, Err: errors.New("it is no regular file")}
	}
	_, err = file{path: path}.replace(ctx, err == nil, content)
	return err
}

// replace writes content to a temporary file beside the file and puts it in
// its place, so that a reader sees the old content or the new one. A symlink
// stays: the file that it leads to is replaced.
func (f file) replace(ctx context.Context, exists bool, content []byte) (warnings diag.Diagnostics, err error) {
	path := f.path
	if exists {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	}
	dir := filepath.Dir(path)
	if f.makeDir && !exists {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	mode := fs.FileMode(0o644) // less the umask
	if f.mode != 0 {
		mode = f.mode
	}
	if exists {
		mode = 0o600 // until it has its owner
	}
	sweep(path)
	tmp, err := os.OpenFile(fmt.Sprintf("%s%d-%s%s", temporary(path), os.Getpid(), rand.Text()[:10], temporarySuffix), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	defer func() {
		tmp.Close()
		_ = os.Remove(tmp.Name()) // it is gone if all went well
	}()
	if _, err = tmp.Write(content); err != nil {
		return nil, err
	}
	if exists {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if warnings, err = f.keepOwner(tmp, info); err != nil {
			return nil, err
		}
		if err = tmp.Chmod(info.Mode().Perm() | info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)); err != nil {
			return nil, err
		}
	}
	if err = tmp.Sync(); err != nil {
		return nil, err
	}
	if err = tmp.Close(); err != nil {
		return nil, err
	}
	if err = ctx.Err(); err != nil {
		return nil, err
	}
	if exists {
		err = os.Rename(tmp.Name(), path)
	} else {
		err = publish(tmp.Name(), path)
	}
	if err != nil {
		return nil, err
	}
	return warnings, syncDir(dir)
}

// temporarySuffix is how the names of temporary files end.
const temporarySuffix = ".tmp"

// temporary is how the names of temporary files beside path begin; the number of the
// process follows.
func temporary(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".idpctl-")
}

// sweep removes what processes left beside path that died while they wrote it. What
// cannot be removed stays: it is in nobody's way.
func sweep(path string) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return
	}
	begin := filepath.Base(temporary(path))
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), begin)
		pid, _, numbered := strings.Cut(rest, "-")
		number, err := strconv.Atoi(pid)
		if ours && numbered && err == nil && strings.HasSuffix(rest, temporarySuffix) && !alive(number) {
			_ = os.Remove(filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
}

// publish gives a new file its name, unless there is one of that name by now.
func publish(tmp, path string) error {
	err := os.Link(tmp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without hard links.
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return os.Rename(tmp, path)
}

func (f file) refuse(summary, format string, args ...any) diag.Diagnostics {
	return diag.Diagnostics{{Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: diag.Range{
		Filename: f.path, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1},
	}}}
}

// failed says what the operating system said.
func (f file) failed(what string, err error) diag.Diagnostics {
	hint := "Correct that and run again."
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		hint = "The run was interrupted; nothing was written. Run again."
	case errors.Is(err, fs.ErrPermission):
		hint = "Run as a user who may " + what + " the file and its folder, or change their permissions."
	}
	return f.refuse("The file could not be "+map[string]string{"read": "read", "write": "written"}[what], "%s: %v. %s", f.path, err, hint)
}
