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
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
	"github.com/idpctl/idpctl/diag"
)

// File is a parsed YAML file. Edits are collected in [Edits] and leave it as it
// is. It is for one goroutine, as it remembers positions that it looked up.
type File struct {
	*text
	docs   []*yaml.Node
	places map[*yaml.Node]place
	refs   map[*yaml.Node][]*yaml.Node // aliases of an anchored node
	ends   map[*yaml.Node]int
	memo   struct{ line, column, off int } // of the node that was located last
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

type text = textedit.Text

// Parse reads a YAML file. name is used in messages only. The error is a
// [diag.Diagnostic].
func Parse(name string, src []byte) (*File, error) {
	f := &File{
		text: textedit.New(name, src, breakLen), places: map[*yaml.Node]place{}, refs: map[*yaml.Node][]*yaml.Node{}, ends: map[*yaml.Node]int{},
	}
	if bytes.HasPrefix(src, []byte("$ANSIBLE_VAULT;")) {
		return nil, f.ErrorAt(0, "The file is encrypted by Ansible Vault", "What is encrypted cannot be merged into. Name a file that is not encrypted.")
	}
	if err := f.Check(); err != nil {
		return nil, err
	}
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
	if line = min(max(line, 1), len(f.Lines)); line > 1 && strings.TrimSpace(f.LineText(line-1)) == "" {
		line-- // the parser stops behind the line that it could not read
	}
	d := diag.Diagnostic{
		Summary: "The file is not valid YAML",
		Detail:  fmt.Sprintf("The parser stopped at this line or before it: %s. Correct the file and run again.", strings.TrimSpace(msg)),
		Subject: f.RangeOf(f.Lines[line-1], f.LineEnd(line-1)),
	}
	for i := range f.Lines {
		if strings.HasPrefix(f.LineText(i), "%YAML") && strings.Contains(msg, "incompatible") {
			d.Detail = "This line asks for a version of YAML that neither kubectl nor idpctl reads. Remove it and run again."
			d.Subject = f.RangeOf(f.Lines[i], f.LineEnd(i))
			return d
		}
		if text := f.LineText(i); leadingTab(text) {
			d.Detail = "This line is indented with a tab, which YAML forbids. Indent it with spaces and run again."
			d.Subject = f.RangeOf(f.Lines[i], f.LineEnd(i))
			return d
		}
	}
	if loc := markers.FindIndex(f.Src); loc != nil {
		d.Summary = "The file is a template, not YAML"
		d.Detail = "It has template markers, such as the one here, and does not parse as YAML. Name the file that the template's values come from, or the rendered file."
		d.Subject = f.RangeOf(loc[0], loc[1])
	}
	return d
}

func leadingTab(line string) bool {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	rest := line[len(indent):]
	return strings.Contains(indent, "\t") && rest != "" && !strings.HasPrefix(rest, "#")
}

// breakLen is the length of the line break at offset i, 0 if there is none, as the
// parser has it: it takes YAML 1.1's line breaks, and CR, NEL, LS and PS among them.
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

// indentOf is the number of spaces at the start of a line.
func (f *File) indentOf(i int) int {
	text := f.LineText(i)
	return len(text) - len(strings.TrimLeft(text, " "))
}

// offset is where a node begins, with its anchor and tag.
func (f *File) offset(n *yaml.Node) int { return f.places[n].start }

// locate turns the parser's position of a node into an offset: its columns
// count characters, and a byte order mark is not one of them.
func (f *File) locate(n *yaml.Node) int {
	line := n.Line - 1
	if line < 0 || line >= len(f.Lines) {
		return len(f.Src)
	}
	off := f.Lines[line]
	c := 1
	if f.memo.line == n.Line && f.memo.column <= n.Column {
		c, off = f.memo.column, f.memo.off // a file may be one long line
	}
	for ; c < n.Column && off < len(f.Src); c++ {
		_, size := utf8.DecodeRune(f.Src[off:])
		off += size
	}
	f.memo.line, f.memo.column, f.memo.off = n.Line, c, off
	return off
}

// atLineStart reports whether off is the first byte of a line's text.
func (f *File) atLineStart(off int) bool {
	return off == f.Lines[f.LineOf(off)]
}

// Range is where a node stands, for messages.
func (f *File) Range(n *yaml.Node) diag.Range {
	if n == nil || n.Line == 0 {
		return diag.Range{Filename: f.Name, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1}}
	}
	start := f.offset(n)
	end, err := f.end(n)
	if err != nil || end < start {
		end = f.LineEnd(f.LineOf(start))
	}
	if l := f.LineOf(start); f.LineOf(end) != l {
		end = f.LineEnd(l)
	}
	return f.RangeOf(start, end)
}

// Problem is an error at a node, with what to do in its detail.
func (f *File) Problem(n *yaml.Node, summary, format string, args ...any) error {
	return diag.Diagnostic{Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: f.Range(n)}
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
		indent = f.Column(f.contentStart(n))
	}
	for i, c := range n.Content {
		f.index(c, doc, n, i, flow, indent)
	}
}
