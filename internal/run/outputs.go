package run

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// outputs compares the output values with those of the state.
func (p *planner) outputs() ([]plan.OutputChange, diag.Diagnostics) {
	prior, diags := StoredOutputs(p.state)
	desired := map[string]plan.Output{}
	if p.mode != plan.Destroy {
		outputs, ds := p.run.eval.Outputs()
		diags = append(diags, ds...)
		for _, o := range outputs {
			desired[o.Name] = plan.Output{Value: o.Value, Sensitive: o.Sensitive}
		}
	}
	return plan.Outputs(desired, prior), diags
}

// StoredOutputs are the outputs as the state has them; sensitive ones have no
// value there.
func StoredOutputs(s *state.State) (map[string]plan.Output, diag.Diagnostics) {
	var diags diag.Diagnostics
	out := make(map[string]plan.Output, len(s.Outputs))
	for name, o := range s.Outputs {
		if o.Sensitive {
			out[name] = plan.Output{Value: cty.NullVal(cty.DynamicPseudoType), Sensitive: true}
			continue
		}
		typ, err := ctyjson.UnmarshalType(o.Type)
		var v cty.Value
		if err == nil {
			v, err = ctyjson.Unmarshal(o.Value, typ)
		}
		if err != nil {
			diags = diags.Errorf("Unreadable output in the state", "The output %q: %s.", name, err)
			continue
		}
		out[name] = plan.Output{Value: v}
	}
	return out, diags
}

// encodeOutputs evaluates the outputs for the state; sensitive ones leave
// their name there, and nothing else.
func (r *Run) encodeOutputs() (map[string]state.Output, diag.Diagnostics) {
	outputs, diags := r.eval.Outputs()
	if diags.HasErrors() {
		return nil, diags
	}
	encoded := make(map[string]state.Output, len(outputs))
	for _, o := range outputs {
		if o.Sensitive || resource.IsSensitive(o.Value) {
			encoded[o.Name] = state.Output{Sensitive: true}
			continue
		}
		typ, err := ctyjson.MarshalType(o.Value.Type())
		var value json.RawMessage
		if err == nil {
			value, err = ctyjson.Marshal(o.Value, o.Value.Type())
		}
		if err != nil {
			diags = append(diags, diag.Diagnostic{
				Severity: diag.Warning, Summary: "Output not stored", Subject: o.Range,
				Detail: "The value of the output " + o.Name + " cannot be kept: " + err.Error() + ".",
			})
			continue
		}
		encoded[o.Name] = state.Output{Type: typ, Value: value}
	}
	return encoded, diags
}
