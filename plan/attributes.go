package plan

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/idpctl/idpctl/resource"
)

// differ compares the attributes of one object.
type differ struct {
	exists   bool // there is a live object
	hasPrior bool
	owned    map[string]cty.Value
	ignore   map[string]bool
	// secret names attributes that were sensitive when they were applied:
	// what is live may still be that secret.
	secret map[string]bool
	// written reports whether the configuration says something of an attribute:
	// what it says of a new object is shown, even if it is false or zero.
	written func(path string) bool
	changes []AttrChange
}

// says reports whether a wish for a new object is worth showing.
func (d *differ) says(path string, w cty.Value) bool {
	return !w.IsKnown() || !isEmpty(w) || !w.IsNull() && d.written != nil && d.written(path)
}

// object compares a list of attributes, and returns the object before (live,
// reduced to what is managed) and after (planned). want may be marked; live and
// prior are not. prefix is "" or that of a nested block, ending in a dot.
func (d *differ) object(prefix string, attrs []resource.Attribute, want, live, prior cty.Value) (before, after map[string]cty.Value) {
	before, after = make(map[string]cty.Value, len(attrs)+1), make(map[string]cty.Value, len(attrs)+1)
	sent := d.sentAgain(attrs, want, prior)
	for _, a := range attrs {
		b, n := d.attribute(prefix, a, want, live, prior, sent[a.Name])
		before[a.Name], after[a.Name] = b, n
	}
	return before, after
}

// sentAgain names the write-only attributes whose version was raised.
func (d *differ) sentAgain(attrs []resource.Attribute, want, prior cty.Value) map[string]bool {
	var sent map[string]bool
	for _, a := range attrs {
		if !a.WriteOnly {
			continue
		}
		if sent == nil {
			sent = map[string]bool{}
		}
		if !d.exists {
			sent[a.Name] = true
		} else if a.Version != "" {
			w, _ := resource.Attr(want, a.Version).Unmark()
			sent[a.Name] = !same(w, resource.Attr(prior, a.Version))
		}
	}
	return sent
}

func (d *differ) attribute(prefix string, a resource.Attribute, want, live, prior cty.Value, send bool) (before, after cty.Value) {
	typ := attrType(a)
	w := typed(resource.Attr(want, a.Name), typ)
	l := typed(resource.Attr(live, a.Name), typ)
	p := typed(resource.Attr(prior, a.Name), typ)
	path := prefix + a.Name
	w, marks := w.UnmarkDeep()
	_, marked := marks[resource.Sensitive]
	mark := func(v cty.Value) cty.Value {
		if marked || a.Sensitive || prefix == "" && d.secret[a.Name] {
			return v.Mark(resource.Sensitive)
		}
		return v
	}
	null := cty.NullVal(typ)

	switch {
	case a.WriteOnly:
		if send && !w.IsNull() {
			d.add(AttrChange{Path: path, Before: null, After: null, WriteOnly: true})
		}
		return null, null
	case a.OnCreate:
		if d.exists {
			return null, null
		}
		if d.says(path, w) {
			d.add(AttrChange{Path: path, Before: null, After: mark(w)})
		}
		return null, mark(w)
	case a.Local:
		if d.exists && !d.hasPrior {
			p = null
		}
		if !same(w, p) && !d.ignore[a.Name] {
			d.add(AttrChange{Path: path, Before: p, After: mark(w), Local: true, Trigger: a.Trigger && d.hasPrior && !w.IsNull()})
		}
		return p, mark(w)
	case a.Block != nil:
		return d.block(path, a, resource.Attr(want, a.Name), l, p)
	}

	if !d.exists {
		if w.IsNull() && a.Computed {
			if a.Initial != cty.NilVal {
				return null, mark(a.Initial)
			}
			if a.Optional {
				// Left to the server: many attributes are, and a list of them
				// would hide what the configuration says.
				return null, mark(cty.UnknownVal(typ))
			}
			w = cty.UnknownVal(typ)
		}
		if d.says(path, w) {
			d.add(AttrChange{Path: path, Before: null, After: mark(w)})
		}
		return null, mark(w)
	}
	if a.Partial && !d.exclusive(a, want) {
		p = d.owned[a.Name]
		l = managed(typ, w, l, p)
		if p == cty.NilVal {
			p = null
		}
	}
	if w.IsNull() && a.Computed || d.ignore[a.Name] && prefix == "" {
		return mark(l), mark(l)
	}
	if !same(w, l) {
		drift := d.hasPrior && w.IsWhollyKnown() && !p.IsNull() && same(w, p)
		d.add(AttrChange{Path: path, Before: mark(l), After: mark(w), Replaces: a.ForceNew, Drift: drift})
	}
	return mark(l), mark(w)
}

// exclusive reports whether a partial attribute is the whole list here.
func (d *differ) exclusive(a resource.Attribute, want cty.Value) bool {
	if a.Exclusive == "" {
		return false
	}
	v, _ := resource.Attr(want, a.Exclusive).Unmark()
	return v.IsKnown() && !v.IsNull() && v.True()
}

