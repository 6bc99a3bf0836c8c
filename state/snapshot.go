package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/idpctl/idpctl/resource"
)

// Encode writes a snapshot: JSON with one object a line, so that a diff of two
// snapshots shows the objects that differ.
func (s *State) Encode() ([]byte, error) {
	var b bytes.Buffer
	w := snapshotWriter{b: &b, enc: json.NewEncoder(&b)}
	w.enc.SetEscapeHTML(false)
	b.WriteString("{\n")
	w.field("version", s.Version)
	w.field("tool_version", s.ToolVersion)
	w.field("lineage", s.Lineage)
	w.field("serial", s.Serial)
	w.field("namespace", s.Namespace)
	servers := s.Servers
	if servers == nil {
		servers = map[string]string{}
	}
	w.field("servers", servers)
	w.field("run", s.Run)
	list(&w, "objects", s.Objects)
	list(&w, "targets", s.Targets)
	w.outputs(s.Outputs)
	list(&w, "pending", s.Pending)
	list(&w, "intents", s.Intents)
	if len(s.Gone) > 0 {
		list(&w, "gone", s.Gone)
	}
	b.WriteString("\n}\n")
	if w.err != nil {
		return nil, fmt.Errorf("encode the state: %w", w.err)
	}
	return b.Bytes(), nil
}

// snapshotWriter writes the fields of the outermost object.
type snapshotWriter struct {
	b     *bytes.Buffer
	enc   *json.Encoder
	comma bool
	err   error
}

func (w *snapshotWriter) name(name string) {
	if w.comma {
		w.b.WriteString(",\n")
	}
	w.comma = true
	fmt.Fprintf(w.b, "  %q: ", name)
}

// value writes compact JSON; the encoder's newline after it is taken back.
func (w *snapshotWriter) value(v any) {
	if err := w.enc.Encode(v); err != nil {
		w.err = errors.Join(w.err, err)
		return
	}
	w.b.Truncate(w.b.Len() - 1)
}

func (w *snapshotWriter) field(name string, v any) {
	w.name(name)
	w.value(v)
}

func list[T any](w *snapshotWriter, name string, items []T) {
	w.name(name)
	w.b.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			w.b.WriteByte(',')
		}
		w.b.WriteString("\n    ")
		w.value(item)
	}
	if len(items) > 0 {
		w.b.WriteString("\n  ")
	}
	w.b.WriteByte(']')
}

func (w *snapshotWriter) outputs(outputs map[string]Output) {
	w.name("outputs")
	w.b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(outputs)) {
		if i > 0 {
			w.b.WriteByte(',')
		}
		w.b.WriteString("\n    ")
		w.value(name)
		w.b.WriteString(": ")
		w.value(outputs[name])
	}
	if len(outputs) > 0 {
		w.b.WriteString("\n  ")
	}
	w.b.WriteByte('}')
}

// Decode reads a snapshot; path is for messages. It refuses fields that it
// does not know: writing the state back would lose them. Errors are [*Error].
func Decode(path string, data []byte) (*State, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &Error{Path: path, Summary: "the state file is empty, which idpctl never leaves behind: something else emptied it",
			Hint: "Put a copy back in its place. If the state is lost for good, remove the file: the next plan then finds objects by marker and key."}
	}
	// Objects are most of a state: their list need not grow over and over.
	s := State{Objects: make([]Object, 0, min(bytes.Count(data, []byte(`"origin":`)), len(data)/leastObject))}
	if err := decodeStrict(data, &s); err != nil {
		if newer := newerVersion(path, data); newer != nil {
			return nil, newer
		}
		return nil, jsonError(path, data, err)
	}
	if s.Version > Version {
		return nil, newerVersion(path, data)
	}
	if err := s.check(); err != nil {
		return nil, &Error{Path: path, Summary: "the state file makes no sense: " + err.Error(), Err: err,
			Hint: "If it was edited by hand, correct it; otherwise put a copy back in its place."}
	}
	s.sort()
	s.compact()
	return &s, nil
}

// leastObject is about how many bytes an object takes in the file at least.
const leastObject = 128

