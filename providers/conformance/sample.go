package conformance

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// settable reports whether a configuration can set an attribute, and the
// provider sees it.
func settable(a resource.Attribute) bool {
	return (!a.Computed || a.Optional) && !a.Local && a.Name != "id"
}

// varied are the attributes of a kind that checks set, change and unset: those
// that can be set, without the parent, and without what is sent only.
func (r *run) varied(k resource.Kind) []resource.Attribute {
	var out []resource.Attribute
	for _, a := range k.Attributes {
		_, frozen := r.h.Frozen[k.Name+"."+a.Name]
		_, always := r.h.Always[k.Name][a.Name]
		if settable(a) && a.Name != k.Parent && !a.WriteOnly && !a.OnCreate && !frozen && !always {
			out = append(out, a)
		}
	}
	return out
}

func typeOf(a resource.Attribute) cty.Type {
	if a.Block != nil {
		return resource.BlockType(a.Block)
	}
	return a.Type
}

// nulls is an object of a kind on which nothing but the defaults is set.
func nulls(attrs []resource.Attribute) map[string]cty.Value {
	out := map[string]cty.Value{}
	for _, a := range attrs {
		out[a.Name] = cty.NullVal(typeOf(a))
		if a.Default != cty.NilVal {
			out[a.Name] = a.Default
		}
	}
	return out
}

// minimal sets only what has to be set on the nth object of a kind.
func (r *run) minimal(k resource.Kind, parent string, n int) map[string]cty.Value {
	out := nulls(k.All())
	if k.Parent != "" {
		out[k.Parent] = cty.StringVal(parent)
	}
	for _, a := range k.Attributes {
		if a.Name != k.Parent && (a.Required || a.DefaultFrom == resource.FromLabel) {
			r.set(out, k.Name, a, parent, n)
		}
	}
	maps.Copy(out, r.h.Always[k.Name])
	for _, a := range k.Attributes { // as the configuration does
		if _, always := r.h.Always[k.Name][a.Name]; a.DefaultFrom != "" && a.DefaultFrom != resource.FromLabel && a.DefaultFrom != resource.FromServer && !always {
			out[a.Name] = out[a.DefaultFrom]
		}
	}
	return out
}

// full sets everything on the nth object of a kind.
func (r *run) full(k resource.Kind, parent string, n int) map[string]cty.Value {
	out := r.minimal(k, parent, n)
	for _, a := range r.varied(k) {
		r.set(out, k.Name, a, parent, n)
	}
	for _, a := range k.Attributes {
		if a.WriteOnly && !a.OnCreate {
			out[a.Name] = cty.StringVal(r.canary)
		}
		if a.Local && a.Type == cty.Number {
			out[a.Name] = cty.NumberIntVal(1)
		}
	}
	for name, v := range r.h.Full[k.Name] {
		out[name] = v
	}
	return out
}

// set gives one attribute its nth value, with what belongs to it.
func (r *run) set(out map[string]cty.Value, path string, a resource.Attribute, parent string, n int) {
	s := r.h.Samples[path+"."+a.Name]
	out[a.Name] = r.sample(path, a, parent, n)
	maps.Copy(out, s.With)
}

// vary gives one attribute a value that it does not have now, with what belongs
// to it.
func (r *run) vary(out map[string]cty.Value, path string, a resource.Attribute, parent string, have cty.Value) {
	v := r.another(path, a, parent, have)
	for range 6 { // what others have put there already is no change
		if !a.Partial || size(without(v, have)) > 0 {
			break
		}
		v = r.another(path, a, parent, have)
	}
	maps.Copy(out, r.h.Samples[path+"."+a.Name].With)
	out[a.Name] = v
}

// another returns a value of an attribute that differs from one that it has.
func (r *run) another(path string, a resource.Attribute, parent string, have cty.Value) cty.Value {
	for range 6 {
		if v := r.sample(path, a, parent, r.next()); !plan.Same(v, have) {
			return v
		}
	}
	r.fatalf("all sample values are the same: %#v", have)
	return cty.NilVal
}

// sample is the nth valid value of an attribute.
func (r *run) sample(path string, a resource.Attribute, parent string, n int) cty.Value {
	path += "." + a.Name
	if s := r.h.Samples[path]; s.Value != nil {
		return s.Value(n)
	}
	switch typ := a.Type; {
	case a.Block != nil:
		return r.sampleBlock(path, a, parent, n)
	case typ == cty.Bool:
		first := a.Default == cty.NilVal || a.Default.IsNull() || a.Default.False()
		return cty.BoolVal(first == (n%2 == 0))
	case typ == cty.Number:
		return sampleNumber(a, n)
	case typ == cty.String:
		return cty.StringVal(r.text(path, a, parent, n))
	case typ.IsSetType() && typ.ElementType() == cty.String:
		return cty.SetVal(r.elements(path, a, parent, n))
	case typ.IsListType() && typ.ElementType() == cty.String:
		return cty.ListVal(r.elements(path, a, parent, n))
	case typ.IsMapType() && typ.ElementType() == cty.String:
		e := r.elements(path, a, parent, n)
		return cty.MapVal(map[string]cty.Value{"key-0": e[0], fmt.Sprintf("key-%d", n): e[1]})
	case typ.IsMapType() && (typ.ElementType().IsListType() || typ.ElementType().IsSetType()):
		e := r.elements(path, a, parent, n)
		if typ.ElementType().IsSetType() {
			return cty.MapVal(map[string]cty.Value{"key-0": cty.SetVal(e[:1]), fmt.Sprintf("key-%d", n): cty.SetVal(e)})
		}
		return cty.MapVal(map[string]cty.Value{"key-0": cty.ListVal(e[:1]), fmt.Sprintf("key-%d", n): cty.ListVal(e)})
	}
	r.fatalf("%s: there is no sample value for its type %s; the harness must give one", path, a.Type.FriendlyName())
	return cty.NilVal
}

