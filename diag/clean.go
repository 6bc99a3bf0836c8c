package diag

import (
	"strings"
	"unicode"
)

// Clean makes a text from a server fit to be shown: control characters,
// terminal escapes and invisible characters become spaces, runs of space become
// one, and what is longer than limit runes is cut and ends in "…".
func Clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return s
}
