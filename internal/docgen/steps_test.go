package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// step is a row of docs/steps.md.
type step struct{ name, does, proof string }

func steps(t *testing.T) []step {
	t.Helper()
	text, err := os.ReadFile("../../docs/steps.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []step
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 3 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "step of the page" {
			continue
		}
		out = append(out, step{strings.TrimSpace(cells[0]), cells[1], cells[2]})
	}
	return out
}

// TestStepsAreHeldByTests finds every test that docs/steps.md names.
func TestStepsAreHeldByTests(t *testing.T) {
	list := steps(t)
	if len(list) < 40 {
		t.Fatalf("only %d steps", len(list))
	}
	ref := regexp.MustCompile("`([a-z0-9/]+) (Test[A-Za-z0-9]+)(?:/([a-z0-9]+))?`")
	for _, s := range list {
		found := ref.FindAllStringSubmatch(s.proof, -1)
		if len(found) == 0 || s.does == "" {
			t.Errorf("%s: no test is named", s.name)
		}
		for _, f := range found {
			if !hasTest(t, f[1], f[2]) {
				t.Errorf("%s: there is no %s in %s", s.name, f[2], f[1])
			}
			if f[3] != "" {
				if _, err := os.Stat(filepath.Join("..", "..", f[1], "testdata", "script", f[3]+".txtar")); err != nil {
					t.Errorf("%s: %v", s.name, err)
				}
			}
		}
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+name+"(") {
			return true
		}
	}
	return false
}
