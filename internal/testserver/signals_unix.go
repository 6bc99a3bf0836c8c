//go:build unix

package testserver

import (
	"os"
	"os/exec"
	"syscall"
)

// StopSignals are those by which a person or a system ends the program.
func StopSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} }

// AskToStop asks the process group of the server to end.
func AskToStop(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGTERM) }

// signalCode is the exit code of a command that a signal ended.
func signalCode(exit *exec.ExitError) int {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return 1
}
