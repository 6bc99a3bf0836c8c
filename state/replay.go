package state

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/idpctl/idpctl/resource"
)

// Replay is the state after the records were added to a snapshot; nil stands
// for no snapshot. It is a pure function: the same input gives the same state,
// and neither argument is changed. An error means that a record contradicts
// those before it, which no run writes.
func Replay(snapshot *State, records []Record) (*State, error) {
	if snapshot != nil {
		sorted := *snapshot
		sorted.Objects, sorted.Targets = slices.Clone(sorted.Objects), slices.Clone(sorted.Targets)
		sorted.Pending, sorted.Intents = slices.Clone(sorted.Pending), slices.Clone(sorted.Intents)
		sorted.sort()
		snapshot = &sorted
	}
	w := newWorld(snapshot)
	for i, r := range records {
		if err := w.apply(r); err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
	}
	return w.state(), nil
}

// world is a state in a form that records can be added to one by one.
type world struct {
	// base is the snapshot that it began with, sorted; never nil.
	base *State
	// head has the fields of a State that are not collections.
	head    State
	objects map[resource.Address]Object
	targets map[resource.Address]Target
	outputs map[string]Output
	pending map[uint64]Credential
	intents map[uint64]Intent
	// gone is never changed in place.
	gone []Gone
	// open is the number of the open intent of an address.
	open map[resource.Address]uint64
	// lastSeq is the highest number that an intent has had here.
	lastSeq uint64
	// undo reverts, last to first, what was done since the last commit.
	undo []func()
	// touched: a record was added, even if it was reverted since.
	touched bool
}

func newWorld(base *State) *world {
	if base == nil {
		base = &State{Version: Version}
	}
	w := &world{
		base: base,
		head: State{
			Version: base.Version, ToolVersion: base.ToolVersion, Lineage: base.Lineage,
			Serial: base.Serial, Namespace: base.Namespace, Servers: base.Servers, Run: base.Run,
		},
		objects: make(map[resource.Address]Object, len(base.Objects)),
		targets: make(map[resource.Address]Target, len(base.Targets)),
		outputs: base.Outputs,
		gone:    base.Gone,
		pending: make(map[uint64]Credential, len(base.Pending)),
		intents: make(map[uint64]Intent, len(base.Intents)),
		open:    make(map[resource.Address]uint64, len(base.Intents)),
	}
	for _, o := range base.Objects {
		w.objects[o.Address] = o
	}
	for _, t := range base.Targets {
		w.targets[t.Address] = t
	}
	for _, c := range base.Pending {
		w.pending[c.Intent] = c
		w.lastSeq = max(w.lastSeq, c.Intent)
	}
	for _, r := range base.Intents {
		w.intents[r.Seq], w.open[r.Address] = r, r.Seq
		w.lastSeq = max(w.lastSeq, r.Seq)
	}
	return w
}

// state is w as a value that shares no map or slice that w changes.
func (w *world) state() *State {
	if !w.touched {
		s := *w.base
		return &s
	}
	s := w.head
	s.Objects = slices.Collect(maps.Values(w.objects))
	s.Targets = slices.Collect(maps.Values(w.targets))
	if len(w.outputs) > 0 {
		s.Outputs = maps.Clone(w.outputs)
	}
	s.Pending = slices.Collect(maps.Values(w.pending))
	s.Intents = slices.Collect(maps.Values(w.intents))
	s.Gone = slices.Clone(w.gone)
	s.sort()
	if w.changes(&s) {
		s.Serial = w.base.Serial + 1
	} else {
		s.Lineage = w.base.Lineage
	}
	return &s
}

// changes reports whether s says something that the snapshot does not. A state
// without content is not worth its first snapshot.
func (w *world) changes(s *State) bool {
	if w.base.Lineage == "" {
		return !s.IsEmpty()
	}
	return !s.sameContent(w.base)
}

