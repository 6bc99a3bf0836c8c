package diag_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/idpctl/idpctl/diag"
)

func TestClean(t *testing.T) {
	for _, tc := range []struct {
		name, in, want string
		limit          int
	}{
		{"plain", "Realm not found.", "Realm not found.", 50},
		{"terminal escape", "a\x1b[31mred\x1b[0m", "a [31mred [0m", 50},
		{"line breaks", "one\r\n\ttwo", "one two", 50},
		{"C1 control", "a\u009b31mb", "a 31mb", 50},
		{"bidirectional override", "a\u202eb", "a b", 50},
		{"invalid UTF-8", "a\xffb", "a�b", 50},
		{"cut by runes", "äöüß", "äö…", 2},
		{"exactly the limit", "äö", "äö", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := diag.Clean(tc.in, tc.limit); got != tc.want {
				t.Errorf("Clean(%q, %d) = %q, want %q", tc.in, tc.limit, got, tc.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b]0;title\x07b")
	f.Fuzz(func(t *testing.T, in string) {
		got := diag.Clean(in, 20)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 21 {
			t.Fatalf("Clean(%q) = %q", in, got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("Clean(%q) = %q, which holds %U", in, got, r)
			}
		}
	})
}
