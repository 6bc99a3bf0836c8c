//go:build unix

package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}

// folder lists what is in a folder, as "name(mode) …".
func folder(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var all []string
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		all = append(all, fmt.Sprintf("%s(%04o)", strings.TrimPrefix(e.Name(), DefaultFile), info.Mode().Perm()))
	}
	return strings.Join(all, " ")
}

// inFolder is a local backend in a new folder, and the path of its snapshot.
func inFolder(t *testing.T) (*Local, string) {
	path := filepath.Join(t.TempDir(), DefaultFile)
	return NewLocal(path, LocalOptions{}), path
}

// apply is a whole run that records something.
func apply(t *testing.T, b Backend, records ...Record) {
	t.Helper()
	s := begin(t, b)
	must(t, s.Append(records...))
	must(t, s.Close())
}

func TestFilesOfARun(t *testing.T) {
	b, path := inFolder(t)
	dir := filepath.Dir(path)
	s := begin(t, b)
	if got := folder(t, dir); got != ".lock(0600)" {
		t.Errorf("after Begin: %s", got)
	}
	if got := read(t, path+".lock"); !strings.Contains(got, fmt.Sprintf(`"pid":%d`, os.Getpid())) || !strings.Contains(got, `"command":"idpctl apply"`) {
		t.Errorf("the lock file says %s", got)
	}
	must(t, s.Append(Put{object("user.marty", "1")}))
	if got := folder(t, dir); got != ".journal(0600) .lock(0600)" {
		t.Errorf("in the run: %s", got)
	}
	must(t, s.Close())
	if got := folder(t, dir); got != "(0600) .lock(0600)" {
		t.Errorf("after the first run: %s", got)
	}
	if got := read(t, path+".lock"); got != "" {
		t.Errorf("a free lock's file says %s", got)
	}
	first := read(t, path)
	apply(t, b, Put{object("user.doc", "2")})
	if got := folder(t, dir); got != "(0600) .backup(0600) .lock(0600)" {
		t.Errorf("after the second run: %s", got)
	}
	if read(t, path+".backup") != first {
		t.Error("the backup is not the snapshot before")
	}
	if v := open(t, b).View(); v.Serial != 2 || len(v.Objects) != 2 {
		t.Errorf("%+v", v)
	}
}

func TestReadingWritesNothing(t *testing.T) {
	b, path := inFolder(t)
	apply(t, b, Put{object("user.marty", "1")})
	s := begin(t, b)
	must(t, s.Append(Put{object("user.doc", "2")}))
	must(t, b.Unlock()) // killed
	before := folder(t, filepath.Dir(path)) + read(t, path) + read(t, path+".journal")
	for _, mode := range []LockMode{Locked, LockIfPossible, NotLocked} {
		s, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{Lock: mode})
		must(t, err)
		if got := len(s.View().Objects); got != 2 {
			t.Errorf("mode %d: %d objects", mode, got)
		}
		must(t, s.Close())
	}
	if after := folder(t, filepath.Dir(path)) + read(t, path) + read(t, path+".journal"); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

func TestOnlyRegularFilesAreTouched(t *testing.T) {
	for _, suffix := range []string{"", ".journal", ".lock"} {
		for name, makeIt := range map[string]func(path, victim string) error{
			"a symbolic link":             func(path, victim string) error { return os.Symlink(victim, path) },
			"a symbolic link to nowhere":  func(path, victim string) error { return os.Symlink(victim+"-not", path) },
			"not a regular file (d":       func(path, _ string) error { return os.Mkdir(path, 0o700) },
			"not a regular file (p":       func(path, _ string) error { return makePipe(path) },
			"a symbolic link to a folder": func(path, victim string) error { return os.Symlink(filepath.Dir(victim), path) },
		} {
			b, path := inFolder(t)
			victim := filepath.Join(t.TempDir(), "victim")
			write(t, victim, "precious")
			must(t, makeIt(path+suffix, victim))
			_, err := Open(t.Context(), b, Options{})
			wantErr(t, err, path+suffix+": ", strings.TrimSuffix(strings.TrimSuffix(name, " to nowhere"), " to a folder"))
			if got := read(t, victim); got != "precious" || strings.Contains(folder(t, filepath.Dir(victim)), "-not") {
				t.Errorf("%s: something was written through the link: %q", name, got)
			}
		}
	}
}

