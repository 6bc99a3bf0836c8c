package view

import (
	"fmt"
	"strings"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
)

// maxListed bounds how many addresses that were not tried for one reason are
// listed.
const maxListed = 20

// Summary shows what an apply did: what failed and why on Err; what was not
// tried, the counts, and how to go on, on Out. mode is that of the plan. As
// JSON it is one object. Credentials are no part of it (see [View.Credentials]).
func (v *View) Summary(s *apply.Summary, mode plan.Mode, src Source) error {
	if v.opts.JSON {
		return v.summaryJSON(s, src)
	}
	diags := append(diag.Diagnostics{}, s.Diagnostics...)
	for _, f := range s.Failed {
		diags = append(diags, withAddress(f))
	}
	if err := v.Diagnostics(diags, src); err != nil {
		return err
	}
	return v.write(v.summaryText(s, mode))
}

// withAddress is the diagnostic of a failure, which says what it is about.
func withAddress(f apply.Failure) diag.Diagnostic {
	d := f.Diagnostic
	if d.Address == "" {
		d.Address = f.Address.String()
	}
	return d
}

func (v *View) summaryText(s *apply.Summary, mode plan.Mode) string {
	var b strings.Builder
	b.WriteByte('\n')
	command, name := "idpctl apply", "Apply"
	if mode == plan.Destroy {
		command, name = "idpctl destroy", "Destroy"
	}
	b.WriteString(v.notTried(s))
	counts := doneLine(s, mode)
	if s.OK() {
		b.WriteString(v.style.strong("32", name+" complete!") + v.style.bold(" "+counts+".") + "\n")
		return b.String()
	}
	if n := len(s.Failed); n > 0 {
		counts += fmt.Sprintf("; %d failed", n)
	}
	if n := len(s.NotTried); n > 0 {
		counts += fmt.Sprintf("; %d not tried", n)
	}
	b.WriteString(v.style.strong(codeRed, name+" incomplete.") + v.style.bold(" "+counts+".") + "\n\n")
	var advice string
	switch left := len(s.Failed) + len(s.NotTried); {
	case s.Interrupted:
		advice = fmt.Sprintf("The run was interrupted. What was in flight was finished, and everything that was done is recorded. %s left; %#q continues.", areLeft(left), command)
	case left > 0:
		advice = fmt.Sprintf("Everything that was done is recorded. When the causes are mended, %#q continues with what is left.", command)
	default:
		advice = fmt.Sprintf("Everything that was done is recorded; %#q continues.", command)
	}
	b.WriteString(indent(wrap(advice, v.opts.Width), ""))
	return b.String()
}

func areLeft(n int) string {
	if n == 1 {
		return "1 change is"
	}
	return fmt.Sprintf("%d changes are", n)
}

// doneLine is "Resources: 3 added, 1 changed, 0 destroyed".
func doneLine(s *apply.Summary, mode plan.Mode) string {
	text := fmt.Sprintf("Resources: %d added, %d changed, %d destroyed", s.Added, s.Changed, s.Destroyed)
	if mode == plan.Destroy && s.Added+s.Changed == 0 {
		text = fmt.Sprintf("Resources: %d destroyed", s.Destroyed)
	}
	if s.Adopted > 0 {
		text += fmt.Sprintf(", %d adopted", s.Adopted)
	}
	if s.Forgotten > 0 {
		text += fmt.Sprintf(", %d released", s.Forgotten)
	}
	if s.Files > 0 {
		text += ", " + plural(s.Files, "file") + " changed"
	}
	return text
}

// notTried lists what was not tried, by reason.
func (v *View) notTried(s *apply.Summary) string {
	if len(s.NotTried) == 0 {
		return ""
	}
	var reasons []string
	byReason := map[string][]apply.Failure{}
	for _, f := range s.NotTried {
		why := line(f.Diagnostic.Detail)
		if why == "" {
			why = line(f.Diagnostic.Summary)
		}
		if byReason[why] == nil {
			reasons = append(reasons, why)
		}
		byReason[why] = append(byReason[why], f)
	}
	var b strings.Builder
	b.WriteString(v.style.bold("Not tried:") + "\n")
	for _, why := range reasons {
		list := byReason[why]
		b.WriteByte('\n')
		b.WriteString(indent(wrap(strings.TrimSuffix(why, ".")+":", v.opts.Width-2), "  "))
		for i, f := range list {
			if i == maxListed {
				fmt.Fprintf(&b, "    ... and %d more\n", len(list)-i)
				break
			}
			s := signOf(f.Action, true)
			if f.Address.Target != "" && f.Action == plan.NoOp {
				s = signUpdate
			}
			b.WriteString(fmt.Sprintf("  %s ", v.style.sign(s, fmt.Sprintf("%3s", s))) + line(f.Address.String()) + "\n")
		}
	}
	b.WriteByte('\n')
	return b.String()
}

type jsonFailure struct {
	Address    string         `json:"address"`
	Actions    []string       `json:"actions"`
	Diagnostic jsonDiagnostic `json:"diagnostic"`
}

type jsonSummary struct {
	header
	OK          bool             `json:"ok"`
	Added       int              `json:"added"`
	Changed     int              `json:"changed"`
	Destroyed   int              `json:"destroyed"`
	Adopted     int              `json:"adopted"`
	Released    int              `json:"released"`
	Files       int              `json:"files"`
	Failed      []jsonFailure    `json:"failed"`
	NotTried    []jsonFailure    `json:"not_tried"`
	Interrupted bool             `json:"interrupted"`
	Diagnostics []jsonDiagnostic `json:"diagnostics"`
}

func (v *View) summaryJSON(s *apply.Summary, src Source) error {
	cache := newSources(src)
	failures := func(list []apply.Failure) []jsonFailure {
		out := []jsonFailure{}
		for _, f := range list {
			out = append(out, jsonFailure{Address: f.Address.String(), Actions: actions(f.Action), Diagnostic: jsonDiagnosticOf(withAddress(f), cache)})
		}
		return out
	}
	return v.object(jsonSummary{
		header: headerOf("apply_summary"), OK: s.OK(), Added: s.Added, Changed: s.Changed, Destroyed: s.Destroyed,
		Adopted: s.Adopted, Released: s.Forgotten, Files: s.Files, Failed: failures(s.Failed), NotTried: failures(s.NotTried),
		Interrupted: s.Interrupted, Diagnostics: jsonDiagnosticsOf(s.Diagnostics, cache),
	})
}
