package tomledit

import (
	"slices"
	"strings"
)

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
		line := f.LineOf(t.section.pairs[len(t.section.pairs)-1].end - 1)
		e.InsertAfter(line, st.line(key(path[0]), v.render(st.literal)))
		return nil
	}
	if t.section.end == 0 {
		return f.Problem(nil, "The file could not be edited in place", "The key %s is missing at its top. Write it there and run again.", keys(path))
	}
	m := f.emptyModel(t)
	line := f.LineOf(t.section.start)
	e.InsertAfter(line, m.line(key(path[0]), v.render(m.literal)))
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
	e.Replace(last.end, last.end, ", "+k+before+"="+after+v.render(f.literal(last)))
}

// fill writes the entries of a table in braces that had none, or has none any more.
func (e *Edits) fill(t *Node, entries []string) {
	f := e.f
	text := " " + strings.Join(entries, ", ") + " "
	if len(e.gone[t]) > 0 { // what was there goes, up to the brace
		e.Replace(t.start+1, t.start+1, strings.TrimSuffix(text, " "))
		return
	}
	if inner := string(f.Src[t.start+1 : t.end-1]); strings.Trim(inner, " \t") == "" {
		e.Replace(t.start+1, t.end-1, text)
		return
	}
	e.Replace(t.start+1, t.start+1, text)
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
	k := string(f.Src[p.start:p.parts[last.depth-1].end]) + "." + keys(path)
	if p.section == nil {
		for t.form != inline {
			t = t.parent
		}
		e.insertInline(t, k, v)
		return nil
	}
	st := f.styleOf(p.section)
	st.indent = f.Indent(f.LineOf(p.start))
	line := f.LineOf(p.end - 1)
	e.InsertAfter(line, st.line(k, v.render(st.literal)))
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
		n.line = e.f.LineOf(e.f.sectionsIn(t)[0].start)
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
		line := t.line
		for line > 0 && e.f.IsComment(line-1) { // about the table in it
			line--
		}
		if line == 0 {
			e.Replace(e.f.Lines[0], e.f.Lines[0], strings.Join(lines, e.f.Newline)+e.f.Newline)
		} else {
			e.InsertAfter(line-1, lines...)
		}
		return
	}
	if t.model.blank {
		lines = append([]string{""}, lines...)
	}
	e.InsertAfter(t.line, lines...)
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
	end := f.LineOf(max(s.start, f.Lines[0]))
	if len(s.pairs) > 0 {
		end = f.LineOf(s.pairs[len(s.pairs)-1].end - 1)
	}
	indent, attached := f.headerIndent(s), true
	for i := end + 1; i < len(f.Lines); {
		if f.IsBlank(i) {
			attached = false
			i++
			continue
		}
		if !f.IsComment(i) {
			break
		}
		first := i
		for i < len(f.Lines) && f.IsComment(i) {
			i++
		}
		deeper := len(f.Indent(first)) > len(indent)
		heads := i < len(f.Lines) && !f.IsBlank(i)
		if !(deeper && (!heads || len(f.Indent(first)) > len(f.Indent(i)))) && !(attached && !heads) {
			break
		}
		end, attached = i-1, false
	}
	return end
}
