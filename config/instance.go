package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// evaluateInstance fills in.desired and in.found.
func (e *Evaluator) evaluateInstance(b *block, in *instance, ctx *hcl.EvalContext, cache map[*expr]attrValue) {
	be := &bodyEval{
		e: e, ctx: ctx, addr: b.instanceAddress(in), what: b.headline(), json: b.json, repeated: b.repeated(),
		cache: cache, targets: map[string][]target{}, open: map[string]bool{}, ranges: b.argRanges(),
	}
	d := resource.Desired{Address: be.addr, Range: b.rng, AttrRanges: be.ranges, Args: cty.NullVal(cty.EmptyObject)}
	found, provider := be.home(b)
	kind := found.kind
	in.found = found
	d.Provider = provider
	be.told = e.told[ofKind{provider, kind.Name}]
	if be.lax = provider == ""; !be.lax { // else the kind is a guess
		be.checkKind(b, kind)
	}
	if b.typ == DataBlock {
		be.data(b, found, &d)
	} else {
		be.managed(b, found, &d)
	}
	if ts := be.targets[kind.Parent]; len(ts) == 1 {
		d.Parent = ts[0].addr
	} else if arg := b.content.args[kind.Parent]; arg != nil && kind.Parent != "" && !e.dry {
		if v := resource.Attr(d.Attrs, kind.Parent); !v.IsKnown() && !e.report.list.HasErrors() {
			be.errorf(arg.expr, "Invalid reference", "Which %s this is depends on something that is not known until apply. Refer to one %s.", kind.Parent, kind.Parent)
		}
	}
	be.checkHomes(b, kind, &d)
	d.DependsOn, d.After = be.dependsOn(b), b.after
	in.desired = d
}

// argRanges are the places of a block's arguments. The map is shared by all
// instances of a block without nested blocks.
func (b *block) argRanges() map[string]diag.Range {
	if b.ranges != nil && len(b.content.blocks) == 0 && !b.content.dynamic {
		return b.ranges
	}
	out := make(map[string]diag.Range, len(b.content.args))
	for name, a := range b.content.args {
		out[name] = a.expr.rng
	}
	b.ranges = out
	return out
}

// home finds the provider of an instance: that of its realm or tenant, the one
// that is written, or the only one there is. Provider is "" and the kind a
// guess where that cannot be said, which is then reported.
func (be *bodyEval) home(b *block) (*candidate, string) {
	first := &b.candidates[0]
	provider := b.provider
	var parent *argument
	unsure, null := false, -1
	for i := range b.candidates {
		c := &b.candidates[i]
		arg := b.content.args[c.kind.Parent]
		at := slices.IndexFunc(c.all, func(a resource.Attribute) bool { return a.Name == c.kind.Parent })
		if c.kind.Parent == "" || arg == nil || at < 0 {
			continue
		}
		spec := c.all[at]
		parent = arg
		got := be.attribute(spec, arg)
		if len(got.targets) != 1 {
			unsure, first = true, c
			if got.ok && isUnset(got.value) {
				null = at
			}
			break
		}
		from := got.targets[0]
		switch {
		case from.provider == "":
			unsure = true
		case provider != "" && provider != from.provider:
			be.e.report.errorf(b.providerRange, "Conflicting providers",
				"%s is written to belong to the provider %s, but its %s %s belongs to %s.", b.addr, provider, c.kind.Parent, from.addr, from.provider)
		default:
			provider = from.provider
		}
		break
	}
	if provider == "" {
		var fit []string
		for _, name := range be.e.m.providerOrder {
			if slices.ContainsFunc(b.candidates, func(c candidate) bool { return c.info.Type == be.e.m.providers[name].Type }) {
				fit = append(fit, name)
			}
		}
		standard, ok := be.e.m.standard(fit)
		switch {
		case ok:
			provider = standard
		case null >= 0:
			be.missing(first.all[null], b.content, "")
			return first, ""
		case unsure:
			return first, ""
		default:
			place := b.rng
			hint := ""
			if parent == nil && first.kind.Parent != "" {
				hint = " It would follow from the argument " + list(b.parentNames(), "or") + " as well."
			}
			be.e.report.errorf(place, "Ambiguous provider", "There are several provider blocks: %s. Say which one %s belongs to, as in provider = %s.%s",
				list(fit, "and"), b.addr, fit[0], hint)
			return first, ""
		}
	}
	typ := be.e.m.providers[provider].Type
	for i := range b.candidates {
		if b.candidates[i].info.Type == typ {
			return &b.candidates[i], provider
		}
	}
	info := be.e.m.opts.Providers[typ]
	be.e.report.errorAt(be.addr, b.rng, "Unsupported block type", "%s has no block %s.%s", info.Name, b.headline(), onlyLookedUp(info, b))
	return first, provider
}

