package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/resource"
)

// moment is the state at the time at which a line had become durable.
type moment struct {
	// length of the journal then.
	length  int
	content string
}

// history runs through every kind of record, one line each, and returns the
// moments.
func history(t *testing.T) (*memory, []moment) {
	t.Helper()
	m := &memory{}
	s := begin(t, m)
	must(t, s.Append(Put{object("realm.influxdb", "r0")}, Put{object("user.lib", "l")}))
	must(t, s.Close())

	s = begin(t, m)
	moments := []moment{{0, content(t, s.View())}}
	note := func(err error) {
		t.Helper()
		must(t, err)
		moments = append(moments, moment{len(m.journal), content(t, s.View())})
	}
	marty := create1("user.marty")
	marty.Credential = Password
	emmett := create1("user.emmett")
	emmett.Credential = Invite
	_, err := s.Intend(marty, emmett)
	note(err)
	note(s.Append(Result{Intent: 2, Object: ptr(object("user.emmett", "e"))}))
	note(s.Append(Result{Intent: 1, ID: "m"}, Delivered{2}))
	note(s.Append(Put{object("user.jennifer", "j")}, Remove{addr("user.lib")}))
	replaced := object("realm.influxdb", "")
	replace := Intent{
		Verb: Replace, Address: replaced.Address, Kind: "realm", ID: "chosen", After: &replaced,
		Before: &Image{ID: "r0", Values: json.RawMessage(`{"name":"old <&> \u2028"}`)},
	}
	gone := Intent{Verb: Delete, Address: addr("user.jennifer"), Kind: "user", Before: &Image{ID: "j"}}
	file := Target{Address: addr("cluster.production.appinstance"), Kind: "appinstance", Path: "my.yml", Owned: []string{"m", "e", "m"}}
	write := Intent{Verb: TargetWrite, Address: file.Address, Kind: file.Kind, Target: &file, Before: &Image{Values: json.RawMessage(`["x"]`)}}
	_, err = s.Intend(replace, gone, write)
	note(err)
	note(s.Append(Result{Intent: 3, Removed: true, Error: "the second half was refused"}))
	note(s.Append(Result{Intent: 4, Removed: true}, Result{Intent: 5, Target: &file}))
	note(s.Append(PutOutputs{map[string]Output{
		"client_id": {Type: json.RawMessage(`"string"`), Value: json.RawMessage(`"influxctl"`)}, "secret": {Sensitive: true},
	}}))
	other := file
	other.Address = addr("cluster.staging.appinstance")
	note(s.Append(PutTarget{other}))
	note(s.Append(RemoveTarget{other.Address}))
	note(s.Append(Delivered{1}))
	return m, moments
}

// at is the state that a journal of n bytes must give.
func at(moments []moment, n int) string {
	last := ""
	for _, m := range moments {
		if m.length <= n {
			last = m.content
		}
	}
	return last
}

func TestJournalCutAtEveryByte(t *testing.T) {
	m, moments := history(t)
	if len(m.journal) < 2000 || len(moments) != 12 {
		t.Fatalf("a history of %d bytes and %d moments", len(m.journal), len(moments))
	}
	for n := range len(m.journal) + 1 {
		cut := &memory{snapshot: m.snapshot, journal: m.journal[:n:n]}
		s := open(t, cut)
		if got, want := content(t, s.View()), at(moments, n); got != want {
			t.Fatalf("cut at byte %d:\n%s\nwant\n%s", n, got, want)
		}
		told := strings.Contains(strings.Join(s.Notices(), " "), "ignored")
		wholly := n == 0 || m.journal[n-1] == '\n'
		if told == wholly {
			t.Fatalf("cut at byte %d: told of an incomplete line: %v", n, told)
		}
		// And the next run heals it.
		must(t, s.Begin("prod", nil))
		if got, want := content(t, s.View()), at(moments, n); got != want || cut.journal != nil {
			t.Fatalf("cut at byte %d, after Begin:\n%s\nwant\n%s", n, got, want)
		}
	}
}

