package plan

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// settled reports whether nothing has to be done for an object, and nothing
// distinguishes the object as it is from what it will be: then Before and After
// are the live attributes. It says so only where the comparison attribute by
// attribute would come to the same. Most objects of most plans are settled, and
// this finds out without making anything.
func (in Input) settled(live *resource.Object) bool {
	prior := in.Prior
	if prior == nil || prior.Attrs == nil || len(prior.Sensitive) > 0 || len(in.Desired.IgnoreChanges) > 0 {
		return false
	}
	want := in.Desired.Attrs
	if want.IsMarked() || want.IsNull() || !want.IsKnown() || live.Attrs.IsNull() {
		return false
	}
	id := resource.Attr(live.Attrs, "id")
	if !equalStrings(id, cty.StringVal(live.ID)) {
		return false
	}
	for i := range in.Kind.Attributes {
		a := &in.Kind.Attributes[i]
		w, l := resource.Attr(want, a.Name), resource.Attr(live.Attrs, a.Name)
		switch {
		case a.WriteOnly || a.OnCreate:
			if a.Version != "" || !l.IsNull() {
				return false
			}
		case w.IsMarked() || a.Sensitive:
			return false
		case a.Local:
			if !isNull(w) || !l.IsNull() || !resource.Attr(prior.Attrs.Value(), a.Name).IsNull() {
				return false
			}
		case isNull(w) && (l.IsNull() || a.Computed && !a.Partial && a.Block == nil):
		case a.Block != nil || !identical(w, l):
			return false
		}
	}
	return true
}

func isNull(v cty.Value) bool { return v.IsKnown() && v.IsNull() }

// identical reports whether two values without marks are known and the same.
func identical(a, b cty.Value) bool {
	if a.Type() == cty.String {
		return equalStrings(a, b)
	}
	return !a.IsNull() && !b.IsNull() && a.Type().Equals(b.Type()) && a.RawEquals(b)
}

func equalStrings(a, b cty.Value) bool {
	return a.Type() == cty.String && b.Type() == cty.String && a.IsKnown() && b.IsKnown() &&
		!a.IsNull() && !b.IsNull() && a.AsString() == b.AsString()
}
