package yamledit

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
)

// Edits collects changes to a file. All of them are at positions of the file
// as it was parsed; [Edits.Bytes] makes them at once.
type Edits struct {
	*lineEdits
	f *File
}

type lineEdits = textedit.Edits

// Edit begins a set of changes.
func (f *File) Edit() *Edits { return &Edits{f.text.Edit(), f} }

// Bytes is the file with the changes made. The error means a defect: two
// changes of the same text.
func (e *Edits) Bytes() ([]byte, error) {
	out, clash := e.Splice()
	if clash >= 0 {
		return nil, e.f.ErrorAt(clash, "The file could not be edited in place", "Two changes meet here. This is a defect of idpctl: please report it. The file was not changed.")
	}
	return out, nil
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
		if end == 0 || f.Src[end-1] != ':' {
			return f.unsupported(n)
		}
		st := f.styleAt(p.parent)
		e.Replace(end, end, " "+scalarText(s, st.values, p.flow))
		return nil
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && propsEnd < 0 {
		return e.setBlockScalar(n, s, start, p.indent)
	}
	e.Replace(f.offset(n), end, scalarText(s, quoteOf(n), p.flow))
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
		e.Replace(start, b.indicators, scalarText(s, double, false))
		if b.last >= b.first {
			e.DeleteLines(b.first, b.last)
		}
		return nil
	}
	if header := string(f.Src[start]) + "-"; header != string(f.Src[start:b.indicators]) {
		e.Replace(start, b.indicators, header)
	}
	e.Replace(f.Lines[b.first], f.LineEnd(b.last), strings.Repeat(" ", b.indent)+s)
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
	indent := f.Column(f.contentStart(m))
	var lines []string
	for _, fd := range fields {
		lines = append(lines, st.indented(st.fieldLines(fd, indent), indent)...)
	}
	e.InsertAfter(f.tail(f.LineOf(end), indent, true), lines...)
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
	for i := line + 1; i < len(f.Lines); i++ {
		switch {
		case f.IsComment(i) && f.indentOf(i) > column:
			line = i
		case blanks && f.IsBlank(i):
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
		inner = strings.TrimSpace(string(f.Src[start+1 : end-1]))
	}
	switch {
	case f.places[n].flow && !written:
		e.Replace(colon, colon, " "+st.flowText(v, true))
	case f.places[n].flow && inner == "":
		e.Replace(start, end, st.flowText(v, true))
	case inner != "":
		return f.unsupported(n) // a comment between the brackets
	case !written:
		indent := f.Column(f.contentStart(m))
		e.InsertAfter(f.LineOf(colon), st.blockLines(v, indent+st.step, indent+st.seq)...)
	case f.LineOf(start) == f.LineOf(colon):
		indent := f.Column(f.contentStart(m))
		e.Replace(colon, end, "")
		e.InsertAfter(f.LineOf(end), st.blockLines(v, indent+st.step, indent+st.seq)...)
	default: // the empty value has a line of its own
		indent := f.Column(start)
		text := strings.Join(st.blockLines(v, indent, indent), st.newline)
		e.Replace(start, end, strings.TrimLeft(text, " "))
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
	e.Replace(colon, max(end, colon), " "+f.styleAt(m).flowText(v, f.places[n].flow))
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
	first, column := f.LineOf(key), f.Column(key)
	if strings.TrimLeft(f.LineText(first), " ") != strings.TrimLeft(string(f.Src[key:f.LineEnd(first)]), " ") {
		// Behind the dash of a list's item: the next key takes its place.
		if i+2 >= len(m.Content) {
			return f.unsupported(m.Content[i])
		}
		e.Replace(key, f.offset(m.Content[i+2]), "")
		return nil
	}
	last := f.tail(f.LineOf(end), column, false)
	for first > 0 && f.IsComment(first-1) && f.indentOf(first-1) == column {
		first--
	}
	e.DeleteLines(first, last)
	return nil
}
