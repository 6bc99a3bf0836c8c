package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// attrValue is an attribute's value and what it refers to.
type attrValue struct {
	value   cty.Value
	targets []target
	// open: it is not known yet which objects a reference means.
	open bool
	ok   bool
}

// bodyEval evaluates one body by a list of attributes.
type bodyEval struct {
	e   *Evaluator
	ctx *hcl.EvalContext
	// addr is for messages; zero for provider blocks.
	addr resource.Address
	// what is how messages call the body: "user".
	what string
	json bool
	// repeated: the body is evaluated for several instances.
	repeated bool
	// cache holds the values that are the same for all instances; may be nil.
	cache   map[*expr]attrValue
	targets map[string][]target
	open    map[string]bool
	ranges  map[string]diag.Range
	// derived names what was taken from another attribute.
	derived []string
	// told are defaults that the server told, by attribute.
	told map[string]cty.Value
	// lax: what is required may be missing; another source is asked first.
	lax bool
}

// errorf reports a problem with an expression, naming the instance if it is
// one of it alone.
func (be *bodyEval) errorf(x *expr, summary, format string, args ...any) {
	if x.perInstance || !be.repeated {
		be.e.report.errorAt(be.addr, x.rng, summary, format, args...)
		return
	}
	be.e.report.errorf(x.rng, summary, format, args...)
}

// body evaluates the attributes of c. The result has a value for every
// attribute: null where it is unset, unknown where a mistake was reported.
func (be *bodyEval) body(attrs []resource.Attribute, c *content, prefix string) map[string]cty.Value {
	vals := make(map[string]cty.Value, len(attrs))
	blocks := be.nestedBlocks(attrs, c, prefix)
	for _, a := range attrs {
		switch arg := c.args[a.Name]; {
		case a.Block != nil:
			vals[a.Name] = blocks[a.Name]
		case arg == nil:
			vals[a.Name] = cty.NullVal(a.Type)
		default:
			got := be.attribute(a, arg)
			vals[a.Name] = got.value
			name := strings.TrimPrefix(prefix+"."+a.Name, ".")
			if got.open || !got.ok {
				be.open[name] = true
			}
			if len(got.targets) > 0 {
				be.targets[name] = got.targets
			}
		}
	}
	return vals
}

// attribute evaluates one argument, converts and checks it.
func (be *bodyEval) attribute(a resource.Attribute, arg *argument) attrValue {
	if got, ok := be.cache[arg.expr]; ok {
		return got
	}
	got := be.evaluate(a, arg.expr)
	if be.cache != nil && !arg.expr.perInstance {
		be.cache[arg.expr] = got
	}
	return got
}

func (be *bodyEval) evaluate(a resource.Attribute, x *expr) attrValue {
	got := be.evaluated(a, x)
	be.e.open = be.e.open || got.open || !got.ok || !got.value.IsWhollyKnown()
	return got
}

func (be *bodyEval) evaluated(a resource.Attribute, x *expr) attrValue {
	failed := attrValue{value: cty.UnknownVal(a.Type)}
	addr := be.addr
	if !x.perInstance && be.repeated {
		addr = resource.Address{}
	}
	v, ok := be.e.evalSecret(x, be.ctx, addr, a.Sensitive || a.WriteOnly)
	if !ok {
		return failed
	}
	ref := attrValue{value: v}
	if a.Ref != nil {
		if ref = be.references(a, v, x); !ref.ok {
			return failed
		}
	}
	v = ref.value
	conv, err := convert.Convert(v, a.Type)
	if err != nil {
		why := conversionError(err)
		if resource.IsSensitive(v) && !v.Type().IsPrimitiveType() {
			why = "it is not shown what does not fit, as the value is sensitive" // a key may be the secret
		}
		be.errorf(x, "Incorrect attribute value type", "Inappropriate value for attribute %q: %s.", a.Name, why)
		return failed
	}
	if problem := nullElement(conv); problem {
		be.errorf(x, "Null value found in collection", "The attribute %q holds a null element. Leave it out, for example with an if clause in a for expression.", a.Name)
		return failed
	}
	conv = normalize(a, conv)
	if problem := be.e.m.patterns.check(a, conv); problem != "" {
		be.errorf(x, "Invalid value for "+a.Name, "%s", problem)
		return failed
	}
	if a.Partial && a.Type.IsMapType() && conv.IsMarked() {
		be.e.report.warnf(x.rng, "Secret keys", "The keys of %q are secret, so the state does not hold them: what is taken out of it later is not removed at the provider. If only the values are secret, write nonsensitive(…) around the keys.", a.Name)
	}
	if a.Sensitive || a.WriteOnly {
		conv = conv.Mark(resource.Sensitive)
	}
	return attrValue{value: conv, targets: ref.targets, open: ref.open, ok: true}
}

