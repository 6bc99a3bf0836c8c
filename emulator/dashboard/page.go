package dashboard

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/idpctl/idpctl/emulator/pages"
)

//go:embed page.html
var pageHTML string

//go:embed refusal.html
var refusalHTML string

var (
	pageTemplate    = template.Must(pages.Layout("dashboard", pageHTML))
	refusalTemplate = template.Must(pages.Layout("refusal", refusalHTML))
)

// view is what the page shows.
type view struct {
	Path, Service string
	Now           string
	// Refresh is how often the page loads itself anew, in seconds; 0 is never.
	Refresh    int
	Tables     []table
	Mails      []mailRow
	Sent       int
	Requests   []requestRow
	Total      int
	Kept       int
	Faults     []active
	Form       faultForm
	FormFailed bool
}

type table struct {
	ID, Title, Note string
	Columns         []string
	Rows            [][]cell
	// More are those that are not listed.
	Total, More int
}

// cell of a table; one that is Whole is not broken into lines.
type cell struct {
	Text  string
	Whole bool
}

// shown is a table as the page shows it.
func (t Table) shown(n int) table {
	out := table{ID: fmt.Sprintf("objects-%d", n), Title: t.Title, Note: t.Note, Columns: t.Columns, Total: t.Total, More: t.Total - len(t.Rows)}
	for _, row := range t.Rows {
		cells := make([]cell, len(row))
		for i, text := range row {
			cells[i] = cell{plain(text), i < len(t.Columns) && strings.HasSuffix(t.Columns[i], "ID")}
		}
		out.Rows = append(out.Rows, cells)
	}
	return out
}

type mailRow struct {
	N                 int
	Time, To, Subject string
	Open              bool
}

type requestRow struct {
	Time, Method, Path, Status, Grade, Took string
	Query                                   bool
}

// refreshEvery is the one interval that the page offers, in seconds.
const refreshEvery = 5

func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	refresh := 0
	if r.URL.Query().Get("refresh") == fmt.Sprint(refreshEvery) {
		refresh = refreshEvery
	}
	h.page(w, http.StatusOK, faultForm{Kind: "503", Scope: "changes", Times: "1"}, refresh)
}

func (h *Handler) page(w http.ResponseWriter, status int, form faultForm, refresh int) {
	o := h.source.Overview(listed)
	v := view{Path: Path, Service: o.Service, Now: clock(h.now()), Refresh: refresh, Sent: o.Sent, Kept: kept, Faults: h.activeFaults(),
		Form: form, FormFailed: status != http.StatusOK}
	for i, t := range o.Tables {
		v.Tables = append(v.Tables, t.shown(i+1))
	}
	for i := len(o.Mails) - 1; i >= 0; i-- { // the newest first
		m := o.Mails[i]
		v.Mails = append(v.Mails, mailRow{o.Sent - len(o.Mails) + i + 1, clock(m.Time), plain(m.To), plain(m.Subject), m.Link != ""})
	}
	var exchanges []exchange
	exchanges, v.Total = h.log.newest()
	for _, e := range exchanges {
		v.Requests = append(v.Requests, requestRow{clock(e.at), plain(e.method), plain(e.path), statusText(e.status), grade(e.status),
			fmt.Sprintf("%.1f ms", float64(e.took.Microseconds())/1000), e.query})
	}
	pages.Execute(w, status, pageTemplate, v)
}

// refuse answers with a page that says why, and leads back.
func refuse(w http.ResponseWriter, status int, why string) {
	pages.Execute(w, status, refusalTemplate, map[string]string{"Why": why, "Path": Path})
}

// elsewhere answers who came under a name that is not this machine's own.
func elsewhere(w http.ResponseWriter) {
	pages.Execute(w, http.StatusForbidden, refusalTemplate, map[string]string{
		"Why": "The dashboard is for this machine alone: open it as 127.0.0.1 or localhost."})
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Format("15:04:05")
}

func statusText(status int) string {
	if status == 0 {
		return "cut"
	}
	return fmt.Sprint(status)
}

// grade is the class of a status.
func grade(status int) string {
	switch {
	case status == 0 || status >= 500:
		return "bad"
	case status >= 400:
		return "warn"
	case status < 300:
		return "good"
	}
	return ""
}

// longestText is how much of a text from the emulator is shown.
const longestText = 200

// plain makes a text of somebody else's fit to be shown in one line: what is not to be
// seen, or turns the direction of what follows, is replaced.
func plain(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zs, r) {
			return r
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return unicode.ReplacementChar
	}, s)
	if runes := []rune(clean); len(runes) > longestText {
		return string(runes[:longestText]) + "…"
	}
	return clean
}
