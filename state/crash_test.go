//go:build unix

package state

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var errStopped = errors.New("stopped here")

// faulty counts steps and lets one of them, or all from it on, fail.
type faulty struct {
	steps []string
	// at is the step that fails, counted from 0; -1 for none.
	at int
	// stays: the process is dead from then on.
	stays bool
}

func (f *faulty) hook(step string) error {
	n := len(f.steps)
	f.steps = append(f.steps, step)
	if f.at >= 0 && (n == f.at || f.stays && n > f.at) {
		return errStopped
	}
	return nil
}

// scenario is a run on a state with a snapshot and a journal that another run
// left: Begin, intents, results, Close. It goes on after an error as the
// executor of a plan would: no further intents, all facts.
func scenario(t *testing.T, b Backend) outcome {
	s := open(t, b)
	o := outcome{durable: content(t, s.View())}
	failed := false
	note := func(err error, writing string) {
		switch {
		case err == nil && !failed:
			o.durable, o.moments = content(t, s.View()), o.moments+1
		case err == nil:
			t.Error("an append succeeded after one that failed")
		case !errors.Is(err, errStopped):
			t.Fatal(err)
		case !failed:
			failed, o.writing = true, writing
		}
	}
	if err := s.Begin("prod", nil); err != nil {
		note(err, o.durable)
	} else {
		marty := create1("user.marty")
		marty.Credential = Password
		intents := []Intent{marty, create1("user.emmett")}
		withIntents := *s.View()
		for i, r := range intents {
			r.Seq = uint64(2 + i)
			withIntents.Intents = append(slices.Clip(withIntents.Intents), r)
		}
		numbered, err := s.Intend(intents...)
		note(err, content(t, &withIntents))
		for _, r := range numbered {
			object := object(r.Address.String(), "id")
			err := s.Append(Result{Intent: r.Seq, Object: &object})
			note(err, content(t, s.View()))
		}
		if err == nil {
			err := s.Append(Delivered{numbered[0].Seq})
			note(err, content(t, s.View()))
		}
	}
	o.final = content(t, s.View())
	o.close = s.Close()
	return o
}

// outcome of a scenario.
type outcome struct {
	// durable is what the state said when last something became durable, and
	// moments how often that was.
	durable string
	moments int
	// writing is what it would have said after the first append that failed;
	// empty if none did.
	writing string
	// final is what it said in the end, and close the error of Close.
	final string
	close error
}

// unsynced is a local backend whose folder dies with the test.
func unsynced(path string, hook func(string) error) *Local {
	l := NewLocal(path, LocalOptions{Hook: hook})
	l.unsynced = true
	return l
}

// prepared is what scenario begins with: a state, its backup and the journal of
// a run that was killed.
type prepared struct{ snapshot, backup, journal string }

func prepare(t *testing.T) prepared {
	b, path := inFolder(t)
	b.unsynced = true
	apply(t, b, Put{object("realm.influxdb", "r")})
	apply(t, b, Put{object("user.old", "o")})
	s := begin(t, b)
	intend(t, s, create1("user.doc"))
	must(t, s.Append(Put{object("user.older", "o2")}))
	must(t, b.Unlock()) // killed
	return prepared{read(t, path), read(t, path+".backup"), read(t, path+".journal")}
}

// folder makes a new folder with it, and returns the path of the snapshot.
func (p prepared) folder(t *testing.T) string {
	_, path := inFolder(t)
	write(t, path, p.snapshot)
	write(t, path+".backup", p.backup)
	write(t, path+".journal", p.journal)
	return path
}

// heal opens what is left as the next runs do, checks that it says one of the
// texts allowed, and that a run brings it back into order.
func heal(t *testing.T, path, where string, allowed ...string) {
	t.Helper()
	look := open(t, unsynced(path, nil))
	got := content(t, look.View())
	must(t, look.Close())
	if !slices.Contains(allowed, got) {
		t.Fatalf("%s: the state says\n%s\nwhich is none of\n%s", where, got, strings.Join(allowed, "\n"))
	}
	apply(t, unsynced(path, nil), Put{object("realm.influxdb", "r")})
	after := open(t, unsynced(path, nil))
	if now := content(t, after.View()); now != got {
		t.Fatalf("%s: healing changed\n%s\nto\n%s", where, got, now)
	}
	must(t, after.Close())
	if left := folder(t, filepath.Dir(path)); left != "(0600) .backup(0600) .lock(0600)" {
		t.Fatalf("%s: left after healing: %s", where, left)
	}
	if _, err := Decode("backup", []byte(read(t, path+".backup"))); err != nil {
		t.Fatalf("%s: the backup: %v", where, err)
	}
}

// steps are those of scenario when nothing fails.
func steps(t *testing.T, p prepared) []string {
	path := p.folder(t)
	f := &faulty{at: -1}
	o := scenario(t, unsynced(path, f.hook))
	must(t, o.close)
	if o.moments != 4 || o.durable != o.final {
		t.Fatalf("%d moments", o.moments)
	}
	heal(t, path, "without a fault", o.final)
	if len(f.steps) < 30 {
		t.Fatalf("only %d steps: %q", len(f.steps), f.steps)
	}
	return f.steps
}

func TestProcessStopsAtEveryStep(t *testing.T) {
	p := prepare(t)
	for n, step := range steps(t, p) {
		path := p.folder(t)
		o := scenario(t, unsynced(path, (&faulty{at: n, stays: true}).hook))
		heal(t, path, "stopped before "+step, o.durable, o.writing)
	}
}

func TestEveryStepFailsOnce(t *testing.T) {
	p := prepare(t)
	for n, step := range steps(t, p) {
		path := p.folder(t)
		o := scenario(t, unsynced(path, (&faulty{at: n}).hook))
		if o.writing != "" && o.close == nil {
			// What the journal could not take was saved by Close.
			o.durable, o.writing = o.final, ""
		}
		heal(t, path, "failed once: "+step, o.durable, o.writing)
	}
}

// The machine fails while a line is written: any part of it may be there.
func TestPowerFailsWhileALineIsWritten(t *testing.T) {
	p := prepare(t)
	for n, step := range steps(t, p) {
		if step != "sync journal" {
			continue
		}
		path := p.folder(t)
		f := &faulty{at: n, stays: true}
		synced := 0
		o := scenario(t, unsynced(path, func(step string) error {
			if data, err := os.ReadFile(path + ".journal"); step == "write journal" && len(f.steps) < n && err == nil {
				synced = len(data)
			}
			return f.hook(step)
		}))
		left := prepared{read(t, path), read(t, path+".backup"), read(t, path+".journal")}
		whole := left.journal
		// Every byte is cut in memory elsewhere; here some, on a disk.
		for cut := synced; cut <= len(whole); cut += 1 + (len(whole)-synced)/7 {
			left.journal = whole[:cut]
			heal(t, left.folder(t), step, o.durable, o.writing)
		}
	}
}
