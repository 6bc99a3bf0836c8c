package tomledit

import (
	"slices"
	"strings"
)

// Remove takes an entry out of its table: a value with its line, a table with all
// that is in it. Comments on lines of their own stay where they are outside of the
// tables that go. What was there only by the keys of a table that goes, goes too.
func (e *Edits) Remove(n *Node) error {
	e.ops = append(e.ops, op{addr: n.addr, remove: true})
	return e.remove(n)
}

func (e *Edits) remove(n *Node) error {
	f := e.f
	if n.pair != nil || n.parent != nil && n.parent.Kind == List {
		return e.removeValue(n)
	}
	for _, s := range f.sectionsIn(n) {
		e.removeSection(s)
	}
	// Entries by keys with dots, in sections of others.
	for _, k := range n.leaves() {
		if k.pair != nil && (k.pair.section == nil || !k.pair.section.table.within(n)) {
			if err := e.removeValue(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeSection takes a header and its lines out, with one blank line before it.
func (e *Edits) removeSection(s *section) {
	f := e.f
	first, last := f.LineOf(s.start), f.LineOf(s.start)
	if len(s.pairs) > 0 {
		last = f.LineOf(s.pairs[len(s.pairs)-1].end - 1)
	}
	e.DeleteLines(first, last)
	if first > 0 && f.IsBlank(first-1) {
		e.DeleteLines(first-1, first-1)
	}
}

func (e *Edits) removeValue(n *Node) error {
	f := e.f
	if n.pair == nil {
		e.cut(n.parent, n)
		return nil
	}
	p := n.pair
	if p.section != nil {
		e.DeleteLines(f.LineOf(p.start), f.LineOf(p.end-1))
		return nil
	}
	t := n.parent
	for t.form != inline {
		t = t.parent
	}
	e.cut(t, n)
	return nil
}

// cut notes that an element of a list, or an entry of a table in braces, goes.
func (e *Edits) cut(from, n *Node) { e.gone[from] = append(e.gone[from], n) }

// removed reports whether an element or an entry in braces goes.
func (e *Edits) removed(from, n *Node) bool { return slices.Contains(e.gone[from], n) }

// whole is where an element or an entry stands, its key included.
func (n *Node) whole() (start, end int) {
	if n.pair != nil {
		return n.pair.start, n.pair.end
	}
	return n.start, n.end
}

type span struct{ start, end int }

// cuts takes out what goes of a list or of a table in braces, with as many commas:
// TOML 1.0 allows none at the end of a table.
func (e *Edits) cuts(from *Node) error {
	f := e.f
	all := slices.Clone(from.Items)
	if from.Kind == Table {
		all = from.leaves()
	}
	slices.SortFunc(all, func(a, b *Node) int { return a.start - b.start })
	kept := -1 // the last one that stays
	for i, n := range all {
		if !e.removed(from, n) {
			kept = i
		}
	}
	var cuts []span
	for i, n := range all {
		if !e.removed(from, n) || i > kept+1 && kept >= 0 || i > 0 && kept < 0 {
			continue
		}
		start, _ := n.whole()
		end := from.end - 1 // if nothing stays
		switch {
		case i < kept:
			end, _ = all[i+1].whole()
		case kept >= 0: // it and all behind it
			_, start = all[kept].whole()
			_, end = all[len(all)-1].whole()
		}
		if f.comments(start, end, all) {
			if from.Kind == List && e.cutLines(from, kept) {
				return nil
			}
			return f.Problem(n, "A comment stands beside something that goes", "%s is not wanted any more, and idpctl does not know whether the comment beside it is about it. Remove both by hand, and run again.", n.what())
		}
		cuts = append(cuts, span{start: start, end: end})
	}
	for _, s := range cuts {
		e.Replace(s.start, s.end, "")
	}
	return nil
}

// cutLines takes the elements of a list that go out with their lines, which hold
// nothing else but a comment: that goes too. Comments on lines of their own stay, as
// they may be about more than the next element. kept is the last element that stays.
// It reports whether that can be done; if not, nothing is changed.
func (e *Edits) cutLines(list *Node, kept int) bool {
	f := e.f
	closing := f.LineOf(list.end - 1)
	comma := f.comma(list.Items[len(list.Items)-1].end) >= 0 // at the end
	var cuts []span
	for _, n := range list.Items {
		if !e.removed(list, n) {
			continue
		}
		first, last := f.LineOf(n.start), f.LineOf(n.end-1)
		start, end := f.Lines[first], f.LineEnd(last)
		if last == closing {
			end = list.end - 1
		}
		text, commas, final := slices.Clone(f.Src[start:end]), 0, false
		for i, other := range list.Items {
			if !e.removed(list, other) || other.start >= end || other.end <= start {
				continue
			}
			for at := max(other.start, start); at < min(other.end, end); at++ {
				text[at-start] = ' '
			}
			if other.end <= end {
				commas++
				final = i == len(list.Items)-1
			}
		}
		rest, _, _ := strings.Cut(string(text), "#")
		commas -= strings.Count(rest, ",")
		if strings.Trim(rest, " \t\r\n,") != "" || commas != 0 && (commas != 1 || !final) {
			return false
		}
		if last == closing { // the bracket stays, as it is indented
			cuts = append(cuts, span{start: start + len(f.Indent(first)), end: end})
		} else {
			cuts = append(cuts, span{start: start, end: f.Lines[last+1]})
		}
	}
	if kept >= 0 && kept < len(list.Items)-1 && !comma {
		at := f.comma(list.Items[kept].end)
		if !slices.ContainsFunc(cuts, func(s span) bool { return s.start <= at && at < s.end }) {
			cuts = append(cuts, span{start: at, end: at + 1})
		}
	}
	for _, s := range slices.Compact(cuts) { // several elements of one line
		e.Replace(s.start, s.end, "")
	}
	return true
}

// comma is where the comma behind an element of a list stands that ends at off; -1
// if it has none.
func (f *File) comma(off int) int {
	for off < len(f.Src) {
		switch f.Src[off] {
		case ',':
			return off
		case '#':
			off = f.LineEnd(f.LineOf(off))
		case ' ', '\t', '\r', '\n':
			off++
		default:
			return -1
		}
	}
	return -1
}

// what names an element or an entry.
func (n *Node) what() string {
	if n.pair == nil && n.Kind == Text {
		return "The element " + quote(n.Value, false)
	}
	return "The entry " + n.Name
}

// comments reports whether there is a comment between start and end, beside the
// elements or entries all.
func (f *File) comments(start, end int, all []*Node) bool {
	text := slices.Clone(f.Src[start:end])
	for _, n := range all {
		a, b := n.whole()
		for i := max(a, start); i < min(b, end); i++ {
			text[i-start] = ' '
		}
	}
	return slices.Contains(text, '#')
}
