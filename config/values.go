package config

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/idpctl/idpctl/resource"
)

// objectType is what a reference to an object of kind k yields: its
// attributes, its address and its provider.
func objectType(k resource.Kind) cty.Type {
	attrs := map[string]cty.Type{addressAttr: cty.String, providerAttr: cty.String}
	for _, a := range k.All() {
		attrs[a.Name] = attributeType(a)
	}
	return cty.Object(attrs)
}

// attributeType is the type of an attribute's value.
func attributeType(a resource.Attribute) cty.Type {
	if a.Block != nil {
		return resource.BlockType(a.Block)
	}
	return a.Type
}

// PluralType is the type of what a plural data block of kind k holds: its
// arguments, and the objects found by their natural key.
func PluralType(k resource.Kind) cty.Type {
	attrs := map[string]cty.Type{addressAttr: cty.String, providerAttr: cty.String, k.Plural: cty.Map(objectType(k))}
	for _, a := range withParent(k, k.Filters) {
		attrs[a.Name] = attributeType(a)
	}
	return cty.Object(attrs)
}

// PluralValue makes what [Evaluator.Set] takes for a plural data block out of
// the objects that were found.
func PluralValue(k resource.Kind, objects []resource.Object) cty.Value {
	found := make(map[string]cty.Value, len(objects))
	for _, o := range objects {
		found[pluralKey(k, o)] = o.Attrs
	}
	plural := cty.MapValEmpty(k.Type())
	if len(found) > 0 {
		plural = cty.MapVal(found)
	}
	return cty.ObjectVal(map[string]cty.Value{k.Plural: plural})
}

// pluralKey is what a plural data block holds an object by: the natural key, or
// the id where there is none.
func pluralKey(k resource.Kind, o resource.Object) string {
	if len(k.Key) == 0 {
		return o.ID
	}
	return naturalKey(k, o.Attrs)
}

// naturalKey is the natural key of an object as one string, by which a plural
// data block holds it; the parts of a key of several attributes are joined by
// slashes.
func naturalKey(k resource.Kind, attrs cty.Value) string {
	var parts []string
	for _, name := range k.Key {
		v, _ := resource.Attr(attrs, name).Unmark()
		if s, err := convert.Convert(v, cty.String); err == nil && s.IsKnown() && !s.IsNull() {
			parts = append(parts, s.AsString())
		} else {
			parts = append(parts, "")
		}
	}
	return strings.Join(parts, "/")
}

// referenceType is the type of what a reference to an instance of b yields.
func (b *block) referenceType(k resource.Kind) cty.Type {
	switch {
	case b.typ == ClusterBlock:
		attrs := map[string]cty.Type{addressAttr: cty.String, providerAttr: cty.String}
		for _, a := range k.Attributes {
			if a.Block == nil && a.Ref == nil {
				attrs[a.Name] = a.Type
			}
		}
		return cty.Object(attrs)
	case b.plural:
		return PluralType(k)
	default:
		return objectType(k)
	}
}

// object is what a reference to an instance yields if the instance is v. It
// always has the type that the block's references have. configured: v is what
// the configuration says, so what is unset and the provider's to decide is
// unknown.
func (b *block) object(in *instance, v cty.Value, configured bool) cty.Value {
	v, marks := v.Unmark()
	addr := cty.StringVal(b.instanceAddress(in).String())
	provider := cty.StringVal(in.desired.Provider)
	if in.desired.Provider == "" {
		provider = cty.UnknownVal(cty.String)
	}
	if !b.plural {
		return objectValue(in.found.all, v, addr, provider, configured).WithMarks(marks)
	}
	attrs := map[string]cty.Value{addressAttr: addr, providerAttr: provider}
	for _, a := range withParent(in.found.kind, in.found.kind.Filters) {
		val := resource.Attr(v, a.Name)
		if val.IsNull() {
			val = resource.Attr(in.desired.Attrs, a.Name)
		}
		attrs[a.Name] = conform(a, val, !in.desired.Attrs.IsKnown())
	}
	attrs[in.found.kind.Plural] = b.elements(in, resource.Attr(v, in.found.kind.Plural), provider)
	return cty.ObjectVal(attrs).WithMarks(marks)
}

// elements gives the objects of a plural data block address and provider.
func (b *block) elements(in *instance, found, provider cty.Value) cty.Value {
	want := cty.Map(objectType(in.found.kind))
	found, marks := found.Unmark()
	if !found.IsKnown() || found.IsNull() || !found.CanIterateElements() {
		return cty.UnknownVal(want).WithMarks(marks)
	}
	out := make(map[string]cty.Value, found.LengthInt())
	for it := found.ElementIterator(); it.Next(); {
		key, val := it.Element()
		val, valMarks := val.Unmark()
		addr := elementAddress(b.instanceAddress(in), key.AsString())
		out[key.AsString()] = objectValue(in.found.all, val, cty.StringVal(addr.String()), provider, false).WithMarks(valMarks)
	}
	if len(out) == 0 {
		return cty.MapValEmpty(want.ElementType()).WithMarks(marks)
	}
	return cty.MapVal(out).WithMarks(marks)
}