// nullElement reports whether a collection has a null in it.
func nullElement(v cty.Value) bool {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.Type().IsCollectionType() {
		return false
	}
	for it := v.ElementIterator(); it.Next(); {
		if _, el := it.Element(); el.IsNull() {
			return true
		}
	}
	return false
}

// nestedBlocks evaluates the nested blocks of c by the name of their attribute.
func (be *bodyEval) nestedBlocks(attrs []resource.Attribute, c *content, prefix string) map[string]cty.Value {
	specs := map[string]resource.Attribute{}
	for _, a := range attrs {
		if a.Block != nil {
			specs[a.Name] = a
		}
	}
	if len(specs) == 0 {
		return nil
	}
	found := map[string][]cty.Value{}
	places := map[string][]diag.Range{}
	unknown := map[string]bool{}
	if c.dynamicBroken {
		out := map[string]cty.Value{}
		for name, a := range specs {
			out[name] = cty.UnknownVal(attributeType(a))
		}
		return out
	}
	for _, n := range be.expandDynamic(c, specs) {
		a, ok := specs[n.typ]
		if !ok {
			continue
		}
		name := strings.TrimPrefix(prefix+"."+n.typ, ".")
		for argName, arg := range n.content.args {
			be.ranges[name+"."+argName] = arg.expr.rng
		}
		be.ranges[name] = n.content.rng
		vals := be.body(a.Block, n.content, name)
		be.defaults(a.Block, vals, n.content, name)
		found[n.typ] = append(found[n.typ], cty.ObjectVal(vals))
		places[n.typ] = append(places[n.typ], n.content.rng)
		unknown[n.typ] = unknown[n.typ] || n.content.unknown
	}
	out := map[string]cty.Value{}
	for name, a := range specs {
		out[name] = be.blockAttribute(a, found[name], places[name], unknown[name])
	}
	return out
}

// blockAttribute makes the value of an attribute out of its nested blocks.
func (be *bodyEval) blockAttribute(a resource.Attribute, vals []cty.Value, places []diag.Range, unknown bool) cty.Value {
	switch typ := attributeType(a); {
	case unknown:
		return cty.UnknownVal(typ)
	case len(vals) == 0:
		return cty.NullVal(typ)
	}
	if len(vals) > 1 {
		be.e.report.errorf(places[1], "Duplicate "+a.Name+" block", "Only one %s block is allowed; another one is at %s.", a.Name, places[0])
	}
	return vals[0]
}

// expandDynamic returns the nested blocks of c, those of its dynamic blocks
// among them.
func (be *bodyEval) expandDynamic(c *content, specs map[string]resource.Attribute) []*nested {
	if !c.dynamic || c.body == nil {
		return c.blocks
	}
	// Only the blocks are wanted: arguments were decoded when the file was.
	schema := &hcl.BodySchema{Blocks: c.schema.Blocks}
	expanded := dynblock.Expand(c.body, be.ctx, dynblock.OptCheckForEach(be.checkDynamic))
	found, _, ds := expanded.PartialContent(schema)
	be.e.addHidden(ds, be.ctx)
	var out []*nested
	for _, block := range found.Blocks {
		a, ok := specs[block.Type]
		if !ok {
			continue
		}
		scratch := &report{}
		inner := be.e.m.decode(scratch, block.Body, fromRange(block.DefRange), be.e.m.nestedShape(a), func(x *expr) { x.perInstance = true })
		out = append(out, &nested{typ: block.Type, content: inner})
	}
	return out
}

// checkDynamic refuses a sensitive for_each of a dynamic block, as the number
// of blocks shows.
func (be *bodyEval) checkDynamic(v cty.Value, x hcl.Expression, _ *hcl.EvalContext) hcl.Diagnostics {
	if !v.IsMarked() {
		return nil
	}
	return hcl.Diagnostics{{
		Severity: hcl.DiagError, Summary: "Invalid dynamic for_each value", Subject: x.Range().Ptr(),
		Detail: "A sensitive value cannot decide which blocks there are, as a plan shows them. Write nonsensitive(…) around what is no secret.",
	}}
}

// addHidden reports diagnostics of an evaluation that HCL did itself.
func (e *Evaluator) addHidden(ds hcl.Diagnostics, ctx *hcl.EvalContext) {
	for _, d := range ds {
		out := fromHCL(d, hcl.Range{})
		if d.Expression != nil && touchesSensitive(d.Expression, ctx) && !plainSummary(d.Summary) && d.Summary != "Invalid dynamic for_each value" {
			out.Detail = hiddenDetail
		}
		e.report.add(out)
	}
}