func TestLinkInThePlaceOfTempOrBackupIsReplaced(t *testing.T) {
	b, path := inFolder(t)
	apply(t, b, Put{object("user.marty", "1")})
	victim := filepath.Join(t.TempDir(), "victim")
	write(t, victim, "precious")
	for _, suffix := range []string{".tmp", ".backup", ".backup.tmp"} {
		must(t, os.Symlink(victim, path+suffix))
	}
	apply(t, b, Put{object("user.doc", "2")})
	if got := read(t, victim); got != "precious" {
		t.Errorf("written through a link: %q", got)
	}
	if got := folder(t, filepath.Dir(path)); got != "(0600) .backup(0600) .lock(0600)" {
		t.Errorf("left: %s", got)
	}
}

func TestStateThatCannotBeUsed(t *testing.T) {
	b, path := inFolder(t)
	apply(t, b, Put{object("user.marty", "1")})
	apply(t, b, Put{object("user.doc", "2")})
	good := read(t, path)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"empty":    {"", []string{path + ": the state file is empty", path + ".backup is the state before the last run"}},
		"half":     {good[:len(good)/2], []string{path + ":", "ends in the middle", path + ".backup is the state"}},
		"no JSON":  {"version = 1\n", []string{path + ":1:1: ", path + ".backup is the state"}},
		"newer":    {strings.Replace(good, `"version": 1`, `"version": 3`, 1), []string{path + ": ", "made by idpctl 1.2.3", "Update idpctl"}},
		"nonsense": {`{"version": 1}`, []string{path + ": ", "no lineage"}},
	} {
		write(t, path, c.text)
		for _, mode := range []LockMode{Locked, NotLocked} {
			_, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{Lock: mode})
			wantErr(t, err, c.want...)
		}
		if read(t, path) != c.text {
			t.Errorf("%s: the file was changed", name)
		}
	}
	must(t, os.Remove(path))
	s := open(t, b)
	if !s.View().IsEmpty() || !strings.Contains(strings.Join(s.Notices(), " "), path+".backup exists") {
		t.Errorf("without the file: %+v, notices %q", s.View(), s.Notices())
	}
}

func TestFolderThatDoesNotExist(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", DefaultFile)
	_, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{})
	wantErr(t, err, path, "the folder does not exist")
	s, err := Open(t.Context(), NewLocal(path, LocalOptions{}), Options{Lock: NotLocked})
	must(t, err)
	if !s.View().IsEmpty() {
		t.Error("a state from nowhere")
	}
}

func TestStateChangedBehindTheRunIsNotOverwritten(t *testing.T) {
	b, path := inFolder(t)
	apply(t, b, Put{object("user.marty", "1")})
	old := read(t, path)
	for name, change := range map[string]func() error{
		"rewritten": func() error {
			return os.WriteFile(path, []byte(strings.Replace(old, "serial\": 1", "serial\": 9", 1)), 0o600)
		},
		"replaced": func() error { write(t, path+".new", old); return os.Rename(path+".new", path) },
		"removed":  func() error { return os.Remove(path) },
	} {
		write(t, path, old)
		s := begin(t, b)
		must(t, s.Append(Put{object("user.doc", "2")}))
		must(t, change())
		wantErr(t, s.Close(), path+": ", "changed by something else", path+".journal")
		if _, err := os.Lstat(path + ".backup"); err == nil {
			t.Errorf("%s: a backup was made of it", name)
		}
		// As the message says.
		write(t, path, old)
		if v := open(t, b).View(); len(v.Objects) != 2 {
			t.Errorf("%s: after putting it back: %+v", name, v)
		}
		must(t, b.Unlock())
		must(t, os.Remove(path+".journal"))
	}
}

func TestErrorsOfTheDiskAreTold(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "x", Err: errNoSpace}
	for _, c := range []struct {
		step string
		want []string
	}{
		{"write journal", []string{".journal: cannot be written", "Make room"}},
		{"sync journal", []string{".journal: cannot be written"}},
		{"write backup", []string{".backup: cannot be written", "Make room", "What was there before is unchanged"}},
		{"write snapshot", []string{"idpstate: cannot be written", "Make room", "What was there before is unchanged"}},
		{"rename snapshot", []string{"idpstate: cannot be written"}},
		{"sync folder after snapshot", []string{"was written and could not be synced", "nothing is lost"}},
		{"remove journal", []string{".journal: the journal is not needed any more", "Nothing is lost"}},
	} {
		_, path := inFolder(t)
		apply(t, NewLocal(path, LocalOptions{}), Put{object("user.marty", "1")})
		old := read(t, path)
		b := NewLocal(path, LocalOptions{Hook: func(step string) error {
			if step == c.step {
				return full
			}
			return nil
		}})
		s := begin(t, b)
		err := errors.Join(s.Append(Put{object("user.doc", "2")}), s.Close())
		if c.step == "write journal" || c.step == "sync journal" {
			// Close saved by the snapshot what the journal could not take.
			if v := open(t, NewLocal(path, LocalOptions{})).View(); len(v.Objects) != 2 {
				t.Errorf("%s: %+v", c.step, v)
			}
		} else if !strings.HasPrefix(c.step, "sync folder") && c.step != "remove journal" && read(t, path) != old {
			t.Errorf("%s: the old snapshot is gone", c.step)
		}
		wantErr(t, err, c.want...)
		if !errors.Is(err, errNoSpace) {
			t.Errorf("%s: the cause is lost: %v", c.step, err)
		}
		if got := folder(t, filepath.Dir(path)); strings.Contains(got, ".tmp") {
			t.Errorf("%s: left %s", c.step, got)
		}
	}
}

