package tomledit

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Kind is what a node is.
type Kind uint8

// The kinds of nodes.
const (
	Other  Kind = iota // a number, a boolean or a date
	Text               // a string
	List               // an array in brackets
	Table              // a table, however it is written
	Tables             // an array of tables under [[headers]]
)

// String is the kind in words.
func (k Kind) String() string {
	return [...]string{"number, boolean or date", "text", "list", "table", "array of tables"}[k]
}

// form is how a table is written.
type form uint8

const (
	implied form = iota // by the header of a table in it: [a.b] for a
	header              // by a header of its own
	dotted              // by a key with dots: a.b = 1 for a
	inline              // in braces
)

// Node is a value or a table of a file.
type Node struct {
	Kind Kind
	// Name is its key in the table around it; that of the array for an element.
	Name string
	// Items are the elements of a list, or the tables of an array.
	Items []*Node
	// Value is the text of a [Text].
	Value string

	parent     *Node
	addr       []string // from the root, elements of arrays as [0], [1], …
	keys       []*Node  // of a table, in the order of the file
	form       form
	section    *section // of a table with a header
	path       []string // of a table that a header can name
	via        []via    // of a table written by keys with dots
	pair       *pair    // that gives it its value
	keyStart   int      // of the key's text where it is first met
	keyEnd     int
	start, end int // of the value's text, braces and brackets included
}

// section is a header with the lines below it.
type section struct {
	table      *Node
	start, end int // of the header's text
	pairs      []*pair
}

// pair is one key = value.
type pair struct {
	parts      []part
	value      *Node
	start, end int
	section    *section // nil in an inline table
}

type part struct {
	name       string
	start, end int
}

// via is a pair with dots whose first depth parts lead to a table.
type via struct {
	pair  *pair
	depth int
}

// place is where a node is told to stand: its header, its key, or its value.
func (n *Node) place() (start, end int) {
	switch {
	case n.section != nil && n.section.end > 0:
		return n.section.start, n.section.end
	case n.keyEnd > 0 && n.end > 0:
		return n.keyStart, n.end
	case n.keyEnd > 0:
		return n.keyStart, n.keyEnd
	default:
		return n.start, n.end
	}
}

// Keys are the entries of a table in the order of the file.
func (n *Node) Keys() []*Node { return n.keys }

// Get is the entry of a table, nil if there is none.
func (n *Node) Get(name string) *Node {
	for _, k := range n.keys {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// At follows keys down from a table; nil if there is nothing.
func (n *Node) At(path ...string) *Node {
	for _, name := range path {
		if n == nil || n.Kind != Table {
			return nil
		}
		n = n.Get(name)
	}
	return n
}

// Path is where a node is, from the root; elements of arrays as [0], [1], …
func (n *Node) Path() []string { return slices.Clone(n.addr) }

func (n *Node) add(child *Node) *Node {
	child.parent, child.addr = n, append(slices.Clip(n.addr), child.Name)
	n.keys = append(n.keys, child)
	return child
}

func (n *Node) addItem(child *Node) *Node {
	child.parent, child.Name = n, n.Name
	child.addr = append(slices.Clip(n.addr), "["+strconv.Itoa(len(n.Items))+"]")
	n.Items = append(n.Items, child)
	return child
}

// build makes the tree of nodes. The file was decoded, so that its keys agree.
func (f *File) build() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = f.Problem(nil, "The file could not be read", "This is a defect of idpctl: please report it. %v.", r)
		}
	}()
	f.root = &Node{Kind: Table, form: header, path: []string{}}
	f.root.section = &section{table: f.root}
	f.sections = []*section{f.root.section}
	var p unstable.Parser
	b := &builder{f: f, p: &p, base: f.Lines[0]}
	p.Reset(f.Src[b.base:])
	for p.NextExpression() {
		switch n := p.Expression(); n.Kind {
		case unstable.Table, unstable.ArrayTable:
			b.header(n)
		case unstable.KeyValue:
			sec := f.sections[len(f.sections)-1]
			pr := b.pair(n, sec.table)
			pr.section = sec
			sec.pairs = append(sec.pairs, pr)
		}
	}
	if err := p.Error(); err != nil {
		return f.syntaxError(err)
	}
	return nil
}

