package config

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// BlockType tells what kind of block a [Block] is.
type BlockType uint8

const (
	// ResourceBlock is managed: realm, client, user, group.
	ResourceBlock BlockType = iota
	// DataBlock is looked up; its [resource.Address] has the mode Data.
	DataBlock
	// ClusterBlock is the InfluxDB side; see [Evaluator.Clusters].
	ClusterBlock
)

// block is a resource, data or cluster block as declared.
type block struct {
	addr resource.Address
	typ  BlockType
	// kindName is the kind of what it manages or finds: "user" for data "users".
	kindName string
	plural   bool
	rng      diag.Range
	json     bool
	content  *content
	meta

	// candidates are the provider types that it may belong to.
	candidates []candidate
	// exprs are all its expressions.
	exprs []*expr
	refs  refs
	// ranges are the places of its arguments.
	ranges map[string]diag.Range
	// deps are the blocks it depends on, directly and through locals.
	deps []resource.Address
	// inCycle: it takes part in a cycle and is never evaluated.
	inCycle bool
	// broken: a mistake was reported that makes evaluation pointless.
	broken bool
}

// candidate is a kind of a provider type; Info.Type is empty for clusters.
type candidate struct {
	info providers.Info
	kind resource.Kind
	// all are the kind's attributes with "id", made once.
	all []resource.Attribute
}

// repeated reports whether the block has for_each or count.
func (b *block) repeated() bool { return b.forEach != nil || b.count != nil }

// laterBlocks are the block types of the language that this version does not
// know, with their labels.
func laterBlocks() map[string][]string {
	return map[string][]string{
		"module": {"name"}, "import": nil, "moved": nil, "removed": nil, "state": nil,
	}
}

// rootShape is what may stand at the top of a file.
func (m *Module) rootShape() shape {
	labels := map[string][]string{
		"provider": {"type"}, "data": {"type", "name"}, "cluster": {"name"}, "idpctl": nil,
		"variable": {"name"}, "locals": nil, "output": {"name"},
		"resource": {"type", "name"}, "terraform": nil,
	}
	for _, kind := range m.kindNames() {
		labels[kind] = []string{"name"}
	}
	names := make([]string, 0, len(labels))
	for name := range labels {
		names = append(names, name)
	}
	sort.Strings(names)
	known := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "resource" || n == "terraform" })
	for name, l := range laterBlocks() {
		labels[name], names = l, append(names, name)
	}
	return shape{blocks: names, labels: labels, unsupported: func(name string, rng diag.Range, isBlock bool) {
		if !isBlock {
			m.report.errorf(rng, "Unsupported argument", "Only blocks stand at the top of a file; %q is an argument.%s", name, didYouMean(name, known))
			return
		}
		if why := m.foreignKind(name); why != "" {
			m.report.errorf(rng, "Unsupported block type", "%s", why)
			return
		}
		m.report.errorf(rng, "Unsupported block type", "Blocks of type %q are not expected here.%s", name, didYouMean(name, known))
	}}
}

// insteadOfResource says what to write instead of Terraform's resource of a type,
// whose name begins with that of its provider.
func (m *Module) insteadOfResource(typ, label string) string {
	kinds := m.kindNames()
	_, bare, _ := strings.Cut(typ, "_")
	for _, kind := range []string{typ, bare} {
		if slices.Contains(kinds, kind) {
			return fmt.Sprintf(" Write %s %q { … }.", kind, label)
		}
	}
	if why := m.foreignKind(bare); why != "" {
		return " " + why
	}
	return " There are " + strings.Join(kinds, ", ") + "."
}

// declare takes over what one file declares.
func (m *Module) declare(f *sourceFile) {
	root := m.rootShape()
	if f.json {
		// Any property at the top of a JSON file is meant as a block.
		unsupported := root.unsupported
		root.unsupported = func(name string, rng diag.Range, _ bool) { unsupported(name, rng, true) }
	}
	_, blocks, _ := m.decodeRaw(&m.report, f.body, root)
	later := laterBlocks()
	for _, b := range blocks {
		rng := fromRange(b.DefRange)
		if !m.validLabels(b) {
			continue
		}
		switch b.Type {
		case "provider":
			m.declareProvider(b)
		case "variable":
			m.declareVariable(b)
		case "locals":
			m.declareLocals(b)
		case "output":
			m.declareOutput(b)
		case "idpctl":
			m.declareSettings(b)
		case "data":
			m.declareData(b, f.json)
		case "cluster":
			m.declareBlock(&block{
				addr: resource.Address{Kind: "cluster", Name: b.Labels[0]}, typ: ClusterBlock,
				kindName: "cluster", rng: rng, json: f.json,
			}, b)
		case "resource":
			m.report.errorf(rng, "Unsupported block type", "There are no resource blocks: the kind is the type of the block.%s", m.insteadOfResource(b.Labels[0], b.Labels[1]))
		case "terraform":
			m.report.errorf(rng, "Unsupported block type", "Settings of idpctl stand in a block of type idpctl.")
		default:
			if _, ok := later[b.Type]; ok {
				m.report.errorf(rng, "Not supported yet", "Blocks of type %q are not supported yet by this version of idpctl.", b.Type)
				continue
			}
			m.declareBlock(&block{
				addr: resource.Address{Kind: b.Type, Name: b.Labels[0]}, typ: ResourceBlock,
				kindName: b.Type, rng: rng, json: f.json,
			}, b)
		}
	}
}

