package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"
)

// maxRunning bounds the lines for what runs in the live display.
const maxRunning = 10

// visible is the width of a text that may have colours in it.
func visible(text string) int {
	return displaywidth.Options{ControlSequences: true}.String(text)
}

// live is an area at the end of the terminal that is drawn anew in place,
// while finished lines scroll up above it. A frame is one write, and each line
// of it overwrites the one before, so that nothing flickers.
type live struct {
	out   io.Writer
	size  func() (columns, lines int)
	shown []string // the area as it stands
	above []string // lines to scroll up with the next frame
}

// print has a line scroll up above the area.
func (l *live) print(text string) { l.above = append(l.above, text) }

// draw replaces the area; nil takes it away.
func (l *live) draw(area []string) error {
	columns, _ := l.size()
	for i, a := range area {
		area[i] = displaywidth.TruncateString(a, max(10, columns-1), "…")
	}
	if len(l.above) == 0 && slices.Equal(area, l.shown) {
		return nil
	}
	var b strings.Builder
	if n := len(l.shown); n > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", n) // up to its first line
	}
	for _, text := range append(l.above, area...) {
		b.WriteString(text)
		// Clear the rest of the line, unless the text filled it to the end:
		// some terminals would then clear its last character.
		if n := visible(text); n == 0 || n%max(1, columns) != 0 {
			b.WriteString("\x1b[K")
		}
		b.WriteByte('\n')
	}
	if len(l.shown) > 0 {
		b.WriteString("\x1b[J") // clear what is left of the old area
	}
	l.shown, l.above = area, nil
	return send(l.out, b.String())
}

// area is what the live display shows: what runs, and the counts.
func (p *Progress) area(now time.Time) []string {
	_, lines := p.view.opts.Size()
	most := max(1, min(maxRunning, lines-3))
	list := p.inOrder()
	var area []string
	for i, r := range list {
		if i == most {
			area = append(area, fmt.Sprintf("  ... and %d more", len(list)-i))
			break
		}
		area = append(area, fmt.Sprintf("  %s: %s... [%s]", line(r.event.Address.String()), phraseOf(r.event).doing, elapsed(now.Sub(r.since))))
	}
	counts := p.counts()
	if len(list) > 0 {
		counts += fmt.Sprintf(", %d running", len(list))
	}
	return append(area, counts+" ["+elapsed(now.Sub(p.begin))+"]")
}
