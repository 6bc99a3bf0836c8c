package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// ProviderBlock is a configured provider.
type ProviderBlock struct {
	// Name is "keycloak", or "keycloak.eu" for the alias eu.
	Name string
	// Type is the label of the block: "keycloak".
	Type string
	// Range is the block's header.
	Range diag.Range
}

type providerBlock struct {
	ProviderBlock
	info    providers.Info
	content *content
	exprs   []*expr
}

// Providers returns the provider blocks in the order of the files.
func (m *Module) Providers() []ProviderBlock {
	out := make([]ProviderBlock, len(m.providerOrder))
	for i, name := range m.providerOrder {
		out[i] = m.providers[name].ProviderBlock
	}
	return out
}

func (m *Module) declareProvider(b *hcl.Block) {
	typ, rng := b.Labels[0], fromRange(b.DefRange)
	info, ok := m.opts.Providers[typ]
	if !ok {
		known := keysOf(m.opts.Providers)
		m.report.errorf(fromRange(b.LabelRanges[0]), "Unknown provider",
			"There is no provider %q.%s The providers are %s.", typ, didYouMean(typ, known), list(quoted(known), "and"))
		return
	}
	p := &providerBlock{ProviderBlock: ProviderBlock{Name: typ, Type: typ, Range: rng}, info: info}
	spec := shape{dynamic: true}
	inner := map[string]shape{}
	for _, a := range info.Config {
		if a.Block != nil {
			spec.blocks = append(spec.blocks, a.Name)
			inner[a.Name] = m.nestedShape(a)
		} else {
			spec.args = append(spec.args, a.Name)
		}
	}
	spec.args = append(spec.args, "alias")
	spec.inner = func(t string) shape { return inner[t] }
	spec.unsupported = func(name string, at diag.Range, isBlock bool) {
		m.unsupported(at, name, isBlock, spec, fmt.Sprintf("the provider block of %s", info.Name), slices.Concat(spec.args, spec.blocks))
	}
	p.content = m.decode(&m.report, b.Body, rng, spec, func(e *expr) { p.exprs = append(p.exprs, e) })
	if alias := p.content.args["alias"]; alias != nil {
		delete(p.content.args, "alias")
		p.exprs = slices.DeleteFunc(p.exprs, func(e *expr) bool { return e == alias.expr })
		name, ok := stringLiteral(alias.expr.Expression)
		if !ok || !hclsyntax.ValidIdentifier(name) {
			m.report.errorf(alias.expr.rng, "Invalid provider alias", `An alias is a name in quotes, as in alias = "eu".`)
			return
		}
		p.Name = typ + "." + name
	}
	if before, ok := m.providers[p.Name]; ok {
		m.report.errorf(rng, "Duplicate provider configuration",
			"A provider block %s was already declared at %s. Give one of them an alias: alias = \"eu\".", p.Name, before.Range)
		return
	}
	m.providers[p.Name] = p
	m.providerOrder = append(m.providerOrder, p.Name)
}

// resolveCandidates decides for each block which provider types it may belong
// to, and reports what none of them knows.
func (m *Module) resolveCandidates() {
	for _, b := range m.blockOrder {
		if b.provider != "" && m.providers[b.provider] == nil {
			m.report.errorf(b.providerRange, "Provider configuration not present",
				"There is no provider block %q.%s", b.provider, didYouMean(b.provider, m.providerOrder))
			b.broken = true
		}
	}
	var homeless []*block
	for _, b := range m.blockOrder {
		all := m.allCandidates(b)
		if b.typ == ClusterBlock {
			b.candidates = all
		} else {
			types := m.staticTypes(b, map[*block]bool{})
			for _, c := range all {
				if slices.Contains(types, c.info.Type) {
					b.candidates = append(b.candidates, c)
				}
			}
			if len(b.candidates) == 0 {
				b.broken = true
				if len(m.providerOrder) == 0 {
					homeless = append(homeless, b)
				} else {
					m.noCandidate(b, all, types)
				}
				continue
			}
		}
		m.checkStrays(b)
		m.checkNames(b)
		m.checkIgnored(b)
	}
	m.noProvider(homeless)
}