// apply adds a record. After an error w is as after the last commit plus what
// was applied since; rollback reverts that.
func (w *world) apply(r Record) error {
	w.touched = true
	switch r := r.(type) {
	case Begin:
		old := w.head
		w.undo = append(w.undo, func() { w.head = old })
		w.head.ToolVersion, w.head.Lineage, w.head.Namespace, w.head.Run = r.ToolVersion, r.Lineage, r.Namespace, r.Run
		servers := maps.Clone(old.Servers)
		if servers == nil {
			servers = map[string]string{}
		}
		maps.Copy(servers, r.Servers)
		w.head.Servers = servers
		w.keepGone(func(g Gone) bool { return g.Written.After(r.Started.Add(-goneFor)) })
		return nil
	case Intent:
		return w.begin(r)
	case Result:
		return w.settle(r)
	case Delivered:
		if _, ok := w.pending[r.Intent]; !ok {
			return fmt.Errorf("intent %d has no credential to deliver", r.Intent)
		}
		unset(w, w.pending, r.Intent)
		return nil
	case Put:
		return w.put(r.Object)
	case Remove:
		if _, ok := w.objects[r.Address]; !ok {
			return fmt.Errorf("the state has no object %q to remove", r.Address.String())
		}
		w.remove(r.Address)
		return nil
	case PutTarget:
		return w.putTarget(r.Target)
	case RemoveTarget:
		if _, ok := w.targets[r.Address]; !ok {
			return fmt.Errorf("the state has no file %q to remove", r.Address.String())
		}
		unset(w, w.targets, r.Address)
		return nil
	case PutOutputs:
		if err := checkOutputs(r.Outputs); err != nil {
			return err
		}
		old := w.outputs
		w.undo = append(w.undo, func() { w.outputs = old })
		w.outputs = r.Outputs
		return nil
	case End:
		return nil
	default:
		return fmt.Errorf("a record of type %T", r)
	}
}

// begin opens an intent. Only one may be open for an address: an earlier one is
// settled first, by looking.
func (w *world) begin(r Intent) error {
	if err := r.check(); err != nil {
		return err
	}
	if seq, ok := w.open[r.Address]; ok {
		return fmt.Errorf("%s has intent %d already, which is not settled", r.Address, seq)
	}
	if _, ok := w.pending[r.Seq]; ok || w.intents[r.Seq].Seq != 0 {
		return fmt.Errorf("the number %d of an intent is taken", r.Seq)
	}
	last := w.lastSeq
	w.undo = append(w.undo, func() { w.lastSeq = last })
	w.lastSeq = max(w.lastSeq, r.Seq)
	set(w, w.intents, r.Seq, r)
	set(w, w.open, r.Address, r.Seq)
	return nil
}

// settle closes an intent with what became of it.
func (w *world) settle(r Result) error {
	intent, ok := w.intents[r.Intent]
	if !ok {
		return fmt.Errorf("a result for intent %d, which is not open", r.Intent)
	}
	given := 0
	for _, is := range []bool{r.ID != "", r.Object != nil, r.Target != nil, r.Removed} {
		if is {
			given++
		}
	}
	file := intent.Verb == TargetWrite
	switch {
	case given > 1:
		return fmt.Errorf("the result of intent %d says several things at once", r.Intent)
	case r.Object != nil && (file || r.Object.Address != intent.Address), r.Target != nil && (!file || r.Target.Address != intent.Address), r.ID != "" && intent.After == nil:
		return fmt.Errorf("the result of intent %d is not about %s", r.Intent, intent.Address)
	}
	object := r.Object
	if r.ID != "" {
		made := *intent.After
		made.ID, made.Written = r.ID, intent.ServerTime
		if !r.Written.IsZero() {
			made.Written = r.Written
		}
		object = &made
	}
	unset(w, w.intents, r.Intent)
	unset(w, w.open, intent.Address)
	if deleted := r.Removed || intent.Verb == Replace && object != nil; deleted && intent.Before != nil && !file && !r.Written.IsZero() {
		w.bury(intent, r.Written)
	}
	switch {
	case r.Removed && file:
		unset(w, w.targets, intent.Address)
	case r.Removed:
		w.remove(intent.Address)
	case r.Target != nil:
		return w.putTarget(*r.Target)
	case object != nil:
		if err := w.put(*object); err != nil {
			return err
		}
		if intent.Credential != NoCredential {
			w.owe(Credential{Address: intent.Address, ID: object.ID, Kind: intent.Credential, Intent: r.Intent})
		}
	}
	return nil
}

