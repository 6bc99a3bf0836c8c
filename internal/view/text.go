package view

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/clipperhouse/displaywidth"

	"github.com/idpctl/idpctl/diag"
)

const (
	// maxText bounds a text of several lines, in characters.
	maxText = 4000
	// maxLine bounds a text of one line: a name, a path, a message.
	maxLine = 1000
	// maxValue bounds a value in a plan or an output, in characters; what is
	// longer is shown in part. JSON has all of it.
	maxValue = 300
	// maxLines bounds a multi-line value in a plan.
	maxLines = 200
)

// line makes a text from outside one clean line.
func line(s string) string { return diag.Clean(s, maxLine) }

// verbatim cleans one line of text and keeps its spaces, as indentation has a
// meaning; tabs become four of them.
func verbatim(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\t", "    "))
}

// cleanLines cleans a text of several lines and keeps its line ends.
func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = verbatim(l)
	}
	return strings.Join(lines, "\n")
}

// printable reports whether s can be shown as it is.
func printable(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

// quote writes a string as HCL does. What cannot be printed, bidirectional and
// other invisible controls among it, is escaped, so that no two different
// values look the same for that reason.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	runes := []rune(strings.ToValidUTF8(s, "�"))
	for i, r := range runes {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case (r == '$' || r == '%') && i+1 < len(runes) && runes[i+1] == '{':
			b.WriteRune(r)
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// width is the number of columns that s takes.
func width(s string) int { return displaywidth.String(s) }

// pad fills s with spaces up to a number of columns.
func pad(s string, columns int) string {
	if n := columns - width(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// wrap breaks a line at spaces so that it fits the columns. A word that is
// longer stands alone and whole: URLs and ids are there to be copied.
func wrap(s string, columns int) []string {
	var lines []string
	current := ""
	for _, word := range strings.Fields(s) {
		switch {
		case current == "":
			current = word
		case width(current)+1+width(word) <= columns:
			current += " " + word
		default:
			lines = append(lines, current)
			current = word
		}
	}
	if current != "" || len(lines) == 0 {
		lines = append(lines, current)
	}
	return lines
}

// Paragraphs fills the lines of paragraphs, which are separated by empty lines.
func Paragraphs(text string, columns int) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.Join(wrap(p, columns), "\n")
	}
	return strings.Join(paragraphs, "\n\n")
}

// prose cleans a text of several lines and wraps it. Lines that begin with a
// space stay as they are; list items ("- ", "* ") hang.
func prose(s string, columns int) []string {
	var lines []string
	s = strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n ")
	if runes := []rune(s); len(runes) > maxText {
		s = string(runes[:maxText]) + "…"
	}
	for l := range strings.SplitSeq(s, "\n") {
		switch {
		case strings.HasPrefix(l, " "), strings.HasPrefix(l, "\t"):
			lines = append(lines, strings.TrimRight(verbatim(l), " "))
		case strings.HasPrefix(l, "- "), strings.HasPrefix(l, "* "):
			for i, w := range wrap(verbatim(l[2:]), columns-2) {
				if i == 0 {
					lines = append(lines, l[:2]+w)
				} else {
					lines = append(lines, "  "+w)
				}
			}
		default:
			lines = append(lines, wrap(verbatim(l), columns)...)
		}
	}
	return lines
}

// indent puts a prefix before every line that is not empty.
func indent(lines []string, prefix string) string {
	var b strings.Builder
	for _, l := range lines {
		if l != "" {
			b.WriteString(prefix)
			b.WriteString(l)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// plural is "1 error", "2 errors".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// inURL finds a password in a URL, such as that of a database.
var inURL = regexp.MustCompile(`(://[^\s:/@'"]*):[^\s/@'"]+@`)

// maskURLs takes passwords out of URLs. The files of a cluster may hold a data
// source name next to the lines that idpctl changes.
func maskURLs(s string) string {
	if !strings.Contains(s, "://") {
		return s
	}
	return inURL.ReplaceAllString(s, "$1:(sensitive value)@")
}