// noProvider says once that no provider block is there at all.
func (m *Module) noProvider(homeless []*block) {
	if len(homeless) == 0 {
		return
	}
	first := homeless[0]
	others := ""
	if n := len(homeless) - 1; n == 1 {
		others = fmt.Sprintf(" %s lacks one, too.", homeless[1].addr)
	} else if n > 1 {
		others = fmt.Sprintf(" %d other blocks lack one, too.", n)
	}
	m.report.errorf(first.rng, "Provider configuration not present", "There is no provider block. Add one, such as provider %q { … }.%s",
		m.allCandidates(first)[0].info.Type, others)
}

// staticTypes are the provider types that a block may belong to, as far as
// that can be seen without evaluation.
func (m *Module) staticTypes(b *block, seen map[*block]bool) []string {
	if p := m.providers[b.provider]; p != nil {
		return []string{p.Type}
	}
	if home := m.staticParent(b); home != nil && !seen[home] {
		seen[home] = true
		return m.staticTypes(home, seen)
	}
	var out []string
	for _, name := range m.providerOrder {
		if typ := m.providers[name].Type; !slices.Contains(out, typ) {
			out = append(out, typ)
		}
	}
	// Among several provider types, the one that has the kind is meant.
	having := slices.DeleteFunc(slices.Clone(out), func(typ string) bool {
		return !slices.ContainsFunc(m.allCandidates(b), func(c candidate) bool { return c.info.Type == typ })
	})
	if len(having) > 0 {
		return having
	}
	return out
}

// staticParent is the block that the argument for the parent names directly.
func (m *Module) staticParent(b *block) *block {
	for _, c := range m.allCandidates(b) {
		a := b.content.args[c.kind.Parent]
		if c.kind.Parent == "" || a == nil {
			continue
		}
		e := a.expr
		for range maxLocalDepth {
			t := directTraversal(e.Expression)
			if t == nil {
				return nil
			}
			if name, ok := stepName(t, 1); ok && t.RootName() == "local" && len(t) == 2 && m.locals[name] != nil {
				e = m.locals[name].expr
				continue
			}
			addr, _, problem := m.blockOf(t)
			if problem != "" {
				return nil
			}
			return m.blocks[addr]
		}
	}
	return nil
}

// noCandidate explains why no provider type fits.
func (m *Module) noCandidate(b *block, all []candidate, types []string) {
	var mine []string
	for _, t := range types {
		mine = append(mine, m.opts.Providers[t].Name)
	}
	hint := ""
	for _, t := range types {
		if hint = sentence(m.opts.Providers[t].ForeignKinds[b.kindName].Instead); hint != "" {
			break
		}
		// The home of objects has another name with another provider.
		if len(all) == 0 || all[0].kind.Parent != "" {
			continue
		}
		for _, k := range m.opts.Providers[t].Kinds {
			if k.Parent == "" {
				hint = fmt.Sprintf(" With %s write %s instead.", m.opts.Providers[t].Name, k.Name)
			}
		}
	}
	m.report.errorf(b.rng, "Unsupported block type", "%s has no block %s; it is one of %s.%s",
		list(mine, "and"), b.headline(), names(all), hint)
}

// checkStrays reports the names that no provider type knows in the block.
func (m *Module) checkStrays(b *block) {
	s := m.blockShape(b)
	where := indefinite(b.headline()) + " block"
	all := slices.Concat(s.args, s.blocks)
	for _, x := range b.strays {
		if x.name == "force_destroy" || x.name == "on_destroy" || x.name == "lifecycle" {
			m.report.errorf(x.rng, "Unsupported argument", "%q has no meaning in %s: idpctl deletes nothing there.", x.name, where)
			continue
		}
		if m.lookedUp(b, x) || m.foreign(b, x) {
			continue
		}
		if b.typ == ClusterBlock && slices.Contains(laterTargets(), x.name) {
			m.report.errorf(x.rng, "Not supported yet", "Blocks of type %q in a cluster are not supported yet by this version of idpctl.", x.name)
			continue
		}
		m.unsupported(x.rng, x.name, x.isBlock, s, where, all)
	}
}

// laterTargets are the targets of a cluster that this version does not know.
func laterTargets() []string { return []string{"kubernetes"} }

// foreign explains a name that is known from another identity provider.
func (m *Module) foreign(b *block, x stray) bool {
	for _, c := range b.candidates {
		f, ok := c.kind.Foreign[x.name]
		if !ok || b.plural {
			continue
		}
		what := "argument"
		if x.isBlock {
			what = "block"
		}
		m.report.errorf(x.rng, "Unsupported "+what, "%q is known from %s; a %s of %s has no such %s.%s",
			x.name, f.Of, c.kind.Name, c.info.Name, what, sentence(f.Instead))
		return true
	}
	return false
}

