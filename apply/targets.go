package apply

import (
	"context"
	"fmt"
	"strings"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// withdraw takes who shall not be an admin any more out of the clusters,
// before anything happens at the identity provider; the last one stays until the
// next is there. If a file cannot be
// written the run goes on: access ends at the identity provider all the same,
// and the summary names the file.
func (e *executor) withdraw() {
	var settled []state.Record
	for _, t := range e.Targets {
		if t.Settled != nil {
			settled = append(settled, state.PutTarget{Target: *t.Settled})
		}
	}
	if !e.append(settled...) {
		return
	}
	for i := range e.Targets {
		t := &e.Targets[i]
		if t.Change.Action == plan.NoOp || t.Withdraw == nil {
			continue
		}
		if e.stopped() {
			return
		}
		step, diags := t.Withdraw(e.ctx)
		if diags.HasErrors() {
			e.failTarget(t, diags)
			continue
		}
		for _, id := range step.Kept {
			if e.kept == nil {
				e.kept = map[string]resource.Address{}
			}
			e.kept[id] = t.Change.Address
		}
		if step.Write != nil {
			e.write(t, step)
		}
	}
}

// stillListed is the target that lists an object to be removed, as who comes after it
// is not there.
func (e *executor) stillListed(c *plan.Change) (resource.Address, bool) {
	a, ok := e.kept[c.ID]
	return a, ok && c.Action == plan.Delete && e.outcomes[a] != succeeded
}

// complete makes the files as the configuration says, now that all ids are
// known and confirmed.
func (e *executor) complete() {
	for i := range e.Targets {
		t := &e.Targets[i]
		if e.outcomes[t.Change.Address] == failed {
			continue
		}
		c := t.asChange()
		if blocker, ok := e.blockedBy(t.Change.DependsOn); ok && t.Change.Action != plan.Forget {
			e.skipTarget(t, fmt.Sprintf("It needs %s, which was not done.", blocker))
			continue
		}
		if e.stopped() {
			e.skipTarget(t, e.whyStopped())
			continue
		}
		step, diags := t.Complete(e.ctx)
		if diags.HasErrors() {
			e.failTarget(t, diags)
			continue
		}
		e.summary.Diagnostics = append(e.summary.Diagnostics, diags...)
		ok := true
		switch {
		case step.Write != nil:
			e.event(Started, c, "", "")
			ok = e.write(t, step)
		case step.After == nil:
			if t.Change.Action != plan.NoOp {
				ok = e.append(state.RemoveTarget{Address: t.Change.Address})
			}
		default:
			ok = e.append(append([]state.Record{state.PutTarget{Target: *step.After}}, forget(step.Former)...)...)
		}
		if ok {
			e.outcomes[t.Change.Address] = succeeded
			if t.Change.Action != plan.NoOp {
				e.summary.Files++
				e.event(Done, c, "", t.Change.Path)
			}
		}
	}
}

// write journals the intent, writes, and journals the result.
func (e *executor) write(t *Target, step TargetStep) bool {
	numbered, err := e.Journal.Intend(state.Intent{
		Verb: state.TargetWrite, Address: t.Change.Address, Kind: t.Change.Kind,
		Before: step.Before, Target: step.After,
	})
	if err != nil {
		e.breakOff(err)
		return false
	}
	result := state.Result{Intent: numbered[0].Seq, Target: step.After, Removed: step.After == nil}
	if err := step.Write(context.WithoutCancel(e.ctx)); err != nil {
		e.append(state.Result{Intent: numbered[0].Seq, Error: err.Error()})
		e.failTarget(t, diag.Diagnostics{{Summary: "Cannot write " + t.Change.Path, Detail: err.Error()}})
		return false
	}
	return e.append(append([]state.Record{result}, forget(step.Former)...)...)
}

// forget takes targets out of the state, and does nothing to their files.
func forget(former []resource.Address) []state.Record {
	var out []state.Record
	for _, a := range former {
		out = append(out, state.RemoveTarget{Address: a})
	}
	return out
}

// asChange is the target in the form that events and summaries have.
func (t *Target) asChange() *plan.Change {
	return &plan.Change{Address: t.Change.Address, Kind: t.Change.Kind, Action: t.Change.Action, Range: t.Change.Range}
}

func (e *executor) failTarget(t *Target, diags diag.Diagnostics) {
	for _, d := range diags {
		if d.Severity == diag.Error {
			if len(t.Change.Removed) > 0 {
				d.Detail = strings.TrimSpace(d.Detail + " Still in it: " + strings.Join(t.Change.Removed, ", ") + ".")
			}
			e.fail(t.asChange(), d)
			return
		}
	}
}

func (e *executor) skipTarget(t *Target, why string) {
	c := t.asChange()
	if t.Change.Action == plan.NoOp {
		e.leave(c.Address, notTried)
		return
	}
	e.skip(c, why)
}
