package archtest

import (
	"strings"
	"testing"
)

// TestTheRulesFindWhatTheyForbid shows each rule something that breaks it, and
// something alike that does not.
func TestTheRulesFindWhatTheyForbid(t *testing.T) {
	const skipShort = "package a\nimport \"testing\"\nfunc TestA(t *testing.T) {\nif testing.Short() { t.Skip() }\n}"
	tests := []struct {
		rule, path, text string
		bad              bool
	}{
		{"short files", "a/a.go", "package a" + strings.Repeat("\n", maxLines+1), true},
		{"short files", "a/a.go", "package a" + strings.Repeat("\n", maxLines), false},
		{"no init functions", "a/a.go", "package a\nfunc init() {}", true},
		{"no init functions", "a/a.go", "package a\ntype t int\nfunc (t) init() {}", false},
		{"certificates", "providers/transport/a.go", "package a\nvar c = tls.Config{InsecureSkipVerify: true}", true},
		{"certificates", "providers/transport/a.go", "package a\nvar c = tls.Config{InsecureSkipVerify: opts.Insecure}", false},
		{"certificates", "oidc/a.go", "package a\nvar c = tls.Config{InsecureSkipVerify: opts.Insecure}", true},
		{"certificates", "oidc/a.go", "package a\nfunc f() { c.InsecureSkipVerify = true }", true},
		{"certificates", "providers/x/a.go", "package a\nvar c = transport.Options{InsecureSkipVerify: opts.Insecure}", false},
		{"certificates", "providers/x/a.go", "package a\nvar c = transport.Options{InsecureSkipVerify: true}", true},
		{"certificates", "oidc/a_test.go", "package a\nvar c = tls.Config{InsecureSkipVerify: true}", false},
		{"no skipped tests", "a/a_test.go", "package a\nfunc TestA(t *testing.T) { t.Skip() }", true},
		{"no skipped tests", "a/a_test.go", "package a\nfunc TestA(t *testing.T) { if x { t.Skipf(\"\") } }", true},
		{"no skipped tests", "a/a_test.go", skipShort, false},
		{"no skipped tests", "a/a.go", "package a\nfunc f() { r.Skip() }", false},
		{"no sleeping tests", "a/a_test.go", "package a\nimport \"time\"\nfunc f() { time.Sleep(1) }", true},
		{"no sleeping tests", "a/a_test.go", "package a\nimport (\"time\"; \"testing/synctest\")\nfunc f() { time.Sleep(1) }", false},
		{"no sleeping tests", "a/a.go", "package a\nimport \"time\"\nfunc f() { time.Sleep(1) }", false},
		{"pure packages", "plan/a.go", "package a\nimport \"os\"", true},
		{"pure packages", "plan/a.go", "package a\nimport \"net/http\"", true},
		{"pure packages", "plan/a.go", "package a\nimport \"time\"\nvar t = time.Now()", true},
		{"pure packages", "plan/a.go", "package a\nimport \"time\"\nvar t = time.RFC3339", false},
		{"pure packages", "plan/a_test.go", "package a\nimport \"os\"", false},
		{"pure packages", "state/a.go", "package a\nimport \"os\"", false},
		{"pure packages", "state/a.go", "package a\nimport \"net/http\"", true},
		{"vendors in their places", "plan/a.go", "package a\nimport \"github.com/hashicorp/hcl/v2\"", true},
		{"vendors in their places", "config/a.go", "package a\nimport \"github.com/hashicorp/hcl/v2\"", false},
		{"vendors in their places", "internal/cli/a.go", "package a\nimport \"github.com/Nerzal/gocloak/v13\"", true},
		{"vendors in their places", "providers/keycloak/a.go", "package a\nimport \"github.com/Nerzal/gocloak/v13\"", false},
		{"names say something", "util/a.go", "package util", true},
		{"names say something", "plan/a.go", "package plan", false},
		{"own test data", "a/a_test.go", "package a\nvar p = filepath.Join(\"..\", \"shared\", \"a\")", true},
		{"own test data", "a/a_test.go", "package a\nfunc f() { os.ReadFile(\"../../shared/a\") }", true},
		{"own test data", "a/a_test.go", "//go:build influxdata\n\npackage a\nvar p = filepath.Join(\"..\", \"shared\", \"a\")", false},
		{"own test data", "a/a_test.go", "package a\nvar p = filepath.Join(\"testdata\", \"a\")", false},
		{"package docs", "a/a.go", "package a", true},
		{"package docs", "a/a.go", "// Package b is.\npackage a", true},
		{"package docs", "a/a.go", "// Package a is.\npackage a", false},
		{"package docs", "a/a.go", "// Command a does.\npackage main", false},
		{"no mutable globals", "a/a.go", "package a\nvar n int\nfunc f() { n = 1 }", true},
		{"no mutable globals", "a/a.go", "package a\nvar n int\nfunc f() { n++ }", true},
		{"no mutable globals", "a/a.go", "package a\nvar n int\nfunc f() { g(&n) }", true},
		{"no mutable globals", "a/a.go", "package a\nvar m = map[int]int{1: 1}\nfunc f() { m[1] = 2 }", true},
		{"no mutable globals", "a/a.go", "package a\nvar m = map[int]int{1: 1}\nfunc f() { delete(m, 1) }", true},
		{"no mutable globals", "a/a.go", "package a\nvar m = make(map[int]int)", true},
		{"no mutable globals", "a/a.go", "package a\nvar m = map[int]int{}", true},
		{"no mutable globals", "a/a.go", "package a\nvar m sync.Mutex", true},
		{"no mutable globals", "a/a.go", "package a\nvar m = map[int]int{1: 1}\nvar n = m[1]", false},
		{"no mutable globals", "a/a.go", "package a\nvar n int\nfunc f() { n := 1; n = 2; _ = n }", false},
		{"no mutable globals", "a/a.go", "package a\nvar n int\nfunc f() { v.n = 2 }", false},
		{"no mutable globals", "a/a.go", "package a\nvar _ I = &t{}", false},
	}
	tried := map[string]bool{}
	for _, tt := range tests {
		tried[tt.rule] = true
		s, err := parse(tt.path, tt.text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		switch check, ok := rules()[tt.rule]; {
		case ok:
			got = check(s)
		case tt.rule == "package docs":
			got = undocumented([]source{s})
		case tt.rule == "no mutable globals":
			got = mutableGlobals([]source{s})
		default:
			t.Fatalf("there is no rule %q", tt.rule)
		}
		if (len(got) > 0) != tt.bad {
			t.Errorf("%s: %s: %q gives %q", tt.rule, tt.path, tt.text[:min(len(tt.text), 100)], got)
		}
	}
	for title := range rules() {
		if !tried[title] {
			t.Errorf("the rule %q is not tried here", title)
		}
	}
}

// TestVariablesOfOtherFilesCount: a variable may be changed in another file
// than the one that declares it.
func TestVariablesOfOtherFilesCount(t *testing.T) {
	a, errA := parse("a/a.go", "package a\nvar n int")
	b, errB := parse("a/b.go", "package a\nfunc f() { n = 1 }")
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if got := mutableGlobals([]source{a, b}); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}
