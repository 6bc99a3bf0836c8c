package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestRunIsRecordedAndCompacted(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	if v := s.View(); v.Lineage != "" || v.Serial != 0 || !v.IsEmpty() {
		t.Errorf("a state that does not exist: %+v", v)
	}
	got := intend(t, s, create1("user.marty"), create1("user.emmett"))
	if got[0].Seq != 1 || got[1].Seq != 2 {
		t.Fatalf("numbers: %d, %d", got[0].Seq, got[1].Seq)
	}
	marty := object("user.marty", "id-1")
	must(t, s.Append(Result{Intent: 1, Object: &marty}))
	if v := s.View(); len(v.Objects) != 1 || len(v.Intents) != 1 || v.Serial != 1 || v.Lineage == "" {
		t.Errorf("in the run: %+v", v)
	}
	if o, ok := s.Object(marty.Address); !ok || !o.equal(marty) {
		t.Errorf("Object: %v %v", o, ok)
	}
	file := Target{Address: addr("cluster.c.appinstance"), Kind: "appinstance", Path: "my.yml"}
	must(t, s.Append(Result{Intent: 2, Error: "409"}, PutTarget{file}))
	if f, ok := s.Target(file.Address); !ok || !f.equal(file) {
		t.Errorf("Target: %v %v", f, ok)
	}
	want := s.View()
	must(t, s.Close())
	must(t, s.Close())
	if m.journal != nil || m.locked {
		t.Error("the journal or the lock is left")
	}

	again := open(t, m)
	wanted, err := want.Encode()
	must(t, err)
	if got := string(m.snapshot); got != string(wanted) {
		t.Errorf("the snapshot is\n%s\nand the state was\n%s", got, wanted)
	}
	if got := again.View(); content(t, got) != content(t, want) || got.Serial != want.Serial || got.Lineage != want.Lineage {
		t.Errorf("after the run: %+v, before: %+v", got, want)
	}
	if _, is := again.Interrupted(); is || len(again.Notices()) != 0 {
		t.Error("a run that ended well left something to say")
	}
	must(t, again.Close())
}

func TestRunThatDoesNothingLeavesNoTrace(t *testing.T) {
	m := &memory{}
	must(t, begin(t, m).Close())
	if m.snapshot != nil || m.appends != 0 {
		t.Error("something was written")
	}
	s := begin(t, m)
	must(t, s.Append(Put{object("user.marty", "1")}))
	must(t, s.Close())
	before := string(m.snapshot)
	s = begin(t, m)
	must(t, s.Append(Put{object("user.marty", "1")}))
	got := intend(t, s, create1("user.doc"))
	if v := s.View(); v.Serial != 2 {
		t.Errorf("serial %d while an intent is open, want 2", v.Serial)
	}
	must(t, s.Append(Result{Intent: got[0].Seq, Error: "refused"}))
	if v := s.View(); v.Serial != 1 {
		t.Errorf("serial %d after nothing came of it, want 1", v.Serial)
	}
	must(t, s.Close())
	if string(m.snapshot) != before || m.journal != nil {
		t.Errorf("the snapshot changed:\n%s\n%s", before, m.snapshot)
	}
}

func TestFirstRunOfWhichNothingCameWritesNoState(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	got := intend(t, s, create1("user.doc"))
	must(t, s.Append(Result{Intent: got[0].Seq, Error: "refused"}))
	if v := s.View(); v.Lineage != "" || v.Serial != 0 {
		t.Errorf("a saved plan without state would not match any more: %q %d", v.Lineage, v.Serial)
	}
	must(t, s.Close())
	if m.snapshot != nil || m.journal != nil {
		t.Error("files are left")
	}
}

// What the first run's journal says of itself goes with it, if nothing came of
// it: the run after it sees what is stored, which is nothing.
func TestAfterACrashOfWhichNothingCameTheStateIsWhatIsStored(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	got := intend(t, s, create1("user.doc"))
	must(t, s.Append(Result{Intent: got[0].Seq, Error: "refused"}))

	m = m.crashed()
	s = begin(t, m)
	if m.journal != nil || m.snapshot != nil {
		t.Fatal("files are left")
	}
	if v := s.View(); v.Namespace != "" || v.Run != "" {
		t.Errorf("the state says it is of namespace %q and run %q, and nothing is stored", v.Namespace, v.Run)
	}
	must(t, s.Close())
}

