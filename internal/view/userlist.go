package view

import (
	"encoding/csv"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// UserFormats are the forms of [View.UserList].
func UserFormats() []string { return []string{"table", "json", "csv", "markdown"} }

// userColumns are the columns of a list of users as CSV.
func userColumns() []string {
	return []string{"id", "email", "firstName", "lastName", "userGroups", "cluster", "address"}
}

// UserList shows users with their ids, all of them, in one of [UserFormats].
// Sensitive values are masked in each.
func (v *View) UserList(list []User, format string) error {
	switch format {
	case "json":
		return v.object(usersJSON(list))
	case "csv":
		return v.usersCSV(list)
	case "markdown":
		return v.usersMarkdown(list)
	}
	headers, rows := usersTable(list)
	return v.Table(headers, rows)
}

// usersTable are the users as a table, without the columns in which none has
// anything to say.
func usersTable(list []User) (headers []string, rows [][]string) {
	all := []struct {
		name string
		of   func(User) string
	}{
		{"Cluster", func(u User) string { return u.Cluster }},
		{"Address", func(u User) string { return u.Address }},
		{"E-mail", func(u User) string { return bare(u.Email) }},
		{"Name", User.name},
		{"Groups", func(u User) string { return strings.Join(u.Groups, ", ") }},
		{"ID", func(u User) string { return id(u.ID) }},
	}
	rows = make([][]string, len(list))
	for _, column := range all {
		cells, said := make([]string, len(list)), false
		for i, u := range list {
			cells[i] = column.of(u)
			said = said || cells[i] != ""
		}
		if !said {
			continue
		}
		headers = append(headers, column.name)
		for i := range rows {
			rows[i] = append(rows[i], cells[i])
		}
	}
	return headers, rows
}

// id is an id, or that it is not known yet.
func id(v cty.Value) string {
	if v != cty.NilVal && !v.IsKnown() {
		return textUnknown
	}
	return bare(v)
}

func usersJSON(list []User) []any {
	out := make([]any, len(list))
	for i, u := range list {
		groups := u.Groups
		if groups == nil {
			groups = []string{}
		}
		o := map[string]any{
			"id": nil, "email": bare(u.Email), "first_name": bare(u.FirstName), "last_name": bare(u.LastName), "user_groups": groups,
		}
		if u.ID != cty.NilVal && u.ID.IsKnown() {
			o["id"] = bare(u.ID)
		}
		for key, text := range map[string]string{"cluster": u.Cluster, "address": u.Address} {
			if text != "" {
				o[key] = text
			}
		}
		out[i] = o
	}
	return out
}

// usersCSV writes RFC 4180, with the column id that Entra ID's download has.
func (v *View) usersCSV(list []User) error {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.UseCRLF = true // RFC 4180 section 2
	rows := [][]string{userColumns()}
	for _, u := range list {
		rows = append(rows, []string{id(u.ID), bare(u.Email), bare(u.FirstName), bare(u.LastName), strings.Join(u.Groups, " "), u.Cluster, u.Address})
	}
	for i, row := range rows {
		for j, cell := range row {
			if i > 0 {
				row[j] = cellText(cell)
			}
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return v.write(b.String())
}

// cellText is a text that no spreadsheet takes for a formula (OWASP, CSV
// Injection), and no terminal for an escape.
func cellText(s string) string {
	clean := line(s)
	if strings.ContainsAny(firstRune(clean), "=+-@＝＋－＠") {
		return "'" + clean
	}
	return clean
}

func firstRune(s string) string {
	for _, r := range strings.TrimLeft(s, " ") {
		return string(r)
	}
	return ""
}

// usersMarkdown writes a table of GitHub Flavored Markdown.
func (v *View) usersMarkdown(list []User) error {
	headers, rows := usersTable(list)
	var b strings.Builder
	write := func(cells []string, plain func(string) string) {
		for _, c := range cells {
			fmt.Fprintf(&b, "| %s ", plain(c))
		}
		b.WriteString("|\n")
	}
	if len(headers) == 0 {
		return nil
	}
	write(headers, func(s string) string { return s })
	write(headers, func(string) string { return "---" })
	for _, row := range rows {
		write(row, markdownText)
	}
	return v.write(b.String())
}

// markdownText is a text in which nothing is markup: every ASCII punctuation
// character may be escaped (CommonMark section 2.4). Dots, dashes and at signs are
// left as they are inside of a word, where they mean nothing; an address is made no
// link of.
func markdownText(s string) string {
	var b strings.Builder
	for _, r := range line(s) {
		switch {
		case strings.ContainsRune("\\`*_{}[]()<>#+!|~&$:=\"'", r):
			b.WriteByte('\\')
		case r == '@':
			b.WriteString("&#64;") // no autolink of an e-mail, nor a mention
			continue
		}
		b.WriteRune(r)
	}
	out := b.String()
	for _, prefix := range []string{"http", "www."} { // the extended autolinks of GitHub
		out = strings.ReplaceAll(out, prefix, prefix[:1]+"&#8203;"+prefix[1:])
	}
	return out
}