// A power failure may leave any part of the line that was not synced, in any
// order; what was synced before is there.
func TestUnsyncedLineMayBeAnything(t *testing.T) {
	m, moments := history(t)
	synced, last := moments[len(moments)-4].length, moments[len(moments)-3].length
	want := at(moments, synced)
	line := m.journal[synced:last]
	zeros := make([]byte, len(line))
	half := len(line) / 2
	for name, tail := range map[string][]byte{
		"zeros":                 zeros,
		"zeros, then its end":   append(zeros[:half:half], line[half:]...),
		"its begin, then zeros": append(line[:half:half], zeros[half:]...),
		"zeros and newlines":    bytes.Repeat([]byte{0, '\n'}, 20),
	} {
		s := open(t, &memory{snapshot: m.snapshot, journal: append(m.journal[:synced:synced], tail...)})
		if got := content(t, s.View()); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
		if len(s.Notices()) != 1 {
			t.Errorf("%s: notices %q", name, s.Notices())
		}
	}
}

func TestDamageInTheMiddleIsAnError(t *testing.T) {
	m, moments := history(t)
	lastLine := moments[len(moments)-2].length
	for i := range m.journal {
		for _, to := range []byte{m.journal[i] ^ 1, '\n', 0} {
			if m.journal[i] == to {
				continue
			}
			data := bytes.Clone(m.journal)
			data[i] = to
			j, err := decodeJournal("x.journal", data)
			if i >= lastLine {
				if err != nil || j.torn == 0 {
					t.Fatalf("byte %d of the last line changed: torn %v, %v", i, j, err)
				}
				continue
			}
			line := bytes.Count(m.journal[:i], []byte("\n")) + 1
			if err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("x.journal:%d: ", line)) {
				t.Fatalf("byte %d in line %d changed to %q: %v", i, line, to, err)
			}
		}
	}
}

func TestLinesRemovedOrMovedAreAnError(t *testing.T) {
	m, _ := history(t)
	lines := bytes.SplitAfter(bytes.TrimSuffix(m.journal, []byte("\n")), []byte("\n"))
	lines[len(lines)-1] = append(lines[len(lines)-1], '\n')
	drop := func(i int) []byte { return bytes.Join(append(append([][]byte{}, lines[:i]...), lines[i+1:]...), nil) }
	for name, data := range map[string][]byte{
		"the first missing":  drop(0),
		"the second missing": drop(1),
		"one twice":          append(bytes.Clone(m.journal), lines[len(lines)-1]...),
		"two journals":       append(bytes.Clone(m.journal), lines[0]...),
	} {
		if _, err := decodeJournal("x.journal", data); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			wantErr(t, err, "x.journal:", "lines were removed or moved", "move the file away")
		}
	}
}

// line makes a line with a right checksum of whatever it is given.
func line(n int, records ...string) []byte {
	raw := make([]json.RawMessage, len(records))
	for i, r := range records {
		raw[i] = json.RawMessage(r)
	}
	return encodeLine(n, raw)
}

const beginRecord = `{"begin":{"version":1,"run":"r1","lineage":"l1","serial":0,"host":"ci","user":"marty","pid":4711}}`

func TestWholeLinesThatMakeNoSense(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want []string
	}{
		{"no begin", line(1, `{"end":{"time":"2026-01-02T03:04:05Z"}}`), []string{"x.journal:1:", "begins with the record of its run"}},
		{"two begins", append(line(1, beginRecord), line(2, beginRecord)...), []string{"x.journal:2:", "only one"}},
		{"unknown record", append(line(1, beginRecord), line(2, `{"frobnicate":{}}`)...), []string{"x.journal:2:", `unknown field "frobnicate"`}},
		{"unknown field", append(line(1, beginRecord), line(2, `{"delivered":{"intent":1,"at":2}}`)...), []string{"x.journal:2:", `unknown field "at"`}},
		{"record without meaning", append(line(1, beginRecord), line(2, `{}`)...), []string{"0 meanings"}},
		{"record with two", line(1, `{"begin":{},"end":{"time":"2026-01-02T03:04:05Z"}}`), []string{"2 meanings"}},
		{"no records", line(1), []string{"no records"}},
		{"escape sequence", append(line(1, beginRecord), line(2, `{"\u001b[31m":{}}`)...), []string{"x.journal:2:"}},
		{"newer version", line(1, `{"begin":{"version":2,"tool_version":"9.1.0","run":"r","lineage":"l","serial":0}}`), []string{"version 2", "made by idpctl 9.1.0", "Update idpctl"}},
		{"newer version with a new field", line(1, `{"begin":{"version":2,"new":true}}`), []string{"version 2", "Update idpctl"}},
	} {
		_, err := decodeJournal("x.journal", c.data)
		wantErr(t, err, c.want...)
		if err != nil && strings.ContainsRune(err.Error(), 0x1b) {
			t.Errorf("%s: a terminal escape in %q", c.name, err)
		}
	}
}

