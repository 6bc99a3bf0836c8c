package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// FormatVersion is the version of the JSON formats. The part before the dot
// changes when a reader must change; new members raise the part after it.
const FormatVersion = "1.0"

// header begins every JSON object that is written.
type header struct {
	FormatVersion string `json:"format_version"`
	Type          string `json:"type"`
}

func headerOf(kind string) header { return header{FormatVersion: FormatVersion, Type: kind} }

// object writes one JSON object on a line of its own.
func (v *View) object(o any) error {
	raw, err := marshal(o)
	if err != nil {
		return err
	}
	return v.write(string(raw) + "\n")
}

// marshal encodes without white space, and with everything that a terminal
// could take for a command escaped: encoding/json leaves C1 controls and
// bidirectional controls as they are.
func marshal(o any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(o); err != nil {
		return nil, fmt.Errorf("JSON output: %w", err)
	}
	raw := bytes.TrimRight(b.Bytes(), "\n")
	var out bytes.Buffer
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		switch {
		case r < utf8.RuneSelf && r != 0x7f, unicode.IsPrint(r):
			out.Write(raw[:size])
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		raw = raw[size:]
	}
	return out.Bytes(), nil
}
