package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// refs is what expressions refer to.
type refs struct {
	locals []string
	blocks []blockRef
	seen   map[any]bool
}

// blockRef is a reference to a block or to one instance of it.
type blockRef struct {
	addr resource.Address
	// key chooses an instance; nil if the whole block is meant, or the
	// instance is chosen by something that only evaluation knows.
	key hclsyntax.Expression
}

func (r *refs) merge(o refs) {
	if r.seen == nil {
		r.seen = map[any]bool{}
	}
	for _, l := range o.locals {
		if !r.seen[l] {
			r.seen[l], r.locals = true, append(r.locals, l)
		}
	}
	for _, b := range o.blocks {
		if b.key != nil || !r.seen[b] {
			r.seen[b], r.blocks = true, append(r.blocks, b)
		}
	}
}

// place is where an expression stands: what it may refer to.
type place struct {
	each, count bool
	// static says why nothing but variables and local values may be referred
	// to; empty where everything may.
	static string
	// noLocals: not even local values.
	noLocals bool
}

// traversalFinder collects the references to names outside of an expression,
// with the keys by which they choose instances.
type traversalFinder struct {
	scopes []map[string]struct{}
	keys   map[*hclsyntax.ScopeTraversalExpr]hclsyntax.Expression
	found  []foundRef
}

type foundRef struct {
	traversal hcl.Traversal
	key       hclsyntax.Expression
}

// Enter implements [hclsyntax.Walker].
func (f *traversalFinder) Enter(n hclsyntax.Node) hcl.Diagnostics {
	switch e := n.(type) {
	case *hclsyntax.IndexExpr:
		source := e.Collection
		if call, ok := source.(*hclsyntax.FunctionCallExpr); ok && call.Name == indexFunction {
			source = call.Args[0]
		}
		if t, ok := source.(*hclsyntax.ScopeTraversalExpr); ok {
			f.keys[t] = e.Key
		}
	case *hclsyntax.ScopeTraversalExpr:
		for _, names := range f.scopes {
			if _, local := names[e.Traversal.RootName()]; local {
				return nil
			}
		}
		key := f.keys[e]
		if key != nil && !evaluableKey(key) {
			key = nil
		}
		f.found = append(f.found, foundRef{e.Traversal, key})
	case hclsyntax.ChildScope:
		f.scopes = append(f.scopes, e.LocalNames)
	}
	return nil
}

// Exit implements [hclsyntax.Walker].
func (f *traversalFinder) Exit(n hclsyntax.Node) hcl.Diagnostics {
	if _, ok := n.(hclsyntax.ChildScope); ok {
		f.scopes = f.scopes[:len(f.scopes)-1]
	}
	return nil
}

// evaluableKey reports whether a key can be evaluated outside of the
// expression that it stands in: it names no variable of a for expression.
func evaluableKey(key hclsyntax.Expression) bool {
	for _, t := range key.Variables() {
		switch t.RootName() {
		case "each", "count", "var", "local":
		default:
			return false
		}
	}
	return true
}

func findRefs(e hcl.Expression) []foundRef {
	native := nativeExpr(e)
	if native == nil {
		var out []foundRef
		for _, t := range e.Variables() {
			out = append(out, foundRef{traversal: t})
		}
		return out
	}
	f := &traversalFinder{keys: map[*hclsyntax.ScopeTraversalExpr]hclsyntax.Expression{}}
	_ = hclsyntax.Walk(native, f)
	return f.found
}

// analyse finds out what an expression refers to, and reports what does not
// exist or may not be referred to.
func (m *Module) analyse(e *expr, p place) {
	if !m.checkFunctions(nativeExpr(e.Expression)) {
		e.broken = true
	}
	for _, found := range findRefs(e.Expression) {
		switch found.traversal.RootName() {
		case "each", "count":
			e.perInstance = true
		}
		r, ok := m.reference(found, p)
		if !ok {
			e.broken = true
			continue
		}
		e.refs.merge(r)
	}
}

// checkFunctions reports calls of functions that do not exist.
func (m *Module) checkFunctions(node hclsyntax.Node) bool {
	ok := true
	if node == nil {
		return true
	}
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		call, isCall := n.(*hclsyntax.FunctionCallExpr)
		if !isCall || internalFunction(call.Name) {
			return nil
		}
		if _, exists := m.funcs[call.Name]; !exists {
			m.report.errorf(fromRange(call.NameRange), "Call to unknown function", "%s", unknownFunction(call.Name, m.funcs))
			ok = false
		}
		return nil
	})
	return ok
}

