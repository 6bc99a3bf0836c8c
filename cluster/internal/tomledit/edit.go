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

// insert adds an entry to a table, at path below it.
func (e *Edits) insert(t *Node, path []string, v Value) error {
	f := e.f
	switch t.form {
	case inline:
		e.insertInline(t, keys(path), v)
		return nil
	case dotted:
		return e.insertDotted(t, path, v)
	}
	if len(path) > 1 || t.form == implied {
		e.insertTable(t, path, v)
		return nil
	}
	if len(t.section.pairs) > 0 {
		st := f.styleOf(t.section)
		line := f.lineOf(t.section.pairs[len(t.section.pairs)-1].end - 1)
		e.after[line] = append(e.after[line], st.line(key(path[0]), v.render(st.literal)))
		return nil
	}
	if t.section.end == 0 {
		return f.Problem(nil, "The file could not be edited in place", "The key %s is missing at its top. Write it there and run again.", keys(path))
	}
	m := f.emptyModel(t)
	line := f.lineOf(t.section.start)
	e.after[line] = append(e.after[line], m.line(key(path[0]), v.render(m.literal)))
	return nil
}

// emptyModel is how to write lines in a section that has none yet.
func (f *File) emptyModel(t *Node) lineStyle {
	for _, s := range f.sections {
		if s != t.section && len(s.pairs) > 0 && s.end > 0 && keys(s.table.path) == keys(t.path) {
			return f.styleOf(s)
		}
	}
	own := f.headerIndent(t.section)
	for _, s := range f.sections {
		if len(s.pairs) == 0 || s.end == 0 {
			continue
		}
		st := f.styleOf(s)
		if step, ok := strings.CutPrefix(st.indent, f.headerIndent(s)); ok {
			st.indent, st.align = own+step, 0
			return st
		}
	}
	return plainStyle(own + "    ")
}

// insertInline adds an entry to a table in braces, under a key that may have dots.
func (e *Edits) insertInline(t *Node, k string, v Value) {
	f := e.f
	var last *Node // the entry that stands last in the text, of those that stay
	for _, n := range t.leaves() {
		if (last == nil || n.end > last.end) && !e.removed(t, n) {
			last = n
		}
	}
	if last == nil {
		e.filled[t] = append(e.filled[t], k+" = "+v.render(false))
		return
	}
	before, after := f.equals(last.pair)
	e.replace(last.end, last.end, ", "+k+before+"="+after+v.render(f.literal(last)))
}

// fill writes the entries of a table in braces that had none, or has none any more.
func (e *Edits) fill(t *Node, entries []string) {
	f := e.f
	text := " " + strings.Join(entries, ", ") + " "
	if len(e.gone[t]) > 0 { // what was there goes, up to the brace
		e.replace(t.start+1, t.start+1, strings.TrimSuffix(text, " "))
		return
	}
	if inner := string(f.src[t.start+1 : t.end-1]); strings.Trim(inner, " \t") == "" {
		e.replace(t.start+1, t.end-1, text)
		return
	}
	e.replace(t.start+1, t.start+1, text)
}

// pending reports whether a change begins at an offset.
func (e *Edits) pending(off int) bool {
	return slices.ContainsFunc(e.spans, func(s span) bool { return s.start == off })
}

// leaves are the values of a table and of those that keys with dots make in it.
func (n *Node) leaves() []*Node {
	var out []*Node
	for _, k := range n.keys {
		if k.Kind == Table && k.form == dotted {
			out = append(out, k.leaves()...)
		} else {
			out = append(out, k)
		}
	}
	return out
}

// insertDotted adds an entry to a table that keys with dots make: behind the last
// of them, with the same beginning.
func (e *Edits) insertDotted(t *Node, path []string, v Value) error {
	f := e.f
	last := t.via[len(t.via)-1]
	p := last.pair
	k := string(f.src[p.start:p.parts[last.depth-1].end]) + "." + keys(path)
	if p.section == nil {
		for t.form != inline {
			t = t.parent
		}
		e.insertInline(t, k, v)
		return nil
	}
	st := f.styleOf(p.section)
	st.indent = f.indentOf(f.lineOf(p.start))
	line := f.lineOf(p.end - 1)
	e.after[line] = append(e.after[line], st.line(k, v.render(st.literal)))
	return nil
}

// insertTable adds an entry to a table that gets a header of its own.
func (e *Edits) insertTable(t *Node, path []string, v Value) {
	full := append(slices.Clip(t.path), path[:len(path)-1]...)
	for _, n := range e.tables {
		if n.around == t && slices.Equal(n.path, full) {
			n.lines = append(n.lines, n.model.lines.line(key(path[len(path)-1]), v.render(n.model.lines.literal)))
			return
		}
	}
	around := t
	for around.section == nil {
		around = around.parent
	}
	n := &newTable{around: t, path: full, model: e.f.tableModel(around, full)}
	if t.form == implied && len(path) == 1 {
		// Its own header, before that of the first table in it.
		n.before = true
		n.line = e.f.lineOf(e.f.sectionsIn(t)[0].start)
	} else {
		secs := e.f.sectionsIn(around)
		n.line = e.f.sectionEnd(secs[len(secs)-1])
	}
	n.lines = []string{n.model.lines.line(key(path[len(path)-1]), v.render(n.model.lines.literal))}
	e.tables = append(e.tables, n)
}

// place turns a new table into lines.
func (e *Edits) place(t *newTable) {
	head := t.model.indent + "[" + keys(t.path) + "]"
	lines := append([]string{head}, t.lines...)
	if t.before {
		if t.model.blank {
			lines = append(lines, "")
		}
		at := e.f.lines[t.line]
		e.replace(at, at, strings.Join(lines, e.f.newline)+e.f.newline)
		return
	}
	if t.model.blank {
		lines = append([]string{""}, lines...)
	}
	e.after[t.line] = append(e.after[t.line], lines...)
}

// sectionsIn are the sections of a table and of those in it.
func (f *File) sectionsIn(t *Node) []*section {
	var out []*section
	for _, s := range f.sections {
		if s.table.within(t) {
			out = append(out, s)
		}
	}
	return out
}

// sectionEnd is the last line that belongs to a section: that of its last entry,
// or a comment behind it that is indented more than its header, or that follows
// at once and does not stand before the next header.
func (f *File) sectionEnd(s *section) int {
	end := f.lineOf(max(s.start, f.lines[0]))
	if len(s.pairs) > 0 {
		end = f.lineOf(s.pairs[len(s.pairs)-1].end - 1)
	}
	indent, attached := f.headerIndent(s), true
	for i := end + 1; i < len(f.lines); {
		if f.isBlank(i) {
			attached = false
			i++
			continue
		}
		if !f.isComment(i) {
			break
		}
		first := i
		for i < len(f.lines) && f.isComment(i) {
			i++
		}
		deeper := len(f.indentOf(first)) > len(indent)
		heads := i < len(f.lines) && !f.isBlank(i)
		if !(deeper && (!heads || len(f.indentOf(first)) > len(f.indentOf(i)))) && !(attached && !heads) {
			break
		}
		end, attached = i-1, false
	}
	return end
}