// standard is the provider block that is meant where none is named: the only
// one, or of several of one type the one without an alias.
func (m *Module) standard(fit []string) (string, bool) {
	if len(fit) == 1 {
		return fit[0], true
	}
	standard, ok := "", false
	for _, name := range fit {
		p := m.providers[name]
		if p.Type != m.providers[fit[0]].Type {
			return "", false
		}
		if name == p.Type {
			standard, ok = name, true
		}
	}
	return standard, ok
}

// parentNames are the arguments that name the home of such a block.
func (b *block) parentNames() []string {
	var out []string
	for _, c := range b.candidates {
		if !slices.Contains(out, c.kind.Parent) {
			out = append(out, c.kind.Parent)
		}
	}
	return out
}

// checkKind refuses what the instance's own provider does not know, where
// several could have been meant before evaluation.
func (be *bodyEval) checkKind(b *block, kind resource.Kind) {
	if len(b.candidates) < 2 {
		return
	}
	var mine []candidate
	for _, c := range b.candidates {
		if p := be.e.m.providers[b.provider]; p != nil && p.Type != c.info.Type {
			continue
		}
		mine = append(mine, c)
	}
	spec := b.spec(kind)
	for _, name := range keysOf(b.content.args) {
		if !slices.ContainsFunc(spec, func(a resource.Attribute) bool { return a.Name == name }) {
			be.e.m.elsewhereTo(be.e.report, b, only(mine, kind), name, b.content.args[name].nameRange)
		}
	}
	for _, n := range b.content.blocks {
		if !slices.ContainsFunc(spec, func(a resource.Attribute) bool { return a.Name == n.typ }) {
			be.e.m.elsewhereTo(be.e.report, b, only(mine, kind), n.typ, n.content.rng)
		}
	}
}

// only is the candidate whose kind it is.
func only(cs []candidate, kind resource.Kind) []candidate {
	for _, c := range cs {
		if c.kind.Type().Equals(kind.Type()) {
			return []candidate{c}
		}
	}
	return cs
}

// managed evaluates a resource block.
func (be *bodyEval) managed(b *block, found *candidate, d *resource.Desired) {
	kind, attrs := found.kind, found.all
	vals := be.body(attrs, b.content, "")
	be.defaults(attrs, vals, b.content, "")
	be.keysNotEmpty(b, kind, vals, d)
	be.oneCredential(kind.Credential, vals, d)
	d.Attrs, d.Derived = cty.ObjectVal(vals), be.derived
	d.PreventDestroy = be.flag(b.preventDestroy, "prevent_destroy")
	d.ForceDestroy = be.flag(b.forceDestroy, "force_destroy")
	d.OnDestroy = be.onDestroy(b, kind)
	d.IgnoreChanges = b.ignoredNames(kind)
}

// oneCredential refuses several ways to a first password: only one could count.
func (be *bodyEval) oneCredential(c *resource.Credential, vals map[string]cty.Value, d *resource.Desired) {
	if c == nil {
		return
	}
	var chosen []string
	for _, name := range []string{c.Password, c.Generate, c.Invite} {
		v, ok := vals[name]
		if !ok {
			continue
		}
		v, _ = v.Unmark()
		if v.IsKnown() && !v.IsNull() && (v.Type() != cty.Bool || v.True()) {
			chosen = append(chosen, name)
		}
	}
	if len(chosen) > 1 {
		be.e.report.errorAt(be.addr, d.AttrRange(chosen[1]), "Conflicting arguments",
			"%s are several ways to a first password. Keep the one that is meant.", list(quoted(chosen), "and"))
	}
}

// notSensitive refuses a sensitive value where it would be told.
func (be *bodyEval) notSensitive(name string, at diag.Range, why string) {
	be.e.report.errorAt(be.addr, at, "Invalid use of a sensitive value",
		"%q cannot be sensitive: %s. If it is no secret, write nonsensitive(…) around it.", name, why)
}

// keysNotEmpty refuses an empty id or natural key, and one that is sensitive.
func (be *bodyEval) keysNotEmpty(b *block, kind resource.Kind, vals map[string]cty.Value, d *resource.Desired) {
	for i := -1; i < len(kind.Key); i++ {
		name := "id"
		if i >= 0 {
			name = kind.Key[i]
		}
		if resource.IsSensitive(vals[name]) {
			be.notSensitive(name, d.AttrRange(name), "it names the object in plans, messages and the state")
			continue
		}
		v, _ := vals[name].Unmark()
		if v.Type() == cty.String && v.IsKnown() && !v.IsNull() && v.AsString() == "" {
			be.e.report.errorAt(be.addr, d.AttrRange(name), "Invalid value for "+name, "%q must not be empty: it says which %s this is.", name, b.kindName)
		}
	}
}