// reference resolves one traversal to what it means.
func (m *Module) reference(found foundRef, p place) (refs, bool) {
	t := found.traversal
	rng := fromRange(t.SourceRange())
	fail := func(summary, format string, args ...any) (refs, bool) {
		m.report.errorf(rng, summary, format, args...)
		return refs{}, false
	}
	root := t.RootName()
	switch root {
	case "each", "count":
		switch {
		case root == "each" && !p.each:
			return fail(`Reference to "each" in context without for_each`, `The "each" object can be used only in blocks with for_each.`)
		case root == "count" && !p.count:
			return fail(`Reference to "count" in non-counted context`, `The "count" object can be used only in blocks with count.`)
		}
		known := map[string][]string{"each": {"key", "value"}, "count": {"index"}}[root]
		if name, ok := stepName(t, 1); !ok || !slices.Contains(known, name) {
			return fail(`Invalid "`+root+`" attribute`, "The %q object has %s.", root, list(quoted(known), "and"))
		}
		return refs{}, true
	case "path":
		if name, ok := stepName(t, 1); !ok || name != "module" && name != "root" {
			return fail(`Invalid "path" attribute`, `The "path" object has "module" and "root".`)
		}
		return refs{}, true
	case "var":
		name, ok := stepName(t, 1)
		if !ok {
			return fail("Invalid reference", `The "var" object cannot be used as a whole. Write var. and the name of a variable.`)
		}
		if m.variables[name] == nil {
			return fail("Reference to undeclared input variable", "There is no variable %q.%s Declare it with variable %q {}.",
				name, didYouMean(name, keysOf(m.variables)), name)
		}
		return refs{}, !m.variables[name].broken
	case "local":
		name, ok := stepName(t, 1)
		switch {
		case !ok:
			return fail("Invalid reference", `The "local" object cannot be used as a whole. Write local. and the name of a local value.`)
		case p.noLocals:
			return fail("Invalid reference", "%s", p.static)
		case m.locals[name] == nil:
			return fail("Reference to undeclared local value", "There is no local value %q.%s", name, didYouMean(name, keysOf(m.locals)))
		}
		return refs{locals: []string{name}}, true
	}
	addr, rest, problem := m.blockOf(t)
	if problem != "" {
		return fail("Invalid reference", "%s", problem)
	}
	b := m.blocks[addr]
	if b == nil {
		return fail("Reference to undeclared resource", "%s", m.undeclared(addr))
	}
	if p.static != "" {
		return fail("Invalid reference", "%s", p.static)
	}
	if at, problem := m.checkSteps(b, rest, found.key != nil); problem != "" {
		m.report.errorf(at, "Unsupported attribute", "%s", problem)
		return refs{}, false
	}
	r := blockRef{addr: addr, key: found.key}
	if r.key == nil && len(rest) > 0 && b.repeated() {
		if index, ok := rest[0].(hcl.TraverseIndex); ok {
			r.key = &hclsyntax.LiteralValueExpr{Val: index.Key}
		}
	}
	return refs{blocks: []blockRef{r}}, true
}

// blockOf is the block that a traversal begins with, and what follows; problem
// says why it is none.
func (m *Module) blockOf(t hcl.Traversal) (addr resource.Address, rest hcl.Traversal, problem string) {
	root := t.RootName()
	if root == "data" {
		kind, ok1 := stepName(t, 1)
		name, ok2 := stepName(t, 2)
		if !ok1 || !ok2 {
			return addr, nil, `A reference to a data block has the form data.user.marty: "data", its type and its name.`
		}
		return resource.Address{Mode: resource.Data, Kind: kind, Name: name}, t[3:], ""
	}
	kinds := append(m.kindNames(), "cluster")
	switch {
	case root == "module" || root == "self" || root == "terraform":
		return addr, nil, fmt.Sprintf("%q is not supported yet by this version of idpctl.", root)
	case root == "var" || root == "local" || root == "each" || root == "count":
		return addr, nil, fmt.Sprintf("A block is named here, as in user.marty, and %s. is none.", root)
	case !slices.Contains(kinds, root) && len(t) == 1:
		return addr, nil, "This is not something that can be referred to. Put it in quotes if a string is meant; otherwise write what it refers to, such as var.NAME or local.NAME."
	case !slices.Contains(kinds, root):
		return addr, nil, fmt.Sprintf("There is no type of block called %q to refer to.%s",
			root, didYouMean(root, append(kinds, "var", "local", "data", "each")))
	}
	name, ok := stepName(t, 1)
	if !ok {
		return addr, nil, fmt.Sprintf("%q must be followed by the name of a block, as in %s.main.", root, root)
	}
	return resource.Address{Kind: root, Name: name}, t[2:], ""
}

