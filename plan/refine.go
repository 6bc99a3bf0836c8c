package plan

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// Refine compares again at apply time, when the values are known that the plan
// called unknown. The decision stays the plan's: what was a creation is one.
// It is an error if anything that the plan showed as known came out otherwise,
// as apply does what the plan showed, or stops.
func Refine(c *Change, kind resource.Kind, desired *resource.Desired) (*Change, diag.Diagnostics) {
	out := *c
	out.Desired = desired
	live := c.Live
	if c.Action == Create || c.Action == Replace {
		live = nil
	}
	in := Input{Kind: kind, Desired: desired, Prior: c.Prior}
	out.plan(in, live)
	if c.Action == Replace {
		out.Before = c.Before
	}
	if unknown := unknownWishes(kind.Attributes, desired.Attrs); len(unknown) > 0 {
		return nil, diag.Diagnostics{{
			Summary: "Value still unknown", Subject: desired.AttrRange(unknown[0]), Address: c.Address.String(),
			Detail: fmt.Sprintf("%s needs %s, which is not known although everything that it refers to is done.", c.Address, strings.Join(unknown, ", ")),
		}}
	}
	for _, a := range kind.Attributes {
		planned, now := resource.Attr(c.After, a.Name), resource.Attr(out.After, a.Name)
		if a.WriteOnly || !planned.IsWhollyKnown() {
			continue
		}
		if p, _ := planned.UnmarkDeep(); !now.IsWhollyKnown() || !Same(p, now) {
			return nil, diag.Diagnostics{{
				Summary: "Value differs from the plan", Subject: desired.AttrRange(a.Name), Address: c.Address.String(),
				Detail: fmt.Sprintf("The attribute %s of %s was planned with another value than it has now. Nothing was changed; plan again.", a.Name, c.Address),
			}}
		}
	}
	return &out, nil
}

// unknownWishes names the attributes that the configuration sets to something
// that is not known.
func unknownWishes(attrs []resource.Attribute, want cty.Value) []string {
	var names []string
	for _, a := range attrs {
		if v := resource.Attr(want, a.Name); !v.IsWhollyKnown() {
			names = append(names, a.Name)
		}
	}
	return names
}

// Remaining names the attributes that still differ from the wish after it was
// applied: the server did not keep them.
func Remaining(c *Change, kind resource.Kind, live *resource.Object) []string {
	if kept(c, kind, live) {
		return nil
	}
	return remaining(c, kind, live)
}

// kept reports whether live is what the change said that it would be. It says so
// only where comparing it with the wish finds nothing, which takes longer.
func kept(c *Change, kind resource.Kind, live *resource.Object) bool {
	for i := range kind.Attributes {
		a := &kind.Attributes[i]
		want, has := resource.Attr(c.After, a.Name), resource.Attr(live.Attrs, a.Name)
		switch {
		case a.WriteOnly || a.Local || a.OnCreate:
		case want.IsMarked() || has.IsMarked():
			return false
		case isNull(want) && isNull(has):
		case !want.IsKnown() && a.Computed && !a.Partial && isNull(resource.Attr(c.Desired.Attrs, a.Name)):
			// The server decided.
		case a.Block != nil || !identical(want, has):
			return false
		}
	}
	return true
}

func remaining(c *Change, kind resource.Kind, live *resource.Object) []string {
	after := *c
	after.Owned = NewOwned(c, kind)
	after.plan(Input{Kind: kind, Desired: c.Desired}, live)
	var names []string
	for _, a := range after.Attributes {
		if !a.WriteOnly && !a.Local {
			names = append(names, a.Path)
		}
	}
	return names
}

// NewOwned is what idpctl owns of the partial attributes once a change is
// done: what it owned and still wants, and what it adds.
func NewOwned(c *Change, kind resource.Kind) map[string]cty.Value {
	owned := map[string]cty.Value{}
	for _, a := range kind.Attributes {
		if !a.Partial {
			continue
		}
		before, _ := resource.Attr(c.Before, a.Name).UnmarkDeep()
		after, _ := resource.Attr(c.After, a.Name).UnmarkDeep()
		if v := ownedElements(a.Type, before, after, c.Owned[a.Name]); v != cty.NilVal {
			owned[a.Name] = v
		}
	}
	return owned
}

// OwnedAfterFailure is what idpctl owns of the partial attributes once a change
// failed: of what it owned, and of what it was about to add, that which the
// object has now.
func OwnedAfterFailure(c *Change, kind resource.Kind, live *resource.Object) map[string]cty.Value {
	wanted, owned := NewOwned(c, kind), map[string]cty.Value{}
	for _, a := range kind.Attributes {
		has := live.Attr(a.Name)
		if !a.Partial || has.IsNull() {
			continue
		}
		had, adds := c.Owned[a.Name], wanted[a.Name]
		switch {
		case a.Type.IsSetType():
			var keep []cty.Value
			for _, v := range has.AsValueSlice() {
				if hasElement(had, v) || hasElement(adds, v) {
					keep = append(keep, v)
				}
			}
			if len(keep) > 0 {
				owned[a.Name] = cty.SetVal(keep)
			}
		case a.Type.IsMapType():
			keep := map[string]cty.Value{}
			for k, v := range has.AsValueMap() {
				if hasKey(had, k) || hasKey(adds, k) && adds.Index(cty.StringVal(k)).RawEquals(v) {
					keep[k] = v
				}
			}
			if len(keep) > 0 {
				owned[a.Name] = cty.MapVal(keep)
			}
		}
	}
	return owned
}

func ownedElements(typ cty.Type, before, after, owned cty.Value) cty.Value {
	if after.IsNull() || !after.IsWhollyKnown() {
		return cty.NilVal
	}
	switch {
	case typ.IsSetType():
		var keep []cty.Value
		for _, v := range after.AsValueSlice() {
			if hasElement(owned, v) || !hasElement(before, v) {
				keep = append(keep, v)
			}
		}
		if len(keep) > 0 {
			return cty.SetVal(keep)
		}
	case typ.IsMapType():
		keep := map[string]cty.Value{}
		for k, v := range after.AsValueMap() {
			changed := !hasKey(before, k) || !before.Index(cty.StringVal(k)).RawEquals(v)
			if hasKey(owned, k) || changed {
				keep[k] = v
			}
		}
		if len(keep) > 0 {
			return cty.MapVal(keep)
		}
	}
	return cty.NilVal
}
