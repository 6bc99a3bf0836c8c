package view

import (
	"fmt"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/idpctl/idpctl/diag"
)

// sources splits files into lines once.
type sources struct {
	src   Source
	files map[string][]string
}

func newSources(src Source) *sources {
	return &sources{src: src, files: map[string][]string{}}
}

// lines returns the lines of a file without their ends; nil if it is not known.
func (s *sources) lines(filename string) []string {
	if s.src == nil || filename == "" {
		return nil
	}
	lines, ok := s.files[filename]
	if !ok {
		if text := s.src(filename); text != nil {
			lines = strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
		}
		s.files[filename] = lines
	}
	return lines
}

// enclosing is the header of the block at the top level of a file that a line
// is in: `user "marty"`. It goes by the layout alone (headers and closing
// braces stand in the first column), as a file may be too broken to parse.
func enclosing(lines []string, number int) string {
	if number < 1 || number > len(lines) {
		return ""
	}
	for i := number - 1; i >= 0; i-- {
		l := strings.TrimRight(lines[i], "\r \t")
		if l == "" || l[0] == ' ' || l[0] == '\t' || l[0] == '#' {
			continue
		}
		if i < number-1 && (l[0] == '}' || strings.HasSuffix(l, "}")) {
			return "" // closed before the line
		}
		header, _, ok := strings.Cut(l, "{")
		header = strings.TrimSpace(header)
		if first, _, _ := strings.Cut(header, " "); ok && isIdentifier(first) && !strings.Contains(header, "=") {
			return line(header)
		}
		if l[0] != '}' {
			return ""
		}
	}
	return ""
}

// snippet shows the lines of a range with carets below it.
type snippet struct {
	lines   []string
	rng     diag.Range
	columns int
	style   style
	code    string
}

// maxSnippet is how many lines of a range are shown.
const maxSnippet = 4

func (s snippet) render() []string {
	first, last := s.rng.Start.Line, max(s.rng.End.Line, s.rng.Start.Line)
	if s.rng.End.Column == 1 && last > first {
		last-- // the range ends with the end of the line before
	}
	if first < 1 || first > len(s.lines) {
		return nil
	}
	last = min(last, len(s.lines))
	cut := last-first >= maxSnippet
	if cut {
		last = first + maxSnippet - 2
	}
	gutter := max(4, len(fmt.Sprint(last)))
	var out []string
	for n := first; n <= last; n++ {
		code, carets := s.row(n, s.columns-gutter-2)
		out = append(out, strings.TrimRight(fmt.Sprintf("%*d: %s", gutter, n, code), " "))
		if carets != "" {
			out = append(out, strings.Repeat(" ", gutter+2)+carets)
		}
	}
	if cut {
		out = append(out, strings.Repeat(" ", gutter+2)+s.style.dim(fmt.Sprintf("… (%d more lines)", s.rng.End.Line-last)))
	}
	return out
}

// cell is one character (grapheme cluster) of a line, as it is shown.
type cell struct {
	text  string
	width int
}

// cells lays out a line: tabs go to multiples of four, what cannot be printed
// is a space.
func cells(text string) []cell {
	var out []cell
	column := 0
	g := displaywidth.StringGraphemes(strings.TrimRight(text, "\r"))
	for g.Next() {
		c := cell{g.Value(), g.Width()}
		switch {
		case c.text == "\t":
			c.width = 4 - column%4
			c.text = strings.Repeat(" ", c.width)
		case !printable(c.text) || c.width == 0:
			c = cell{" ", 1}
		}
		column += c.width
		out = append(out, c)
	}
	return out
}

// row is line n, cut to the columns around what the range covers of it, and
// the carets below.
func (s snippet) row(n, columns int) (code, carets string) {
	all := cells(s.lines[n-1])
	from, to := s.covered(n, all)
	start, end := window(all, from, to, columns)
	var b, marked strings.Builder
	left, under := 0, 0
	if start > 0 {
		b.WriteString("…")
		left++
	}
	for i := start; i < end; i++ {
		c := all[i]
		switch {
		case i < from:
			left += c.width
			b.WriteString(c.text)
		case i < to:
			under += c.width
			marked.WriteString(c.text)
		default:
			if i == to {
				b.WriteString(s.style.sgr("1;4", marked.String()))
				marked.Reset()
			}
			b.WriteString(c.text)
		}
	}
	b.WriteString(s.style.sgr("1;4", marked.String()))
	if end < len(all) {
		b.WriteString("…")
	}
	if from < 0 {
		return strings.TrimRight(b.String(), " "), ""
	}
	carets = strings.Repeat(" ", left) + s.style.strong(s.code, strings.Repeat("^", max(1, under)))
	return strings.TrimRight(b.String(), " "), carets
}

// covered is the part of line n that the range covers, as indices of cells;
// from is negative if there is nothing to underline.
func (s snippet) covered(n int, all []cell) (from, to int) {
	from, to = 0, len(all)
	for from < len(all) && all[from].text != "" && strings.TrimSpace(all[from].text) == "" {
		from++ // indentation of a further line
	}
	if n == s.rng.Start.Line {
		from = min(max(0, s.rng.Start.Column-1), len(all))
	}
	if n == s.rng.End.Line {
		to = min(max(0, s.rng.End.Column-1), len(all))
	}
	if n != s.rng.Start.Line && from >= to {
		return -1, -1
	}
	return from, max(from, to)
}

// window chooses which cells to show so that the range is seen and the line,
// with marks where it is cut, fits the columns.
func window(all []cell, from, to, columns int) (start, end int) {
	columns = max(columns, 20)
	total := 0
	for _, c := range all {
		total += c.width
	}
	if total <= columns {
		return 0, len(all)
	}
	from = max(from, 0)
	room := columns - 2 // for the marks
	sum := func(i, j int) int {
		n := 0
		for _, c := range all[i:j] {
			n += c.width
		}
		return n
	}
	const context = 12 // characters before the range
	if sum(0, min(to, len(all))) > room {
		start = max(0, from-context)
	}
	end = start
	for used := 0; end < len(all) && used+all[end].width <= room; end++ {
		used += all[end].width
	}
	return start, end
}
