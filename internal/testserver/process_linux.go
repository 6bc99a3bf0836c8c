package testserver

import "syscall"

// Attributes put the server into a process group of its own, so that Ctrl-C
// does not end it before the command, and end it if we are killed.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
