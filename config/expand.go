package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// blockState is what is known of a block.
type blockState struct {
	// generation is when something of it changed last.
	generation uint64
	expanded   bool
	// failed: its instances are not known because of a reported mistake.
	failed bool
	// open: its for_each or count is not known yet; only before any read.
	open bool
	// closed: everything that was evaluated of it is known.
	closed    bool
	order     []*instance
	instances map[resource.Key]*instance
	value     cachedValue
}

// instance is one instance of a block.
type instance struct {
	key     resource.Key
	each    cty.Value // each.value; cty.NilVal without for_each
	desired resource.Desired
	block   *block
	found   *candidate // the kind, once the provider is known
	// raw is what is known of the instance: from the configuration alone if
	// configured is set, else as Set told. object is made of it when a
	// reference wants it first.
	raw        cty.Value
	configured bool
	object     cty.Value
}

func (e *Evaluator) state(addr resource.Address) *blockState {
	st := e.states[addr]
	if st == nil {
		st = &blockState{instances: map[resource.Key]*instance{}}
		e.states[addr] = st
	}
	return st
}

func (e *Evaluator) touch(st *blockState) {
	e.generation++
	st.generation = e.generation
}

// Expand evaluates a resource or data block: its instances, with their
// attributes as far as they are known. The blocks that it depends on must have
// been expanded before, and [Evaluator.Set] should have been told of each of
// their instances; until then an instance counts with what the configuration
// says of it. The result lacks instances only if there are errors.
func (e *Evaluator) Expand(addr resource.Address) ([]resource.Desired, diag.Diagnostics) {
	end := e.begin()
	out := e.expand(addr)
	return out, end()
}

func (e *Evaluator) expand(addr resource.Address) []resource.Desired {
	b := e.m.blocks[addr.Block()]
	if b == nil || b.typ == ClusterBlock {
		e.report.errorf(diag.Range{}, "No such block", "There is no resource or data block %s.", addr)
		return nil
	}
	if out, ok := e.reuse(b); ok {
		return out
	}
	e.open = false
	st := e.repeat(b)
	if st.failed && (!e.dry || b.broken || b.inCycle) {
		return nil
	}
	ctx := e.scope(b, b.refs)
	cache := map[*expr]attrValue{}
	if st.open || st.failed {
		// The mistakes that all instances would have are told all the same.
		probe := &instance{each: cty.DynamicVal, block: b}
		e.evaluateInstance(b, probe, e.instanceScope(b, ctx, probe, true), cache)
		return nil
	}
	out := make([]resource.Desired, 0, len(st.order))
	for _, in := range st.order {
		e.evaluateInstance(b, in, e.instanceScope(b, ctx, in, false), cache)
		in.know(in.desired.Attrs, true)
		out = append(out, in.desired)
	}
	st.closed = !e.open && len(e.report.list) == 0 && b.reusable()
	e.touch(st)
	return out
}

// Resolve evaluates one instance anew, with what is known by now.
func (e *Evaluator) Resolve(addr resource.Address) (resource.Desired, diag.Diagnostics) {
	end := e.begin()
	b, in := e.find(addr)
	if in == nil || b.typ == ClusterBlock {
		e.report.errorf(diag.Range{}, "No such instance", "There is no instance %s.", addr)
		return resource.Desired{}, end()
	}
	e.refreshEach(b, in)
	e.evaluateInstance(b, in, e.instanceScope(b, e.scope(b, b.refs), in, false), nil)
	if in.configured {
		in.know(in.desired.Attrs, true)
		e.touch(e.state(b.addr))
	}
	d := in.desired
	return d, end()
}

// know takes over what is known of an instance.
func (in *instance) know(v cty.Value, configured bool) {
	in.raw, in.configured, in.object = v, configured, cty.NilVal
}

// value is what a reference to the instance yields.
func (in *instance) value() cty.Value {
	switch {
	case in.object != cty.NilVal:
	case in.raw == cty.NilVal || in.found == nil:
		return cty.DynamicVal
	default:
		in.object = in.block.object(in, in.raw, in.configured)
	}
	return in.object
}

// find is the instance of an address, or nil.
func (e *Evaluator) find(addr resource.Address) (*block, *instance) {
	b := e.m.blocks[addr.Block()]
	if b == nil {
		return nil, nil
	}
	return b, e.state(b.addr).instances[addr.Key]
}

