//go:build unix

package cluster

import (
	"io/fs"
	"syscall"
)

// ownedBy reports whether a file has an owner and group.
func ownedBy(info fs.FileInfo, uid, gid uint32) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid == uid && stat.Gid == gid
}
