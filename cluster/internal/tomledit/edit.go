package tomledit

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/diag"
)

// Edits collects changes to a file. All of them are at positions of the file
// as it was parsed; [Edits.Bytes] makes them at once.
type Edits struct {
	f       *File
	spans   []span
	deleted map[int]bool     // whole lines
	after   map[int][]string // new lines behind a line
	tables  []*newTable
	gone    map[*Node][]*Node  // elements of a list and entries in braces that go
	filled  map[*Node][]string // entries of tables in braces that have none
	tail    []string           // new lines at the end of the file
	ops     []op
}

type span struct {
	start, end int
	text       string
}

// newTable is a section to be written behind a line.
type newTable struct {
	around *Node
	path   []string
	line   int
	before bool // before the line rather than behind it
	model  model
	lines  []string
}

// Edit begins a set of changes.
func (f *File) Edit() *Edits {
	return &Edits{f: f, deleted: map[int]bool{}, after: map[int][]string{}, filled: map[*Node][]string{}, gone: map[*Node][]*Node{}}
}

func (e *Edits) replace(start, end int, text string) {
	e.spans = append(e.spans, span{start, end, text})
}

// Changed reports whether there is anything to change.
func (e *Edits) Changed() bool { return len(e.ops) > 0 }

// Bytes is the file with the changes made. The new text was read again, and says
// what was asked for and all else that it said before. An error means a form that
// cannot be edited.
func (e *Edits) Bytes() ([]byte, error) {
	f := e.f
	for _, t := range e.tables {
		e.place(t)
	}
	for from := range e.gone {
		if err := e.cuts(from); err != nil {
			return nil, err
		}
	}
	for t, entries := range e.filled {
		e.fill(t, entries)
	}
	all := append(slices.Clone(e.spans), e.lineSpans()...)
	if len(e.tail) > 0 {
		all = append(all, e.tailSpan())
	}
	slices.SortStableFunc(all, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(min(a.end-a.start, 1), min(b.end-b.start, 1)))
	})
	var out bytes.Buffer
	pos := 0
	for _, s := range all {
		if s.start < pos || s.end < s.start {
			return nil, e.failed(s.start, "two changes meet here")
		}
		out.Write(f.src[pos:s.start])
		out.WriteString(s.text)
		pos = s.end
	}
	out.Write(f.src[pos:])
	if why := e.verify(out.Bytes()); why != "" {
		return nil, e.failed(f.lines[0], why)
	}
	return out.Bytes(), nil
}

func (e *Edits) failed(off int, why string) error {
	return diag.Diagnostic{
		Summary: "The file could not be edited in place", Subject: e.f.rangeOf(off, off+1),
		Detail: "The result was checked before writing, and " + why + ". The file was not changed. " +
			"Write the profile in the usual form ([[profile]], [profile.auth.oauth2], one key a line), and please report this with the profile as it is now.",
	}
}

// lineSpans turns changes of whole lines into changes of text.
func (e *Edits) lineSpans() []span {
	f, nl := e.f, e.f.newline
	var spans []span
	for i := 0; i < len(f.lines); i++ {
		if !e.deleted[i] {
			if add := e.after[i]; len(add) > 0 {
				spans = append(spans, span{f.lineEnd(i), f.lineEnd(i), nl + strings.Join(add, nl)})
			}
			continue
		}
		first := i
		add := slices.Clone(e.after[i])
		for i+1 < len(f.lines) && e.deleted[i+1] {
			i++
			add = append(add, e.after[i]...)
		}
		if first == 0 && len(add) == 0 && i+2 < len(f.lines) && f.isBlank(i+1) {
			i++ // the file does not begin with a blank line then
		}
		text := strings.Join(add, nl)
		switch {
		case i+1 < len(f.lines):
			if len(add) > 0 {
				text += nl
			}
			spans = append(spans, span{f.lines[first], f.lines[i+1], text})
		case first == 0:
			spans = append(spans, span{f.lines[0], len(f.src), text})
		default: // the last line has no break: neither has the new last one
			if len(add) > 0 {
				text = nl + text
			}
			spans = append(spans, span{f.lineEnd(first - 1), len(f.src), text})
		}
	}
	return spans
}

// tailSpan puts lines at the end of the file, behind a blank line. A file whose
// last line has no break gets none.
func (e *Edits) tailSpan() span {
	f, nl := e.f, e.f.newline
	last := len(f.lines) - 1
	text := strings.Join(e.tail, nl)
	switch {
	case len(f.src) == f.lines[0]:
		text += nl
	case f.lines[last] < len(f.src): // no break at the end
		text = nl + nl + text
	case last > 0 && !f.isBlank(last-1):
		text = nl + text + nl
	default:
		text += nl
	}
	return span{len(f.src), len(f.src), text}
}

// SetText makes the entry that path leads to from the table t say s.
func (e *Edits) SetText(t *Node, path []string, s string) error {
	return e.Set(t, path, String(s))
}

// Set gives the entry that path leads to from the table t a value. One that is
// there is replaced in the style that it is written in; else it is added as
// entries beside it are written, with the tables that are missing.
func (e *Edits) Set(t *Node, path []string, v Value) error {
	addr := append(slices.Clip(t.addr), path...)
	for len(path) > 1 {
		child := t.Get(path[0])
		if child == nil {
			break
		}
		if child.Kind != Table {
			return e.f.Problem(child, "The key is no table", "A table is expected at %s, and there is a %s. Correct the file and run again.", keys(path[:1]), child.Kind)
		}
		t, path = child, path[1:]
	}
	e.ops = append(e.ops, op{addr: addr, value: v.plain()})
	if old := t.Get(path[0]); old != nil {
		return e.setValue(old, v)
	}
	return e.insert(t, path, v)
}

func (e *Edits) setValue(old *Node, v Value) error {
	if old.pair == nil || old.value() == nil {
		return e.f.Problem(old, "The key is a table", "A value is expected here, and there is a %s. Correct the file and run again.", old.Kind)
	}
	if v.kind == List && old.Kind == List && !slices.ContainsFunc(old.Items, func(n *Node) bool { return n.Kind != Text }) {
		return e.setList(old, v.list)
	}
	literal := e.f.literal(old)
	if old.Kind == List && len(old.Items) > 0 {
		literal = e.f.literal(old.Items[0])
	}
	e.replace(old.start, old.end, v.render(literal))
	return nil
}

// value is the node if it is a value that is written as one.
func (n *Node) value() *Node {
	if n.Kind == Tables || n.Kind == Table && n.form != inline {
		return nil
	}
	return n
}
