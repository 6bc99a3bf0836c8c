package run

import (
	"context"
	"time"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/state"
)

// ApplyOptions are the parts of an apply that meet the user.
type ApplyOptions struct {
	// Deliver hands over generated passwords; see [apply.Input].
	Deliver func([]apply.Credential) error
	// Event is told each step; nil for nobody.
	Event func(apply.Event)
	// Stop, once closed, ends the run gracefully.
	Stop <-chan struct{}
	// Pause waits for what the server is still at; nil for that of the Options.
	Pause func(context.Context, time.Duration)
}

// Apply executes a plan that this run made.
func (r *Run) Apply(ctx context.Context, p *Planned, opts ApplyOptions) (*apply.Summary, diag.Diagnostics) {
	if err := r.begin(p.Recovered); err != nil {
		return nil, diag.Diagnostics{stateDiagnostic(err)}
	}
	if opts.Pause == nil {
		opts.Pause = r.opts.Pause
	}
	in := apply.Input{
		Plan: p.Plan, Resolver: r.eval, Journal: r.session,
		Conn: r.conns.get, Kind: r.conns.kind,
		Omit:    p.planner.omit,
		Read:    p.planner.readDeferred,
		Recheck: p.planner.recheck,
		Since:   p.since,
		Targets: p.planner.applyTargets(),
		Deliver: opts.Deliver, Event: opts.Event, Stop: opts.Stop, Pause: opts.Pause,
		Outputs: r.encodeOutputs,
	}
	if p.Mode == plan.Destroy {
		in.Outputs = func() (map[string]state.Output, diag.Diagnostics) { return nil, nil }
	}
	return apply.Run(ctx, in), nil
}

// Shown notes that the credentials of a summary were shown to somebody.
func (r *Run) Shown(s *apply.Summary) diag.Diagnostics {
	if len(s.Shown) == 0 {
		return nil
	}
	if err := r.session.Append(s.Shown...); err != nil {
		return diag.Diagnostics{stateDiagnostic(err)}
	}
	return nil
}

// Settle puts the journal that a run which died left into the snapshot. An
// apply that finds nothing to do calls it, so that nothing is left of that run. It
// also records what concerns the state alone: on_destroy and force_destroy.
func (r *Run) Settle(p *Planned) diag.Diagnostics {
	if err := r.begin(nil); err != nil {
		return diag.Diagnostics{stateDiagnostic(err)}
	}
	var records []state.Record
	for _, c := range p.Changes {
		if c.Prior == nil || c.Desired == nil || c.Prior.OnDestroy == c.Desired.OnDestroy && c.Prior.ForceDestroy == c.Desired.ForceDestroy {
			continue
		}
		if o, ok := r.session.Object(c.Prior.Address); ok {
			o.OnDestroy, o.ForceDestroy = c.Desired.OnDestroy, c.Desired.ForceDestroy
			records = append(records, state.Put{Object: o})
		}
	}
	if len(records) == 0 {
		return nil
	}
	if err := r.session.Append(records...); err != nil {
		return diag.Diagnostics{stateDiagnostic(err)}
	}
	return nil
}

// begin makes the session ready to record, and records what is known of the
// intents that an earlier run left open.
func (r *Run) begin(recovered []state.Record) error {
	if !r.began {
		if err := r.session.Begin(r.module.Namespace(), r.conns.servers()); err != nil {
			return err
		}
		r.began = true
	}
	if len(recovered) == 0 {
		return nil
	}
	return r.session.Append(recovered...)
}

// recheck looks once more into a home right before it is deleted.
func (p *planner) recheck(ctx context.Context, c *plan.Change) diag.Diagnostics {
	kind, ok := p.run.conns.kind(c.Provider, c.Kind)
	if !ok || len(kind.Contains) == 0 {
		return nil
	}
	again := *c // the reason in the plan was shown already
	once := *p
	once.order = []*plan.Change{&again}
	return once.contentsOf(ctx, p.order)
}

// readDeferred reads a data block whose arguments are known by now.
func (p *planner) readDeferred(ctx context.Context, c *plan.Change) diag.Diagnostics {
	d, diags := p.run.eval.Resolve(c.Address)
	if diags.HasErrors() {
		return diags
	}
	// What was to be created when the plan was made exists now.
	reading := *p
	reading.changes, reading.order = nil, nil
	r := p.newReader()
	l := reading.lookup(&d, r)
	if l.deferred {
		return diag.Diagnostics{{
			Summary: "Still unknown", Subject: c.Range, Address: c.Address.String(),
			Detail: "What to look for is not known although everything that it refers to is done.",
		}}
	}
	found, diags := r.read(ctx)
	if diags.HasErrors() {
		return diags
	}
	value, diags := l.resolve(found[l.place])
	if !diags.HasErrors() {
		p.run.eval.Set(c.Address, value)
	}
	return diags
}
