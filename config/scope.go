package config

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// The attributes that every reference yields beside those of its kind.
const (
	addressAttr  = "address"
	providerAttr = "provider"
)

// Evaluator evaluates the blocks of a module, in the order of
// [Module.Layers]. It holds what became known so far. Its methods may be called
// concurrently.
type Evaluator struct {
	m   *Module
	dry bool
	// generation counts the changes of what is known; a cached value is good
	// as long as nothing that it was made of changed after it.
	generation uint64
	states     map[resource.Address]*blockState
	locals     map[string]cachedValue
	scopes     map[any]cachedScope
	// checked is what the check of the configuration found, before anything was
	// read; nil while that is under way.
	checked map[resource.Address]*blockState
	// told are the defaults that servers told (see [resource.FromServer]).
	told map[ofKind]map[string]cty.Value
	// open: the expansion under way met something that is not known.
	open bool
	// report is that of the call under way.
	report *report
}

// ofKind names the objects of one kind at the provider of one block.
type ofKind struct{ provider, kind string }

// SetDefaults tells what unset attributes of a kind are at a provider, of those
// that only the server knows the default of. Blocks of the kind are to be expanded
// after it.
func (e *Evaluator) SetDefaults(provider, kind string, defaults map[string]cty.Value) {
	if e.told == nil {
		e.told = map[ofKind]map[string]cty.Value{}
	}
	e.told[ofKind{provider, kind}] = defaults
}

type cachedValue struct {
	value      cty.Value
	generation uint64
}

type cachedScope struct {
	ctx        *hcl.EvalContext
	generation uint64
}

// Evaluator returns a new evaluator, which knows nothing of what the providers
// hold. What the check of the configuration evaluated is not evaluated again
// as long as it cannot have changed.
func (m *Module) Evaluator() *Evaluator {
	e := m.newEvaluator(false)
	if m.checked == nil {
		return e
	}
	e.checked = m.checked.states
	for name, v := range m.checked.locals {
		if len(m.locals[name].blocks) == 0 {
			e.locals[name] = cachedValue{value: v.value}
		}
	}
	return e
}

func (m *Module) newEvaluator(dry bool) *Evaluator {
	return &Evaluator{
		m: m, dry: dry, report: &report{},
		states: map[resource.Address]*blockState{},
		locals: map[string]cachedValue{}, scopes: map[any]cachedScope{},
	}
}

// begin takes the lock and starts a new report; the function that it returns
// ends the call and yields what was reported.
func (e *Evaluator) begin() func() diag.Diagnostics {
	e.m.mu.Lock()
	e.report = &report{}
	return func() diag.Diagnostics {
		defer e.m.mu.Unlock()
		return e.report.result()
	}
}

// baseContext holds what is the same for every expression.
func (m *Module) baseContext() *hcl.EvalContext {
	return &hcl.EvalContext{
		Functions: m.funcs,
		Variables: map[string]cty.Value{
			"var":  cty.ObjectVal(m.values),
			"path": cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal("."), "root": cty.StringVal(".")}),
		},
	}
}

// scope is the context for expressions that refer to r. It is cached for its
// owner until something changes that is in it.
func (e *Evaluator) scope(owner any, r refs) *hcl.EvalContext {
	latest := uint64(0)
	for _, b := range r.blocks {
		latest = max(latest, e.state(b.addr).generation)
	}
	for _, name := range r.locals {
		for _, addr := range e.m.locals[name].blocks {
			latest = max(latest, e.state(addr).generation)
		}
	}
	if cached, ok := e.scopes[owner]; ok && cached.generation >= latest {
		return cached.ctx
	}
	ctx := e.m.base.NewChild()
	ctx.Variables = map[string]cty.Value{}
	if len(r.locals) > 0 {
		locals := map[string]cty.Value{}
		for _, name := range r.locals {
			locals[name] = e.localValue(name)
		}
		ctx.Variables["local"] = cty.ObjectVal(locals)
	}
	kinds, data := map[string]map[string]cty.Value{}, map[string]map[string]cty.Value{}
	for _, b := range r.blocks {
		into := kinds
		if b.addr.Mode == resource.Data {
			into = data
		}
		if into[b.addr.Kind] == nil {
			into[b.addr.Kind] = map[string]cty.Value{}
		}
		if _, done := into[b.addr.Kind][b.addr.Name]; !done {
			into[b.addr.Kind][b.addr.Name] = e.blockValue(b.addr)
		}
	}
	for kind, values := range kinds {
		ctx.Variables[kind] = cty.ObjectVal(values)
	}
	if len(data) > 0 {
		all := map[string]cty.Value{}
		for kind, values := range data {
			all[kind] = cty.ObjectVal(values)
		}
		ctx.Variables["data"] = cty.ObjectVal(all)
	}
	e.scopes[owner] = cachedScope{ctx, e.generation}
	return ctx
}

