package apply

import (
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// maxAttempts bounds how often an operation is sent whose fate was unclear and
// that a look at the server showed not to have happened.
const maxAttempts = 4

// intend journals the intents of all tasks with one write.
func (e *executor) intend(tasks []*task) bool {
	intents := make([]state.Intent, len(tasks))
	for i, t := range tasks {
		conn, diags := e.Conn(e.ctx, t.change.Provider)
		if diags.HasErrors() {
			e.summary.Diagnostics = append(e.summary.Diagnostics, diags...)
			e.skipAll(tasks)
			return false
		}
		if earlier, ok := e.Since[t.change.Address]; ok && t.op.Verb == providers.Create {
			t.follow(&earlier)
		}
		intents[i] = t.intent
		intents[i].ServerTime = conn.ServerTime()
	}
	numbered, err := e.Journal.Intend(intents...)
	if err != nil {
		e.breakOff(err)
		e.skipAll(tasks)
		return false
	}
	for i := range tasks {
		tasks[i].intent = numbered[i]
	}
	return true
}

// follow goes on with what a run that died began: it is the same object, if the
// first request still arrives.
func (t *task) follow(earlier *state.Intent) {
	t.earlier = earlier
	switch {
	case t.op.ID == "":
	case t.kind.UpsertKey && earlier.UpsertKey != "":
		t.op.ID, t.intent.UpsertKey = earlier.UpsertKey, earlier.UpsertKey
	case t.kind.ChosenID && earlier.ID != "":
		t.op.ID, t.intent.ID, t.intent.After.ID = earlier.ID, earlier.ID, earlier.ID
	}
	t.intent.Since = earlier.ServerTime
	if !earlier.Since.IsZero() {
		t.intent.Since = earlier.Since
	}
}

// newIntent says what finds the object again and what was there before; when is
// filled in when it is recorded.
func (t *task) newIntent() state.Intent {
	c := t.change
	in := state.Intent{
		Address: c.Address, Kind: c.Kind, Provider: c.Provider, Parent: t.parent(), Restore: t.op.Restore,
	}
	if key, ok := plan.KeyOf(t.kind.Key, t.op.After); ok {
		in.Key = key
	} else if len(t.kind.Key) == 0 {
		in.Marker = t.op.Marker
	}
	if t.op.Verb == providers.Create && t.kind.UpsertKey {
		in.UpsertKey = t.op.ID
	} else if t.op.Verb == providers.Create {
		in.ID = t.op.ID
	}
	if t.op.Verb == providers.Delete {
		in.Verb, in.Parent, in.Before = state.Delete, c.Parent, &state.Image{ID: c.ID}
		return in
	}
	after := t.stateObject(t.value())
	in.After = &after
	switch {
	case t.op.Verb == providers.Update:
		in.Verb = state.Update
		in.Before = t.image()
	case c.Action == plan.Replace:
		in.Verb = state.Replace
		in.Before = t.image()
		if p := c.Prior; p != nil && p.Parent != in.Parent {
			in.Before.Parent = p.Parent // it moves
		}
		in.After.ID = in.ID
	default:
		in.Verb = state.Create
		in.After.ID = in.ID
	}
	switch {
	case !t.password.IsZero():
		in.Credential = state.Password
	case t.op.Invite:
		in.Credential = state.Invite
	}
	return in
}

// image is the pre-image of what the change touches, without what is
// sensitive or becomes so.
func (t *task) image() *state.Image {
	touched := map[string]bool{}
	for _, name := range t.op.Changed {
		touched[name] = true
	}
	var attrs []resource.Attribute
	for _, a := range t.kind.Attributes {
		secret := resource.IsSensitive(resource.Attr(t.change.Before, a.Name)) || resource.IsSensitive(resource.Attr(t.change.After, a.Name))
		if touched[a.Name] && !secret {
			attrs = append(attrs, a)
		}
	}
	image := &state.Image{ID: t.change.ID}
	if raw, err := resource.EncodeAttrs(attrs, t.op.Before); err == nil && !t.op.Before.IsNull() {
		image.Values = raw
	}
	return image
}

// parent is the value of the kind's parent attribute after the change.
func (t *task) parent() string {
	if t.kind.Parent == "" {
		return ""
	}
	v := resource.Attr(t.op.After, t.kind.Parent)
	if v.IsNull() {
		return t.change.Parent
	}
	return v.AsString()
}

// operate sends the operations of one provider, and again those that turn out
// not to have happened.
func (e *executor) operate(provider string, tasks []*task) {
	conn, diags := e.Conn(e.ctx, provider)
	if diags.HasErrors() {
		for _, t := range tasks {
			t.err = &providers.Error{Class: providers.NotAttempted, Summary: diags[0].Summary}
		}
		return
	}
	tasks = e.deleteReplaced(conn, tasks)
	for len(tasks) > 0 {
		e.submit(conn, tasks, func(t *task) providers.Operation { return t.op }, true)
		unclear := tasks[:0:0]
		for _, t := range tasks {
			if t.err != nil && (providers.ClassOf(t.err) == providers.Ambiguous || t.late()) {
				unclear = append(unclear, t)
			}
		}
		tasks = e.lookAgain(conn, unclear)
	}
}

// submit sends one operation of each task. The results are journaled as they
// come; when it returns they are durable.
func (e *executor) submit(conn providers.Conn, tasks []*task, operation func(*task) providers.Operation, final bool) {
	ops := make([]providers.Operation, len(tasks))
	for i, t := range tasks {
		ops[i] = operation(t)
		t.attempts++
		ops[i].Old = ops[i].Verb != providers.Create && t.isOld(conn)
		if t.attempts == 1 {
			e.event(Started, t.change, t.change.ID, "")
		}
	}
	var journalErr error
	lags := conn.Lag() > 0
	conn.Apply(e.ctx, ops, func(r providers.Result) {
		t := tasks[r.Index]
		t.err = r.Err
		if r.ID != "" {
			t.id, t.reported = r.ID, true
		}
		if r.Object != nil {
			t.object, t.id = r.Object, r.Object.ID
		}
		if lags && !(r.ID == "" && providers.ClassOf(r.Err) == providers.NotFound) { // then there is nothing to wait for
			t.written = conn.ServerTime()
		}
		if records := t.result(); final && len(records) > 0 && journalErr == nil {
			journalErr = e.Journal.AppendSoon(records...)
		}
		if final && t.err == nil && journalErr == nil {
			e.announce(t)
		}
	})
	if err := e.Journal.Flush(); journalErr == nil {
		journalErr = err
	}
	if journalErr != nil {
		e.breakOff(journalErr)
	}
}

// isOld reports whether the object of a task is known to have been there for longer
// than reads lag.
func (t *task) isOld(conn providers.Conn) bool {
	if t.attempts > 1 { // this run may have written it
		return false
	}
	var written time.Time
	if p := t.change.Prior; p != nil {
		written = p.Written
	}
	if live := t.change.Live; written.IsZero() && live != nil {
		written = live.Created
	}
	return !written.IsZero() && conn.ServerTime().Sub(written) > conn.Lag()
}

// announce tells that an operation is done, as soon as it is: with a thousand
// users, the end of the layer is far away. Reading it back may still fail it.
func (e *executor) announce(t *task) {
	e.mu.Lock()
	e.announced[t.change.Address] = true
	e.mu.Unlock()
	e.event(Done, t.change, t.id, "")
}

// result is the record that settles a task's intent; none while its fate is
// not known.
func (t *task) result() []state.Record {
	r := state.Result{Intent: t.intent.Seq}
	if t.err != nil {
		if providers.ClassOf(t.err) == providers.Ambiguous || t.late() {
			return nil // settled by looking
		}
		r.Error = t.err.Error()
	}
	switch {
	case t.op.Verb == providers.Delete:
		r.Removed = t.err == nil
	case t.err == nil, t.reported && (t.intent.Verb == state.Create || t.op.Verb == providers.Create):
		if t.object == nil && t.intent.After != nil {
			r.ID = t.id
		} else {
			object := t.stateObject(t.value())
			r.Object = &object
		}
	case t.intent.Verb == state.Replace && t.deleted:
		r.Removed = true
	}
	if r.Error == "" || r.ID != "" || r.Object != nil || r.Removed {
		r.Written = t.written
	}
	t.settled = true
	return []state.Record{r}
}

// late reports that a creation met an object where a run that died, or an earlier
// attempt of this one, had tried to create one: it may be that one, arrived late.
func (t *task) late() bool {
	return !t.looked && (t.earlier != nil || t.repeated()) && t.op.Verb == providers.Create && providers.ClassOf(t.err) == providers.Conflict
}

// repeated reports whether this run has sent the operation before. The first half
// of a replacement is another one.
func (t *task) repeated() bool {
	if t.deleted {
		return t.attempts > 2
	}
	return t.attempts > 1
}

// deleteReplaced does the first halves of replacements, and returns the tasks
// that can go on.
func (e *executor) deleteReplaced(conn providers.Conn, tasks []*task) []*task {
	var first, ready []*task
	for _, t := range tasks {
		if t.deletion != nil {
			first = append(first, t)
		} else {
			ready = append(ready, t)
		}
	}
	if len(first) == 0 {
		return tasks
	}
	for len(first) > 0 {
		e.submit(conn, first, func(t *task) providers.Operation { return *t.deletion }, false)
		var again []*task
		for _, t := range first {
			switch ambiguous := providers.ClassOf(t.err) == providers.Ambiguous; {
			case t.err == nil:
				t.deleted, t.reported, t.id, t.attempts = true, false, t.intent.ID, 1
				ready = append(ready, t)
			case ambiguous && t.attempts < maxAttempts && !e.stopped():
				again = append(again, t) // twice is as good as once
			case !ambiguous:
				e.append(state.Result{Intent: t.intent.Seq, Error: t.err.Error()})
				t.settled = true
			}
		}
		first = again
	}
	return ready
}

// lookAgain settles operations whose answer was lost by looking for the
// object. It returns those that did not happen and are to be sent again.
func (e *executor) lookAgain(conn providers.Conn, tasks []*task) []*task {
	if len(tasks) == 0 {
		return nil
	}
	var again []*task
	tasks = slices.DeleteFunc(tasks, func(t *task) bool {
		// With an upsert key there is no need to look: twice is as good as once.
		harmless := t.op.Verb == providers.Create && t.kind.UpsertKey && !t.late() && t.attempts < maxAttempts
		if harmless {
			again = append(again, t)
		}
		return harmless
	})
	found, err := e.lookFor(conn, tasks)
	if err != nil {
		return again // the intents of the others stay open: the next run looks
	}
	for i, t := range tasks {
		object := found[i]
		switch {
		case t.op.Verb == providers.Delete && object == nil && conn.Lag() == 0:
			t.err = nil
			e.append(t.result()...)
		case t.op.Verb != providers.Create:
			// Updates and deletions are repeated: twice is as good as once.
			if t.attempts < maxAttempts {
				again = append(again, t)
			}
		case t.late():
			if e.takeLate(t, object) {
				again = append(again, t)
			}
		case object != nil && ours(t.intent, *object):
			if t.goOn(object); len(t.op.Changed) > 0 && t.attempts < maxAttempts {
				again = append(again, t) // made, but for later steps
				continue
			}
			t.err, t.object = nil, object
			e.append(t.result()...)
		case object == nil && t.attempts < maxAttempts:
			again = append(again, t)
		}
	}
	if e.stopped() {
		return nil
	}
	for _, t := range again {
		if t.op.Invite {
			e.event(Note, t.change, t.id, "The invitation may have been sent before the answer was lost; it is sent once more.")
		}
	}
	return again
}

// lookFor finds the objects of tasks. The server may be in the midst of what
// the request of a run that died began: then it refuses a second object and
// does not show the first one yet, and is asked again after a while.
func (e *executor) lookFor(conn providers.Conn, tasks []*task) ([]*resource.Object, error) {
	now := conn.ServerTime()
	intents := make([]sought, len(tasks))
	for i, t := range tasks {
		switch {
		case t.late(): // it is there, as the server refuses another
			intents[i] = sought{Intent: t.intent, written: now, seen: func(o *resource.Object) bool { return o != nil }}
		case t.op.Verb == providers.Create:
			intents[i] = seek(t.intent, now, t.kind)
		default: // is repeated in any case
			intents[i] = sought{Intent: t.intent}
		}
	}
	for pause := firstPause; ; pause *= 2 {
		found, err := look(e.finish, conn, e.patience(), intents)
		if err != nil || pause > lastPause || e.stopped() {
			return found, err
		}
		hidden := false
		for i, t := range tasks {
			hidden = hidden || t.late() && found[i] == nil
		}
		if !hidden {
			return found, nil
		}
		e.Pause(e.ctx, pause)
	}
}

// A realm takes Keycloak half a second; it is waited for about six.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 3200 * time.Millisecond
)

