package yamledit

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The parser tells where a node begins. This file finds where it ends.

// contentStart is where a node's text begins, behind its anchor and tag.
func (f *File) contentStart(n *yaml.Node) int {
	off, _ := f.skipProperties(n)
	return off
}

// skipProperties returns where a node's text begins, and where its last
// property (anchor or tag) ends; that is -1 if it has none.
func (f *File) skipProperties(n *yaml.Node) (content, propsEnd int) {
	off, propsEnd := f.offset(n), -1
	if n.Kind == yaml.AliasNode || n.Kind == yaml.DocumentNode {
		return off, propsEnd
	}
	anchor, tag := n.Anchor != "", n.Style&yaml.TaggedStyle != 0 || n.Kind == yaml.ScalarNode
	for off < len(f.Src) {
		switch c := f.Src[off]; {
		case c == '&' && anchor:
			off += 1 + len(n.Anchor)
			anchor = false
		case c == '!' && tag && bytes.HasPrefix(f.Src[off:], []byte("!<")):
			off = f.until(off, ">") + 1
			tag = false
		case c == '!' && tag:
			stop := " \t\r\n"
			if f.places[n].flow {
				stop += ",[]{}"
			}
			off = f.until(off, stop)
			tag = false
		default:
			return off, propsEnd
		}
		propsEnd = min(off, len(f.Src))
		off = f.skipSpace(propsEnd)
	}
	return min(off, len(f.Src)), propsEnd
}

func (f *File) until(off int, chars string) int {
	if i := bytes.IndexAny(f.Src[off:], chars); i >= 0 {
		return off + i
	}
	return len(f.Src)
}

// skipBlanks passes over spaces and tabs.
func (f *File) skipBlanks(off int) int {
	for off < len(f.Src) && (f.Src[off] == ' ' || f.Src[off] == '\t') {
		off++
	}
	return off
}

// skipSpace passes over blanks, line breaks and comments.
func (f *File) skipSpace(off int) int {
	for off < len(f.Src) {
		if next := f.skipBlanks(off); next > off {
			off = next
		} else if n := breakLen(f.Src, off); n > 0 {
			off += n
		} else if f.Src[off] == '#' && (off == 0 || blankOrBreak(f.Src, off-1) || f.atLineStart(off)) {
			off = f.LineEnd(f.LineOf(off))
		} else {
			return off
		}
	}
	return off
}

func blankOrBreak(b []byte, i int) bool {
	return i >= len(b) || b[i] == ' ' || b[i] == '\t' || breakLen(b, i) > 0
}

// end is the offset behind a node's last byte. A block scalar ends behind its
// last line's text.
func (f *File) end(n *yaml.Node) (int, error) {
	if e, ok := f.ends[n]; ok {
		return e, nil
	}
	e, err := f.findEnd(n)
	if err == nil && (e > len(f.Src) || e < f.offset(n) && n.Value != "") {
		err = f.unsupported(n)
	}
	if err == nil {
		f.ends[n] = e
	}
	return e, err
}

func (f *File) unsupported(n *yaml.Node) error {
	start := f.offset(n)
	return f.ErrorAt(start, "This form of YAML cannot be edited in place",
		"idpctl changes single values of a file and keeps the rest as it is; it does not know how to do that here. Write this part in the usual form (key: value) and run again.")
}

func (f *File) findEnd(n *yaml.Node) (int, error) {
	start, propsEnd := f.skipProperties(n)
	p := f.places[n]
	switch n.Kind {
	case yaml.AliasNode:
		return start + 1 + len(n.Value), nil
	case yaml.ScalarNode:
		return f.scalarEnd(n, start, propsEnd, p)
	case yaml.MappingNode, yaml.SequenceNode:
		return f.collectionEnd(n, start)
	case yaml.DocumentNode:
		if len(n.Content) == 1 {
			return f.end(n.Content[0])
		}
	}
	return 0, f.unsupported(n)
}

func (f *File) scalarEnd(n *yaml.Node, start, propsEnd int, p place) (int, error) {
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		for i := start + 1; i < len(f.Src) && f.Src[start] == '"'; i++ {
			switch f.Src[i] {
			case '\\':
				i++
			case '"':
				return i + 1, nil
			}
		}
	case n.Style&yaml.SingleQuotedStyle != 0:
		for i := start + 1; i < len(f.Src) && f.Src[start] == '\''; i++ {
			if f.Src[i] != '\'' {
				continue
			}
			if i+1 < len(f.Src) && f.Src[i+1] == '\'' {
				i++
				continue
			}
			return i + 1, nil
		}
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		b, err := f.blockScalar(n, start, p.indent)
		if err != nil || b.last < b.first && n.Value != "" && strings.Trim(n.Value, "\n") != "" {
			return 0, f.unsupported(n)
		}
		if b.last >= b.first && !sameWords(f.Src[f.Lines[b.first]:f.LineEnd(b.last)], n.Value) {
			return 0, f.unsupported(n)
		}
		return b.end, nil
	case n.Value == "":
		if propsEnd >= 0 {
			return propsEnd, nil
		}
		return f.nullEnd(n, p), nil
	default:
		if end := f.plainEnd(start, p.indent+1, p.flow); sameWords(f.Src[start:end], n.Value) {
			return end, nil
		}
	}
	return 0, f.unsupported(n)
}

