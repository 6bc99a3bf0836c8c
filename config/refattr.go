package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// target is an object that a reference attribute refers to.
type target struct {
	addr     resource.Address
	provider string
	// parent is the realm or tenant that it belongs to; zero if it is one.
	parent resource.Address
	kind   string
	object cty.Value
}

// references turns the value of a reference attribute into what travels: a
// string, or a set of strings. An unknown part stays unknown.
func (be *bodyEval) references(a resource.Attribute, v cty.Value, x *expr) attrValue {
	failed := attrValue{value: cty.UnknownVal(a.Type)}
	v, marks := v.Unmark()
	switch {
	case !v.IsKnown():
		return attrValue{value: cty.UnknownVal(a.Type).WithMarks(marks), open: true, ok: be.checkUnknownReference(a, v, x)}
	case v.IsNull():
		return attrValue{value: cty.NullVal(a.Type), ok: true}
	case a.Type.IsCollectionType():
		return be.collection(a, v, marks, x)
	}
	if !isReferenceType(v.Type()) {
		be.notReference(a, v, x)
		return failed
	}
	t, known, ok := be.target(a, v, x)
	if !ok {
		return failed
	}
	if !known {
		return attrValue{value: cty.UnknownVal(a.Type).WithMarks(marks), open: true, ok: true}
	}
	return attrValue{value: be.travels(a, t).WithMarks(marks), targets: []target{t}, ok: true}
}

// checkUnknownReference refuses an unknown value that can never be a
// reference.
func (be *bodyEval) checkUnknownReference(a resource.Attribute, v cty.Value, x *expr) bool {
	if v.Type().IsPrimitiveType() {
		be.notReference(a, v, x)
		return false
	}
	return true
}

// travels is the attribute of the referred object that is sent.
func (be *bodyEval) travels(a resource.Attribute, t target) cty.Value {
	if !t.object.Type().HasAttribute(a.Ref.Attr) {
		return cty.UnknownVal(cty.String)
	}
	return t.object.GetAttr(a.Ref.Attr)
}

// maxUnknownElements bounds how many unknown elements a set holds: all of them
// have one hash in cty, so a set of n takes n² comparisons. With more, the
// whole set is unknown.
const maxUnknownElements = 500

// collection flattens what a collection of references is written as.
func (be *bodyEval) collection(a resource.Attribute, v cty.Value, marks cty.ValueMarks, x *expr) attrValue {
	f := &flattener{be: be, attr: a, x: x, marks: []cty.ValueMarks{marks}, seen: map[resource.Address]bool{}}
	if !f.add(v) {
		return attrValue{value: cty.UnknownVal(a.Type)}
	}
	out := attrValue{targets: f.targets, open: f.unknown, ok: true}
	vals := make([]cty.Value, 0, len(f.targets))
	unknown := 0
	for _, t := range f.targets {
		vals = append(vals, be.travels(a, t))
		if !vals[len(vals)-1].IsKnown() {
			unknown++
		}
	}
	switch {
	case f.unknown || unknown > maxUnknownElements:
		out.value = cty.UnknownVal(a.Type)
	case len(vals) == 0 && a.Type.IsSetType():
		out.value = cty.SetValEmpty(cty.String)
	case len(vals) == 0:
		out.value = cty.ListValEmpty(cty.String)
	case a.Type.IsSetType():
		out.value = cty.SetVal(vals)
	default:
		out.value = cty.ListVal(vals)
	}
	out.value = out.value.WithMarks(f.marks...)
	return out
}

// flattener collects the references in a value that may nest collections.
type flattener struct {
	be      *bodyEval
	attr    resource.Attribute
	x       *expr
	targets []target
	marks   []cty.ValueMarks
	seen    map[resource.Address]bool
	// unknown: it is not known yet which references there are.
	unknown bool
}

