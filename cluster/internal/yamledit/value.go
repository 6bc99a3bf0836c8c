package yamledit

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// Value is something new to write: exactly one of a string, a mapping and a
// list.
type Value struct {
	Text  string
	Map   []Field // a mapping if not nil
	Items []Value // a list if not nil
}

// Field is one entry of a mapping.
type Field struct {
	Key   string
	Value Value
}

// String is a scalar value.
func String(s string) Value { return Value{Text: s} }

// List is a list of strings.
func List(items []string) Value {
	v := Value{Items: []Value{}}
	for _, s := range items {
		v.Items = append(v.Items, String(s))
	}
	return v
}

// Block is a value as a document of its own, in block style with two columns a level.
// What no terminal should see is escaped in it.
func Block(v Value) []byte {
	s := style{step: 2, seq: 2, dash: 2}
	var lines []string
	for _, fd := range v.Map {
		lines = append(lines, s.fieldLines(fd, 0)...)
	}
	for _, item := range v.Items {
		lines = append(lines, s.itemLines(item, 0)...)
	}
	if len(lines) == 0 {
		lines = []string{s.flowText(v, false)}
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

// style is how the neighbours of something new are written.
type style struct {
	keys, values quote
	step         int // columns by which a mapping's children are indented
	seq          int // columns by which a list is indented below its key
	dash         int // columns from a dash to what follows it
	newline      string
}

// fieldLines are the lines of "key: value" in block style, the first one
// without its indentation.
func (s style) fieldLines(fd Field, indent int) []string {
	key := scalarText(fd.Key, s.keys, false) + ":"
	v := fd.Value
	switch {
	case len(v.Map) > 0:
		lines := []string{key}
		for _, child := range v.Map {
			lines = append(lines, s.indented(s.fieldLines(child, indent+s.step), indent+s.step)...)
		}
		return lines
	case len(v.Items) > 0:
		lines := []string{key}
		for _, item := range v.Items {
			lines = append(lines, s.itemLines(item, indent+s.seq)...)
		}
		return lines
	default:
		return []string{key + " " + s.flowText(v, false)}
	}
}

// indented puts the indentation before the first of some lines.
func (s style) indented(lines []string, indent int) []string {
	lines[0] = strings.Repeat(" ", indent) + lines[0]
	return lines
}

// itemLines are the lines of a list's item in block style, indentation
// included.
func (s style) itemLines(v Value, indent int) []string {
	dash := strings.Repeat(" ", indent) + "-" + strings.Repeat(" ", max(s.dash-1, 1))
	if len(v.Map) == 0 {
		return []string{dash + s.flowText(v, false)}
	}
	var lines []string
	inner := indent + max(s.dash, 2)
	for i, fd := range v.Map {
		part := s.fieldLines(fd, inner)
		if i == 0 {
			part[0] = dash + part[0]
		} else {
			part = s.indented(part, inner)
		}
		lines = append(lines, part...)
	}
	return lines
}

// flowText writes a value on one line; within says that it stands inside
// another flow collection already.
func (s style) flowText(v Value, within bool) string {
	switch {
	case v.Map != nil:
		parts := make([]string, len(v.Map))
		for i, fd := range v.Map {
			parts[i] = s.flowField(fd)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case v.Items != nil:
		parts := make([]string, len(v.Items))
		for i, item := range v.Items {
			parts[i] = s.flowText(item, true)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return scalarText(v.Text, s.values, within)
	}
}

func (s style) flowField(fd Field) string {
	return scalarText(fd.Key, s.keys, true) + ": " + s.flowText(fd.Value, true)
}

// styleAt looks at what stands around n: how its keys are quoted and how much
// deeper each level of the document is indented.
func (f *File) styleAt(n *yaml.Node) style {
	s := style{step: 2, seq: -1, dash: 2, newline: f.Newline}
	for m := n; m != nil; m = f.places[m].parent {
		if m.Kind == yaml.MappingNode && len(m.Content) > 0 {
			s.keys = quoteOf(m.Content[0])
			break
		}
	}
	if s.keys == double && (f.places[n].flow || n.Style&yaml.FlowStyle != 0) {
		s.values = double // JSON
	}
	stepFound := false
	for m := n; m != nil && !stepFound; m = f.places[m].parent {
		s.step, stepFound = f.stepOf(m)
	}
	if !stepFound {
		s.step = 2
	}
	if s.seq = f.seqIndent(f.places[n].doc); s.seq < 0 {
		s.seq = s.step
	}
	return s
}

// stepOf is by how many columns the block mapping m is indented in the mapping
// around it.
func (f *File) stepOf(m *yaml.Node) (int, bool) {
	p := f.places[m]
	if m.Kind != yaml.MappingNode || p.flow || m.Style&yaml.FlowStyle != 0 || len(m.Content) == 0 || p.parent == nil || p.parent.Kind != yaml.MappingNode {
		return 0, false
	}
	step := f.Column(f.contentStart(m)) - p.indent
	return step, step > 0 && p.indent >= 0
}

// seqIndent is by how many columns the first block list of a document is
// indented below its key; -1 if there is none.
func (f *File) seqIndent(n *yaml.Node) int {
	if n == nil {
		return -1
	}
	p := f.places[n]
	if n.Kind == yaml.SequenceNode && !p.flow && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 && p.parent != nil && p.parent.Kind == yaml.MappingNode {
		if d := f.Column(f.contentStart(n)) - p.indent; d >= 0 {
			return d
		}
	}
	for _, c := range n.Content {
		if d := f.seqIndent(c); d >= 0 {
			return d
		}
	}
	return -1
}
