package tomledit

import (
	"slices"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
	"github.com/idpctl/idpctl/diag"
)

// Edits collects changes to a file. All of them are at positions of the file
// as it was parsed; [Edits.Bytes] makes them at once.
type Edits struct {
	*lineEdits
	f      *File
	tables []*newTable
	gone   map[*Node][]*Node  // elements of a list and entries in braces that go
	filled map[*Node][]string // entries of tables in braces that have none
	ops    []op
}

type lineEdits = textedit.Edits

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
	return &Edits{lineEdits: f.text.Edit(), f: f, filled: map[*Node][]string{}, gone: map[*Node][]*Node{}}
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
	out, clash := e.Splice()
	if clash >= 0 {
		return nil, e.failed(clash, "two changes meet here")
	}
	if why := e.verify(out); why != "" {
		return nil, e.failed(f.Lines[0], why)
	}
	return out, nil
}

func (e *Edits) failed(off int, why string) error {
	return diag.Diagnostic{
		Summary: "The file could not be edited in place", Subject: e.f.RangeOf(off, off+1),
		Detail: "The result was checked before writing, and " + why + ". The file was not changed. " +
			"Write the profile in the usual form ([[profile]], [profile.auth.oauth2], one key a line), and please report this with the profile as it is now.",
	}
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
	e.Replace(old.start, old.end, v.render(literal))
	return nil
}

// value is the node if it is a value that is written as one.
func (n *Node) value() *Node {
	if n.Kind == Tables || n.Kind == Table && n.form != inline {
		return nil
	}
	return n
}
