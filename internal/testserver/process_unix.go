//go:build unix && !linux

package testserver

import "syscall"

// Attributes put the server into a process group of its own, so that Ctrl-C
// does not end it before the command.
func Attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
