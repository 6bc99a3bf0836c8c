package testdex

import "syscall"

// attributes put Dex into a process group of its own, so that Ctrl-C does not end it
// before the tests, and end it if the tests are killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
