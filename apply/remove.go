package apply

import (
	"fmt"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// remove does one layer of removals: what depended on these is gone already.
func (e *executor) remove(changes []*plan.Change) {
	var tasks []*task
	var quiet []state.Record
	for _, c := range changes {
		if blocker, ok := e.stillNeeded(c); ok {
			e.skip(c, fmt.Sprintf("%s refers to it and was not removed.", blocker))
			continue
		}
		if target, ok := e.stillListed(c); ok {
			e.skip(c, fmt.Sprintf("%s lists it as long as nobody else is there.", target))
			continue
		}
		if e.stopped() {
			e.skip(c, e.whyStopped())
			continue
		}
		switch {
		case c.Action == plan.Forget:
			quiet = append(quiet, state.Remove{Address: c.Address})
			e.done(c, c.ID)
		case c.WithParent:
			// Done, and taken out of the state, when the parent is.
			e.outcomes[c.Address] = succeeded
		case !e.mayDelete(c):
		default:
			tasks = append(tasks, e.removalTask(c))
		}
	}
	if !e.append(quiet...) || len(tasks) == 0 || !e.intend(tasks) {
		return
	}
	for _, provider := range sortedKeys(byProvider(tasks)) {
		e.operate(provider, byProvider(tasks)[provider])
	}
	for _, t := range tasks {
		switch {
		case t.err == nil:
			e.done(t.change, t.change.ID)
			e.removeContents(t.change)
		case providers.ClassOf(t.err) == providers.NotAttempted:
			e.skip(t.change, e.whyStopped())
		default:
			e.fail(t.change, t.diagnose())
		}
	}
}

// mayDelete asks once more whether an object may go: while a person thought
// about the plan, somebody else may have put something into it.
func (e *executor) mayDelete(c *plan.Change) bool {
	if e.Recheck == nil {
		return true
	}
	diags := e.Recheck(e.ctx, c)
	for _, d := range diags {
		if d.Severity == diag.Error {
			e.fail(c, d)
			return false
		}
	}
	return true
}

func (e *executor) removalTask(c *plan.Change) *task {
	kind, _ := e.Kind(c.Provider, c.Kind)
	t := &task{change: c, kind: kind, id: c.ID, op: Deletion(c)}
	t.intent = t.newIntent()
	return t
}

// Deletion is what a provider is asked to do for a removal.
func Deletion(c *plan.Change) providers.Operation {
	return providers.Operation{
		Verb: providers.Delete, Kind: c.Kind, Address: c.Address, ID: c.ID,
		Before: unmarked(c.Before), After: unmarked(c.After),
	}
}

// removeContents takes out of the state what went with a deleted parent.
func (e *executor) removeContents(parent *plan.Change) {
	var records []state.Record
	for _, c := range e.Plan.Changes {
		if c.Action == plan.Delete && c.WithParent && c.Home == parent.Address {
			records = append(records, state.Remove{Address: c.Address})
			e.done(c, c.ID)
		}
	}
	e.append(records...)
}

func dependsOn(c *plan.Change, a resource.Address) bool {
	for _, dep := range c.DependsOn {
		if covers(dep, a) {
			return true
		}
	}
	return false
}

// stillNeeded names a removal that failed and that refers to c.
func (e *executor) stillNeeded(c *plan.Change) (resource.Address, bool) {
	for _, f := range append(e.summary.Failed[:len(e.summary.Failed):len(e.summary.Failed)], e.summary.NotTried...) {
		if f.Action != plan.Delete {
			continue
		}
		for _, other := range e.Plan.Changes {
			if other.Address == f.Address && isRemoval(other) && dependsOn(other, c.Address) {
				return other.Address, true
			}
		}
	}
	return resource.Address{}, false
}
