package view

import (
	"fmt"
	"strings"
)

// CheckStatus is how a check came out.
type CheckStatus string

const (
	// Passed: as it has to be.
	Passed CheckStatus = "passed"
	// Failed: it would not work.
	Failed CheckStatus = "failed"
	// Warned: it works, and somebody should look at it.
	Warned CheckStatus = "warned"
	// Skipped: not looked at; the hint says why.
	Skipped CheckStatus = "skipped"
)

// Check is one thing that was looked at.
type Check struct {
	// ID names the check for programs.
	ID string `json:"id"`
	// Name names it for people.
	Name   string      `json:"name"`
	Status CheckStatus `json:"status"`
	// Value is what was found, Want what was wanted; both may be empty.
	Value string `json:"value,omitempty"`
	Want  string `json:"want,omitempty"`
	// Hint says what to do, in whole sentences; may be empty.
	Hint string `json:"hint,omitempty"`
}

// Checks shows the results of checks, and how many came out how. subject says
// what was checked, in a line: "Token of marty@example.com".
func (v *View) Checks(subject string, checks []Check) error {
	counts := map[CheckStatus]int{}
	for _, c := range checks {
		counts[c.Status]++
	}
	if v.opts.JSON {
		if checks == nil {
			checks = []Check{}
		}
		return v.object(struct {
			header
			Subject string              `json:"subject"`
			OK      bool                `json:"ok"`
			Checks  []Check             `json:"checks"`
			Summary map[CheckStatus]int `json:"summary"`
		}{headerOf("checks"), subject, counts[Failed] == 0, checks, map[CheckStatus]int{
			Passed: counts[Passed], Failed: counts[Failed], Warned: counts[Warned], Skipped: counts[Skipped],
		}})
	}
	var b strings.Builder
	if subject != "" {
		b.WriteString(indent(wrap(line(subject), v.opts.Width), "") + "\n")
	}
	for _, c := range gathered(checks) {
		b.WriteString(v.check(c))
	}
	var parts []string
	for _, s := range []CheckStatus{Passed, Failed, Warned, Skipped} {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	total := plural(len(checks), "check")
	if len(parts) > 0 {
		total += ": " + strings.Join(parts, ", ")
	}
	b.WriteString("\n" + v.style.bold(total+".") + "\n")
	return v.write(b.String())
}

// gathered puts those together that were skipped one after the other for one and
// the same reason: what failed is then not lost among them.
func gathered(checks []Check) []Check {
	var out []Check
	for _, c := range checks {
		if n := len(out); n > 0 && c.Status == Skipped && c.Value == "" && out[n-1].Status == Skipped && out[n-1].Value == "" && out[n-1].Hint == c.Hint {
			out[n-1].Name += ", " + c.Name
			continue
		}
		out = append(out, c)
	}
	return out
}

// check is one check: a line with what was found, and below it what was wanted
// and what to do, if it did not pass.
func (v *View) check(c Check) string {
	const column = 10 // of the name; what belongs to it hangs by two
	paint := map[CheckStatus]func(string) string{
		Passed: v.style.green, Failed: v.style.red, Warned: v.style.yellow, Skipped: v.style.dim,
	}[c.Status]
	status := pad(line(string(c.Status)), column-2)
	if paint != nil {
		status = paint(status)
	}
	var b strings.Builder
	text := line(c.Name)
	if c.Value != "" {
		text += ": " + line(c.Value)
	}
	below, columns := strings.Repeat(" ", column+2), v.opts.Width-column-2
	for i, l := range wrap(text, columns) {
		if i == 0 {
			b.WriteString(status + "  " + l + "\n")
		} else {
			b.WriteString(below + l + "\n")
		}
	}
	if c.Status == Passed {
		return b.String()
	}
	if c.Want != "" {
		b.WriteString(indent(wrap("wanted: "+line(c.Want), columns), below))
	}
	if c.Hint != "" {
		b.WriteString(indent(prose(c.Hint, columns), below))
	}
	return b.String()
}