// block compares a nested block attribute by attribute.
func (d *differ) block(path string, a resource.Attribute, want, live, prior cty.Value) (before, after cty.Value) {
	typ := attrType(a)
	want, _ = want.Unmark()
	if want.IsKnown() && want.IsNull() {
		if !live.IsNull() && !d.ignore[a.Name] {
			if a.Computed {
				return live, live
			}
			d.add(AttrChange{Path: path, Before: markBlock(a.Block, live), After: cty.NullVal(typ), Replaces: a.ForceNew})
			return live, cty.NullVal(typ)
		}
		return live, live
	}
	if !want.IsKnown() {
		d.add(AttrChange{Path: path, Before: live, After: cty.UnknownVal(typ), Replaces: a.ForceNew})
		return live, cty.UnknownVal(typ)
	}
	if d.ignore[a.Name] && d.exists {
		return live, live
	}
	inner := &differ{exists: d.exists && !live.IsNull(), hasPrior: d.hasPrior && !prior.IsNull(), ignore: map[string]bool{}, written: d.written}
	b, n := inner.object(path+".", a.Block, want, live, prior)
	for _, c := range inner.changes {
		c.Replaces = c.Replaces || a.ForceNew && d.exists
		d.add(c)
	}
	before = live
	if !live.IsNull() {
		before = cty.ObjectVal(b)
	}
	return before, cty.ObjectVal(n)
}

// markBlock marks the sensitive attributes of a nested block.
func markBlock(attrs []resource.Attribute, v cty.Value) cty.Value {
	if v.IsNull() || !v.IsKnown() {
		return v
	}
	vals := v.AsValueMap()
	for _, a := range attrs {
		if a.Sensitive {
			vals[a.Name] = vals[a.Name].Mark(resource.Sensitive)
		}
	}
	return cty.ObjectVal(vals)
}

func (d *differ) add(c AttrChange) {
	c.Replaces = c.Replaces && d.exists
	d.changes = append(d.changes, c)
}

// managed reduces the live elements of a partial attribute to those that the
// configuration names or idpctl added earlier.
func managed(typ cty.Type, want, live, owned cty.Value) cty.Value {
	if live.IsNull() || !live.IsKnown() {
		return live
	}
	switch {
	case typ.IsMapType():
		keep := map[string]cty.Value{}
		for k, v := range live.AsValueMap() {
			if hasKey(want, k) || hasKey(owned, k) {
				keep[k] = v
			}
		}
		if len(keep) == 0 {
			return cty.MapValEmpty(typ.ElementType())
		}
		return cty.MapVal(keep)
	case typ.IsSetType():
		var keep []cty.Value
		for _, v := range live.AsValueSlice() {
			if hasElement(want, v) || hasElement(owned, v) {
				keep = append(keep, v)
			}
		}
		if len(keep) == 0 {
			return cty.SetValEmpty(typ.ElementType())
		}
		return cty.SetVal(keep)
	default:
		return live
	}
}

func hasKey(v cty.Value, key string) bool {
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return false
	}
	return v.HasIndex(cty.StringVal(key)).True()
}

func hasElement(set, v cty.Value) bool {
	if set == cty.NilVal || set.IsNull() || !set.IsKnown() {
		return false
	}
	has := set.HasElement(v)
	return has.IsKnown() && has.True()
}

// Same reports whether two values of an attribute mean the same to a server:
// unset and empty are one. Unknown values equal nothing. Marks do not count.
func Same(a, b cty.Value) bool {
	a, _ = a.UnmarkDeep()
	b, _ = b.UnmarkDeep()
	return same(a, b)
}

func same(a, b cty.Value) bool {
	if !a.IsWhollyKnown() || !b.IsWhollyKnown() {
		return false
	}
	if isEmpty(a) || isEmpty(b) {
		return isEmpty(a) && isEmpty(b)
	}
	if !a.Type().Equals(b.Type()) {
		c, err := convert.Convert(b, a.Type())
		if err != nil {
			return false
		}
		b = c
	}
	return a.RawEquals(b)
}

// isEmpty reports whether a value is unset, or what servers show for unset: an
// empty string or collection, or false. Zero is a value: a lifetime of none is
// not the realm's.
func isEmpty(v cty.Value) bool {
	if v == cty.NilVal || v.IsNull() {
		return true
	}
	if !v.IsKnown() {
		return false
	}
	switch t := v.Type(); {
	case t == cty.String:
		return v.AsString() == ""
	case t == cty.Bool:
		return v.False()
	case t.IsCollectionType(), t.IsTupleType():
		return v.LengthInt() == 0
	default:
		return false
	}
}

func attrType(a resource.Attribute) cty.Type {
	if a.Block != nil {
		return resource.BlockType(a.Block)
	}
	return a.Type
}

// typed gives a null of any type the attribute's own.
func typed(v cty.Value, typ cty.Type) cty.Value {
	if v.IsNull() {
		marks := v.Marks()
		return cty.NullVal(typ).WithMarks(marks)
	}
	return v
}