// nullEnd is where a value that is not written at all would stand.
func (f *File) nullEnd(n *yaml.Node, p place) int {
	if p.parent != nil && p.parent.Kind == yaml.MappingNode && p.index%2 == 1 {
		if end, err := f.end(p.parent.Content[p.index-1]); err == nil {
			if colon, ok := f.colonEnd(end, p.flow); ok {
				return colon
			}
			return end
		}
	}
	return f.offset(n)
}

// colonEnd finds the colon that follows a key and returns the offset behind it.
func (f *File) colonEnd(keyEnd int, flow bool) (int, bool) {
	off := f.skipBlanks(keyEnd)
	if flow {
		off = f.skipSpace(keyEnd)
	}
	if off < len(f.Src) && f.Src[off] == ':' {
		return off + 1, true
	}
	return 0, false
}

// plainEnd reads a plain scalar as the parser does. minColumn is the least
// column (from 0) that continues it on a further line of block style.
func (f *File) plainEnd(start, minColumn int, flow bool) int {
	src, end, off := f.Src, start, start
	for off < len(src) {
		if f.atLineStart(off) && documentMarker(src[off:]) || src[off] == '#' && off > start && blankOrBreak(src, off-1) {
			return end
		}
		for off < len(src) && !blankOrBreak(src, off) {
			if src[off] == ':' && blankOrBreak(src, off+1) || flow && strings.IndexByte(",?[]{}", src[off]) >= 0 {
				return end
			}
			off++
			end = off
		}
		lines := 0
		for off < len(src) && blankOrBreak(src, off) {
			if n := breakLen(src, off); n > 0 {
				off += n
				lines++
			} else {
				off++
			}
		}
		if lines > 0 && !flow && f.Column(off) < minColumn {
			return end
		}
	}
	return end
}

func documentMarker(b []byte) bool {
	return (bytes.HasPrefix(b, []byte("---")) || bytes.HasPrefix(b, []byte("..."))) && blankOrBreak(b, 3)
}

// sameWords reports whether text is value but for how its lines are broken: a
// check that plainEnd stopped where the parser did.
func sameWords(text []byte, value string) bool {
	strip := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(" \t\r\n\u0085\u2028\u2029", r) {
				return -1
			}
			return r
		}, s)
	}
	return strip(string(text)) == strip(value)
}

// blockText is where the parts of a literal or folded scalar stand.
type blockText struct {
	indicators  int // end of "|2-" and the like
	first, last int // lines of the text; last < first if there is none
	indent      int // of the text
	keep        bool
	end         int
}

func (f *File) blockScalar(n *yaml.Node, start, parentIndent int) (blockText, error) {
	var b blockText
	if start >= len(f.Src) || f.Src[start] != '|' && f.Src[start] != '>' {
		return b, f.unsupported(n)
	}
	explicit, off := 0, start+1
	for ; off < len(f.Src) && strings.IndexByte("+-0123456789", f.Src[off]) >= 0; off++ {
		switch c := f.Src[off]; c {
		case '+':
			b.keep = true
		case '-':
		default:
			explicit = int(c - '0')
		}
	}
	b.indicators = off
	header := f.LineOf(start)
	b.first, b.last = header+1, header
	b.indent = max(parentIndent+1, 1)
	if explicit > 0 {
		b.indent = max(parentIndent, 0) + explicit
	} else {
		for i := b.first; i < len(f.Lines); i++ {
			b.indent = max(b.indent, f.indentOf(i))
			if strings.TrimLeft(f.LineText(i), " ") != "" {
				if f.indentOf(i) < b.indent {
					b.indent = max(parentIndent+1, 1, f.indentOf(i))
				}
				break
			}
		}
	}
	trailing := header
	for i := b.first; i < len(f.Lines) && f.Lines[i] < len(f.Src); i++ {
		text := f.LineText(i)
		if len(text) > b.indent && f.indentOf(i) >= b.indent {
			b.last = i
		} else if strings.TrimLeft(text, " ") != "" {
			break
		}
		trailing = i
	}
	b.end = f.LineEnd(b.last)
	if b.last == header {
		b.end = b.indicators
	}
	if b.keep && trailing > b.last {
		b.end = f.LineEnd(trailing)
	}
	return b, nil
}

func (f *File) collectionEnd(n *yaml.Node, start int) (int, error) {
	last := start
	for _, c := range n.Content {
		e, err := f.end(c)
		if err != nil {
			return 0, err
		}
		last = max(last, e)
	}
	if n.Style&yaml.FlowStyle == 0 {
		return last, nil
	}
	if start >= len(f.Src) || f.Src[start] != '{' && f.Src[start] != '[' {
		return last, nil // the pair in [key: value]
	}
	if len(n.Content) == 0 {
		last++
	}
	for {
		last = f.skipSpace(last)
		if last >= len(f.Src) {
			return 0, f.unsupported(n)
		}
		switch f.Src[last] {
		case ',', ':', '?':
			last++
		case '}', ']':
			return last + 1, nil
		default:
			return 0, f.unsupported(n)
		}
	}
}