type builder struct {
	f    *File
	p    *unstable.Parser
	base int
}

func (b *builder) parts(it unstable.Iterator) []part {
	var out []part
	for it.Next() {
		n := it.Node()
		start := b.base + int(n.Raw.Offset)
		out = append(out, part{string(n.Data), start, start + int(n.Raw.Length)})
	}
	return out
}

// header begins a section.
func (b *builder) header(n *unstable.Node) {
	f, parts := b.f, b.parts(n.Key())
	line := f.LineOf(parts[0].start)
	sec := &section{start: f.Lines[line] + len(f.Indent(line))}
	last := parts[len(parts)-1]
	sec.end = b.skip(last.end, " \t") + 1
	t := f.root
	for _, p := range parts[:len(parts)-1] {
		t = descend(t, p, implied)
	}
	child := t.Get(last.name)
	if child == nil {
		child = t.add(&Node{Kind: Table, Name: last.name, keyStart: last.start, keyEnd: last.end, path: append(slices.Clip(t.path), last.name)})
		if n.Kind == unstable.ArrayTable {
			child.Kind = Tables
		}
	}
	if n.Kind == unstable.ArrayTable {
		sec.end++
		child = child.addItem(&Node{Kind: Table, path: child.path})
	}
	child.form, child.section, sec.table = header, sec, child
	f.sections = append(f.sections, sec)
}

// descend is the table under one part of a key, made if it is not there.
func descend(t *Node, p part, as form) *Node {
	child := t.Get(p.name)
	if child == nil {
		child = t.add(&Node{Kind: Table, Name: p.name, form: as, keyStart: p.start, keyEnd: p.end, path: append(slices.Clip(t.path), p.name)})
	}
	if child.Kind == Tables {
		return child.Items[len(child.Items)-1]
	}
	if child.Kind != Table {
		panic(fmt.Sprintf("the key %q is no table", p.name))
	}
	return child
}

// pair reads key = value into the table t.
func (b *builder) pair(n *unstable.Node, t *Node) *pair {
	pr := &pair{parts: b.parts(n.Key())}
	last := pr.parts[len(pr.parts)-1]
	pr.start = pr.parts[0].start
	for i, p := range pr.parts[:len(pr.parts)-1] {
		t = descend(t, p, dotted)
		t.via = append(t.via, via{pr, i + 1})
	}
	at := b.skip(b.skip(last.end, " \t")+1, " \t") // behind the =
	pr.value = b.value(n.Value(), at, func(v *Node) *Node {
		v.Name, v.keyStart, v.keyEnd, v.pair = last.name, last.start, last.end, pr
		return t.add(v)
	})
	pr.end = pr.value.end
	return pr
}

// value reads the value that begins at start; put hangs it into the tree.
func (b *builder) value(n *unstable.Node, start int, put func(*Node) *Node) *Node {
	v := put(&Node{start: start})
	switch n.Kind {
	case unstable.Array:
		v.Kind = List
		at := start + 1
		for it := n.Children(); it.Next(); {
			at = b.value(it.Node(), b.between(at), v.addItem).end
		}
		v.end = b.between(at) + 1
	case unstable.InlineTable:
		v.Kind, v.form = Table, inline
		at := start + 1
		for it := n.Children(); it.Next(); {
			at = b.pair(it.Node(), v).end
		}
		v.end = b.between(at) + 1
	default:
		if n.Kind == unstable.String {
			v.Kind, v.Value = Text, string(n.Data)
		}
		if got := b.base + int(n.Raw.Offset); got != start {
			panic(fmt.Sprintf("a value is at %d and not at %d", got, start))
		}
		v.end = start + int(n.Raw.Length)
	}
	return v
}

func (b *builder) skip(off int, chars string) int {
	for off < len(b.f.Src) && slices.Contains([]byte(chars), b.f.Src[off]) {
		off++
	}
	return off
}

// between passes over what may stand between the elements of an array.
func (b *builder) between(off int) int {
	for {
		off = b.skip(off, " \t\r\n,")
		if off >= len(b.f.Src) || b.f.Src[off] != '#' {
			return off
		}
		off = b.f.LineEnd(b.f.LineOf(off))
	}
}