func TestCrashLeavesIntentsThatGoOnUntilSettled(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	intend(t, s, create1("user.marty"), create1("user.emmett"))
	must(t, s.Append(Result{Intent: 1, Object: ptr(object("user.marty", "id-1"))}))

	m = m.crashed()
	plan := open(t, m)
	run, is := plan.Interrupted()
	if !is || run.Command != "idpctl apply" || run.Namespace != "prod" {
		t.Errorf("Interrupted: %v %v", run, is)
	}
	seen := plan.View()
	if open := plan.OpenIntents(); len(open) != 1 || open[0].Seq != 2 || open[0].Key["username"] != "emmett" {
		t.Fatalf("open intents: %+v", open)
	}
	must(t, plan.Close())
	if m.journal == nil {
		t.Fatal("reading dropped the journal")
	}

	// The next run settles nothing and ends: the intent goes on in the snapshot.
	s = begin(t, m)
	if v := s.View(); v.Serial != seen.Serial || content(t, v) != content(t, seen) {
		t.Errorf("a plan made before Begin no longer fits: serial %d, then %d", seen.Serial, v.Serial)
	}
	must(t, s.Close())
	if _, is := open(t, m.crashed()).Interrupted(); is {
		t.Error("still interrupted after a run that ended")
	}
	s = begin(t, m)
	if open := s.OpenIntents(); len(open) != 1 || open[0].Seq != 2 {
		t.Fatalf("open intents: %+v", open)
	}
	if got := intend(t, s, create1("user.doc")); got[0].Seq != 3 {
		t.Errorf("a number was given twice: %d", got[0].Seq)
	}
	must(t, s.Append(Result{Intent: 2, Object: ptr(object("user.emmett", "id-2"))}))
	if open := s.OpenIntents(); len(open) != 1 || open[0].Seq != 3 {
		t.Errorf("open intents: %+v", open)
	}
}

func TestAppendIsOneWriteHoweverManyRecords(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	intents := make([]Intent, 1000)
	for i := range intents {
		intents[i] = create1(fmt.Sprintf("user.u[%d]", i))
	}
	intend(t, s, intents...)
	if m.appends != 1 {
		t.Errorf("%d writes", m.appends)
	}
}

// An object that is as the state has it needs no record; one that differs does.
func TestWhatIsKnownIsNotRecordedAgain(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	must(t, s.Append(Put{Object: object("user.a", "1")}))
	appends := m.appends
	must(t, s.Append(Put{Object: object("user.a", "1")}))
	if m.appends != appends {
		t.Error("the same object was recorded twice")
	}
	other := object("user.a", "1")
	other.OnDestroy = "release"
	must(t, s.Append(Put{Object: object("user.a", "1")}, Put{Object: other}))
	if m.appends != appends+1 {
		t.Error("an object that differs was not recorded")
	}
	if o, _ := s.Object(addr("user.a")); o.OnDestroy != "release" {
		t.Errorf("the state has %v", o)
	}
	// What is there now is news again behind what changes it.
	must(t, s.Append(Put{Object: object("user.a", "1")}, Put{Object: other}))
	if o, _ := s.Object(addr("user.a")); o.OnDestroy != "release" {
		t.Errorf("there and back: the state has %v", o)
	}
	must(t, s.Append(Remove{Address: addr("user.a")}, Put{Object: other}))
	must(t, s.Close())
	if o := open(t, m.crashed()).View().Objects; len(o) != 1 || o[0].OnDestroy != "release" {
		t.Errorf("removed and put: the state has %v", o)
	}
}

func TestAppendSoonGathersWhileTheDiskIsBusy(t *testing.T) {
	m := &memory{entered: make(chan struct{}), release: make(chan struct{})}
	s := begin(t, m)
	must(t, s.AppendSoon(Put{object("user.first", "0")}))
	<-m.entered
	for i := range 100 {
		must(t, s.AppendSoon(Put{object(fmt.Sprintf("user.u[%d]", i), "1")}))
	}
	flushed := make(chan error)
	go func() { flushed <- s.Flush() }()
	m.release <- struct{}{}
	<-m.entered
	select {
	case <-flushed:
		t.Error("Flush returned before the last line was written")
	default:
	}
	m.release <- struct{}{}
	must(t, <-flushed)
	if m.appends != 2 {
		t.Errorf("%d writes for the first record and the 100 after it", m.appends)
	}
	m.entered = nil
	if got := len(open(t, m.crashed()).View().Objects); got != 101 {
		t.Errorf("%d objects after a crash", got)
	}
}

func TestAppendSoonGathersUntilSomebodyWaits(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	s.linger = time.Hour
	for i := range 100 {
		must(t, s.AppendSoon(Put{object(fmt.Sprintf("user.u[%d]", i), "1")}))
	}
	if m.appends != 0 {
		t.Errorf("%d writes although nobody waits", m.appends)
	}
	must(t, s.Append(Put{object("user.last", "1")}))
	if got := len(open(t, m.crashed()).View().Objects); m.appends != 1 || got != 101 {
		t.Errorf("%d writes, %d objects after a crash", m.appends, got)
	}
	must(t, s.Flush())
	must(t, s.AppendSoon(Put{object("user.later", "1")}))
	must(t, s.Close())
	if got := len(open(t, m).View().Objects); got != 102 {
		t.Errorf("%d objects after Close", got)
	}
}

