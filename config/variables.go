package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	version "github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// variable is an input variable as declared.
type variable struct {
	name        string
	rng         diag.Range
	description string
	// typ is what a value is converted to; typed says that it was written.
	typ       cty.Type
	typed     bool
	defaults  *typeexpr.Defaults
	fallback  cty.Value // cty.NilVal: required
	def       *expr
	sensitive bool
	nullable  bool
	checks    []validation
	// broken: a mistake in it was reported; its value is not known.
	broken bool
}

type validation struct {
	rng                diag.Range
	condition, message *expr
}

// local is a local value.
type local struct {
	name string
	expr *expr
	rng  diag.Range
	// blocks are all the blocks that it depends on, through other locals too.
	blocks  []resource.Address
	depth   int
	inCycle bool
	// secret: something sensitive is made of it.
	secret bool
}

// output is an output value as declared.
type output struct {
	name        string
	rng         diag.Range
	value       *expr
	description string
	sensitive   bool
	dependsOn   []explicitDep
}

// constant evaluates an argument that may not refer to anything; ok is false
// if it is absent or wrong.
func (m *Module) constant(attr *hcl.Attribute, want cty.Type) (cty.Value, bool) {
	if attr == nil {
		return cty.NilVal, false
	}
	v, ds := attr.Expr.Value(nil)
	if ds.HasErrors() {
		m.report.hcl(ds)
		return cty.NilVal, false
	}
	out, err := convert.Convert(v, want)
	if err != nil || out.IsNull() || !out.IsWhollyKnown() {
		m.report.errorf(fromRange(attr.Expr.Range()), "Unsuitable value type",
			"%q must be a %s, written out.", attr.Name, want.FriendlyNameForConstraint())
		return cty.NilVal, false
	}
	return out, true
}

func (m *Module) constantString(attr *hcl.Attribute) string {
	if v, ok := m.constant(attr, cty.String); ok {
		return v.AsString()
	}
	return ""
}

func (m *Module) constantBool(attr *hcl.Attribute, otherwise bool) bool {
	if v, ok := m.constant(attr, cty.Bool); ok {
		return v.True()
	}
	return otherwise
}

// plainShape is a body with fixed names.
func (m *Module) plainShape(where string, args, blocks []string) shape {
	s := shape{args: args, blocks: blocks}
	s.unsupported = func(name string, rng diag.Range, isBlock bool) {
		switch name {
		case "ephemeral", "deprecated", "precondition", "const":
			m.report.errorf(rng, "Not supported", "idpctl does not support %q in %s.", name, where)
			return
		}
		m.unsupported(rng, name, isBlock, s, where, slices.Concat(args, blocks))
	}
	return s
}

func (m *Module) declareVariable(b *hcl.Block) {
	v := &variable{name: b.Labels[0], rng: fromRange(b.DefRange), typ: cty.DynamicPseudoType, nullable: true, fallback: cty.NilVal}
	if before, ok := m.variables[v.name]; ok {
		m.report.errorf(v.rng, "Duplicate variable declaration", "A variable named %q was already declared at %s.", v.name, before.rng)
		return
	}
	if slices.Contains([]string{"source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"}, v.name) {
		m.report.errorf(v.rng, "Invalid variable name", "The name %q is reserved: it is an argument of module blocks.", v.name)
	}
	m.variables[v.name] = v
	attrs, blocks, _ := m.decodeRaw(&m.report, b.Body, m.plainShape("a variable block",
		[]string{"type", "default", "sensitive", "description", "nullable"}, []string{"validation"}))
	v.description = m.constantString(attrs["description"])
	v.sensitive = m.constantBool(attrs["sensitive"], false)
	v.nullable = m.constantBool(attrs["nullable"], true)
	if attr := attrs["sensitive"]; attr != nil {
		if _, ok := m.constant(attr, cty.Bool); !ok {
			v.sensitive = true // it was meant to be
		}
	}
	if attr := attrs["type"]; attr != nil {
		typ, defaults, ds := typeexpr.TypeConstraintWithDefaults(attr.Expr)
		m.report.hcl(ds)
		if v.broken = ds.HasErrors(); !v.broken {
			v.typ, v.defaults, v.typed = typ, defaults, true
		}
	}
	if attr := attrs["default"]; attr != nil {
		v.def = newExpr(attr.Expr)
		m.declareDefault(v, attr)
	}
	for _, vb := range blocks {
		m.declareValidation(v, vb)
	}
}

func (m *Module) declareDefault(v *variable, attr *hcl.Attribute) {
	val, ds := attr.Expr.Value(nil)
	if ds.HasErrors() {
		m.report.hcl(ds)
		v.broken = true
		return
	}
	if v.broken {
		return
	}
	conv, err := v.convert(val)
	switch {
	case err != nil:
		m.report.errorf(fromRange(attr.Expr.Range()), "Invalid default value for variable",
			"The default does not fit the type of the variable: %s.", v.convertError(err))
		v.broken = true
	case conv.IsNull() && !v.nullable:
		m.report.errorf(fromRange(attr.Expr.Range()), "Invalid default value for variable", "With nullable = false, the default cannot be null.")
		v.broken = true
	default:
		v.fallback = conv
	}
}

// convert makes a value fit the variable's type.
func (v *variable) convert(val cty.Value) (cty.Value, error) {
	if v.defaults != nil && !val.IsNull() {
		val = v.defaults.Apply(val)
	}
	return convert.Convert(val, v.typ)
}

