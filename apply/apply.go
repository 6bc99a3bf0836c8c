package apply

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// Resolver says what references mean now that more objects exist. Package
// config implements it.
type Resolver interface {
	// Resolve evaluates one instance again.
	Resolve(resource.Address) (resource.Desired, diag.Diagnostics)
	// Set tells what an instance turned out to be.
	Set(resource.Address, cty.Value)
}

// Journal is where intents and results become durable; a [state.Session] is one.
type Journal interface {
	// Intend makes intents durable and gives them their numbers.
	Intend(intents ...state.Intent) ([]state.Intent, error)
	// Append makes records durable.
	Append(records ...state.Record) error
	// AppendSoon does so without waiting; Flush waits.
	AppendSoon(records ...state.Record) error
	Flush() error
}

// Input is what an apply works with.
type Input struct {
	Plan     *plan.Plan
	Resolver Resolver
	Journal  Journal
	// Conn opens the connection behind a provider block, or returns the open one.
	Conn func(ctx context.Context, provider string) (providers.Conn, diag.Diagnostics)
	// Kind describes a kind of the provider behind a block.
	Kind func(provider, kind string) (resource.Kind, bool)
	// Omit names the attributes of a kind that need not be read back: partial
	// ones of which nothing is managed.
	Omit func(provider, kind string) []string
	// Read reads a deferred data block and tells the Resolver what it found.
	Read func(ctx context.Context, c *plan.Change) diag.Diagnostics
	// Recheck is asked right before an object is deleted, when much time may
	// have passed since the plan; its errors stop the deletion. Nil: nothing.
	Recheck func(ctx context.Context, c *plan.Change) diag.Diagnostics
	// Since says what an earlier run tried to create at an address without its
	// being seen since: it may still arrive.
	Since map[resource.Address]state.Intent
	// Targets are the files of clusters.
	Targets []Target
	// Outputs evaluates and encodes the outputs, once everything is done.
	Outputs func() (map[string]state.Output, diag.Diagnostics)
	// Deliver hands generated passwords over. When it returns nil they are
	// durable, and count as delivered. If it is nil they are in the summary,
	// and whoever shows them notes that.
	Deliver func([]Credential) error
	// Event is told each step; nil for nobody. It is never called concurrently.
	Event func(Event)
	// Stop, once closed, ends the run gracefully: what is in flight is
	// finished and recorded, nothing new is begun.
	Stop <-chan struct{}
	// Pause waits, or until the context ends, for what the server is still at;
	// nil for a timer.
	Pause func(context.Context, time.Duration)
}

// Target is one file (or object) on InfluxDB's side.
type Target struct {
	Change *plan.TargetChange
	// Settled is what the state shall say of it before anything is written; nil for what
	// it says already. Those of all targets become true at once, as places may go round
	// between them.
	Settled *state.Target
	// Withdraw takes out the admins who shall not be there any more, and does
	// nothing else. It returns a step without Write when there are none.
	Withdraw func(context.Context) (TargetStep, diag.Diagnostics)
	// Complete makes the whole section as the configuration says.
	Complete func(context.Context) (TargetStep, diag.Diagnostics)
}

// TargetStep is one write to a target.
type TargetStep struct {
	// Before is the pre-image for the journal; nil if there was nothing.
	Before *state.Image
	// After is what the state shall hold; nil if the target is to be left.
	After *state.Target
	// Former are addresses at which the state shall not have it any more.
	Former []resource.Address
	// Kept are the ids of those who are to go and stay listed until others are there.
	Kept []string
	// Write does it; nil if the target is as it shall be already.
	Write func(context.Context) error
}

// executor is one apply under way.
type executor struct {
	Input
	ctx      context.Context // ends when nothing new shall begin
	finish   context.Context // for what must be finished nevertheless
	summary  Summary
	outcomes map[resource.Address]outcome
	undone   []resource.Address          // failed or not tried, in that order
	kept     map[string]resource.Address // who stays listed at a target until it is complete, by id
	// announced were told to be done as their results came.
	announced map[resource.Address]bool
	eventMu   sync.Mutex
	mu        sync.Mutex
	broken    error // the journal failed: nothing may be begun any more
}

// outcome is what became of one change; the zero outcome is "not reached yet".
type outcome uint8

const (
	pending outcome = iota
	succeeded
	failed
	notTried
)

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Run executes a plan. It returns when everything is done, failed or not to be
// tried; the summary says which. Files and credentials included, everything
// that it changed is in the journal.
func Run(ctx context.Context, in Input) *Summary {
	begin, cancel := context.WithCancel(ctx)
	defer cancel()
	e := &executor{
		Input: in, ctx: begin, finish: context.WithoutCancel(ctx),
		outcomes: map[resource.Address]outcome{}, announced: map[resource.Address]bool{},
	}
	if e.Pause == nil {
		e.Pause = wait
	}
	if in.Stop != nil {
		stopped := make(chan struct{})
		defer close(stopped)
		go func() {
			select {
			case <-in.Stop:
				cancel()
			case <-stopped:
			}
		}()
	}
	e.run()
	e.summary.Interrupted = begin.Err() != nil && len(e.summary.NotTried) > 0
	return &e.summary
}