// Set tells what an instance that Expand returned is: as read, as planned, or
// as applied. v is an object of the kind's type, for a plural data block one
// with the plural attribute (see [PluralValue]). Attributes that v lacks or
// that are unknown are unknown in expressions; other instances see the change
// when they are expanded or resolved afterwards.
func (e *Evaluator) Set(addr resource.Address, v cty.Value) {
	end := e.begin()
	defer func() { _ = end() }() // it finds nothing to report
	b, in := e.find(addr)
	if in == nil {
		return
	}
	in.know(v, false)
	e.touch(e.state(b.addr))
}

// repeat evaluates for_each or count.
func (e *Evaluator) repeat(b *block) *blockState {
	st := e.state(b.addr)
	st.expanded, st.failed, st.open = true, false, false
	st.order, st.instances = nil, map[resource.Key]*instance{}
	e.touch(st)
	if b.broken || b.inCycle {
		st.failed = true
		return st
	}
	add := func(key resource.Key, each cty.Value) {
		in := &instance{key: key, each: each, block: b}
		st.order = append(st.order, in)
		st.instances[key] = in
	}
	switch {
	case b.forEach != nil:
		v, known, ok := e.forEach(b)
		st.failed, st.open = !ok, ok && !known
		e.open = e.open || !ok || !known
		for _, el := range v {
			e.open = e.open || !el.value.IsWhollyKnown()
			add(resource.StringKey(el.key), el.value)
		}
	case b.count != nil:
		n, known, ok := e.count(b)
		st.failed, st.open = !ok, ok && !known
		e.open = e.open || !known
		for i := range n {
			add(resource.IntKey(i), cty.NilVal)
		}
	default:
		add(resource.Key{}, cty.NilVal)
	}
	return st
}

const forEachTakes = "for_each takes a map or a set of strings, and this is "

// element is one element of a for_each.
type element struct {
	key   string
	value cty.Value
}

// forEach are the elements of for_each, checked: those of a known map, object
// or set of strings. known is false where it may still become known.
func (e *Evaluator) forEach(b *block) (elements []element, known, ok bool) {
	const summary = "Invalid for_each argument"
	fail := func(format string, args ...any) ([]element, bool, bool) {
		e.report.errorf(b.forEach.rng, summary, format, args...)
		return nil, false, false
	}
	scope := e.scope(b, b.refs)
	if elements, ok := elementsOfToset(b.forEach, scope); ok {
		return elements, true, true
	}
	v, ok := e.eval(b.forEach, scope, resource.Address{})
	if !ok {
		return nil, false, false
	}
	t := v.Type()
	switch {
	case v.IsMarked():
		return fail("A sensitive value cannot be used here: its keys would stand in the addresses of the instances, which every plan shows. Write nonsensitive(…) around what is no secret.")
	case v.IsNull():
		return fail(forEachTakes + "null.")
	case t == cty.DynamicPseudoType && !v.IsKnown():
	case t.IsListType() || t.IsTupleType():
		return fail(forEachTakes+"of the type %s. Write toset(…) around a list of strings.", t.FriendlyName())
	case !t.IsMapType() && !t.IsObjectType() && !t.IsSetType():
		return fail(forEachTakes+"of the type %s.", t.FriendlyName())
	case t.IsSetType() && t.ElementType() != cty.String && t.ElementType() != cty.DynamicPseudoType:
		return fail(forEachTakes+"a set of the type %s.", t.ElementType().FriendlyName())
	}
	unknown, null := !v.IsKnown(), false
	if !unknown {
		elements = make([]element, 0, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); { // which sorts a set: once is enough
			key, val := it.Element()
			if t.IsSetType() {
				key = val
				unknown, null = unknown || !val.IsKnown(), null || val.IsNull()
			}
			if !unknown && !null {
				key, _ = key.Unmark()
				elements = append(elements, element{key.AsString(), val})
			}
		}
	}
	if unknown {
		if e.dry {
			return nil, false, true
		}
		return fail("Which instances there are must be known when planning, and this is known after apply only. Use keys that are written in the configuration, and refer to what is known after apply in the values only.")
	}
	if null {
		return fail(forEachTakes + "a set that holds null.")
	}
	return elements, true, true
}

