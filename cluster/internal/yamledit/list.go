package yamledit

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// extent is the lines of one item of a block list.
type extent struct{ first, last int }

// List takes items out of the list that is the value of m's i-th key, and adds
// new ones behind the others, in the style of those that are there. A list
// that becomes empty is written [].
func (e *Edits) List(m *yaml.Node, i int, remove []bool, add []Value) error {
	f := e.f
	n := m.Content[i+1]
	if !slices.Contains(remove, true) && len(add) == 0 {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return f.unsupported(n)
	}
	if err := f.shared(n); err != nil {
		return err
	}
	for j, item := range n.Content {
		if remove[j] {
			if err := f.Removable(item); err != nil {
				return err
			}
		}
	}
	st := f.itemStyle(n)
	if n.Style&yaml.FlowStyle == 0 {
		return e.blockList(m, i, remove, add, st)
	}
	gone := true
	for j := range n.Content {
		gone = gone && remove[j]
	}
	if gone && len(n.Content) > 0 {
		return e.flowReplace(n, add, st)
	}
	if err := e.flowRemove(n, remove, len(add) > 0); err != nil {
		return err
	}
	texts := make([]string, len(add))
	for j, v := range add {
		texts[j] = st.flowText(v, true)
	}
	return e.flowAppendBehind(n, texts, remove)
}

// itemStyle is the style of a list's last mapping.
func (f *File) itemStyle(n *yaml.Node) style {
	st := f.styleAt(n)
	for _, item := range slices.Backward(n.Content) {
		if item.Kind != yaml.MappingNode || len(item.Content) == 0 {
			continue
		}
		st.keys = quoteOf(item.Content[0])
		st.values = f.valueQuote(item, st.values)
		if n.Style&yaml.FlowStyle == 0 {
			st.dash = max(f.Column(f.contentStart(item))-f.Column(f.contentStart(n)), 2)
			if f.places[item.Content[0]].flow {
				st.dash = 2
			}
		}
		break
	}
	return st
}

func (e *Edits) blockList(m *yaml.Node, i int, remove []bool, add []Value, st style) error {
	f := e.f
	n := m.Content[i+1]
	keyEnd, err := f.end(m.Content[i])
	if err != nil {
		return err
	}
	colon, ok := f.colonEnd(keyEnd, false)
	if !ok || f.LineOf(colon) == f.LineOf(f.contentStart(n)) {
		return f.unsupported(n)
	}
	items, column, err := f.extents(n)
	if err != nil {
		return err
	}
	kept := 0
	for j, x := range items {
		if remove[j] {
			e.DeleteLines(x.first, x.last)
		} else {
			kept++
		}
	}
	if kept == 0 && len(add) == 0 {
		at := colon
		if _, propsEnd := f.skipProperties(n); propsEnd >= 0 {
			at = propsEnd
		}
		e.Replace(at, at, " []")
	}
	if len(add) == 0 {
		e.closeGaps(items, remove)
		return nil
	}
	last := items[len(items)-1]
	spaced := len(items) > 1 && f.IsBlank(last.first-1)
	var lines []string
	for k, v := range add {
		if spaced && (k > 0 || !remove[len(items)-1]) {
			lines = append(lines, "")
		}
		lines = append(lines, st.itemLines(v, column)...)
	}
	e.InsertAfter(last.last, lines...)
	return nil
}

// closeGaps takes the blank lines behind removed items out where blank lines,
// or the list's key, stand before them.
func (e *Edits) closeGaps(items []extent, remove []bool) {
	f := e.f
	for j := 0; j < len(items); j++ {
		if !remove[j] {
			continue
		}
		first := items[j].first
		for j+1 < len(items) && remove[j+1] && f.allBlank(items[j].last+1, items[j+1].first-1) {
			e.DeleteLines(items[j].last+1, items[j+1].first-1)
			j++
		}
		if j+1 == len(items) {
			e.closeEnd(first, items[j].last)
			continue
		}
		if first != items[0].first && !f.IsBlank(first-1) {
			continue
		}
		for l := items[j].last + 1; l < items[j+1].first && f.IsBlank(l); l++ {
			e.DeleteLines(l, l)
		}
	}
}

// closeEnd takes the blank lines above first out if nothing follows last.
func (e *Edits) closeEnd(first, last int) {
	f := e.f
	if !f.allBlank(last+1, len(f.Lines)-1) {
		return
	}
	for l := first - 1; l > 0 && f.IsBlank(l); l-- {
		e.DeleteLines(l, l)
	}
}

func (f *File) allBlank(first, last int) bool {
	for l := first; l <= last; l++ {
		if !f.IsBlank(l) {
			return false
		}
	}
	return true
}

// extents are the lines of a block list's items, each with the comments that
// belong to it: those directly above its dash and in the dash's column, and
// those behind it that are indented more than the dash. column is the dashes'.
func (f *File) extents(n *yaml.Node) (items []extent, column int, err error) {
	dash := f.contentStart(n)
	column = f.Column(dash)
	floor := f.LineOf(dash) // nothing above this line belongs to the item
	for ; floor > 0 && f.IsComment(floor-1) && f.indentOf(floor-1) == column; floor-- {
	}
	for _, item := range n.Content {
		if dash >= len(f.Src) || f.Src[dash] != '-' || f.Column(dash) != column {
			return nil, 0, f.unsupported(item)
		}
		end, err := f.end(item)
		if err != nil {
			return nil, 0, err
		}
		x := extent{first: f.LineOf(dash), last: f.tail(f.LineOf(max(end, dash)), column, true)}
		for x.first > floor && f.IsComment(x.first-1) && f.indentOf(x.first-1) == column {
			x.first--
		}
		items = append(items, x)
		floor = x.last + 1
		dash = f.skipSpace(max(end, dash+1))
	}
	return items, column, nil
}

