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

// Recover settles the intents that a run which died left open, by looking at
// the server and nothing else: it changes nothing there. The records that it
// returns say what is now known; files are settled by their owner (see
// [RecoverTarget]). objects tells what the state holds at present.
func Recover(ctx context.Context, intents []state.Intent, conn func(context.Context, string) (providers.Conn, error), objects func(resource.Address) (state.Object, bool)) ([]state.Record, error) {
	groups := map[string][]state.Intent{}
	for _, in := range intents {
		if in.Verb != state.TargetWrite {
			groups[in.Provider] = append(groups[in.Provider], in)
		}
	}
	var records []state.Record
	for _, provider := range sortedKeys(groups) {
		c, err := conn(ctx, provider)
		if err != nil {
			return nil, err
		}
		found, err := look(ctx, c, groups[provider])
		if err != nil {
			return nil, err
		}
		for i, in := range groups[provider] {
			had, known := objects(in.Address)
			records = append(records, settleIntent(in, found[i], had, known))
		}
	}
	return records, nil
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
	merged.OwnedIDs = append(append([]string{}, after.OwnedIDs...), had.OwnedIDs...)
	return state.Result{Intent: in.Seq, Target: &merged}
}

// settleIntent decides what became of one intent. found is the object that it
// was about, nil if there is none; had is the state's record.
func settleIntent(in state.Intent, found *resource.Object, had state.Object, known bool) state.Record {
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
	o.ID, o.Origin = id, resource.Created
	return &o
}

// ours reports whether an object was made by an intent: it has the id that the
// intent chose, or carries its marker, or was absent before and made since.
func ours(in state.Intent, o resource.Object) bool {
	if in.ID != "" {
		return o.ID == in.ID
	}
	return o.Created.IsZero() || !o.Created.Before(in.ServerTime.Add(-clockSlack))
}

// look finds the object of each intent: by the id that it chose or knew, else
// by key. The answers are in the order of the intents, nil where there is none.
func look(ctx context.Context, conn providers.Conn, intents []state.Intent) ([]*resource.Object, error) {
	type where struct{ kind, parent string }
	queries := map[where]*providers.Query{}
	query := func(kind, parent string) *providers.Query {
		w := where{kind, parent}
		if queries[w] == nil {
			queries[w] = &providers.Query{Kind: kind, Parent: parent}
		}
		return queries[w]
	}
	for _, in := range intents {
		q := query(in.Kind, in.Parent)
		if in.ID != "" {
			q.IDs = append(q.IDs, in.ID)
		}
		if id := beforeID(in); id != "" {
			before := query(in.Kind, beforeParent(in))
			before.IDs = append(before.IDs, id)
		}
		if in.ID == "" && len(in.Key) > 0 && in.Verb != state.Update && in.Verb != state.Delete {
			q.Keys = append(q.Keys, in.Key)
		}
	}
	found := map[where][]resource.Object{}
	for w, q := range queries {
		objects, err := conn.List(ctx, *q)
		if err != nil {
			return nil, err
		}
		found[w] = objects
	}
	out := make([]*resource.Object, len(intents))
	for i, in := range intents {
		objects := found[where{in.Kind, in.Parent}]
		if parent := beforeParent(in); parent != in.Parent {
			for _, o := range found[where{in.Kind, parent}] {
				if o.ID == beforeID(in) {
					objects = append(slices.Clip(objects), o)
				}
			}
		}
		out[i] = pickObject(in, objects)
	}
	return out, nil
}

// pickObject chooses among objects the one of an intent: its own id first,
// then the key, then what was there before.
func pickObject(in state.Intent, objects []resource.Object) *resource.Object {
	var byKey, before *resource.Object
	for i := range objects {
		o := &objects[i]
		switch {
		case in.ID != "" && o.ID == in.ID:
			return o
		case o.ID == beforeID(in):
			before = o
		case in.ID == "" && hasKey(o, in.Key):
			byKey = o
		}
	}
	if byKey != nil {
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
