package conformance

import (
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// checkRestored: what was deleted is found in the bin by its key (without one: by
// its id and by its marker), and nowhere else; creating it brings it back with its
// id.
func (r *run) checkRestored(k resource.Kind) {
	if !k.Restores {
		return
	}
	home := r.home(k)
	x := r.thing(k, home, r.full(k, home, r.next()))
	r.create(x)
	was := x.id
	bins := []providers.Query{{IDs: []string{was}, Deleted: true}, {Markers: []string{x.marker}, Deleted: true}}
	living := providers.Query{IDs: []string{was}}
	if len(k.Key) > 0 {
		key := map[string]string{}
		for _, name := range k.Key {
			key[name] = x.want[name].AsString()
		}
		bins = []providers.Query{{Keys: []map[string]string{key}, Deleted: true}}
		living = providers.Query{Keys: []map[string]string{key}}
	}
	for _, bin := range bins {
		r.finds(k, home, bin) // it is no bin of the living
	}
	if err := r.remove(x); err != nil {
		r.fatalf("deleting: %v", err)
	}
	for _, bin := range bins {
		r.finds(k, home, bin, was)
	}
	r.finds(k, home, living)
	x = r.thing(k, home, x.want)
	c := r.plan(x, nil)
	op := x.operation(c)
	op.Restore = was
	if o := r.created(x, c, r.apply(r.ctx, op)[0]); o.ID != was {
		r.errorf("restored with the id %s, and it was %s", o.ID, was)
	}
	for _, bin := range bins {
		r.finds(k, home, bin)
	}
}