// run follows the order that keeps admins safe: who loses access is taken out
// of the clusters first, who gets it comes in after the id is confirmed, and
// users are deleted last.
func (e *executor) run() {
	e.withdraw()
	var removals []*plan.Change
	order := layers(e.Plan.Changes)
	prepared := e.prepareAhead(order)
	for i, layer := range order {
		if isRemoval(layer[0]) {
			removals = append(removals, layer...)
			continue
		}
		e.layer(layer, prepared.of(i))
	}
	<-prepared.done
	e.complete()
	for _, layer := range layers(removals) {
		e.remove(layer)
	}
	e.outputs()
}

// layers splits the plan's order into runs of independent changes. Removals
// form layers of their own.
func layers(changes []*plan.Change) [][]*plan.Change {
	var out [][]*plan.Change
	for i, c := range changes {
		if i == 0 || c.Layer != changes[i-1].Layer || isRemoval(c) != isRemoval(changes[i-1]) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], c)
	}
	return out
}

func isRemoval(c *plan.Change) bool { return c.Action == plan.Delete || c.Action == plan.Forget }

// stopped reports whether nothing new may be begun.
func (e *executor) stopped() bool { return e.ctx.Err() != nil || e.isBroken() }

func (e *executor) isBroken() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.broken != nil
}

// append makes records durable. If that fails the run must not go on: it could
// not say what it did.
func (e *executor) append(records ...state.Record) bool {
	if len(records) == 0 {
		return true
	}
	if e.isBroken() {
		return false
	}
	if err := e.Journal.Append(records...); err != nil {
		e.breakOff(err)
		return false
	}
	return true
}

func (e *executor) breakOff(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken != nil {
		return
	}
	e.broken = err
	e.summary.Diagnostics = append(e.summary.Diagnostics, diag.Diagnostic{
		Summary: "State cannot be written",
		Detail:  "What was begun is in the journal; nothing else was begun. Make room or mend the permissions, and apply again: " + err.Error(),
	})
}

func (e *executor) event(kind EventKind, c *plan.Change, id, message string) {
	e.send(Event{Kind: kind, Address: c.Address, Action: c.Action, Adopt: c.Adopt, ID: id, Message: message})
}

func (e *executor) send(ev Event) {
	if e.Event == nil {
		return
	}
	e.eventMu.Lock()
	defer e.eventMu.Unlock()
	ev.At = time.Now()
	e.Event(ev)
}

// fail records that a change could not be done.
func (e *executor) fail(c *plan.Change, d diag.Diagnostic) {
	e.leave(c.Address, failed)
	if d.Address == "" {
		d.Address = c.Address.String()
	}
	if d.Subject.IsZero() {
		d.Subject = c.Range
	}
	e.summary.Failed = append(e.summary.Failed, Failure{Address: c.Address, Action: c.Action, Diagnostic: d})
	e.event(Failed, c, c.ID, d.Summary)
}

// skip records that a change is not tried.
func (e *executor) skip(c *plan.Change, why string) {
	e.leave(c.Address, notTried)
	if !c.IsChange() {
		return
	}
	e.summary.NotTried = append(e.summary.NotTried, Failure{Address: c.Address, Action: c.Action, Diagnostic: diag.Diagnostic{
		Severity: diag.Warning, Summary: "Not tried", Detail: why, Address: c.Address.String(), Subject: c.Range,
	}})
	e.event(Skipped, c, c.ID, why)
}

// leave notes that what depends on an address cannot be done either.
func (e *executor) leave(a resource.Address, o outcome) {
	if e.outcomes[a] != failed && e.outcomes[a] != notTried {
		e.undone = append(e.undone, a)
	}
	e.outcomes[a] = o
}

// blockedBy names something that a change refers to and that is not done.
func (e *executor) blockedBy(deps []resource.Address) (resource.Address, bool) {
	for _, dep := range deps {
		for _, addr := range e.undone {
			if covers(dep, addr) {
				return addr, true
			}
		}
	}
	return resource.Address{}, false
}

// covers reports whether a dependency, on a block or an instance, means addr.
func covers(dep, addr resource.Address) bool {
	if dep.Key.IsNone() {
		return dep == addr || dep == addr.Block()
	}
	return dep == addr
}

// done counts a change that was made.
func (e *executor) done(c *plan.Change, id string) {
	e.outcomes[c.Address] = succeeded
	if c.Adopt {
		e.summary.Adopted++
	}
	switch c.Action {
	case plan.Create:
		e.summary.Added++
	case plan.Update:
		e.summary.Changed++
	case plan.Replace:
		e.summary.Added++
		e.summary.Destroyed++
	case plan.Delete:
		e.summary.Destroyed++
	case plan.Forget:
		e.summary.Forgotten++
	}
	if c.IsChange() && !e.announced[c.Address] {
		e.event(Done, c, id, "")
	}
}

// outputs stores the output values, if everything went well: outputs that
// were computed from half of a configuration would be a lie.
func (e *executor) outputs() {
	if e.Outputs == nil || len(e.summary.Failed)+len(e.summary.NotTried) > 0 || e.isBroken() {
		return
	}
	outputs, diags := e.Outputs()
	e.summary.Diagnostics = append(e.summary.Diagnostics, diags...)
	if !diags.HasErrors() {
		e.append(state.PutOutputs{Outputs: outputs})
	}
}

// byProvider groups tasks, in the order of the plan.
func byProvider(tasks []*task) map[string][]*task {
	groups := map[string][]*task{}
	for _, t := range tasks {
		groups[t.change.Provider] = append(groups[t.change.Provider], t)
	}
	return groups
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
