package cli

import (
	"io"
	"sync"
)

// stdout is standard output that remembers whether something could not be
// written: a plan that nobody got must not look like one.
type stdout struct {
	w io.Writer

	mu  sync.Mutex
	err error
}

func (s *stdout) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	return n, err
}

// failed is the first error of a write.
func (s *stdout) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// fileStdout is one that may be a terminal.
type fileStdout struct {
	*stdout
	file interface{ Fd() uintptr }
}

func (f fileStdout) Fd() uintptr { return f.file.Fd() }

// watch returns what to write to instead of w, and how to learn that a write
// failed.
func watch(w io.Writer) (io.Writer, func() error) {
	s := &stdout{w: w}
	if f, ok := w.(interface{ Fd() uintptr }); ok {
		return fileStdout{s, f}, s.failed
	}
	return s, s.failed
}
