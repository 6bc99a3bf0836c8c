package main

import (
	"os"
	"os/exec"
	"syscall"
)

func stopSignals() []os.Signal { return []os.Signal{os.Interrupt} }

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// askToStop ends the server at once: there is no signal to ask with.
func askToStop(p *os.Process) error { return p.Kill() }

func signalCode(*exec.ExitError) int { return 1 }
