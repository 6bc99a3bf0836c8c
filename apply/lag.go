package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// Replicating is what a run waits for while replicas have not seen a write.
const Replicating = "waiting for the directory to replicate"

// The pauses between two looks at a directory that replicates: growing, so that
// a second is seen as one, and minutes do not take hundreds of requests.
const (
	firstLook    = 500 * time.Millisecond
	lastLook     = 8 * time.Second
	shortestLook = 100 * time.Millisecond
)

// Patience reads from a directory whose replicas lag behind what was written
// (see [providers.Conn.Lag]): what was written a moment ago is asked for again
// until it is seen, or can be seen by everybody. Then what is read is the truth.
type Patience struct {
	// Pause lets time pass, and reports false when it is not to be waited any
	// more.
	Pause func(time.Duration) bool
	// Wait is told before each pause; nil for nobody.
	Wait func(reason string, d time.Duration)
}

// Expected is one object that was written, or deleted, and that a query asks for.
type Expected struct {
	// ID, UpsertKey, Marker or Key finds it; the first that is set.
	ID, UpsertKey, Marker string
	Key                   map[string]string
	// Name is the key that an object with an ID is asked for by as well: it goes
	// by several names, and answers by that one.
	Name map[string]string
	// Written is when, by the server's clock.
	Written time.Time
	// Seen reports whether what was read (nil if nothing was) shows the write.
	Seen func(*resource.Object) bool
}

// List is [providers.Conn.List] for a query that asks for the objects expected,
// among others. Without a lag, or with nothing to expect, it is that and no more.
func (p Patience) List(ctx context.Context, conn providers.Conn, q providers.Query, expected []Expected) ([]resource.Object, error) {
	begin := time.Now()
	found, err := conn.List(ctx, q)
	lag := conn.Lag()
	if err != nil || lag <= 0 || len(expected) == 0 {
		return found, err
	}
	// The server's clock is known from the answer, and it is the beginning of the
	// read that counts.
	at := conn.ServerTime().Add(-time.Since(begin))
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		var left time.Duration
		ids := byID(found)
		expected = slices.DeleteFunc(slices.Clone(expected), func(x Expected) bool {
			rest := x.Written.Add(lag + clockSlack).Sub(at)
			done := rest <= 0 || x.Seen(x.in(found, ids))
			if !done {
				left = max(left, rest)
			}
			return done
		})
		if len(expected) == 0 {
			return found, nil
		}
		d := min(pause, max(left-conn.ServerTime().Sub(at), shortestLook))
		if p.Wait != nil {
			p.Wait(Replicating, d)
		}
		if !p.Pause(d) {
			return without(found, expected), &providers.Error{
				Class:   providers.NotAttempted,
				Summary: "Interrupted while waiting for the directory to replicate", Err: ctx.Err(),
			}
		}
		at = conn.ServerTime()
		if filtered(q) { // only the server knows what belongs to the answer
			if found, err = conn.List(ctx, q); err != nil {
				return nil, err
			}
			continue
		}
		again, err := conn.List(ctx, ask(q, expected))
		if err != nil {
			return found, err
		}
		found = join(without(found, expected), again)
	}
}

// listQuick is List for a query by ids, where an index that lags behind saves a
// request for each: what it does not have is asked for without it. What it has may
// be as it was before.
func (p Patience) listQuick(ctx context.Context, conn providers.Conn, q providers.Query, expected []Expected) ([]resource.Object, error) {
	if providers.SearchLag(conn) <= 0 {
		return p.List(ctx, conn, q, expected)
	}
	const few = 10 // ask for each
	q.Quick = len(q.IDs) > few
	found, err := p.List(ctx, conn, q, expected)
	if err != nil || !q.Quick {
		return found, err
	}
	ids := byID(found)
	missing := slices.DeleteFunc(slices.Clone(q.IDs), func(id string) bool {
		_, there := ids[id]
		return there
	})
	if len(missing) == 0 {
		return found, nil
	}
	more, err := p.List(ctx, conn, providers.Query{Kind: q.Kind, Parent: q.Parent, IDs: missing, Omit: q.Omit}, nil)
	return join(found, more), err
}

func filtered(q providers.Query) bool { return q.Filters != cty.NilVal && !q.Filters.IsNull() }

// ask is the part of a query that is about the objects expected.
func ask(q providers.Query, expected []Expected) providers.Query {
	out := providers.Query{Kind: q.Kind, Parent: q.Parent, Brief: q.Brief, Omit: q.Omit}
	for _, x := range expected {
		x.addTo(&out)
	}
	return out
}

