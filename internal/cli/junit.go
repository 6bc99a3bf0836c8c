package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
)

const junitUsage = "write the checks to this `FILE` as a JUnit report too"

// report runs checks, writes a JUnit report of them if a file is named, and sets
// the exit code: a failed check is a failure. The report is written whatever
// happens, so that no earlier one is taken for this run's.
func (a *app) report(command, file string, checks func() ([]view.Suite, error)) error {
	var junit *junitFile
	if file != "" {
		err := noFile("junit", file, "the checks are printed there. Name a file, or leave -junit out; -json prints the checks for programs")
		if err != nil {
			return err
		}
		if junit, err = newJUnitFile(a.below(file)); err != nil {
			return err
		}
	}
	suites, err := checks()
	for _, s := range suites {
		for _, c := range s.Checks {
			if c.Status == view.Failed && err == nil {
				err = failure
			}
		}
	}
	if junit == nil {
		return err
	}
	if err != nil && len(suites) == 0 {
		why := "It ended with an error before anything was checked. Its output says why."
		if code := exitError(0); !errors.As(err, &code) {
			why = err.Error()
		}
		suites = []view.Suite{{Subject: command, Error: why}}
	}
	if unwritten := junit.write(command, suites); unwritten != nil {
		return fmt.Errorf("the JUnit report could not be written: %w", unwritten)
	}
	return err
}

// junitFile is a report that is about to be written.
type junitFile struct {
	path string
	tmp  *os.File
}

// newJUnitFile finds out before anybody signs in whether the report can be
// written, and makes sure that it replaces nothing but a report.
func newJUnitFile(path string) (*junitFile, error) {
	if run.OwnFile(path) {
		return nil, fmt.Errorf("%s is a file of idpctl's own: name another for -junit", path)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("-junit: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file: name another for -junit", path)
	default:
		old, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("-junit: %w", err)
		}
		if len(old) > 0 && !bytes.Contains(old[:min(len(old), 1000)], []byte("<testsuite")) {
			return nil, fmt.Errorf("%s is not a JUnit report, and is not overwritten: name another for -junit", path)
		}
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("the JUnit report %s cannot be written: %w. Name another file for -junit, or correct that", path, bare(err))
	}
	return &junitFile{path: path, tmp: tmp}, nil
}

// write puts the report in its place. Unlike a new temporary file it can be read
// by everybody: CI systems collect it as another user.
func (f *junitFile) write(command string, suites []view.Suite) error {
	err := view.JUnit(f.tmp, command, suites)
	err = errors.Join(err, f.tmp.Chmod(0o644), f.tmp.Close())
	if err == nil {
		err = os.Rename(f.tmp.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.tmp.Name()))
	}
	return nil
}
