package view

import (
	"strings"
)

// node is one attribute, element, block or comment, laid out but not yet
// written: what is aligned with what shows only when a whole block is known.
type node struct {
	sign sign
	// label is the attribute's name or the quoted key; empty for elements.
	label string
	// block: written as a nested block, without an equals sign.
	block bool
	// text is the value, or what opens it; close is what closes it.
	text  string
	kids  []node
	close string
	// to is what the value becomes, after an arrow; empty for none.
	to string
	// tail is what follows at once, such as a comma; note is a comment.
	tail, note string
	// alarm: the note is one to look at.
	alarm bool
	// comment: nothing but the note, on a line of its own.
	comment bool
}

func comment(text string) node { return node{comment: true, note: text} }

// printer writes nodes.
type printer struct {
	strings.Builder
	style style
	width int
	// signs: there is a column for symbols before each node.
	signs bool
}

// nodes writes a block's contents from a column on, which is that of the
// symbols if there are any. Names of single attributes are aligned.
func (p *printer) nodes(column int, list []node) {
	longest := 0
	for _, n := range list {
		if !n.block && !n.comment {
			longest = max(longest, width(n.label))
		}
	}
	for i, n := range list {
		if n.block && i > 0 {
			p.WriteByte('\n')
		}
		p.node(column, longest, n)
	}
}

func (p *printer) node(column, longest int, n node) {
	lead, kids := strings.Repeat(" ", column), column+2
	bare := column
	if p.signs {
		s := string(n.sign)
		if s == "" {
			s = " "
		}
		lead += p.style.sign(n.sign, s) + " "
		bare, kids = column+2, column+4
	}
	if n.comment {
		p.WriteString(lead + p.style.dim("# "+n.note) + "\n")
		return
	}
	head := ""
	switch {
	case n.label == "" && n.text == "": // an empty line of a text
		p.WriteString(strings.TrimRight(lead, " ") + "\n")
		return
	case n.block:
		head = n.label + " "
	case n.label != "":
		head = pad(n.label, longest) + " = "
	}
	p.WriteString(lead + head + p.null(n.text))
	end := n.text
	if n.close != "" {
		p.WriteByte('\n')
		p.nodes(kids, n.kids)
		p.WriteString(strings.Repeat(" ", bare) + n.close)
		end = n.close
	}
	if n.to != "" {
		used := bare + width(end)
		if n.close == "" {
			used += width(head)
		}
		if n.close == "" && used+4+width(n.to+n.tail)+noteWidth(n) > p.width {
			p.WriteString("\n" + strings.Repeat(" ", max(0, bare+width(head)-3)) + "-> " + p.null(n.to))
		} else {
			p.WriteString(" -> " + p.null(n.to))
		}
	}
	p.WriteString(n.tail)
	if n.note != "" {
		paint := p.style.dim
		if n.alarm {
			paint = p.style.red
		}
		p.WriteString(" " + paint("# "+n.note))
	}
	p.WriteByte('\n')
}

// noteWidth is the room that the comment of a line takes.
func noteWidth(n node) int {
	if n.note == "" {
		return 0
	}
	return width(n.note) + len(" # ")
}

// null dims what stands for the absence of a value.
func (p *printer) null(text string) string {
	if text == "null" {
		return p.style.dim(text)
	}
	return text
}