// flowAppend adds to a flow collection from which nothing is taken out.
func (e *Edits) flowAppend(n *yaml.Node, texts []string) error {
	return e.flowAppendBehind(n, texts, make([]bool, len(n.Content)))
}

type span struct{ start, end int }

// children are the spans of a flow collection's items or pairs.
func (f *File) children(n *yaml.Node) ([]span, error) {
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	var spans []span
	for i := 0; i < len(n.Content); i += step {
		end, err := f.end(n.Content[i+step-1])
		if err != nil {
			return nil, err
		}
		spans = append(spans, span{start: f.offset(n.Content[i]), end: end})
	}
	return spans, nil
}

// comma is the offset behind the comma that follows off in a flow collection,
// or -1.
func (f *File) comma(off int) int {
	if off = f.skipSpace(off); off < len(f.Src) && f.Src[off] == ',' {
		return off + 1
	}
	return -1
}

// ownLines reports whether each child of a flow collection has lines of its own.
func (f *File) ownLines(children []span) bool {
	for _, c := range children {
		start, end := f.LineOf(c.start), f.LineOf(c.end)
		after := strings.TrimLeft(string(f.Src[c.end:f.LineEnd(end)]), " \t")
		after = strings.TrimLeft(strings.TrimPrefix(after, ","), " \t")
		if strings.TrimLeft(string(f.Src[f.Lines[start]:c.start]), " ") != "" || after != "" && after[0] != '#' {
			return false
		}
	}
	return len(children) > 0
}

func (e *Edits) flowAppendBehind(n *yaml.Node, texts []string, removed []bool) error {
	f := e.f
	if len(texts) == 0 {
		return nil
	}
	open := f.contentStart(n)
	if open >= len(f.Src) || f.Src[open] != '{' && f.Src[open] != '[' {
		return f.unsupported(n)
	}
	children, err := f.children(n)
	if err != nil {
		return err
	}
	if len(children) == 0 {
		e.Replace(open+1, open+1, strings.Join(texts, ", "))
		return nil
	}
	own := f.ownLines(children)
	final := children[len(children)-1]
	trailing := f.comma(final.end)
	var kept span
	keptComma := -1
	for j, c := range children {
		if !removed[j] {
			kept, keptComma = c, f.comma(c.end)
		}
	}
	if !own {
		e.Replace(kept.end, kept.end, ", "+strings.Join(texts, ", "))
		return nil
	}
	indent := string(f.Src[f.Lines[f.LineOf(final.start)]:final.start])
	lines := make([]string, len(texts))
	for j, t := range texts {
		lines[j] = indent + t
		if j < len(texts)-1 || trailing >= 0 {
			lines[j] += ","
		}
	}
	if keptComma < 0 {
		e.Replace(kept.end, kept.end, ",")
	}
	e.InsertAfter(f.LineOf(final.end), lines...)
	return nil
}

// flowRemove takes children out of a flow collection, of which some stay.
// adding says that others come behind them.
func (e *Edits) flowRemove(n *yaml.Node, remove []bool, adding bool) error {
	if !slices.Contains(remove, true) {
		return nil
	}
	f := e.f
	children, err := f.children(n)
	if err != nil {
		return err
	}
	if f.ownLines(children) {
		return e.flowRemoveLines(children, remove, adding)
	}
	lastKept := -1
	for j := 0; j < len(children); j++ {
		if !remove[j] {
			lastKept = j
			continue
		}
		run := j
		for run+1 < len(children) && remove[run+1] {
			run++
		}
		switch {
		case lastKept >= 0:
			e.Replace(children[lastKept].end, children[run].end, "")
		case run+1 < len(children):
			e.Replace(children[j].start, children[run+1].start, "")
		default:
			return f.unsupported(n)
		}
		j = run
	}
	return nil
}

// flowRemoveLines takes whole lines out, and the comma that would be left
// behind the last one.
func (e *Edits) flowRemoveLines(children []span, remove []bool, adding bool) error {
	f := e.f
	last := len(children) - 1
	floor := f.LineOf(children[0].start)
	kept := -1
	for j, c := range children {
		first := f.LineOf(c.start)
		if !remove[j] {
			kept = j
		} else {
			for first > floor && f.IsComment(first-1) {
				first--
			}
			e.DeleteLines(first, f.LineOf(c.end))
		}
		floor = f.LineOf(c.end) + 1
	}
	if remove[last] && kept >= 0 && !adding && f.comma(children[last].end) < 0 {
		if c := f.comma(children[kept].end); c >= 0 {
			e.Replace(c-1, c, "")
		}
	}
	return nil
}

// flowReplace empties a flow list and writes new items.
func (e *Edits) flowReplace(n *yaml.Node, add []Value, st style) error {
	f := e.f
	end, err := f.end(n)
	if err != nil {
		return err
	}
	texts := make([]string, len(add))
	for j, v := range add {
		texts[j] = st.flowText(v, true)
	}
	e.Replace(f.contentStart(n)+1, end-1, strings.Join(texts, ", "))
	return nil
}
