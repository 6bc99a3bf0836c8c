package view

import (
	"bytes"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

const (
	// gap is the space between two columns of a table.
	gap = 2
	// narrowest is the width that a column keeps when a table is fitted.
	narrowest = 10
)

// Table shows rows under headers. On a terminal, cells are wrapped so that the
// table fits its width; elsewhere each row is one line. It is for people: in
// JSON mode it writes nothing, and commands write an object of their own.
func (v *View) Table(headers []string, rows [][]string) error {
	if v.opts.JSON {
		return nil
	}
	text, err := v.table(headers, rows)
	if err != nil {
		return err
	}
	return v.write(text)
}

func (v *View) table(headers []string, rows [][]string) (string, error) {
	cleaned := make([][]string, len(rows))
	for i, row := range rows {
		cleaned[i] = make([]string, len(headers))
		for j := range headers {
			if j < len(row) {
				cleaned[i][j] = line(row[j])
			}
		}
	}
	if v.opts.Terminal {
		widths := fit(headers, cleaned, v.opts.Width)
		for _, row := range cleaned {
			for j := range row {
				row[j] = strings.Join(breakUp(row[j], widths[j]), "\n")
			}
		}
	}
	var b bytes.Buffer
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleASCII),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off, ShowHeader: tw.Off},
				Lines:      tw.LinesNone,
			},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(tw.Padding{Right: strings.Repeat(" ", gap), Overwrite: true}),
		tablewriter.WithEastAsian(tw.Off), // do not guess from the locale
	)
	t.Header(headers)
	if err := t.Bulk(cleaned); err != nil {
		return "", err
	}
	if err := t.Render(); err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
		if i == 0 {
			lines[i] = v.style.bold(lines[i])
		}
	}
	return strings.Join(lines, "\n") + "\n", nil
}

// fit chooses the widths of columns so that the table fits: while it does not,
// the widest gives way, down to a minimum. Ids keep theirs as long as they can,
// as they are there to be copied.
func fit(headers []string, rows [][]string, columns int) []int {
	widths, least := make([]int, len(headers)), make([]int, len(headers))
	total := gap * (len(headers) - 1)
	for j, h := range headers {
		widths[j] = width(h)
		for _, row := range rows {
			widths[j] = max(widths[j], width(row[j]))
		}
		least[j] = min(widths[j], max(narrowest, width(h)))
		if strings.EqualFold(h, "id") {
			least[j] = min(widths[j], 36) // a UUID
		}
		total += widths[j]
	}
	for total > columns {
		wide := -1
		for j := range widths {
			if widths[j] > least[j] && (wide < 0 || widths[j] > widths[wide]) {
				wide = j
			}
		}
		if wide < 0 {
			break
		}
		widths[wide]--
		total--
	}
	return widths
}

// natural is the width of a table in which no cell is wrapped.
func natural(headers []string, rows [][]string) int {
	total := gap * (len(headers) - 1)
	for j, h := range headers {
		wide := width(h)
		for _, row := range rows {
			wide = max(wide, width(line(row[j])))
		}
		total += wide
	}
	return total
}

// breakUp wraps a cell; words that are too long are broken, after a sign of
// punctuation if there is one.
func breakUp(cell string, columns int) []string {
	if width(cell) <= columns {
		return []string{cell}
	}
	var lines []string
	for _, l := range wrap(cell, columns) {
		for width(l) > columns {
			cut, best, used := 0, 0, 0
			for i, c := range cells(l) {
				if i > 0 && used+c.width > columns {
					break
				}
				used += c.width
				cut += len(c.text)
				if strings.ContainsAny(c.text, ".@-/_:") && used*3 > columns {
					best = cut
				}
			}
			if best > 0 {
				cut = best
			}
			lines = append(lines, l[:cut])
			l = l[cut:]
		}
		lines = append(lines, l)
	}
	return slices.DeleteFunc(lines, func(l string) bool { return l == "" })
}