func (f *flattener) add(v cty.Value) bool {
	v, marks := v.Unmark()
	if len(marks) > 0 {
		f.marks = append(f.marks, marks)
	}
	t := v.Type()
	switch {
	case !v.IsKnown():
		f.unknown = true
		return f.be.checkUnknownReference(f.attr, v, f.x)
	case v.IsNull():
		f.be.errorf(f.x, "Null value found in collection", "The attribute %q holds a null element. Leave it out, for example with an if clause in a for expression.", f.attr.Name)
		return false
	case isReferenceType(t):
		return f.addReference(v)
	case t.IsListType() || t.IsTupleType() || t.IsSetType() || t.IsMapType() || t.IsObjectType():
		if t.IsObjectType() && !f.be.onlyReferences(v) {
			f.be.notReference(f.attr, v, f.x)
			return false
		}
		ok := true
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			ok = f.add(el) && ok // all mistakes are told
		}
		return ok
	}
	f.be.notReference(f.attr, v, f.x)
	return false
}

func (f *flattener) addReference(v cty.Value) bool {
	if found, ok := f.be.pluralElements(v); ok {
		return f.add(found)
	}
	t, known, ok := f.be.target(f.attr, v, f.x)
	if !ok || !known {
		f.unknown = f.unknown || !known
		return ok
	}
	if f.seen[t.addr] {
		return true
	}
	f.seen[t.addr] = true
	f.targets = append(f.targets, t)
	return true
}

// onlyReferences reports whether an object that is no reference may be a
// collection of them: none of its attributes is a plain value.
func (be *bodyEval) onlyReferences(v cty.Value) bool {
	for _, t := range v.Type().AttributeTypes() {
		if t.IsPrimitiveType() {
			return false
		}
	}
	return true
}

// pluralElements are the objects of a plural data block that is referred to as
// a whole.
func (be *bodyEval) pluralElements(v cty.Value) (cty.Value, bool) {
	addr, ok := knownAddress(v)
	if !ok || addr.Mode != resource.Data {
		return cty.NilVal, false
	}
	b, in := be.e.find(addr)
	if in == nil || in.found == nil || !b.plural || !v.Type().HasAttribute(in.found.kind.Plural) {
		return cty.NilVal, false
	}
	return v.GetAttr(in.found.kind.Plural), true
}

func knownAddress(v cty.Value) (resource.Address, bool) {
	raw, _ := v.GetAttr(addressAttr).Unmark()
	if !raw.IsKnown() || raw.IsNull() {
		return resource.Address{}, false
	}
	addr, err := resource.ParseAddress(raw.AsString())
	return addr, err == nil
}

// target finds what a reference object stands for. known is false if that
// depends on what is not known yet.
func (be *bodyEval) target(a resource.Attribute, v cty.Value, x *expr) (t target, known, ok bool) {
	raw, _ := v.GetAttr(addressAttr).Unmark()
	if !raw.IsKnown() {
		return target{}, false, true
	}
	addr, parsed := knownAddress(v)
	b, in := be.e.owner(addr)
	if !parsed || in == nil {
		be.errorf(x, "Invalid reference", "The object given for %q is not one that a reference to a block yields. %s", a.Name, be.howTo(a))
		return target{}, false, false
	}
	if !slices.Contains(a.Ref.Kinds, b.kindName) || b.plural && addr == b.instanceAddress(in) {
		be.errorf(x, "Invalid reference", "%s is a %s, but %q refers to %s. %s",
			addr, b.headline(), a.Name, list(prefixed(a.Ref.Kinds), "or"), be.howTo(a))
		return target{}, false, false
	}
	parent := in.desired.Parent
	return target{addr: addr, provider: in.desired.Provider, parent: parent, kind: b.kindName, object: v}, true, true
}

// owner is the block and instance of an address; for an object found by a
// plural data block, those of that block.
func (e *Evaluator) owner(addr resource.Address) (*block, *instance) {
	b, in := e.find(addr)
	if b == nil || in != nil || !b.plural {
		return b, in
	}
	for _, candidate := range e.state(b.addr).order {
		if candidate.key.IsNone() {
			return b, candidate
		}
		key, _ := addr.Key.Str()
		outer, _, _ := strings.Cut(key, "/")
		want, _ := elementAddress(b.instanceAddress(candidate), "").Key.Str()
		if outer+"/" == want {
			return b, candidate
		}
	}
	return b, nil
}

