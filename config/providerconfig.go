package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// ProviderConfig evaluates a provider block: an object of the type of its
// Info.Config, with what the environment and the defaults give. Sensitive
// attributes are marked.
func (e *Evaluator) ProviderConfig(name string) (cty.Value, diag.Diagnostics) {
	end := e.begin()
	p := e.m.providers[name]
	if p == nil {
		e.report.errorf(diag.Range{}, "Provider configuration not present", "There is no provider block %q.%s", name, didYouMean(name, e.m.providerOrder))
		return cty.NilVal, end()
	}
	v := e.providerConfig(p)
	return v, end()
}

// quietly is the configuration of a provider for what only looks at it. What is wrong
// with it is told by who opens the connection.
func (e *Evaluator) quietly(p *providerBlock) cty.Value {
	told := e.report
	e.report = &report{}
	defer func() { e.report = told }()
	return e.providerConfig(p)
}

func (e *Evaluator) providerConfig(p *providerBlock) cty.Value {
	var all refs
	for _, x := range p.exprs {
		all.merge(x.refs)
	}
	be := &bodyEval{
		e: e, ctx: e.scope(p, all), what: "provider",
		targets: map[string][]target{}, open: map[string]bool{}, ranges: map[string]diag.Range{},
		lax: e.m.opts.ValidateOnly,
	}
	vals := be.body(p.info.Config, p.content, "")
	for _, a := range p.info.Config {
		if isUnset(vals[a.Name]) {
			if v, ok := be.fromEnv(p, a); ok {
				vals[a.Name] = v
			}
		}
	}
	for _, a := range p.info.Config {
		if a.Required && isUnset(vals[a.Name]) && a.Default == cty.NilVal && a.DefaultFrom == "" && len(p.info.Env[a.Name]) > 0 && !be.lax {
			e.report.errorf(p.Range, "Missing required argument", "The argument %q is required. Set it here, or in the environment variable %s.",
				a.Name, list(p.info.Env[a.Name], "or"))
			vals[a.Name] = cty.UnknownVal(attributeType(a))
		}
	}
	be.defaults(p.info.Config, vals, p.content, "")
	return cty.ObjectVal(vals)
}

// fromEnv is the value that an environment variable gives an attribute: text
// for a string, else an expression as of a variable.
func (be *bodyEval) fromEnv(p *providerBlock, a resource.Attribute) (cty.Value, bool) {
	for _, key := range p.info.Env[a.Name] {
		text, ok := be.e.m.env[key]
		if !ok || text == "" {
			continue
		}
		place := p.Range
		v := cty.StringVal(text)
		if !a.Type.IsPrimitiveType() {
			in := varInput{text: text, isText: true, source: "the environment variable " + key, rng: place1("<environment variable " + key + ">")}
			scratch := &variable{name: a.Name, typ: a.Type, typed: true, sensitive: true}
			if v, ok = be.e.interpretEnv(scratch, in); !ok {
				be.e.report.errorf(place, "Invalid value for "+a.Name, "The environment variable %s must hold a value of the type %s.", key, typeexpr.TypeString(a.Type))
				return cty.UnknownVal(a.Type), true
			}
		}
		conv, err := convert.Convert(v, a.Type)
		if err != nil {
			be.e.report.errorf(place, "Invalid value for "+a.Name, "The environment variable %s must hold a %s.", key, a.Type.FriendlyName())
			return cty.UnknownVal(a.Type), true
		}
		conv = normalize(a, conv)
		if problem := be.e.m.patterns.check(a, conv); problem != "" {
			be.e.report.errorf(place, "Invalid value for "+a.Name, "%s", fmt.Sprintf("%s It comes from the environment variable %s.", problem, key))
			return cty.UnknownVal(a.Type), true
		}
		if a.Sensitive || a.WriteOnly {
			conv = conv.Mark(resource.Sensitive)
		}
		return conv, true
	}
	return cty.NilVal, false
}

// interpretEnv interprets a text without reporting what is wrong with it.
func (e *Evaluator) interpretEnv(v *variable, in varInput) (cty.Value, bool) {
	scratch := &Module{opts: e.m.opts}
	return scratch.interpret(v, in)
}
