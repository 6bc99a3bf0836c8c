package run

import (
	"context"
	"slices"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// recorded is an object of the state that a query asks for.
type recorded struct {
	kind   resource.Kind
	object state.Object
}

// recorded are the objects of the state that a query asks for.
func (p *planner) recorded(at place, q providers.Query) []recorded {
	kind, ok := p.run.conns.kind(at.provider, at.kind)
	if !ok {
		return nil
	}
	asks := p.asker(kind, q)
	var out []recorded
	for _, o := range p.state.Objects {
		if o.Provider == at.provider && o.Kind == at.kind && o.Parent == at.parent && asks(o) {
			out = append(out, recorded{kind, o})
		}
	}
	return out
}

// confirm asks once more, and not the index, for what it has otherwise than the
// state, and for what it has and the state does not: the index may be behind, and
// no change is to be invented, and nothing adopted that is gone. What is new in the
// configuration and not in the index is not looked for: if it is there after all,
// the server refuses to make it. Nor is what a data block lists.
func (r *reader) confirm(ctx context.Context, conn providers.Conn, p place, q providers.Query, found []resource.Object) ([]resource.Object, error) {
	ids := make(map[string]*resource.Object, len(found))
	for i := range found {
		ids[found[i].ID] = &found[i]
	}
	var doubtful []string
	known := map[string]bool{}
	for _, rec := range r.recorded(p, q) {
		known[rec.object.ID] = true
		if !apply.Shows(rec.kind, rec.object, ids[rec.object.ID]) {
			doubtful = append(doubtful, rec.object.ID)
		}
	}
	if p.alone == "" {
		for _, o := range found {
			if !known[o.ID] {
				doubtful = append(doubtful, o.ID)
			}
		}
	}
	if len(doubtful) == 0 {
		return found, nil
	}
	doubtful = dedupe(doubtful)
	again, err := conn.List(ctx, providers.Query{Kind: q.Kind, Parent: q.Parent, IDs: doubtful, Brief: q.Brief, Omit: q.Omit})
	if err != nil {
		return nil, err
	}
	sure := slices.DeleteFunc(slices.Clone(found), func(o resource.Object) bool {
		_, is := slices.BinarySearch(doubtful, o.ID)
		return is
	})
	return append(sure, again...), nil
}
