//go:build !linux

package testdex

import "syscall"

// attributes of the process: nothing that every system has.
func attributes() *syscall.SysProcAttr { return nil }
