package view

import (
	"fmt"
	"strings"

	"github.com/idpctl/idpctl/diag"
)

// Source returns the text of a file of the configuration, with everything
// sensitive masked in place; nil if there is no such file.
type Source func(filename string) []byte

// similar is how many warnings of one summary are shown whole.
const similar = 2

// Diagnostics shows errors and warnings with the source that they point at: as
// text on Err, as JSON one object on Out. Many warnings of one summary are
// shown as the first of them and a list; errors are all shown. src may be nil.
func (v *View) Diagnostics(diags diag.Diagnostics, src Source) error {
	if v.opts.JSON {
		return v.diagnosticsJSON(diags, src)
	}
	return send(v.opts.Err, v.diagnosticsText(diags, src))
}

func (v *View) diagnosticsText(diags diag.Diagnostics, src Source) string {
	w := diagWriter{style: style{on: v.opts.ErrColor}, width: v.opts.Width, src: newSources(src)}
	errors, warnings := count(diags)
	rest := map[string][]diag.Diagnostic{}
	for _, d := range diags {
		if d.Severity == diag.Warning {
			rest[d.Summary] = append(rest[d.Summary], d)
		}
	}
	seen := map[string]int{}
	for _, d := range diags {
		if d.Severity == diag.Warning && len(rest[d.Summary]) > similar {
			seen[d.Summary]++
			if seen[d.Summary] == 1 {
				w.diagnostic(d, rest[d.Summary][1:])
			}
			continue
		}
		w.diagnostic(d, nil)
	}
	if errors+warnings > 1 {
		w.b.WriteString("\n" + tally(errors, warnings) + "\n")
	}
	return w.b.String()
}

func count(diags diag.Diagnostics) (errors, warnings int) {
	for _, d := range diags {
		if d.Severity == diag.Warning {
			warnings++
		} else {
			errors++
		}
	}
	return errors, warnings
}

// tally is "2 errors and 1 warning."
func tally(errors, warnings int) string {
	switch {
	case warnings == 0:
		return plural(errors, "error") + "."
	case errors == 0:
		return plural(warnings, "warning") + "."
	default:
		return plural(errors, "error") + " and " + plural(warnings, "warning") + "."
	}
}

type diagWriter struct {
	b     strings.Builder
	style style
	width int
	src   *sources
}

// diagnostic writes one diagnostic: with colours in a frame, else plainly, as
// Terraform does and log scanners expect. others are similar ones to list.
func (w *diagWriter) diagnostic(d diag.Diagnostic, others []diag.Diagnostic) {
	code := codeRed
	if d.Severity == diag.Warning {
		code = codeYellow
	}
	bar := ""
	if w.style.on {
		bar = w.style.sgr(code, "│") + " "
	}
	columns := w.width
	if bar != "" {
		columns -= 2
	}
	lines := w.heading(d, code, columns)
	if place := w.place(d, code, columns); len(place) > 0 {
		lines = append(append(lines, ""), place...)
	}
	if d.Detail != "" {
		lines = append(append(lines, ""), prose(d.Detail, columns)...)
	}
	if len(others) > 0 {
		lines = append(append(lines, ""), wrap(elsewhere(others), columns)...)
	}
	w.b.WriteByte('\n')
	if bar == "" {
		w.b.WriteString(indent(lines, ""))
		return
	}
	w.b.WriteString(w.style.sgr(code, "╷") + "\n")
	for _, l := range lines {
		w.b.WriteString(strings.TrimRight(bar+l, " ") + "\n")
	}
	w.b.WriteString(w.style.sgr(code, "╵") + "\n")
}

// heading is "Error: summary", wrapped.
func (w *diagWriter) heading(d diag.Diagnostic, code string, columns int) []string {
	label := d.Severity.String() + ": "
	lines := wrap(label+line(d.Summary), columns)
	for i, l := range lines {
		if i == 0 {
			lines[i] = w.style.strong(code, label) + w.style.bold(strings.TrimPrefix(l, label))
		} else {
			lines[i] = w.style.bold(l)
		}
	}
	return lines
}

// place says which object and which line a diagnostic is about, and shows it.
func (w *diagWriter) place(d diag.Diagnostic, code string, columns int) []string {
	var lines []string
	if d.Address != "" {
		end := ":"
		if !d.Subject.IsZero() {
			end = ","
		}
		lines = append(lines, "  with "+line(d.Address)+end)
	}
	if d.Subject.IsZero() {
		return lines
	}
	on := fmt.Sprintf("on %s line %d", line(d.Subject.Filename), d.Subject.Start.Line)
	if strings.HasPrefix(d.Subject.Filename, "<") { // the command line, an environment variable
		on = "on " + line(d.Subject.Filename)
	}
	text := w.src.lines(d.Subject.Filename)
	if block := enclosing(text, d.Subject.Start.Line); block != "" {
		on += ", in " + block
	}
	for _, l := range wrap(on+":", columns-2) {
		lines = append(lines, "  "+l)
	}
	s := snippet{lines: text, rng: d.Subject, columns: columns, style: w.style, code: code}
	return append(lines, s.render()...)
}

// elsewhere lists where similar warnings are.
func elsewhere(others []diag.Diagnostic) string {
	const most = 8
	var places []string
	for i, d := range others {
		switch {
		case i == most:
			places = append(places, fmt.Sprintf("%d more", len(others)-most))
		case i > most:
		case d.Address != "":
			places = append(places, line(d.Address))
		case !d.Subject.IsZero():
			places = append(places, line(d.Subject.String()))
		}
	}
	text := fmt.Sprintf("(and %s like it", plural(len(others), "warning"))
	if len(places) > 0 {
		text += ": " + strings.Join(places, ", ")
	}
	return text + ")"
}
