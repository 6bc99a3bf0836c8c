package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/cover"
)

// Every decision is about a function that there is.
func TestDecisionsAreAboutSomething(t *testing.T) {
	decisions, err := readDecisions(decisionsText)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../..")
	for key := range decisions {
		name, fn, _ := strings.Cut(key, " ")
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		found := false
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			found = found || ok && f.Name.Name == fn
		}
		if !found {
			t.Errorf("%s has no function %s", name, fn)
		}
	}
}

func TestUndecided(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("plan", 0o700); err != nil {
		t.Fatal(err)
	}
	src := "package plan\n\nfunc f(err error) error {\n\tif err != nil {\n\t\treturn err\n\t}\n\tif x {\n\t\ty()\n\t}\n\treturn nil\n}\n"
	if err := os.WriteFile(filepath.Join("plan", "a.go"), []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	profiles := []*cover.Profile{{FileName: module + "plan/a.go", Blocks: []cover.ProfileBlock{
		{StartLine: 4, EndLine: 6}, {StartLine: 7, EndLine: 9}, {StartLine: 10, EndLine: 10, Count: 1},
	}}}
	if left, err := undecided(profiles, nil); err != nil || len(left) != 1 || left[0] != "plan/a.go f: line 7" {
		t.Errorf("%q, %v", left, err)
	}
	if left, err := undecided(profiles, map[string]int{"plan/a.go f": 1}); err != nil || len(left) != 0 {
		t.Errorf("%q, %v", left, err)
	}
	for _, line := range []string{"because plan/a.go f 1", "guard plan/a.go f", "guard plan/a.go f 0"} {
		if _, err := readDecisions(line); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}
