// Package tomledit changes single values of a TOML file and leaves every other
// byte as it is. It never encodes a document: it parses the file for the
// positions of its keys and values and splices text there.
//
// It knows tables, arrays and values, and nothing of what they mean. It reads
// TOML 1.0 by github.com/pelletier/go-toml/v2, which is influxctl's own reader.
// Every change is made twice: in the text, and in the decoded values. [Edits.Bytes]
// decodes the new text and compares: a defect here ends in an error and never in
// a broken file.
package tomledit

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
	"github.com/idpctl/idpctl/diag"
)

// File is a parsed TOML file. Edits are collected in [Edits] and leave it as it is.
type File struct {
	*text
	root     *Node
	sections []*section // in the order of the file; the first is what stands before any header
	values   map[string]any
}

type text = textedit.Text

// breakLen is the length of the line break at offset i, 0 if there is none.
func breakLen(b []byte, i int) int {
	switch {
	case b[i] == '\n':
		return 1
	case b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
		return 2
	}
	return 0
}

// Parse reads a TOML file. name is used in messages only. The error is a
// [diag.Diagnostic].
func Parse(name string, src []byte) (*File, error) {
	f := &File{text: textedit.New(name, src, breakLen)}
	if err := f.Check(); err != nil {
		return nil, err
	}
	var err error
	if f.values, err = decode(src[f.Lines[0]:]); err != nil {
		return nil, f.syntaxError(err)
	}
	if err := f.build(); err != nil {
		return nil, err
	}
	return f, nil
}

// decode is the content as plain values. The library has panicked on broken
// input before; that would be an error like any other here.
func decode(text []byte) (values map[string]any, err error) {
	defer func() {
		if r := recover(); r != nil {
			values, err = nil, fmt.Errorf("%v", r)
		}
	}()
	values = map[string]any{}
	return values, toml.Unmarshal(text, &values)
}

// syntaxError says where the parser stopped.
func (f *File) syntaxError(err error) error {
	d := diag.Diagnostic{
		Summary: "The file is not valid TOML", Subject: f.RangeOf(0, 1),
		Detail: fmt.Sprintf("The parser stopped here: %s. Correct the file and run again.", diag.Clean(strings.TrimPrefix(err.Error(), "toml: "), 200)),
	}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		row, column := at.Position()
		d.Subject = f.At(row, column)
	}
	if i := loneCR(f.Src); i >= 0 && i <= d.Subject.Start.Byte {
		d.Summary, d.Subject = "A line ends with a carriage return alone", f.RangeOf(i, i+1)
		d.Detail = "In TOML a line ends with a line feed, with or without a carriage return before it, and neither influxctl nor idpctl reads anything else. Save the file with the line ends LF or CRLF and run again."
	}
	return d
}

// loneCR is where the first carriage return stands that no line feed follows; -1 if
// there is none.
func loneCR(src []byte) int {
	for i, c := range src {
		if c == '\r' && (i+1 == len(src) || src[i+1] != '\n') {
			return i
		}
	}
	return -1
}

// At is the place of one byte by its line and its column in bytes, both from 1.
func (f *File) At(row, column int) diag.Range {
	row = min(max(row, 1), len(f.Lines))
	off := min(f.Lines[row-1]+max(column-1, 0), f.LineEnd(row-1))
	return f.RangeOf(off, off+1)
}

// Range is where a key or a table's header stands; the first line for what has
// no place of its own.
func (f *File) Range(n *Node) diag.Range {
	if n == nil {
		return f.RangeOf(0, 0)
	}
	start, end := n.place()
	if line := f.LineOf(start); f.LineOf(end) != line {
		end = f.LineEnd(line)
	}
	return f.RangeOf(start, end)
}

// Problem is an error at a node, with what to do in its detail.
func (f *File) Problem(n *Node, summary, format string, args ...any) diag.Diagnostic {
	return diag.Diagnostic{Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: f.Range(n)}
}

// Root is the table of the whole file.
func (f *File) Root() *Node { return f.root }
