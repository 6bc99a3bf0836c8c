package main

import "syscall"

// attributes put the server into a process group of its own, so that Ctrl-C
// does not end it before the command, and end it if we are killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