// checkHomes refuses references to objects of another realm or tenant than the
// instance's own.
func (be *bodyEval) checkHomes(b *block, kind resource.Kind, d *resource.Desired) {
	if d.Parent == (resource.Address{}) {
		return
	}
	for name, targets := range be.targets {
		for _, t := range targets {
			if name == kind.Parent || t.parent == (resource.Address{}) || be.e.sameHome(d.Provider, d.Parent, t.provider, t.parent) {
				continue
			}
			be.errorf(b.content.args[name].expr, "Reference to another "+kind.Parent,
				"%s belongs to %s, but %s belongs to %s. %q can only refer to objects of the same %s.",
				d.Address, d.Parent, t.addr, t.parent, name, kind.Parent)
			break
		}
	}
}

// plainValue evaluates an argument of idpctl itself, which must be known and
// not sensitive; ok is false if it is unset or wrong.
func (be *bodyEval) plainValue(x *expr, name string, want cty.Type) (cty.Value, bool) {
	if x == nil {
		return cty.NilVal, false
	}
	v, ok := be.e.eval(x, be.ctx, be.addr)
	if !ok || v.IsNull() {
		return cty.NilVal, false
	}
	conv, err := convertTo(v, want)
	be.e.open = be.e.open || err == nil && !conv.IsKnown()
	switch {
	case err != nil:
		be.errorf(x, "Incorrect attribute value type", "Inappropriate value for attribute %q: %s.", name, err)
	case resource.IsSensitive(conv):
		be.errorf(x, "Invalid use of a sensitive value", "%q cannot be sensitive: what idpctl does shows it.", name)
	case !conv.IsKnown() && !be.e.dry:
		be.errorf(x, "Invalid value for "+name, "%q must be known before apply.", name)
	case conv.IsKnown():
		return conv, true
	}
	return cty.NilVal, false
}

func (be *bodyEval) flag(x *expr, name string) bool {
	v, ok := be.plainValue(x, name, cty.Bool)
	return ok && v.True()
}

func (be *bodyEval) onDestroy(b *block, kind resource.Kind) string {
	v, ok := be.plainValue(b.onDestroy, "on_destroy", cty.String)
	if !ok {
		return ""
	}
	switch s := v.AsString(); {
	case s != "delete" && s != "release":
		be.errorf(b.onDestroy, "Invalid value for on_destroy", `"on_destroy" must be "delete" or "release".`)
	case s == "delete" && kind.AdoptOnly:
		be.errorf(b.onDestroy, "Invalid value for on_destroy", "A %s cannot be deleted through the API of the provider; it is released.", kind.Name)
	default:
		return s
	}
	return ""
}

// dependsOn lists what an instance refers to: the instance where it can be
// told, else the block.
func (be *bodyEval) dependsOn(b *block) []resource.Address {
	if !slices.ContainsFunc(b.refs.blocks, func(r blockRef) bool { return r.key != nil }) {
		return b.deps
	}
	out := make([]resource.Address, 0, len(b.deps))
	whole := map[resource.Address]bool{}
	for _, l := range b.refs.locals {
		for _, addr := range be.e.m.locals[l].blocks {
			out, whole[addr] = append(out, addr), true
		}
	}
	for _, r := range b.refs.blocks {
		if r.key == nil {
			out, whole[r.addr] = append(out, r.addr), true
		}
	}
	for _, r := range b.refs.blocks {
		if r.key != nil && !whole[r.addr] {
			out = append(out, be.chosen(r))
		}
	}
	slices.SortFunc(out, resource.Address.Compare)
	return slices.Compact(out)
}

// chosen is the instance that a reference chooses, or the block if that cannot
// be told.
func (be *bodyEval) chosen(r blockRef) resource.Address {
	target := be.e.m.blocks[r.addr]
	if target == nil || !target.repeated() {
		return r.addr
	}
	v, ds := safeValue(r.key, be.ctx)
	v, _ = v.Unmark()
	if ds.HasErrors() || !v.IsKnown() || v.IsNull() {
		return r.addr
	}
	addr := r.addr
	if target.count != nil {
		n, err := convertTo(v, cty.Number)
		if err != nil {
			return r.addr
		}
		i, _ := n.AsBigFloat().Int64()
		addr.Key = resource.IntKey(int(i))
	} else {
		s, err := convertTo(v, cty.String)
		if err != nil {
			return r.addr
		}
		addr.Key = resource.StringKey(s.AsString())
	}
	if be.e.state(r.addr).instances[addr.Key] == nil {
		return r.addr
	}
	return addr
}
