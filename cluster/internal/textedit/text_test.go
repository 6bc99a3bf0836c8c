package textedit

import (
	"strings"
	"testing"
)

func breakLen(b []byte, i int) int {
	switch {
	case b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
		return 2
	case b[i] == '\r', b[i] == '\n':
		return 1
	}
	return 0
}

// TestLines finds where lines begin and end, behind a byte order mark, and what new
// ones end with.
func TestLines(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "|\n",
		"\uFEFF":             "|\n",
		"a":                  "a|\n",
		"a\n\nb\n":           "a;;b;|\n",
		"\uFEFFa\r\nb\n":     "a;b;|\r\n",
		"a\nb\r\n":           "a;b;|\n",
		"a\rb\r":             "a;b;|\r",
		"# c\rb\nc\n":        "# c;b;c;|\n",
		"# c\rb\r\nc\r\n":    "# c;b;c;|\n",
		"\r\r\n":             ";;|\n",
		"\uFEFF\t# c\r \t\r": "\t# c; \t;|\r",
	} {
		text := New("f", []byte(in), breakLen)
		var lines []string
		for i := range text.Lines {
			lines = append(lines, text.LineText(i))
			if text.LineOf(text.Lines[i]) != i || text.LineOf(text.LineEnd(i)) != i {
				t.Errorf("%q: line %d is not where it is", in, i)
			}
			if blank := strings.TrimSpace(lines[i]) == ""; text.IsBlank(i) != blank || text.IsComment(i) == (blank || !strings.Contains(lines[i], "#")) {
				t.Errorf("%q: line %d is blank: %v, a comment: %v", in, i, text.IsBlank(i), text.IsComment(i))
			}
		}
		if got := strings.Join(lines, ";") + "|" + text.Newline; got != want {
			t.Errorf("%q has the lines %q and not %q", in, got, want)
		}
	}
	if r := New("f", []byte("\uFEFFa\né x"), breakLen).RangeOf(8, 9); r.Start.Line != 2 || r.Start.Column != 3 || r.Start.Byte != 8 || r.End.Column != 4 {
		t.Errorf("the place is %v", r)
	}
}

// TestSplice changes spans and lines.
func TestSplice(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		edit     func(*Edits)
		want     string
	}{
		{"nothing", "a\n", func(*Edits) {}, "a\n"},
		{"spans", "abc\n", func(e *Edits) { e.Replace(1, 2, "x"); e.Replace(0, 0, "y") }, "yaxc\n"},
		{"insert before a span at once", "abc", func(e *Edits) { e.Replace(1, 2, "x"); e.Replace(1, 1, "y") }, "ayxc"},
		{"insert", "a\r\nb\r\n", func(e *Edits) { e.InsertAfter(0, "x", "y") }, "a\r\nx\r\ny\r\nb\r\n"},
		{"insert behind the end", "a\nb", func(e *Edits) { e.InsertAfter(1, "x"); e.ExtendAfter(1, "y") }, "a\nb\nxy"},
		{"delete", "a\nb\nc\n", func(e *Edits) { e.DeleteLines(1, 1) }, "a\nc\n"},
		{"delete the first with the blank line behind it", "\uFEFFa\n\nc\n", func(e *Edits) { e.DeleteLines(0, 0) }, "\uFEFFc\n"},
		{"delete the last", "a\nb\nc", func(e *Edits) { e.DeleteLines(1, 2) }, "a"},
		{"delete all", "\uFEFFa\nb", func(e *Edits) { e.DeleteLines(0, 1) }, "\uFEFF"},
		{"exchange", "a\nb\nc", func(e *Edits) { e.DeleteLines(1, 2); e.InsertAfter(2, "x") }, "a\nx"},
		{"exchange all", "a\nb", func(e *Edits) { e.DeleteLines(0, 1); e.InsertAfter(0, "x") }, "x"},
		{"tail", "a\n", func(e *Edits) { e.AddTail("x"); e.AddTail("y"); e.InsertAfter(0, "b") }, "a\nb\n\nx\ny\n"},
		{"tail without a break", "a", func(e *Edits) { e.AddTail("x"); e.InsertAfter(0, "b") }, "a\nb\n\nx"},
		{"tail of nothing", "\uFEFF", func(e *Edits) { e.AddTail("x") }, "\uFEFFx\n"},
		{"tail behind a blank line", "a\n\n", func(e *Edits) { e.AddTail("x") }, "a\n\nx\n"},
	} {
		e := New("f", []byte(tc.in), breakLen).Edit()
		if tc.edit(e); e.Changed() != (tc.in != tc.want) {
			t.Errorf("%s: changed: %v", tc.name, e.Changed())
		}
		if got, clash := e.Splice(); clash >= 0 || string(got) != tc.want {
			t.Errorf("%s: got %q, clash at %d, want %q", tc.name, got, clash, tc.want)
		}
	}
	e := New("f", []byte("abc"), breakLen).Edit()
	e.Replace(0, 2, "")
	e.Replace(1, 3, "")
	if got, clash := e.Splice(); got != nil || clash != 1 {
		t.Errorf("two that overlap: %q, clash at %d", got, clash)
	}
	if !e.Pending(1) || e.Pending(2) {
		t.Error("Pending is wrong")
	}
}