// elementAddress is the address of one object that a plural data block found.
// Where the block itself has keys, both stand in one, with a slash between.
func elementAddress(parent resource.Address, key string) resource.Address {
	addr := parent
	if outer, ok := parent.Key.Str(); ok {
		key = strings.NewReplacer("~", "~0", "/", "~1").Replace(outer) + "/" + key
	} else if i, ok := parent.Key.Int(); ok {
		key = strings.Trim(resource.IntKey(i).String(), "[]") + "/" + key
	}
	addr.Key = resource.StringKey(key)
	return addr
}

// objectValue is v with address and provider: every attribute has its type,
// those that v lacks are unknown, and sensitive ones are marked.
func objectValue(attrs []resource.Attribute, v, addr, provider cty.Value, configured bool) cty.Value {
	vals := make(map[string]cty.Value, len(attrs)+2)
	known := v != cty.NilVal && v.IsKnown() && !v.IsNull() && v.Type().IsObjectType()
	for _, a := range attrs {
		if !known || !v.Type().HasAttribute(a.Name) {
			vals[a.Name] = conform(a, cty.DynamicVal, true)
			continue
		}
		attr := v.GetAttr(a.Name)
		vals[a.Name] = conform(a, attr, configured && a.Computed && isUnset(attr))
	}
	vals[addressAttr], vals[providerAttr] = addr, provider
	return cty.ObjectVal(vals)
}

// conform makes a value fit its attribute; what does not fit is unknown. A
// write-only attribute cannot be referred to: it is null, as it is never read.
func conform(a resource.Attribute, v cty.Value, unknown bool) cty.Value {
	want := attributeType(a)
	if a.WriteOnly {
		return cty.NullVal(want)
	}
	if unknown {
		v = cty.UnknownVal(want)
	} else if !v.Type().Equals(want) {
		conv, err := convert.Convert(v, want)
		if err != nil {
			conv = cty.UnknownVal(want)
		}
		v = conv
	}
	if a.Block != nil && v.IsKnown() && !v.IsNull() {
		v = markBlock(a.Block, v)
	}
	if a.Sensitive && !isUnset(v) {
		v = v.Mark(resource.Sensitive)
	}
	return v
}

// markBlock marks what is sensitive in the value of a nested block.
func markBlock(attrs []resource.Attribute, v cty.Value) cty.Value {
	v, marks := v.Unmark()
	vals := v.AsValueMap()
	for _, a := range attrs {
		if inner, ok := vals[a.Name]; ok {
			vals[a.Name] = conform(a, inner, false)
		}
	}
	return cty.ObjectVal(vals).WithMarks(marks)
}

// blockValue is what a reference to a whole block yields: the object, or with
// for_each a map and with count a list of them.
func (e *Evaluator) blockValue(addr resource.Address) cty.Value {
	b, st := e.m.blocks[addr], e.state(addr)
	if b == nil || !st.expanded || st.failed {
		return cty.DynamicVal
	}
	if st.value.value != cty.NilVal && st.value.generation >= st.generation {
		return st.value.value
	}
	v := e.makeBlockValue(b, st)
	st.value = cachedValue{v, e.generation}
	return v
}

func (e *Evaluator) makeBlockValue(b *block, st *blockState) cty.Value {
	if len(b.candidates) == 0 {
		return cty.DynamicVal
	}
	elem := b.referenceType(b.candidates[0].kind)
	uniform := len(b.candidates) == 1
	switch {
	case st.open && !uniform:
		return cty.DynamicVal
	case st.open && b.forEach != nil:
		return cty.UnknownVal(cty.Map(elem))
	case st.open:
		return cty.UnknownVal(cty.List(elem))
	case b.forEach != nil:
		vals := make(map[string]cty.Value, len(st.order))
		for _, in := range st.order {
			key, _ := in.key.Str()
			vals[key] = in.value()
			uniform = uniform || vals[key].Type().Equals(elem)
		}
		switch {
		case len(vals) == 0:
			return cty.MapValEmpty(elem)
		case cty.CanMapVal(vals):
			return cty.MapVal(vals)
		}
		return cty.ObjectVal(vals)
	case b.count != nil:
		vals := make([]cty.Value, 0, len(st.order))
		for _, in := range st.order {
			vals = append(vals, in.value())
		}
		switch {
		case len(vals) == 0:
			return cty.ListValEmpty(elem)
		case cty.CanListVal(vals):
			return cty.ListVal(vals)
		}
		return cty.TupleVal(vals)
	case len(st.order) == 0:
		return cty.DynamicVal
	}
	return st.order[0].value()
}

// convertTo converts and says in plain words what does not fit.
func convertTo(v cty.Value, want cty.Type) (cty.Value, error) {
	return convert.Convert(v, want)
}
