package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// Output is an output value.
type Output struct {
	Name string
	// Value may be unknown in part; sensitive parts are marked, and all of it
	// is if the output is declared as sensitive.
	Value       cty.Value
	Sensitive   bool
	Description string
	Range       diag.Range
	// DependsOn are the blocks that the value depends on.
	DependsOn []resource.Address
}

// Outputs evaluates the outputs with what is known by now, in the order of
// their names.
func (e *Evaluator) Outputs() ([]Output, diag.Diagnostics) {
	end := e.begin()
	var out []Output
	for _, name := range keysOf(e.m.outputs) {
		o := e.m.outputs[name]
		if o.value == nil || o.value.broken {
			continue
		}
		v, ok := e.evalSecret(o.value, e.scope(o, o.value.refs), resource.Address{}, o.sensitive)
		if !ok {
			continue
		}
		if resource.IsSensitive(v) && !o.sensitive {
			e.report.errorf(o.value.rng, "Output refers to sensitive values",
				"An output is shown, and this one is made from something sensitive. Add sensitive = true to the output to keep it hidden, or write nonsensitive(…) around what is no secret.")
			continue
		}
		if o.sensitive {
			v = v.Mark(resource.Sensitive)
		}
		out = append(out, Output{
			Name: name, Value: v, Sensitive: o.sensitive, Description: o.description, Range: o.rng, DependsOn: e.outputDeps(o),
		})
	}
	return out, end()
}

func (e *Evaluator) outputDeps(o *output) []resource.Address {
	var r refs
	r.merge(o.value.refs)
	for _, d := range o.dependsOn {
		if addr, _, problem := e.m.blockOf(d.traversal); problem == "" {
			r.merge(refs{blocks: []blockRef{{addr: addr}}})
		}
	}
	return e.m.blocksOf(r)
}
