package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxLines is how long a Go file may be; one that is longer is two.
const maxLines = 600

// insecureOnly is the one package that may decide not to check a certificate.
const insecureOnly = "providers/transport"

// source is one Go file.
type source struct {
	path string // below the module's folder, with slashes
	text string
	file *ast.File
	fset *token.FileSet
}

func (s source) dir() string { return path.Dir(s.path) }
func (s source) test() bool  { return strings.HasSuffix(s.path, "_test.go") }
func (s source) lines() int  { return strings.Count(s.text, "\n") }

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.fset.Position(n.Pos()).Line)
}

// imports reports whether the file imports a package, or one below it.
func (s source) imports(pkg string, but ...string) bool {
	return slices.ContainsFunc(s.file.Imports, func(i *ast.ImportSpec) bool {
		p := strings.Trim(i.Path.Value, `"`)
		return (p == pkg || strings.HasPrefix(p, pkg+"/")) && !slices.Contains(but, p)
	})
}

func parse(name, text string) (source, error) {
	s := source{path: name, text: text, fset: token.NewFileSet()}
	var err error
	s.file, err = parser.ParseFile(s.fset, name, text, parser.ParseComments)
	return s, err
}

// sources are all Go files of the module, generated ones and testdata aside.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	dir := root(t)
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != dir && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		s, err := parse(filepath.ToSlash(rel), string(text))
		if err != nil {
			return err
		}
		if !ast.IsGenerated(s.file) {
			all = append(all, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("found no Go files")
	}
	return all
}

// A rule looks at one file and returns a line for each place that breaks it.
type rule func(source) []string

func rules() map[string]rule {
	return map[string]rule{
		"short files":             shortFiles,
		"no init functions":       noInit,
		"certificates":            certificates,
		"no skipped tests":        noSkip,
		"no sleeping tests":       noSleep,
		"pure packages":           pure,
		"names say something":     names,
		"own test data":           ownData,
		"vendors in their places": vendors,
	}
}

func TestSourceKeepsTheRules(t *testing.T) {
	all := sources(t)
	for title, check := range rules() {
		t.Run(title, func(t *testing.T) {
			for _, s := range all {
				for _, line := range check(s) {
					t.Error(line)
				}
			}
		})
	}
	t.Run("package docs", func(t *testing.T) {
		for _, line := range undocumented(all) {
			t.Error(line)
		}
	})
	t.Run("no mutable globals", func(t *testing.T) {
		for _, line := range mutableGlobals(all) {
			t.Error(line)
		}
	})
}

func shortFiles(s source) []string {
	if n := s.lines(); n > maxLines {
		return []string{fmt.Sprintf("%s has %d lines, more than %d: split it", s.path, n, maxLines)}
	}
	return nil
}

func noInit(s source) []string {
	var wrong []string
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			wrong = append(wrong, s.at(f)+": init functions hide what happens; call it by name")
		}
	}
	return wrong
}

// certificates finds what may switch the check of TLS certificates off: no
// code does so by itself, and one package may be told to by its options.
func certificates(s source) []string {
	if s.test() {
		return nil
	}
	const field = "InsecureSkipVerify"
	var wrong []string
	found := func(n ast.Node, value ast.Expr, hands bool) {
		if id, ok := value.(*ast.Ident); ok && id.Name == "true" {
			wrong = append(wrong, s.at(n)+": the check of certificates is switched off")
		} else if s.dir() != insecureOnly && !hands {
			wrong = append(wrong, s.at(n)+": only "+insecureOnly+" decides on the check of certificates")
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			typ, ok := n.Type.(*ast.SelectorExpr)
			for _, e := range n.Elts {
				if kv, isKV := e.(*ast.KeyValueExpr); isKV {
					if id, isID := kv.Key.(*ast.Ident); isID && id.Name == field {
						// to hand an option on to the transport is fine
						found(kv, kv.Value, ok && typ.Sel.Name == "Options")
					}
				}
			}
		case *ast.AssignStmt:
			for i, l := range n.Lhs {
				if sel, ok := l.(*ast.SelectorExpr); ok && sel.Sel.Name == field {
					found(n, n.Rhs[min(i, len(n.Rhs)-1)], false)
				}
			}
		}
		return true
	})
	return wrong
}

// noSkip finds tests that are skipped, unless -short asks for it.
func noSkip(s source) []string {
	if !s.test() {
		return nil
	}
	var wrong []string
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		if cond, ok := n.(*ast.IfStmt); ok && callsShort(cond.Cond) {
			if cond.Else != nil {
				ast.Inspect(cond.Else, visit)
			}
			return false
		}
		if call, ok := n.(*ast.CallExpr); ok {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				wrong = append(wrong, s.at(call)+": a skipped test passes silently; fail, or ask testing.Short")
			}
		}
		return true
	}
	ast.Inspect(s.file, visit)
	return wrong
}

