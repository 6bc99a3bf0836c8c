package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// maxLocalDepth bounds how many local values may refer to each other in a
// chain: they are evaluated recursively.
const maxLocalDepth = 1000

// Block is a block as the walk over the graph sees it.
type Block struct {
	// Address is that of the block, without a key.
	Address resource.Address
	Type    BlockType
	// DependsOn lists the blocks that must be evaluated before this one,
	// directly referred to or through local values.
	DependsOn []resource.Address
	// Range is the block's header.
	Range diag.Range
}

// analyseAll resolves every reference, orders the blocks and reports cycles.
func (m *Module) analyseAll() {
	const staticDefault = "Only input variables and local values that depend on nothing else can be used here: a provider is configured before anything is read."
	for _, name := range keysOf(m.locals) {
		m.analyse(m.locals[name].expr, place{})
	}
	for _, name := range m.providerOrder {
		for _, e := range m.providers[name].exprs {
			m.analyse(e, place{static: staticDefault})
		}
	}
	for _, name := range keysOf(m.variables) {
		for _, c := range m.variables[name].checks {
			for _, e := range []*expr{c.condition, c.message} {
				m.analyse(e, place{static: "A validation can use input variables only.", noLocals: true})
			}
		}
	}
	for _, b := range m.blockOrder {
		m.analyseBlock(b)
	}
	for _, name := range keysOf(m.outputs) {
		if o := m.outputs[name]; o.value != nil {
			m.analyse(o.value, place{})
			m.explicitDeps(o.dependsOn)
		}
	}
	m.order()
	m.checkStaticLocals()
}

func (m *Module) analyseBlock(b *block) {
	inside := place{each: b.forEach != nil, count: b.count != nil}
	for _, e := range b.exprs {
		p := inside
		if e == b.forEach || e == b.count {
			p = place{}
		}
		m.analyse(e, p)
		b.refs.merge(e.refs)
	}
	if b.content.dynamic {
		if body, native := b.content.body.(*hclsyntax.Body); native && !m.checkFunctions(body) {
			b.broken = true
		}
		blocks := &hcl.BodySchema{Blocks: slices.DeleteFunc(slices.Clone(b.content.schema.Blocks), func(s hcl.BlockHeaderSchema) bool {
			return s.Type == "lifecycle" // its names are no references
		})}
		for _, t := range dynamicTraversals(dynblock.WalkVariables(b.content.body), blocks) {
			r, ok := m.reference(foundRef{traversal: t}, inside)
			b.broken = b.broken || !ok
			b.refs.merge(r)
		}
	}
	b.after = m.explicitDeps(b.dependsOn)
	for _, addr := range b.after {
		b.refs.merge(refs{blocks: []blockRef{{addr: addr}}})
	}
}

// dynamicTraversals are the references inside of dynamic blocks and of the
// blocks that they make.
func dynamicTraversals(node dynblock.WalkVariablesNode, schema *hcl.BodySchema) []hcl.Traversal {
	vars, children := node.Visit(schema)
	for _, child := range children {
		inner := &hcl.BodySchema{}
		attrs, _ := child.Body().JustAttributes()
		for name := range attrs {
			inner.Attributes = append(inner.Attributes, hcl.AttributeSchema{Name: name})
		}
		if native, ok := child.Body().(*hclsyntax.Body); ok {
			for _, block := range native.Blocks {
				typ := block.Type
				if typ == "dynamic" && len(block.Labels) == 1 {
					typ = block.Labels[0]
				}
				inner.Blocks = append(inner.Blocks, hcl.BlockHeaderSchema{Type: typ})
			}
		}
		vars = append(vars, dynamicTraversals(child.Node, inner)...)
	}
	return vars
}

// explicitDeps resolves depends_on.
func (m *Module) explicitDeps(deps []explicitDep) []resource.Address {
	var out []resource.Address
	for _, d := range deps {
		addr, rest, problem := m.blockOf(d.traversal)
		switch {
		case problem != "":
			m.report.errorf(d.rng, "Invalid depends_on reference", "%s", problem)
		case m.blocks[addr] == nil:
			m.report.errorf(d.rng, "Reference to undeclared resource", "%s", m.undeclared(addr))
		case len(rest) > 0:
			m.report.errorf(d.rng, "Invalid depends_on reference", "References in depends_on must be to a whole block: write %s.", addr)
		default:
			out = append(out, addr)
		}
	}
	return out
}

// node is a block or a local value in the graph.
type node struct {
	block *block
	local *local
	deps  []*node
	// open is how many dependencies are not ordered yet.
	open  int
	users []*node
	done  bool
	depth int
}

func (n *node) name() string {
	if n.local != nil {
		return "local." + n.local.name
	}
	return n.block.addr.String()
}

func (n *node) rng() diag.Range {
	if n.local != nil {
		return n.local.rng
	}
	return n.block.rng
}

