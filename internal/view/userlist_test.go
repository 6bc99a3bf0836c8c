package view_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/resource"
)

// harmful are users with names that somebody chose to do harm.
func harmful() []view.User {
	names := []string{
		`=HYPERLINK("http://evil.example","click")`, "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "a\",\"b\nc",
		"| x | y |", "<img src=x onerror=alert(1)>", "[click](javascript:alert(1))", "![x](http://evil.example/x.png)", "`code` *bold* ~~gone~~", "@everyone", "http://evil.example", "www.evil.example", "&lt;b&gt;", `\| \`,
		"\x1b[31mred\x1b]0;title\a", "\u202egnp.exe", "a\u0085b", "\xff\xfe",
	}
	var out []view.User
	for _, n := range names {
		out = append(out, view.User{Address: "user.x", ID: str(n), Email: str(n), FirstName: str(n), LastName: str(n), Groups: []string{"Admin"}})
	}
	return append(out, view.User{
		Cluster: "cluster.production", Address: "user.secret", ID: cty.UnknownVal(cty.String),
		Email: str("CANARY@example.com").Mark(resource.Sensitive), FirstName: str("CANARY").Mark(resource.Sensitive), LastName: str("Open"),
	})
}

func list(t *testing.T, format string) string {
	t.Helper()
	text := rendered(t, view.Options{}, func(v *view.View) error { return v.UserList(harmful(), format) })
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\r' || unicode.Is(unicode.Bidi_Control, r) {
			t.Errorf("%s: the control character %U is shown", format, r)
		}
	}
	if strings.Contains(text, "CANARY") {
		t.Errorf("%s: a secret is shown", format)
	}
	golden(t, "userlist_"+format, text)
	return text
}

// No cell of the CSV is a formula for a spreadsheet, and each user is one record.
func TestUserListAsCSVHasNoFormulas(t *testing.T) {
	records, err := csv.NewReader(strings.NewReader(list(t, "csv"))).ReadAll()
	if err != nil || len(records) != len(harmful())+1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	if records[0][0] != "id" {
		t.Errorf("the first column is %q", records[0][0])
	}
	for _, record := range records {
		for _, cell := range record {
			if strings.IndexAny(strings.TrimSpace(cell), "=+-@＝＋－＠") == 0 {
				t.Errorf("a spreadsheet takes %q for a formula", cell)
			}
		}
	}
}

// Each user is one row of the Markdown table, and nothing in it is markup.
func TestUserListAsMarkdownHasNoMarkup(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(list(t, "markdown"), "\n"), "\n")
	if len(lines) != len(harmful())+2 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, l := range lines {
		bars := 0
		for i := 0; i < len(l); i++ {
			switch {
			case l[i] == '\\':
				i++ // the next character is no markup
			case l[i] == '|':
				bars++
			case strings.IndexByte("<>[]`*~!", l[i]) >= 0:
				t.Errorf("markup: %c in %s", l[i], l)
			}
		}
		if bars != 7 {
			t.Errorf("%d columns in %s", bars-1, l)
		}
		if strings.Contains(l, "http:") || strings.Contains(l, "www.") || strings.Contains(l, "@") {
			t.Errorf("a link or mention would be made: %s", l)
		}
	}
}

func TestUserListAsTableAndJSON(t *testing.T) {
	if rows := strings.Count(list(t, "table"), "\n"); rows != len(harmful())+1 {
		t.Errorf("%d lines", rows)
	}
	var users []map[string]any
	if err := json.Unmarshal([]byte(list(t, "json")), &users); err != nil || len(users) != len(harmful()) {
		t.Fatalf("%d users, %v", len(users), err)
	}
	if users[8]["email"] != "a\",\"b\nc" || users[len(users)-1]["id"] != nil {
		t.Errorf("JSON keeps a value as it is, and one that is not known is null: %v", users)
	}
}
