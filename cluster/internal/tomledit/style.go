package tomledit

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
)

// Value is a value to write: one of a text, a list of texts and a table of texts.
type Value struct {
	text   string
	list   []string
	fields []Field
	kind   Kind
}

// Field is a key and its text.
type Field struct{ Key, Text string }

// String is the value of a text.
func String(s string) Value { return Value{text: s, kind: Text} }

// Strings is the value of a list of texts.
func Strings(list []string) Value { return Value{list: list, kind: List} }

// Inline is the value of a table in braces.
func Inline(fields ...Field) Value { return Value{fields: fields, kind: Table} }

// plain is the value as a decoder gives it.
func (v Value) plain() any {
	switch v.kind {
	case List:
		list := make([]any, len(v.list))
		for i, s := range v.list {
			list[i] = s
		}
		return list
	case Table:
		m := map[string]any{}
		for _, f := range v.fields {
			m[f.Key] = f.Text
		}
		return m
	default:
		return v.text
	}
}

// render is the value's text; literal asks for 'quotes' of that kind.
func (v Value) render(literal bool) string {
	switch v.kind {
	case List:
		out := make([]string, len(v.list))
		for i, s := range v.list {
			out[i] = quote(s, literal)
		}
		return "[" + strings.Join(out, ", ") + "]"
	case Table:
		if len(v.fields) == 0 {
			return "{}"
		}
		out := make([]string, len(v.fields))
		for i, f := range v.fields {
			out[i] = key(f.Key) + " = " + quote(f.Text, literal)
		}
		return "{ " + strings.Join(out, ", ") + " }"
	default:
		return quote(v.text, literal)
	}
}

// quote writes s as a string of one line. What literal strings cannot hold, and
// what is not seen, is written with escapes.
func quote(s string, literal bool) string {
	if literal && !strings.ContainsFunc(s, func(r rune) bool { return r == '\'' || !textedit.Plain(r) }) {
		return "'" + s + "'"
	}
	return textedit.Quote(s)
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// key writes a key, in quotes if it needs them.
func key(s string) string {
	if bareKey.MatchString(s) {
		return s
	}
	return quote(s, false)
}

func keys(path []string) string {
	out := make([]string, len(path))
	for i, p := range path {
		out[i] = key(p)
	}
	return strings.Join(out, ".")
}

// lineStyle is how the lines of a section are written.
type lineStyle struct {
	indent        string
	before, after string // the =
	align         int    // the width of a key up to the =, 0 for not aligned
	literal       bool   // texts are in 'quotes'
}

func plainStyle(indent string) lineStyle { return lineStyle{indent: indent, before: " ", after: " "} }

func (s lineStyle) line(k, value string) string {
	before := s.before
	if s.align > 0 {
		before = strings.Repeat(" ", max(s.align-utf8.RuneCountInString(k), 1))
	}
	return s.indent + k + before + "=" + s.after + value
}

// indent is what a section's header begins with.
func (f *File) headerIndent(s *section) string {
	if s.end == 0 {
		return ""
	}
	return f.Indent(f.LineOf(s.start))
}

// styleOf is how the lines of a section with pairs are written: as the last of
// them, and with the = below each other if all of them are so.
func (f *File) styleOf(s *section) lineStyle {
	last := s.pairs[len(s.pairs)-1]
	st := lineStyle{indent: f.Indent(f.LineOf(last.start))}
	st.before, st.after = f.equals(last)
	texts, literal, widths, columns := 0, 0, map[int]bool{}, map[int]bool{}
	for _, p := range s.pairs {
		if p.value.Kind == Text {
			texts++
			if f.Src[p.value.start] == '\'' {
				literal++
			}
		}
		k := utf8.RuneCount(f.Src[p.start:p.parts[len(p.parts)-1].end])
		before, _ := f.equals(p)
		widths[k], columns[k+len(before)] = true, true
	}
	st.literal = texts > 0 && literal == texts
	if len(widths) > 1 && len(columns) == 1 {
		for c := range columns {
			st.align = c
		}
	}
	if st.align == 0 && len(st.before) > 1 {
		st.before = " "
	}
	return st
}

// equals is the white space on both sides of a pair's =.
func (f *File) equals(p *pair) (before, after string) {
	text := string(f.Src[p.parts[len(p.parts)-1].end:p.value.start])
	before, after, _ = strings.Cut(text, "=")
	return before, after
}

// literal reports whether the text at a node is in 'quotes'.
func (f *File) literal(n *Node) bool { return n.Kind == Text && f.Src[n.start] == '\'' }

// models are how headers of tables are written below an element of an array:
// for each, the header's indent, the style of its lines, and whether a blank
// line stands before it.
type model struct {
	indent string
	lines  lineStyle
	blank  bool
}

// tableModel is how to write the header of the table at path and its lines,
// below the table around it, which has a header or is the file's root.
func (f *File) tableModel(around *Node, path []string) model {
	var found *section
	rank := func(s *section) int {
		same := keys(s.table.path) == keys(path)
		switch inside := s.table.within(around); {
		case s.end == 0 || len(s.table.path) <= len(around.path) || s.table.parent.Kind == Tables:
			return 0
		case same:
			return 4 // that of another profile
		case inside:
			return 3
		case len(s.table.path) > 1 && len(around.path) > 0 && s.table.path[0] == around.path[0]:
			return 2
		default:
			return 0
		}
	}
	for _, s := range f.sections {
		if r := rank(s); r > 0 && (found == nil || r > rank(found)) {
			found = s
		}
	}
	if found == nil {
		outer, inner := f.headerIndent(around.section), ""
		lines := plainStyle("")
		if len(around.section.pairs) > 0 {
			lines = f.styleOf(around.section)
			inner, lines.align = lines.indent, 0
			if lines.before == "" {
				lines.before = f.spaced(around.section)
			}
		}
		m := model{indent: inner, lines: lines, blank: true}
		if strings.HasPrefix(inner, outer) {
			m.lines.indent = inner + inner[len(outer):]
		}
		return m
	}
	m := model{indent: f.headerIndent(found)}
	line := f.LineOf(found.start)
	m.blank = line == 0 || f.IsBlank(line-1) || f.IsComment(line-1)
	if len(found.pairs) > 0 {
		m.lines = f.styleOf(found)
	} else {
		m.lines = plainStyle(m.indent)
	}
	return m
}

// spaced is the white space before the = of a section's lines.
func (f *File) spaced(s *section) string {
	before, _ := f.equals(s.pairs[len(s.pairs)-1])
	return before
}

// within reports whether a table is in another.
func (n *Node) within(t *Node) bool {
	for ; n != nil; n = n.parent {
		if n == t {
			return true
		}
	}
	return false
}
