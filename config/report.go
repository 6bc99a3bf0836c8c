package config

import (
	"fmt"
	"sort"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// maxAlike is how many diagnostics of one place and summary are shown: a
// mistake in a block with ten thousand instances is told a few times only.
const maxAlike = 5

// report collects diagnostics. It drops repetitions, so that an expression may
// be evaluated more than once.
type report struct {
	list  diag.Diagnostics
	seen  map[diag.Diagnostic]bool
	alike map[alikeKey]int
}

type alikeKey struct {
	subject diag.Range
	summary string
}

func (r *report) add(d diag.Diagnostic) {
	if r.seen == nil {
		r.seen, r.alike = map[diag.Diagnostic]bool{}, map[alikeKey]int{}
	}
	if r.seen[d] {
		return
	}
	key := alikeKey{d.Subject, d.Summary}
	r.alike[key]++
	if r.alike[key] > maxAlike {
		return
	}
	r.seen[d] = true
	r.list = append(r.list, d)
}

// result returns what was collected, and says how much was left out.
func (r *report) result() diag.Diagnostics {
	out := make(diag.Diagnostics, 0, len(r.list))
	left := map[alikeKey]int{}
	for key, n := range r.alike {
		if n > maxAlike {
			left[key] = n - maxAlike
		}
	}
	last := map[alikeKey]int{}
	for i, d := range r.list {
		last[alikeKey{d.Subject, d.Summary}] = i
	}
	for i, d := range r.list {
		key := alikeKey{d.Subject, d.Summary}
		if n := left[key]; n > 0 && last[key] == i {
			d.Detail += fmt.Sprintf(" (There are %d more like this.)", n)
		}
		out = append(out, d)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// sorted returns what was collected in the order of the files, places first
// that have none.
func (r *report) sorted() diag.Diagnostics {
	out := r.result()
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i].Subject, out[j].Subject
		if a.Filename != b.Filename {
			return a.Filename < b.Filename
		}
		return a.Start.Byte < b.Start.Byte
	})
	return out
}

func (r *report) errorf(rng diag.Range, summary, format string, args ...any) {
	r.add(diag.Diagnostic{Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: rng})
}

func (r *report) warnf(rng diag.Range, summary, format string, args ...any) {
	r.add(diag.Diagnostic{Severity: diag.Warning, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: rng})
}

// errorAt is errorf for one instance.
func (r *report) errorAt(addr resource.Address, rng diag.Range, summary, format string, args ...any) {
	r.add(diag.Diagnostic{Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: rng, Address: addr.String()})
}

// hcl takes over the parser's diagnostics, which never hold a value but where
// the JSON scanner repeats an unquoted word; that word is left out.
func (r *report) hcl(ds hcl.Diagnostics) {
	// A quote that is not closed turns what follows in its file into mistakes
	// that nobody made.
	openQuote := map[string]int{}
	for _, d := range ds {
		if d.Summary == "Invalid multi-line string" && d.Subject != nil {
			if at, ok := openQuote[d.Subject.Filename]; !ok || d.Subject.Start.Byte < at {
				openQuote[d.Subject.Filename] = d.Subject.Start.Byte
			}
		}
	}
	for _, d := range ds {
		out := fromHCL(d, hcl.Range{})
		if at, ok := openQuote[out.Subject.Filename]; ok && out.Subject.Start.Byte >= at {
			if d.Summary != "Invalid multi-line string" || out.Subject.Start.Byte > at {
				continue
			}
			out.Summary = "Quote not closed"
			out.Detail = "A quoted string ends on the line that it begins on. Close the quote; for a text of several lines use \\n or a heredoc, as in <<EOT."
		}
		if d.Summary == "Invalid JSON keyword" {
			out.Detail = "JSON knows the words true, false and null only. Write strings in double quotes."
		}
		r.add(out)
	}
}

func fromHCL(d *hcl.Diagnostic, fallback hcl.Range) diag.Diagnostic {
	out := diag.Diagnostic{Summary: d.Summary, Detail: d.Detail}
	if d.Severity == hcl.DiagWarning {
		out.Severity = diag.Warning
	}
	switch {
	case d.Subject != nil:
		out.Subject = fromRange(*d.Subject)
	case d.Context != nil:
		out.Subject = fromRange(*d.Context)
	default:
		out.Subject = fromRange(fallback)
	}
	return out
}

func fromRange(r hcl.Range) diag.Range {
	return diag.Range{
		Filename: r.Filename,
		Start:    diag.Pos{Line: r.Start.Line, Column: r.Start.Column, Byte: r.Start.Byte},
		End:      diag.Pos{Line: r.End.Line, Column: r.End.Column, Byte: r.End.Byte},
	}
}

// didYouMean returns ` Did you mean "x"?` for the candidate closest to a
// misspelt name, or nothing if none is close.
func didYouMean(name string, candidates []string) string {
	if s := closest(name, candidates); s != "" {
		return fmt.Sprintf(" Did you mean %q?", s)
	}
	return ""
}

func closest(name string, candidates []string) string {
	best, bestDistance := "", max(2, len(name)/3)+1
	sorted := append([]string(nil), candidates...)
	sort.Strings(sorted)
	plain := func(s string) string {
		return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
	}
	for _, c := range sorted {
		d := levenshtein.Distance(plain(name), plain(c), nil)
		if d < bestDistance && d < len(name) {
			best, bestDistance = c, d
		}
	}
	return best
}

// list writes names as people do: a, b and c.
func list(names []string, conjunction string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " " + conjunction + " " + names[n-1]
	}
}

// quoted puts each name in quotes.
func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return out
}
