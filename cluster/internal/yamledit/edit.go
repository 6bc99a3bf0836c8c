package yamledit

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Edits collects changes to a file. All of them are at positions of the file
// as it was parsed; [Edits.Bytes] makes them at once.
type Edits struct {
	f       *File
	spans   []span
	deleted map[int]bool     // whole lines
	after   map[int][]string // new lines behind a line
}

type span struct {
	start, end int
	text       string
}

// Edit begins a set of changes.
func (f *File) Edit() *Edits {
	return &Edits{f: f, deleted: map[int]bool{}, after: map[int][]string{}}
}

func (e *Edits) replace(start, end int, text string) {
	e.spans = append(e.spans, span{start, end, text})
}

func (e *Edits) insertAfter(line int, lines []string) {
	e.after[line] = append(e.after[line], lines...)
}

func (e *Edits) deleteLines(first, last int) {
	for l := first; l <= last; l++ {
		e.deleted[l] = true
	}
}

// Changed reports whether there is anything to change.
func (e *Edits) Changed() bool {
	return len(e.spans)+len(e.deleted)+len(e.after) > 0
}

// Bytes is the file with the changes made. The error means a defect: two
// changes of the same text.
func (e *Edits) Bytes() ([]byte, error) {
	all := append(slices.Clone(e.spans), e.lineSpans()...)
	slices.SortStableFunc(all, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(min(a.end-a.start, 1), min(b.end-b.start, 1)))
	})
	var out bytes.Buffer
	pos := 0
	for _, s := range all {
		if s.start < pos || s.end < s.start {
			return nil, e.f.at(s.start, "The file could not be edited in place", "Two changes meet here. This is a defect of idpctl: please report it. The file was not changed.")
		}
		out.Write(e.f.src[pos:s.start])
		out.WriteString(s.text)
		pos = s.end
	}
	out.Write(e.f.src[pos:])
	return out.Bytes(), nil
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
		for e.deleted[i+1] && i+1 < len(f.lines) {
			i++
			add = append(add, e.after[i]...)
		}
		switch text := strings.Join(add, nl); {
		case i+1 < len(f.lines):
			if len(add) > 0 {
				text += nl
			}
			spans = append(spans, span{f.lines[first], f.lines[i+1], text})
		default: // the last line has no break: neither has the new last one
			if len(add) > 0 {
				text = nl + text
			}
			spans = append(spans, span{f.lineEnd(max(first-1, 0)), len(f.src), text})
		}
	}
	return spans
}

// SetScalar makes the scalar n say s, in the style that it is written in.
func (e *Edits) SetScalar(n *yaml.Node, s string) error {
	f := e.f
	if err := f.Replaceable(n); err != nil {
		return err
	}
	start, propsEnd := f.skipProperties(n)
	end, err := f.end(n)
	if err != nil {
		return err
	}
	p := f.places[n]
	if unwritten(n, propsEnd) {
		if end == 0 || f.src[end-1] != ':' {
			return f.unsupported(n)
		}
		st := f.styleAt(p.parent)
		e.replace(end, end, " "+scalarText(s, st.values, p.flow))
		return nil
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && propsEnd < 0 {
		return e.setBlockScalar(n, s, start, p.indent)
	}
	e.replace(f.offset(n), end, scalarText(s, quoteOf(n), p.flow))
	return nil
}

// unwritten reports whether n is a null that is not written at all.
func unwritten(n *yaml.Node, propsEnd int) bool {
	const written = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&written == 0 && propsEnd < 0
}

// setBlockScalar replaces the text of a literal or folded scalar as a whole:
// its header says that no line break follows, its comment stays.
func (e *Edits) setBlockScalar(n *yaml.Node, s string, start, parentIndent int) error {
	f := e.f
	b, err := f.blockScalar(n, start, parentIndent)
	if err != nil {
		return err
	}
	if !blockSafe(s) || b.last < b.first {
		e.replace(start, b.indicators, scalarText(s, double, false))
		if b.last >= b.first {
			e.deleteLines(b.first, b.last)
		}
		return nil
	}
	if header := string(f.src[start]) + "-"; header != string(f.src[start:b.indicators]) {
		e.replace(start, b.indicators, header)
	}
	e.replace(f.lines[b.first], f.lineEnd(b.last), strings.Repeat(" ", b.indent)+s)
	return nil
}

// AppendFields adds entries to the mapping m, which has some, in its style.
func (e *Edits) AppendFields(m *yaml.Node, fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	f := e.f
	if err := f.shared(m); err != nil {
		return err
	}
	if err := f.NoMerge(m); err != nil {
		return err
	}
	st := f.styleAt(m)
	if m.Style&yaml.FlowStyle != 0 {
		st.values = f.valueQuote(m, st.values)
		texts := make([]string, len(fields))
		for i, fd := range fields {
			texts[i] = st.flowField(fd)
		}
		return e.flowAppend(m, texts)
	}
	st.values = f.valueQuote(m, st.values)
	end, err := f.end(m)
	if err != nil {
		return err
	}
	indent := f.column(f.contentStart(m))
	var lines []string
	for _, fd := range fields {
		lines = append(lines, st.indented(st.fieldLines(fd, indent), indent)...)
	}
	e.insertAfter(f.tail(f.lineOf(end), indent, true), lines)
	return nil
}

// valueQuote is how the text values of m are quoted, if all of them are.
func (f *File) valueQuote(m *yaml.Node, otherwise quote) quote {
	q, n := otherwise, 0
	for i := 1; i < len(m.Content); i += 2 {
		v := m.Content[i]
		if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!str" || v.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			continue
		}
		if n++; n > 1 && quoteOf(v) != q {
			return otherwise
		}
		q = quoteOf(v)
	}
	return q
}