func callsShort(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Short" {
			found = true
		}
		return !found
	})
	return found
}

// noSleep finds tests that wait for real time; a virtual clock is fine.
func noSleep(s source) []string {
	if !s.test() || s.imports("testing/synctest") {
		return nil
	}
	return calls(s, "time", []string{"Sleep"}, "a test that sleeps is slow or flaky; use testing/synctest")
}

// pure packages are functions of their arguments.
func pure(s source) []string {
	if s.test() {
		return nil
	}
	var wrong []string
	forbid := func(pkgs ...string) {
		for _, p := range pkgs {
			if s.imports(p, "net/mail", "net/url") { // these two parse texts
				wrong = append(wrong, s.path+" must not import "+p)
			}
		}
	}
	switch top, _, _ := strings.Cut(s.dir(), "/"); top {
	case "plan", "resource", "diag":
		forbid("os", "net", "syscall", "math/rand", "crypto/rand")
		wrong = append(wrong, calls(s, "time", []string{
			"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker",
		}, "this package must not know what time it is")...)
	case "config", "state":
		forbid("net")
	case "cluster":
		if !strings.HasPrefix(s.dir(), "cluster/kubernetes") {
			forbid("net/http")
		}
	case "internal":
		if s.dir() == "internal/view" {
			forbid("net", "os")
		}
	}
	return wrong
}

// vendors keeps each large dependency where it belongs.
func vendors(s source) []string {
	places := map[string][]string{
		"github.com/Nerzal/gocloak":                {"providers/keycloak"},
		"github.com/microsoftgraph/msgraph-sdk-go": {"providers/entra"},
		"github.com/Azure/azure-sdk-for-go":        {"providers/entra"},
		"github.com/auth0/go-auth0":                {"providers/auth0"},
		"github.com/hashicorp/hcl/v2":              {"config", "internal/cli", "internal/view", "internal/docgen"},
		"github.com/spf13/cobra":                   {"internal/cli", "internal/docgen"},
		"github.com/olekukonko/tablewriter":        {"internal/view", "internal/cli", "internal/bench", "internal/coverage"},
		"github.com/hashicorp/go-retryablehttp":    {"providers/transport"},
	}
	var wrong []string
	for lib, dirs := range places {
		in := slices.ContainsFunc(dirs, func(d string) bool { return s.dir() == d || strings.HasPrefix(s.dir(), d+"/") })
		if s.imports(lib) && !in && !s.test() {
			wrong = append(wrong, fmt.Sprintf("%s must not import %s, which is for %s", s.path, lib, strings.Join(dirs, ", ")))
		}
	}
	slices.Sort(wrong)
	return wrong
}

// names finds packages that are called after nothing.
func names(s source) []string {
	name := strings.TrimSuffix(s.file.Name.Name, "_test")
	if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base", "types"}, name) {
		return []string{s.path + ": a package is called after what it is about, not " + name}
	}
	return nil
}

// ownData finds tests that read what is beside the repository, and would pass or
// fail by where they run: such a test has the build tag influxdata.
func ownData(s source) []string {
	if !s.test() || strings.Contains(s.text, "//go:build influxdata\n") || strings.Contains(s.text, " && influxdata\n") {
		return nil
	}
	var wrong []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); !ok || !slices.Contains([]string{"os", "filepath"}, fmt.Sprint(sel.X)) {
			return true
		}
		for _, arg := range call.Args {
			lit, ok := arg.(*ast.BasicLit)
			if ok && lit.Kind == token.STRING && (lit.Value == `"shared"` || strings.Contains(lit.Value, "../shared/")) {
				wrong = append(wrong, s.at(lit)+": a test on files beside the repository needs //go:build influxdata")
			}
		}
		return true
	})
	return wrong
}

// calls finds the uses of some functions of a package.
func calls(s source, pkg string, funcs []string, why string) []string {
	var wrong []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == pkg && id.Obj == nil && slices.Contains(funcs, sel.Sel.Name) {
				wrong = append(wrong, fmt.Sprintf("%s: %s.%s: %s", s.at(sel), pkg, sel.Sel.Name, why))
			}
		}
		return true
	})
	return wrong
}

// undocumented finds packages that do not say what they are.
func undocumented(all []source) []string {
	said := map[string]bool{}
	for _, s := range all {
		doc := s.file.Doc.Text()
		name := s.file.Name.Name
		ok := strings.HasPrefix(doc, "Package "+name+" ") || name == "main" && strings.HasPrefix(doc, "Command ")
		said[s.dir()] = said[s.dir()] || ok
	}
	var wrong []string
	for dir, ok := range said {
		if !ok {
			wrong = append(wrong, dir+" has no package comment, as in // Package "+path.Base(dir)+" is …")
		}
	}
	slices.Sort(wrong)
	return wrong
}
