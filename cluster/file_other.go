//go:build !unix

package cluster

import (
	"io/fs"
	"os"

	"github.com/idpctl/idpctl/diag"
)

// keepOwner does nothing: a new file inherits its folder's permissions.
func (f file) keepOwner(*os.File, fs.FileInfo) (diag.Diagnostics, error) { return nil, nil }

// syncDir does nothing: folders cannot be synced here.
func syncDir(string) error { return nil }
