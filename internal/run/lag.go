package run

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// patience waits for what was written a moment ago while a plan is made.
func (r *Run) patience(ctx context.Context) apply.Patience {
	pause := r.opts.Pause
	if pause == nil {
		pause = func(ctx context.Context, d time.Duration) {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
	}
	return apply.Patience{
		Pause: func(d time.Duration) bool {
			pause(ctx, d)
			return ctx.Err() == nil
		},
		Wait: r.opts.Wait,
	}
}

// expect tells what a query asks for that this run or an earlier one wrote, and
// when that was. Whether it is long ago is decided by who waits.
func (p *planner) expect(at place, q providers.Query) []apply.Expected {
	kind, ok := p.run.conns.kind(at.provider, at.kind)
	if !ok {
		return nil
	}
	s := p.state
	if p.run.began { // then what was recovered is there, and what was done since
		s = p.run.session.View()
	}
	var out []apply.Expected
	begun := map[resource.Address]state.Intent{}
	for _, in := range p.run.session.OpenIntents() {
		if in.Provider != at.provider || in.Kind != at.kind {
			continue
		}
		begun[in.Address] = in
		if in.Before != nil && in.Verb != state.Update {
			out = append(out, apply.Expected{ID: in.Before.ID, Written: in.ServerTime, Seen: gone})
		}
	}
	for _, g := range s.Gone {
		if g.Provider == at.provider && g.Kind == at.kind && g.Parent == at.parent {
			out = append(out, apply.Expected{ID: g.ID, Written: g.Written, Seen: gone})
		}
	}
	if q.Brief {
		return out // it is who is there that matters, not how
	}
	asks := p.asker(kind, q)
	for _, o := range s.Objects {
		if in, ok := begun[o.Address]; ok && in.After != nil {
			// Recovery saw it, or waited in vain: then it is no longer waited for.
			o.Attributes, o.Sensitive, o.Written = in.After.Attributes, in.After.Sensitive, in.ServerTime
		}
		if o.Provider != at.provider || o.Kind != at.kind || o.Parent != at.parent || o.Written.IsZero() {
			continue
		}
		// What is not asked for may be found all the same, by what it had before.
		asked := asks(o)
		x := apply.Expected{ID: o.ID, Written: o.Written, Seen: func(live *resource.Object) bool {
			return live == nil && !asked || apply.Shows(kind, o, live)
		}}
		if kind.AdoptOnly {
			x.Name = recordedKey(kind, o)
		}
		out = append(out, x)
	}
	return out
}

func gone(live *resource.Object) bool { return live == nil }

// asker tells whether a query asks for an object of its place, as far as the
// state's record says. What a filter finds, nobody can tell beforehand.
func (p *planner) asker(kind resource.Kind, q providers.Query) func(state.Object) bool {
	ids, markers := map[string]bool{}, map[string]bool{}
	for _, id := range q.IDs {
		ids[id] = true
	}
	for _, m := range q.Markers {
		markers[m] = true
	}
	keys := map[string]bool{}
	var sets [][]string
	for _, key := range q.Keys {
		names := slices.Sorted(maps.Keys(key))
		keys[joined(names, key)] = true
		if !slices.ContainsFunc(sets, func(set []string) bool { return slices.Equal(set, names) }) {
			sets = append(sets, names)
		}
	}
	return func(o state.Object) bool {
		if q.All || ids[o.ID] || len(markers) > 0 && markers[p.marker(o.Address)] {
			return true
		}
		if len(sets) == 0 {
			return false
		}
		attrs, err := resource.DecodeAttrs(kind.Attributes, o.Attributes)
		return err == nil && slices.ContainsFunc(sets, func(names []string) bool {
			key, ok := plan.KeyOf(names, attrs)
			return ok && keys[joined(names, key)]
		})
	}
}

// recordedKey is the natural key that the state has of an object.
func recordedKey(kind resource.Kind, o state.Object) map[string]string {
	attrs, err := resource.DecodeAttrs(kind.Attributes, o.Attributes)
	if err != nil {
		return nil
	}
	key, _ := plan.KeyOf(kind.Key, attrs)
	return key
}

// joined is a key as one text.
func joined(names []string, key map[string]string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + "=" + key[name] + "\x00")
	}
	return b.String()
}
