package pages_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/pages"
)

// pair is a colour on another one, by their variables.
type pair struct{ on, over string }

// texts are what is read: 4.5 to 1 at least (WCAG 2.2, 1.4.3).
func texts() []pair {
	var list []pair
	for _, over := range []string{"page", "card"} {
		for _, on := range []string{"text", "muted", "accent", "accent-strong", "error", "done", "hint"} {
			list = append(list, pair{on, over})
		}
	}
	return append(list, pair{"text", "field"}, pair{"muted", "field"}, pair{"on-accent", "accent"}, pair{"on-accent", "accent-strong"}, pair{"accent-strong", "hover"},
		pair{"text", "hover"}, pair{"error", "error-card"}, pair{"hint", "hint-card"}, pair{"done", "done-card"}, pair{"text", "code"}, pair{"muted", "code"})
}

// marks are what is only seen: 3 to 1 at least (1.4.11).
func marks() []pair {
	var list []pair
	for _, over := range []string{"page", "card", "field"} {
		for _, on := range []string{"edge", "accent", "error"} {
			list = append(list, pair{on, over})
		}
	}
	return list
}

// schemes are the variables of the style sheet, light and dark.
func schemes(t *testing.T) map[string]map[string]string {
	t.Helper()
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(pages.StyleSheet(), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of variables", len(blocks))
	}
	out := map[string]map[string]string{}
	for i, name := range []string{"light", "dark"} {
		out[name] = map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(blocks[i][1], -1) {
			out[name][m[1]] = m[2]
		}
	}
	if len(out["light"]) != len(out["dark"]) || len(out["light"]) < 10 {
		t.Fatalf("%d light colours and %d dark ones", len(out["light"]), len(out["dark"]))
	}
	return out
}

// luminance is the relative luminance of #rrggbb (WCAG 2.2).
func luminance(colour string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8) // the pattern matched
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(a, b string) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// The formula gives what WCAG says of black on white, and of a known grey.
func TestContrastFormula(t *testing.T) {
	for _, tt := range []struct{ a, b, want string }{{"#000000", "#ffffff", "21.00"}, {"#777777", "#ffffff", "4.48"}, {"#123456", "#123456", "1.00"}} {
		if got := fmt.Sprintf("%.2f", contrast(tt.a, tt.b)); got != tt.want {
			t.Errorf("%s on %s: %s, want %s", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestContrast(t *testing.T) {
	for scheme, colour := range schemes(t) {
		check := func(list []pair, least float64) {
			for _, p := range list {
				if colour[p.on] == "" || colour[p.over] == "" {
					t.Errorf("%s: no colour %s or %s", scheme, p.on, p.over)
				} else if c := contrast(colour[p.on], colour[p.over]); c < least {
					t.Errorf("%s: --%s on --%s is %.2f to 1, want %.1f", scheme, p.on, p.over, c, least)
				}
			}
		}
		check(texts(), 4.5)
		check(marks(), 3)
	}
}

// Every colour of the style sheet is one of the variables that the pairs are
// about; so nothing is written that the test above does not know.
func TestColoursAreVariables(t *testing.T) {
	_, rules, _ := strings.Cut(pages.StyleSheet(), "* { box-sizing")
	if m := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|opacity: 0?\.`).FindString(rules); m != "" {
		t.Errorf("%s stands in a rule", m)
	}
	known := func(name string, of func(pair) string) bool {
		return slices.ContainsFunc(append(texts(), marks()...), func(p pair) bool { return of(p) == name })
	}
	for _, m := range regexp.MustCompile(`[ {;](color|background|background-color): ([^;}]+)`).FindAllStringSubmatch(rules, -1) {
		name, isVariable := strings.CutPrefix(strings.TrimSuffix(m[2], ")"), "var(--")
		side := func(p pair) string { return p.over }
		if m[1] == "color" {
			side = func(p pair) string { return p.on }
		}
		switch {
		case m[2] == "transparent", m[2] == "inherit":
		case !isVariable, !known(name, side):
			t.Errorf("%s: %s is not among the pairs", m[1], m[2])
		}
	}
}