// localValue is the value of a local value, unknown if evaluating it failed.
func (e *Evaluator) localValue(name string) cty.Value {
	l := e.m.locals[name]
	latest := uint64(0)
	for _, addr := range l.blocks {
		latest = max(latest, e.state(addr).generation)
	}
	if cached, ok := e.locals[name]; ok && cached.generation >= latest {
		return cached.value
	}
	v := cty.DynamicVal
	if !l.expr.broken {
		v, _ = e.evalSecret(l.expr, e.scope(l, l.expr.refs), resource.Address{}, l.secret)
	}
	if tooLarge(v) {
		v = cty.DynamicVal
		e.report.add(diag.Diagnostic{
			Severity: diag.Error, Summary: "Value too large", Subject: fromRange(l.expr.Range()),
			Detail: fmt.Sprintf("local.%s takes more than %d MiB. Look for a list or a text that is repeated more often than meant.", name, maxMade>>20),
		})
	}
	e.locals[name] = cachedValue{v, e.generation}
	return v
}

// evaluateLocals evaluates the local values that nothing refers to, for their
// mistakes.
func (e *Evaluator) evaluateLocals() diag.Diagnostics {
	end := e.begin()
	for _, name := range keysOf(e.m.locals) {
		e.localValue(name)
	}
	return end()
}

// eval evaluates an expression. What goes wrong is reported, once; the value
// is then unknown and ok is false. No text holds a part of a sensitive value.
func (e *Evaluator) eval(x *expr, ctx *hcl.EvalContext, addr resource.Address) (cty.Value, bool) {
	return e.evalSecret(x, ctx, addr, false)
}

// evalSecret is eval for an expression whose literals are secrets, if secret
// is set.
func (e *Evaluator) evalSecret(x *expr, ctx *hcl.EvalContext, addr resource.Address, secret bool) (cty.Value, bool) {
	if x.broken {
		return cty.DynamicVal, false
	}
	v, ds := safeValue(x.Expression, ctx)
	if !ds.HasErrors() {
		return v, true
	}
	hide := secret || touchesSensitive(x.Expression, ctx)
	for _, d := range ds {
		out := fromHCL(d, x.Range())
		if hide && !plainSummary(d.Summary) {
			out.Detail = hiddenDetail
			if !secret {
				out.Detail += templatePlace(d)
			}
		}
		out.Address = addr.String()
		e.report.add(out)
	}
	return cty.DynamicVal, false
}

// hiddenDetail stands in place of what HCL says where that may hold a secret.
const hiddenDetail = "The expression uses a sensitive value, so it is not shown what is wrong with it."

// safeValue evaluates, and makes an error of a panic in a library.
func safeValue(x hcl.Expression, ctx *hcl.EvalContext) (v cty.Value, ds hcl.Diagnostics) {
	defer func() {
		if recover() != nil {
			rng := x.Range()
			v, ds = cty.DynamicVal, hcl.Diagnostics{{
				Severity: hcl.DiagError, Summary: "Expression cannot be evaluated", Subject: &rng,
				Detail: "Evaluating this expression failed inside of idpctl. This is a defect of idpctl: please report it with the expression.",
			}}
		}
	}()
	return x.Value(ctx)
}

// plainSummary reports whether diagnostics of that summary are made of names
// in the configuration and types, never of values.
func plainSummary(summary string) bool {
	switch summary {
	case "Unsupported attribute", "Unknown variable", "Invalid index", "Call to unknown function",
		"Not enough function arguments", "Too many function arguments", "Attempt to get attribute from null value",
		"Attempt to index null value", "Invalid operand", "Inconsistent conditional result types",
		"Incorrect condition type", "Invalid template interpolation value", "Invalid object key",
		"Null condition", "Iteration over null value", "Iteration over non-iterable value", "Splat of null value",
		"Expression cannot be evaluated":
		return true
	}
	return false
}

// touchesSensitive reports whether an expression works with a sensitive value.
func touchesSensitive(x hcl.Expression, ctx *hcl.EvalContext) bool {
	for _, t := range x.Variables() {
		v, ds := t.TraverseAbs(ctx)
		if ds.HasErrors() {
			v, ds = t[:1].TraverseAbs(ctx)
		}
		if ds.HasErrors() || resource.IsSensitive(v) {
			return true
		}
	}
	native := nativeExpr(x)
	if native == nil {
		return true // made by a dynamic block: its iterator cannot be seen here
	}
	return callsSensitive(native)
}

// validateVariables checks the values of variables against their validations.
func (m *Module) validateVariables() {
	e := m.newEvaluator(true)
	defer func() { m.addDiags(e.report.result()) }()
	for _, name := range keysOf(m.variables) {
		v := m.variables[name]
		for _, c := range v.checks {
			if !v.broken {
				m.validate(e, v, c)
			}
		}
	}
}

func (m *Module) validate(e *Evaluator, v *variable, c validation) {
	ok, evaluated := e.eval(c.condition, m.base, resource.Address{})
	if !evaluated {
		return
	}
	ok, _ = ok.Unmark()
	if !ok.IsKnown() {
		return
	}
	if ok.IsNull() || ok.Type() != cty.Bool {
		e.report.errorf(c.condition.rng, "Invalid variable validation result", "The condition must be true or false.")
		return
	}
	if ok.True() {
		return
	}
	text := "The value does not meet the condition."
	if msg, evaluated := e.eval(c.message, m.base, resource.Address{}); evaluated {
		switch {
		case resource.IsSensitive(msg):
			text += " Its error_message is not shown, as it depends on a sensitive value."
		case msg.IsWhollyKnown() && !msg.IsNull() && msg.Type() == cty.String:
			text = strings.TrimSpace(msg.AsString())
		}
	}
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "!") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	e.report.errorf(v.rng, "Invalid value for variable", "%s The rule is at %s.", text, c.rng)
}
