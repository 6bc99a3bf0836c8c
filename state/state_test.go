package state

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/idpctl/idpctl/resource"
)

// memory is a backend without a disk, for tests about what a session does.
type memory struct {
	snapshot, journal []byte
	locked            bool
	// appends counts calls of Append; fail makes the next ones fail.
	appends int
	fail    error
	// entered and release let a test stop inside Append; nil for not.
	entered, release chan struct{}
}

var _ Backend = (*memory)(nil)

func (*memory) String() string { return "memory" }

func (m *memory) Lock(context.Context, Holder) error {
	if m.locked {
		return &LockedError{Path: "memory"}
	}
	m.locked = true
	return nil
}

func (m *memory) Unlock() error { m.locked = false; return nil }

func (m *memory) Read(context.Context) (Stored, error) {
	return Stored{Snapshot: m.snapshot, Journal: m.journal, SnapshotPath: "s", JournalPath: "s.journal"}, nil
}

func (m *memory) Append(_ context.Context, line []byte) error {
	if m.entered != nil {
		m.entered <- struct{}{}
		<-m.release
	}
	m.appends++
	if m.fail != nil {
		return m.fail
	}
	m.journal = append(m.journal, line...)
	return nil
}

func (m *memory) Replace(_ context.Context, snapshot []byte) error {
	if m.fail != nil {
		return m.fail
	}
	m.snapshot, m.journal = slices.Clone(snapshot), nil
	return nil
}

func (m *memory) Discard(context.Context) error { m.journal = nil; return nil }

// crashed is what a killed process leaves.
func (m *memory) crashed() *memory {
	return &memory{snapshot: slices.Clone(m.snapshot), journal: slices.Clone(m.journal)}
}

func addr(s string) resource.Address {
	a, err := resource.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

func object(address, id string) Object {
	a := addr(address)
	return Object{
		Address: a, Kind: a.Kind, Provider: "keycloak", Parent: "influxdb", ID: id, Origin: Created,
		Attributes: json.RawMessage(fmt.Sprintf(`{"email":"%s@example.com","enabled":true}`, a.Name)),
		DependsOn:  []resource.Address{addr("realm.influxdb")},
		Written:    time.Date(2026, 11, 23, 10, 0, 0, 123456789, time.UTC),
	}
}

func create1(address string) Intent {
	o := object(address, "")
	return Intent{
		Verb: Create, Address: o.Address, Kind: o.Kind, Provider: o.Provider, Parent: o.Parent,
		Key: map[string]string{"username": o.Address.Name}, After: &o, ServerTime: o.Written,
	}
}

func open(t *testing.T, b Backend) *Session {
	t.Helper()
	s, err := Open(context.Background(), b, Options{Command: "idpctl apply", ToolVersion: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func begin(t *testing.T, b Backend) *Session {
	t.Helper()
	s := open(t, b)
	must(t, s.Begin("prod"))
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func intend(t *testing.T, s *Session, intents ...Intent) []Intent {
	t.Helper()
	numbered, err := s.Intend(intents...)
	must(t, err)
	return numbered
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

// content is a state as text without what differs between two runs.
func content(t *testing.T, s *State) string {
	t.Helper()
	c := *s
	c.Lineage, c.Run, c.Serial = "", "", 0
	text, err := c.Encode()
	must(t, err)
	return string(text)
}

func wantErr(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error is\n  %v\nand lacks %q", err, p)
		}
	}
}

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
	must(t, s.Append(Result{Intent: 2, Error: "409"}))
	want := s.View()
	must(t, s.Close())
	must(t, s.Close())
	if m.journal != nil || m.locked {
		t.Error("the journal or the lock is left")
	}

	again := open(t, m)
	if diff := cmp.Diff(want, again.View(), cmp.Comparer(Object.equal)); diff != "" {
		t.Errorf("after the run (-want +got):\n%s", diff)
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
	if err := s.Begin("prod"); err == nil {
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
	if err := look.Begin("prod"); err == nil {
		t.Error("Begin without the lock")
	}
}

func TestAddresses(t *testing.T) {
	s := &State{
		Objects: []Object{object("realm.influxdb", "r"), object(`user.team["a.b"]`, "1"), object(`user.team["c"]`, "2"), object("user.teammate", "3")},
		Targets: []Target{{Address: addr("cluster.production.appinstance")}},
	}
	for _, c := range []struct {
		filters string
		want    string
	}{
		{"", `cluster.production.appinstance realm.influxdb user.team["a.b"] user.team["c"] user.teammate`},
		{"user.team", `user.team["a.b"] user.team["c"]`},
		{`user.team["c"] realm.influxdb`, `realm.influxdb user.team["c"]`},
		{"cluster.production", "cluster.production.appinstance"},
		{"cluster.production.helm_values", ""},
		{"user.nobody", ""},
	} {
		var filters []resource.Address
		for _, f := range strings.Fields(c.filters) {
			filters = append(filters, addr(f))
		}
		var got []string
		for _, a := range s.Addresses(filters...) {
			got = append(got, a.String())
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("Addresses(%s) = %s, want %s", c.filters, g, c.want)
		}
	}
	if _, ok := s.Object(addr(`user.team["c"]`)); !ok {
		t.Error("Object does not find")
	}
	if _, ok := s.Object(addr("user.nobody")); ok {
		t.Error("Object finds what is not there")
	}
	if _, ok := s.Target(addr("cluster.production.appinstance")); !ok {
		t.Error("Target does not find")
	}
}

func TestViewIsNotTouchedByLaterRecords(t *testing.T) {
	s := begin(t, &memory{})
	must(t, s.Append(Put{object("user.marty", "1")}))
	v := s.View()
	before := content(t, v)
	o := object("user.marty", "2")
	must(t, s.Append(Put{o}, PutOutputs{map[string]Output{"a": {Sensitive: true}}}))
	copy(o.Attributes, bytes.Repeat([]byte("x"), len(o.Attributes)))
	if content(t, v) != before {
		t.Error("the view changed")
	}
	if got := s.View().Objects[0]; got.ID != "2" || bytes.Contains(got.Attributes, []byte("xx")) {
		t.Errorf("the state shares memory with its caller: %s", got.Attributes)
	}
}