// defaults fills what is unset and reports what must not be.
func (be *bodyEval) defaults(attrs []resource.Attribute, vals map[string]cty.Value, c *content, prefix string) {
	for _, a := range attrs {
		if !vals[a.Name].IsNull() || !vals[a.Name].IsKnown() {
			continue
		}
		switch {
		case a.DefaultFrom == resource.FromLabel:
			be.labelDefault(a, vals, c)
		case a.DefaultFrom == resource.FromServer:
			be.serverDefault(a, vals)
		case a.DefaultFrom != "" && !isUnset(vals[a.DefaultFrom]):
			be.copyDefault(a, vals, c)
		}
		if vals[a.Name].IsNull() && a.Default != cty.NilVal {
			vals[a.Name] = a.Default
		}
		if vals[a.Name].IsNull() && slices.ContainsFunc(a.MadeOf, func(name string) bool { return resource.IsSensitive(vals[name]) }) {
			vals[a.Name] = vals[a.Name].Mark(resource.Sensitive)
		}
		if vals[a.Name].IsNull() && a.Required && !be.lax {
			be.missing(a, c, prefix)
			vals[a.Name] = cty.UnknownVal(attributeType(a))
		}
	}
}

func isUnset(v cty.Value) bool { return v == cty.NilVal || v.IsKnown() && v.IsNull() }

func (be *bodyEval) labelDefault(a resource.Attribute, vals map[string]cty.Value, c *content) {
	if be.repeated {
		be.e.report.errorf(c.rng, "Missing required argument",
			"%q is taken from the label of the block, but with for_each or count all instances would have the same. Set it, for example to each.key.", a.Name)
		vals[a.Name] = cty.UnknownVal(a.Type)
		return
	}
	v := normalize(a, cty.StringVal(be.addr.Name))
	if problem := be.e.m.patterns.check(a, v); problem != "" {
		be.e.report.errorf(c.rng, "Invalid value for "+a.Name, "%s It is taken from the label of the block; set %s if it shall be something else.", problem, a.Name)
		v = cty.UnknownVal(a.Type)
	}
	vals[a.Name] = v
}

// serverDefault takes what the server told. Before it was asked the attribute is
// unset, and what is made of it is not to be kept.
func (be *bodyEval) serverDefault(a resource.Attribute, vals map[string]cty.Value) {
	v, told := be.told[a.Name]
	if !told {
		be.e.open = true
		return
	}
	vals[a.Name] = v
	if !a.Partial { // of which others stay anyway
		be.derived = append(be.derived, a.Name)
	}
}

// copyDefault takes an attribute's value from another one.
func (be *bodyEval) copyDefault(a resource.Attribute, vals map[string]cty.Value, c *content) {
	v, err := convert.Convert(vals[a.DefaultFrom], a.Type)
	if err != nil {
		return
	}
	v = normalize(a, v)
	if problem := be.e.m.patterns.check(a, v); problem != "" {
		rng := c.rng
		if arg := c.args[a.DefaultFrom]; arg != nil {
			rng = arg.expr.rng
		}
		be.e.report.errorAt(be.addr, rng, "Invalid value for "+a.Name, "%s It is taken from %s; set %s if it shall be something else.", problem, a.DefaultFrom, a.Name)
		v = cty.UnknownVal(a.Type)
	}
	if a.Sensitive || a.WriteOnly {
		v = v.Mark(resource.Sensitive)
	}
	vals[a.Name] = v
	be.derived = append(be.derived, a.Name)
}

func (be *bodyEval) missing(a resource.Attribute, c *content, prefix string) {
	name := strings.TrimPrefix(prefix+"."+a.Name, ".")
	if arg := c.args[a.Name]; arg != nil {
		be.errorf(arg.expr, "Missing required argument", "The argument %q is required, but its value is null.", name)
		return
	}
	hint := ""
	if a.Ref != nil && len(a.Ref.Kinds) > 0 {
		hint = fmt.Sprintf(" Write %s = %s.", a.Name, be.example(a.Ref.Kinds[0]+".main"))
	}
	if a.Block != nil {
		be.e.report.errorf(c.rng, "Missing required block", "A block %s { … } is required here.", name)
		return
	}
	be.e.report.errorf(c.rng, "Missing required argument", "The argument %q is required, but no definition was found.%s", name, hint)
}

// example writes a reference as the syntax of the file has it.
func (be *bodyEval) example(ref string) string {
	if be.json {
		return `"${` + ref + `}"`
	}
	return ref
}
