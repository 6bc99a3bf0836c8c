package apply

import (
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/parallel"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// task is one change under way.
type task struct {
	change *plan.Change // once refined, everything in it is known
	// desired is the wish as it is at its turn, nil if all of it was known when
	// the plan was made; refused is why it cannot be done.
	desired *resource.Desired
	refined bool
	refused *diag.Diagnostic
	kind    resource.Kind
	intent  state.Intent
	op      providers.Operation
	// deletion is the first half of a replacement.
	deletion *providers.Operation
	attempts int
	// written is when it was done, where reads lag behind writes.
	written time.Time

	id     string
	object *resource.Object // as the server answered or was read back
	err    error
	// password is what was made for the user; zero if none.
	password resource.Secret
	// settled: the journal has the result. reported: the provider named the
	// object that it made. deleted: the first half of a replacement is done.
	settled, reported, deleted bool
	// earlier is what a run that died had tried to create here; looked: it is known
	// whether what is in the way is that.
	earlier *state.Intent
	looked  bool
	// known is what the object is known to be, lost names what the server did not
	// keep, record is what the state holds: once the object was read back.
	known  cty.Value
	lost   []string
	record state.Object
}

// layer does all changes of one layer: they are independent of each other. For
// some of them tasks were prepared.
func (e *executor) layer(changes []*plan.Change, prepared map[resource.Address]*task) {
	var begun []*task
	for _, c := range changes {
		if blocker, ok := e.blockedBy(c.DependsOn); ok {
			e.skip(c, fmt.Sprintf("It depends on %s, which was not done.", blocker))
			continue
		}
		if e.stopped() {
			e.skip(c, e.whyStopped())
			continue
		}
		if c.Action == plan.Replace && !e.mayDelete(c) {
			continue
		}
		t := prepared[c.Address]
		if t == nil {
			t = e.begin(c)
		}
		if t != nil {
			begun = append(begun, t)
		}
	}
	parallel.Each(len(begun), func(i int) { begun[i].refine() })
	var tasks []*task
	var quiet []state.Record
	for _, t := range begun {
		switch {
		case t.refused != nil:
			e.fail(t.change, *t.refused)
		case t.op.Verb != 0:
			tasks = append(tasks, t)
		default:
			quiet = append(quiet, e.keep(t)...)
		}
	}
	if !e.append(quiet...) {
		e.skipAll(tasks)
		return
	}
	if len(tasks) == 0 || !e.intend(tasks) {
		return
	}
	var wg sync.WaitGroup
	for _, provider := range sortedKeys(byProvider(tasks)) {
		group := byProvider(tasks)[provider]
		wg.Add(1)
		go func() {
			defer wg.Done()
			e.operate(provider, group)
		}()
	}
	wg.Wait()
	e.settle(tasks)
}

func (e *executor) whyStopped() string {
	if e.isBroken() {
		return "The state could not be written."
	}
	return "The run was interrupted before it began."
}

func (e *executor) skipAll(tasks []*task) {
	for _, t := range tasks {
		e.skip(t.change, e.whyStopped())
	}
}

// begin turns a change into a task, with its wish as it is now that everything
// it refers to is done; nil for one that is a data block's or cannot be done.
func (e *executor) begin(c *plan.Change) *task {
	if c.Address.Mode == resource.Data {
		e.outcomes[c.Address] = succeeded
		if c.Action == plan.Read {
			if diags := e.Read(e.ctx, c); diags.HasErrors() {
				e.fail(c, diags[0])
			}
		}
		return nil
	}
	if foreknown(c) {
		return e.newTask(c, nil)
	}
	desired, diags := e.Resolver.Resolve(c.Address)
	if diags.HasErrors() {
		e.fail(c, diags[0])
		return nil
	}
	return e.newTask(c, &desired)
}

// newTask makes a task of a change; desired is nil if what was planned stands.
func (e *executor) newTask(c *plan.Change, desired *resource.Desired) *task {
	kind, _ := e.Kind(c.Provider, c.Kind)
	return &task{change: c, desired: desired, kind: kind, id: c.ID}
}

// refine fills in what the plan called unknown, and makes the operation and its
// intent, once.
func (t *task) refine() {
	if t.refined {
		return
	}
	t.refined = true
	if t.desired != nil {
		refined, diags := plan.Refine(t.change, t.kind, t.desired)
		if diags.HasErrors() {
			t.refused = &diags[0]
			return
		}
		t.change = refined
	}
	if err := t.build(); err != nil {
		t.refused = &diag.Diagnostic{Summary: "No password could be made", Detail: err.Error()}
		return
	}
	if t.op.Verb != 0 {
		t.intent = t.newIntent()
	}
}

// keep does a task without anything to send: what changes is the state.
func (e *executor) keep(t *task) []state.Record {
	c := t.change
	t.object = c.Live
	t.known = t.value()
	e.Resolver.Set(c.Address, t.known)
	record := state.Put{Object: t.stateObject(t.known)}
	e.done(c, c.ID)
	if prior := c.MovedFrom; prior != (resource.Address{}) {
		return []state.Record{state.Remove{Address: prior}, record}
	}
	if !c.IsChange() && !t.refreshed() {
		return nil
	}
	return []state.Record{record}
}

// refreshed reports whether the live object says something else than the
// state, in attributes that the configuration leaves to the server.
func (t *task) refreshed() bool {
	p := t.change.Prior
	if p == nil || t.object == nil {
		return true
	}
	raw, err := resource.EncodeAttrs(t.kind.Attributes, t.known)
	if err != nil {
		return true
	}
	had, err := resource.EncodeAttrs(t.kind.Attributes, p.Attrs.Value())
	d := t.change.Desired
	return err != nil || string(raw) != string(had) || p.OnDestroy != d.OnDestroy || p.ForceDestroy != d.ForceDestroy
}

// build makes the operation of a task; its verb stays zero if there is
// nothing to send.
func (t *task) build() error {
	c := t.change
	t.op = Operation(c, t.kind)
	creating := t.op.Verb == providers.Create
	if creating && (t.kind.ChosenID || t.kind.UpsertKey) && t.op.Restore == "" {
		t.op.ID = uuid.NewString()
		if t.kind.ChosenID {
			t.op.ID = t.kind.IDPrefix + t.op.ID
		}
	}
	if c.Action == plan.Replace && !c.WithParent {
		t.deletion = &providers.Operation{Verb: providers.Delete, Kind: c.Kind, Address: c.Address, ID: c.ID, Before: unmarked(c.Live.Attrs), After: cty.NullVal(t.kind.Type())}
	}
	return t.credential(unmarked(c.Desired.Attrs), creating)
}

// Operation is what a provider is asked to do for a change to a managed object,
// but for its first password and a chosen id or key; its verb is zero if there is
// nothing to send. What is not known yet is null.
func Operation(c *plan.Change, kind resource.Kind) providers.Operation {
	all := kind.All()
	op := providers.Operation{
		Kind: c.Kind, Address: c.Address, ID: c.ID, Marker: c.Marker,
		Before: unmarked(c.Before), After: sendable(all, unmarked(c.After), unmarked(c.Desired.Attrs)),
		Secrets: append(secretsIn(all, c.Desired.Attrs), secretsIn(all, c.Before)...),
	}
	if c.Action == plan.Create || c.Action == plan.Replace {
		op.Verb, op.ID, op.Restore = providers.Create, "", c.Restore
		op.Before = cty.NullVal(kind.Type())
		return op
	}
	op.Changed = changedNames(c.Attributes)
	marks := kind.Marked && c.Live != nil && c.Live.Marker != c.Marker && (c.Adopt || c.MovedFrom != resource.Address{})
	if len(op.Changed) > 0 || c.Deliver || marks {
		op.Verb = providers.Update
	}
	return op
}

// credential decides on the first password of a new user, or of one who is not
// known to have got it.
func (t *task) credential(want cty.Value, creating bool) error {
	spec := t.kind.Credential
	if spec == nil || !creating && !t.change.Deliver {
		return nil
	}
	t.op.PasswordTemporary = !spec.Lasting
	switch {
	case isTrue(resource.Attr(want, spec.Generate)):
		password, err := newPassword()
		if err != nil {
			return err
		}
		t.password = password
		t.op.Password = password
	case isTrue(resource.Attr(want, spec.Invite)):
		t.op.Invite = true
	default:
		v := resource.Attr(want, spec.Password)
		if v.IsNull() {
			return nil
		}
		t.op.Password = resource.NewSecret(v.AsString())
		if temporary := resource.Attr(want, spec.Temporary); !temporary.IsNull() && !spec.Lasting {
			t.op.PasswordTemporary = temporary.True()
		}
	}
	return nil
}

func isTrue(v cty.Value) bool { return v.IsKnown() && !v.IsNull() && v.Type() == cty.Bool && v.True() }

func unmarked(v cty.Value) cty.Value {
	if !resource.IsMarked(v) { // which is quicker to tell
		return v
	}
	v, _ = v.UnmarkDeep()
	return v
}

// secretsIn are the texts in an object that no error may repeat. One or two
// characters are no secret, and masking them would make an error unreadable.
func secretsIn(attrs []resource.Attribute, v cty.Value) []resource.Secret {
	var out []resource.Secret
	for _, a := range attrs {
		val := resource.Attr(v, a.Name)
		if a.Block != nil && !val.IsMarked() {
			out = append(out, secretsIn(a.Block, val)...)
			continue
		}
		if !a.Sensitive && !a.WriteOnly && !resource.IsSensitive(val) {
			continue
		}
		_ = cty.Walk(unmarked(val), func(path cty.Path, leaf cty.Value) (bool, error) {
			texts := []cty.Value{leaf}
			if len(path) > 0 {
				if step, ok := path[len(path)-1].(cty.IndexStep); ok { // a key of a map may be the secret
					texts = append(texts, step.Key)
				}
			}
			for _, v := range texts {
				if v.Type() == cty.String && v.IsKnown() && !v.IsNull() && len(v.AsString()) > 2 {
					out = append(out, resource.NewSecret(v.AsString()))
				}
			}
			return true, nil
		})
	}
	return out
}

// sendable is what a provider is told of the planned object: what the server
// decides (still unknown) is null, and values that are not compared, write-only
// ones and those for the creation, are put in.
func sendable(attrs []resource.Attribute, after, want cty.Value) cty.Value {
	vals := make(map[string]cty.Value, len(attrs))
	for _, a := range attrs {
		v := resource.Attr(after, a.Name)
		switch {
		case a.WriteOnly || a.OnCreate:
			v = resource.Attr(want, a.Name)
		case a.Block != nil && v.IsKnown() && !v.IsNull():
			v = sendable(a.Block, v, resource.Attr(want, a.Name))
		}
		if !v.IsWhollyKnown() || v.IsNull() {
			v = cty.NullVal(typeOf(a))
		}
		vals[a.Name] = v
	}
	return cty.ObjectVal(vals)
}

func typeOf(a resource.Attribute) cty.Type {
	if a.Block != nil {
		return resource.BlockType(a.Block)
	}
	return a.Type
}

// changedNames are the attributes to send; what concerns the state only is not.
func changedNames(changes []plan.AttrChange) []string {
	var names []string
	for _, a := range changes {
		top := a.Top()
		if (!a.Local || a.Trigger) && (len(names) == 0 || names[len(names)-1] != top) {
			names = append(names, top)
		}
	}
	return names
}