// compact brings all JSON within s into the form in which records bring it, so
// that a file which somebody formatted says the same.
func (s *State) compact() {
	object := func(o *Object) {
		o.Attributes = compactJSON(o.Attributes)
		for name, v := range o.Owned {
			o.Owned[name] = compactJSON(v)
		}
	}
	for i := range s.Objects {
		object(&s.Objects[i])
	}
	for name, o := range s.Outputs {
		o.Type, o.Value = compactJSON(o.Type), compactJSON(o.Value)
		s.Outputs[name] = o
	}
	for _, r := range s.Intents {
		if r.Before != nil {
			r.Before.Values = compactJSON(r.Before.Values)
		}
		if r.After != nil {
			object(r.After)
		}
	}
}

// compactJSON is valid JSON without white space between its tokens.
func compactJSON(raw json.RawMessage) json.RawMessage {
	inString := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			i++
		case !inString && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			var b bytes.Buffer
			if json.Compact(&b, raw) != nil {
				return raw
			}
			return b.Bytes()
		}
	}
	return raw
}

// newerVersion is the error about a format of a later idpctl, nil if it is not.
func newerVersion(path string, data []byte) error {
	var head struct {
		Version     int    `json:"version"`
		ToolVersion string `json:"tool_version"`
	}
	if json.Unmarshal(data, &head) != nil || head.Version <= Version {
		return nil
	}
	by := "a later idpctl"
	if head.ToolVersion != "" {
		by = "idpctl " + printable(head.ToolVersion)
	}
	return &Error{Path: path, Summary: fmt.Sprintf("the format has version %d, made by %s; this idpctl reads version %d", head.Version, by, Version),
		Hint: "Update idpctl."}
}

// decodeStrict decodes exactly one JSON value with known fields.
func decodeStrict(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	at := dec.InputOffset()
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return &trailingError{offset: at}
	}
	return nil
}

// trailingError: something stands after the JSON value.
type trailingError struct{ offset int64 }

func (*trailingError) Error() string { return "there is something after its end" }

// jsonError says where in data a decoder failed.
func jsonError(path string, data []byte, err error) error {
	e := &Error{Path: path, Err: err, Hint: "If it was edited by hand, correct it; otherwise put a copy back in its place."}
	offset := int64(-1)
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	var trailing *trailingError
	text := strings.TrimPrefix(err.Error(), "json: ")
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		offset, text = int64(len(data)), "it ends in the middle"
	case errors.As(err, &syntax):
		offset = syntax.Offset - 1
	case errors.As(err, &typ):
		offset, text = typ.Offset-1, fmt.Sprintf("%s cannot be a %s", printable(typ.Field), typ.Value)
	case errors.As(err, &trailing):
		offset = trailing.offset
	case strings.HasPrefix(text, "unknown field "):
		e.Hint = "If it was edited by hand, correct it; if a later idpctl wrote it, update this one."
	}
	e.Summary = "the file is not valid: " + printable(text)
	if offset >= 0 {
		e.Line, e.Column = position(data, offset)
	}
	return e
}

// position is line and column of an offset, both from 1.
func position(data []byte, offset int64) (line, column int) {
	before := data[:min(max(offset, 0), int64(len(data)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// check refuses what no idpctl writes.
func (s *State) check() error {
	if s.Version < 1 {
		return errors.New("it has no version")
	}
	if s.Lineage == "" {
		return errors.New("it has no lineage")
	}
	seen := map[resource.Address]bool{}
	once := func(a resource.Address) error {
		if seen[a] {
			return fmt.Errorf("%s is in it twice", a)
		}
		seen[a] = true
		return nil
	}
	for _, o := range s.Objects {
		if err := errors.Join(o.check(), once(o.Address)); err != nil {
			return err
		}
	}
	for _, t := range s.Targets {
		if err := errors.Join(t.check(), once(t.Address)); err != nil {
			return err
		}
	}
	numbers, open := map[uint64]bool{}, map[resource.Address]bool{}
	for _, r := range s.Intents {
		if err := r.check(); err != nil {
			return err
		}
		if numbers[r.Seq] || open[r.Address] {
			return fmt.Errorf("intent %d (%s) is in it twice", r.Seq, r.Address)
		}
		numbers[r.Seq], open[r.Address] = true, true
	}
	for _, c := range s.Pending {
		if err := c.Kind.check(); err != nil {
			return err
		}
		if numbers[c.Intent] || c.Intent == 0 || c.Kind == NoCredential {
			return fmt.Errorf("the pending credential of %s makes no sense", c.Address)
		}
		numbers[c.Intent] = true
	}
	for _, g := range s.Gone {
		if g.Kind == "" || g.ID == "" {
			return errors.New("an object that is gone has no kind or no id")
		}
	}
	return checkOutputs(s.Outputs)
}