func TestJournalAndSnapshotMustBelongTogether(t *testing.T) {
	snapshot := func(lineage string, serial uint64, run string) []byte {
		data, err := (&State{Version: 1, Lineage: lineage, Serial: serial, Run: run, Objects: []Object{object("user.old", "o")}}).Encode()
		must(t, err)
		return data
	}
	journal := func(lineage string, serial uint64) []byte {
		b := Begin{Version: 1, Run: "run-1", Lineage: lineage, Serial: serial, Holder: Holder{User: "marty", Host: "ci", PID: 4711}}
		var records []json.RawMessage
		for _, r := range []Record{b, Put{object("user.new", "n")}} {
			data, err := encodeRecord(r)
			must(t, err)
			records = append(records, data)
		}
		return encodeLine(1, records)
	}
	for _, c := range []struct {
		name              string
		snapshot, journal []byte
		// serial and objects of the effective state, or the error.
		serial  uint64
		objects string
		err     []string
	}{
		{"the journal continues", snapshot("l", 3, "run-0"), journal("l", 3), 4, "user.new user.old", nil},
		{"the snapshot contains the journal", snapshot("l", 4, "run-1"), journal("l", 3), 4, "user.old", nil},
		{"a first run", nil, journal("l", 0), 1, "user.new", nil},
		{"an older serial that lacks the journal", snapshot("l", 5, "run-7"), journal("l", 3), 0, "",
			[]string{"s.journal: ", "marty@ci (process 4711)", "continues serial 3", "has serial 5", "Put the state with serial 3 back"}},
		{"an older snapshot came back", snapshot("l", 2, "run-0"), journal("l", 3), 0, "", []string{"is older", "Put the state with serial 3 back"}},
		{"two lineages", snapshot("l", 3, "run-0"), journal("other", 3), 0, "", []string{"belongs to another state", "lineage is other", "of s is l"}},
		{"a first run's journal beside another state", snapshot("l", 3, "run-0"), journal("other", 0), 0, "", []string{"belongs to another state"}},
		{"the snapshot is gone", nil, journal("l", 3), 0, "", []string{"serial 3, is not", "Put the state file back"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &memory{snapshot: c.snapshot, journal: c.journal}
			s, err := Open(t.Context(), m, Options{})
			if c.err != nil {
				wantErr(t, err, c.err...)
				if m.locked {
					t.Error("the lock is left")
				}
				return
			}
			must(t, err)
			var got []string
			for _, a := range s.View().Addresses() {
				got = append(got, a.String())
			}
			if s.View().Serial != c.serial || strings.Join(got, " ") != c.objects {
				t.Errorf("serial %d, objects %s", s.View().Serial, got)
			}
			must(t, s.Begin("", nil))
			if m.journal != nil {
				t.Error("Begin left the other run's journal")
			}
		})
	}
}

func TestJournalThatContradictsTheSnapshot(t *testing.T) {
	data, err := (&State{Version: 1, Lineage: "l1", Serial: 1}).Encode()
	must(t, err)
	begin := strings.Replace(beginRecord, `"serial":0`, `"serial":1`, 1)
	_, err = Open(t.Context(), &memory{snapshot: data, journal: line(1, begin, `{"remove":"user.marty"}`)}, Options{})
	wantErr(t, err, "s.journal: ", "does not fit", "user.marty", "copy of s back")
}

func TestReplayIsPure(t *testing.T) {
	base := &State{Version: 1, Lineage: "l", Serial: 3, Objects: []Object{object("user.b", "2"), object("user.a", "1")},
		Outputs: map[string]Output{"x": {Sensitive: true}}}
	before, err := json.Marshal(base)
	must(t, err)
	records := []Record{Remove{addr("user.a")}, PutOutputs{nil}, Put{object("user.c", "3")}}
	first, err := Replay(base, records)
	must(t, err)
	second, err := Replay(base, records)
	must(t, err)
	after, err := json.Marshal(base)
	must(t, err)
	if string(before) != string(after) {
		t.Errorf("the snapshot changed:\n%s\n%s", before, after)
	}
	if content(t, first) != content(t, second) || first.Serial != 4 {
		t.Errorf("two replays differ, or serial %d is not 4", first.Serial)
	}
	if same, err := Replay(base, nil); err != nil || same.Serial != 3 || same.Objects[0].Address != addr("user.a") {
		t.Errorf("replay of nothing: %+v, %v", same, err)
	}
	if _, err := Replay(nil, []Record{Remove{resource.Address{}}}); err == nil {
		t.Error("removal from nothing")
	}
}
