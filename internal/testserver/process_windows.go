package testserver

import (
	"os"
	"os/exec"
	"syscall"
)

// StopSignals are those by which a person or a system ends the program.
func StopSignals() []os.Signal { return []os.Signal{os.Interrupt} }

// Attributes put the server into a process group of its own.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// AskToStop ends the server at once: there is no signal to ask with.
func AskToStop(p *os.Process) error { return p.Kill() }

func signalCode(*exec.ExitError) int { return 1 }