// convertError says what does not fit, without any part of a sensitive value:
// even the names of its attributes are left out.
func (v *variable) convertError(err error) string {
	if v.sensitive {
		return typeexpr.TypeString(v.typ) + " required"
	}
	return conversionError(err)
}

func (m *Module) declareValidation(v *variable, b *hcl.Block) {
	attrs, _, _ := m.decodeRaw(&m.report, b.Body, m.plainShape("a validation block", []string{"condition", "error_message"}, nil))
	c := validation{rng: fromRange(b.DefRange)}
	for _, name := range []string{"condition", "error_message"} {
		attr := attrs[name]
		if attr == nil {
			m.report.errorf(c.rng, "Missing required argument", "A validation block needs %q.", name)
			return
		}
		e := newExpr(attr.Expr)
		if name == "condition" {
			c.condition = e
		} else {
			c.message = e
		}
	}
	v.checks = append(v.checks, c)
}

func (m *Module) declareLocals(b *hcl.Block) {
	attrs, ds := b.Body.JustAttributes()
	m.report.hcl(ds)
	for name, attr := range attrs {
		l := &local{name: name, expr: newExpr(attr.Expr), rng: fromRange(attr.NameRange)}
		before, ok := m.locals[name]
		if !ok {
			m.locals[name] = l
			continue
		}
		if l.rng.Filename == before.rng.Filename && l.rng.Start.Byte < before.rng.Start.Byte {
			m.locals[name], l, before = l, before, l
		}
		m.report.errorf(l.rng, "Duplicate local value definition", "A local value named %q was already defined at %s.", name, before.rng)
	}
}

func (m *Module) declareOutput(b *hcl.Block) {
	o := &output{name: b.Labels[0], rng: fromRange(b.DefRange)}
	if before, ok := m.outputs[o.name]; ok {
		m.report.errorf(o.rng, "Duplicate output definition", "An output named %q was already defined at %s.", o.name, before.rng)
		return
	}
	m.outputs[o.name] = o
	attrs, _, _ := m.decodeRaw(&m.report, b.Body, m.plainShape("an output block", []string{"value", "sensitive", "description", "depends_on"}, nil))
	o.description = m.constantString(attrs["description"])
	o.sensitive = m.constantBool(attrs["sensitive"], false)
	if attrs["value"] == nil {
		m.report.errorf(o.rng, "Missing required argument", `The argument "value" is required, but no definition was found.`)
		return
	}
	o.value = newExpr(attrs["value"].Expr)
	if attr := attrs["depends_on"]; attr != nil {
		dummy := &block{}
		m.declareDependsOn(dummy, newExpr(attr.Expr))
		o.dependsOn = dummy.dependsOn
	}
}

func validNamespace() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`) }

func (m *Module) declareSettings(b *hcl.Block) {
	rng := fromRange(b.DefRange)
	if !m.settings.IsZero() {
		m.report.errorf(rng, "Duplicate idpctl configuration", "There may be one idpctl block; the other is at %s.", m.settings)
		return
	}
	m.settings = rng
	attrs, _, _ := m.decodeRaw(&m.report, b.Body, m.plainShape("an idpctl block", []string{"namespace", "required_version"}, nil))
	if attr := attrs["namespace"]; attr != nil {
		if v, ok := m.constant(attr, cty.String); ok {
			m.namespace = v.AsString()
			if !validNamespace().MatchString(m.namespace) {
				m.report.errorf(fromRange(attr.Expr.Range()), "Invalid namespace",
					"A namespace starts with a letter or digit and holds up to 63 letters, digits, dots, underscores and dashes.")
			}
		}
	}
	if attr := attrs["required_version"]; attr != nil {
		if v, ok := m.constant(attr, cty.String); ok {
			m.checkVersion(v.AsString(), fromRange(attr.Expr.Range()))
		}
	}
}

// checkVersion compares the running version with what the configuration asks
// for. A version that is none, such as that of a build from a checkout, fits.
func (m *Module) checkVersion(constraint string, rng diag.Range) {
	constraints, err := version.NewConstraint(constraint)
	if err != nil {
		m.report.errorf(rng, "Invalid version constraint", `%q is not a version constraint. Write one as in ">= 1.2, < 2.0" or "~> 1.2".`, constraint)
		return
	}
	have, err := version.NewVersion(m.opts.Version)
	if err != nil {
		return
	}
	if !constraints.Check(have.Core()) {
		m.report.errorf(rng, "Unsupported idpctl version", "This configuration needs idpctl %s, and this is %s.", constraint, m.opts.Version)
	}
}

// conversionError is a conversion's error with the path to the element that
// does not fit.
func conversionError(err error) string {
	var pe cty.PathError
	if errors.As(err, &pe) && len(pe.Path) > 0 {
		return fmt.Sprintf("%s: %s", pathString(pe.Path), pe.Error())
	}
	return err.Error()
}

func pathString(p cty.Path) string {
	out := ""
	for _, step := range p {
		switch s := step.(type) {
		case cty.GetAttrStep:
			out += "." + s.Name
		case cty.IndexStep:
			switch {
			case s.Key.IsMarked() || !s.Key.IsKnown() || s.Key.IsNull():
				out += "[…]"
			case s.Key.Type() == cty.String:
				out += fmt.Sprintf("[%q]", s.Key.AsString())
			case s.Key.Type() == cty.Number:
				out += "[" + s.Key.AsBigFloat().Text('f', -1) + "]"
			default:
				out += "[…]"
			}
		}
	}
	return "element " + out
}
