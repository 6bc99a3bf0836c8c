package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// result is what was measured of one work.
type result struct {
	server      string // the product; "" if there is none
	users, work string
	target      target
	idpctl, raw []figures // pairs, unless there is nothing to compare with
}

// target is what must be reached; what is zero is not asked for.
type target struct {
	ratio    float64 // seconds to those of raw calls
	seconds  time.Duration
	requests int
	memory   int64
	// unhurried asks that no request comes before its Retry-After is over, and
	// refused for at least that many 429s, without which it would say nothing.
	unhurried bool
	refused   int
	// unrefused asks that there is no 429 at all.
	unrefused bool
}

// row is one line of the table.
type row struct {
	server, users, work, figure, idpctl, raw, ratio, target string
	asked, met                                              bool
}

// rows are the figures of a result.
func (r *result) rows() []row {
	ours := medianOf(r.idpctl, func(f figures) float64 { return f.seconds.Seconds() })
	seconds := row{figure: "seconds", idpctl: fmt.Sprintf("%.3f", ours), met: true}
	if len(r.raw) > 0 {
		theirs := medianOf(r.raw, func(f figures) float64 { return f.seconds.Seconds() })
		ratio := r.pairwise()
		seconds.raw, seconds.ratio = fmt.Sprintf("%.3f", theirs), fmt.Sprintf("%.2f", ratio)
		if r.target.ratio > 0 {
			seconds.ask(fmt.Sprintf("≤ %.1f × raw", r.target.ratio), ratio <= r.target.ratio)
		}
	}
	if r.target.seconds > 0 {
		seconds.ask(fmt.Sprintf("≤ %.3f", r.target.seconds.Seconds()), ours <= r.target.seconds.Seconds())
	}
	out := []row{seconds, {
		figure: "CPU seconds", idpctl: fmt.Sprintf("%.3f", medianOf(r.idpctl, func(f figures) float64 { return f.cpu.Seconds() })),
	}}

	sent := medianOf(r.idpctl, func(f figures) float64 { return float64(f.requests) })
	if len(r.raw) > 0 || sent > 0 {
		requests := row{figure: "requests", idpctl: fmt.Sprintf("%.0f", sent), met: true}
		if len(r.raw) > 0 {
			theirs := medianOf(r.raw, func(f figures) float64 { return float64(f.requests) })
			requests.raw, requests.ratio = fmt.Sprintf("%.0f", theirs), fmt.Sprintf("%.2f", sent/theirs)
		}
		if r.target.requests > 0 {
			requests.ask(fmt.Sprintf("≤ %d", r.target.requests), sent <= float64(r.target.requests))
		}
		out = append(out, requests)
	}

	if n := medianOf(r.idpctl, func(f figures) float64 { return float64(f.signIns) }); n > 0 {
		beside := row{figure: "token, discovery", idpctl: fmt.Sprintf("%.0f", n)}
		if len(r.raw) > 0 {
			beside.raw = fmt.Sprintf("%.0f", medianOf(r.raw, func(f figures) float64 { return float64(f.signIns) }))
		}
		out = append(out, beside)
	}
	if n := medianOf(r.idpctl, func(f figures) float64 { return float64(f.looks) }); n > 0 {
		looks := row{figure: "looks at jobs", idpctl: fmt.Sprintf("%.0f", n)}
		if len(r.raw) > 0 {
			looks.raw = fmt.Sprintf("%.0f", medianOf(r.raw, func(f figures) float64 { return float64(f.looks) }))
		}
		out = append(out, looks)
	}
	if r.target.unhurried || r.target.unrefused {
		out = append(out, r.throttling()...)
	}

	peak := int64(medianOf(r.idpctl, func(f figures) float64 { return float64(f.memory) }))
	memory := row{figure: "peak memory", idpctl: mebibytes(peak), met: true}
	if r.target.memory > 0 {
		memory.ask("≤ "+mebibytes(r.target.memory), peak > 0 && peak <= r.target.memory)
	}
	out = append(out, memory)
	out[0].server, out[0].users, out[0].work = r.server, r.users, r.work
	return out
}

// throttling are the figures of a quota. One request that came early is one too
// many, so all turns count.
func (r *result) throttling() []row {
	refused, early := 0, 0
	for _, f := range r.idpctl {
		refused, early = refused+f.refused, early+f.early
	}
	out := []row{{figure: "refused with 429", idpctl: fmt.Sprint(refused)}, {figure: "before Retry-After", idpctl: fmt.Sprint(early)}}
	if r.target.refused > 0 {
		out[0].ask(fmt.Sprintf("≥ %d", r.target.refused), refused >= r.target.refused)
	}
	if r.target.unrefused {
		out[0].ask("0", refused == 0)
	}
	out[1].ask("0", early == 0)
	return out
}

func (r *row) ask(target string, met bool) { r.target, r.asked, r.met = target, true, met }

// pairwise is the median of the ratios of both sides, turn by turn.
func (r *result) pairwise() float64 {
	ratios := make([]float64, len(r.raw))
	for i := range ratios {
		ratios[i] = r.idpctl[i].seconds.Seconds() / r.raw[i].seconds.Seconds()
	}
	return median(ratios)
}

func medianOf(list []figures, value func(figures) float64) float64 {
	values := make([]float64, len(list))
	for i, f := range list {
		values[i] = value(f)
	}
	return median(values)
}

// median is the middle value, or the mean of the two in the middle; 0 of none.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// mebibytes writes a number of bytes; a dash where it is not known.
func mebibytes(n int64) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// writeTable writes all results, and returns how many targets were missed.
func writeTable(w io.Writer, results []*result) (missed int) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "server\tusers\twork\tfigure\tidpctl\traw\tratio\ttarget\t")
	for _, r := range results {
		if len(r.idpctl) == 0 {
			continue
		}
		for _, line := range r.rows() {
			verdict := ""
			switch {
			case line.asked && line.met:
				verdict = "met"
			case line.asked:
				verdict = "MISSED"
				missed++
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", line.server, line.users, line.work, line.figure, line.idpctl, line.raw, line.ratio, line.target, verdict)
		}
	}
	_ = t.Flush() // the writer is the standard output
	fmt.Fprintf(w, "\nMedians of turns that alternate; the ratio of seconds is the median of the turns' own. %d missed.\n", missed)
	return missed
}