// bury remembers that the object which an intent was to remove is deleted.
func (w *world) bury(in Intent, at time.Time) {
	g := Gone{Provider: in.Provider, Kind: in.Kind, Parent: in.Parent, ID: in.Before.ID, Written: at}
	if in.Before.Parent != "" {
		g.Parent = in.Before.Parent
	}
	w.keepGone(func(old Gone) bool { return old.ID != g.ID || old.Kind != g.Kind || old.Provider != g.Provider })
	w.gone = append(slices.Clip(w.gone), g)
}

// keepGone forgets the deletions that are not to be kept.
func (w *world) keepGone(keep func(Gone) bool) {
	old := w.gone
	w.undo = append(w.undo, func() { w.gone = old })
	w.gone = slices.DeleteFunc(slices.Clone(old), func(g Gone) bool { return !keep(g) })
}

// owe adds a credential to deliver; those before it are worthless now, of
// whatever kind: a user signs in with the latest.
func (w *world) owe(c Credential) {
	for seq, old := range w.pending {
		if old.Address == c.Address {
			unset(w, w.pending, seq)
		}
	}
	set(w, w.pending, c.Intent, c)
}

func (w *world) put(o Object) error {
	if err := o.check(); err != nil {
		return err
	}
	w.forget(o.Address, o.ID)
	if len(w.gone) > 0 { // it may have been brought back
		w.keepGone(func(g Gone) bool { return g.ID != o.ID || g.Kind != o.Kind || g.Provider != o.Provider })
	}
	set(w, w.objects, o.Address, o)
	return nil
}

// says reports whether put would change nothing.
func (w *world) says(o Object) bool {
	has, ok := w.objects[o.Address]
	return ok && len(w.gone) == 0 && has.equal(o)
}

func (w *world) remove(a resource.Address) {
	w.forget(a, "")
	unset(w, w.objects, a)
}

// forget drops the credentials of an address that were made for another object
// than id: nobody can deliver them any more.
func (w *world) forget(a resource.Address, id string) {
	for seq, c := range w.pending {
		if c.Address == a && c.ID != id {
			unset(w, w.pending, seq)
		}
	}
}

func (w *world) putTarget(t Target) error {
	if err := t.check(); err != nil {
		return err
	}
	t.Owned, t.Former = slices.Compact(slices.Sorted(slices.Values(t.Owned))), slices.Compact(slices.Sorted(slices.Values(t.Former)))
	t.Hidden = slices.Compact(slices.Sorted(slices.Values(t.Hidden)))
	set(w, w.targets, t.Address, t)
	return nil
}

// commit makes what was applied final.
func (w *world) commit() {
	clear(w.undo)
	w.undo = w.undo[:0]
}

// rollback reverts what was applied since the last commit.
func (w *world) rollback() {
	for _, f := range slices.Backward(w.undo) {
		f()
	}
	w.commit()
}

// withdraw takes an intent back that never became durable: nothing was done
// because of it.
func (w *world) withdraw(seq uint64) {
	if r, ok := w.intents[seq]; ok {
		delete(w.intents, seq)
		delete(w.open, r.Address)
	}
}

// set is m[k] = v with a way back.
func set[K comparable, V any](w *world, m map[K]V, k K, v V) {
	old, had := m[k]
	w.undo = append(w.undo, func() { restore(m, k, old, had) })
	m[k] = v
}

// unset is delete(m, k) with a way back.
func unset[K comparable, V any](w *world, m map[K]V, k K) {
	old, had := m[k]
	w.undo = append(w.undo, func() { restore(m, k, old, had) })
	delete(m, k)
}

func restore[K comparable, V any](m map[K]V, k K, old V, had bool) {
	if had {
		m[k] = old
	} else {
		delete(m, k)
	}
}
