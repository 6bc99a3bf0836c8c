package view_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/view"
)

var source = strings.Join([]string{
	`# InfluxDB's admins`, //                                              1
	``,
	`user "marty" {`, //                                                   3
	`  realm      = realm.influxdb`,
	`  frist_name = "Marty"`, //                                           5
	"\temail\t= \"mcfly\"",   //                                             6
	`  last_name = "東京日本" + nonsense`, //                                  7
	`  attributes = {`,                //                                                 8
	`    a = "1"`,
	``,
	`    b = "2"`,
	`    c = "3"`,
	`    d = "4"`,
	`  }`, //                                                              14
	`}`,
	``,
	`locals { x = 1 }`, //                                                 17
	`  ` + strings.Repeat("left ", 20) + `WRONG` + strings.Repeat(" right", 20), // 18
	"évil \x1b[31m \u202e = 1", //                                     19
	`}`,
	`x = y`, //                                                            21
}, "\n")

func files(name string) []byte {
	if name == "influxdb.idp.hcl" {
		return []byte(source)
	}
	return nil
}

// span is a range of the source: from line and column to line and column.
func span(l1, c1, l2, c2 int) diag.Range {
	return diag.Range{Filename: "influxdb.idp.hcl", Start: diag.Pos{Line: l1, Column: c1}, End: diag.Pos{Line: l2, Column: c2}}
}

func TestDiagnostics(t *testing.T) {
	detail := `There is no attribute "frist_name" in a user block. Did you mean "first_name"? The documentation of users lists all attributes: https://idpctl.example.com/a/very/long/path/that/cannot/be/broken/and/so/stands/alone.html

Allowed are:
- email: the address that the mails go to, which is also the user name where none is set
- first_name

  user "x" {
    first_name = "y"
  }
`
	many := diag.Diagnostics{}
	for i := range 12 {
		many = append(many, diag.Diagnostic{Severity: diag.Warning, Summary: "Nobody can sign in", Detail: "Set invite.", Address: fmt.Sprintf("user.team[%d]", i), Subject: span(3, 1, 3, 13)})
	}
	many = append(many, diag.Diagnostic{Summary: "Broken", Subject: span(4, 3, 4, 8)}, diag.Diagnostic{Severity: diag.Warning, Summary: "Other"})
	tests := map[string]diag.Diagnostics{
		"diag_detail":    {{Summary: "Unsupported attribute", Detail: detail, Subject: span(5, 3, 5, 13), Address: "user.marty"}},
		"diag_warning":   {{Severity: diag.Warning, Summary: "Deprecated", Detail: "Do not.", Address: `user.team["x"]`}},
		"diag_bare":      {{Summary: "Sign-in refused"}},
		"diag_many":      many,
		"diag_tabs":      {{Summary: "Invalid e-mail", Subject: span(6, 10, 6, 17)}},
		"diag_wide":      {{Summary: "Unknown name", Subject: span(7, 23, 7, 31)}, {Summary: "Wide", Subject: span(7, 15, 7, 21)}},
		"diag_lines":     {{Summary: "Bad map", Subject: span(8, 16, 9, 12)}, {Summary: "Bad map", Subject: span(8, 16, 14, 4)}, {Summary: "With its newline", Subject: span(9, 5, 10, 1)}},
		"diag_long":      {{Summary: "Wrong", Subject: span(18, 103, 18, 108)}, {Summary: "Far too long", Subject: span(18, 3, 18, 220)}},
		"diag_end":       {{Summary: "Missing brace", Subject: span(20, 2, 20, 2)}, {Summary: "Outside", Subject: span(21, 1, 21, 2)}},
		"diag_hostile":   {{Summary: "Bad\x1b[2J \u202ename\n", Detail: "From the server: \x1b]0;title\x07 and \u2066more\u2069.", Subject: span(19, 1, 19, 5), Address: "user.x\x1b[1m"}},
		"diag_no_source": {{Summary: "Elsewhere", Subject: diag.Range{Filename: "other.idp.hcl", Start: diag.Pos{Line: 3, Column: 1}, End: diag.Pos{Line: 3, Column: 2}}}, {Summary: "Beyond", Subject: span(99, 1, 99, 2)}},
		"diag_none":      nil,
	}
	for name, diags := range tests {
		t.Run(name, func(t *testing.T) {
			golden(t, name, everyWay(t, view.Options{}, func(v *view.View) error { return v.Diagnostics(diags, files) }))
		})
	}
}

