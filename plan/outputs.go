package plan

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// Output is an output value: desired, or as the state has it.
type Output struct {
	// Value is null for a sensitive one that comes from the state.
	Value     cty.Value
	Sensitive bool
}

// Outputs compares the outputs of the configuration with those of the state.
// A sensitive value is never in the state, so only its coming and going shows.
func Outputs(desired, prior map[string]Output) []OutputChange {
	names := map[string]bool{}
	for n := range desired {
		names[n] = true
	}
	for n := range prior {
		names[n] = true
	}
	var out []OutputChange
	for _, name := range slices.Sorted(maps.Keys(names)) {
		want, wanted := desired[name]
		had, existed := prior[name]
		c := OutputChange{Name: name, Action: NoOp, Before: null(had.Value), After: null(want.Value), Sensitive: want.Sensitive || had.Sensitive}
		switch {
		case !existed:
			c.Action = Create
		case !wanted:
			c.Action = Delete
		case want.Sensitive != had.Sensitive:
			c.Action = Update
		case !want.Sensitive && !sameOutput(want.Value, had.Value):
			c.Action = Update
		}
		if c.Sensitive {
			c.Before, c.After = c.Before.Mark(resource.Sensitive), c.After.Mark(resource.Sensitive)
		}
		out = append(out, c)
	}
	return out
}

// sameOutput compares exactly: unlike a server's attribute, an empty output is
// not the same as an unset one.
func sameOutput(a, b cty.Value) bool {
	a, _ = null(a).UnmarkDeep()
	b, _ = null(b).UnmarkDeep()
	return a.IsWhollyKnown() && b.IsWhollyKnown() && a.RawEquals(b)
}

func null(v cty.Value) cty.Value {
	if v == cty.NilVal {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return v
}