func (r *run) sampleBlock(path string, a resource.Attribute, parent string, n int) cty.Value {
	inner := nulls(a.Block)
	for _, in := range a.Block {
		switch {
		case in.WriteOnly:
			inner[in.Name] = cty.StringVal(r.canary)
		case in.Local && in.Type == cty.Number:
			inner[in.Name] = cty.NumberIntVal(1)
		case settable(in):
			r.set(inner, path, in, parent, n)
		}
	}
	return cty.ObjectVal(inner)
}

// elements are two strings for a collection, of which the second is the first
// of the following number.
func (r *run) elements(path string, a resource.Attribute, parent string, n int) []cty.Value {
	a.Check.MinLen, a.Check.MaxLen = 0, 0 // they bound the number of elements
	return []cty.Value{
		cty.StringVal(r.text(path, a, parent, n)),
		cty.StringVal(r.text(path, a, parent, n+1)),
	}
}

func sampleNumber(a resource.Attribute, n int) cty.Value {
	low, span := int64(100), int64(1000)
	if a.Check.HasRange {
		low, span = a.Check.Min, a.Check.Max-a.Check.Min
	}
	offset := int64(0)
	if a.Check.HasRange {
		offset = min(span/2, 500)
	}
	v := cty.NumberIntVal(low + (offset+int64(n))%(span+1))
	if a.Default != cty.NilVal && a.Default.RawEquals(v) {
		return sampleNumber(a, n+1)
	}
	return v
}

// text is a string that fits an attribute. It has letters of both cases where
// it may, as a server that folds them must not go unnoticed.
func (r *run) text(path string, a resource.Attribute, parent string, n int) string {
	c := a.Check
	switch {
	case a.Ref != nil:
		return r.ref(a.Ref, parent, n)
	case len(c.OneOf) > 0:
		skip := 0
		if a.Default != cty.NilVal && !a.Default.IsNull() && a.Default.Type() == cty.String {
			skip = slices.Index(c.OneOf, a.Default.AsString()) + 1
		}
		return c.OneOf[(skip+n)%len(c.OneOf)]
	case c.Email:
		return fmt.Sprintf("%s.%d@example.com", r.prefix, n)
	case c.URL:
		return fmt.Sprintf("https://example.com/%s/%d", r.prefix, n)
	}
	candidates := []string{
		fmt.Sprintf("Sample %s-%d", r.prefix, n), fmt.Sprintf("%s-%d", r.prefix, n), fmt.Sprintf("%s%d", r.prefix, n),
		fmt.Sprintf("%s_%d", r.prefix, n), fmt.Sprint(n), string(rune('a' + n%26)),
	}
	for _, s := range candidates {
		if a.Normalize == resource.Lower {
			s = strings.ToLower(s)
		}
		size := utf8.RuneCountInString(s)
		fits := c.Pattern == "" || regexp.MustCompile(`\A(?:`+c.Pattern+`)\z`).MatchString(s)
		if fits && size >= c.MinLen && (c.MaxLen == 0 || size <= c.MaxLen) {
			return s
		}
	}
	r.fatalf("%s: there is no sample value for its pattern %s; the harness must give one", path, c.Pattern)
	return ""
}

// ref is what a reference to the nth object of another kind carries; the
// object is made when it is asked for.
func (r *run) ref(ref *resource.Ref, parent string, n int) string {
	var kind resource.Kind
	for _, name := range ref.Kinds {
		if k, ok := r.info.Kind(name); ok {
			kind = k
			break
		}
	}
	if kind.Name == "" {
		r.fatalf("a reference is to kinds that do not exist: %v", ref.Kinds)
	}
	at := fmt.Sprintf("%s in %s: %d", kind.Name, parent, n)
	if v, ok := r.refs[at]; ok {
		return v
	}
	live := r.create(r.thing(kind, parent, r.minimal(kind, parent, r.next())))
	r.refs[at] = r.carries(ref, live)
	return r.refs[at]
}

// carries is what a reference to an object holds.
func (r *run) carries(ref *resource.Ref, o resource.Object) string {
	v := o.Attr(ref.Attr)
	if v.IsNull() || v.Type() != cty.String {
		r.fatalf("a reference to a %s carries its %s, which it has not: %#v", o.Kind, ref.Attr, v)
	}
	return v.AsString()
}
