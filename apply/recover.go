package apply

import (
	"context"
	"slices"
	"time"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// clockSlack is how much earlier than its intent an object may seem to have
// been made: servers tell their time in whole seconds.
const clockSlack = 2 * time.Second

// World is what recovery needs to know.
type World struct {
	// Conn opens the connection behind a provider block, or returns the open one.
	Conn func(ctx context.Context, provider string) (providers.Conn, error)
	// Kind describes a kind of the provider behind a block.
	Kind func(provider, kind string) (resource.Kind, bool)
	// Object tells what the state holds at present.
	Object func(resource.Address) (state.Object, bool)
	// Patience waits for what an intent may have written.
	Patience Patience
}

// Recover settles the intents that a run which died left open, by looking at
// the server and nothing else: it changes nothing there. The records that it
// returns say what is now known; files are settled by their owner (see
// [RecoverTarget]).
func Recover(ctx context.Context, intents []state.Intent, w World) ([]state.Record, error) {
	groups := map[string][]state.Intent{}
	for _, in := range intents {
		if in.Verb != state.TargetWrite {
			groups[in.Provider] = append(groups[in.Provider], in)
		}
	}
	var records []state.Record
	for _, provider := range sortedKeys(groups) {
		c, err := w.Conn(ctx, provider)
		if err != nil {
			return nil, err
		}
		var sought []sought
		for _, in := range groups[provider] {
			kind, _ := w.Kind(provider, in.Kind)
			s := seek(in, in.ServerTime, kind)
			had, _ := w.Object(in.Address)
			s.young = had.Written.Add(c.Lag() + clockSlack).After(in.ServerTime)
			sought = append(sought, s)
		}
		found, err := look(ctx, c, w.Patience, sought)
		if err != nil {
			return nil, err
		}
		for i, in := range groups[provider] {
			had, known := w.Object(in.Address)
			result := settleIntent(in, found[i], had, known)
			if c.Lag() > 0 && (result.Removed || result.Object != nil) {
				result.Written = in.ServerTime
			}
			records = append(records, result)
		}
	}
	return records, nil
}

// sought is an intent whose object is looked for.
type sought struct {
	state.Intent
	written time.Time
	// seen reports whether what was found shows that it was done; nil if that is
	// not waited for.
	seen func(*resource.Object) bool
	// name is what the object is asked for by, beside its id.
	name map[string]string
	// young: what was there before was written a short while before the intent.
	// That it is not shown does not mean that it is gone.
	young bool
}

// gone reports whether what was there before is shown to be gone.
func (s sought) gone(o *resource.Object) bool { return o == nil && !s.young }

// seek looks for what an intent that was begun at some time may have done.
func seek(in state.Intent, written time.Time, kind resource.Kind) sought {
	s := sought{Intent: in, written: written}
	if kind.AdoptOnly {
		s.name = in.Key
	}
	switch in.Verb {
	case state.Delete: // see gone
	case state.Update:
		s.seen = func(o *resource.Object) bool { return Shows(kind, *in.After, o) }
	default:
		s.seen = func(o *resource.Object) bool {
			return o != nil && o.ID != beforeID(in) && ours(in, *o) && Shows(kind, *in.After, o)
		}
	}
	return s
}

// RecoverTarget settles the intent of a file: what it was about to put there
// counts as idpctl's from now on, whether it got there or not; the next plan
// compares with the file itself.
func RecoverTarget(in state.Intent, had state.Target, known bool) state.Record {
	after := in.Target
	if after == nil {
		if !known {
			return state.Result{Intent: in.Seq, Removed: true}
		}
		return state.Result{Intent: in.Seq, Target: &had}
	}
	merged := *after
	merged.Owned = slices.Concat(after.Owned, had.Owned)
	merged.Former = slices.Concat(after.Former, had.Former)
	merged.Hidden = slices.Concat(after.Hidden, had.Hidden)
	merged.Groups = after.Groups || had.Groups
	if known { // that it leaves its place is not done before it is written
		merged.Path, merged.Name, merged.Namespace = had.Path, had.Name, had.Namespace
		merged.Context, merged.Server, merged.UID = had.Context, had.Server, had.UID
	}
	return state.Result{Intent: in.Seq, Target: &merged}
}

// settleIntent decides what became of one intent. found is the object that it
// was about, nil if there is none; had is the state's record.
func settleIntent(in state.Intent, found *resource.Object, had state.Object, known bool) state.Result {
	nothing := state.Result{Intent: in.Seq}
	switch in.Verb {
	case state.Create:
		if found == nil || !ours(in, *found) {
			return nothing
		}
		return state.Result{Intent: in.Seq, Object: made(in, found.ID)}
	case state.Replace:
		switch {
		case found != nil && found.ID == in.Before.ID:
			return nothing
		case found != nil && ours(in, *found):
			return state.Result{Intent: in.Seq, Object: made(in, found.ID)}
		default:
			return state.Result{Intent: in.Seq, Removed: true}
		}
	case state.Update:
		if !known && found == nil {
			return nothing
		}
		// What it was about to add is idpctl's now, what it owned stays: the
		// next plan removes what is not wanted.
		object := had
		if !known {
			object = *in.After
		}
		object.Written = in.ServerTime
		object.Owned = union(had.Owned, in.After.Owned)
		return state.Result{Intent: in.Seq, Object: &object}
	case state.Delete:
		if found == nil {
			return state.Result{Intent: in.Seq, Removed: true}
		}
	}
	return nothing
}

// RecoverLate settles the intent of a creation of which an earlier look saw
// nothing, if its object is among those that were found since.
func RecoverLate(in state.Intent, found []resource.Object) (resource.Object, state.Record, bool) {
	o := pickObject(in, found)
	if o == nil || o.ID == beforeID(in) || !ours(in, *o) {
		return resource.Object{}, nil, false
	}
	return *o, state.Result{Intent: in.Seq, Object: made(in, o.ID)}, true
}

// made is the record of an object that an intent turned out to have made.
func made(in state.Intent, id string) *state.Object {
	o := *in.After
	o.ID, o.Origin, o.Written = id, resource.Created, in.ServerTime
	return &o
}

// ours reports whether an object was made by an intent: it has the id or the key
// that the intent chose, or carries its marker or has its natural key and was
// made since.
func ours(in state.Intent, o resource.Object) bool {
	switch {
	case in.Restore != "" && o.ID == in.Restore:
		return true // it was made long ago, and brought back since
	case in.ID != "":
		return o.ID == in.ID
	case in.UpsertKey != "":
		return o.UpsertKey == in.UpsertKey
	case in.Marker != "" && o.Marker != in.Marker:
		return false
	}
	since := in.ServerTime
	if !in.Since.IsZero() {
		since = in.Since
	}
	return o.Created.IsZero() || !o.Created.Before(since.Add(-clockSlack))
}

// look finds the object of each intent: by the id or key that it chose or the id
// that it knew, else by natural key or marker. The answers are in the order of the
// intents, nil where there is none.
func look(ctx context.Context, conn providers.Conn, p Patience, intents []sought) ([]*resource.Object, error) {
	type where struct{ kind, parent string }
	queries, expected := map[where]*providers.Query{}, map[where][]Expected{}
	query := func(kind, parent string) *providers.Query {
		w := where{kind, parent}
		if queries[w] == nil {
			queries[w] = &providers.Query{Kind: kind, Parent: parent}
		}
		return queries[w]
	}
	for _, in := range intents {
		expect := func(parent string, x Expected, seen func(*resource.Object) bool) {
			x.addTo(query(in.Kind, parent))
			if seen != nil && x.known() {
				x.Written, x.Seen = in.written, seen
				w := where{in.Kind, parent}
				expected[w] = append(expected[w], x)
			}
		}
		before := Expected{ID: beforeID(in.Intent), Name: in.name}
		switch {
		case in.Verb == state.Delete:
			expect(beforeParent(in.Intent), before, in.gone)
		case in.Verb == state.Update:
			expect(beforeParent(in.Intent), before, in.seen)
		case in.seen == nil:
			expect(in.Parent, target(in.Intent), nil)
			expect(beforeParent(in.Intent), before, nil)
		default:
			expect(in.Parent, target(in.Intent), in.seen)
			expect(beforeParent(in.Intent), before, in.gone)
		}
	}
	found := map[where][]resource.Object{}
	for w, q := range queries {
		objects, err := p.listQuick(ctx, conn, *q, expected[w])
		if err != nil {
			return nil, err
		}
		found[w] = objects
	}
	out := make([]*resource.Object, len(intents))
	for i, in := range intents {
		objects := found[where{in.Kind, in.Parent}]
		if parent := beforeParent(in.Intent); parent != in.Parent {
			for _, o := range found[where{in.Kind, parent}] {
				if o.ID == beforeID(in.Intent) {
					objects = append(slices.Clip(objects), o)
				}
			}
		}
		out[i] = pickObject(in.Intent, objects)
	}
	return out, nil
}

// makes reports whether an intent is for a new object.
func makes(in state.Intent) bool { return in.Verb == state.Create || in.Verb == state.Replace }

// target is what finds the object that an intent makes.
func target(in state.Intent) Expected {
	switch {
	case in.Restore != "":
		return Expected{ID: in.Restore}
	case in.ID != "":
		return Expected{ID: in.ID}
	case in.UpsertKey != "":
		return Expected{UpsertKey: in.UpsertKey}
	case len(in.Key) > 0:
		return Expected{Key: in.Key}
	default:
		return Expected{Marker: in.Marker}
	}
}

// pickObject chooses among objects the one of an intent: what it made first, then
// what was there before.
func pickObject(in state.Intent, objects []resource.Object) *resource.Object {
	var byKey, before *resource.Object
	x := target(in)
	for i := range objects {
		o := &objects[i]
		switch {
		case o.ID == beforeID(in):
			before = o
		case makes(in) && x.is(o) && (byKey == nil || !ours(in, *byKey)):
			byKey = o
		}
	}
	if byKey != nil && (before == nil || ours(in, *byKey)) {
		return byKey
	}
	return before
}

func beforeID(in state.Intent) string {
	if in.Before == nil {
		return ""
	}
	return in.Before.ID
}

// beforeParent is where the object was before the change.
func beforeParent(in state.Intent) string {
	if in.Before == nil || in.Before.Parent == "" {
		return in.Parent
	}
	return in.Before.Parent
}

func hasKey(o *resource.Object, key map[string]string) bool {
	for name, want := range key {
		v := o.Attr(name)
		have := ""
		if !v.IsNull() {
			have = v.AsString()
		}
		if have != want {
			return false
		}
	}
	return len(key) > 0
}

// union joins the owned elements of two records; both are JSON arrays or both
// JSON objects.
func union(a, b owned) owned {
	out := owned{}
	for name, raw := range a {
		out[name] = raw
	}
	for name, raw := range b {
		out[name] = joinJSON(out[name], raw)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