// addTo adds to a query what finds the object.
func (x Expected) addTo(q *providers.Query) {
	switch {
	case x.ID != "":
		q.IDs = append(q.IDs, x.ID)
		if x.Name != nil {
			q.Keys = append(q.Keys, x.Name)
		}
	case x.UpsertKey != "":
		q.UpsertKeys = append(q.UpsertKeys, x.UpsertKey)
	case x.Marker != "":
		q.Markers = append(q.Markers, x.Marker)
	case len(x.Key) > 0:
		q.Keys = append(q.Keys, x.Key)
	}
}

// is reports whether an object is the one expected.
func (x Expected) is(o *resource.Object) bool {
	switch {
	case x.ID != "":
		return o.ID == x.ID
	case x.UpsertKey != "":
		return o.UpsertKey == x.UpsertKey
	case x.Marker != "":
		return o.Marker == x.Marker
	default:
		return hasKey(o, x.Key)
	}
}

// known reports whether there is anything to find it by.
func (x Expected) known() bool {
	return x.ID != "" || x.UpsertKey != "" || x.Marker != "" || len(x.Key) > 0
}

// in is the object among those found, which ids indexes; nil if it is not there.
func (x Expected) in(found []resource.Object, ids map[string]int) *resource.Object {
	if x.ID != "" {
		if i, ok := ids[x.ID]; ok {
			return &found[i]
		}
		return nil
	}
	for i := range found {
		if x.is(&found[i]) {
			return &found[i]
		}
	}
	return nil
}

func byID(found []resource.Object) map[string]int {
	ids := make(map[string]int, len(found))
	for i, o := range found {
		ids[o.ID] = i
	}
	return ids
}

// without leaves out what is expected.
func without(found []resource.Object, expected []Expected) []resource.Object {
	ids, gone := byID(found), make(map[string]bool, len(expected))
	for _, x := range expected {
		if o := x.in(found, ids); o != nil {
			gone[o.ID] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(found), func(o resource.Object) bool { return gone[o.ID] })
}

// join adds what is not there yet.
func join(found, more []resource.Object) []resource.Object {
	ids := byID(found)
	for _, o := range more {
		if _, there := ids[o.ID]; !there {
			found = append(found, o)
		}
	}
	return found
}

// Shows reports whether a live object has what the state recorded of it. What
// was not recorded, as it is secret, or for the server to decide on, may be
// anything.
func Shows(kind resource.Kind, record state.Object, live *resource.Object) bool {
	if live == nil {
		return false
	}
	want, err := resource.DecodeAttrs(kind.Attributes, record.Attributes)
	if err != nil {
		return true // nobody can say
	}
	return showsAll(kind.Attributes, want, live.Attrs, record.Sensitive)
}

func showsAll(attrs []resource.Attribute, want, live cty.Value, secret []string) bool {
	for _, a := range attrs {
		w, l := resource.Attr(want, a.Name), resource.Attr(live, a.Name)
		switch {
		case a.WriteOnly || a.OnCreate || a.Local || a.Sensitive || slices.Contains(secret, a.Name):
		case w.IsNull() && (a.Computed || a.Partial):
		case a.Partial && !isTrue(resource.Attr(want, a.Exclusive)):
			if !l.IsNull() && !holds(l, w) || l.IsNull() && w.LengthInt() > 0 {
				return false
			}
		case a.Block != nil && !w.IsNull() && !l.IsNull():
			if !showsAll(a.Block, w, l, nil) {
				return false
			}
		case !plan.Same(w, l):
			return false
		}
	}
	return true
}

// holds reports whether a collection has all elements of another.
func holds(live, want cty.Value) bool {
	if want.Type().IsMapType() {
		have := live.AsValueMap()
		for k, v := range want.AsValueMap() {
			if h, ok := have[k]; !ok || !v.IsNull() && !h.RawEquals(v) {
				return false
			}
		}
		return true
	}
	for _, v := range want.AsValueSlice() {
		if live.HasElement(v).False() {
			return false
		}
	}
	return true
}

// patience is that of an apply: it waits no longer than the run is to go on.
func (e *executor) patience() Patience {
	return Patience{
		Pause: func(d time.Duration) bool {
			e.Pause(e.ctx, d)
			return !e.stopped()
		},
		Wait: func(reason string, d time.Duration) {
			e.send(Event{Kind: Waiting, Message: fmt.Sprintf("%s: %s", reason, Seconds(d))})
		},
	}
}

// Seconds is a pause for people: "3 s".
func Seconds(d time.Duration) string {
	return fmt.Sprintf("%d s", max(1, int(d.Round(time.Second)/time.Second)))
}