// notReference explains what to write for something that is no reference.
func (be *bodyEval) notReference(a resource.Attribute, v cty.Value, x *expr) {
	t := v.Type()
	what := "a value of type " + t.FriendlyName()
	switch {
	case t == cty.String:
		what = "a string"
	case t.IsMapType() && isReferenceType(t.ElementType()) || isReferenceObjectMap(t) || t.IsListType() && isReferenceType(t.ElementType()):
		be.errorf(x, "Invalid reference", "%q refers to one %s, and this is all instances of a block. Choose one, with [each.key] or a key of it.",
			a.Name, list(a.Ref.Kinds, "or"))
		return
	}
	be.errorf(x, "Invalid reference", "%q refers to %s, and this is %s. %s", a.Name, list(prefixed(a.Ref.Kinds), "or"), what, be.suggest(a, v, x))
}

// suggest names the block that was probably meant.
func (be *bodyEval) suggest(a resource.Attribute, v cty.Value, x *expr) string {
	if t := directTraversal(x.Expression); t != nil {
		if addr, rest, problem := be.e.m.blockOf(t); problem == "" && len(rest) > 0 {
			ref := addr.String()
			return fmt.Sprintf("Write %s = %s, without .%s behind it.", a.Name, be.example(be.wrap(a, ref)), stepText(rest))
		}
	}
	bare, _ := v.Unmark()
	if v.Type() == cty.String && bare.IsKnown() && !bare.IsNull() && !resource.IsSensitive(v) {
		for _, b := range be.e.m.blockOrder {
			if !slices.Contains(a.Ref.Kinds, b.kindName) || b.plural || b.repeated() {
				continue
			}
			if st := be.e.state(b.addr); b.addr.Name == bare.AsString() || len(st.order) == 1 && hasKey(st.order[0], bare.AsString()) {
				return fmt.Sprintf("Write %s = %s.", a.Name, be.example(be.wrap(a, b.addr.String())))
			}
		}
	}
	return be.howTo(a)
}

// hasKey reports whether an attribute of the instance's natural key is s.
func hasKey(in *instance, s string) bool {
	if in.found == nil {
		return false
	}
	for _, name := range in.found.kind.Key {
		v, marks := resource.Attr(in.desired.Attrs, name).Unmark()
		if len(marks) == 0 && v.IsKnown() && !v.IsNull() && v.Type() == cty.String && v.AsString() == s {
			return true
		}
	}
	return false
}

// howTo says how a reference of that attribute is written.
func (be *bodyEval) howTo(a resource.Attribute) string {
	kind := a.Ref.Kinds[0]
	for _, b := range be.e.m.blockOrder {
		if slices.Contains(a.Ref.Kinds, b.kindName) && !b.plural && !b.repeated() {
			return fmt.Sprintf("Write it as in %s = %s.", a.Name, be.example(be.wrap(a, b.addr.String())))
		}
	}
	return fmt.Sprintf("Declare it with a block %s \"main\" { … }, or data %q \"main\" { … } if it exists already, and write %s = %s.",
		kind, kind, a.Name, be.example(be.wrap(a, kind+".main")))
}

// wrap puts brackets around the reference where a collection is wanted.
func (be *bodyEval) wrap(a resource.Attribute, ref string) string {
	if a.Type.IsCollectionType() {
		return "[" + ref + "]"
	}
	return ref
}

// prefixed names kinds of blocks; that of many objects is a data block only.
func prefixed(kinds []string) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = indefinite(k)
		if one, many := strings.CutSuffix(k, "s"); many && slices.Contains(kinds, one) {
			out[i] = fmt.Sprintf("a data %q block", k)
		}
	}
	return out
}

func stepText(rest hcl.Traversal) string {
	name, _ := stepName(rest, 0)
	return name
}
