package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strconv"
)

// A journal is a text file. Each of its lines is a JSON object that holds the
// records which were made durable together, and begins with a checksum:
//
//	{"sum":"1c291ca3","line":3,"records":[{"result":{…}},{"intent":{…}}]}
//
// sum is the CRC-32C, in hexadecimal, of all bytes from "line" up to and
// without the last brace; line counts from 1, so that a line which is missing
// or stands elsewhere is noticed. Line n+1 is written only after line n was
// synced. Therefore a damaged line is the trace of a crash exactly if no whole
// line follows it; whatever the file system left of it (part, zeros, pages in
// any order), nothing had been done because of it.
const (
	linePrefix = `{"sum":"`
	lineMiddle = `",`
	lineSuffix = "}\n"
	sumDigits  = 8
)

// castagnoli is the table of CRC-32C, which the standard library makes once.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// encodeRecord is a record as JSON.
func encodeRecord(r Record) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.record()); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// encodeLine is line n of a journal.
func encodeLine(n int, records []json.RawMessage) []byte {
	var body bytes.Buffer
	body.WriteString(`"line":` + strconv.Itoa(n) + `,"records":[`)
	body.Write(bytes.Join(rawBytes(records), []byte(",")))
	body.WriteString("]")
	sum := crc32.Checksum(body.Bytes(), castagnoli())
	return fmt.Appendf(nil, "%s%08x%s%s%s", linePrefix, sum, lineMiddle, body.Bytes(), lineSuffix)
}

func rawBytes(in []json.RawMessage) [][]byte {
	out := make([][]byte, len(in))
	for i, r := range in {
		out[i] = r
	}
	return out
}

// checkLine reports whether a line, with its newline, is whole; body is then
// the JSON object without the checksum.
func checkLine(line []byte) (body []byte, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(linePrefix))
	if !ok || len(rest) < sumDigits {
		return nil, false
	}
	sum, rest := rest[:sumDigits], rest[sumDigits:]
	rest, ok = bytes.CutPrefix(rest, []byte(lineMiddle))
	if !ok {
		return nil, false
	}
	content, ok := bytes.CutSuffix(rest, []byte(lineSuffix))
	if !ok || fmt.Sprintf("%08x", crc32.Checksum(content, castagnoli())) != string(sum) {
		return nil, false
	}
	return append([]byte("{"), rest[:len(rest)-1]...), true
}

// journal is a decoded journal.
type journal struct {
	begin   Begin
	records []Record
	// torn is the number of the damaged line at the end; 0 if there is none.
	torn int
	// ended: the run came to its end by itself.
	ended bool
}

// decodeJournal reads a journal; path is for messages. A damaged end is noted
// in the result; nil means that not even the first line is whole, so nothing
// was ever recorded. Damage before the end is an error, as is a format of a
// later version.
func decodeJournal(path string, data []byte) (*journal, error) {
	var j *journal
	for n := 1; len(data) > 0; n++ {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 {
			end = len(data)
		}
		body, ok := checkLine(data[:end])
		if !ok {
			if holdsWholeLine(data[1:]) {
				return nil, damaged(path, n, "this line is damaged, and one after it is whole: no crash leaves that, so the file was changed or the disk failed")
			}
			if j != nil {
				j.torn = n
			}
			return j, nil
		}
		data = data[end:]
		records, number, err := decodeLine(body)
		if err != nil {
			if newer := newerJournal(path, body); newer != nil {
				return nil, newer
			}
			return nil, damaged(path, n, "this line is whole and makes no sense to this idpctl: "+printable(err.Error()))
		}
		if number != n {
			return nil, damaged(path, n, fmt.Sprintf("this is line %d of the journal: lines were removed or moved", number))
		}
		for i, r := range records {
			begin, isBegin := r.(Begin)
			if isBegin != (n == 1 && i == 0) {
				return nil, damaged(path, n, "a journal begins with the record of its run, and has only one")
			}
			if isBegin {
				if begin.Version > Version {
					return nil, newerJournal(path, body)
				}
				j = &journal{begin: begin}
			}
			if _, is := r.(End); is {
				j.ended = true
			}
			j.records = append(j.records, r)
		}
	}
	return j, nil
}

// holdsWholeLine reports whether a whole line is anywhere in data, even behind
// a damaged one of which the newline is gone.
func holdsWholeLine(data []byte) bool {
	for {
		start := bytes.Index(data, []byte(linePrefix))
		if start < 0 {
			return false
		}
		data = data[start:]
		if end := bytes.IndexByte(data, '\n'); end >= 0 {
			if _, ok := checkLine(data[:end+1]); ok {
				return true
			}
		}
		data = data[len(linePrefix):]
	}
}

func decodeLine(body []byte) (records []Record, number int, err error) {
	var l struct {
		Line    int    `json:"line"`
		Records []wire `json:"records"`
	}
	if err := decodeStrict(body, &l); err != nil {
		return nil, 0, err
	}
	if len(l.Records) == 0 {
		return nil, 0, fmt.Errorf("it has no records")
	}
	for _, w := range l.Records {
		r, err := w.value()
		if err != nil {
			return nil, 0, err
		}
		records = append(records, r)
	}
	return records, l.Line, nil
}

// newerJournal is the error about a format of a later idpctl, nil if it is not.
func newerJournal(path string, body []byte) error {
	var l struct {
		Records []struct {
			Begin json.RawMessage `json:"begin"`
		} `json:"records"`
	}
	if json.Unmarshal(body, &l) != nil || len(l.Records) == 0 || l.Records[0].Begin == nil {
		return nil
	}
	return newerVersion(path, l.Records[0].Begin)
}

func damaged(path string, line int, what string) error {
	return &Error{Path: path, Line: line, Summary: what,
		Hint: "Put an undamaged copy back. If there is none, move the file away: the state is then as it was before the run that wrote it, " +
			"and the next plan finds what that run made by marker and key, users as adoptions."}
}
