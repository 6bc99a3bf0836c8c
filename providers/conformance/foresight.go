package conformance

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// foresee asks Check about one operation, which must change nothing.
func (r *run) foresee(ops ...providers.Operation) []error {
	errs := r.conn.Check(r.ctx, ops)
	if len(errs) != len(ops) {
		r.fatalf("Check answers %d operations with %d errors", len(ops), len(errs))
	}
	for _, err := range errs {
		r.checkError(err)
	}
	return errs
}

// foreseeNone checks that nothing is refused beforehand that is about to be
// done.
func (r *run) foreseeNone(op providers.Operation) {
	if err := r.foresee(op)[0]; err != nil {
		r.errorf("Check refuses what is then done: %v", err)
	}
}

// checkForeseen: what the server refuses is refused beforehand, and nothing
// else is, also while the home of an object does not exist yet.
func (r *run) checkForeseen(k resource.Kind) {
	home := r.home(k)
	r.try("of several", func() {
		_, _, ops := r.several(k, home, 3)
		for i, err := range r.foresee(ops...) {
			if err != nil {
				r.errorf("operation %d is refused: %v", i, err)
			}
		}
		for _, o := range r.list(providers.Query{Kind: k.Name, Parent: home, All: true}) {
			for _, op := range ops {
				if nameOf(k, o.Attrs, o.Marker) == nameOf(k, op.After, op.Marker) {
					r.errorf("Check made an object")
				}
			}
		}
	})
	if k.Parent != "" {
		r.try("in a home to come", func() {
			x := r.thing(k, r.prefix+"-to-come", r.minimal(k, r.prefix+"-to-come", r.next()))
			r.foreseeNone(x.operation(r.plan(x, nil)))
		})
	}
	for path, values := range r.h.Refused {
		name, ok := strings.CutPrefix(path, k.Name+".")
		if !ok {
			continue
		}
		for _, v := range values {
			r.try(path+" = "+show(v), func() { r.foreseen(k, home, name, v) })
		}
	}
}

// foreseen checks that a value is refused beforehand, and that the server
// refuses it indeed.
func (r *run) foreseen(k resource.Kind, home, name string, v cty.Value) {
	want := r.minimal(k, home, r.next())
	want[name] = v
	for _, a := range k.Attributes {
		if a.DefaultFrom == name {
			want[a.Name] = v
		}
	}
	x := r.thing(k, home, want)
	op := x.operation(r.plan(x, nil))
	before := r.foresee(op)[0]
	res := r.apply(r.ctx, op)[0]
	if res.ID != "" {
		x.id = res.ID
		r.made = append(r.made, x)
	}
	switch {
	case res.Err == nil && before == nil:
		r.errorf("the server takes it: it is no value to refuse")
	case res.Err == nil:
		r.errorf("Check refuses what the server takes: %v", before)
	case before == nil:
		r.errorf("it is not foreseen that the server refuses it: %v", res.Err)
	case providers.ClassOf(before) != providers.Invalid:
		r.errorf("the refusal foreseen has the class %s", className(providers.ClassOf(before)))
	}
}
