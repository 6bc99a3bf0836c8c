package config

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// VarSource is one -var or -var-file of the command line.
type VarSource struct {
	// Assignment is "name=value", of -var.
	Assignment string
	// File is the path of -var-file; used if Assignment is empty.
	File string
}

// PromptRequest asks a person for the value of a variable.
type PromptRequest struct {
	Name, Description string
	// Type is the type constraint as it would be written.
	Type string
	// Sensitive: do not echo what is typed.
	Sensitive bool
}

// Where values of variables come from, besides files.
const (
	envPrefix   = "IDPCTL_VAR_"
	commandLine = "<command line>"
	varFileName = "idpctl.idpvars"
	autoSuffix  = ".auto.idpvars"
)

// varInput is a value that was given for a variable.
type varInput struct {
	// text is set for values that are text and still to be interpreted.
	text   string
	isText bool
	value  cty.Value
	rng    diag.Range
	// source is how a message names where it is from.
	source string
}

func place1(name string) diag.Range {
	return diag.Range{Filename: name, Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 1}}
}

// collectInputs gathers the values that were given, the later ones winning:
// environment, idpctl.idpvars, *.auto.idpvars, command line.
func (m *Module) collectInputs() map[string]varInput {
	inputs := map[string]varInput{}
	for _, kv := range m.opts.Env {
		key, value, _ := strings.Cut(kv, "=")
		name, ok := strings.CutPrefix(key, envPrefix)
		if ok && m.variables[name] != nil {
			inputs[name] = varInput{text: value, isText: true, source: "the environment variable " + key, rng: place1("<environment variable " + key + ">")}
		}
	}
	for _, name := range m.autoFiles() {
		m.readVarFile(inputs, filepath.Join(m.dir, name))
	}
	for _, source := range m.opts.Vars {
		if source.Assignment == "" {
			m.readVarFile(inputs, source.File)
			continue
		}
		name, value, ok := strings.Cut(source.Assignment, "=")
		name = strings.TrimSpace(name)
		switch {
		case !ok:
			m.report.errorf(place1(commandLine), "Invalid -var option", "The option -var takes a name and a value: -var name=value.")
		case m.variables[name] == nil:
			m.report.errorf(place1(commandLine), "Value for undeclared variable",
				"-var on the command line sets %q, and no variable of that name is declared.%s",
				diag.Clean(name, 80), didYouMean(name, keysOf(m.variables)))
		default:
			inputs[name] = varInput{text: value, isText: true, source: "-var on the command line", rng: place1(commandLine)}
		}
	}
	return inputs
}

// autoFiles are the variable files of the folder that are read without being
// named, in the order in which they count.
func (m *Module) autoFiles() []string {
	entries, err := os.ReadDir(m.dir)
	if err != nil {
		return nil // said already
	}
	var first, auto []string
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case entry.IsDir() || strings.HasPrefix(name, "."):
		case name == varFileName || name == varFileName+".json":
			first = append(first, name)
		case strings.HasSuffix(name, autoSuffix) || strings.HasSuffix(name, autoSuffix+".json"):
			auto = append(auto, name)
		}
	}
	sort.Strings(first)
	sort.Strings(auto)
	return append(first, auto...)
}

// readVarFile adds the values of one file.
func (m *Module) readVarFile(inputs map[string]varInput, path string) {
	f := m.parseFile(path)
	if f == nil || f.broken {
		return
	}
	attrs, ds := f.body.JustAttributes()
	for _, d := range ds {
		if d.Summary == "Unexpected block; Blocks are not allowed here" || strings.HasPrefix(d.Summary, "Unexpected") {
			d.Detail = "A file with values of variables holds arguments only, as in name = value."
		}
	}
	m.report.hcl(ds)
	names := make([]string, 0, len(attrs))
	for name := range attrs {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		return attrs[names[i]].NameRange.Start.Byte < attrs[names[j]].NameRange.Start.Byte
	})
	for _, name := range names {
		attr := attrs[name]
		v := m.variables[name]
		if v == nil {
			m.report.warnf(fromRange(attr.NameRange), "Value for undeclared variable",
				"No variable named %q is declared, so this value is not used.%s", name, didYouMean(name, keysOf(m.variables)))
			continue
		}
		if v.sensitive {
			f.mask(attr.Expr.Range())
		}
		val, ds := attr.Expr.Value(nil)
		if ds.HasErrors() {
			if v.sensitive {
				m.report.errorf(fromRange(attr.Expr.Range()), "Invalid value for variable", "The value must be written out: references and functions are not possible here.")
			} else {
				m.report.hcl(ds)
			}
			v.broken = true
			continue
		}
		inputs[name] = varInput{value: val, rng: fromRange(attr.Expr.Range()), source: f.name}
	}
}

