package config

import (
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// Options is what [Load] needs beside the folder.
type Options struct {
	// Providers are the provider types that there are, by type.
	Providers map[string]providers.Info
	// Cluster is the schema of the cluster block: the references client and
	// admins, the arguments identity_provider, jwks_endpoint and exclusive, and
	// one attribute with Block set for each kind of target.
	Cluster resource.Kind
	// Vars are -var and -var-file in the order of the command line.
	Vars []VarSource
	// Env is the environment, as of os.Environ.
	Env []string
	// Prompt asks for variables without a value; nil where nobody can be
	// asked, and a missing one is an error.
	Prompt func(PromptRequest) (string, error)
	// Version is that of idpctl, for required_version. One that is no version
	// fits every constraint.
	Version string
	// Extra is configuration beside the files of the folder: what a command adds.
	Extra []Source
	// ValidateOnly: variables without a value are unknown, and provider blocks
	// may lack what the environment would give. For checks without credentials.
	ValidateOnly bool
}

// Source is a text in the native syntax, and what messages call it.
type Source struct {
	Name string
	Text []byte
}

// Module is a loaded configuration.
type Module struct {
	dir  string
	opts Options
	env  map[string]string

	report report
	files  map[string]*sourceFile
	funcs  map[string]function.Function
	base   *hcl.EvalContext

	patterns patterns
	// known are the candidates for blocks of a type, whatever their name.
	known map[resource.Address][]candidate

	namespace     string
	settings      diag.Range
	providers     map[string]*providerBlock
	providerOrder []string
	blocks        map[resource.Address]*block
	blockOrder    []*block
	layered       []*block
	layers        [][]Block
	variables     map[string]*variable
	values        map[string]cty.Value
	locals        map[string]*local
	outputs       map[string]*output

	// checked evaluated the configuration when it was loaded.
	checked *Evaluator

	// mu guards every evaluation: the splat nodes of a syntax tree hold state
	// while they are evaluated.
	mu sync.Mutex
}

// Load reads the configuration in dir and makes every check that needs no
// identity provider. It reports all that it finds, in the order of the files.
// The module is never nil; if there are errors, only [Module.Source] may be
// used.
func Load(dir string, opts Options) (*Module, diag.Diagnostics) {
	m := &Module{
		dir: dir, opts: opts, env: environment(opts.Env),
		namespace: resource.DefaultNamespace, patterns: patterns{}, known: map[resource.Address][]candidate{},
		files:     map[string]*sourceFile{},
		providers: map[string]*providerBlock{},
		blocks:    map[resource.Address]*block{},
		variables: map[string]*variable{},
		values:    map[string]cty.Value{},
		locals:    map[string]*local{},
		outputs:   map[string]*output{},
	}
	m.funcs = functions(dir)
	files := m.readFolder()
	if m.report.list.HasErrors() {
		// What the files that could not be read declare would be missing
		// everywhere: more diagnostics would only hide these.
		return m, m.report.sorted()
	}
	for _, f := range files {
		m.declare(f)
	}
	m.setVariables()
	m.resolveCandidates()
	m.analyseAll()
	m.maskSecrets()
	m.base = m.baseContext()
	m.validateVariables()
	m.evaluateDry()
	return m, m.report.sorted()
}

// Namespace is what the configuration calls itself, "default" if it does not.
func (m *Module) Namespace() string { return m.namespace }

// Layers returns the blocks in the order of evaluation: those of a layer refer
// only to blocks of layers before it.
func (m *Module) Layers() [][]Block { return m.layers }

// evaluateDry expands everything once without knowing what the providers
// hold, which finds the mistakes that constants and variables let one see.
func (m *Module) evaluateDry() {
	e := m.newEvaluator(true)
	for _, name := range m.providerOrder {
		m.addAll(e.ProviderConfig(name))
	}
	var all []resource.Desired
	var clusters []ClusterInstance
	for _, layer := range m.layers {
		for _, b := range layer {
			if b.Type == ClusterBlock {
				found, ds := e.Clusters(b.Address)
				m.addDiags(ds)
				clusters = append(clusters, found...)
				continue
			}
			found, ds := e.Expand(b.Address)
			m.addDiags(ds)
			all = append(all, found...)
		}
	}
	m.addAll(e.Outputs())
	m.addDiags(e.evaluateLocals())
	m.addDiags(m.CheckUnique(all))
	m.addDiags(CheckTargets(clusters))
	m.checked = e
}

// Writes reports whether a resource block of a kind sets an attribute.
func (m *Module) Writes(kind, attribute string) bool {
	for _, b := range m.blocks {
		if b.typ != ResourceBlock || b.kindName != kind {
			continue
		}
		_, argument := b.content.args[attribute]
		if argument || b.content.dynamic || slices.ContainsFunc(b.content.blocks, func(n *nested) bool { return n.typ == attribute }) {
			return true
		}
	}
	return false
}

// uses reports whether a block of a kind is there, managed or looked up by its
// own or its plural name, and writes one of some attributes; none: any block does.
func (m *Module) uses(info providers.Info, kind string, managed bool, attributes []string) bool {
	for _, b := range m.blocks {
		k, plural := info.KindOfPlural(b.kindName)
		is := b.kindName == kind || plural && k.Name == kind
		if !is || b.typ != ResourceBlock && (managed || b.typ != DataBlock) {
			continue
		}
		if len(attributes) == 0 {
			return true
		}
		for _, name := range attributes {
			if _, written := b.content.args[name]; written || b.content.dynamic {
				return true
			}
		}
	}
	return false
}

func (m *Module) addDiags(ds diag.Diagnostics) {
	for _, d := range ds {
		m.report.add(d)
	}
}

func (m *Module) addAll(_ any, ds diag.Diagnostics) { m.addDiags(ds) }