func (m *Module) undeclared(addr resource.Address) string {
	var same []string
	for _, b := range m.blockOrder {
		if b.addr.Mode == addr.Mode && b.addr.Kind == addr.Kind {
			same = append(same, b.addr.String())
		}
		if b.addr.Name == addr.Name && b.addr.Mode != addr.Mode && b.kindName == addr.Kind {
			return fmt.Sprintf("There is no block %s. Did you mean %s?", addr, b.addr)
		}
	}
	return fmt.Sprintf("There is no block %s.%s", addr, strings.ReplaceAll(didYouMean(addr.String(), same), `"`, ""))
}

// checkSteps checks what follows the name of a block, as far as it is known
// before evaluation. indexed: an index follows that is calculated.
func (m *Module) checkSteps(b *block, rest hcl.Traversal, indexed bool) (diag.Range, string) {
	if len(rest) == 0 {
		return diag.Range{}, ""
	}
	at := fromRange(rest[0].SourceRange())
	if b.repeated() {
		if _, ok := rest[0].(hcl.TraverseIndex); ok {
			return m.checkAttr(b, rest[1:])
		}
		if name, ok := stepName(rest, 0); ok {
			by, example := "for_each", "[each.key]"
			if b.count != nil {
				by, example = "count", "[count.index]"
			}
			return at, fmt.Sprintf("Because %s has %s set, its attributes belong to its instances. Write %s%s.%s for one of them, or %s[*].%s for all.",
				b.addr, by, b.addr, example, name, b.addr, name)
		}
		return diag.Range{}, ""
	}
	if index, ok := rest[0].(hcl.TraverseIndex); ok && index.Key.Type() == cty.Number {
		return at, fmt.Sprintf("%s has neither for_each nor count, so it has no instances to choose from. Leave the index out.", b.addr)
	}
	if indexed && len(rest) == 0 {
		return diag.Range{}, ""
	}
	return m.checkAttr(b, rest)
}

// checkAttr checks the name of an attribute against the types that b can have.
func (m *Module) checkAttr(b *block, rest hcl.Traversal) (diag.Range, string) {
	name, ok := stepName(rest, 0)
	if !ok || len(b.candidates) == 0 {
		return diag.Range{}, ""
	}
	attrNames := func(t cty.Type) []string { return keysOf(t.AttributeTypes()) }
	var known []string
	for _, c := range b.candidates {
		t := b.referenceType(c.kind)
		if t.HasAttribute(name) {
			if b.plural && name == b.addr.Kind && len(rest) > 2 {
				inner := objectType(c.kind)
				if step, ok := stepName(rest, 2); ok && !inner.HasAttribute(step) {
					return fromRange(rest[2].SourceRange()), fmt.Sprintf("A %s has no attribute named %q.%s", b.kindName, step, didYouMean(step, attrNames(inner)))
				}
			}
			return diag.Range{}, ""
		}
		known = append(known, attrNames(t)...)
	}
	return fromRange(rest[0].SourceRange()), fmt.Sprintf("%s has no attribute named %q.%s", article(b.headline()), name, didYouMean(name, known))
}

// stepName is the name at index i of a traversal, written as .name or ["name"].
func stepName(t hcl.Traversal, i int) (string, bool) {
	if i >= len(t) {
		return "", false
	}
	switch step := t[i].(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String && !step.Key.IsNull() {
			return step.Key.AsString(), true
		}
	}
	return "", false
}

func article(noun string) string {
	if strings.HasPrefix(noun, "data") {
		return "The " + noun + " block"
	}
	a := indefinite(noun)
	return "A" + a[1:]
}

// indefinite puts a or an before a noun.
func indefinite(noun string) string {
	if noun != "" && strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func keysOf[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