// elementsOfToset are those of toset(…) around known strings, by far the most
// common for_each of many. They are made without the set, as to take its
// elements out again in their order costs a fourth of reading a configuration.
// Everything else is left to the library.
func elementsOfToset(x *expr, ctx *hcl.EvalContext) ([]element, bool) {
	call, ok := x.Expression.(*hclsyntax.FunctionCallExpr)
	if !ok || call.Name != "toset" || len(call.Args) != 1 || call.ExpandFinal {
		return nil, false
	}
	v, ds := safeValue(call.Args[0], ctx)
	if ds.HasErrors() || v.IsMarked() || !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return nil, false
	}
	if t := v.Type(); !t.IsListType() && !t.IsTupleType() || v.LengthInt() == 0 {
		return nil, false
	}
	elements := make([]element, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		if el.Type() != cty.String || el.IsMarked() || !el.IsKnown() || el.IsNull() {
			return nil, false
		}
		elements = append(elements, element{el.AsString(), el})
	}
	slices.SortFunc(elements, func(a, b element) int { return strings.Compare(a.key, b.key) })
	return slices.CompactFunc(elements, func(a, b element) bool { return a.key == b.key }), true
}

// maxCount bounds count, as a mistyped number must not fill the memory.
const maxCount = 1_000_000

func (e *Evaluator) count(b *block) (n int, known, ok bool) {
	const summary = "Invalid count argument"
	fail := func(format string, args ...any) (int, bool, bool) {
		e.report.errorf(b.count.rng, summary, format, args...)
		return 0, false, false
	}
	v, ok := e.eval(b.count, e.scope(b, b.refs), resource.Address{})
	if !ok {
		return 0, false, false
	}
	if resource.IsSensitive(v) {
		return fail("A sensitive value cannot be used here: the number of instances would tell what it is. Write nonsensitive(…) around what is no secret.")
	}
	num, err := convertTo(v, cty.Number)
	switch {
	case err != nil:
		return fail("The value of count is not a number: %s.", err)
	case num.IsNull():
		return fail("The value of count is null, and must be a whole number.")
	case !num.IsKnown() && e.dry:
		return 0, false, true
	case !num.IsKnown():
		return fail("How many instances there are must be known when planning, and this is known after apply only.")
	}
	f := num.AsBigFloat()
	i, _ := f.Int64()
	if !f.IsInt() || i < 0 || i > maxCount {
		return fail("The value of count must be a whole number from 0 to %d.", maxCount)
	}
	return int(i), true, true
}

// refreshEach takes over each.value where more of it may be known by now.
func (e *Evaluator) refreshEach(b *block, in *instance) {
	if b.forEach == nil || in.each == cty.NilVal || in.each.IsWhollyKnown() {
		return
	}
	v, ok := e.eval(b.forEach, e.scope(b, b.refs), resource.Address{})
	key, _ := in.key.Str()
	v, _ = v.Unmark()
	if !ok || !v.IsKnown() || v.IsNull() || v.Type().IsSetType() {
		return
	}
	if v.Type().IsObjectType() && !v.Type().HasAttribute(key) {
		return
	}
	if fresh, ds := hcl.Index(v, cty.StringVal(key), nil); !ds.HasErrors() {
		in.each = fresh
	}
}

// instanceScope adds each or count to the block's scope.
func (e *Evaluator) instanceScope(b *block, ctx *hcl.EvalContext, in *instance, open bool) *hcl.EvalContext {
	if !b.repeated() {
		return ctx
	}
	child := ctx.NewChild()
	key, _ := in.key.Str()
	index, _ := in.key.Int()
	switch {
	case b.forEach != nil && open:
		child.Variables = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": cty.UnknownVal(cty.String), "value": cty.DynamicVal})}
	case b.forEach != nil:
		child.Variables = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(key), "value": in.each})}
	case open:
		child.Variables = map[string]cty.Value{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.UnknownVal(cty.Number)})}
	default:
		child.Variables = map[string]cty.Value{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(int64(index))})}
	}
	return child
}

// instanceAddress is the address of an instance of b.
func (b *block) instanceAddress(in *instance) resource.Address {
	addr := b.addr
	addr.Key = in.key
	return addr
}
