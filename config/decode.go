package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/idpctl/idpctl/diag"
)

// expr is an expression with what the analysis found out about it.
type expr struct {
	hcl.Expression
	rng diag.Range
	// refs is what it refers to.
	refs refs
	// perInstance: its value differs from instance to instance of the block.
	perInstance bool
	// broken: a mistake in it was reported, so it is not evaluated.
	broken bool
}

func newExpr(e hcl.Expression) *expr {
	return &expr{Expression: e, rng: fromRange(e.Range())}
}

// argument is an argument of a body as it was written.
type argument struct {
	name      string
	nameRange diag.Range
	expr      *expr
}

// content is a body without its syntax.
type content struct {
	// rng is the header of the block.
	rng    diag.Range
	args   map[string]*argument
	blocks []*nested
	// dynamic: the body has dynamic blocks, so its nested blocks are known
	// only when they are evaluated.
	dynamic bool
	// dynamicBroken: a mistake in a dynamic block was reported.
	dynamicBroken bool
	// unknown: made by a dynamic block whose for_each is not known yet.
	unknown bool
	body    hcl.Body
	// schema reads the nested blocks of body once more.
	schema *hcl.BodySchema
}

// nested is a block inside of a block.
type nested struct {
	typ     string
	content *content
}

// shape is what a body may hold; inner gives the shapes of its nested blocks.
type shape struct {
	args   []string
	blocks []string
	// labels is how many labels nested blocks have, by type; 0 if not listed.
	labels map[string][]string
	inner  func(blockType string) shape
	// dynamic: dynamic blocks may stand in it.
	dynamic bool
	// unsupported reports a name that the body may not hold.
	unsupported func(name string, rng diag.Range, block bool)
}

func (s shape) schema() *hcl.BodySchema {
	out := &hcl.BodySchema{}
	for _, name := range s.args {
		out.Attributes = append(out.Attributes, hcl.AttributeSchema{Name: name})
	}
	for _, name := range s.blocks {
		out.Blocks = append(out.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: s.labels[name]})
	}
	return out
}

// decodeRaw reads the arguments and blocks that s names and reports all others.
// The dynamic blocks come apart.
func (m *Module) decodeRaw(r *report, body hcl.Body, s shape) (attrs hcl.Attributes, blocks, dynamic hcl.Blocks) {
	schema := s.schema()
	if s.dynamic {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: "dynamic", LabelNames: []string{"type"}})
	}
	found, remain, ds := body.PartialContent(schema)
	r.hcl(ds)
	known := map[string]bool{}
	for _, a := range schema.Attributes {
		known[a.Name] = true
	}
	knownBlocks := map[string]bool{}
	for _, b := range schema.Blocks {
		knownBlocks[b.Type] = true
	}
	if s.unsupported != nil {
		switch b := body.(type) {
		case *hclsyntax.Body:
			for name, attr := range b.Attributes {
				if !known[name] {
					m.maskAll(attr.Expr.Range()) // it may be a password under a misspelt name
					s.unsupported(name, fromRange(attr.NameRange), false)
				}
			}
			for _, block := range b.Blocks {
				if !knownBlocks[block.Type] {
					s.unsupported(block.Type, fromRange(block.DefRange()), true)
				}
			}
		case jsonBody:
			rest, _ := remain.JustAttributes()
			for name, attr := range rest {
				m.maskAll(attr.Expr.Range())
				s.unsupported(name, fromRange(attr.NameRange), false)
			}
		}
	}
	for _, block := range found.Blocks {
		if s.dynamic && block.Type == "dynamic" {
			dynamic = append(dynamic, block)
		} else {
			blocks = append(blocks, block)
		}
	}
	return found.Attributes, blocks, dynamic
}

// decode reads a body and what is nested in it. register is told of every
// expression.
func (m *Module) decode(r *report, body hcl.Body, rng diag.Range, s shape, register func(*expr)) *content {
	attrs, blocks, dynamic := m.decodeRaw(r, body, s)
	c := &content{rng: rng, args: map[string]*argument{}, body: body, schema: s.schema()}
	for name, attr := range attrs {
		a := &argument{name: name, nameRange: fromRange(attr.NameRange), expr: newExpr(attr.Expr)}
		c.args[name] = a
		if register != nil {
			register(a.expr)
		}
	}
	for _, block := range blocks {
		inner := m.decode(r, block.Body, fromRange(block.DefRange), s.inner(block.Type), register)
		c.blocks = append(c.blocks, &nested{typ: block.Type, content: inner})
	}
	for _, block := range dynamic {
		if !m.decodeDynamic(r, block, s) {
			c.dynamicBroken = true
		}
	}
	c.dynamic = len(dynamic) > 0
	for _, b := range c.blocks {
		c.dynamic = c.dynamic || b.content.dynamic
		c.dynamicBroken = c.dynamicBroken || b.content.dynamicBroken
	}
	if u, ok := body.(interface{ Unknown() bool }); ok && u.Unknown() {
		c.unknown = true
	}
	return c
}

// decodeDynamic checks the form of a dynamic block; its expressions are
// evaluated when the block is expanded, and analysed by dynamicTraversals.
func (m *Module) decodeDynamic(r *report, block *hcl.Block, s shape) bool {
	typ := block.Labels[0]
	if !slices.Contains(s.blocks, typ) {
		r.errorf(fromRange(block.LabelRanges[0]), "Unsupported block type",
			"Blocks of type %q are not expected here.%s", typ, didYouMean(typ, s.blocks))
		return false
	}
	if typ == "lifecycle" { // it is read before anything is expanded, and would not count
		r.errorf(fromRange(block.LabelRanges[0]), "Unsupported block type", "A lifecycle block cannot be dynamic. Write lifecycle { … }.")
		return false
	}
	ok := true
	own := shape{
		args: []string{"for_each", "iterator", "labels"}, blocks: []string{"content"},
		unsupported: func(name string, rng diag.Range, _ bool) {
			r.errorf(rng, "Unsupported argument", "A dynamic block has for_each, iterator, labels and a content block, not %q.", name)
			ok = false
		},
	}
	attrs, contents, _ := m.decodeRaw(r, block.Body, own)
	if attrs["for_each"] == nil {
		r.errorf(fromRange(block.DefRange), "Missing required argument", "A dynamic block needs for_each.")
		ok = false
	}
	if len(contents) != 1 {
		r.errorf(fromRange(block.DefRange), "Missing content block", "A dynamic block needs exactly one content block.")
		return false
	}
	m.decode(r, contents[0].Body, fromRange(block.DefRange), s.inner(typ), nil)
	return ok
}
