package cli

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/state"
)

// Env is the world that a command runs in. Tests make their own.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Environ is the process's environment, as os.Environ has it.
	Environ []string
	// Providers is the registry.
	Providers []providers.Provider
	// Version of idpctl.
	Version string
	// Interrupts delivers one value for each Ctrl-C; nil for none.
	Interrupts <-chan os.Signal
	// Exit ends the process at once; used for the second interrupt only.
	Exit func(code int)
	// Browse opens a page in a browser; nil for none.
	Browse func(page string) error
	// Backend makes the backend of the state in a folder; nil means local files.
	Backend func(dir string) state.Backend
}

// getenv returns a variable of the environment.
func (e *Env) getenv(name string) string {
	for i := len(e.Environ) - 1; i >= 0; i-- {
		kv := e.Environ[i]
		if len(kv) > len(name) && kv[len(name)] == '=' && kv[:len(name)] == name {
			return kv[len(name)+1:]
		}
	}
	return ""
}

// isTerminal reports whether a stream is a person's.
func isTerminal(stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// size is that of the terminal in columns and lines, 80 by 24 if there is none.
func size(stream any) (columns, lines int) {
	if f, ok := stream.(interface{ Fd() uintptr }); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 20 {
			return w, h
		}
	}
	return 80, 24
}

func width(stream any) int {
	columns, _ := size(stream)
	return columns
}
