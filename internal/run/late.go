package run

import (
	"slices"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// unseen are the creations that a look did not find: the server may still be
// at them.
func unseen(intents []state.Intent, recovered []state.Record) map[resource.Address]state.Intent {
	made := map[uint64]bool{}
	for _, rec := range recovered {
		if r, ok := rec.(state.Result); ok && r.Object != nil {
			made[r.Intent] = true
		}
	}
	out := map[resource.Address]state.Intent{}
	for _, in := range intents {
		if (in.Verb == state.Create || in.Verb == state.Replace) && !made[in.Seq] {
			out[in.Address] = in
		}
	}
	return out
}

// takeLate finds, among what a layer's search found, objects that a run which
// died was creating and that were not there yet when this run looked for them
// a moment ago: the server was still at the request. They are recovered as if
// they had been there, and nobody is asked to adopt what is idpctl's own.
func (p *planner) takeLate(managed []*resource.Desired, index keyIndex) diag.Diagnostics {
	if len(p.since) == 0 {
		return nil
	}
	var records []state.Record
	late := map[resource.Address]resource.Object{}
	for _, d := range managed {
		in, ok := p.since[d.Address]
		kind, _ := p.run.conns.kind(d.Provider, d.Address.Kind)
		if !ok || p.prior(d, kind) != nil || in.Provider != d.Provider || in.Kind != kind.Name {
			continue
		}
		at, ok := p.place(d, kind)
		if !ok || at.parent != in.Parent {
			continue
		}
		if o, record, ok := apply.RecoverLate(in, index.matches(at, wanted{kind, d, p.marker(d.Address), in.UpsertKey})); ok {
			records = append(records, record)
			late[d.Address] = o
		}
	}
	if len(records) == 0 {
		return nil
	}
	return p.recover(records, late)
}

// recover puts what late objects turned out to be into what the plan starts
// from, in place of what was thought of them.
func (p *planner) recover(records []state.Record, late map[resource.Address]resource.Object) diag.Diagnostics {
	settled := map[uint64]bool{}
	for _, r := range records {
		if r, ok := r.(state.Result); ok {
			settled[r.Intent] = true
		}
	}
	p.recovered = append(slices.DeleteFunc(slices.Clone(p.recovered), func(r state.Record) bool {
		result, ok := r.(state.Result)
		return ok && settled[result.Intent]
	}), records...)
	effective, err := state.Replay(p.run.session.View(), p.recovered)
	if err != nil {
		return diag.Diagnostics{{Summary: "Cannot use the state", Detail: err.Error()}}
	}
	p.state = effective
	priors, diags := Priors(effective, p.run.conns.kind)
	for a, o := range late {
		if prior := priors[a]; prior != nil {
			p.priors[a] = prior
			p.live[identity{prior.Provider, prior.Kind, prior.ID}] = o
			delete(p.since, a)
		}
	}
	return diags
}