// validLabels refuses labels that could not be referred to.
func (m *Module) validLabels(b *hcl.Block) bool {
	ok := true
	for i, label := range b.Labels {
		if !hclsyntax.ValidIdentifier(label) {
			m.report.errorf(fromRange(b.LabelRanges[i]), "Invalid name",
				"%q cannot be used as a name: a name starts with a letter or underscore and holds letters, digits, underscores and dashes only.", label)
			ok = false
		}
	}
	return ok
}

func (m *Module) declareData(b *hcl.Block, json bool) {
	typ := b.Labels[0]
	addr := resource.Address{Mode: resource.Data, Kind: typ, Name: b.Labels[1]}
	decl := &block{addr: addr, typ: DataBlock, kindName: typ, rng: fromRange(b.DefRange), json: json}
	var known []string
	for _, info := range m.infos() {
		for _, k := range info.Kinds {
			if len(k.Lookup) > 0 {
				known = append(known, k.Name)
			}
			if k.Plural != "" {
				known = append(known, k.Plural)
				if k.Plural == typ {
					decl.kindName, decl.plural = k.Name, true
				}
			}
		}
	}
	if !slices.Contains(known, typ) {
		m.report.errorf(fromRange(b.LabelRanges[0]), "Unsupported data block",
			"There is no data block of type %q.%s", typ, didYouMean(typ, known))
		return
	}
	m.declareBlock(decl, b)
}

// declareBlock decodes a block against the attributes that any provider knows;
// which ones its own provider knows is checked when that is certain.
func (m *Module) declareBlock(decl *block, b *hcl.Block) {
	if before, ok := m.blocks[decl.addr]; ok {
		m.report.errorf(decl.rng, fmt.Sprintf("Duplicate %s configuration", decl.headline()),
			"A block %s was already declared at %s. Give one of them another name.", decl.addr, before.rng)
		return
	}
	decl.content = m.decode(&m.report, b.Body, decl.rng, m.blockShape(decl), func(e *expr) {
		decl.exprs = append(decl.exprs, e)
	})
	m.blocks[decl.addr] = decl
	m.blockOrder = append(m.blockOrder, decl)
	m.declareMeta(decl)
}

// headline is the block's type as a user writes it.
func (b *block) headline() string {
	if b.typ == DataBlock {
		return fmt.Sprintf("data %q", b.addr.Kind)
	}
	return b.addr.Kind
}

// blockShape is the union of what all provider types accept in the block.
func (m *Module) blockShape(b *block) shape {
	s := shape{dynamic: true, inner: func(string) shape { return shape{} }}
	inner := map[string]shape{"lifecycle": m.lifecycleShape()}
	seen := map[string]bool{}
	for _, c := range m.allCandidates(b) {
		for _, a := range b.spec(c.kind) {
			switch {
			case seen[a.Name]:
			case a.Block != nil:
				s.blocks = append(s.blocks, a.Name)
				inner[a.Name] = m.nestedShape(a)
			default:
				s.args = append(s.args, a.Name)
			}
			seen[a.Name] = true
		}
	}
	s.args = append(s.args, metaArgs(b)...)
	if b.typ == ResourceBlock {
		s.blocks = append(s.blocks, "lifecycle")
	}
	s.inner = func(typ string) shape { return inner[typ] }
	s.unsupported = func(name string, rng diag.Range, isBlock bool) {
		b.strays = append(b.strays, stray{name, rng, isBlock})
	}
	return s
}