// takeLate goes on with an object that the request of a run which died made
// after all: it has what that request said, the first password too, which
// nobody knows. What differs is changed, and a new password is set.
func (e *executor) takeLate(t *task, object *resource.Object) bool {
	t.earlier, t.looked = nil, true
	if object == nil || !ours(t.intent, *object) {
		e.append(t.result()...) // somebody else's: a conflict like any other
		return false
	}
	t.goOn(object)
	e.event(Note, t.change, t.id, "The request of an interrupted run made it meanwhile; the rest is done now.")
	return true
}

// goOn makes of a creation the change of what it made already, to what it lacks.
func (t *task) goOn(object *resource.Object) {
	t.id, t.reported = object.ID, true
	t.op.Verb, t.op.ID, t.op.Before = providers.Update, object.ID, object.Attrs
	t.op.Changed = nil
	for _, path := range plan.Remaining(t.change, t.kind, object) {
		top, _, _ := strings.Cut(path, ".")
		if n := len(t.op.Changed); n == 0 || t.op.Changed[n-1] != top {
			t.op.Changed = append(t.op.Changed, top)
		}
	}
}

// diagnose turns a provider's error about one object into a diagnostic that
// points at the attribute or block.
func (t *task) diagnose() diag.Diagnostic {
	d := diag.Diagnostic{Summary: t.err.Error(), Address: t.change.Address.String(), Subject: t.change.Range}
	if e, ok := t.err.(*providers.Error); ok { //nolint:errorlint // Conn promises this very type
		d.Summary, d.Detail = e.Summary, e.Hint
		if e.Attribute != "" && t.change.Desired != nil {
			d.Subject = t.change.Desired.AttrRange(e.Attribute)
		}
	}
	return d
}
