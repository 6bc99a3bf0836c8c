package textedit

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/idpctl/idpctl/diag"
)

const bom = "\uFEFF"

// Text is the text of a file, by lines.
type Text struct {
	// Name is used in messages only.
	Name string
	Src  []byte
	// Lines is where each line begins, the first one behind a byte order mark.
	Lines []int
	// Newline is what new lines end with: the first line break of the file. A file
	// that has CR alone, as those of old Macs, keeps it; in one that has other
	// breaks too, new lines do not end with it.
	Newline string

	ends []int // of each line, before its break
}

// New splits a text into lines. breakLen is the length of the line break at offset i
// of b, 0 if there is none.
func New(name string, src []byte, breakLen func(b []byte, i int) int) *Text {
	t := &Text{Name: name, Src: src, Newline: "\n"}
	i := 0
	if bytes.HasPrefix(src, []byte(bom)) {
		i = len(bom)
	}
	t.Lines = []int{i}
	for i < len(src) {
		n := breakLen(src, i)
		if n == 0 {
			i++
			continue
		}
		t.ends = append(t.ends, i)
		i += n
		t.Lines = append(t.Lines, i)
	}
	switch {
	case len(t.ends) == 0:
	case bytes.HasPrefix(src[t.ends[0]:], []byte("\r\n")):
		t.Newline = "\r\n"
	case src[t.ends[0]] == '\r' && bytes.IndexByte(src, '\n') < 0:
		t.Newline = "\r"
	}
	t.ends = append(t.ends, len(src))
	return t
}

// LineOf is the index of the line that the byte at off stands in.
func (t *Text) LineOf(off int) int {
	return max(sort.Search(len(t.Lines), func(i int) bool { return t.Lines[i] > off })-1, 0)
}

// LineEnd is where the text of line i ends, before its line break.
func (t *Text) LineEnd(i int) int { return t.ends[i] }

// LineText is the text of line i, without its line break.
func (t *Text) LineText(i int) string { return string(t.Src[t.Lines[i]:t.ends[i]]) }

// Indent is the white space that line i begins with.
func (t *Text) Indent(i int) string {
	text := t.LineText(i)
	return text[:len(text)-len(strings.TrimLeft(text, " \t"))]
}

// IsBlank reports whether line i holds white space only.
func (t *Text) IsBlank(i int) bool { return len(t.Indent(i)) == t.ends[i]-t.Lines[i] }

// IsComment reports whether line i holds a comment only.
func (t *Text) IsComment(i int) bool { return strings.HasPrefix(t.LineText(i)[len(t.Indent(i)):], "#") }

// Column is the column (from 0) of an offset, in characters.
func (t *Text) Column(off int) int {
	return utf8.RuneCount(t.Src[min(t.Lines[t.LineOf(off)], off):off])
}

// RangeOf is the place of the bytes from start to end, for messages.
func (t *Text) RangeOf(start, end int) diag.Range {
	start = min(start, len(t.Src))
	return diag.Range{Filename: t.Name, Start: t.pos(start), End: t.pos(max(start, min(end, len(t.Src))))}
}

func (t *Text) pos(off int) diag.Pos {
	return diag.Pos{Line: t.LineOf(off) + 1, Column: t.Column(off) + 1, Byte: off}
}

// ErrorAt is an error at one byte.
func (t *Text) ErrorAt(off int, summary, detail string) diag.Diagnostic {
	return diag.Diagnostic{Summary: summary, Detail: detail, Subject: t.RangeOf(off, off+1)}
}

// Check refuses what is not text in UTF-8. The error is a [diag.Diagnostic].
func (t *Text) Check() error {
	switch {
	case bytes.HasPrefix(t.Src, []byte("\x00GITCRYPT")):
		return t.ErrorAt(0, "The file is encrypted by git-crypt", "Unlock the repository (git-crypt unlock) and run again.")
	case bytes.HasPrefix(t.Src, []byte("\xff\xfe")), bytes.HasPrefix(t.Src, []byte("\xfe\xff")):
		return t.ErrorAt(0, "The file is encoded as UTF-16", "Save it as UTF-8 and run again.")
	case utf8.Valid(t.Src):
		return nil
	}
	i := 0
	for {
		r, n := utf8.DecodeRune(t.Src[i:])
		if r == utf8.RuneError && n <= 1 {
			return t.ErrorAt(i, "The file is not text in UTF-8", "This byte is not part of a character. Save the file as UTF-8 and run again.")
		}
		i += n
	}
}

// Quote writes s between double quotes on one line, as YAML and TOML alike read it.
// What is not seen is written with escapes.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case Plain(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Plain reports whether a character can stand for itself.
func Plain(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
