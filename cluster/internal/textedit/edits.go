package textedit

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Edits collects changes to a text. All of them are at positions of the text as it
// is; [Edits.Splice] makes them at once.
type Edits struct {
	t       *Text
	changes []change
	deleted map[int]bool     // whole lines
	after   map[int][]string // new lines behind a line
	tail    []string         // new lines at the end
}

type change struct {
	start, end int
	text       string
}

// Edit begins a set of changes.
func (t *Text) Edit() *Edits {
	return &Edits{t: t, deleted: map[int]bool{}, after: map[int][]string{}}
}

// Replace puts text in the place of the bytes from start to end.
func (e *Edits) Replace(start, end int, text string) {
	e.changes = append(e.changes, change{start, end, text})
}

// Pending reports whether a replacement begins at an offset.
func (e *Edits) Pending(off int) bool {
	return slices.ContainsFunc(e.changes, func(c change) bool { return c.start == off })
}

// InsertAfter puts new lines behind a line.
func (e *Edits) InsertAfter(line int, lines ...string) {
	e.after[line] = append(e.after[line], lines...)
}

// ExtendAfter adds to the end of the last line that was put behind a line.
func (e *Edits) ExtendAfter(line int, text string) {
	e.after[line][len(e.after[line])-1] += text
}

// DeleteLines takes out the lines from first to last.
func (e *Edits) DeleteLines(first, last int) {
	for l := first; l <= last; l++ {
		e.deleted[l] = true
	}
}

// AddTail puts lines at the end of the text, behind a blank line.
func (e *Edits) AddTail(lines ...string) { e.tail = append(e.tail, lines...) }

// Changed reports whether there is anything to change.
func (e *Edits) Changed() bool {
	return len(e.changes)+len(e.deleted)+len(e.after)+len(e.tail) > 0
}

// Splice is the text with the changes made. clash is where two of them meet, which is
// a defect of the caller, and -1 if none do.
func (e *Edits) Splice() (text []byte, clash int) {
	all := slices.Concat(e.changes, e.lineChanges(), e.tailChange())
	slices.SortStableFunc(all, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(min(a.end-a.start, 1), min(b.end-b.start, 1)))
	})
	var out bytes.Buffer
	pos := 0
	for _, s := range all {
		if s.start < pos || s.end < s.start {
			return nil, s.start
		}
		out.Write(e.t.Src[pos:s.start])
		out.WriteString(s.text)
		pos = s.end
	}
	out.Write(e.t.Src[pos:])
	return out.Bytes(), -1
}

// lineChanges turns changes of whole lines into changes of text.
func (e *Edits) lineChanges() []change {
	t, nl := e.t, e.t.Newline
	var changes []change
	for i := 0; i < len(t.Lines); i++ {
		if !e.deleted[i] {
			if add := e.after[i]; len(add) > 0 {
				changes = append(changes, change{t.LineEnd(i), t.LineEnd(i), nl + strings.Join(add, nl)})
			}
			continue
		}
		first := i
		add := slices.Clone(e.after[i])
		for i+1 < len(t.Lines) && e.deleted[i+1] {
			i++
			add = append(add, e.after[i]...)
		}
		if first == 0 && len(add) == 0 && i+2 < len(t.Lines) && t.IsBlank(i+1) {
			i++ // the text does not begin with a blank line then
		}
		text := strings.Join(add, nl)
		switch {
		case i+1 < len(t.Lines):
			if len(add) > 0 {
				text += nl
			}
			changes = append(changes, change{t.Lines[first], t.Lines[i+1], text})
		case first == 0:
			changes = append(changes, change{t.Lines[0], len(t.Src), text})
		default: // the last line has no break: neither has the new last one
			if len(add) > 0 {
				text = nl + text
			}
			changes = append(changes, change{t.LineEnd(first - 1), len(t.Src), text})
		}
	}
	return changes
}

// tailChange puts lines at the end of the text. A text whose last line has no break
// gets none.
func (e *Edits) tailChange() []change {
	if len(e.tail) == 0 {
		return nil
	}
	t, nl := e.t, e.t.Newline
	last := len(t.Lines) - 1
	text := strings.Join(e.tail, nl)
	switch {
	case len(t.Src) == t.Lines[0]:
		text += nl
	case t.Lines[last] < len(t.Src): // no break at the end
		text = nl + nl + text
	case last > 0 && !t.IsBlank(last-1):
		text = nl + text + nl
	default:
		text += nl
	}
	return []change{{len(t.Src), len(t.Src), text}}
}
