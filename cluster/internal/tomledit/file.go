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
	"bytes"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"github.com/idpctl/idpctl/diag"
)

// File is a parsed TOML file. Edits are collected in [Edits] and leave it as it is.
type File struct {
	name     string
	src      []byte
	lines    []int // byte offset of each line's first byte, behind the byte order mark
	newline  string
	root     *Node
	sections []*section // in the order of the file; the first is what stands before any header
	values   map[string]any
}

const bom = "\uFEFF"

// Parse reads a TOML file. name is used in messages only. The error is a
// [diag.Diagnostic].
func Parse(name string, src []byte) (*File, error) {
	f := &File{name: name, src: src}
	f.findLines()
	if err := f.checkEncoding(); err != nil {
		return nil, err
	}
	var err error
	if f.values, err = decode(src[f.lines[0]:]); err != nil {
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

func (f *File) checkEncoding() error {
	bad := func(off int, summary, detail string) error {
		return diag.Diagnostic{Summary: summary, Detail: detail, Subject: f.rangeOf(off, off+1)}
	}
	switch {
	case bytes.HasPrefix(f.src, []byte("\x00GITCRYPT")):
		return bad(0, "The file is encrypted by git-crypt", "Unlock the repository (git-crypt unlock) and run again.")
	case bytes.HasPrefix(f.src, []byte("\xff\xfe")), bytes.HasPrefix(f.src, []byte("\xfe\xff")):
		return bad(0, "The file is encoded as UTF-16", "Save it as UTF-8 and run again.")
	case !utf8.Valid(f.src):
		i := 0
		for {
			r, n := utf8.DecodeRune(f.src[i:])
			if r == utf8.RuneError && n <= 1 {
				return bad(i, "The file is not text in UTF-8", "This byte is not part of a character. Save the file as UTF-8 and run again.")
			}
			i += n
		}
	}
	return nil
}

// syntaxError says where the parser stopped.
func (f *File) syntaxError(err error) error {
	d := diag.Diagnostic{
		Summary: "The file is not valid TOML", Subject: f.rangeOf(0, 1),
		Detail: fmt.Sprintf("The parser stopped here: %s. Correct the file and run again.", diag.Clean(strings.TrimPrefix(err.Error(), "toml: "), 200)),
	}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		row, column := at.Position()
		d.Subject = f.At(row, column)
	}
	if i := loneCR(f.src); i >= 0 && i <= d.Subject.Start.Byte {
		d.Summary, d.Subject = "A line ends with a carriage return alone", f.rangeOf(i, i+1)
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
	row = min(max(row, 1), len(f.lines))
	off := min(f.lines[row-1]+max(column-1, 0), f.lineEnd(row-1))
	return f.rangeOf(off, off+1)
}

func (f *File) findLines() {
	start := 0
	if bytes.HasPrefix(f.src, []byte(bom)) {
		start = len(bom)
	}
	f.lines, f.newline = []int{start}, "\n"
	for i := start; i < len(f.src); i++ {
		if f.src[i] != '\n' {
			continue
		}
		if len(f.lines) == 1 && i > start && f.src[i-1] == '\r' {
			f.newline = "\r\n"
		}
		f.lines = append(f.lines, i+1)
	}
}

// lineOf is the index of the line that the byte at off stands in.
func (f *File) lineOf(off int) int {
	return max(sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > off })-1, 0)
}

// lineEnd is where the text of line i ends, before its line break.
func (f *File) lineEnd(i int) int {
	if i+1 >= len(f.lines) {
		return len(f.src)
	}
	end := f.lines[i+1] - 1
	if end > f.lines[i] && f.src[end-1] == '\r' {
		end--
	}
	return end
}

func (f *File) lineText(i int) string { return string(f.src[f.lines[i]:f.lineEnd(i)]) }

// indentOf is the white space that line i begins with.
func (f *File) indentOf(i int) string {
	text := f.lineText(i)
	return text[:len(text)-len(strings.TrimLeft(text, " \t"))]
}

func (f *File) isBlank(i int) bool { return strings.TrimLeft(f.lineText(i), " \t") == "" }

func (f *File) isComment(i int) bool {
	return strings.HasPrefix(strings.TrimLeft(f.lineText(i), " \t"), "#")
}

func (f *File) pos(off int) diag.Pos {
	line := f.lineOf(off)
	start := min(f.lines[line], off)
	return diag.Pos{Line: line + 1, Column: utf8.RuneCount(f.src[start:off]) + 1, Byte: off}
}

func (f *File) rangeOf(start, end int) diag.Range {
	start = min(start, len(f.src))
	return diag.Range{Filename: f.name, Start: f.pos(start), End: f.pos(max(start, min(end, len(f.src))))}
}

// Range is where a key or a table's header stands; the first line for what has
// no place of its own.
func (f *File) Range(n *Node) diag.Range {
	if n == nil {
		return f.rangeOf(0, 0)
	}
	start, end := n.place()
	if line := f.lineOf(start); f.lineOf(end) != line {
		end = f.lineEnd(line)
	}
	return f.rangeOf(start, end)
}

// Problem is an error at a node, with what to do in its detail.
func (f *File) Problem(n *Node, summary, format string, args ...any) diag.Diagnostic {
	return diag.Diagnostic{Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: f.Range(n)}
}

// Root is the table of the whole file.
func (f *File) Root() *Node { return f.root }
