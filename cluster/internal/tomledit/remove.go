package tomledit

import "slices"

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
	first, last := f.lineOf(s.start), f.lineOf(s.start)
	if len(s.pairs) > 0 {
		last = f.lineOf(s.pairs[len(s.pairs)-1].end - 1)
	}
	for i := first; i <= last; i++ {
		e.deleted[i] = true
	}
	if first > 0 && f.isBlank(first-1) {
		e.deleted[first-1] = true
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
		for i := f.lineOf(p.start); i <= f.lineOf(p.end-1); i++ {
			e.deleted[i] = true
		}
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
			return f.Problem(n, "A comment stands beside something that goes", "%s is not wanted any more, and idpctl does not know whether the comment beside it is about it. Remove both by hand, and run again.", n.what())
		}
		e.replace(start, end, "")
	}
	return nil
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
	text := slices.Clone(f.src[start:end])
	for _, n := range all {
		a, b := n.whole()
		for i := max(a, start); i < min(b, end); i++ {
			text[i-start] = ' '
		}
	}
	return slices.Contains(text, '#')
}
