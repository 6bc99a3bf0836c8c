package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// meta holds the arguments that every kind of block has.
type meta struct {
	forEach, count *expr
	// provider is the name of the provider block that was written, or "".
	provider      string
	providerRange diag.Range
	dependsOn     []explicitDep
	// after are the blocks that dependsOn names.
	after []resource.Address

	onDestroy, forceDestroy, preventDestroy *expr
	ignore                                  []ignored
	ignoreAll                               bool

	strays []stray
}

type explicitDep struct {
	traversal hcl.Traversal
	rng       diag.Range
}

type ignored struct {
	name string
	rng  diag.Range
}

// metaArgs are the names of those arguments.
func metaArgs(b *block) []string {
	switch b.typ {
	case ClusterBlock:
		return []string{"depends_on", "for_each", "count"}
	case DataBlock:
		return []string{"provider", "depends_on", "for_each", "count"}
	default:
		return []string{"provider", "depends_on", "for_each", "count", "on_destroy", "force_destroy"}
	}
}

func (m *Module) lifecycleShape() shape {
	return shape{args: []string{"prevent_destroy", "ignore_changes"}, unsupported: func(name string, rng diag.Range, _ bool) {
		switch name {
		case "create_before_destroy", "replace_triggered_by", "precondition", "postcondition":
			m.report.errorf(rng, "Not supported", "idpctl has no %s. A lifecycle block holds prevent_destroy and ignore_changes.", name)
		default:
			m.report.errorf(rng, "Unsupported argument", "A lifecycle block holds prevent_destroy and ignore_changes, not %q.%s",
				name, didYouMean(name, []string{"prevent_destroy", "ignore_changes"}))
		}
	}}
}

// declareMeta moves those arguments from the content to the block.
func (m *Module) declareMeta(b *block) {
	take := func(c *content, name string) *expr {
		a := c.args[name]
		if a == nil {
			return nil
		}
		delete(c.args, name)
		return a.expr
	}
	// Names of blocks are no expressions: they are not analysed as such.
	static := func(e *expr) *expr {
		if e != nil {
			b.exprs = slices.DeleteFunc(b.exprs, func(x *expr) bool { return x == e })
		}
		return e
	}
	b.forEach, b.count = take(b.content, "for_each"), take(b.content, "count")
	if b.forEach != nil && b.count != nil {
		m.report.errorf(b.count.rng, `Invalid combination of "count" and "for_each"`,
			"A block has either count or for_each, not both.")
		b.count, b.broken = nil, true
	}
	if b.typ == ResourceBlock {
		b.onDestroy, b.forceDestroy = take(b.content, "on_destroy"), take(b.content, "force_destroy")
	}
	if b.typ != ClusterBlock {
		if e := static(take(b.content, "provider")); e != nil {
			b.provider, b.providerRange = m.providerName(e), e.rng
			b.broken = b.broken || b.provider == ""
		}
	}
	if e := static(take(b.content, "depends_on")); e != nil {
		m.declareDependsOn(b, e)
	}
	var lifecycle *nested
	b.content.blocks = slices.DeleteFunc(b.content.blocks, func(n *nested) bool {
		if n.typ != "lifecycle" || b.typ != ResourceBlock {
			return false
		}
		if lifecycle != nil {
			m.report.errorf(n.content.rng, "Duplicate lifecycle block", "A block has one lifecycle block at most; the other is at %s.", lifecycle.content.rng)
			static(take(n.content, "ignore_changes"))
			return true
		}
		lifecycle = n
		return true
	})
	if lifecycle == nil {
		return
	}
	b.preventDestroy = take(lifecycle.content, "prevent_destroy")
	if e := static(take(lifecycle.content, "ignore_changes")); e != nil {
		m.declareIgnore(b, e)
	}
}

// providerName reads keycloak or keycloak.eu; "" if it is neither.
func (m *Module) providerName(e *expr) string {
	t, ds := hcl.AbsTraversalForExpr(e.Expression)
	if !ds.HasErrors() {
		switch len(t) {
		case 1:
			return t.RootName()
		case 2:
			if alias, ok := t[1].(hcl.TraverseAttr); ok {
				return t.RootName() + "." + alias.Name
			}
		}
	}
	m.report.errorf(e.rng, "Invalid provider reference",
		"The provider argument names a provider block: its type, followed by a dot and its alias if it has one, as in provider = keycloak.eu, without quotes.")
	return ""
}

func (m *Module) declareDependsOn(b *block, e *expr) {
	items, ds := hcl.ExprList(e.Expression)
	if ds.HasErrors() {
		m.report.errorf(e.rng, "Invalid expression", "depends_on is a list of blocks, as in [realm.influxdb].")
		return
	}
	for _, item := range items {
		rng := fromRange(item.Range())
		t, ds := hcl.AbsTraversalForExpr(item)
		if ds.HasErrors() {
			m.report.errorf(rng, "Invalid expression", "depends_on holds references to blocks, such as realm.influxdb, without quotes or calculations.")
			continue
		}
		b.dependsOn = append(b.dependsOn, explicitDep{t, rng})
	}
}

func (m *Module) declareIgnore(b *block, e *expr) {
	if hcl.ExprAsKeyword(e.Expression) == "all" {
		b.ignoreAll = true
		return
	}
	items, ds := hcl.ExprList(e.Expression)
	if ds.HasErrors() {
		m.report.errorf(e.rng, "Invalid expression", "ignore_changes is a list of attribute names, as in [first_name], or the word all.")
		return
	}
	for _, item := range items {
		rng := fromRange(item.Range())
		t, ds := hcl.AbsTraversalForExpr(item)
		switch {
		case ds.HasErrors():
			if lit, ok := stringLiteral(item); ok {
				b.ignore = append(b.ignore, ignored{lit, rng})
				continue
			}
			m.report.errorf(rng, "Invalid expression", "ignore_changes holds names of attributes, without calculations.")
		case len(t) > 1:
			m.report.errorf(rng, "Invalid expression", "ignore_changes takes whole attributes: write %s.", t.RootName())
		default:
			b.ignore = append(b.ignore, ignored{t.RootName(), rng})
		}
	}
}

// stringLiteral returns the text of a string without any interpolation.
func stringLiteral(e hcl.Expression) (string, bool) {
	if t, ok := nativeExpr(e).(*hclsyntax.TemplateExpr); ok && t.IsStringLiteral() {
		v, _ := t.Value(nil)
		return v.AsString(), true
	}
	return "", false
}

// checkIgnored refuses names in ignore_changes that no candidate has.
func (m *Module) checkIgnored(b *block) {
	for _, ig := range b.ignore {
		var known []string
		found := false
		for _, c := range b.candidates {
			for _, a := range c.kind.Attributes {
				known = append(known, a.Name)
				found = found || a.Name == ig.name
			}
		}
		if !found && len(known) > 0 {
			m.report.errorf(ig.rng, "Unsupported attribute", "A %s has no attribute named %q.%s", b.kindName, ig.name, didYouMean(ig.name, known))
		}
	}
}

// ignoredNames are the attributes whose differences are left alone.
func (b *block) ignoredNames(k resource.Kind) []string {
	var out []string
	for _, a := range k.Attributes {
		if b.ignoreAll || slices.ContainsFunc(b.ignore, func(i ignored) bool { return i.name == a.Name }) {
			out = append(out, a.Name)
		}
	}
	return out
}