func TestFailedWriteStopsIntentsAndKeepsFacts(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	intend(t, s, create1("user.marty"))
	m.fail = errors.New("no space left")
	if err := s.Append(Result{Intent: 1, Object: ptr(object("user.marty", "id-1"))}); !errors.Is(err, m.fail) {
		t.Errorf("Append: %v", err)
	}
	if _, err := s.Intend(create1("user.doc")); !errors.Is(err, m.fail) {
		t.Errorf("Intend: %v", err)
	}
	must(t, s.AppendSoon(Put{object("user.emmett", "id-2")}))
	if err := s.Flush(); !errors.Is(err, m.fail) {
		t.Errorf("Flush: %v", err)
	}
	if v := s.View(); len(v.Objects) != 2 || len(v.Intents) != 0 {
		t.Errorf("facts and intents after the failure: %+v", v)
	}
	if m.appends != 2 {
		t.Errorf("%d writes: after one that failed, the journal's end is not known", m.appends)
	}
	lost := m.crashed()
	m.fail = nil // somebody made room
	must(t, s.Close())
	if v := open(t, m).View(); len(v.Objects) != 2 || len(v.Intents) != 0 {
		t.Errorf("saved by Close: %+v", v)
	}
	// Had the process died instead, the intent is there to be looked up.
	if v := open(t, lost).View(); len(v.Objects) != 0 || len(v.Intents) != 1 {
		t.Errorf("after a crash: %+v", v)
	}
}

func TestIntentThatCouldNotBeWrittenIsWithdrawn(t *testing.T) {
	m := &memory{fail: errors.New("no space left")}
	s := begin(t, m)
	if _, err := s.Intend(create1("user.marty")); !errors.Is(err, m.fail) {
		t.Fatalf("Intend: %v", err)
	}
	if open := s.OpenIntents(); len(open) != 0 {
		t.Errorf("open intents: %+v", open)
	}
	m.fail = nil
	must(t, s.Close())
	if m.snapshot != nil {
		t.Errorf("a state of nothing was written: %s", m.snapshot)
	}
}

func TestFailedCloseKeepsEverything(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	must(t, s.Append(Put{object("user.marty", "1")}))
	m.fail = errors.New("no space left")
	if err := s.Close(); !errors.Is(err, m.fail) {
		t.Errorf("Close: %v", err)
	}
	if m.locked {
		t.Error("the lock is left")
	}
	m.fail = nil
	if v := open(t, m).View(); len(v.Objects) != 1 {
		t.Errorf("after it: %+v", v)
	}
}

func TestMisuseIsRefusedAndChangesNothing(t *testing.T) {
	m := &memory{}
	s := begin(t, m)
	must(t, s.Append(Put{object("user.marty", "1")}))
	if err := s.Begin("prod", nil); err == nil {
		t.Error("Begin twice")
	}
	before, writes := content(t, s.View()), m.appends
	good := Put{object("user.doc", "2")}
	for name, bad := range map[string]Record{
		"an intent":                 create1("user.doc"),
		"begin":                     Begin{},
		"end":                       End{},
		"a result of nothing":       Result{Intent: 7},
		"invalid JSON":              Put{Object{Address: addr("user.x"), Kind: "user", ID: "1", Origin: Created, Attributes: json.RawMessage(`{`)}},
		"an object without origin":  Put{Object{Address: addr("user.x"), Kind: "user", ID: "1"}},
		"an object without address": Put{Object{Kind: "user", ID: "1", Origin: Created}},
		"a sensitive output":        PutOutputs{map[string]Output{"pw": {Type: json.RawMessage(`"string"`), Value: json.RawMessage(`"x"`), Sensitive: true}}},
		"removal of nothing":        Remove{addr("user.x")},
		"delivery of nothing":       Delivered{1},
	} {
		if err := s.Append(good, bad); err == nil {
			t.Errorf("%s: no error", name)
		}
		if after := content(t, s.View()); after != before || m.appends != writes {
			t.Errorf("%s: something was kept:\n%s", name, after)
		}
	}
	must(t, s.Close())
	if err := s.Append(good); err == nil {
		t.Error("Append after Close")
	}
	look, err := Open(context.Background(), m, Options{Lock: NotLocked})
	must(t, err)
	if err := look.Begin("prod", nil); err == nil {
		t.Error("Begin without the lock")
	}
}

func TestViewIsNotTouchedByLaterRecords(t *testing.T) {
	s := begin(t, &memory{})
	must(t, s.Append(Put{object("user.marty", "1")}))
	v := s.View()
	before := content(t, v)
	must(t, s.Append(Put{object("user.marty", "2")}, PutOutputs{map[string]Output{"a": {Sensitive: true}}}))
	if content(t, v) != before {
		t.Error("the view changed")
	}
	if got := s.View().Objects[0]; got.ID != "2" {
		t.Errorf("the new view has %s", got.ID)
	}
}
