package view

import (
	"strings"

	"github.com/idpctl/idpctl/diag"
)

type jsonPos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

type jsonRange struct {
	Filename string  `json:"filename"`
	Start    jsonPos `json:"start"`
	End      jsonPos `json:"end"`
}

func jsonRangeOf(r diag.Range) *jsonRange {
	if r.IsZero() {
		return nil
	}
	return &jsonRange{Filename: r.Filename, Start: jsonPos(r.Start), End: jsonPos(r.End)}
}

type jsonSnippet struct {
	// Context is the header of the block around it; null at the top level.
	Context *string `json:"context"`
	// Code is the line that the range starts on, sensitive literals masked.
	Code      string `json:"code"`
	StartLine int    `json:"start_line"`
}

type jsonDiagnostic struct {
	Severity string       `json:"severity"`
	Summary  string       `json:"summary"`
	Detail   string       `json:"detail"`
	Address  string       `json:"address,omitempty"`
	Range    *jsonRange   `json:"range,omitempty"`
	Snippet  *jsonSnippet `json:"snippet,omitempty"`
}

type jsonDiagnostics struct {
	header
	Valid        bool             `json:"valid"`
	ErrorCount   int              `json:"error_count"`
	WarningCount int              `json:"warning_count"`
	Diagnostics  []jsonDiagnostic `json:"diagnostics"`
}

func (v *View) diagnosticsJSON(diags diag.Diagnostics, src Source) error {
	errors, warnings := count(diags)
	return v.object(jsonDiagnostics{
		header: headerOf("diagnostics"), Valid: errors == 0, ErrorCount: errors, WarningCount: warnings,
		Diagnostics: jsonDiagnosticsOf(diags, newSources(src)),
	})
}

// jsonDiagnosticsOf never returns nil, so that a list is a list.
func jsonDiagnosticsOf(diags diag.Diagnostics, src *sources) []jsonDiagnostic {
	out := []jsonDiagnostic{}
	for _, d := range diags {
		out = append(out, jsonDiagnosticOf(d, src))
	}
	return out
}

func jsonDiagnosticOf(d diag.Diagnostic, src *sources) jsonDiagnostic {
	j := jsonDiagnostic{
		Severity: strings.ToLower(d.Severity.String()), Summary: d.Summary, Detail: d.Detail,
		Address: d.Address, Range: jsonRangeOf(d.Subject),
	}
	if d.Subject.IsZero() {
		return j
	}
	lines, n := src.lines(d.Subject.Filename), d.Subject.Start.Line
	if n >= 1 && n <= len(lines) {
		j.Snippet = &jsonSnippet{Code: strings.TrimRight(lines[n-1], "\r"), StartLine: n}
		if block := enclosing(lines, n); block != "" {
			j.Snippet.Context = &block
		}
	}
	return j
}