// nestedShape is what may stand in a nested block.
func (m *Module) nestedShape(a resource.Attribute) shape {
	s := shape{dynamic: true}
	inner := map[string]shape{}
	for _, c := range a.Block {
		if c.Block != nil {
			s.blocks = append(s.blocks, c.Name)
			inner[c.Name] = m.nestedShape(c)
		} else {
			s.args = append(s.args, c.Name)
		}
	}
	s.inner = func(typ string) shape { return inner[typ] }
	all := append(slices.Clone(s.args), s.blocks...)
	s.unsupported = func(name string, rng diag.Range, isBlock bool) {
		m.unsupported(rng, name, isBlock, s, indefinite(a.Name)+" block", all)
	}
	return s
}

// unsupported reports a name that a body of a known shape may not hold.
func (m *Module) unsupported(rng diag.Range, name string, isBlock bool, s shape, where string, all []string) {
	switch {
	case isBlock && slices.Contains(s.args, name):
		m.report.errorf(rng, "Unsupported block type", "%q is an argument of %s, not a block. Write %s = …", name, where, name)
	case !isBlock && slices.Contains(s.blocks, name):
		m.report.errorf(rng, "Unsupported argument", "%q is a block in %s, not an argument. Write %s { … } without an equals sign.", name, where, name)
	case isBlock:
		m.report.errorf(rng, "Unsupported block type", "Blocks of type %q are not expected in %s.%s", name, where, didYouMean(name, s.blocks))
	default:
		m.report.errorf(rng, "Unsupported argument", "An argument named %q is not expected in %s.%s", name, where, didYouMean(name, all))
	}
}

// spec lists what may be written in the block if its kind is k.
func (b *block) spec(k resource.Kind) []resource.Attribute {
	switch {
	case b.typ == ClusterBlock:
		return k.Attributes
	case b.typ == ResourceBlock:
		return k.All()
	case b.plural:
		return withParent(k, k.Filters)
	case k.Given:
		return slices.DeleteFunc(slices.Clone(k.All()), func(a resource.Attribute) bool { return a.Computed })
	}
	var names []string
	for _, set := range k.Lookup {
		names = append(names, set...)
	}
	var out []resource.Attribute
	for _, a := range k.All() {
		if slices.Contains(names, a.Name) {
			a.Required, a.Computed = false, false
			out = append(out, a)
		}
	}
	return withParent(k, out)
}

// withParent adds the attribute that refers to the object's home, if it is not
// there already.
func withParent(k resource.Kind, attrs []resource.Attribute) []resource.Attribute {
	if k.Parent == "" || slices.ContainsFunc(attrs, func(a resource.Attribute) bool { return a.Name == k.Parent }) {
		return attrs
	}
	parent, ok := k.Attribute(k.Parent)
	if !ok {
		return attrs
	}
	return append(slices.Clone(attrs), parent)
}

// allCandidates are the kinds of that name of every provider type there is.
func (m *Module) allCandidates(b *block) []candidate {
	if b.typ == ClusterBlock {
		return []candidate{{kind: m.opts.Cluster, all: m.opts.Cluster.Attributes}}
	}
	key := resource.Address{Mode: b.addr.Mode, Kind: b.addr.Kind}
	if found, ok := m.known[key]; ok {
		return found
	}
	var out []candidate
	for _, info := range m.infos() {
		k, ok := info.Kind(b.kindName)
		if !ok || b.typ == DataBlock && !b.plural && len(k.Lookup) == 0 || b.plural && k.Plural != b.addr.Kind {
			continue
		}
		if b.typ == ResourceBlock && k.DataOnly {
			continue
		}
		out = append(out, candidate{info, k, k.All()})
	}
	m.known[key] = out
	return out
}

// infos are the provider types in alphabetical order.
func (m *Module) infos() []providers.Info {
	types := make([]string, 0, len(m.opts.Providers))
	for t := range m.opts.Providers {
		types = append(types, t)
	}
	sort.Strings(types)
	out := make([]providers.Info, len(types))
	for i, t := range types {
		out[i] = m.opts.Providers[t]
	}
	return out
}

// kindNames are the kinds that any provider type has.
func (m *Module) kindNames() []string {
	var out []string
	for _, info := range m.infos() {
		for _, k := range info.Kinds {
			if !slices.Contains(out, k.Name) && k.Name != "cluster" {
				out = append(out, k.Name)
			}
		}
	}
	sort.Strings(out)
	return out
}

// stray is a name in a body that no provider type knows there.
type stray struct {
	name    string
	rng     diag.Range
	isBlock bool
}

// names are the candidates' provider names, for messages.
func names(cs []candidate) string {
	var out []string
	for _, c := range cs {
		out = append(out, c.info.Name)
	}
	return strings.TrimSpace(list(out, "and"))
}