func TestStepsAreInTheOrderThatSurvivesAPowerFailure(t *testing.T) {
	_, path := inFolder(t)
	apply(t, NewLocal(path, LocalOptions{}), Put{object("user.marty", "1")})
	var steps []string
	b := NewLocal(path, LocalOptions{Hook: func(step string) error { steps = append(steps, step); return nil }})
	s := begin(t, b)
	if len(steps) != 0 {
		t.Errorf("before the first record: %q", steps)
	}
	must(t, s.Append(Put{object("user.doc", "2")}))
	must(t, s.Append(Put{object("user.lib", "3")}))
	must(t, s.Close())
	want := []string{
		"create journal", "write journal", "sync journal", "sync folder after journal",
		"write journal", "sync journal",
		"write journal", "sync journal",
		"create backup", "write backup", "sync backup", "rename backup",
		"create snapshot", "write snapshot", "sync snapshot", "rename snapshot", "sync folder after snapshot",
		"remove journal", "sync folder after removal of journal",
	}
	if !slices.Equal(steps, want) {
		t.Errorf("steps\n%s\nwant\n%s", strings.Join(steps, "\n"), strings.Join(want, "\n"))
	}
}

func TestRunsThatReadWhileAnotherWritesSeeOneMoment(t *testing.T) {
	_, path := inFolder(t)
	apply(t, NewLocal(path, LocalOptions{}), Put{object("user.n", "0")})
	// The hook reads between any two steps of a writer: the number in the
	// state must never go back, and never be missing.
	last := 0
	look := func(string) error {
		s, err := Open(context.Background(), NewLocal(path, LocalOptions{}), Options{Lock: NotLocked})
		if err != nil {
			t.Error(err)
			return nil
		}
		o, ok := s.View().Object(addr("user.n"))
		var n int
		if _, err := fmt.Sscan(o.ID, &n); !ok || err != nil || n < last {
			t.Errorf("saw %q after %d", o.ID, last)
		}
		last = n
		if len(s.Notices()) != 0 {
			t.Errorf("notices: %q", s.Notices())
		}
		return nil
	}
	for run := range 3 {
		s := begin(t, NewLocal(path, LocalOptions{Hook: look}))
		for i := range 3 {
			must(t, s.Append(Put{object("user.n", fmt.Sprint(1+run*3+i))}))
		}
		must(t, s.Close())
	}
	if last != 9 {
		t.Errorf("the last look saw %d", last)
	}
}

// Between the reads of journal and snapshot a run ends and another begins: the
// journal that was read belongs to neither of them.
func TestReadingAcrossTheEndOfARun(t *testing.T) {
	b, path := inFolder(t)
	apply(t, b, Put{object("user.n", "0")})
	writer := begin(t, b)
	must(t, writer.Append(Put{object("user.n", "1")}))

	reader := NewLocal(path, LocalOptions{})
	reads := 0
	reader.betweenReads = func() {
		if reads++; reads > 1 {
			return
		}
		must(t, writer.Close())
		apply(t, b, Put{object("user.n", "2")})
		writer = begin(t, b)
		must(t, writer.Append(Put{object("user.n", "3")}))
	}
	s, err := Open(t.Context(), reader, Options{Lock: NotLocked})
	must(t, err)
	if o, _ := s.Object(addr("user.n")); o.ID != "3" || reads != 2 {
		t.Errorf("saw %q after %d reads", o.ID, reads)
	}

	// It gives up where that goes on and on.
	reader.betweenReads = func() {
		must(t, writer.Close())
		writer = begin(t, b)
		must(t, writer.Append(Put{object("user.n", fmt.Sprint(reads))}))
		reads++
	}
	_, err = Open(t.Context(), reader, Options{Lock: NotLocked})
	wantErr(t, err, path, "keep changing the state", "Try again")
	must(t, writer.Close())
}
