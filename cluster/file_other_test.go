//go:build !unix

package cluster

import "io/fs"

// ownedBy is true: files have no such owner here.
func ownedBy(fs.FileInfo, uint32, uint32) bool { return true }
