package config

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// reusable reports whether all that the evaluation of b looks at goes through
// bodyEval.evaluate, plainValue and repeat, which notice what is unknown.
func (b *block) reusable() bool {
	return !b.content.dynamic && !slices.ContainsFunc(b.refs.blocks, func(r blockRef) bool { return r.key != nil })
}

// reuse takes over the instances that the check of the configuration found, if
// they were known then and what they were made of is still the same. An
// expression whose value was known although some of its operands were not has
// the same value when these become known; so only what was known is compared.
func (e *Evaluator) reuse(b *block) ([]resource.Desired, bool) {
	had := e.checked[b.addr]
	if had == nil || !had.closed {
		return nil, false
	}
	for _, dep := range b.deps {
		if !sameSoFar(e.checked[dep.Block()], e.states[dep.Block()]) {
			return nil, false
		}
	}
	st := e.state(b.addr)
	st.expanded, st.closed = true, true
	st.order = make([]*instance, len(had.order))
	st.instances = make(map[resource.Key]*instance, len(had.order))
	copies := make([]instance, len(had.order))
	out := make([]resource.Desired, len(had.order))
	for i, in := range had.order {
		copies[i] = *in
		copies[i].know(in.desired.Attrs, true)
		st.order[i], st.instances[in.key], out[i] = &copies[i], &copies[i], in.desired
	}
	e.touch(st)
	return out, true
}

// sameSoFar reports whether all that was known of a block when the
// configuration was checked is what is known of it now.
func sameSoFar(then, now *blockState) bool {
	if then == nil || now == nil || then.failed || now.failed || then.open || len(then.order) != len(now.order) {
		return false
	}
	for i, in := range then.order {
		if now.order[i].key != in.key || !agrees(in.value(), now.order[i].value()) {
			return false
		}
	}
	return true
}

// agrees reports whether everything that is known of a is the same in b.
func agrees(a, b cty.Value) bool {
	a, am := a.Unmark()
	b, bm := b.Unmark()
	switch {
	case !am.Equal(bm):
		return false
	case !a.IsKnown():
		return true
	case a.IsWhollyKnown():
		return b.IsWhollyKnown() && a.RawEquals(b)
	case !b.IsKnown() || b.IsNull() || !a.Type().Equals(b.Type()) || a.Type().IsSetType() || a.LengthInt() != b.LengthInt():
		return false
	}
	for ai, bi := a.ElementIterator(), b.ElementIterator(); ai.Next() && bi.Next(); {
		ak, av := ai.Element()
		bk, bv := bi.Element()
		if !ak.RawEquals(bk) || !agrees(av, bv) {
			return false
		}
	}
	return true
}
