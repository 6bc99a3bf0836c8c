package main

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/cover"
)

// module is the prefix of the names in a profile.
const module = "github.com/idpctl/idpctl/"

//go:embed decisions.txt
var decisionsText string

// decided are the packages in which nothing stays uncovered by accident.
func decided(dir string) bool {
	return slices.Contains([]string{"plan", "apply", "state", "config"}, dir)
}

// readDecisions are the numbers of blocks that are not reached, by "file
// function".
func readDecisions(text string) (map[string]int, error) {
	known := []string{"guard", "killed", "connection", "system", "later", "timing", "words"}
	out := map[string]int{}
	for n, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		blocks := 0
		if len(fields) == 4 {
			blocks, _ = strconv.Atoi(fields[3])
		}
		if blocks < 1 || !slices.Contains(known, fields[0]) {
			return nil, fmt.Errorf("decisions.txt:%d: a line is a reason, a file, a function and a number: %q", n+1, line)
		}
		out[fields[1]+" "+fields[2]] = blocks
	}
	return out, nil
}

// undecided are the functions of which more was not reached than was decided on,
// as "file function: lines".
func undecided(profiles []*cover.Profile, decisions map[string]int) ([]string, error) {
	var out []string
	for _, p := range profiles {
		name := strings.TrimPrefix(p.FileName, module)
		if !decided(path.Dir(name)) {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		lines := map[string][]string{}
		for _, b := range p.Blocks {
			if b.Count > 0 || passesOn(fset, file, b.StartLine) {
				continue
			}
			key := name + " " + function(fset, file, b.StartLine)
			lines[key] = append(lines[key], fmt.Sprint(b.StartLine))
		}
		for key, at := range lines {
			if len(at) <= decisions[key] {
				continue
			}
			out = append(out, key+": line "+strings.Join(at, ", "))
		}
	}
	slices.Sort(out)
	return out, nil
}

// function is the name of the function that a line is in.
func function(fset *token.FileSet, file *ast.File, line int) string {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && fset.Position(f.Pos()).Line <= line && line <= fset.Position(f.End()).Line {
			return f.Name.Name
		}
	}
	return "-"
}

// passesOn reports whether on a line begins a block that only returns because
// there was an error.
func passesOn(fset *token.FileSet, file *ast.File, line int) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		s, ok := n.(*ast.IfStmt)
		if !ok || fset.Position(s.Body.Lbrace).Line != line || len(s.Body.List) != 1 {
			return true
		}
		_, returns := s.Body.List[0].(*ast.ReturnStmt)
		cond, compares := s.Cond.(*ast.BinaryExpr)
		if returns && compares && cond.Op == token.NEQ {
			x, named := cond.X.(*ast.Ident)
			found = found || named && strings.Contains(strings.ToLower(x.Name), "err")
		}
		return true
	})
	return found
}