// The carets stand exactly under the text that the range covers, whatever
// takes the room before it.
func TestCarets(t *testing.T) {
	tests := map[string]struct {
		line     string
		from, to int // columns, in characters
		before   int // cells before the carets
		carets   int
	}{
		"plain":        {`name = "x"`, 8, 11, 7, 3},
		"tab":          {"\tname = x", 9, 10, 11, 1},
		"wide":         {"日本 = x", 6, 7, 7, 1},
		"wide itself":  {"a日本b", 2, 4, 1, 4},
		"combining":    {"e\u0301e\u0301x", 3, 4, 2, 1},
		"emoji":        {"👩‍🚀 x", 3, 4, 2, 1}, // its joiner cannot be printed: one cell
		"escape":       {"\x1bx", 2, 3, 1, 1},
		"empty range":  {"abc", 2, 2, 1, 1},
		"past the end": {"abc", 9, 12, 3, 1},
		"carriage":     {"abc\r", 1, 4, 0, 3},
		"column zero":  {"abc", 0, 0, 0, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rng := diag.Range{Filename: "f", Start: diag.Pos{Line: 1, Column: tt.from}, End: diag.Pos{Line: 1, Column: tt.to}}
			text := rendered(t, view.Options{}, func(v *view.View) error {
				return v.Diagnostics(diag.Diagnostics{{Summary: "s", Subject: rng}}, func(string) []byte { return []byte(tt.line + "\nnext") })
			})
			const gutter = "   1: "
			lines := strings.Split(text, "\n")
			at := -1
			for i, l := range lines {
				if strings.HasPrefix(l, gutter) {
					at = i + 1
				}
			}
			if at < 0 {
				t.Fatalf("no source line:\n%s", text)
			}
			want := strings.Repeat(" ", len(gutter)+tt.before) + strings.Repeat("^", tt.carets)
			if diff := cmp.Diff(want, lines[at]); diff != "" {
				t.Errorf("%s\n%s", diff, text)
			}
		})
	}
}

func TestDiagnosticsFitTheWidth(t *testing.T) {
	d := diag.Diagnostic{Summary: strings.Repeat("summary ", 30), Detail: strings.Repeat("detail ", 60), Subject: span(18, 103, 18, 108)}
	for _, width := range []int{40, 80, 120} {
		text := rendered(t, view.Options{Width: width}, func(v *view.View) error { return v.Diagnostics(diag.Diagnostics{d}, files) })
		for l := range strings.Lines(text) {
			if n := len([]rune(strings.TrimRight(l, "\n"))); n > width {
				t.Errorf("width %d: a line of %d: %q", width, n, l)
			}
		}
		if !strings.Contains(text, "WRONG") || !strings.Contains(text, "^^^^^") {
			t.Errorf("width %d: the range is not seen:\n%s", width, text)
		}
	}
}

// Any range on any source is shown without a panic, and nothing of the source
// reaches the terminal raw.
func FuzzDiagnostics(f *testing.F) {
	f.Add(source, 5, 3, 5, 13, 80)
	f.Add("\x1b\u202e\xff", 1, 1, 9, 1, 1)
	f.Add("a\n}\n{", 3, -1, 2, 0, 30)
	f.Fuzz(func(t *testing.T, text string, l1, c1, l2, c2, width int) {
		d := diag.Diagnostics{{Summary: text, Detail: text, Address: text, Subject: span(l1, c1, l2, c2)}}
		src := func(string) []byte { return []byte(text) }
		checkText(t, strings.ReplaceAll(rendered(t, view.Options{Width: width % 300}, func(v *view.View) error { return v.Diagnostics(d, src) }), "CANARY", ""))
		out := rendered(t, view.Options{JSON: true}, func(v *view.View) error { return v.Diagnostics(d, src) })
		if !json.Valid([]byte(out)) {
			t.Errorf("not JSON: %s", out)
		}
	})
}
