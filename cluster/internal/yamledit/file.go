// Package yamledit changes single values of a YAML file and leaves every other
// byte as it is. It never encodes a document: it parses the file for the
// positions of its nodes and splices text there.
//
// It knows mappings, sequences and scalars, and nothing of what they mean. All
// positions are those of go.yaml.in/yaml/v3, which gives where a node begins;
// where it ends is found by reading on from there (see span.go). Whoever edits
// a file parses the result again and compares (see [Equal]): a defect here
// must end in an error and never in a broken file.
package yamledit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/diag"
)

// File is a parsed YAML file. Edits are collected in [Edits] and leave it as it
// is. It is for one goroutine, as it remembers positions that it looked up.
type File struct {
	name    string
	src     []byte
	lines   []int // byte offset of each line's first byte
	newline string
	docs    []*yaml.Node
	places  map[*yaml.Node]place
	refs    map[*yaml.Node][]*yaml.Node // aliases of an anchored node
	ends    map[*yaml.Node]int
	memo    struct{ line, column, off int } // of the node that was located last
}

// place is where a node hangs in its document.
type place struct {
	start  int // offset of the node, its anchor and tag included
	parent *yaml.Node
	index  int // in parent.Content
	doc    *yaml.Node
	flow   bool // inside a flow collection
	indent int  // column (from 0) of the block collection around it; -1 at the root
}

var bom = []byte("\uFEFF")

// Parse reads a YAML file. name is used in messages only. The error is a
// [diag.Diagnostic].
func Parse(name string, src []byte) (*File, error) {
	f := &File{
		name: name, src: src,
		places: map[*yaml.Node]place{}, refs: map[*yaml.Node][]*yaml.Node{}, ends: map[*yaml.Node]int{},
	}
	if err := f.checkEncoding(); err != nil {
		return nil, err
	}
	f.findLines()
	docs, err := decode(src)
	if err != nil {
		return nil, f.syntaxError(err)
	}
	f.docs = docs
	for _, d := range docs {
		f.index(d, d, nil, 0, false, -1)
	}
	return f, nil
}

// decode parses every document of a file. The library panics on some broken
// input; that is an error like any other here.
func decode(src []byte) (docs []*yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			docs, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(src))
	for {
		var n yaml.Node
		if err := dec.Decode(&n); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		docs = append(docs, &n)
	}
}