// foreignKind explains a type of block that is one of other identity providers,
// or "".
func (m *Module) foreignKind(name string) string {
	for _, info := range m.infos() {
		if f, ok := info.ForeignKinds[name]; ok {
			return fmt.Sprintf("Blocks of type %q are for %s; %s has none.%s", name, f.Of, info.Name, sentence(f.Instead))
		}
	}
	return ""
}

// sentence is a clause as a further sentence; nothing for none.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return " " + s + "."
}

// lookedUp explains an attribute of the kind that a data block cannot take.
func (m *Module) lookedUp(b *block, x stray) bool {
	if b.typ != DataBlock {
		return false
	}
	for _, c := range b.candidates {
		if _, ok := c.kind.Attribute(x.name); !ok {
			continue
		}
		var by []string
		for _, a := range b.spec(c.kind) {
			by = append(by, a.Name)
		}
		m.report.errorf(x.rng, "Unsupported argument", "%q is looked up and never changed by a data block, so it cannot be set. A %s block takes %s.",
			x.name, b.headline(), list(by, "and"))
		return true
	}
	return false
}

// checkNames reports arguments that other provider types know, but none of the
// block's candidates.
func (m *Module) checkNames(b *block) {
	if b.typ == ClusterBlock {
		return
	}
	check := func(name string, rng diag.Range) bool {
		for _, c := range b.candidates {
			if slices.ContainsFunc(b.spec(c.kind), func(a resource.Attribute) bool { return a.Name == name }) {
				return true
			}
		}
		m.elsewhere(b, b.candidates, name, rng)
		return false
	}
	for _, name := range keysOf(b.content.args) {
		if a := b.content.args[name]; !check(name, a.nameRange) {
			a.expr.broken = true
		}
	}
	for _, n := range b.content.blocks {
		check(n.typ, n.content.rng)
	}
	if b.forceDestroy != nil && !slices.ContainsFunc(b.candidates, func(c candidate) bool { return len(c.kind.Contains) > 0 }) {
		m.report.errorf(b.forceDestroy.rng, "Unsupported argument", "force_destroy has no meaning for a %s: nothing else goes with it.", b.kindName)
	}
}

// elsewhere says which provider has an attribute and what to write instead.
func (m *Module) elsewhere(b *block, mine []candidate, name string, rng diag.Range) {
	m.elsewhereTo(&m.report, b, mine, name, rng)
}

func (m *Module) elsewhereTo(r *report, b *block, mine []candidate, name string, rng diag.Range) {
	var have []string
	hint := ""
	var own []string
	for _, c := range mine {
		for _, a := range b.spec(c.kind) {
			own = append(own, a.Name)
		}
	}
	for _, c := range m.allCandidates(b) {
		for _, a := range b.spec(c.kind) {
			if a.Name != name {
				continue
			}
			have = append(have, c.info.Name)
			if a.Elsewhere != "" {
				hint = " " + strings.TrimSuffix(a.Elsewhere, ".") + "."
			}
			if name == c.kind.Parent && len(mine) == 1 && mine[0].kind.Parent != "" && hint == "" {
				hint = fmt.Sprintf(" Write %s instead.", mine[0].kind.Parent)
			}
		}
	}
	if len(have) == 0 {
		r.errorf(rng, "Unsupported argument", "An argument named %q is not expected in a %s block.%s", name, b.headline(), didYouMean(name, own))
		return
	}
	if len(mine) > 0 && hint == "" { // who lacks it may know what it is called here
		hint = sentence(mine[0].kind.Foreign[name].Instead)
	}
	if hint == "" {
		hint = didYouMean(name, own)
	}
	r.errorf(rng, "Unsupported argument", "%q is an attribute of a %s of %s; a %s of %s has no such attribute.%s",
		name, b.kindName, list(have, "and"), b.kindName, names(mine), hint)
}

// environment makes a map of the environment; later entries win.
func environment(env []string) map[string]string {
	out := make(map[string]string, len(env))
	for _, kv := range env {
		if k, v, ok := strings.Cut(kv, "="); ok {
			out[k] = v
		}
	}
	return out
}
