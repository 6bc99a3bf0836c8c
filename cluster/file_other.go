//go:build !unix

package cluster

import (
	"io/fs"
	"os"

	"github.com/idpctl/idpctl/diag"
)

// keepOwner does nothing: a new file inherits its folder's permissions.
func (f file) keepOwner(*os.File, fs.FileInfo) (diag.Diagnostics, error) { return nil, nil }

// alive reports whether a process of this machine runs.
func alive(pid int) bool {
	_, err := os.FindProcess(pid)
	return err == nil
}

// syncDir does nothing: folders cannot be synced here.
func syncDir(string) error { return nil }