func (f *File) checkEncoding() error {
	at := diag.Range{Filename: f.name, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1}}
	bad := func(summary, detail string) error {
		return diag.Diagnostic{Summary: summary, Detail: detail, Subject: at}
	}
	switch {
	case bytes.HasPrefix(f.src, []byte("$ANSIBLE_VAULT;")):
		return bad("The file is encrypted by Ansible Vault", "What is encrypted cannot be merged into. Name a file that is not encrypted.")
	case bytes.HasPrefix(f.src, []byte("\x00GITCRYPT")):
		return bad("The file is encrypted by git-crypt", "Unlock the repository (git-crypt unlock) and run again.")
	case bytes.HasPrefix(f.src, []byte("\xff\xfe")), bytes.HasPrefix(f.src, []byte("\xfe\xff")):
		return bad("The file is encoded as UTF-16", "Save it as UTF-8 and run again.")
	case !utf8.Valid(f.src):
		i := 0
		for i < len(f.src) {
			r, n := utf8.DecodeRune(f.src[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		f.findLines()
		at = f.rangeOf(i, i+1)
		return bad("The file is not text in UTF-8", "This byte is not part of a character. Save the file as UTF-8 and run again.")
	}
	return nil
}

var (
	lineInError = regexp.MustCompile(`line (\d+): `)
	markers     = regexp.MustCompile(`\{\{|\{%`)
)

// syntaxError says where the parser stopped, and why in the words of the two
// reasons that are met most.
func (f *File) syntaxError(err error) error {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := lineInError.FindStringSubmatch(msg); m != nil {
		line, _ = strconv.Atoi(m[1])
		msg = strings.Replace(msg, m[0], "", 1)
	}
	if line = min(max(line, 1), len(f.lines)); line > 1 && strings.TrimSpace(f.lineText(line-1)) == "" {
		line-- // the parser stops behind the line that it could not read
	}
	d := diag.Diagnostic{
		Summary: "The file is not valid YAML",
		Detail:  fmt.Sprintf("The parser stopped at this line or before it: %s. Correct the file and run again.", strings.TrimSpace(msg)),
		Subject: f.rangeOf(f.lines[line-1], f.lineEnd(line-1)),
	}
	for i := range f.lines {
		if strings.HasPrefix(f.lineText(i), "%YAML") && strings.Contains(msg, "incompatible") {
			d.Detail = "This line asks for a version of YAML that neither kubectl nor idpctl reads. Remove it and run again."
			d.Subject = f.rangeOf(f.lines[i], f.lineEnd(i))
			return d
		}
		if text := f.lineText(i); leadingTab(text) {
			d.Detail = "This line is indented with a tab, which YAML forbids. Indent it with spaces and run again."
			d.Subject = f.rangeOf(f.lines[i], f.lineEnd(i))
			return d
		}
	}
	if loc := markers.FindIndex(f.src); loc != nil {
		d.Summary = "The file is a template, not YAML"
		d.Detail = "It has template markers, such as the one here, and does not parse as YAML. Name the file that the template's values come from, or the rendered file."
		d.Subject = f.rangeOf(loc[0], loc[1])
	}
	return d
}

func leadingTab(line string) bool {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	rest := line[len(indent):]
	return strings.Contains(indent, "\t") && rest != "" && !strings.HasPrefix(rest, "#")
}

// findLines splits as the parser does: it takes YAML 1.1's line breaks, and
// CR, NEL, LS and PS among them. A file that has CR alone, as those of old Macs, keeps
// it; new lines in a file that has other breaks too end as the other ones do.
func (f *File) findLines() {
	f.lines, f.newline = []int{0}, "\n"
	if bytes.IndexByte(f.src, '\n') < 0 && bytes.IndexByte(f.src, '\r') >= 0 {
		f.newline = "\r"
	}
	for i := 0; i < len(f.src); {
		n := breakLen(f.src, i)
		if n == 0 {
			i++
			continue
		}
		if len(f.lines) == 1 && f.src[i] == '\r' && n == 2 {
			f.newline = "\r\n"
		}
		i += n
		f.lines = append(f.lines, i)
	}
}

// breakLen is the length of the line break at offset i, 0 if there is none.
func breakLen(b []byte, i int) int {
	switch {
	case i >= len(b):
		return 0
	case b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
		return 2
	case b[i] == '\r', b[i] == '\n':
		return 1
	case b[i] == 0xC2 && i+1 < len(b) && b[i+1] == 0x85:
		return 2
	case b[i] == 0xE2 && i+2 < len(b) && b[i+1] == 0x80 && (b[i+2] == 0xA8 || b[i+2] == 0xA9):
		return 3
	}
	return 0
}

// lineOf is the index (from 0) of the line that holds the byte at off.
func (f *File) lineOf(off int) int {
	return sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > off }) - 1
}

// lineEnd is the offset behind a line's text, before its break.
func (f *File) lineEnd(i int) int {
	if i+1 >= len(f.lines) {
		return len(f.src)
	}
	end := f.lines[i+1]
	for n := 1; n <= 3 && end-n >= f.lines[i]; n++ {
		if l := breakLen(f.src, end-n); l == n && (n != 1 || end-2 < f.lines[i] || breakLen(f.src, end-2) != 2) {
			return end - n
		}
	}
	return end
}

func (f *File) lineText(i int) string {
	start := f.lines[i]
	if i == 0 && bytes.HasPrefix(f.src, bom) {
		start += len(bom)
	}
	return string(f.src[min(start, f.lineEnd(i)):f.lineEnd(i)])
}

// indentOf is the number of spaces at the start of a line.
func (f *File) indentOf(i int) int {
	text := f.lineText(i)
	return len(text) - len(strings.TrimLeft(text, " "))
}

