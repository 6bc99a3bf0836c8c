package state

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// Whatever is in the file, it is refused with an [*Error] or read, and what
// was read is written and read again as the same.
func FuzzDecode(f *testing.F) {
	for _, name := range []string{"testdata/snapshot.json", "testdata/empty.json"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"version":2,"x":1}`))
	f.Add([]byte(`{"version":1,"lineage":"l","outputs":{"a":{"type":null,"value": [ 1 , "a b\" " ]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Decode("s", data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || s != nil {
				t.Fatalf("%T %v, %v", err, err, s)
			}
			return
		}
		first, err := s.Encode()
		must(t, err)
		again, err := Decode("s", first)
		must(t, err)
		second, err := again.Encode()
		must(t, err)
		if !bytes.Equal(first, second) {
			t.Fatalf("written as\n%s\nthen as\n%s", first, second)
		}
		replayed, err := Replay(s, nil)
		must(t, err)
		if !replayed.sameContent(again) || replayed.Serial != s.Serial {
			t.Fatalf("a replay of nothing changed\n%+v\nto\n%+v", s, replayed)
		}
	})
}

// Whatever is in the file, it is refused with an [*Error] or read; cut short,
// it gives a beginning of what the whole gives.
func FuzzJournal(f *testing.F) {
	data, err := os.ReadFile("testdata/journal.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, uint(1000))
	f.Add(line(1, beginRecord, `{"put_outputs":{"x":{"sensitive":true}}}`), uint(3))
	f.Add(append(line(1, beginRecord), line(2, `{"delivered":{"intent":1}}`)...), uint(170))
	f.Add([]byte(`{"sum":"00000000","line":1,"records":[]}`+"\n"), uint(0))
	f.Fuzz(func(t *testing.T, data []byte, cut uint) {
		whole, err := decodeJournal("j", data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || whole != nil {
				t.Fatalf("%T %v, %v", err, err, whole)
			}
			return
		}
		part, err := decodeJournal("j", data[:cut%uint(len(data)+1)])
		must(t, err)
		if part == nil {
			return
		}
		if whole == nil || len(part.records) > len(whole.records) {
			t.Fatalf("a part of the file has more in it than the whole: %v, %v", part, whole)
		}
		for i, r := range part.records {
			a, err := encodeRecord(r)
			must(t, err)
			b, err := encodeRecord(whole.records[i])
			must(t, err)
			if !bytes.Equal(a, b) {
				t.Fatalf("record %d is\n%s\nand in the whole\n%s", i+1, a, b)
			}
		}
		_, _ = Replay(nil, whole.records)
	})
}

// The fuzzer cannot guess checksums, so it writes records here.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{
		`{"intent":{"seq":1,"verb":"delete","address":"user.marty","kind":"user","before":{"id":"1"}}}`,
		`{"put":` + marty + `}`, `{"remove":"user.marty"}`, `{"put_outputs":{"x":{"type":"string","value":"y"}}}`, `{}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		if bytes.ContainsRune(record, '\n') {
			return
		}
		data := append(line(1, beginRecord), line(2, string(record))...)
		j, err := decodeJournal("j", data)
		if err != nil {
			return
		}
		s, err := Replay(nil, j.records)
		if err != nil {
			return
		}
		if s.Lineage == "" { // nothing worth a snapshot
			return
		}
		file, err := s.Encode()
		must(t, err)
		back, err := Decode("s", file)
		if err != nil {
			t.Fatalf("a record makes a state that cannot be read: %v\n%s\n%s", err, record, file)
		}
		if !back.sameContent(s) {
			t.Fatalf("written and read again:\n%s\n%+v\n%+v", file, s, back)
		}
	})
}