// order sorts blocks and local values so that each comes after what it refers
// to, fills the layers, and reports cycles. It is not recursive.
func (m *Module) order() {
	nodes, all := m.nodes()
	var ready []*node
	for _, n := range all {
		if n.open == 0 {
			ready = append(ready, n)
		}
	}
	left := len(all)
	for left > 0 {
		if len(ready) == 0 {
			ready = m.breakCycle(all)
		}
		n := ready[0]
		ready = ready[1:]
		if n.done {
			continue
		}
		n.done = true
		left--
		m.place(n, nodes)
		for _, u := range n.users {
			if u.open--; u.open == 0 && !u.done {
				ready = append(ready, u)
			}
		}
	}
	slices.SortStableFunc(m.layered, func(a, b *block) int { return a.addr.Compare(b.addr) })
	for _, b := range m.layered {
		n := nodes[b.addr.String()]
		for len(m.layers) <= n.depth {
			m.layers = append(m.layers, nil)
		}
		m.layers[n.depth] = append(m.layers[n.depth], Block{Address: b.addr, Type: b.typ, DependsOn: b.deps, Range: b.rng})
	}
	m.layers = slices.DeleteFunc(m.layers, func(l []Block) bool { return len(l) == 0 })
}

// nodes builds the graph.
func (m *Module) nodes() (byName map[string]*node, all []*node) {
	byName = map[string]*node{}
	for _, name := range keysOf(m.locals) {
		n := &node{local: m.locals[name]}
		byName[n.name()], all = n, append(all, n)
	}
	for _, b := range m.blockOrder {
		n := &node{block: b}
		byName[n.name()], all = n, append(all, n)
	}
	for _, n := range all {
		var r refs
		if n.local != nil {
			r = n.local.expr.refs
		} else {
			r = n.block.refs
		}
		seen := map[*node]bool{}
		link := func(name string) {
			if d := byName[name]; d != nil && !seen[d] {
				seen[d] = true
				n.deps, n.open = append(n.deps, d), n.open+1
				d.users = append(d.users, n)
			}
		}
		for _, l := range r.locals {
			link("local." + l)
		}
		for _, b := range r.blocks {
			link(b.addr.String())
		}
	}
	return byName, all
}

// place sets what is known of a node once all that it refers to is ordered.
func (m *Module) place(n *node, nodes map[string]*node) {
	var deps []resource.Address
	for _, d := range n.deps {
		switch {
		case !d.done:
		case d.local != nil:
			deps = append(deps, d.local.blocks...)
			if n.local != nil {
				n.local.depth = max(n.local.depth, d.local.depth+1)
			}
		default:
			deps = append(deps, d.block.addr)
		}
	}
	slices.SortFunc(deps, resource.Address.Compare)
	deps = slices.Compact(deps)
	if n.local != nil {
		n.local.blocks = deps
		if n.local.depth == maxLocalDepth {
			m.report.errorf(n.local.rng, "Local values nested too deeply", "More than %d local values refer to each other in a chain.", maxLocalDepth)
		}
		n.local.expr.broken = n.local.expr.broken || n.local.inCycle || n.local.depth >= maxLocalDepth
		return
	}
	n.block.deps = deps
	for _, d := range deps {
		if dn := nodes[d.String()]; dn != nil && dn != n {
			n.depth = max(n.depth, dn.depth+1)
		}
	}
	if !n.block.inCycle {
		m.layered = append(m.layered, n.block)
	}
}

// breakCycle finds a ring among the nodes that are left, reports it, and
// returns its members as if they depended on nothing.
func (m *Module) breakCycle(all []*node) []*node {
	var n *node
	for _, c := range all {
		if !c.done {
			n = c
			break
		}
	}
	at := map[*node]int{}
	var path []*node
	for {
		if start, seen := at[n]; seen {
			path = path[start:]
			break
		}
		at[n] = len(path)
		path = append(path, n)
		for _, d := range n.deps {
			if !d.done {
				n = d
				break
			}
		}
	}
	// The walk followed dependencies; begin with the first in the files.
	first := 0
	for i, c := range path {
		if before(c.rng(), path[first].rng()) {
			first = i
		}
	}
	path = append(path[first:], path[:first]...)
	for _, c := range path {
		c.open = 0
		if c.local != nil {
			c.local.inCycle = true
		} else {
			c.block.inCycle = true
		}
	}
	if len(path) == 1 {
		m.report.errorf(path[0].rng(), "Self-referential block", "%s refers to itself. Break the cycle.", path[0].name())
		return path
	}
	parts := make([]string, 0, len(path)+1)
	for _, c := range path {
		parts = append(parts, fmt.Sprintf("%s (%s)", c.name(), c.rng()))
	}
	m.report.errorf(path[0].rng(), "Cycle", "These refer to each other in a ring, each to the next: %s, and back to %s.",
		strings.Join(parts, ", "), path[0].name())
	return path
}

func before(a, b diag.Range) bool {
	if a.Filename != b.Filename {
		return a.Filename < b.Filename
	}
	return a.Start.Byte < b.Start.Byte
}

// checkStaticLocals refuses local values in provider blocks that depend on
// other blocks.
func (m *Module) checkStaticLocals() {
	for _, name := range m.providerOrder {
		for _, e := range m.providers[name].exprs {
			for _, l := range e.refs.locals {
				if blocks := m.locals[l].blocks; len(blocks) > 0 {
					m.report.errorf(e.rng, "Invalid reference",
						"local.%s depends on %s, but a provider is configured before anything is read: only input variables and what depends on them can be used here.", l, blocks[0])
					e.broken = true
				}
			}
		}
	}
}

// blocksOf are the blocks that references lead to, through local values too.
func (m *Module) blocksOf(r refs) []resource.Address {
	var out []resource.Address
	for _, b := range r.blocks {
		out = append(out, b.addr)
	}
	for _, l := range r.locals {
		out = append(out, m.locals[l].blocks...)
	}
	slices.SortFunc(out, resource.Address.Compare)
	return slices.Compact(out)
}
