package conformance

import (
	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// checkLookedUp: what has data blocks alone is found in every way, unless it is given,
// and every operation on it is refused, beforehand too.
func (r *run) checkLookedUp(k resource.Kind) {
	if k.Given {
		for _, q := range []providers.Query{{All: true}, {IDs: []string{"anything"}}, {Keys: []map[string]string{{k.Key[0]: "anything"}}}} {
			r.finds(k, r.home(k), q)
		}
		r.refusedAll(resource.Object{Kind: k.Name, ID: "anything", Attrs: cty.NullVal(k.Type())})
		return
	}
	home := r.home(k)
	all := r.list(providers.Query{Kind: k.Name, Parent: home, All: true})
	if len(all) == 0 {
		r.fatalf("the target has none")
	}
	if len(k.Lookup[0]) == 0 && len(all) != 1 {
		r.errorf("it is said to be the only one of its kind, and there are %d", len(all))
	}
	for _, was := range all {
		r.finds(k, home, providers.Query{IDs: []string{was.ID}}, was.ID)
		if key, ok := keyOf(k.Key, was); ok {
			r.finds(k, home, providers.Query{Keys: []map[string]string{key}}, was.ID)
			r.finds(k, home, providers.Query{Keys: []map[string]string{key}, IDs: []string{was.ID}}, was.ID)
			for name, v := range key {
				r.finds(k, home, providers.Query{Keys: []map[string]string{{name: v + "x"}}})
			}
		} else {
			r.errorf("it has no key: %s", show(was.Attrs))
		}
	}
	r.finds(k, home, providers.Query{IDs: []string{uuid.NewString()}})
	r.finds(k, home, providers.Query{}) // asks for nothing
	r.refusedAll(all[0])
}

// refusedAll: no operation on an object is done, and what is there stays as it is.
func (r *run) refusedAll(o resource.Object) {
	for _, verb := range []providers.Verb{providers.Create, providers.Update, providers.Delete} {
		op := providers.Operation{Verb: verb, Kind: o.Kind, ID: o.ID, Before: o.Attrs, After: o.Attrs}
		if errs := r.conn.Check(r.ctx, []providers.Operation{op}); len(errs) != 1 || errs[0] == nil {
			r.errorf("%s is not refused beforehand", verb)
		}
		if res := r.apply(r.ctx, op)[0]; res.Err == nil {
			r.errorf("%s is not refused", verb)
		}
	}
}