// tail is the last line of something that ends at line: comments behind it
// that are indented more than column belong to it. blanks allows blank lines
// in between.
func (f *File) tail(line, column int, blanks bool) int {
	for i := line + 1; i < len(f.lines); i++ {
		switch {
		case f.isComment(i) && f.indentOf(i) > column:
			line = i
		case blanks && f.isBlank(i):
		default:
			return line
		}
	}
	return line
}

// Fill gives the i-th key of m, whose value is empty (null, {} or []), the
// value v.
func (e *Edits) Fill(m *yaml.Node, i int, v Value) error {
	f := e.f
	n := m.Content[i+1]
	if err := f.shared(n); err != nil {
		return err
	}
	keyEnd, err := f.end(m.Content[i])
	if err != nil {
		return err
	}
	colon, ok := f.colonEnd(keyEnd, f.places[n].flow || m.Style&yaml.FlowStyle != 0)
	start, propsEnd := f.skipProperties(n)
	end, err := f.end(n)
	switch {
	case err != nil:
		return err
	case !ok || propsEnd >= 0:
		return f.unsupported(n)
	}
	st := f.styleAt(m)
	written := !unwritten(n, propsEnd)
	inner := ""
	if written && n.Kind != yaml.ScalarNode {
		inner = strings.TrimSpace(string(f.src[start+1 : end-1]))
	}
	switch {
	case f.places[n].flow && !written:
		e.replace(colon, colon, " "+st.flowText(v, true))
	case f.places[n].flow && inner == "":
		e.replace(start, end, st.flowText(v, true))
	case inner != "":
		return f.unsupported(n) // a comment between the brackets
	case !written:
		indent := f.column(f.contentStart(m))
		e.insertAfter(f.lineOf(colon), st.blockLines(v, indent+st.step, indent+st.seq))
	case f.lineOf(start) == f.lineOf(colon):
		indent := f.column(f.contentStart(m))
		e.replace(colon, end, "")
		e.insertAfter(f.lineOf(end), st.blockLines(v, indent+st.step, indent+st.seq))
	default: // the empty value has a line of its own
		indent := f.column(start)
		text := strings.Join(st.blockLines(v, indent, indent), st.newline)
		e.replace(start, end, strings.TrimLeft(text, " "))
	}
	return nil
}

// blockLines are the lines of a mapping or list in block style.
func (s style) blockLines(v Value, mapIndent, seqIndent int) []string {
	var lines []string
	for _, fd := range v.Map {
		lines = append(lines, s.indented(s.fieldLines(fd, mapIndent), mapIndent)...)
	}
	for _, item := range v.Items {
		lines = append(lines, s.itemLines(item, seqIndent)...)
	}
	return lines
}

// SetValue replaces the value of m's i-th key, whatever it is, by v, written
// on one line.
func (e *Edits) SetValue(m *yaml.Node, i int, v Value) error {
	f := e.f
	n := m.Content[i+1]
	if err := f.Removable(n); err != nil {
		return err
	}
	keyEnd, err := f.end(m.Content[i])
	if err != nil {
		return err
	}
	end, err := f.end(n)
	if err != nil {
		return err
	}
	colon, ok := f.colonEnd(keyEnd, f.places[n].flow)
	if !ok {
		return f.unsupported(n)
	}
	e.replace(colon, max(end, colon), " "+f.styleAt(m).flowText(v, f.places[n].flow))
	return nil
}

// RemoveField takes the i-th key and its value out of m, which has others,
// with the comments that belong to it.
func (e *Edits) RemoveField(m *yaml.Node, i int) error {
	f := e.f
	if err := f.Removable(m.Content[i+1]); err != nil {
		return err
	}
	if m.Style&yaml.FlowStyle != 0 {
		gone := make([]bool, len(m.Content)/2)
		gone[i/2] = true
		return e.flowRemove(m, gone, false)
	}
	end, err := f.end(m.Content[i+1])
	if err != nil {
		return err
	}
	key := f.offset(m.Content[i])
	first, column := f.lineOf(key), f.column(key)
	if strings.TrimLeft(f.lineText(first), " ") != strings.TrimLeft(string(f.src[key:f.lineEnd(first)]), " ") {
		// Behind the dash of a list's item: the next key takes its place.
		if i+2 >= len(m.Content) {
			return f.unsupported(m.Content[i])
		}
		e.replace(key, f.offset(m.Content[i+2]), "")
		return nil
	}
	last := f.tail(f.lineOf(end), column, false)
	for first > 0 && f.isComment(first-1) && f.indentOf(first-1) == column {
		first--
	}
	e.deleteLines(first, last)
	return nil
}