// setVariables decides on the value of every variable.
func (m *Module) setVariables() {
	inputs := m.collectInputs()
	for _, name := range keysOf(m.variables) {
		v := m.variables[name]
		val := m.variableValue(v, inputs)
		if val == cty.NilVal {
			v.broken = true
			val = cty.DynamicVal
		}
		if v.sensitive {
			val = val.Mark(resource.Sensitive)
		}
		m.values[name] = val
	}
}

// variableValue is the value of one variable, cty.NilVal if what is wrong with
// it was reported.
func (m *Module) variableValue(v *variable, inputs map[string]varInput) cty.Value {
	if v.broken {
		return cty.NilVal
	}
	in, given := inputs[v.name]
	if !given && v.fallback != cty.NilVal {
		return v.fallback
	}
	if !given {
		if m.opts.ValidateOnly {
			return cty.UnknownVal(v.typ.WithoutOptionalAttributesDeep())
		}
		var ok bool
		if in, ok = m.ask(v); !ok {
			return cty.NilVal
		}
	}
	val := in.value
	if in.isText {
		var ok bool
		if val, ok = m.interpret(v, in); !ok {
			return cty.NilVal
		}
	}
	if val.IsNull() && !v.nullable {
		if v.fallback != cty.NilVal {
			return v.fallback
		}
		m.report.errorf(in.rng, "Required variable not set", "The variable %q may not be null: it has nullable = false and no default.", v.name)
		return cty.NilVal
	}
	out, err := v.convert(val)
	if err != nil {
		m.report.errorf(in.rng, "Invalid value for input variable",
			"The value for variable %q from %s does not fit the type that it has at %s: %s.", v.name, in.source, v.rng, v.convertError(err))
		return cty.NilVal
	}
	return out
}

// ask asks a person, or says how to give the value.
func (m *Module) ask(v *variable) (varInput, bool) {
	if m.opts.Prompt == nil {
		m.report.errorf(v.rng, "No value for required variable",
			"The variable %q is not set, and has no default value. Use -var, -var-file, the environment variable %s%s, or a file %s to give it a value.",
			v.name, envPrefix, v.name, varFileName)
		return varInput{}, false
	}
	text, err := m.opts.Prompt(PromptRequest{
		Name: v.name, Description: v.description, Type: typeexpr.TypeString(v.typ), Sensitive: v.sensitive,
	})
	if err != nil {
		m.report.errorf(v.rng, "No value for required variable", "Asking for the variable %q failed: %s.", v.name, err)
		return varInput{}, false
	}
	return varInput{text: text, isText: true, source: "the terminal", rng: v.rng}, true
}

// interpret reads a text by the variable's type: as it is for a primitive type
// or none, else as an expression.
func (m *Module) interpret(v *variable, in varInput) (cty.Value, bool) {
	if !v.typed || v.typ.IsPrimitiveType() {
		return cty.StringVal(in.text), true
	}
	fail := func(what string) (cty.Value, bool) {
		m.report.errorf(in.rng, "Invalid value for input variable",
			"The value for variable %q from %s is not an expression of the type %s: %s", v.name, in.source, typeexpr.TypeString(v.typ), what)
		return cty.NilVal, false
	}
	src := []byte(in.text)
	if len(src) > maxFileSize {
		return fail("It is too long.")
	}
	if problem := checkNesting(src, in.rng.Filename, hcl.InitialPos, expressionSyntax); problem != nil {
		return fail(problem.Detail)
	}
	e, ds := hclsyntax.ParseExpression(src, in.rng.Filename, hcl.InitialPos)
	if !ds.HasErrors() {
		var val cty.Value
		if val, ds = e.Value(nil); !ds.HasErrors() {
			return val, true
		}
	}
	if v.sensitive {
		return fail("It cannot be read; what it holds is not shown, as the variable is sensitive.")
	}
	return fail(fmt.Sprintf("%s %s", ds[0].Summary+".", ds[0].Detail))
}
