package view

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// endpoints returns the object before and after a change with marks on
// everything that is not to be shown: what its kind calls sensitive or
// write-only, and what is marked on either side. Where the kind is not known,
// only what the state has recorded is shown of the object before, as nothing
// sensitive is ever recorded.
func (v *View) endpoints(c *plan.Change) (before, after cty.Value) {
	before, after = orNull(c.Before), orNull(c.After)
	if kind, ok := v.kind(c.Provider, c.Kind); ok {
		before, after = markSpec(kind.All(), before), markSpec(kind.All(), after)
	} else {
		recorded := cty.NullVal(cty.DynamicPseudoType)
		if c.Prior != nil {
			recorded = orNull(c.Prior.Attrs.Value())
		}
		before = markUnrecorded(before, recorded, c.Attributes)
	}
	return markLike(before, after), markLike(after, before)
}

// differences returns the differences of a change, with marks by their kind.
func (v *View) differences(c *plan.Change) []plan.AttrChange {
	kind, _ := v.kind(c.Provider, c.Kind)
	out := make([]plan.AttrChange, len(c.Attributes))
	for i, a := range c.Attributes {
		a.Before, a.After = orNull(a.Before), orNull(a.After)
		if spec, ok := find(kind.Attributes, a.Path); ok {
			if spec.Block != nil {
				a.Before, a.After = markSpec(spec.Block, a.Before), markSpec(spec.Block, a.After)
			} else if spec.Sensitive || spec.WriteOnly {
				a.Before, a.After = a.Before.Mark(resource.Sensitive), a.After.Mark(resource.Sensitive)
			}
		} else if a.Before.Type().IsObjectType() {
			a.Before = a.Before.Mark(resource.Sensitive)
		}
		out[i] = a
	}
	return out
}

// find is the attribute at a path through nested blocks.
func find(attrs []resource.Attribute, path string) (resource.Attribute, bool) {
	top := plan.AttrChange{Path: path}.Top()
	for _, a := range attrs {
		if a.Name != top {
			continue
		}
		if len(path) > len(top) {
			return find(a.Block, path[len(top)+1:])
		}
		return a, true
	}
	return resource.Attribute{}, false
}

func orNull(v cty.Value) cty.Value {
	if v == cty.NilVal {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return v
}

// open reports whether the attributes of an object value can be looked at.
func open(v cty.Value) bool {
	return v.Type().IsObjectType() && !v.IsMarked() && v.IsKnown() && !v.IsNull()
}

// markSpec marks the attributes of an object that its kind calls sensitive.
func markSpec(attrs []resource.Attribute, v cty.Value) cty.Value {
	if !open(v) {
		return v
	}
	vals := v.AsValueMap()
	for _, a := range attrs {
		val, ok := vals[a.Name]
		switch {
		case !ok:
		case a.Sensitive || a.WriteOnly:
			vals[a.Name] = val.Mark(resource.Sensitive)
		case a.Block != nil:
			vals[a.Name] = markSpec(a.Block, val)
		}
	}
	return object(vals)
}

// markUnrecorded marks the attributes of an object that are neither recorded
// nor among the differences, which carry marks of their own.
func markUnrecorded(v, recorded cty.Value, changes []plan.AttrChange) cty.Value {
	if !open(v) {
		return v
	}
	shown := map[string]bool{"id": true}
	for _, c := range changes {
		shown[c.Path] = !orNull(c.Before).Type().IsObjectType()
	}
	vals := v.AsValueMap()
	for name, val := range vals {
		was, _ := resource.Attr(recorded, name).Unmark()
		switch {
		case shown[name]:
		case was.IsNull():
			vals[name] = val.Mark(resource.Sensitive)
		case open(val):
			vals[name] = markUnrecorded(val, was, nil)
		}
	}
	return object(vals)
}

// markLike marks what is marked at the same place of another value.
func markLike(v, other cty.Value) cty.Value {
	if masked(other) {
		return v.Mark(resource.Sensitive)
	}
	if !open(v) || !open(other) {
		if resource.IsSensitive(other) && !v.Type().IsObjectType() {
			return v.Mark(resource.Sensitive)
		}
		return v
	}
	vals := v.AsValueMap()
	for name, val := range vals {
		if o := resource.Attr(other, name); resource.IsSensitive(o) {
			vals[name] = markLike(val, o)
		}
	}
	return object(vals)
}

func object(vals map[string]cty.Value) cty.Value {
	if len(vals) == 0 {
		return cty.EmptyObjectVal
	}
	return cty.ObjectVal(vals)
}
