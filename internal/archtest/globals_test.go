package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"slices"
)

// mutableGlobals finds variables of packages that change or are made to be
// changed: those that are assigned to anywhere, whose address is taken, and
// those of a type whose only use is to change (a mutex, an atomic, a channel,
// an empty map). What is set once and read afterwards is a constant in spirit.
func mutableGlobals(all []source) []string {
	packages := map[string][]source{}
	for _, s := range all {
		if !s.test() {
			packages[s.dir()] = append(packages[s.dir()], s)
		}
	}
	var wrong []string
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		globals := map[string]bool{}
		for _, s := range packages[dir] {
			for _, spec := range globalSpecs(s) {
				for i, name := range spec.Names {
					globals[name.Name] = name.Name != "_"
					if what := madeToChange(spec, i); what != "" {
						wrong = append(wrong, fmt.Sprintf("%s: the variable %s is %s, global state; put it into a value", s.at(name), name.Name, what))
					}
				}
			}
		}
		for _, s := range packages[dir] {
			wrong = append(wrong, assignments(s, globals)...)
		}
	}
	return wrong
}

func globalSpecs(s source) []*ast.ValueSpec {
	var specs []*ast.ValueSpec
	for _, d := range s.file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, spec := range g.Specs {
				specs = append(specs, spec.(*ast.ValueSpec))
			}
		}
	}
	return specs
}

// madeToChange says what a variable is that has no use but to change.
func madeToChange(spec *ast.ValueSpec, i int) string {
	typ := spec.Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if sel, ok := typ.(*ast.SelectorExpr); ok {
		if id, ok := sel.X.(*ast.Ident); ok && (id.Name == "sync" || id.Name == "atomic") {
			return "a " + id.Name + "." + sel.Sel.Name
		}
	}
	if _, ok := typ.(*ast.ChanType); ok {
		return "a channel"
	}
	if i >= len(spec.Values) {
		return ""
	}
	if call, ok := spec.Values[i].(*ast.CallExpr); ok {
		if id, ok := call.Fun.(*ast.Ident); ok && (id.Name == "make" || id.Name == "new") {
			return "made empty, to be filled"
		}
	}
	if lit, ok := spec.Values[i].(*ast.CompositeLit); ok && len(lit.Elts) == 0 {
		if _, ok := lit.Type.(*ast.MapType); ok {
			return "made empty, to be filled"
		}
	}
	return ""
}

// assignments finds changes of a package's variables in one file.
func assignments(s source, globals map[string]bool) []string {
	own := map[any]bool{} // the declarations of this file
	for _, spec := range globalSpecs(s) {
		own[spec] = true
	}
	var wrong []string
	check := func(e ast.Expr) {
		for {
			switch x := e.(type) {
			case *ast.IndexExpr:
				e = x.X
				continue
			case *ast.SelectorExpr:
				e = x.X
				continue
			case *ast.ParenExpr:
				e = x.X
				continue
			case *ast.StarExpr:
				e = x.X
				continue
			case *ast.Ident:
				// the parser resolves what is declared in the same file
				if globals[x.Name] && (x.Obj == nil || own[x.Obj.Decl]) {
					wrong = append(wrong, fmt.Sprintf("%s: the package's variable %s is changed; put it into a value", s.at(x), x.Name))
				}
			}
			return
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, l := range n.Lhs {
					check(l)
				}
			}
		case *ast.IncDecStmt:
			check(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				check(n.X)
			}
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "delete" || id.Name == "clear") && len(n.Args) > 0 {
				check(n.Args[0])
			}
		}
		return true
	})
	return wrong
}