func (f *File) isBlank(i int) bool { return strings.TrimLeft(f.lineText(i), " \t") == "" }

func (f *File) isComment(i int) bool {
	return strings.HasPrefix(strings.TrimLeft(f.lineText(i), " \t"), "#")
}

// offset is where a node begins, with its anchor and tag.
func (f *File) offset(n *yaml.Node) int { return f.places[n].start }

// locate turns the parser's position of a node into an offset: its columns
// count characters, and a byte order mark is not one of them.
func (f *File) locate(n *yaml.Node) int {
	line := n.Line - 1
	if line < 0 || line >= len(f.lines) {
		return len(f.src)
	}
	off := f.lines[line]
	if line == 0 && bytes.HasPrefix(f.src, bom) {
		off += len(bom)
	}
	c := 1
	if f.memo.line == n.Line && f.memo.column <= n.Column {
		c, off = f.memo.column, f.memo.off // a file may be one long line
	}
	for ; c < n.Column && off < len(f.src); c++ {
		_, size := utf8.DecodeRune(f.src[off:])
		off += size
	}
	f.memo.line, f.memo.column, f.memo.off = n.Line, c, off
	return off
}

// atLineStart reports whether off is the first byte of a line's text.
func (f *File) atLineStart(off int) bool {
	start := f.lines[f.lineOf(off)]
	return off == start || start == 0 && off == len(bom) && bytes.HasPrefix(f.src, bom)
}

// column is the column (from 0) of an offset, in characters.
func (f *File) column(off int) int {
	start := f.lines[f.lineOf(off)]
	if start == 0 && bytes.HasPrefix(f.src, bom) {
		start = min(len(bom), off)
	}
	return utf8.RuneCount(f.src[start:off])
}

func (f *File) pos(off int) diag.Pos {
	return diag.Pos{Line: f.lineOf(off) + 1, Column: f.column(off) + 1, Byte: off}
}

func (f *File) rangeOf(start, end int) diag.Range {
	return diag.Range{Filename: f.name, Start: f.pos(start), End: f.pos(max(start, min(end, len(f.src))))}
}

// Range is where a node stands, for messages.
func (f *File) Range(n *yaml.Node) diag.Range {
	if n == nil || n.Line == 0 {
		return diag.Range{Filename: f.name, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1}}
	}
	start := f.offset(n)
	end, err := f.end(n)
	if err != nil || end < start {
		end = f.lineEnd(f.lineOf(start))
	}
	if l := f.lineOf(start); f.lineOf(end) != l {
		end = f.lineEnd(l)
	}
	return f.rangeOf(start, end)
}

// Problem is an error at a node, with what to do in its detail.
func (f *File) Problem(n *yaml.Node, summary, format string, args ...any) error {
	return diag.Diagnostic{Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: f.Range(n)}
}

// at is an error at one byte.
func (f *File) at(off int, summary, detail string) error {
	return diag.Diagnostic{Summary: summary, Detail: detail, Subject: f.rangeOf(off, off+1)}
}

// Docs are the documents' root nodes, in order; a document without content has
// a null scalar.
func (f *File) Docs() []*yaml.Node {
	roots := make([]*yaml.Node, len(f.docs))
	for i, d := range f.docs {
		roots[i] = d.Content[0]
	}
	return roots
}

// index notes where n and everything below it hang.
func (f *File) index(n, doc, parent *yaml.Node, i int, flow bool, indent int) {
	f.places[n] = place{start: f.locate(n), parent: parent, index: i, doc: doc, flow: flow, indent: indent}
	switch {
	case n.Kind == yaml.AliasNode:
		f.refs[n.Alias] = append(f.refs[n.Alias], n)
		return
	case n.Kind == yaml.DocumentNode:
		// The node around everything: the root is not indented.
	case n.Style&yaml.FlowStyle != 0:
		flow = true
	case n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode:
		indent = f.column(f.contentStart(n))
	}
	for i, c := range n.Content {
		f.index(c, doc, n, i, flow, indent)
	}
}
